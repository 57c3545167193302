# common.sh - what the examples share: two nodes on this machine, each with a home and a key of its own.
# Needs the tools in PATH (build/bin); everything happens below a temporary folder that is removed at the end.
set -euo pipefail
place=$(mktemp -d)
receiver=
trap '[[ -z $receiver ]] || kill "$receiver" 2>/dev/null || true; rm -rf "$place"' EXIT
cd "$place"

at_hq() { DCDN_HOME=$place/hq-home "$@"; }
in_field() { DCDN_HOME=$place/field-home "$@"; }

make_keys() {
  HQ_ID=$(at_hq dcdn-sign keygen --key hq 2>/dev/null)
  FIELD_ID=$(in_field dcdn-sign keygen --key field 2>/dev/null)
}

# start_receiver ARGUMENTS...: hq listens on a free port; $address is where. Its output goes to hq.out and hq.err.
start_receiver() {
  : >hq.err
  DCDN_HOME=$place/hq-home dcdn-recv --listen 127.0.0.1:0 --allow "$FIELD_ID" --once "$@" >hq.out 2>hq.err &
  receiver=$!
  address=
  while [[ -z $address ]]; do
    kill -0 "$receiver" || { cat hq.err >&2; exit 1; }
    address=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' hq.err)
  done
}

wait_for_receiver() {
  wait "$receiver"
  receiver=
}

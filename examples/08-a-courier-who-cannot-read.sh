#!/usr/bin/env bash
# A file for hq goes through the hands of a courier who can check it, repair it and pass it on, and not read it.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
COURIER_ID=$(DCDN_HOME=$place/courier-home dcdn-sign keygen --key courier 2>/dev/null)
mkdir plans
seq 100000 >plans/names-of-our-friends.txt

# The courier's receiver takes it, without a key to it.
DCDN_HOME=$place/courier-home dcdn-recv --quiet --listen 127.0.0.1:0 --allow "$FIELD_ID" --once -o bag \
  --json >courier.out 2>courier.err &
receiver=$!
address=
while [[ -z $address ]]; do
  kill -0 "$receiver" || { cat courier.err >&2; exit 1; }
  address=$(sed -n 's/.*"address":"\([^"]*\)".*"message_type":"listening".*/\1/p' courier.out)
done
in_field dcdn-send --quiet --peer-id "$COURIER_ID" --encrypt-to "$HQ_ID" plans "$address"
wait_for_receiver
if grep -rqa "names-of-our-friends" bag; then exit 1; fi
echo "the courier has $(ls bag), and no name in it shows"

# hq reads what the courier brought.
at_hq dcdn-sign decrypt <"$(echo bag/encrypted-*)" | at_hq dcdn-recv --quiet --stdin -o inbox
diff -r plans inbox/plans
echo "hq has the plans"

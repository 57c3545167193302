# loopback.bash - receivers on loopback for bats files: load it after cli.bash, setup_loopback in setup(),
# teardown_loopback in teardown().
# Results are left in variables for those who load this file.
# shellcheck disable=SC2034
#
# Two places: the sender's home is $DCDN_HOME (setup_cli made it), the receiver's is $RECV_HOME. Both have a key.
# Ports are free ones that the system gives. Everything started here is ended by its pid.

setup_loopback() {
  export RECV_HOME="$BATS_TEST_TMPDIR/recv-home"
  dcdn-sign -q keygen
  DCDN_HOME=$RECV_HOME dcdn-sign -q keygen
  SEND_ID=$(dcdn-sign id)
  RECV_ID=$(DCDN_HOME=$RECV_HOME dcdn-sign id)
  export SEND_ID RECV_ID
  NET_PIDS=()
}

teardown_loopback() {
  local pid
  for pid in "${NET_PIDS[@]}"; do kill -KILL "$pid" 2> /dev/null || true; done
  for pid in "${NET_PIDS[@]}"; do wait "$pid" 2> /dev/null || true; done
}

# start_receiver NAME [OPTION]...: a receiver in the background that takes what the sender's key signed. Its standard
# output and error are the files NAME.out and NAME.err; the pid is in $RECV_PID, the address in $ADDR.
start_receiver() {
  start_any_receiver "$1" --allow "$SEND_ID" "${@:2}"
}

# The same without --allow; $LISTEN is where it listens.
start_any_receiver() {
  local name=$1
  shift
  rm -f "$name.out" "$name.err"  # of one of that name before it, which would be taken for this one's
  # A shell starts background commands with SIGINT ignored. 3>&-: bats waits for whoever holds its descriptor 3.
  DCDN_HOME=$RECV_HOME env --default-signal=INT dcdn-recv --listen "${LISTEN:-127.0.0.1:0}" --progress none "$@" \
    > "$name.out" 2> "$name.err" < /dev/null 3>&- &
  RECV_PID=$!
  NET_PIDS+=("$RECV_PID")
  wait_until 20 grep -qs 'listening on' "$name.err" "$name.out" || {
    cat "$name.err" "$name.out" >&2
    return 1
  }
  ADDR=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' "$name.err" "$name.out" | head -n 1)
}

# start_sender NAME [ARGUMENT]...: a sender in the background, with --json; output to NAME.out and NAME.err, the pid in
# $SEND_PID.
start_sender() {
  local name=$1
  shift
  env --default-signal=INT dcdn-send --json "$@" > "$name.out" 2> "$name.err" < /dev/null 3>&- &
  SEND_PID=$!
  NET_PIDS+=("$SEND_PID")
}

# send_to_receiver [ARGUMENT]...: dcdn-send to $ADDR that knows the receiver's key and gives up soon.
send_to_receiver() {
  dcdn-send --peer-id "$RECV_ID" --retry-for 20s --to "$ADDR" "$@"
}

# end_receiver [SIGNAL]: asks the receiver to end and waits for it; its exit status is in $RECV_STATUS.
end_receiver() {
  kill "-${1:-INT}" "$RECV_PID" 2> /dev/null || true
  await_pid "$RECV_PID"
  RECV_STATUS=$AWAITED_STATUS
}

# await_pid PID: waits for a process started here; a hanging one is killed after 60 s. The status is in
# $AWAITED_STATUS.
await_pid() {
  wait_until 60 has_ended "$1" || kill -KILL "$1" 2> /dev/null || true
  AWAITED_STATUS=0
  wait "$1" || AWAITED_STATUS=$?
}

# A process that ended and was not waited for yet is a zombie.
has_ended() {
  local state
  state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2> /dev/null) || true
  [[ -z $state || $state == Z ]]
}

# wait_until SECONDS COMMAND...: tries it until it succeeds.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# summary_of FILE FIELD: a field of the summary that --json wrote.
summary_of() {
  jq -r --arg field "$2" 'select(.message_type == "summary") | .[$field]' "$1"
}

# session_of NAME: the id in the first status of a sender that start_sender started.
session_of() {
  wait_until 20 grep -qs '"message_type":"status"' "$1.out" || return 1
  jq -r 'select(.message_type == "status") | .session' "$1.out" | head -n 1
}

# bytes_verified NAME: what its receiver has, by the latest status of that sender.
bytes_verified() {
  grep '"message_type":"status"' "$1.out" 2> /dev/null | tail -n 1 | jq -r '.bytes_done' 2> /dev/null || echo 0
}

# has_verified NAME BYTES: are so many bytes at the receiver?
has_verified() {
  local done_now
  done_now=$(bytes_verified "$1")
  ((${done_now:-0} >= $2))
}

# random_file NAME BYTES: content that does not compress and does not repeat.
random_file() {
  head -c "$2" /dev/urandom > "$1"
}

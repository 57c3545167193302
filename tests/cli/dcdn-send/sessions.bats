# Sessions from another terminal: --list, --pause, --resume, --cancel, --clean, and what they refuse.
load ../../support/cli
load ../../support/loopback

# 4 MB at 400 kB/s in small chunks: ten seconds, unless it is ended earlier.
SLOWLY=(--rate 400kB --chunk-size 32KiB)

setup() {
  setup_cli
  setup_loopback
}

teardown() {
  teardown_loopback
}

# A transfer that runs for a while; its session is in $SESSION.
start_slow_transfer() {
  random_file data 4000000
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  SESSION=$(session_of send)
  wait_until 20 has_verified send 1
}

state_now() {
  dcdn-send --json --list | jq -r --arg id "$SESSION" 'select(.id == $id) | .state'
}

has_state() {
  [[ $(state_now) == "$1" ]]
}

status_says() {
  jq -r 'select(.message_type == "status") | .state' "$1.out" | tail -n 1 | grep -qx "$2"
}

@test "nothing yet: --list says so on standard error and succeeds" {
  run --separate-stderr -0 dcdn-send --list
  [ -z "$output" ]
  [[ $stderr == *"no sessions"* ]]
  run --separate-stderr -0 dcdn-send --json --list
  refute_output --partial '"message_type":"session"'
}

@test "--list shows both ends, for people and for programs" {
  start_receiver recv -o in
  echo x > file
  send_to_receiver -q file
  run --separate-stderr -0 dcdn-send --list
  [[ $output == *" send "*" completed "*"100% of 2 B"*"$ADDR"*"file"* ]]
  run --separate-stderr -0 dcdn-send --json --list
  jq -e '.message_type == "session" and .direction == "send" and .state == "completed" and .running == false and
         .name == "file" and .bytes_done == 2 and .bytes_total == 2 and .schema == 1' <<< "$output"
  export -f received_session
  wait_until 10 received_session completed
}

@test "--list of the receiver says who sent: by name if the key is trusted, else by its node id" {
  start_receiver recv -o in
  echo x > file
  send_to_receiver -q file
  export -f received_session
  wait_until 10 received_session completed
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --list
  assert_output --regexp " $SEND_ID \\(127\\.0\\.0\\.1:[0-9]+\\)  file"
  DCDN_HOME=$RECV_HOME dcdn-sign -q trust add field "$SEND_ID"
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --list
  assert_output --regexp ' field \(127\.0\.0\.1:[0-9]+\)  file'
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --json --list
  jq -e --arg id "$SEND_ID" '.peer == $id and .peer_name == "field"' <<< "$output"
}

received_session() {
  DCDN_HOME=$RECV_HOME dcdn-recv --json --list |
    jq -e --arg state "$1" 'select(.direction == "receive" and .state == $state)' > /dev/null
}

@test "--pause stops the bytes, --resume lets them go on, in the same process" {
  start_slow_transfer
  assert_equal "$(state_now)" active
  run --separate-stderr -0 dcdn-send --pause "${SESSION:0:6}"
  [[ $stderr == *"session $SESSION: paused"* ]]
  assert_equal "$(state_now)" paused
  wait_until 20 status_says send paused
  # What was under way arrives; then nothing more does.
  local before after
  wait_until 20 no_more_bytes
  run --separate-stderr -0 dcdn-send --resume "$SESSION"
  wait_until 20 has_state active
  before=$(bytes_verified send)
  wait_until 20 has_verified send $((before + 1))
  kill -0 "$SEND_PID"
}

# Two statuses a second apart with the same count, while paused.
no_more_bytes() {
  local counts
  counts=$(jq -r 'select(.message_type == "status" and .state == "paused") | .bytes_done' send.out | tail -n 2 | uniq | wc -l)
  local seen
  seen=$(jq -r 'select(.message_type == "status" and .state == "paused") | .bytes_done' send.out | wc -l)
  ((seen >= 2 && counts == 1))
}

@test "the receiver may pause and resume as well" {
  start_slow_transfer
  local id
  id=$(DCDN_HOME=$RECV_HOME dcdn-recv --json --list | jq -r 'select(.direction == "receive") | .id')
  DCDN_HOME=$RECV_HOME dcdn-recv -q --pause "$id"
  wait_until 20 grep -q 'the receiver paused' send.out
  wait_until 20 status_says send paused
  DCDN_HOME=$RECV_HOME dcdn-recv -q --resume "$id"
  wait_until 20 grep -q 'the receiver goes on' send.out
  local before
  before=$(bytes_verified send)
  wait_until 20 has_verified send $((before + 1))
}

@test "--cancel ends it at both ends, for good" {
  start_slow_transfer
  run --separate-stderr -0 dcdn-send --cancel "$SESSION"
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 130
  grep -q '"message":"cancelled"' send.out
  assert_equal "$(state_now)" cancelled
  # Nothing is kept: no name, no staging folder with content.
  assert [ ! -e in/data ]
  wait_until 10 staging_is_empty in
  for command in --resume --pause; do
    run --separate-stderr -2 dcdn-send "$command" "$SESSION"
    [[ $stderr == *"$SESSION is cancelled and cannot be "* ]]
  done
  # The receiver lives on.
  echo x > file
  send_to_receiver -q file
  cmp file in/file
}

staging_is_empty() {
  [[ $(find "$1" -path '*/.dcdn-part/*' -type f ! -name lock 2> /dev/null | wc -l) -eq 0 ]]
}

@test "SIGINT leaves a session and says how to go on; --resume does" {
  start_slow_transfer
  wait_until 20 has_verified send 500000
  kill -INT "$SEND_PID"
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 130
  jq -es --arg hint "to go on: dcdn-send --resume $SESSION" \
    'any(.[]; .message_type == "error" and (.code == "interrupted" and .hint == $hint))' send.out
  assert_equal "$(state_now)" paused
  assert [ ! -e in/data ]
  # From another directory: the session knows where it was started.
  mkdir elsewhere
  run --separate-stderr -0 bash -c 'cd elsewhere && dcdn-send --json --resume "$0"' "${SESSION:0:8}"
  cmp data in/data
  (($(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output") > 300000))
  assert_equal "$(jq -r 'select(.message_type == "summary") | .session' <<< "$output")" "$SESSION"
  assert_equal "$(state_now)" completed
  run --separate-stderr -2 dcdn-send --resume "$SESSION"
}

@test "SIGTERM and SIGHUP end it in the same way, each with its own status" {
  random_file data 4000000
  start_receiver recv -o in
  for signal in TERM HUP; do
    start_sender "send$signal" --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
    wait_until 20 has_verified "send$signal" 1
    kill "-$signal" "$SEND_PID"
    await_pid "$SEND_PID"
    assert_equal "$AWAITED_STATUS" $((128 + $(kill -l "$signal")))
    grep -q 'dcdn-send --resume' "send$signal.out"
  done
}

@test "a killed send that is done again at another rate is not listed for ever" {
  start_slow_transfer
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  assert_equal "$(state_now)" active
  send_to_receiver -q --rate 100MB "$PWD/data"
  run --separate-stderr -0 dcdn-send --json --list
  assert_equal "$(jq -r .state <<< "$output")" completed
}

@test "a command line that is refused leaves no session" {
  echo x > file
  run --separate-stderr -2 dcdn-send --peer-id "$RECV_ID" file localhost:99999
  run --separate-stderr -0 dcdn-send --list
  assert_output ""
}

@test "unknown, ambiguous and malformed ids" {
  run --separate-stderr -14 dcdn-send --pause 0123456789abcdef
  [[ $stderr == *"no session 0123456789abcdef"* && $stderr == *"hint: --list"* ]]
  for wrong in '' "x'; drop table sessions" ../x '%'; do
    run --separate-stderr dcdn-send --resume "$wrong"
    [[ $status == 2 || $status == 14 ]]
    [ -n "$stderr" ]
  done
  run --separate-stderr -2 dcdn-send --list file
  [[ $stderr == *"'file' does not go with a session command"* ]]
}

@test "--clean forgets what ended, --older-than keeps what is young" {
  start_receiver recv -o in
  echo x > file
  send_to_receiver -q file
  dcdn-send -q --clean --older-than 1h
  assert_equal "$(dcdn-send --list | wc -l)" 1
  run --separate-stderr -0 dcdn-send --clean
  [[ $stderr == *"1 sessions forgotten"* ]]
  assert_equal "$(dcdn-send --list | wc -l)" 0
}

@test "--clean leaves a running session alone" {
  start_slow_transfer
  dcdn-send -q --clean
  assert_equal "$(dcdn-send --list | wc -l)" 1
  kill -0 "$SEND_PID"
}

@test "a session of standard input is not started again by itself" {
  start_receiver recv -o in
  (random_file /dev/stdout 4000000) | dcdn-send --json --peer-id "$RECV_ID" "${SLOWLY[@]}" --name piped - "$ADDR" \
    > send.out 2> send.err 3>&- &
  local pid=$!
  NET_PIDS+=("$pid")
  SESSION=$(session_of send)
  wait_until 20 has_verified send 1
  kill -TERM "$pid"
  await_pid "$pid"
  command -v script > /dev/null || skip "script is not installed"
  run script -qec "dcdn-send --resume $SESSION" /dev/null
  assert_equal "$status" 2
  [[ $output == *"sent standard input, which is gone"* && $output == *"hint: run the command again"* ]]
}

@test "the session file: only the owner reads it, a broken one is told" {
  start_receiver recv -o in
  echo x > file
  send_to_receiver -q file
  assert_equal "$(stat -c %a "$DCDN_HOME")" 700
  local database
  database=$(find "$DCDN_HOME" -name '*.db' -o -name '*.sqlite' | head -n 1)
  assert_equal "$(stat -c %a "$database")" 600
  head -c 5000 /dev/urandom > "$database"
  rm -f "$database"-*
  run --separate-stderr -4 dcdn-send --list
  [[ $stderr == *"$database"* && $stderr == *"hint: "* ]]
}

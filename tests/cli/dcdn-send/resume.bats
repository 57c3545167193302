# Both ends may die at any time: kill -9 in the middle, then again, with what was verified not sent twice.
load ../../support/cli
load ../../support/loopback

SLOWLY=(--rate 800kB --chunk-size 32KiB)

setup() {
  setup_cli
  setup_loopback
  random_file data 4000000
}

teardown() {
  teardown_loopback
}

# The second transfer, to its end; its summary is in $output. At least $1 bytes were there already.
finish_with_skipped() {
  run --separate-stderr -0 send_to_receiver --json data
  cmp data in/data
  assert_equal "$(ls in)" data
  (($(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output") >= $1))
  (($(jq -r 'select(.message_type == "summary") | .wire_bytes' <<< "$output") < 4000000 - $1 / 2))
}

@test "kill -9 of the sender" {
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  wait_until 30 has_verified send 1500000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  assert [ ! -e in/data ]
  finish_with_skipped 1000000
}

@test "kill -9 of the sender, then --resume by its id" {
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  wait_until 30 has_verified send 1500000
  local id
  id=$(session_of send)
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  run --separate-stderr -0 dcdn-send --json --list
  jq -e 'select(.direction == "send") | .running == false' <<< "$output"
  run --separate-stderr -0 dcdn-send --json --resume "$id"
  cmp data in/data
  (($(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output") >= 1000000))
}

@test "kill -9 of the receiver: the sender waits, finds the new one and goes on" {
  start_receiver recv -o in
  local address=$ADDR
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" --idle-timeout 5s --retry-longest 300ms data "$address"
  wait_until 30 has_verified send 1500000
  kill -KILL "$RECV_PID"
  await_pid "$RECV_PID"
  LISTEN=$address start_receiver again -o in
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data in/data
  # Not everything twice: 4 MB, and less than half of it again.
  (($(summary_of send.out wire_bytes) < 5500000))
}

@test "kill -9 of both" {
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  wait_until 30 has_verified send 1500000
  kill -KILL "$RECV_PID" "$SEND_PID"
  await_pid "$SEND_PID"
  await_pid "$RECV_PID"
  start_receiver again -o in
  finish_with_skipped 800000
}

@test "killed again and again" {
  start_receiver recv -o in
  local round
  for round in 1 2 3; do
    start_sender "send$round" --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
    wait_until 30 has_verified "send$round" $((round * 900000))
    kill -KILL "$SEND_PID"
    await_pid "$SEND_PID"
  done
  finish_with_skipped 2000000
}

@test "the source changed in between: the new content arrives, and what is equal is not sent again" {
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  wait_until 30 has_verified send 2500000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  printf changed | dd of=data bs=1 seek=300000 conv=notrunc status=none
  finish_with_skipped 1000000
}

@test "a tree, killed in the middle of it" {
  mkdir tree
  for name in a b c d e f g h; do random_file "tree/$name" 500000; done
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" tree "$ADDR"
  wait_until 30 has_verified send 1500000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  assert [ ! -e in/tree ]
  run --separate-stderr -0 send_to_receiver --json tree
  diff -r tree in/tree
  (($(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output") >= 1000000))
}

@test "dcdn-recv --clean forgets what was half received" {
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" "${SLOWLY[@]}" data "$ADDR"
  wait_until 30 has_verified send 1000000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  # The directory is in use.
  run --separate-stderr -12 env DCDN_HOME="$RECV_HOME" dcdn-recv --clean -o in
  end_receiver
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --clean --older-than 1h -o in
  [[ $stderr == *"0 unfinished objects forgotten"* ]]
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --clean -o in
  [[ $stderr == *"1 unfinished objects forgotten in in"* ]]
  assert_equal "$(ls -A in)" ""
}

# Where what is received goes: a directory, standard output as bytes or as a chunk stream; and how a receiver ends.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  random_file data 500000
}

teardown() {
  teardown_loopback
}

@test "--once ends with 0 after a session that delivered something, and not after one that was refused" {
  start_receiver recv --once --max-object 600kB -o in
  random_file large 700000
  run -8 send_to_receiver -q large
  kill -0 "$RECV_PID"
  send_to_receiver -q data
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  grep -q '1 object received and verified' recv.err
  assert_equal "$(ls -A in)" data
}

@test "--once --stdout: bytes there, words on standard error" {
  start_receiver recv --once --stdout
  send_to_receiver -q data
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data recv.out
}

@test "--stdout takes objects one after another, each whole" {
  echo one > one
  echo two > two
  start_receiver recv --once --stdout
  send_to_receiver -q one two
  await_pid "$RECV_PID"
  assert_equal "$(sort recv.out | tr '\n' ' ')" "one two "
}

@test "--stdout refuses a tree: exit 13 at the sender, and lives on" {
  mkdir tree
  echo x > tree/x
  start_receiver recv --once --stdout
  run --separate-stderr -13 send_to_receiver tree
  [[ $stderr == *"a directory tree cannot be written to --stdout"* ]]
  send_to_receiver -q data
  await_pid "$RECV_PID"
  cmp data recv.out
}

@test "--stream: a chunk stream that carries the sender's signature, of a tree as well" {
  mkdir tree
  cp data tree/a
  cp data tree/b
  start_receiver recv --once --stream
  send_to_receiver -q tree
  await_pid "$RECV_PID"
  dcdn-recv -q --stdin --signer "$SEND_ID" -o out < recv.out
  diff -r tree out/tree
}

@test "a sender killed in the middle of --stdout: the next one goes on, nothing comes twice" {
  start_receiver recv --once --stdout
  start_sender send --peer-id "$RECV_ID" --rate 100kB --chunk-size 16KiB data "$ADDR"
  wait_until 20 has_verified send 100000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  send_to_receiver -q data
  await_pid "$RECV_PID"
  cmp data recv.out
}

@test "a reader of --stdout that goes away ends the receiver with 141 and the sender with an error" {
  mkfifo pipe
  head -c 10 < pipe > first 3>&- &
  local reader=$!
  random_file big 3000000
  DCDN_HOME=$RECV_HOME dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" --stdout --once --progress none \
    > pipe 2> recv.err 3>&- < /dev/null &
  RECV_PID=$!
  NET_PIDS+=("$RECV_PID")
  wait_until 20 grep -q 'listening on' recv.err
  ADDR=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' recv.err)
  run --separate-stderr timeout 60 dcdn-send --peer-id "$RECV_ID" --retry-for 2s big "$ADDR"
  [[ $status -ne 0 && $status -ne 124 && -n $stderr ]]
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 141
  wait "$reader"
  cmp -n 10 first big
}

@test "SIGINT, SIGTERM and SIGHUP end a receiver with their status; what is delivered stays" {
  for signal in INT TERM HUP; do
    start_receiver "recv$signal" -o in
    send_to_receiver -q data
    end_receiver "$signal"
    assert_equal "$RECV_STATUS" $((128 + $(kill -l "$signal")))
    cmp data in/data
    assert_equal "$(ls -A in)" data
  done
}

@test "a receiver that ends in the middle: the sender says how to go on, and does" {
  random_file big 4000000
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" --rate 400kB --chunk-size 32KiB --retry-for 1s big "$ADDR"
  wait_until 20 has_verified send 500000
  end_receiver
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 3
  jq -es 'any(.[]; .message_type == "error" and (.code == "incomplete" and (.hint | contains("dcdn-send --resume"))))' send.out
  assert [ ! -e in/big ]
  start_receiver again -o in
  run --separate-stderr -0 send_to_receiver --json big
  cmp big in/big
  (($(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output") >= 400000))
}

@test "--json: objects with name, path, size and id; a summary at the end" {
  start_receiver recv --json --once -o in
  send_to_receiver -q data
  await_pid "$RECV_PID"
  jq -es 'any(.[]; .message_type == "object" and .ok and .name == "data" and .path == "in/data" and
         .bytes == 500000 and (.object_id | length) == 64)' recv.out
  jq -es 'any(.[]; .message_type == "summary" and (.objects == 1 and .bytes == 500000 and .paths == ["in/data"]))' recv.out
}

@test "--cancel at the receiver: exit 13 at the sender, and nothing is kept" {
  random_file big 4000000
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" --rate 400kB --chunk-size 32KiB big "$ADDR"
  wait_until 20 has_verified send 300000
  local id
  id=$(DCDN_HOME=$RECV_HOME dcdn-recv --json --list | jq -r 'select(.direction == "receive") | .id')
  DCDN_HOME=$RECV_HOME dcdn-recv -q --cancel "$id"
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 13
  end_receiver
  assert_equal "$(ls -A in)" ""
}

@test "--no-fsync delivers as well" {
  start_receiver recv --no-fsync --once -o in
  send_to_receiver -q data
  await_pid "$RECV_PID"
  cmp data in/data
}

@test "encrypted keys of receivers: --key and --passphrase-fd" {
  printf 'battery staple\n' > pass
  DCDN_HOME=$RECV_HOME dcdn-sign -q keygen --key locked --passphrase-fd 9 9< pass
  RECV_ID=$(DCDN_HOME=$RECV_HOME dcdn-sign id --key locked --passphrase-fd 9 9< pass)
  start_receiver recv --key locked --passphrase-fd 9 --once -o in 9< pass
  send_to_receiver -q data
  await_pid "$RECV_PID"
  cmp data in/data
}

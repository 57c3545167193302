# A delta as a chunk stream goes where every stream goes: signed, through repair shards, and resumed.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  head -c 4000000 /dev/urandom > old
  "$BATS_TEST_DIRNAME/../../support/edit_file.py" 10% old new
}

teardown() {
  teardown_loopback
}

@test "signed, protected, damaged, recovered, verified, applied" {
  dcdn-delta make --basis old new | dcdn-sign -q sign | dcdn-fec -q encode -k 20 -m 8 > it.dcs
  head -c 20000 /dev/zero | dd of=it.dcs bs=1 seek=150000 conv=notrunc status=none
  dcdn-fec -q decode it.dcs 2> /dev/null | dcdn-sign -q verify --signer "$SEND_ID" |
    dcdn-delta apply --basis old - made
  cmp new made
}

@test "a delta that was altered and signed by nobody here is not applied" {
  dcdn-delta make --basis old new | dcdn-sign -q sign > it.dcs
  run_shell 4 'edit_stream alter 3 -1 < it.dcs | dcdn-sign -q verify --signer "$SEND_ID" | dcdn-delta apply --basis old - made'
  assert [ ! -e made ]
}

@test "sent over the network, killed half-way, sent again: what came is not sent twice" {
  dcdn-delta make --basis old new > it.dcs
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" --rate 150kB it.dcs "$ADDR"
  wait_until 30 has_chunks
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  send_to_receiver --json it.dcs > sent
  (($(summary_of sent bytes_skipped) > 0))
  dcdn-delta apply --basis old in/it.dcs made
  cmp new made
}

# Is a chunk of what comes stored?
has_chunks() {
  (($(cat in/.dcdn-part/*/have.map 2> /dev/null | tr -d '\0' | wc -c) >= 1))
}

# Whom a sender believes, and whom a receiver lets in.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  echo content > file
}

teardown() {
  teardown_loopback
}

@test "an unknown receiver: exit 7, its id, and both ways out; nothing was sent" {
  start_receiver recv -o in
  run --separate-stderr -7 dcdn-send file "$ADDR"
  [[ $stderr == *"$ADDR is not known; it has the key $RECV_ID"* ]]
  [[ $stderr == *"hint: "*"--peer-id $RECV_ID"*"--accept-new"* ]]
  assert [ ! -e in/file ]
}

@test "--peer-id of another: exit 7, and no try after that" {
  start_receiver recv -o in
  run --separate-stderr -7 timeout 20 dcdn-send --peer-id "$SEND_ID" file "$ADDR"
  [[ $stderr == *"has the key $RECV_ID, not $SEND_ID as --peer-id says"* ]]
  # Where that is is said once.
  [[ $stderr == *"$ADDR has"* && $stderr != *"$ADDR: $ADDR"* ]]
  assert [ ! -e in/file ]
}

@test "--peer-id takes a trusted name, and says which names and ids it does not know" {
  start_receiver recv -o in
  dcdn-sign -q trust add hq "$RECV_ID"
  dcdn-send -q --peer-id hq file "$ADDR"
  cmp file in/file
  for wrong in nobody dcdn1 "${RECV_ID%?}" "${RECV_ID%?}x"; do
    [ "$wrong" != "$RECV_ID" ] || continue
    run --separate-stderr dcdn-send --retry-for 0 --peer-id "$wrong" file "$ADDR"
    [[ $status == 2 || $status == 7 || $status == 14 ]]
    [ -n "$stderr" ]
  done
}

@test "--accept-new remembers; another key at the same address is refused from then on" {
  start_receiver recv -o in
  local address=$ADDR
  run --separate-stderr -0 dcdn-send --accept-new file "$address"
  [[ $stderr == *"$address: remembered as $RECV_ID"* ]]
  grep -qx "$address $RECV_ID" "$DCDN_HOME/known_peers"
  # Without any option now.
  dcdn-send -q file "$address"
  end_receiver
  export RECV_HOME=$BATS_TEST_TMPDIR/impostor
  DCDN_HOME=$RECV_HOME dcdn-sign -q keygen
  LISTEN=$address start_receiver impostor -o in2
  for options in "" --accept-new; do
    # shellcheck disable=SC2086
    run --separate-stderr -7 dcdn-send $options file "$address"
    [[ $stderr == *"known_peers"* && $stderr == *"pretending"* ]]
  done
  assert [ ! -e in2/file ]
}

@test "--insecure sends to whoever answers, with a warning, and remembers nothing" {
  start_receiver recv -o in
  run --separate-stderr -0 dcdn-send --insecure file "$ADDR"
  [[ $stderr == *"warning: --insecure"* && $stderr == *"$RECV_ID"* ]]
  cmp file in/file
  assert [ ! -e "$DCDN_HOME/known_peers" ]
}

@test "a sender that is not allowed: exit 7, and both say so" {
  start_any_receiver recv --allow "$RECV_ID" -o in
  run --separate-stderr -7 timeout 20 dcdn-send --peer-id "$RECV_ID" file "$ADDR"
  [[ $stderr == *"the receiver does not allow the key $SEND_ID"* ]]
  wait_until 10 grep -q "refused a sender with the key $SEND_ID" recv.err
  grep -q "to let it in: --allow $SEND_ID" recv.err
  # Told once, however often it knocks.
  run -7 dcdn-send -q --peer-id "$RECV_ID" file "$ADDR"
  assert_equal "$(grep -c refused recv.err)" 1
  assert [ ! -e in/file ]
}

@test "without --allow every trusted key may send, and without one nobody listens" {
  run --separate-stderr -2 env DCDN_HOME="$RECV_HOME" dcdn-recv --listen 127.0.0.1:0 -o in
  [[ $stderr == *"nobody is allowed to send here"* && $stderr == *"hint: --allow ID"* ]]
  DCDN_HOME=$RECV_HOME dcdn-sign -q trust add field "$SEND_ID"
  start_any_receiver recv -o in
  send_to_receiver -q file
  cmp file in/file
}

@test "--allow-any says so, and takes from a stranger" {
  start_any_receiver recv --allow-any -o in
  grep -q 'anybody may send here' recv.err
  send_to_receiver -q file
  cmp file in/file
}

@test "keys: another by --key, a missing one, one that others can read" {
  dcdn-sign -q keygen --key second
  start_any_receiver recv --allow "$(dcdn-sign id --key second)" -o in
  send_to_receiver -q --key second file
  cmp file in/file
  run --separate-stderr -14 send_to_receiver --key missing file
  [[ $stderr == *"hint: make one with: dcdn-sign keygen --key missing"* ]]
  chmod 644 "$DCDN_HOME"/keys/second*
  run --separate-stderr -14 send_to_receiver --key second file
  [[ $stderr == *"can be read by others"* && $stderr == *"hint: chmod 600"* ]]
}

@test "an encrypted key: by --passphrase-fd, never by question without a terminal" {
  printf 'correct horse\n' > pass
  dcdn-sign -q keygen --key locked --passphrase-fd 9 9< pass
  start_any_receiver recv --allow "$(dcdn-sign id --key locked --passphrase-fd 9 9< pass)" -o in
  send_to_receiver -q --key locked --passphrase-fd 9 file 9< pass
  cmp file in/file
  printf 'wrong\n' > wrong
  run --separate-stderr send_to_receiver --key locked --passphrase-fd 9 file 9< wrong
  [[ $status -ne 0 && -n $stderr && $stderr != *wrong* ]]
  run --separate-stderr no_terminal timeout 20 dcdn-send --key locked --peer-id "$RECV_ID" file "$ADDR"
  [[ $status -ne 0 && $status -ne 124 && -n $stderr ]]
}

@test "nobody there: exit 6 soon with --retry-for 0; the session can be resumed" {
  run --separate-stderr -6 timeout 20 dcdn-send --retry-for 0 --peer-id "$RECV_ID" file 127.0.0.1:9
  [[ $stderr == *"127.0.0.1:9: nobody listens there"* && $stderr == *"dcdn-send --resume "* ]]
  run --separate-stderr -6 timeout 20 dcdn-send --retry-for 0 --peer-id "$RECV_ID" file nowhere.invalid
  [[ $stderr == *nowhere.invalid* ]]
}

@test "a receiver that comes up late is found" {
  start_receiver early -o elsewhere
  local address=$ADDR
  end_receiver
  start_sender send --peer-id "$RECV_ID" --retry-longest 300ms --retry-for 30s file "$address"
  wait_until 20 grep -q 'waiting for peer' send.out
  LISTEN=$address start_receiver late -o in
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp file in/file
}

# Whom a running program trusts: what changes in its home counts within two seconds, also for sessions under way.
# shellcheck disable=SC2016  # the inner bash expands
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  echo content > file
  random_file big 40000000
}

teardown() {
  teardown_loopback
}

field() { DCDN_HOME=$RECV_HOME dcdn-sign "$@"; }
# One try, whatever comes of it.
send_once() { timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" "$@"; }

# A transfer that takes half a minute, and has begun.
begin_session() {
  start_sender sending --peer-id "$RECV_ID" --rate 10Mbit --to "$ADDR" big
  wait_until 60 has_verified sending 200000
}

# The session that began is over with 7, soon after what was done before; nobody says anything else about it.
is_ended() {
  local began=$SECONDS
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 7
  # Two seconds are promised; the machine may be busy. The transfer itself would take half a minute.
  ((SECONDS - began <= 15))
  assert_not_exists in/big
}

@test "a key that is added while it runs is let in" {
  field -q trust add nobody "$(DCDN_HOME=third dcdn-sign -q keygen)"
  start_any_receiver recv -o in
  run -7 send_once file
  field -q trust add sender "$SEND_ID"
  send_once -q file
  cmp file in/file
}

@test "a key that is removed ends its session, and is not let in again" {
  field -q trust add sender "$SEND_ID"
  start_any_receiver recv -o in
  begin_session
  field -q trust remove sender
  is_ended
  grep -q "does not allow the key $SEND_ID" sending.out sending.err
  grep -q "does not allow the key $SEND_ID" recv.err
  run -7 send_once file
  # Trusted again, it goes on where it was.
  field -q trust add sender "$SEND_ID"
  send_to_receiver -q big
  cmp big in/big
}

@test "a key that is revoked on the receiver's machine ends its session" {
  start_receiver recv -o in
  begin_session
  field -q revoke --object "$DCDN_HOME/revocations/default.dcs" > /dev/null
  is_ended
  grep -q "the key $SEND_ID is revoked" sending.out sending.err
  grep -q "the key $SEND_ID is revoked" recv.err
  run -7 send_once file
  assert_output --partial "is revoked"
  field audit show | grep -q '"what":"session"'
}

@test "a key whose successor becomes known ends its session, and the new one goes on" {
  field -q trust add sender "$SEND_ID"
  start_any_receiver recv -o in
  begin_session
  dcdn-sign -q rotate > /dev/null
  dcdn-sign -q announce | field -q trust import
  is_ended
  grep -q "has been replaced by" sending.out sending.err
  send_once -q file
  cmp file in/file
}

@test "what is rotated at home does not end one's own session" {
  start_receiver recv -o in
  begin_session
  new=$(dcdn-sign -q rotate)
  wait_until 20 grep -q "our key has been replaced by $new" sending.out sending.err
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp big in/big
}

@test "a program whose own key is revoked ends, and says so to the other end" {
  start_receiver recv -o in
  begin_session
  field -q revoke > /dev/null
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 7
  grep -q "our own key is no longer good" recv.err
  is_ended
  grep -q "the receiver's key is no longer good" sending.out sending.err
  # And does not start again.
  run -7 env DCDN_HOME="$RECV_HOME" timeout 20 dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" -o in
  assert_output --partial "is revoked"
}

@test "dcdn-send: a receiver whose name is removed, or whose key is revoked, gets no more" {
  start_receiver recv -o in
  for how in remove revoke; do
    dcdn-sign -q trust add hq "$RECV_ID"
    cp big "$how"
    start_sender sending --peer-id hq --rate 10Mbit --to "$ADDR" "$how"
    wait_until 60 has_verified sending 200000
    if [ "$how" = remove ]; then
      dcdn-sign -q trust remove hq
    else
      dcdn-sign -q revoke --object "$RECV_HOME/revocations/default.dcs" > /dev/null
    fi
    is_ended
    assert_not_exists "in/$how"
    grep -q "the sender does not trust the key $RECV_ID any more" sending.out sending.err
    wait_until 10 grep -q "does not trust the key $RECV_ID any more" recv.err
  done
}

@test "dcdn-send: an address that is taken out of known_peers gets no more" {
  start_receiver recv -o in
  dcdn-send -q --accept-new --to "$ADDR" file
  start_sender sending --rate 10Mbit --to "$ADDR" big
  wait_until 60 has_verified sending 200000
  : > "$DCDN_HOME/known_peers"
  is_ended
  grep -q "is not known" sending.out sending.err
}

@test "of several --allow a revoked one is told of, and the others are let in" {
  third=$(DCDN_HOME=third dcdn-sign -q keygen)
  field -q revoke --object third/revocations/default.dcs > /dev/null
  start_receiver recv --allow "$third" -o in
  grep -q -- "--allow $third lets nobody in: the key $third is revoked" recv.err
  send_once -q file
  cmp file in/file
  run -7 env DCDN_HOME=third timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" file
  # Alone it is an error.
  run -7 env DCDN_HOME="$RECV_HOME" timeout 20 dcdn-recv --listen 127.0.0.1:0 --allow "$third" -o in
}

@test "a trust file that is half written changes nothing, and is told of once" {
  field -q trust add sender "$SEND_ID"
  third=$(DCDN_HOME=third dcdn-sign -q keygen)
  field -q revoke --object third/revocations/default.dcs > /dev/null
  start_any_receiver recv --allow "$third" --allow sender -o in
  cp "$RECV_HOME/trusted_keys" good
  echo "half dcd" >> "$RECV_HOME/trusted_keys"
  wait_until 10 grep -q "what is trusted stays as it was: $RECV_HOME/trusted_keys: line" recv.err
  sleep 2
  assert_equal "$(grep -c 'stays as it was' recv.err)" 1
  run -7 env DCDN_HOME=third timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" file
  cat good > "$RECV_HOME/trusted_keys"
  # Nor does a list of statements that vanishes bring back what was revoked.
  rm "$RECV_HOME"/key_statements*
  sleep 2
  run -7 env DCDN_HOME=third timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" file
  wait_until 10 grep -q revocation "$RECV_HOME/key_statements"
}

@test "a home that is exchanged for another by a rename is looked at" {
  third=$(DCDN_HOME=third dcdn-sign -q keygen)
  field -q trust add sender "$SEND_ID"
  cp -r "$RECV_HOME" other-home
  DCDN_HOME=other-home dcdn-sign -q trust remove sender
  DCDN_HOME=other-home dcdn-sign -q trust add third "$third"
  start_any_receiver recv -o in
  begin_session
  mv "$RECV_HOME" old-home
  mv other-home "$RECV_HOME"
  is_ended
  run -7 send_once file
  DCDN_HOME=third send_to_receiver -q file
  cmp file in/file
}

@test "dcdn-recv --stdin: a key that is removed while a stream flows signs nothing more" {
  make_stream --name one | dcdn-sign -q sign > one.dcs
  make_stream --name two | dcdn-sign -q sign > two.dcs
  field -q trust add sender "$SEND_ID"
  mkfifo pipe
  DCDN_HOME=$RECV_HOME dcdn-recv --stdin --require-signature -o in < pipe > out.txt 2> recv.err 3>&- &
  pid=$!
  NET_PIDS+=("$pid")
  exec 4> pipe
  cat one.dcs >&4
  wait_until 10 test -e in/one
  field -q trust remove sender
  sleep 1.5
  cat two.dcs >&4
  exec 4>&-
  await_pid "$pid"
  assert_equal "$AWAITED_STATUS" 7
  assert_not_exists in/two
}

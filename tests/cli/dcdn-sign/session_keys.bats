# Rotations and revocations in a session: ahead of everything, counted at once, kept on both sides.
# shellcheck disable=SC2016  # the inner bash expands
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

# One try, whatever comes of it.
send_once() { timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" "$@"; }
field() { DCDN_HOME=$RECV_HOME dcdn-sign "$@"; }

@test "after rotate the first session is let in: the key shows who it follows" {
  field -q trust add sender "$SEND_ID"
  start_any_receiver recv -o in
  dcdn-sign -q rotate > /dev/null
  new=$(dcdn-sign -q rotate)
  send_once -q file
  cmp file in/file
  assert_equal "$(field trust list)" "sender $SEND_ID epoch=2 now=$new"
  # The old ones are not let in any more, nor is who has no part in the chain.
  echo more > other
  run -7 send_once --key default.epoch-0 other
  assert_output --partial "has been replaced by $new"
  run -7 send_once --key default.epoch-1 other
  run -7 env DCDN_HOME=third bash -c 'dcdn-sign -q keygen > /dev/null; dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$0" other' "$ADDR"
  assert_not_exists in/other
}

@test "a sender whose key was given by --allow is followed as well" {
  start_receiver recv -o in
  dcdn-sign -q rotate > /dev/null
  send_once -q file
  cmp file in/file
}

@test "a session with the old key tells of the new one, and counts no longer itself" {
  field -q trust add sender "$SEND_ID"
  start_any_receiver recv -o in
  new=$(dcdn-sign -q rotate)
  run -7 send_once --key default.epoch-0 file
  assert_not_exists in/file
  wait_until 10 grep -q "is replaced by $new" recv.err
  send_once -q file
  cmp file in/file
}

@test "a revocation travels with another's session and shuts out the revoked key at once" {
  third=$(DCDN_HOME=third dcdn-sign -q keygen)
  field -q trust add sender "$SEND_ID"
  field -q trust add third "$third"
  start_any_receiver recv -o in
  DCDN_HOME=third send_to_receiver -q file
  cmp file in/file
  # The sender has heard that the third key is revoked, and brings the news with a file of its own.
  dcdn-sign -q revoke --object third/revocations/default.dcs > /dev/null
  echo news > news
  send_to_receiver -q news
  cmp news in/news
  echo late > late
  run -7 env DCDN_HOME=third timeout 20 dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$ADDR" late
  assert_not_exists in/late
  [[ $(field trust list 2> /dev/null) == *"third $third refused"* ]]
}

@test "the receiver's new key is learned by its senders" {
  dcdn-sign -q trust add hq "$RECV_ID"
  new=$(field -q rotate)
  start_receiver recv -o in
  # It shows its new key, and which one that follows.
  dcdn-send -q --peer-id hq --retry-for 0 --to "$ADDR" file
  cmp file in/file
  assert_equal "$(dcdn-sign trust list)" "hq $RECV_ID epoch=1 now=$new"
}

@test "scope relay: it may bring what others signed, and nothing of its own" {
  author=$(DCDN_HOME=author dcdn-sign -q keygen)
  field -q trust add --scope relay sender "$SEND_ID"
  field -q trust add author "$author"
  start_any_receiver recv -o in
  run -7 send_once file
  assert_output --partial "only what others have signed"
  assert_not_exists in/file
  dcdn-send --stdout file | DCDN_HOME=author dcdn-sign -q sign > file.dcs
  send_once -q - < file.dcs
  cmp file in/file
}

@test "what a receiver accepts and whom it refuses is in its audit log" {
  start_receiver recv -o in
  send_to_receiver -q file
  run -7 env DCDN_HOME=third bash -c 'dcdn-sign -q keygen > /dev/null; dcdn-send --peer-id "$RECV_ID" --retry-for 0 --to "$0" file' "$ADDR"
  wait_until 10 grep -qs reject "$RECV_HOME/audit.log"
  field audit show > log
  assert_equal "$(jq -r .event log | sort | uniq -c | awk '{print $1 $2}' | tr '\n' ' ')" "1accept 1key 1reject "
}

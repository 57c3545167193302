# trust add, list, remove.
load ../../support/cli

setup() {
  setup_cli
  ONE=$(DCDN_HOME=$BATS_TEST_TMPDIR/one dcdn-sign -q keygen)
  TWO=$(DCDN_HOME=$BATS_TEST_TMPDIR/two dcdn-sign -q keygen)
}

@test "add, list, remove by name and by id" {
  run --separate-stderr -0 dcdn-sign trust list
  [ -z "$output" ]
  dcdn-sign -q trust add hq "$ONE"
  dcdn-sign -q trust add field "$TWO"
  dcdn-sign -q trust add head "$ONE"
  run --separate-stderr -0 dcdn-sign trust list
  assert_output "hq $ONE
field $TWO
head $ONE"
  dcdn-sign -q trust remove field
  dcdn-sign -q trust remove "$ONE"
  run --separate-stderr -0 dcdn-sign trust list
  [ -z "$output" ]
}

@test "the file is private and survives a failed change" {
  dcdn-sign -q trust add hq "$ONE"
  assert_equal "$(stat -c %a "$DCDN_HOME/trusted_keys")" 600
  cp "$DCDN_HOME/trusted_keys" before
  run -14 dcdn-sign trust remove nobody
  run -14 dcdn-sign trust add hq "$TWO"
  assert_output --partial "stands for another key already"
  run -0 dcdn-sign trust add hq "$ONE"
  assert_output --partial "already"
  cmp before "$DCDN_HOME/trusted_keys"
  assert_equal "$(ls "$DCDN_HOME")" "audit.log
trusted_keys"
}

@test "mistyped ids and bad names are refused" {
  run -2 dcdn-sign trust add hq "${ONE%?}"
  assert_output --partial "60 characters, not 61"
  run -2 dcdn-sign trust add hq "${ONE/#dcdn1??/dcdn1zz}"
  run -2 dcdn-sign trust add "a b" "$ONE"
  run -2 dcdn-sign trust add "$ONE" hq
  run -2 dcdn-sign trust add "$ONE" "$TWO"
  run -2 dcdn-sign trust add hq
  assert_not_exists "$DCDN_HOME/trusted_keys"
}

@test "a trust file that others may write is refused" {
  dcdn-sign -q trust add hq "$ONE"
  chmod 666 "$DCDN_HOME/trusted_keys"
  run -14 dcdn-sign trust list
  assert_output --partial "hint: chmod 600"
}

@test "a broken trust file is named with its line" {
  dcdn-sign -q trust add hq "$ONE"
  echo "field nonsense" >> "$DCDN_HOME/trusted_keys"
  run -11 dcdn-sign trust list
  assert_output --partial "$DCDN_HOME/trusted_keys: line 3"
  run -11 dcdn-sign verify --signer hq < /dev/null
}

@test "additions at the same time are all kept" {
  for i in 1 2 3 4 5 6 7 8; do
    dcdn-sign -q trust add "name$i" "$ONE" &
  done
  wait
  assert_equal "$(dcdn-sign trust list | wc -l)" 8
}

@test "a key that is revoked is not trusted, and that is said" {
  dcdn-sign -q trust add hq "$ONE"
  dcdn-sign -q revoke --object "$BATS_TEST_TMPDIR/one/revocations/default.dcs" > /dev/null
  dcdn-sign -q trust remove hq
  run -7 dcdn-sign trust add hq "$ONE"
  assert_output --partial "the key $ONE is revoked"
  run -7 dcdn-sign trust add again "$ONE"
  assert_equal "$(dcdn-sign trust list)" ""
}

@test "import takes the revocation that keygen made, and what announce wrote" {
  dcdn-sign -q trust add hq "$ONE"
  dcdn-sign -q trust add field "$TWO"
  run -0 dcdn-sign trust import < "$BATS_TEST_TMPDIR/one/revocations/default.dcs"
  assert_output --partial "0 names and 1 statements"
  [[ $(dcdn-sign trust list 2> /dev/null) == *"hq $ONE refused"* ]]
  new=$(DCDN_HOME=$BATS_TEST_TMPDIR/two dcdn-sign -q rotate)
  DCDN_HOME=$BATS_TEST_TMPDIR/two dcdn-sign -q announce | dcdn-sign -q trust import
  [[ $(dcdn-sign trust list 2> /dev/null) == *"field $TWO epoch=1 now=$new"* ]]
  make_stream --name sample > plain.dcs
  run -2 dcdn-sign trust import < plain.dcs
  assert_output --partial "without statements about keys"
  head -c 100 "$BATS_TEST_TMPDIR/two/revocations/default.dcs" > cut.dcs
  run -4 dcdn-sign trust import < cut.dcs
}

@test "verify says so when a stream is signed by one's own key, which it does not accept by itself" {
  dcdn-sign -q keygen > /dev/null
  dcdn-sign -q trust add hq "$ONE"
  make_stream --name sample | dcdn-sign -q sign > own.dcs
  run -7 bash -c 'dcdn-sign verify < own.dcs > out.dcs'
  assert_output --partial "it is your own key"
  assert_output --partial "hint: to accept what you signed yourself: --signer $(dcdn-sign id)"
  dcdn-sign -q verify --signer "$(dcdn-sign id)" < own.dcs > /dev/null
  echo content > file
  dcdn-sign -q sign --detached file
  run -7 dcdn-sign verify --detached file
  assert_output --partial "it is your own key"
}

@test "another user's home proves nothing" {
  [ "$(id -u)" = 0 ] || skip "only root may give a file to somebody else"
  dcdn-sign -q trust add hq "$ONE"
  chown 4711 "$DCDN_HOME/trusted_keys"
  run -14 dcdn-sign trust list
  assert_output --partial "belongs to the user with the number 4711"
  chown 0 "$DCDN_HOME/trusted_keys"
  chown 4711 "$DCDN_HOME"
  run -14 dcdn-sign trust list
}

@test "--json lists one object a line" {
  dcdn-sign -q trust add hq "$ONE"
  dcdn-sign -q trust add field "$TWO"
  run --separate-stderr -0 dcdn-sign trust list --json
  assert_equal "$(jq -r '[.message_type, .name, .id] | join(" ")' <<< "$output")" \
    "trusted_key hq $ONE
trusted_key field $TWO"
}

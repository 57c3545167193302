# rotate, revoke, announce, export, import: trust without a clock or an authority.
# shellcheck disable=SC2016  # the inner bash expands
# shellcheck disable=SC2030,SC2031  # each test has its own shell
# shellcheck disable=SC2094  # the pipes read a file twice and write none
# shellcheck disable=SC2154  # run sets $stderr
load ../../support/cli

# Two homes: hq signs, field verifies.
setup() {
  setup_cli
  HQ=$BATS_TEST_TMPDIR/hq FIELD=$BATS_TEST_TMPDIR/field
  as_hq keygen --name hq > old.id 2> keygen.log
  OLD=$(cat old.id)
  as_field trust add hq "$OLD" 2> /dev/null
  make_stream --name sample > plain.dcs
  as_hq sign < plain.dcs > old.dcs
}

as_hq() { DCDN_HOME=$HQ dcdn-sign "$@"; }
as_field() { DCDN_HOME=$FIELD dcdn-sign "$@"; }
content_of() { edit_stream list < "$1" | awk '$2 == 1 || $2 == 2' | wc -l; }

@test "a rotation travels in the signed stream, counts at once and is kept" {
  NEW=$(as_hq rotate 2> /dev/null)
  [ "$NEW" != "$OLD" ]
  as_hq sign < plain.dcs > new.dcs
  assert_equal "$(edit_stream list < new.dcs | awk 'NR == 1 {print $2}')" 24
  run --separate-stderr -0 bash -c 'DCDN_HOME=$0 dcdn-sign verify < new.dcs > out.dcs' "$FIELD"
  [[ $stderr == *"hq $OLD is replaced by $NEW, epoch 1"* ]]
  cmp out.dcs new.dcs
  assert_equal "$(as_field trust list)" "hq $OLD epoch=1 now=$NEW"
  # The old key signs nothing any more, the new one without being told again.
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < old.dcs > out.dcs' "$FIELD"
  assert_equal "$(content_of out.dcs)" 0
  edit_stream drop 0 < new.dcs > later.dcs
  DCDN_HOME=$FIELD dcdn-sign -q verify < later.dcs > /dev/null
  DCDN_HOME=$FIELD dcdn-sign -q verify --signer hq < later.dcs > /dev/null
}

@test "chains of rotations are followed and dcdn-recv --stdin takes them as well" {
  for _ in 1 2 3; do as_hq -q rotate > new.id 2> /dev/null; done
  as_hq sign < plain.dcs > new.dcs
  DCDN_HOME=$FIELD dcdn-recv -q --stdin --require-signature -o out < new.dcs
  assert_exists out/sample
  assert_equal "$(as_field trust list)" "hq $OLD epoch=3 now=$(cat new.id)"
  assert_equal "$(as_hq id --json | jq .epoch)" 3
}

@test "a revocation made by keygen ends a key without its secret, in any stream" {
  local object=$HQ/revocations/hq.dcs
  assert_equal "$(stat -c %a "$object")" 600
  cat "$object" old.dcs > revoked.dcs
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < revoked.dcs > out.dcs' "$FIELD"
  assert_output --partial "$OLD is revoked"
  assert_equal "$(content_of out.dcs)" 0
  assert_equal "$(as_field trust list 2> /dev/null)" "hq $OLD refused"
  run -7 bash -c 'DCDN_HOME=$0 dcdn-recv --stdin --require-signature -o out < old.dcs' "$FIELD"
  rm "$HQ"/keys/*
  assert_equal "$(as_hq -q revoke --object "$object")" "$OLD"
  as_hq announce > statements.dcs 2> /dev/null
  assert_equal "$(edit_stream list < statements.dcs | awk '{print $2}')" 25
}

@test "what was let through before a revocation stays, nothing comes after it" {
  make_stream --chunks 8 --name sample | as_hq sign > long.dcs
  edit_stream list < long.dcs > frames
  half=$(awk '$2 == 2 {n++; if (n == 3) print $3}' frames)
  { head -c "$half" long.dcs; cat "$HQ/revocations/hq.dcs"; tail -c +$((half + 1)) long.dcs; } > cut.dcs
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < cut.dcs > out.dcs' "$FIELD"
  head -c "$half" long.dcs | cmp - <(head -c "$half" out.dcs)
  assert_equal "$(edit_stream list < out.dcs | awk '$2 == 2' | wc -l)" 2
}

@test "the thief of a key can end its chain and not take it over" {
  cp -r "$HQ" thief
  NEW=$(as_hq rotate 2> /dev/null)
  DCDN_HOME=thief dcdn-sign -q rotate > thief.id 2> /dev/null
  DCDN_HOME=thief dcdn-sign announce > thief.dcs 2> /dev/null
  as_hq sign < plain.dcs > new.dcs
  DCDN_HOME=$FIELD dcdn-sign -q verify < new.dcs > /dev/null
  DCDN_HOME=thief dcdn-sign sign < plain.dcs > stolen.dcs
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < stolen.dcs > out.dcs' "$FIELD"
  assert_output --partial "two successors"
  assert_equal "$(content_of out.dcs)" 0
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < new.dcs > /dev/null' "$FIELD"
}

@test "an old backup of what is known is not believed" {
  cp -r "$FIELD" backup
  as_hq -q rotate > /dev/null 2>&1
  as_hq sign < plain.dcs | DCDN_HOME=$FIELD dcdn-sign -q verify > /dev/null
  rm "$FIELD/key_statements"
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < old.dcs' "$FIELD"
  assert_output --partial "was known with epoch 1"
  # An export from before is refused as well.
  DCDN_HOME=backup dcdn-sign trust export > old.txt
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign trust import < old.txt' "$FIELD"
  # The statements bring it back, from whoever has them.
  as_hq -q trust add me "$OLD"
  as_hq trust export me | grep ^rotation | DCDN_HOME=$FIELD dcdn-sign -q trust import
  as_hq sign < plain.dcs | DCDN_HOME=$FIELD dcdn-sign -q verify > /dev/null
}

@test "an interrupted rotation is finished by the next call" {
  cp "$HQ/keys/hq.pem" before.pem
  NEW=$(as_hq rotate 2> /dev/null)
  # As after a crash between the statement and the new name.
  mv "$HQ/keys/hq.pem" "$HQ/keys/hq.next"
  mv before.pem "$HQ/keys/hq.pem"
  rm "$HQ/keys/hq.epoch-0.pem"
  assert_equal "$(as_hq rotate 2> /dev/null)" "$NEW"
  assert_equal "$(as_hq id)" "$NEW"
  assert_not_exists "$HQ/keys/hq.next"
  # As after a crash before the statement: the half-made key is dropped.
  echo nonsense > "$HQ/keys/hq.next"
  chmod 600 "$HQ/keys/hq.next"
  as_hq -q rotate > next.id
  [ "$(as_hq id)" = "$(cat next.id)" ]
  assert_equal "$(as_hq id --json | jq .epoch)" 2
}

@test "an old copy of a replaced key cannot be rotated again, a revoked one does not sign" {
  cp "$HQ/keys/hq.pem" old.pem
  as_hq -q rotate > /dev/null
  cp old.pem "$HQ/keys/hq.pem"
  run -7 as_hq rotate
  assert_output --partial "has been replaced"
  as_hq -q revoke --name hq.epoch-0 > /dev/null
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign sign < plain.dcs > out.dcs' "$HQ"
  # It is one's own: there is nobody to ask for another.
  assert_output --partial "hint: make a new one: dcdn-sign keygen"
}

@test "clocks that are years off, both ways, make no difference" {
  NEW=$(faketime '2001-01-01' env DCDN_HOME="$HQ" dcdn-sign -q rotate)
  faketime '2044-06-01' env DCDN_HOME="$HQ" dcdn-sign -q sign < plain.dcs > new.dcs
  for clock in '1971-01-02' '2019-01-01' '2026-11-25' '2037-12-31'; do
    rm -rf far
    cp -r "$FIELD" far
    faketime "$clock" env DCDN_HOME=far dcdn-sign -q verify < new.dcs | cmp - new.dcs
    assert_equal "$(DCDN_HOME=far dcdn-sign trust list)" "hq $OLD epoch=1 now=$NEW"
    run -7 faketime "$clock" env DCDN_HOME=far dcdn-sign -q verify < old.dcs
    faketime '1999-01-01' env DCDN_HOME=far dcdn-sign -q verify < new.dcs | cmp - new.dcs
    DCDN_HOME=far dcdn-sign -q audit verify
    cat "$HQ/revocations/hq.dcs" new.dcs > revoked.dcs
    run -7 faketime "$clock" env DCDN_HOME=far dcdn-sign -q verify < revoked.dcs
  done
}

@test "the reminder comes after 30 days and changes nothing" {
  run --separate-stderr -0 as_hq id
  [ -z "$stderr" ]
  touch -d '31 days ago' "$HQ/keys/hq.pem"
  run --separate-stderr -0 as_hq id
  assert_output "$OLD"
  [[ $stderr == *"31 days old"*"dcdn-sign rotate"* ]]
  as_hq -q sign < plain.dcs | DCDN_HOME=$FIELD dcdn-sign -q verify > /dev/null
}

@test "export and import carry keys, scopes, epochs and statements, as text and as QR codes" {
  as_hq sign < plain.dcs > /dev/null
  as_hq -q rotate > new.id
  as_hq sign < plain.dcs | DCDN_HOME=$FIELD dcdn-sign -q verify > /dev/null
  as_field -q trust add --scope relay,project:map other "$(DCDN_HOME=third dcdn-sign -q keygen)"
  as_field trust export > plain.txt
  as_field trust export --qr > qr.txt
  run grep -vE '^[0-9A-Z $%*+./:-]+$' qr.txt
  assert_output ""
  for text in plain.txt qr.txt; do
    rm -rf new
    DCDN_HOME=new dcdn-sign -q trust import < "$text"
    diff <(DCDN_HOME=new dcdn-sign trust list) <(as_field trust list)
    # Twice does nothing.
    DCDN_HOME=new dcdn-sign trust import --json < "$text" | jq -e '.added == 0 and .statements == 0'
  done
  sed '$s/A/B/' qr.txt > bad.txt
  rm -rf new
  run -4 bash -c 'DCDN_HOME=new dcdn-sign trust import < bad.txt'
  assert_output --partial "line 3"
  assert_equal "$(DCDN_HOME=new dcdn-sign trust list)" ""
  run -14 as_field trust export nobody
}

@test "words: read out, compared, and a misheard one is noticed" {
  words=$(as_hq id --words)
  assert_equal "$(tr '-' '\n' <<< "$words" | grep -cE '^[bdfgjklmnprstvwz][aiou][bdfgjklmnprstvwz][aiou][bdfgjklmnprstvwz]$')" 9
  DCDN_HOME=new dcdn-sign -q trust add hq "$OLD" --words "${words//-/ }"
  other=$(DCDN_HOME=third dcdn-sign -q keygen)
  run -7 env DCDN_HOME=new dcdn-sign trust add other "$other" --words "$words"
  case $words in b*) wrong=d${words#?} ;; *) wrong=b${words#?} ;; esac
  run -2 env DCDN_HOME=new dcdn-sign trust add again "$OLD" --words "$wrong"
  assert_output --partial "misheard"
  assert_equal "$(DCDN_HOME=new dcdn-sign trust list)" "hq $OLD"
}

@test "scopes: send, relay, project" {
  as_field -q trust add --scope relay hq "$OLD"
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify < old.dcs' "$FIELD"
  assert_output --partial "no trusted key has the scope send"
  as_field -q trust add --scope project:map hq "$OLD"
  DCDN_HOME=$FIELD dcdn-sign -q verify --project map < old.dcs > /dev/null
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify --project other < old.dcs' "$FIELD"
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify --project other --signer hq < old.dcs' "$FIELD"
  run -2 as_field trust add --scope king hq "$OLD"
}

@test "--require 2: two of three named keys" {
  ann=$(DCDN_HOME=ann dcdn-sign -q keygen) bob=$(DCDN_HOME=bob dcdn-sign -q keygen)
  DCDN_HOME=ann dcdn-sign sign < plain.dcs > one.dcs
  DCDN_HOME=bob dcdn-sign sign < one.dcs > two.dcs
  as_two() { DCDN_HOME=$FIELD dcdn-sign verify --require 2 --signer "$ann" --signer "$bob" --signer "$OLD"; }
  as_two < two.dcs | cmp - two.dcs
  run --separate-stderr -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify --require 2 --signer "$1" --signer "$2" < one.dcs > out.dcs' \
    "$FIELD" "$ann" "$bob"
  [[ $stderr == *"signed by 1 of the 2 keys"* ]]
  assert_equal "$(content_of out.dcs)" 0
  DCDN_HOME=ann dcdn-sign sign < one.dcs > twice.dcs
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify --require 2 --signer "$1" --signer "$2" < twice.dcs > out.dcs' \
    "$FIELD" "$ann" "$bob"
  run -7 bash -c 'DCDN_HOME=$0 dcdn-sign verify --require 2 --signer "$1" < two.dcs' "$FIELD" "$ann"
  assert_output --partial "only 1 accepted"
}

@test "the audit log has accepts, rejects and key changes, and a change in it shows" {
  DCDN_HOME=$FIELD dcdn-sign -q verify < old.dcs > /dev/null
  cp old.dcs bad.dcs
  flip bad.dcs 400
  run bash -c 'DCDN_HOME=$0 dcdn-sign -q verify < bad.dcs > /dev/null' "$FIELD"
  as_field -q trust remove hq
  as_field audit show > log
  assert_equal "$(jq -r .event log | tr '\n' ' ')" "key accept reject key "
  run -0 as_field audit verify
  head=${output##*head }
  as_field -q audit verify --head "$head"
  sed -i '2s/accept/reject/' "$FIELD/audit.log"
  run -4 as_field audit verify
  assert_output --partial "line 2: was altered"
  run -14 env DCDN_HOME=none dcdn-sign audit verify
}

@test "audit lines of many processes at once form one chain" {
  for _ in 1 2 3 4 5 6 7 8; do DCDN_HOME=$FIELD dcdn-sign -q verify < old.dcs > /dev/null & done
  wait
  assert_equal "$(as_field audit show | wc -l)" 9
}

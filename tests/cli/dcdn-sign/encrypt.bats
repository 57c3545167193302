# encrypt and decrypt as filters.
# shellcheck disable=SC2016  # the inner bash expands
load ../../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen --key hq > id
  ID=$(cat id)
  OTHER_HOME=$BATS_TEST_TMPDIR/other
  OTHER=$(DCDN_HOME=$OTHER_HOME dcdn-sign -q keygen --key field)
}

# as_other COMMAND...: in the home of another person.
as_other() {
  DCDN_HOME=$OTHER_HOME "$@"
}

# bare FILE: the content of the object in it.
bare() {
  dcdn-recv -q --stdin --stdout < "$1"
}

@test "the lines of the manual work: pack, encrypt, sign, parity, and back" {
  mkdir tree
  echo secret > tree/plan-of-attack.txt
  dcdn-sign -q trust add hq "$ID"
  dcdn-send -q --stdout tree/ | dcdn-sign encrypt --to hq | dcdn-sign sign | dcdn-fec -q encode -k 50 -m 10 > tree.dcs
  dcdn-fec -q decode < tree.dcs | dcdn-sign -q verify --signer hq | dcdn-sign decrypt | dcdn-recv -q --stdin -o out
  diff -r tree out/tree
}

@test "what comes out is what went in, for all lengths about a piece" {
  local size
  for size in 0 1 65535 65536 65537 131072 1000000; do
    head -c $size /dev/urandom > plain
    dcdn-sign encrypt --to "$ID" < plain > encrypted.dcs
    dcdn-sign decrypt < encrypted.dcs | cmp - plain
  done
}

@test "names, digests and content do not show" {
  mkdir tree
  echo "attack at dawn" > tree/plan-of-attack.txt
  dcdn-send -q --stdout tree > plain.dcs
  grep -q plan-of-attack plain.dcs
  dcdn-sign encrypt --to "$ID" < plain.dcs > encrypted.dcs
  run ! grep -qa -e plan-of-attack -e "attack at dawn" encrypted.dcs
  local digest
  digest=$(b3sum --no-names tree/plan-of-attack.txt)
  xxd -p plain.dcs | tr -d '\n' | grep -q "$digest"
  run ! bash -c "xxd -p encrypted.dcs | tr -d '\n' | grep -q $digest"
}

@test "the same twice is not the same" {
  echo same | dcdn-sign encrypt --to "$ID" > one.dcs
  echo same | dcdn-sign encrypt --to "$ID" > two.dcs
  run ! cmp -s one.dcs two.dcs
}

@test "several recipients, by name, by node id and by public key file" {
  dcdn-sign -q trust add field "$OTHER"
  openssl genpkey -algorithm ed25519 -out third.pem 2> /dev/null
  openssl pkey -in third.pem -pubout -out third.pub
  chmod 600 third.pem
  echo all | dcdn-sign encrypt --to field --to "$ID" --to third.pub > encrypted.dcs
  assert_equal "$(dcdn-sign decrypt < encrypted.dcs)" all
  assert_equal "$(as_other dcdn-sign decrypt < encrypted.dcs)" all
  assert_equal "$(as_other dcdn-sign decrypt --key-file third.pem < encrypted.dcs)" all
}

@test "no key fits: 7, and nothing comes out" {
  echo all | dcdn-sign encrypt --to "$OTHER" > encrypted.dcs
  run_shell 7 'dcdn-sign decrypt < encrypted.dcs'
  assert_equal "$output" ""
  [[ $stderr == *"encrypted to 1 key, and no key here is one of them"*"hint: decrypt it where one of those keys is"* ]]
}

@test "no key at all: 14, and how to get one" {
  echo all | dcdn-sign encrypt --to "$ID" > encrypted.dcs
  run_shell 14 'DCDN_HOME=empty dcdn-sign decrypt < encrypted.dcs'
  [[ $stderr == *"dcdn-sign keygen"* ]]
}

@test "a key to encrypt to that is not known: 14; mistyped: 2; revoked: 7; none: 2" {
  run_shell 14 'echo | dcdn-sign encrypt --to nobody'
  [[ $stderr == *"no trusted key nobody"*"trust add"* ]]
  run_shell 2 'echo | dcdn-sign encrypt --to "$(sed s/.$/7/ id)x"'
  run_shell 2 'echo | dcdn-sign encrypt'
  dcdn-sign -q revoke --key hq
  run_shell 7 'echo | dcdn-sign encrypt --to "$(cat id)"'
  assert_equal "$output" ""
}

@test "a name stands for its key of today, and a key that was replaced still decrypts" {
  echo before | dcdn-sign encrypt --to "$ID" > before.dcs
  dcdn-sign -q trust add hq "$ID"
  dcdn-sign -q rotate --key hq > new
  echo after | dcdn-sign encrypt --to hq > after.dcs
  assert_equal "$(dcdn-sign decrypt < before.dcs)" before
  assert_equal "$(dcdn-sign decrypt --key hq < after.dcs)" after
  run_shell 7 'dcdn-sign decrypt --key hq < before.dcs'
}

@test "a key with a passphrase is used when it is named" {
  echo pass > word
  dcdn-sign -q keygen --key vault --passphrase-fd 3 3< word > vault
  echo gold | dcdn-sign encrypt --to "$(cat vault)" > encrypted.dcs
  run_shell 7 'dcdn-sign decrypt < encrypted.dcs'
  run_shell 0 'dcdn-sign decrypt --key vault --passphrase-fd 3 3< word < encrypted.dcs'
  assert_equal "$output" gold
}

@test "the content alone decrypts as well, as dcdn-recv leaves it without a key" {
  head -c 200000 /dev/urandom > plain
  dcdn-sign encrypt --to "$ID" < plain > encrypted.dcs
  bare encrypted.dcs > content
  dcdn-sign decrypt < content | cmp - plain
}

@test "a flipped bit ends it, and what came out before is right" {
  local size offset
  head -c 200000 /dev/urandom > plain
  dcdn-sign encrypt --to "$ID" < plain > encrypted.dcs
  bare encrypted.dcs > content
  size=$(stat -c %s content)
  for offset in 0 17 20 60 90 130 135 160 65700 65720 $((size / 2)) $((size - 1)); do
    cp content bad
    flip bad "$offset"
    run --separate-stderr bash -c 'dcdn-sign decrypt < bad > out'
    [[ $status == 4 || $status == 7 ]]
    cmp -n "$(stat -c %s out)" out plain
    [ "$(stat -c %s out)" -lt 200000 ]
  done
  # The same in the frames: there the digests see it.
  cp encrypted.dcs bad
  flip bad 100000
  run_shell 3 'dcdn-sign decrypt < bad > out'
  cmp -n "$(stat -c %s out)" out plain
}

@test "what is cut off anywhere is incomplete" {
  local size
  head -c 200000 /dev/urandom > plain
  dcdn-sign encrypt --to "$ID" < plain > encrypted.dcs
  bare encrypted.dcs > content
  for size in 0 1 50 130 131 66000 $(($(stat -c %s content) - 1)); do
    head -c "$size" content > bad
    run_shell 3 'dcdn-sign decrypt < bad > out'
    cmp -n "$(stat -c %s out)" out plain
  done
}

@test "pieces that changed places, were repeated, left out or taken from another object are refused" {
  local header=$((82 + 48)) piece=$((65536 + 36))
  head -c 200000 /dev/urandom > plain
  dcdn-sign encrypt --to "$ID" < plain > encrypted.dcs
  bare encrypted.dcs > content
  dcdn-sign encrypt --to "$ID" < plain > other.dcs
  bare other.dcs > other
  part() { tail -c +$(($2 + 1)) "$1" | head -c "$3"; }
  first() { part "$1" "$header" "$piece"; }
  second() { part "$1" $((header + piece)) "$piece"; }
  rest() { tail -c +$((header + 2 * piece + 1)) "$1"; }
  head -c $header content > header.part
  cat header.part <(second content) <(first content) <(rest content) > swapped
  cat header.part <(first content) <(first content) <(second content) <(rest content) > repeated
  cat header.part <(first content) <(rest content) > dropped
  cat header.part <(first content) <(second other) <(rest content) > spliced
  cat <(head -c $header other) <(first content) <(second content) <(rest content) > beheaded
  cat content <(echo more) > longer
  for bad in swapped repeated dropped spliced beheaded longer; do
    run --separate-stderr -4 bash -c "dcdn-sign decrypt < $bad > out"
    cmp -n "$(stat -c %s out)" out plain
  done
}

@test "what is not encrypted is refused" {
  make_stream > plain.dcs
  run_shell 4 'dcdn-sign decrypt < plain.dcs'
  [[ $stderr == *"not encrypted content"* ]]
  run_shell 4 'seq 100 | dcdn-sign decrypt'
  run_shell 3 'dcdn-sign decrypt < /dev/null'
}

@test "who stops reading is told apart from what is wrong" {
  head -c 2000000 /dev/zero | dcdn-sign encrypt --to "$ID" > encrypted.dcs
  run_shell 0 'dcdn-sign decrypt < encrypted.dcs | head -c 10 | wc -c; [ ${PIPESTATUS[0]} = 141 ]'
  run_shell 0 'head -c 9000000 /dev/urandom | dcdn-sign encrypt --to "$(cat id)" | head -c 10 | wc -c; [ ${PIPESTATUS[1]} = 141 ]'
}

@test "what is there of a pipe that pauses can be decrypted" {
  local line
  mkfifo in out
  (dcdn-sign encrypt --to "$ID" < in | dcdn-sign decrypt > out) &
  exec 4> in 5< out
  echo first >&4
  read -r line <&5  # would never come if the pause did not flush it
  assert_equal "$line" first
  echo second >&4
  exec 4>&-
  read -r line <&5
  assert_equal "$line" second
  wait
}

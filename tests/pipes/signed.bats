# Signed chunk streams between tools: sign | verify, and dcdn-recv --stdin with --signer and --require-signature.
load ../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen
  dcdn-sign -q keygen --key other
  ID=$(dcdn-sign id)
  OTHER=$(dcdn-sign id --key other)
  export ID OTHER
  mkdir tree
  head -c 300000 /dev/urandom > tree/random
  seq 1000 > tree/text
  dcdn-send -q --stdout --chunk-size 64KiB tree > plain.dcs
  dcdn-sign sign < plain.dcs > signed.dcs
}

assert_nothing_named() {
  assert_equal "$(find "$1" -mindepth 1 -maxdepth 1 ! -name '.dcdn-part*' | wc -l)" 0
}

@test "the pipe of the manual: send --stdout | sign | verify --key | recv --stdin" {
  dcdn-send -q --stdout tree | dcdn-sign sign | dcdn-sign -q verify --signer "$ID" | dcdn-recv -q --stdin --signer "$ID" -o out
  diff -r tree out/tree
}

@test "--signer accepts what that key signed, with and without other signatures" {
  dcdn-recv -q --stdin --signer "$ID" -o out < signed.dcs
  diff -r tree out/tree
  dcdn-sign sign --key other < signed.dcs > twice.dcs
  dcdn-recv -q --stdin --signer "$OTHER" -o out2 < twice.dcs
  diff -r tree out2/tree
  dcdn-recv -q --stdin --signer "$ID" --signer "$OTHER" -o out3 < twice.dcs
  diff -r tree out3/tree
}

@test "not signed: exit 7 and no name" {
  run --separate-stderr -7 dcdn-recv --stdin --signer "$ID" -o out < plain.dcs
  [[ $stderr == *"no signature by a key that was asked for"* ]]
  assert_nothing_named out
}

@test "signed by another: exit 7 and no name" {
  dcdn-sign sign --key other < plain.dcs > strange.dcs
  run --separate-stderr -7 dcdn-recv --stdin --signer "$ID" -o out < strange.dcs
  assert_nothing_named out
}

@test "--require-signature asks for any trusted key, and fails if none is trusted" {
  run --separate-stderr -7 dcdn-recv --stdin --require-signature -o out < signed.dcs
  [[ $stderr == *"nobody is trusted yet"* && $stderr == *"hint: "*"dcdn-sign trust add"* ]]
  dcdn-sign -q trust add other "$OTHER"
  run --separate-stderr -7 dcdn-recv --stdin --require-signature -o out < signed.dcs
  assert_nothing_named out
  dcdn-sign -q trust add hq "$ID"
  dcdn-recv -q --stdin --require-signature -o out < signed.dcs
  diff -r tree out/tree
  # A trusted key has a name, and the name will do.
  dcdn-recv -q --stdin --signer hq -o out2 < signed.dcs
  diff -r tree out2/tree
}

@test "altered after signing: a segment, its signature, a chunk; nothing gets a name" {
  local frame type
  while read -r frame type _; do
    edit_stream alter "$frame" -1 < signed.dcs > bad.dcs
    run --separate-stderr dcdn-recv --stdin --signer "$ID" -o "out$frame" < bad.dcs
    [[ $status == 3 || $status == 4 || $status == 7 ]]
    assert_nothing_named "out$frame"
  done < <(edit_stream list < signed.dcs)
}

@test "altered streams never reach the output of a verifying pipe" {
  dcdn-send -q --stdout --chunk-size 64KiB - < tree/random | dcdn-sign sign > pipe.dcs
  local frame
  for frame in 0 2 4; do
    edit_stream alter "$frame" 100 < pipe.dcs > bad.dcs
    run bash -c 'dcdn-sign -q verify --signer "$ID" < bad.dcs | dcdn-recv -q --stdin --stdout --signer "$ID" > out.bin'
    [ "$status" -ne 0 ]
    # What came out is a beginning of the right content.
    cmp -n "$(stat -c %s out.bin)" out.bin tree/random
  done
}

@test "a signature of another stream does not vouch for this one" {
  echo other > other
  dcdn-send -q --stdout other | dcdn-sign sign > other.dcs
  # The unsigned tree, joined with something that is signed.
  run --separate-stderr -7 bash -c 'cat plain.dcs other.dcs | dcdn-recv --stdin --signer "$ID" -o out'
  assert [ ! -e out/tree ]
}

@test "signatures may come before, after and far from their segments" {
  local count
  count=$(edit_stream list < signed.dcs | wc -l)
  # To the very end: everything waits, and is let go then.
  edit_stream move 1 $((count - 1)) < signed.dcs > late.dcs
  dcdn-recv -q --stdin --signer "$ID" -o late < late.dcs
  diff -r tree late/tree
  edit_stream move 1 0 < signed.dcs > early.dcs
  dcdn-recv -q --stdin --signer "$ID" -o early < early.dcs
  diff -r tree early/tree
}

@test "--signer and --require-signature without --stdin are an error that says what decides" {
  for option in "--signer $ID" --require-signature; do
    # shellcheck disable=SC2086
    run --separate-stderr -2 dcdn-recv $option --allow "$OTHER" --listen 127.0.0.1:0 -o out
    [[ $stderr == *"--stdin"*"--allow"* ]]
  done
}

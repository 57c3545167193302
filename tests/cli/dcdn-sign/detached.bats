# sign --detached and verify --detached.
load ../../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen --key hq > id
  ID=$(cat id)
  printf 'abc' > file
}

@test "FILE.sig is the documented text beside the file" {
  run --separate-stderr -0 dcdn-sign sign --detached file
  [ -z "$output" ]
  [[ $stderr == *"file.sig written"* ]]
  {
    echo "dcdn file signature 1"
    echo "size: 3"
    echo "blake3: $(b3sum --no-names file)"
    echo "signer: $ID"
  } > expected
  cmp expected <(head -n 4 file.sig)
  grep -Eqx 'time: [0-9]+' <(sed -n 5p file.sig)
  grep -Eqx 'signature: [0-9a-f]{128}' <(sed -n 6p file.sig)
  assert_equal "$(wc -l < file.sig)" 6
}

@test "openssl and b3sum verify it without us, as the manual says" {
  dcdn-sign -q sign --detached file
  openssl pkey -in "$DCDN_HOME/keys/hq.pem" -pubout -out public.pem
  head -n 5 file.sig > statement
  sed -n 's/^signature: //p' file.sig | xxd -r -p > raw
  run -0 openssl pkeyutl -verify -rawin -pubin -inkey public.pem -in statement -sigfile raw
  assert_equal "$(sed -n 's/^blake3: //p' file.sig)" "$(b3sum --no-names file)"
}

@test "verify accepts it, by id, by name and by trust" {
  dcdn-sign -q sign --detached file
  run --separate-stderr -0 dcdn-sign verify --detached --signer "$ID" file
  assert_output "file: good signature by $ID"
  run -7 dcdn-sign verify --detached file
  dcdn-sign -q trust add hq "$ID"
  run --separate-stderr -0 dcdn-sign verify --detached file
  assert_output "file: good signature by hq $ID"
  run -0 dcdn-sign verify --detached --signer hq file
}

@test "the signature may have another name" {
  dcdn-sign -q sign --detached file
  mv file.sig elsewhere
  run -0 dcdn-sign verify --detached --signer "$ID" file elsewhere
  run -14 dcdn-sign verify --detached --signer "$ID" file
}

@test "a changed file and a changed signature are told apart" {
  dcdn-sign -q sign --detached file
  printf 'abd' > file
  run --separate-stderr -4 dcdn-sign verify --detached --signer "$ID" file
  [ -z "$output" ]
  [[ $stderr == *"is not the file that was signed"* ]]
  printf 'abcd' > file
  run -4 dcdn-sign verify --detached --signer "$ID" file
  printf 'abc' > file
  run -0 dcdn-sign verify --detached --signer "$ID" file
  sed -i 's/^time: .*/time: 1/' file.sig
  run -4 dcdn-sign verify --detached --signer "$ID" file
  assert_output --partial "it was altered"
  echo text > file.sig
  run -4 dcdn-sign verify --detached --signer "$ID" file
  head -c 100000 /dev/zero > file.sig
  run dcdn-sign verify --detached --signer "$ID" file
  [ "$status" -ne 0 ]
}

@test "a signer who is not accepted is named" {
  DCDN_HOME=$BATS_TEST_TMPDIR/other dcdn-sign -q keygen > other
  DCDN_HOME=$BATS_TEST_TMPDIR/other dcdn-sign -q sign --detached file
  run -7 dcdn-sign verify --detached --signer "$ID" file
  assert_output --partial "$(cat other)"
}

@test "never overwrites unless told to, and then signs none" {
  printf 'second' > second
  dcdn-sign -q sign --detached file
  local before
  before=$(cat file.sig)
  printf 'abd' > file
  run -14 dcdn-sign sign --detached second file
  assert_output --partial "hint: --overwrite replaces it"
  assert_equal "$(cat file.sig)" "$before"
  assert_not_exists second.sig
  dcdn-sign -q sign --detached --overwrite second file
  run -0 dcdn-sign verify --detached --signer "$ID" file
  run -0 dcdn-sign verify --detached --signer "$ID" second
}

@test "does not write through a link that waits at FILE.sig" {
  ln -s victim file.sig
  run -14 dcdn-sign sign --detached file
  assert_not_exists victim
}

@test "big, empty and strangely named files" {
  head -c 5000000 /dev/urandom > big
  : > empty
  local odd=$'odd\n\e[31mname'
  printf 'x' > "$odd"
  printf 'x' > -dash
  dcdn-sign -q sign --detached big empty "$odd" -- -dash
  for name in big empty ./-dash; do
    run -0 dcdn-sign verify --detached --signer "$ID" "$name"
  done
  run -0 dcdn-sign verify --detached --signer "$ID" "$odd"
  refute_output --partial $'\e'
}

@test "what is no file is refused" {
  mkdir dir
  run -14 dcdn-sign sign --detached dir
  assert_not_exists dir.sig
  run -14 dcdn-sign sign --detached absent
  assert_not_exists absent.sig
}

@test "--json" {
  run --separate-stderr -0 dcdn-sign -q --json sign --detached file
  assert_equal "$(jq -r '[.message_type, .path, .signature, .signer, .size] | join(" ")' <<< "$output")" \
    "file_signature file file.sig $ID 3"
  run --separate-stderr -0 dcdn-sign -q --json verify --detached --signer "$ID" file
  assert_equal "$(jq -r .blake3 <<< "$output")" "$(b3sum --no-names file)"
}

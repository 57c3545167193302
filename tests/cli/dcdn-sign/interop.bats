# Signatures and keys of OpenSSL, minisign and signify, both ways, with the real programs.
load ../../support/cli

setup() {
  setup_cli
  ID=$(dcdn-sign -q keygen)
  head -c 100000 /dev/urandom > file
  cp file other
  flip other 5000
}

@test "openssl: opens the key, verifies our signature, and we verify its" {
  openssl pkey -in "$DCDN_HOME/keys/default.pem" -pubout > by-openssl.pem
  dcdn-sign -q id --as openssl > by-us.pem
  cmp by-openssl.pem by-us.pem
  assert_equal "$(dcdn-sign id --public by-openssl.pem)" "$ID"
  dcdn-sign -q sign --detached --as openssl file
  assert_equal "$(stat -c %s file.sig)" 64
  openssl pkeyutl -verify -rawin -pubin -inkey by-us.pem -in file -sigfile file.sig
  run openssl pkeyutl -verify -rawin -pubin -inkey by-us.pem -in other -sigfile file.sig
  [ "$status" -ne 0 ]
  openssl genpkey -algorithm ed25519 -out theirs.pem
  openssl pkey -in theirs.pem -pubout > theirs.pub
  openssl pkeyutl -sign -rawin -inkey theirs.pem -in file -out theirs.sig
  dcdn-sign -q verify --detached --signer "$(dcdn-sign id --public theirs.pub)" file theirs.sig
  run -4 dcdn-sign verify --detached --signer "$(dcdn-sign id --public theirs.pub)" other theirs.sig
  run -4 dcdn-sign verify --detached --signer "$ID" file theirs.sig
  # Their secret key is one of ours.
  chmod 600 theirs.pem
  assert_equal "$(dcdn-sign id --key-file theirs.pem)" "$(dcdn-sign id --public theirs.pub)"
}

@test "minisign: verifies ours, and we verify its, hashed and not" {
  dcdn-sign -q id --as minisign > ours.pub
  dcdn-sign -q sign --detached --as minisign file
  run -0 minisign -V -p ours.pub -m file
  assert_output --partial "signed by $ID"
  run minisign -V -p ours.pub -m other -x file.minisig
  [ "$status" -ne 0 ]
  dcdn-sign -q verify --detached --signer "$ID" file
  minisign -G -W -p theirs.pub -s theirs.key > /dev/null
  key=$(dcdn-sign id --public theirs.pub)
  for form in -H -l; do
    minisign -S "$form" -s theirs.key -m file -x theirs.minisig -t "from the field" > /dev/null
    run -0 dcdn-sign verify --detached --signer "$key" file theirs.minisig --json
    assert_equal "$(jq -r '.format + " " + .comment' <<< "$output")" "minisign from the field"
    run -4 dcdn-sign verify --detached --signer "$key" other theirs.minisig
    run -4 dcdn-sign verify --detached --signer "$ID" file theirs.minisig
    sed 's/from the field/from the fleet/' theirs.minisig > altered.minisig
    run -4 dcdn-sign verify --detached --signer "$key" file altered.minisig
  done
}

@test "signify: verifies ours, and we verify its" {
  dcdn-sign -q id --as signify > ours.pub
  dcdn-sign -q sign --detached --as signify file
  signify-openbsd -V -q -p ours.pub -m file
  run signify-openbsd -V -q -p ours.pub -m other -x file.sig
  [ "$status" -ne 0 ]
  dcdn-sign -q verify --detached --signer "$ID" file
  signify-openbsd -G -n -p theirs.pub -s theirs.sec
  signify-openbsd -S -s theirs.sec -m file -x theirs.sig
  key=$(dcdn-sign id --public theirs.pub)
  dcdn-sign -q verify --detached --signer "$key" file theirs.sig
  run -4 dcdn-sign verify --detached --signer "$key" other theirs.sig
  dcdn-sign -q trust add them "$key"
  run -0 dcdn-sign verify --detached file theirs.sig
  assert_output --partial "good signature by them $key"
}

@test "broken files of theirs are refused, and ours are not overwritten" {
  dcdn-sign -q sign --detached --as minisign file
  run -14 dcdn-sign sign --detached --as minisign file
  dcdn-sign -q sign --detached --as minisign --overwrite file
  size=$(stat -c %s file.minisig)
  unsigned=$(($(head -n 1 file.minisig | wc -c) + 14))
  for ((at = 0; at < size; at += 3)); do
    # The untrusted comment is not signed; that is what it is called. The number of the key is a hint.
    [ "$at" -ge "$unsigned" ] || continue
    cp file.minisig bad
    flip bad "$at"
    run -4 dcdn-sign -q verify --detached --signer "$ID" file bad
  done
  for bad in "" "x" "untrusted comment: x" "untrusted comment: x
RWQ=" "untrusted comment: x
$(head -c 74 /dev/zero | base64 -w0)"; do
    printf '%s\n' "$bad" > bad
    run -4 dcdn-sign verify --detached --signer "$ID" file bad
    run -4 dcdn-sign id --public bad
  done
  openssl genpkey -algorithm x25519 | openssl pkey -pubout > x25519.pub
  run -4 dcdn-sign id --public x25519.pub
  assert_output --partial "not an ed25519 key"
}

# Keys as other programs, editors and shells hand them over.
# shellcheck disable=SC2154  # run sets stderr
load ../../support/cli

setup() {
  setup_cli
  echo content > file
  openssl genpkey -algorithm ed25519 -out plain.pem 2> said
  chmod 600 plain.pem
  ID=$(dcdn-sign id --key-file plain.pem)
}

@test "a key through a pipe: encrypted or not, for every command" {
  assert_equal "$(dcdn-sign id --key-file <(cat plain.pem))" "$ID"
  dcdn-sign -q sign --detached --key-file <(cat plain.pem) file
  dcdn-sign -q verify --detached --signer "$ID" file
  openssl pkcs8 -topk8 -in plain.pem -out locked.pem -passout pass:abc
  assert_equal "$(dcdn-sign id --key-file <(cat locked.pem) --passphrase-fd 3 3< <(echo abc))" "$ID"
  run -4 dcdn-sign id --key-file <(head -c 100000 /dev/zero)
  run -4 dcdn-sign id --key-file <(true)
}

@test "an encrypted key: the right words for scrypt and for a wrong passphrase" {
  openssl pkcs8 -topk8 -scrypt -in plain.pem -out scrypt.pem -passout pass:abc
  openssl pkcs8 -topk8 -in plain.pem -out locked.pem -passout pass:abc
  chmod 600 ./*.pem
  run -4 --separate-stderr dcdn-sign id --key-file scrypt.pem --passphrase-fd 3 3< <(echo abc)
  [[ $stderr == *scrypt*"openssl pkcs8 -topk8"* ]]
  run -7 --separate-stderr dcdn-sign id --key-file locked.pem --passphrase-fd 3 3< <(echo other)
  [[ $stderr == *"does not open it"* ]]
  # The way out is one.
  openssl pkcs8 -topk8 -in scrypt.pem -passin pass:abc -out again.pem -passout pass:new
  chmod 600 again.pem
  assert_equal "$(dcdn-sign id --key-file again.pem --passphrase-fd 3 3< <(echo new))" "$ID"
}

@test "a key of ssh-keygen is named, and the hint can be followed" {
  command -v ssh-keygen > found || skip "no ssh-keygen"
  ssh-keygen -q -t ed25519 -N '' -f ssh
  run -4 --separate-stderr dcdn-sign id --key-file ssh
  [[ $stderr == *ssh-keygen*"dcdn-sign keygen"* && $stderr != *"openssl pkcs8"* ]]
}

# windows FILE: as an editor there leaves it.
windows() { { printf '\xef\xbb\xbf'; sed 's/$/\r/' "$1"; } > windows; chmod 600 windows; }

@test "CR LF and a byte order mark" {
  windows plain.pem
  assert_equal "$(dcdn-sign id --key-file windows)" "$ID"
  for form in dcdn openssl minisign signify; do
    dcdn-sign id --key-file plain.pem --as $form > public
    windows public
    assert_equal "$(dcdn-sign id --public windows)" "$ID"
  done
  dcdn-sign -q trust add hq "$ID"
  windows "$DCDN_HOME/trusted_keys"
  cat windows > "$DCDN_HOME/trusted_keys"
  assert_equal "$(dcdn-sign trust list)" "hq $ID"
  dcdn-sign -q sign --detached --as minisign --key-file plain.pem file
  windows file.minisig
  mv windows file.minisig
  dcdn-sign -q verify --detached file
}

@test "a bare key of minisign is a node id" {
  bare=$(dcdn-sign id --key-file plain.pem --as minisign | tail -n 1)
  [[ $bare == RW* && ${#bare} -eq 56 ]]
  echo "$bare" > public
  assert_equal "$(dcdn-sign id --public public)" "$ID"
  dcdn-sign -q sign --detached --key-file plain.pem file
  dcdn-sign -q verify --detached --signer "$bare" file
  dcdn-sign -q trust add hq "$bare"
  assert_equal "$(dcdn-sign trust list)" "hq $ID"
  run -2 dcdn-sign trust add other "${bare:0:55}"
  run -2 dcdn-sign trust add other "RW${bare:2:53}!"
}

@test "keygen writes a line of the log before there is a key" {
  made=$(dcdn-sign -q keygen --key hq)
  dcdn-sign audit show | grep -q "the key $made is made, named hq"
  rm "$DCDN_HOME/audit.log"
  mkdir "$DCDN_HOME/audit.log"
  run -14 dcdn-sign keygen --key other
  [[ ! -e $DCDN_HOME/keys/other.pem ]]
  run -14 dcdn-sign rotate --key hq
  assert_equal "$(dcdn-sign id --key hq)" "$made"
}

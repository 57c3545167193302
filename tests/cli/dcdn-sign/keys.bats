# keygen and id: files, permissions, passphrases, openssl.
load ../../support/cli

setup() {
  setup_cli
}

@test "keygen prints the node id, id prints the same, in one line" {
  run --separate-stderr -0 dcdn-sign keygen --key hq
  local id=$output
  [[ $id =~ ^dcdn1[a-z2-7]{56}$ ]]
  [[ $stderr == *"$DCDN_HOME/keys/hq.pem, the default key"* ]]
  run --separate-stderr -0 dcdn-sign id
  assert_output "$id"
  [ -z "$stderr" ]
  run --separate-stderr -0 dcdn-sign id --key hq
  assert_output "$id"
}

@test "key files are private even under a careless umask" {
  umask 000
  dcdn-sign keygen --key hq
  assert_equal "$(stat -c %a "$DCDN_HOME/keys/hq.pem")" 600
  assert_equal "$(stat -c %a "$DCDN_HOME/keys")" 700
  assert_equal "$(stat -c %a "$DCDN_HOME")" 700
}

@test "keygen without a name makes the default key" {
  dcdn-sign keygen
  assert_file_exists "$DCDN_HOME/keys/default.pem"
  assert_not_symlink_to "$DCDN_HOME/keys/hq.pem" "$DCDN_HOME/keys/default.pem"
  run -14 dcdn-sign keygen
  assert_output --partial "never overwritten"
}

@test "keygen never overwrites" {
  dcdn-sign keygen --key hq
  local before
  before=$(b3sum < "$DCDN_HOME/keys/hq.pem")
  run --separate-stderr -14 dcdn-sign keygen --key hq
  [ -z "$output" ]
  [[ $stderr == *"there is a key of this name already"*"hint: "*"--key"* ]]
  assert_equal "$(b3sum < "$DCDN_HOME/keys/hq.pem")" "$before"
}

@test "a second key leaves the default alone and says so" {
  local first second
  first=$(dcdn-sign keygen --key hq)
  run --separate-stderr -0 dcdn-sign keygen --key field
  second=$output
  [[ $stderr == *"--key field"* ]]
  assert_equal "$(dcdn-sign id)" "$first"
  assert_equal "$(dcdn-sign id --key field)" "$second"
}

@test "a key that others may read is refused, with the way out" {
  dcdn-sign keygen --key hq
  chmod 640 "$DCDN_HOME/keys/hq.pem"
  run --separate-stderr -14 dcdn-sign id
  [ -z "$output" ]
  [[ $stderr == *"hint: chmod 600 "* ]]
  chmod 600 "$DCDN_HOME/keys/hq.pem"
  dcdn-sign id
}

@test "no key: the error says how to make one" {
  run -14 dcdn-sign id
  assert_output --partial "hint: make one with: dcdn-sign keygen"
  run -14 dcdn-sign id --key hq
  assert_output --partial "dcdn-sign keygen --key hq"
}

@test "key names cannot leave the folder" {
  for name in ../evil a/b .hidden "" "a b"; do
    run -2 dcdn-sign keygen "--key=$name"
  done
  assert_not_exists "$DCDN_HOME/evil.pem"
}

@test "openssl opens our keys, plain and encrypted, and finds the same public key" {
  dcdn-sign keygen --key hq
  openssl pkey -in "$DCDN_HOME/keys/hq.pem" -pubout -out pub.pem
  echo swordfish > pass
  dcdn-sign keygen --key enc --passphrase-fd 3 3< pass
  run -0 openssl pkey -in "$DCDN_HOME/keys/enc.pem" -passin file:pass -pubout
  run ! openssl pkey -in "$DCDN_HOME/keys/enc.pem" -passin pass:wrong -pubout
  grep -q 'BEGIN ENCRYPTED PRIVATE KEY' "$DCDN_HOME/keys/enc.pem"
}

@test "keys made by openssl are used, plain and encrypted" {
  openssl genpkey -algorithm ed25519 -out key.pem
  chmod 600 key.pem
  local id public
  id=$(dcdn-sign id --key-file key.pem)
  public=$(openssl pkey -in key.pem -pubout -outform DER | tail -c 32 | xxd -p -c 32)
  # A node id in hexadecimal is the raw public key.
  dcdn-sign trust add by-hex "$public"
  dcdn-sign trust list | grep -qx "by-hex $id"
  echo swordfish > pass
  openssl pkey -in key.pem -aes256 -passout file:pass -out locked.pem
  chmod 600 locked.pem
  run --separate-stderr -0 dcdn-sign id --key-file locked.pem --passphrase-fd 3 3< pass
  assert_output "$id"
}

@test "keys of other kinds are refused" {
  openssl genpkey -algorithm x25519 -out x.pem
  openssl genpkey -algorithm ed448 -out e448.pem
  openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
  openssl genpkey -algorithm ed25519 | openssl pkey -pubout -out public.pem
  echo text > text.pem
  : > empty.pem
  chmod 600 ./*.pem
  for file in x e448 ec public text empty; do
    run --separate-stderr -4 dcdn-sign id --key-file $file.pem
    [ -z "$output" ]
  done
}

@test "an encrypted key: right, wrong, no and empty passphrase" {
  printf 'swordfish\nrest is not read' > pass
  local id
  id=$(dcdn-sign keygen --passphrase-fd 3 3< pass)
  assert_equal "$(dcdn-sign id --passphrase-fd 3 3< pass)" "$id"
  assert_equal "$(printf swordfish | dcdn-sign id --passphrase-fd 0)" "$id"
  run -7 dcdn-sign id --passphrase-fd 0 <<< "wrong"
  run -7 no_terminal dcdn-sign id
  assert_output --partial "--passphrase-fd"
  run -2 dcdn-sign id --passphrase-fd 0 < /dev/null
  run -2 dcdn-sign id --passphrase-fd 9 9<&-
  assert_output --partial "not an open file descriptor"
  run -2 dcdn-sign id --passphrase-fd x
}

@test "a passphrase is never taken from the command line" {
  run -2 dcdn-sign keygen --passphrase=swordfish
  assert_not_exists "$DCDN_HOME/keys/default.pem"
}

@test "the terminal is asked twice, without echo" {
  command -v script > /dev/null || skip "script(1) is not installed"
  local first rest
  coproc PTY { script -qec 'dcdn-sign keygen --passphrase' /dev/null 2>&1; }
  # Typing waits for each question: what is typed before it is thrown away.
  read -r -d : first <&"${PTY[0]}"
  echo swordfish >&"${PTY[1]}"
  read -r -d : rest <&"${PTY[0]}"
  echo swordfish >&"${PTY[1]}"
  rest+=$(cat <&"${PTY[0]}")
  assert_equal "$first" "new passphrase"
  [[ $rest == *dcdn1* && $rest != *swordfish* ]]
  assert_equal "$(dcdn-sign id --passphrase-fd 0 <<< swordfish | wc -l)" 1
}

@test "two different answers make no key" {
  command -v script > /dev/null || skip "script(1) is not installed"
  coproc PTY { script -qec 'dcdn-sign keygen --passphrase' /dev/null 2>&1; }
  read -r -d : _ <&"${PTY[0]}"
  echo swordfish >&"${PTY[1]}"
  read -r -d : _ <&"${PTY[0]}"
  echo swordfsih >&"${PTY[1]}"
  [[ $(cat <&"${PTY[0]}") == *differ* ]]
  assert_not_exists "$DCDN_HOME/keys/default.pem"
}

@test "--json describes a key" {
  local id
  id=$(dcdn-sign keygen --key hq)
  run --separate-stderr -0 dcdn-sign id --key hq --json
  assert_equal "$(jq -r '[.message_type, .schema, .id, .name, .default] | join(" ")' <<< "$output")" "key 1 $id hq true"
  run --separate-stderr -14 dcdn-sign id --key nobody --json
  assert_equal "$(jq -r '.code' <<< "$output")" not_found
}

@test "a bad command line is usage" {
  for words in "" "keyge" "id --nme x" "id extra" "id --name a --file b" "keygen --passphrase --passphrase-fd 0" \
    "sign --overwrite" "sign --detached" "sign FILE" "verify FILE" "verify --detached a b c" "trust" "trust add x"; do
    # shellcheck disable=SC2086
    run --separate-stderr -2 dcdn-sign $words
    [ -z "$output" ]
    [[ $stderr == dcdn-sign:* ]]
  done
}

@test "no home at all is a configuration error" {
  unset DCDN_HOME
  run -11 env -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME "$DCDN_BIN/dcdn-sign" id
  assert_output --partial DCDN_HOME
}

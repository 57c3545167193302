# sign and verify as filters.
# shellcheck disable=SC2016  # the inner bash expands
# shellcheck disable=SC2094  # the pipes read a file twice and write none
load ../../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen --key hq > id
  ID=$(cat id)
  make_stream --name sample > plain.dcs
  dcdn-sign sign < plain.dcs > signed.dcs
}

# verify_fails STATUS FILE: fails with that status, and what came out is made of whole frames of signed.dcs only.
verify_fails() {
  run --separate-stderr "-$1" bash -c 'dcdn-sign verify --signer "$0" < "$1" > out.dcs' "$ID" "$2"
  [ -n "$stderr" ]
  edit_stream list < out.dcs > /dev/null
  only_signed_frames out.dcs
}

# Every frame of $1 is a frame of signed.dcs, bit for bit.
only_signed_frames() {
  frame_digests signed.dcs | sort -u > allowed
  frame_digests "$1" | sort -u > found
  [ -z "$(comm -13 allowed found)" ]
}

frame_digests() {
  local offset bytes
  edit_stream list < "$1" > "$1.list"
  while read -r _ _ offset bytes; do
    tail -c +$((offset + 1)) "$1" | head -c "$bytes" | b3sum
  done < "$1.list"
}

@test "the line of the manual works: sign | verify" {
  dcdn-sign sign < plain.dcs | dcdn-sign verify --signer "$ID" > verified.dcs
  cmp <(edit_stream list < verified.dcs) <(edit_stream list < signed.dcs)
}

@test "sign adds a signature after every segment and changes nothing else" {
  edit_stream list < signed.dcs | awk '{print $2}' > types
  assert_equal "$(tr '\n' ' ' < types)" "2 3 1 1 2 3 1 1 "
  edit_stream drop 5 < signed.dcs | edit_stream drop 1 | cmp - plain.dcs
}

@test "verify passes a good stream unchanged and says who signed it" {
  run --separate-stderr -0 bash -c 'dcdn-sign verify --signer "$0" < signed.dcs > out.dcs' "$ID"
  cmp out.dcs signed.dcs
  [[ $stderr == *"verified 1 objects, 2 segments, 4 chunks, signed by $ID"* ]]
}

@test "shapes: many chunks, chunks first, segments first, repeats, an empty object" {
  for shape in "--chunks 300 --per-segment 64" "--chunks-first" "--segments-first" "--repeat" "--repeat --omit-repeats" \
    "--chunks 0" "--chunks 1 --chunk-bytes 4194304" "--chunks 9 --chunk-bytes 1000000 --chunks-first --per-segment 3"; do
    # shellcheck disable=SC2086
    make_stream $shape | dcdn-sign sign > shape.dcs
    dcdn-sign -q verify --signer "$ID" < shape.dcs | cmp - shape.dcs
  done
}

@test "streams are read in whatever pieces they come" {
  for size in 1 7 4096; do
    dd if=signed.dcs bs=$size status=none | dcdn-sign -q verify --signer "$ID" | cmp - signed.dcs
  done
}

@test "a bit flipped anywhere in the bytes fails and lets nothing else out" {
  local size
  size=$(stat -c %s signed.dcs)
  # Every 61st byte, but not the flags (bytes 6 and 7 of a header), which this version ignores.
  for ((at = 0; at < size; at += 61)); do
    in_flags "$at" && continue
    cp signed.dcs bad.dcs
    flip bad.dcs "$at"
    run bash -c 'dcdn-sign verify --signer "$0" < bad.dcs > out.dcs' "$ID"
    # A length that now reaches beyond the end looks like a cut-off stream.
    [[ $status == 4 || $status == 3 ]]
    only_signed_frames out.dcs
  done
}

in_flags() {
  edit_stream list < signed.dcs | awk -v at="$1" '$3 + 6 <= at && at <= $3 + 7 { found = 1 } END { exit !found }'
}

@test "what is damaged or altered: the way out" {
  cp signed.dcs bad.dcs
  flip bad.dcs 60
  run_shell 4 "dcdn-sign verify --signer $ID < bad.dcs > out.dcs"
  [[ $stderr == *"hint: it was damaged or altered on its way: get another copy"* ]]
  edit_stream alter 1 -1 < signed.dcs > bad.dcs
  run_shell 4 "dcdn-sign verify --signer $ID < bad.dcs > out.dcs"
  [[ $stderr == *"hint: it is not what was signed: do not use it"* ]]
}

@test "frames altered with their checks made anew: every one is caught" {
  # 0 segment, 1 signature, 2 3 chunks, 4 segment, 5 signature, 6 7 chunks; the last byte of each body.
  for frame in 1 2 3 5 6 7; do
    edit_stream alter $frame -1 < signed.dcs > bad.dcs
    verify_fails 4 bad.dcs
  done
  # In a signature: signer, stream, index, segment, time.
  for byte in 0 32 64 72 104; do
    edit_stream alter 5 $byte < signed.dcs > bad.dcs
    verify_fails 4 bad.dcs
  done
  # An altered segment is another segment, and that one is not signed; its digest at the end is any digest.
  edit_stream alter 0 -1 < signed.dcs > bad.dcs
  run bash -c 'dcdn-sign verify --signer "$0" < bad.dcs > out.dcs' "$ID"
  [ "$status" -ne 0 ]
  only_signed_frames out.dcs
}

@test "frames left out: incomplete" {
  for frame in 0 2 3 4 5 6 7; do
    edit_stream drop $frame < signed.dcs > bad.dcs
    verify_fails 3 bad.dcs
  done
  # The signature of the second segment covers the first as well, through the chain.
  edit_stream drop 1 < signed.dcs > less.dcs
  dcdn-sign -q verify --signer "$ID" < less.dcs | cmp - less.dcs
}

@test "cut off anywhere: incomplete, and the prefix is good" {
  local size
  size=$(stat -c %s signed.dcs)
  for ((at = 300; at < size; at += 333)); do
    head -c "$at" signed.dcs > bad.dcs
    verify_fails 3 bad.dcs
    cmp -n "$(stat -c %s out.dcs)" out.dcs signed.dcs
  done
  : > bad.dcs
  verify_fails 3 bad.dcs
}

@test "unsigned and strangely signed streams are untrusted" {
  verify_fails 7 plain.dcs
  [[ $stderr == *"not signed"* ]]
  local stranger
  stranger=$(DCDN_HOME=$BATS_TEST_TMPDIR/other dcdn-sign -q keygen)
  DCDN_HOME=$BATS_TEST_TMPDIR/other dcdn-sign sign < plain.dcs > strange.dcs
  verify_fails 7 strange.dcs
  [[ $stderr == *"$stranger, who is not accepted"* ]]
  # Both signatures: enough, and the stranger's is left out.
  dcdn-sign sign < strange.dcs > both.dcs
  run -0 bash -c 'dcdn-sign verify --signer "$0" < both.dcs > out.dcs' "$ID"
  only_signed_frames_by_type out.dcs
  run -0 bash -c 'dcdn-sign -q verify --signer "$0" --signer "$1" < both.dcs | cmp - both.dcs' "$ID" "$stranger"
}

only_signed_frames_by_type() {
  assert_equal "$(edit_stream list < "$1" | awk '{printf "%s ", $2}')" "2 3 1 1 2 3 1 1 "
}

@test "signatures of another stream do not help" {
  make_stream --seed 2 | dcdn-sign sign > other.dcs
  cat plain.dcs other.dcs > bad.dcs
  run --separate-stderr -7 bash -c 'dcdn-sign verify --signer "$0" < bad.dcs > out.dcs' "$ID"
  cmp out.dcs other.dcs
}

@test "an intact chunk that nobody signed does not get out" {
  make_stream --seed 3 > other.dcs
  local offset bytes
  read -r _ _ offset bytes < <(edit_stream list < other.dcs | sed -n 2p)
  { cat signed.dcs; tail -c +$((offset + 1)) other.dcs | head -c "$bytes"; } > bad.dcs
  verify_fails 7 bad.dcs
}

@test "frames that no signature covers are left out, and counted" {
  edit_stream insert 2 32 < signed.dcs | edit_stream insert 5 127 > more.dcs
  run --separate-stderr -0 bash -c 'dcdn-sign verify --signer "$0" < more.dcs > out.dcs' "$ID"
  cmp out.dcs signed.dcs
  [[ $stderr == *"left out 2 frames"* ]]
}

@test "merged and repeated streams pass" {
  make_stream --seed 2 | dcdn-sign sign > other.dcs
  cat signed.dcs other.dcs signed.dcs > merged.dcs
  dcdn-sign -q verify --signer "$ID" < merged.dcs | cmp - merged.dcs
  { edit_stream drop 2 < signed.dcs; edit_stream drop 3 < signed.dcs; } > halves.dcs
  dcdn-sign -q verify --signer "$ID" < halves.dcs > /dev/null
}

@test "--hold limits what waits" {
  make_stream --chunks 4 --chunk-bytes 1000000 --per-segment 4 --chunks-first | dcdn-sign sign > big.dcs
  run_shell 8 'dcdn-sign verify --hold 1MiB --signer "$(cat id)" < big.dcs | cat; exit ${PIPESTATUS[0]}'
  [ -z "$output" ]
  run_shell 0 'dcdn-sign verify --hold 8MiB --signer "$(cat id)" < big.dcs | cmp - big.dcs'
  run -2 dcdn-sign verify --hold 1KiB --signer "$ID"
}

@test "without --key the trusted keys decide" {
  run_shell 7 'dcdn-sign verify < signed.dcs'
  [[ $stderr == *"nobody is trusted yet"* ]]
  dcdn-sign -q trust add hq "$ID"
  dcdn-sign -q verify < signed.dcs | cmp - signed.dcs
  dcdn-sign -q verify --signer hq < signed.dcs | cmp - signed.dcs
  run_shell 14 'dcdn-sign verify --signer nobody < signed.dcs'
  run_shell 2 'dcdn-sign verify --signer dcdn1mistyped < signed.dcs'
}

@test "a clock that jumps by years while a stream is signed and verified makes no difference" {
  local preload times
  preload=$(faketime '2001-01-01' env | sed -n 's/^LD_PRELOAD=//p')
  mkfifo unsigned signed
  echo "@2044-06-01 00:00:00" > clock
  jumping() { env LD_PRELOAD="$preload" FAKETIME_TIMESTAMP_FILE="$PWD/clock" FAKETIME_NO_CACHE=1 "$@"; }
  make_stream --chunks 4 --per-segment 1 > stream.dcs
  edit_stream list < stream.dcs > frames
  (jumping dcdn-sign sign < unsigned | tee jumped.dcs | jumping dcdn-sign -q verify --signer "$ID" > signed) &
  exec 4> unsigned 5< signed
  local offset=0 date
  for date in "1999-01-01 00:00:00" "2099-01-01 00:00:00" "2000-01-01 00:00:00"; do
    # A segment and its chunk go in; when the first bytes of them come out, the clock jumps.
    local bytes
    bytes=$(awk -v skip="$offset" 'NR > skip && NR <= skip + 2 { n += $4 } END { print n }' frames)
    tail -c +$(($(awk -v skip="$offset" 'NR <= skip { n += $4 } END { print n + 0 }' frames) + 1)) stream.dcs | head -c "$bytes" >&4
    head -c 100 <&5 > /dev/null
    echo "@$date" > clock
    offset=$((offset + 2))
  done
  tail -c +$(($(awk -v skip="$offset" 'NR <= skip { n += $4 } END { print n }' frames) + 1)) stream.dcs >&4
  exec 4>&-
  cat <&5 > /dev/null
  wait $!
  dcdn-sign -q verify --signer "$ID" < jumped.dcs | cmp - jumped.dcs
  # It did jump: the times of the signatures are those years.
  times=$(edit_stream list < jumped.dcs | while read -r _ type at _; do
    [ "$type" = 3 ] && tail -c +$((at + 24 + 104 + 1)) jumped.dcs | head -c 8 | od -An -t u8
  done | while read -r second; do date -u -d "@$second" +%Y; done | sort -u | wc -l)
  [ "$times" -ge 3 ]
}

@test "sign with a named, an encrypted and an openssl key" {
  dcdn-sign -q keygen --key field > field.id
  dcdn-sign sign --key field < plain.dcs | dcdn-sign -q verify --signer "$(cat field.id)" > /dev/null
  echo swordfish > pass
  dcdn-sign -q keygen --key enc --passphrase-fd 3 3< pass > enc.id
  dcdn-sign sign --key enc --passphrase-fd 3 3< pass < plain.dcs | dcdn-sign -q verify --signer "$(cat enc.id)" > /dev/null
  run_shell 7 'setsid -w dcdn-sign sign --key enc < plain.dcs'
  [ -z "$output" ]
  run_shell 2 'dcdn-sign sign --key enc --passphrase-fd 0 < plain.dcs'
  openssl genpkey -algorithm ed25519 -out key.pem
  chmod 600 key.pem
  dcdn-sign sign --key-file key.pem < plain.dcs | dcdn-sign -q verify --signer "$(dcdn-sign id --key-file key.pem)" > /dev/null
}

@test "sign refuses what is no stream, damaged or cut off" {
  run_shell 4 'echo hello | dcdn-sign sign'
  [ -z "$output" ]
  [[ $stderr == *"not a chunk stream"*"hint: "* ]]
  run_shell 4 'echo hello | dcdn-sign verify --signer "$(cat id)"'
  run_shell 3 'dcdn-sign sign < /dev/null'
  run_shell 3 'head -c 1500 plain.dcs | dcdn-sign sign > /dev/null'
  run_shell 3 'edit_stream drop 3 < plain.dcs | dcdn-sign sign > /dev/null'
  flip plain.dcs 500
  run_shell 4 'dcdn-sign sign < plain.dcs > /dev/null'
}

@test "a closed standard output ends both quietly with 141" {
  make_stream --chunks 400 --chunk-bytes 10000 | dcdn-sign sign > big.dcs
  run_shell 141 'set -o pipefail; dcdn-sign sign < big.dcs | head -c 10 > /dev/null'
  [ -z "$stderr" ]
  run_shell 141 'set -o pipefail; dcdn-sign verify --signer "$(cat id)" < big.dcs | head -c 10 > /dev/null'
  [ -z "$stderr" ]
}

@test "a full disk is an error, not a success" {
  [ -c /dev/full ] || skip "no /dev/full"
  run_shell 10 'dcdn-sign verify --signer "$(cat id)" < signed.dcs > /dev/full'
  run_shell 10 'dcdn-sign sign < plain.dcs > /dev/full'
}

@test "terminals are refused at both ends" {
  command -v script > /dev/null || skip "script(1) is not installed"
  run -2 script -qec 'dcdn-sign sign < plain.dcs' /dev/null
  assert_output --partial "standard output is a terminal"
  run -2 script -qec 'dcdn-sign sign > out.dcs' /dev/null
  assert_output --partial "standard input is a terminal"
  run -2 script -qec 'dcdn-sign verify --signer x > out.dcs' /dev/null
  assert_output --partial "standard input is a terminal"
}

@test "--json puts the summary on standard error, data stays clean" {
  run --separate-stderr -0 bash -c 'dcdn-sign -q --json verify --signer "$0" < signed.dcs > out.dcs' "$ID"
  cmp out.dcs signed.dcs
  assert_equal "$(jq -r '[.message_type, .signers[0], .chunks] | join(" ")' <<< "$stderr")" "summary $ID 4"
  run --separate-stderr -0 bash -c 'dcdn-sign -q --json sign < plain.dcs > out.dcs'
  assert_equal "$(jq -r '[.message_type, .signer, .segments] | join(" ")' <<< "$stderr")" "summary $ID 2"
  run --separate-stderr -7 bash -c 'dcdn-sign -q --json verify --signer "$0" < plain.dcs > out.dcs' "$ID"
  assert_equal "$(jq -r '.code' <<< "$stderr")" untrusted
}

@test "a live stream gets through before its end" {
  mkfifo in out
  dcdn-sign -q verify --signer "$ID" < in > out &
  exec 4> in 5< out
  read -r _ _ offset _ < <(edit_stream list < signed.dcs | sed -n 5p)
  head -c "$offset" signed.dcs >&4
  # The first segment is there whole while the input is still open.
  head -c "$offset" <&5 | cmp - <(head -c "$offset" signed.dcs)
  tail -c +$((offset + 1)) signed.dcs >&4
  exec 4>&-
  cat <&5 | cmp - <(tail -c +$((offset + 1)) signed.dcs)
  wait $!
}

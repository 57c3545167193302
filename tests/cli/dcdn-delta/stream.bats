# make and apply: deltas as chunk streams.
load ../../support/cli

setup() {
  setup_cli
  seq 200000 > old
  { seq 60000; echo 'put in the middle'; seq 70000 200000; } > new
}

@test "what make wrote is an ordinary stream: signed, verified, unpacked, applied" {
  dcdn-sign -q keygen --key hq > id
  dcdn-delta make --basis old new | dcdn-sign sign > signed.dcs
  dcdn-sign -q verify --signer "$(cat id)" < signed.dcs | dcdn-delta apply --basis old | cmp - new
  dcdn-recv -q --stdin -o unpacked < signed.dcs
  dcdn-delta apply --basis old unpacked/new.delta out
  cmp out new
  # Damage is caught by the signature and by the stream, whatever the delta would make of it.
  edit_stream alter 2 -1 < signed.dcs > bad.dcs
  run_shell 4 'dcdn-sign -q verify --signer "$(cat id)" < bad.dcs > /dev/null'
}

@test "both methods, both kinds of basis, any sizes" {
  : > empty
  printf x > tiny
  local basis target method
  for basis in old empty tiny; do
    dcdn-delta signature --overwrite --compact $basis sig
    for target in new old empty tiny; do
      for method in auto blocks reference; do
        dcdn-delta make --method $method --basis $basis $target | dcdn-delta apply --basis $basis | cmp - $target
      done
      dcdn-delta make --signature sig $target | dcdn-delta apply --basis $basis | cmp - $target
    done
  done
}

@test "the smaller one wins and the report says which" {
  local small
  method_of() { dcdn-delta make --json --method auto --basis "$1" "$2" 2>&1 >/dev/null | jq -r .method; }
  sed 's/77\(.\)$/7x\1/' old > edited
  assert_equal "$(method_of old edited)" reference
  assert_equal "$(method_of old old)" same
  # Random bytes, some replaced: nothing but blocks.
  head -c 8000000 /dev/urandom > random
  cp random changed
  head -c 4096 /dev/urandom | dd of=changed bs=4096 seek=700 conv=notrunc status=none
  local auto reference blocks
  auto=$(dcdn-delta make --basis random changed | wc -c)
  reference=$(dcdn-delta make --method reference --basis random changed | wc -c)
  blocks=$(dcdn-delta make --method blocks --basis random changed | wc -c)
  [ "$auto" -le "$reference" ]
  [ "$auto" -le "$blocks" ]
  [ "$auto" -lt 6000 ]
  small=$(dcdn-delta make --basis old old | wc -c)
  [ "$small" -lt 300 ]
}

@test "a wrong basis is refused before anything is made" {
  dcdn-delta make --basis old new it.dcs
  run --separate-stderr -4 dcdn-delta apply --basis new it.dcs out
  [[ $stderr == *"new: is not the file that the delta was made for"*"hint: "*"$(b3sum --no-names old)"* ]]
  assert_not_exists out
  run_shell 4 'dcdn-delta apply --basis new it.dcs'
  [ -z "$output" ]
}

@test "unpacked deltas that were altered make nothing" {
  local method size at byte
  for method in blocks reference; do
    dcdn-delta make --method $method --basis old new | dcdn-recv -q --stdin -o $method
    size=$(stat -c %s $method/new.delta)
    for ((at = 0; at < size; at += size / 25)); do
      cp $method/new.delta bad
      byte=$(xxd -s "$at" -l 1 -p bad)
      printf '%02x' $((0x$byte ^ 8)) | xxd -r -p | dd of=bad bs=1 seek="$at" conv=notrunc status=none
      run dcdn-delta apply --basis old bad out
      [[ $status == 4 || $status == 3 ]]
      head -c "$at" $method/new.delta > bad
      run dcdn-delta apply --basis old bad out
      [[ $status == 4 || $status == 3 ]]
      assert_not_exists out
    done
  done
}

@test "equal input gives equal streams, whatever the threads" {
  dcdn-delta make --basis old new > one
  dcdn-delta make --jobs 1 --basis old new | cmp - one
  # shellcheck disable=SC2002
  cat new | dcdn-delta make --basis old - | dcdn-delta apply --basis old | cmp - new
}

@test "arguments that cannot work are refused" {
  rdiff signature old theirs
  run --separate-stderr -2 dcdn-delta make --signature theirs new out
  [[ $stderr == *"does not say which file"*"--compact"* ]]
  run -2 dcdn-delta make new out
  run -2 dcdn-delta make --basis old --signature theirs new out
  run -2 dcdn-delta make --basis - - out
  run -2 dcdn-delta apply
  run -2 dcdn-delta make --level 20 --basis old new
  dcdn-delta signature --compact old sig
  run -2 dcdn-delta make --method reference --signature sig new out
  run -4 dcdn-delta apply --basis old new out
  assert_not_exists out
}

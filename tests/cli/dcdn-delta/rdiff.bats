# signature, delta and patch, beside the real rdiff.
load ../../support/cli

setup() {
  setup_cli
  head -c 700001 /dev/urandom > old
  { head -c 100000 old; printf 'put in the middle'; tail -c +150000 old; head -c 5000 /dev/urandom; } > new
}

@test "every kind of signature is the one rdiff writes" {
  local hash rolling block
  for hash in blake2 md4; do
    for rolling in rabinkarp rollsum; do
      for block in 64 512 4096 1000000; do
        for file in old new /dev/null; do
          rdiff -f -H $hash -R $rolling -b $block -S 8 signature $file theirs
          dcdn-delta signature --hash $hash --rolling $rolling --block-size $block --hash-bytes 8 $file > ours
          cmp theirs ours
        done
      done
    done
  done
}

@test "each program applies what the other made, through all kinds" {
  local hash rolling
  for hash in blake2 md4; do
    for rolling in rabinkarp rollsum; do
      rdiff -f -H $hash -R $rolling -b 700 signature old theirs.sig
      dcdn-delta signature --overwrite --hash $hash --rolling $rolling old ours.sig
      rdiff -f delta ours.sig new theirs.delta
      dcdn-delta delta --overwrite theirs.sig new ours.delta
      rdiff -f patch old ours.delta theirs.new
      cmp new theirs.new
      dcdn-delta -q patch old theirs.delta | cmp - new
      dcdn-delta delta --plain theirs.sig new > plain.delta
      rdiff -f patch old plain.delta theirs.new
      cmp new theirs.new
    done
  done
}

@test "sizes around a block, both ways" {
  local size other
  for size in 0 1 255 256 257 511 512 513 1000; do
    head -c $size old > a
    rdiff -f -b 256 signature a theirs.sig
    for other in 0 1 256 300 512 900; do
      tail -c $other a > b
      dcdn-delta delta --overwrite theirs.sig b ours.delta
      rdiff -f patch a ours.delta theirs
      cmp b theirs
      rdiff -f delta theirs.sig b theirs.delta
      dcdn-delta -q patch a theirs.delta | cmp - b
    done
  done
}

@test "pipes everywhere" {
  # shellcheck disable=SC2002
  cat old | dcdn-delta signature - > piped.sig
  dcdn-delta signature --block-size 2KiB old | cmp - piped.sig
  dcdn-delta signature - < old | cmp - <(dcdn-delta signature old)
  # shellcheck disable=SC2002
  cat piped.sig | dcdn-delta delta - new > one
  # shellcheck disable=SC2002
  cat new | dcdn-delta delta piped.sig - > two
  cmp one two
  # shellcheck disable=SC2002
  cat one | dcdn-delta patch old - | cmp - new
  # shellcheck disable=SC2002
  cat old | dcdn-delta patch - one | cmp - new
  # shellcheck disable=SC2002
  cat old | dcdn-delta signature --compact - | dcdn-delta delta - new | dcdn-delta patch old - | cmp - new
  run -2 dcdn-delta delta - - < old
  run -2 dcdn-delta patch - - < old
}

@test "the number of threads changes nothing" {
  head -c 20000000 /dev/urandom > big
  { tail -c 7000000 big; head -c 9000000 big; } > moved
  local threads
  for threads in 1 2 7; do
    dcdn-delta signature --jobs $threads big > sig.$threads
    dcdn-delta delta --jobs $threads sig.1 moved > delta.$threads
    dcdn-delta patch --jobs $threads big delta.1 | cmp - moved
  done
  cmp sig.1 sig.2
  cmp sig.1 sig.7
  cmp delta.1 delta.2
  cmp delta.1 delta.7
  [ "$(stat -c %s delta.1)" -lt 200000 ]
}

@test "a wrong old file is an error before there is any output" {
  dcdn-delta signature old | dcdn-delta delta - new > it.delta
  cp old wrong
  printf 'X' | dd of=wrong bs=1 seek=50 conv=notrunc status=none
  run --separate-stderr -4 dcdn-delta patch wrong it.delta out
  [[ $stderr == *"the result is not what the delta was made for"*"hint: "*wrong* ]]
  run_shell 4 'dcdn-delta patch wrong it.delta'
  [ -z "$output" ]
  head -c 300000 old > short
  run --separate-stderr -4 dcdn-delta patch short it.delta out
  [[ $stderr == *"beyond its end"* ]]
  assert_equal "$(find . -name 'out*')" ""
}

@test "--expect checks what rdiff's deltas do not say" {
  rdiff signature old sig
  rdiff delta sig new it.delta
  run --separate-stderr -0 dcdn-delta patch --expect "$(b3sum --no-names new)" old it.delta out
  [ -z "$stderr" ]
  cmp out new
  run -4 dcdn-delta patch --overwrite --expect "$(b3sum --no-names old)" old it.delta out
  cmp out new
  run -2 dcdn-delta patch --expect abc old it.delta
  run --separate-stderr -0 dcdn-delta patch --overwrite old it.delta out
  [[ $stderr == *"$(b3sum --no-names new)"* ]]
}

@test "damaged deltas and signatures never make a file" {
  dcdn-delta signature old | dcdn-delta delta - new > it.delta
  local size at byte
  size=$(stat -c %s it.delta)
  for ((at = 0; at < size; at += size / 40)); do
    cp it.delta bad
    byte=$(xxd -s "$at" -l 1 -p it.delta)
    printf '%02x' $((0x$byte ^ 16)) | xxd -r -p | dd of=bad bs=1 seek="$at" conv=notrunc status=none
    run dcdn-delta -q patch old bad out
    [[ $status == 4 || $status == 3 ]]
    assert_not_exists out
    head -c "$at" it.delta > bad
    run dcdn-delta -q patch old bad out
    [[ $status == 4 || $status == 3 ]]
    assert_not_exists out
  done
  run -4 dcdn-delta delta new old out
  run -4 dcdn-delta delta /dev/null old out
  run -4 dcdn-delta patch old new out
  dcdn-delta signature old > sig
  head -c 1000 sig > bad
  run -4 dcdn-delta delta bad new out
  assert_not_exists out
}

@test "files are replaced only when told to, also the old one by the new" {
  dcdn-delta signature old sig
  run --separate-stderr -14 dcdn-delta signature old sig
  [[ $stderr == *"sig: exists already"*"--overwrite"* ]]
  dcdn-delta delta sig new it.delta
  run -14 dcdn-delta patch old it.delta old
  dcdn-delta patch --overwrite old it.delta old
  cmp old new
  assert_equal "$(find . -name '*dcdn-new*')" ""
}

@test "--stats and --json tell what was found" {
  run --separate-stderr -0 dcdn-delta signature --stats --block-size 1KiB old sig
  [[ $stderr == *"684 blocks of 1024 bytes"* ]]
  run -0 dcdn-delta --json delta sig new it.delta
  assert_equal "$(jq -r '[.message_type, .new_bytes, .blake3] | join(" ")' <<< "$output")" \
    "summary $(stat -c %s new) $(b3sum --no-names new)"
  assert_equal "$(jq '.copied_bytes + .literal_bytes == .new_bytes' <<< "$output")" true
  run -0 dcdn-delta --json patch old it.delta out
  assert_equal "$(jq -r '[.checked, .blake3] | join(" ")' <<< "$output")" "true $(b3sum --no-names new)"
  run --separate-stderr -0 bash -c 'dcdn-delta --json patch old it.delta > out2'
  cmp out2 new
  assert_equal "$(jq -r .message_type <<< "$stderr")" summary
}

@test "identical files cost about a hundred bytes" {
  dcdn-delta signature old > sig
  dcdn-delta delta sig old > it.delta
  [ "$(stat -c %s it.delta)" -le 100 ]
  dcdn-delta delta --plain sig old > plain
  rdiff delta sig old theirs
  cmp plain theirs
}

@test "a terminal, a closed output, a full disk, missing files, directories" {
  run_shell 141 'set -o pipefail; dcdn-delta signature --block-size 64 old | head -c 10 > /dev/null'
  [ -z "$stderr" ]
  run_shell 10 'dcdn-delta signature old > /dev/full'
  run -14 dcdn-delta signature missing
  run -14 dcdn-delta signature . out
  run -14 dcdn-delta signature old missing/out
  run -2 dcdn-delta
  run -2 dcdn-delta signature --block-size 1 old
  run -2 dcdn-delta signature --hash md4 --hash-bytes 17 old
  run -2 script -qec 'dcdn-delta signature old' /dev/null
  assert_output --partial "standard output is a terminal"
}

@test "interrupted: no output, no rest" {
  dcdn-delta signature old sig
  mkfifo in
  dcdn-delta delta sig in out &
  local pid=$!
  exec 4> in
  printf 'some bytes' >&4
  # The result has no name yet, or one of its own where the file system cannot do without.
  local tries=0
  until [ -n "$(find "/proc/$pid/fd" -lname '*(deleted)' -o -lname '*dcdn-new*')" ]; do
    ((++tries < 200))
    sleep 0.05
  done
  kill -TERM $pid
  local status=0
  wait $pid || status=$?
  assert_equal $status 143
  exec 4>&-
  assert_equal "$(find . -name 'out*' -o -name '.out*')" ""
}

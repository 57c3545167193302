# Chunk streams that were cut, damaged, shuffled or written by an enemy: dcdn-recv --stdin.
load ../support/cli

setup() {
  setup_cli
  mkdir tree
  head -c 600000 /dev/urandom > tree/random
  seq 20000 > tree/text
  ln -s text tree/link
  dcdn-send -q --stdout --chunk-size 64KiB tree > good.dcs
}

frames() {
  edit_stream list < "$1" | wc -l
}

# Frame $2 of $1, whole.
frame_of() {
  local number type offset bytes
  read -r number type offset bytes < <(edit_stream list < "$1" | sed -n "$(($2 + 1))p")
  tail -c +$((offset + 1)) "$1" | head -c "$bytes"
}

assert_unpacked() {
  diff -r --no-dereference tree "$1/tree"
  assert_equal "$(ls -A "$1")" tree
}

# No final name, whatever is kept for later.
assert_nothing_named() {
  assert_equal "$(find "$1" -mindepth 1 -maxdepth 1 ! -name '.dcdn-part*' | wc -l)" 0
}

@test "streams may be joined: cat a.dcs b.dcs" {
  echo other > other
  dcdn-send -q --stdout other > other.dcs
  cat good.dcs other.dcs | dcdn-recv -q --stdin -o out
  diff -r --no-dereference tree out/tree
  cmp other out/other
}

@test "frames in any order, backwards and at random, give the same tree" {
  local count i
  count=$(frames good.dcs)
  for ((i = count - 1; i >= 0; --i)); do frame_of good.dcs "$i"; done > backwards.dcs
  assert_equal "$(stat -c %s backwards.dcs)" "$(stat -c %s good.dcs)"
  dcdn-recv -q --stdin -o backwards < backwards.dcs
  assert_unpacked backwards
  for seed in 1 2 3; do
    seq 0 $((count - 1)) | shuf --random-source=<(yes "$seed") > order
    while read -r i; do frame_of good.dcs "$i"; done < order > shuffled.dcs
    dcdn-recv -q --stdin -o "shuffled$seed" < shuffled.dcs
    assert_unpacked "shuffled$seed"
  done
}

@test "repeated frames and whole streams do no harm" {
  cat good.dcs good.dcs good.dcs > thrice.dcs
  run --separate-stderr -0 dcdn-recv --json --stdin -o out < thrice.dcs
  assert_unpacked out
  assert_equal "$(jq -r 'select(.message_type == "summary") | .objects' <<< "$output")" 1
  edit_stream repeat 1 < good.dcs | dcdn-recv -q --stdin -o out2
  assert_unpacked out2
}

@test "frames of unknown types are skipped" {
  edit_stream insert 0 127 < good.dcs | edit_stream insert 3 31 | dcdn-recv -q --stdin -o out
  assert_unpacked out
}

@test "cut off anywhere: exit 3, no name, and the rest completes it" {
  local size at
  size=$(stat -c %s good.dcs)
  for at in $((size / 3)) $((size / 2)) $((size - 1)); do
    run --separate-stderr -3 bash -c 'head -c "$0" good.dcs | dcdn-recv --stdin -o "out$0"' "$at"
    [[ $stderr == *"parts are missing"* && $stderr == *"hint: "* ]]
    assert_nothing_named "out$at"
    run --separate-stderr -0 bash -c 'cat good.dcs | dcdn-recv --stdin -o "out$0"' "$at"
    assert_unpacked "out$at"
  done
}

@test "the rest alone completes it: what came before the cut is not needed again" {
  local cut offset
  cut=$(($(frames good.dcs) / 2))
  offset=$(edit_stream list < good.dcs | sed -n "$((cut + 1))p" | cut -d' ' -f3)
  # The manifest is a frame of the beginning; without it nobody knows what the chunks are.
  run -3 bash -c 'head -c "$0" good.dcs | dcdn-recv --stdin -o out' "$offset"
  (frame_of good.dcs 0; tail -c +$((offset + 1)) good.dcs) > rest.dcs
  (($(stat -c %s rest.dcs) < $(stat -c %s good.dcs) * 2 / 3))
  dcdn-recv -q --stdin -o out < rest.dcs
  assert_unpacked out
}

@test "one damaged copy: exit 3 and how much; a second copy with other damage mends it" {
  cp good.dcs bad.dcs
  printf 'XXXXXXXXXX' | dd of=bad.dcs bs=1 seek=200000 conv=notrunc status=none
  run --separate-stderr -3 dcdn-recv --stdin -o out < bad.dcs
  [[ $stderr == *"were damaged"* ]]
  assert_nothing_named out
  cp good.dcs worse.dcs
  printf 'XXXXXXXXXX' | dd of=worse.dcs bs=1 seek=400000 conv=notrunc status=none
  run --separate-stderr -0 bash -c 'cat bad.dcs worse.dcs | dcdn-recv --stdin -o both'
  assert_unpacked both
  [[ $stderr == *"damaged"* ]]
  # And the one that was kept is mended as well.
  dcdn-recv -q --stdin -o out < worse.dcs
  assert_unpacked out
}

@test "bytes lost from the middle and rubbish put in between are passed over" {
  (head -c 100000 good.dcs; tail -c +100051 good.dcs; cat good.dcs) | dcdn-recv -q --stdin -o lost
  assert_unpacked lost
  (head -c 5000 /dev/urandom; cat good.dcs; head -c 5000 /dev/urandom) | dcdn-recv -q --stdin -o rubbish
  assert_unpacked rubbish
}

@test "a flipped bit anywhere gives the right tree or none" {
  local size at
  size=$(stat -c %s good.dcs)
  for at in 0 5 9 13 30 100 200 300 700 90000 $((size / 2)) $((size - 10)); do
    cp good.dcs bad.dcs
    flip bad.dcs "$at"
    run --separate-stderr dcdn-recv --stdin -o "out$at" < bad.dcs
    if [ "$status" -eq 0 ]; then assert_unpacked "out$at"; else assert_nothing_named "out$at"; fi
  done
}

flip() {
  local byte
  byte=$(xxd -s "$2" -l 1 -p "$1")
  printf '%02x' $((0x$byte ^ 4)) | xxd -r -p | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "frames altered with their checks made anew: nothing wrong gets a name" {
  local count frame byte  # not i: run changes it
  count=$(frames good.dcs)
  for ((frame = 0; frame < count; frame += 3)); do
    for byte in 0 1 40 -1; do
      edit_stream alter "$frame" "$byte" < good.dcs > bad.dcs
      run --separate-stderr dcdn-recv --stdin -o "out$frame.$byte" < bad.dcs
      if [ "$status" -eq 0 ]; then
        # Names and times of an unsigned stream can be changed by anybody; content cannot.
        assert_equal "$(contents "out$frame.$byte")" "$(contents tree)"
      else
        assert_nothing_named "out$frame.$byte"
      fi
    done
  done
}

# What the files hold, whatever they are called.
contents() {
  find "$1" -type f -exec sha256sum {} + | cut -d' ' -f1 | sort
}

@test "what is no chunk stream: nothing, text, zeros, random bytes, half a header" {
  head -c 3000000 /dev/urandom > random
  truncate -s 3M zeros
  head -c 11 good.dcs > half
  for input in /dev/null tree/text random zeros half; do
    run --separate-stderr dcdn-recv --stdin -o out < "$input"
    [[ $status == 3 || $status == 4 ]]
    [ -z "$output" ]
    [ -n "$stderr" ]
    assert_nothing_named out
  done
}

@test "a producer that fails: its stream just ends, and that is told by exit 3" {
  run --separate-stderr -3 bash -c '(cat good.dcs | head -c 300000; exit 1) | dcdn-recv --stdin -o out'
  assert_nothing_named out
}

@test "nothing at all: the question is what the command before did" {
  run --separate-stderr -4 dcdn-recv --stdin -o out < /dev/null
  [[ $stderr == *"standard input is empty: did the command before fail?"* ]]
}

@test "chunks without their manifest: that is said, and the way out works" {
  local size
  head -c 400000 /dev/urandom > tree/random  # all of it in one segment, which comes first
  dcdn-send -q --stdout --chunk-size 64KiB tree > good.dcs
  size=$(stat -c %s good.dcs)
  head -c $((size / 2)) good.dcs > first
  tail -c +$((size / 2 + 1)) good.dcs > second
  run --separate-stderr -3 dcdn-recv --stdin -o out < first
  [[ $stderr == *"hint: what is here is kept"*"cat PART"* ]]
  run --separate-stderr -3 dcdn-recv --stdin -o out < second
  [[ $stderr == *"chunks, and not the manifest"*"hint: "*"cat PART"* ]]
  assert_nothing_named out
  cat first second | dcdn-recv -q --stdin -o out
  diff -r --no-dereference tree out/tree
}

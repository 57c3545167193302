# Chunk streams that an enemy wrote to get out of the directory, or to fill it: dcdn-recv --stdin.
#
# An honest stream is packed, then single bits of its manifest are flipped and the frame's checks are made anew:
# '.' and '/' differ in one bit, so ".../x" becomes "../" and ".etc" becomes "/etc". A manifest with one bit changed is a
# manifest like any other as long as nobody signed it.
load ../support/cli

setup() {
  setup_cli
  mkdir tree
}

# pack_and_forge NAME OFFSET: packs tree, flips the lowest bit of the byte OFFSET after the start of NAME in segment 0.
pack_and_forge() {
  local at
  dcdn-send -q --stdout tree > honest.dcs
  at=$(LC_ALL=C grep -abo -F -- "$1" honest.dcs | head -n 1 | cut -d: -f1)
  edit_stream alter 0 $((at - 24 + $2)) < honest.dcs > forged.dcs
  ! cmp -s honest.dcs forged.dcs
}

# The forged stream is refused, and nothing of it is anywhere.
assert_refused() {
  run --separate-stderr dcdn-recv --stdin -o out < forged.dcs
  [[ $status -ne 0 && $status -lt 126 ]]
  [ -n "$stderr" ]
  assert [ ! -e out/tree ]
  assert_equal "$(find . -newer forged.dcs -not -path './out*' -not -path . -not -path './home*' | wc -l)" 0
}

@test "a path that climbs out: ../x" {
  echo evil > tree/...x
  pack_and_forge ...x 2
  assert_refused
  assert_equal "$status" 4
  assert [ ! -e out/x ]
}

@test "a path that climbs in the middle: a/../x" {
  mkdir tree/a
  echo evil > tree/a/...x
  pack_and_forge a/...x 4
  assert_refused
}

@test "an absolute path" {
  echo evil > tree/.tmp-dcdn-evil
  pack_and_forge .tmp-dcdn-evil 0
  assert_refused
  assert [ ! -e /tmp-dcdn-evil ]
}

@test "empty and dot components: a//x, a/./x" {
  mkdir tree/a
  echo evil > tree/a/.x
  pack_and_forge a/.x 2
  assert_refused
  rm -r tree/a
  mkdir tree/a
  echo evil > tree/a/..x
  pack_and_forge a/..x 3
  assert_refused
}

@test "a NUL in a name" {
  echo evil > $'tree/a\001b'
  pack_and_forge $'a\001b' 1
  assert_refused
}

@test "two entries of one name" {
  echo 1 > tree/name-b
  echo 2 > tree/name-c
  pack_and_forge name-bc 6  # of the second, what it does not share with the first
  assert_refused
}

# As the vector of the format has it: no honest stream is a few bits away from one.
@test "a file below a symlink: the link is not followed" {
  mkdir outside
  sed -n '/^body:/,$p' "$BATS_TEST_DIRNAME/../vectors/wire/object-symlink-parent.vec" | tail -n +2 | xxd -r -p > forged.dcs
  [[ -s forged.dcs ]]
  run --separate-stderr -4 dcdn-recv --stdin -o out < forged.dcs
  [[ $stderr == *"parent that is not a directory"* ]]
  assert_equal "$(find out -mindepth 1 ! -path '*/.dcdn-part*' | wc -l)" 0
}

@test "symlinks whose target leaves the tree: upwards, absolute" {
  ln -s ...nowhere tree/link
  pack_and_forge ...nowhere 2
  assert_refused
  rm tree/link
  ln -s .etc-passwd tree/link
  pack_and_forge .etc-passwd 0
  assert_refused
}

@test "a symlink in the output directory is not followed" {
  mkdir tree/sub elsewhere out
  echo evil > tree/sub/x
  dcdn-send -q --stdout tree > stream.dcs
  ln -s ../elsewhere out/tree
  for policy in "" --overwrite --skip --rename; do
    # shellcheck disable=SC2086
    run --separate-stderr dcdn-recv --stdin $policy -o out < stream.dcs
    assert_equal "$(find elsewhere -mindepth 1 | wc -l)" 0
  done
  rm -rf out
  mkdir -p out/tree
  ln -s ../../elsewhere out/tree/sub
  run --separate-stderr dcdn-recv --stdin --overwrite -o out < stream.dcs
  assert_equal "$(find elsewhere -mindepth 1 | wc -l)" 0
}

@test "object names that are no plain names" {
  for name in .. . ../evil /etc/evil a/b ''; do
    make_stream --name "$name" > named.dcs 2> /dev/null || continue
    run --separate-stderr dcdn-recv --stdin -o out < named.dcs
    [ "$status" -ne 0 ] || [ -z "$name" ]
    assert [ ! -e evil ]
    assert_equal "$(find out -mindepth 1 -type f ! -path '*/.dcdn-part*' | grep -vc '^out/stdin$')" 0
  done
}

@test "the receiver's own staging folder cannot be named" {
  make_stream --name .dcdn-part > named.dcs
  run --separate-stderr -13 dcdn-recv --stdin -o out < named.dcs
  [[ $stderr == *"hint: "* ]]
  assert_equal "$(find out -type f | wc -l)" 0
}

@test "a tree cannot take the place of a directory that is not its own without being told" {
  mkdir -p out/tree/precious
  echo mine > out/tree/precious/file
  echo yours > tree/file
  dcdn-send -q --stdout tree > stream.dcs
  run --separate-stderr -14 dcdn-recv --stdin -o out < stream.dcs
  assert_equal "$(cat out/tree/precious/file)" mine
  dcdn-recv -q --stdin --rename -o out < stream.dcs
  assert_equal "$(cat out/tree/precious/file)" mine
  assert_equal "$(ls -A out | wc -l)" 2
}

@test "bombs: 1 GB of zeros in a small stream stays a hole and is checked" {
  truncate -s 1G tree/zeros
  dcdn-send -q --stdout tree > small.dcs
  (($(stat -c %s small.dcs) < 10000))
  timeout 120 dcdn-recv -q --stdin -o out < small.dcs
  assert_equal "$(stat -c %s out/tree/zeros)" 1073741824
  (($(du -k out/tree/zeros | cut -f1) < 10000))
}

@test "many segments that never follow: a bound, not all the memory" {
  # The first segment never comes: everything else has to wait, but not without limit.
  make_stream --chunks 3000 --per-segment 1 --chunk-bytes 100 | edit_stream drop 0 > headless.dcs
  # AddressSanitizer reserves terabytes of addresses, so there the limit cannot be set.
  local limit='ulimit -v 2000000;'
  [[ -z ${ASAN_OPTIONS:-} ]] || limit=
  run --separate-stderr bash -c "$limit timeout 60 dcdn-recv --stdin -o out < headless.dcs"
  [[ $status == 3 || $status == 8 ]]
  [ -n "$stderr" ]
}

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

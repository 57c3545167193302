# What dcdn-send writes is what dcdn-format(5) says: tests/format/read_stream.py, which was written from the page alone, reads it.
load ../support/cli

setup() {
  setup_cli
  repository="$BATS_TEST_DIRNAME/../.."
  reader="$repository/tests/format/read_stream.py"
}

# All there is to know about a tree: kind, mode, size, time to the nanosecond, name, target. Names end in NUL.
tree_facts() {
  (cd "$1" && find . -printf '%y %m %s %T@ %p -> %l\0' | sort -z)
}

# reads_the_same TREE OPTION...: packs the tree, lets the other reader make it, and compares.
reads_the_same() {
  local tree=$1
  rm -rf other
  dcdn-send -q --stdout "${@:2}" "$tree" > stream.dcs
  "$reader" other < stream.dcs
  diff -r --no-dereference "$tree" "other/$tree"
  cmp <(tree_facts "$tree") <(tree_facts "other/$tree")
}

# Many small files, in folders of their own and beside larger ones, with what has no content between them.
make_tree() {
  local folder i
  mkdir -p tree/empty-folder
  for folder in a b/deep c; do
    mkdir -p "tree/$folder"
    for ((i = 0; i < 150; ++i)); do
      printf '%*s%d' $((i * 7 % 90)) '' "$i" > "tree/$folder/file $i"
      [ $((i % 20)) -ne 0 ] || : > "tree/$folder/file $i empty"
      [ $((i % 30)) -ne 0 ] || ln -s "file $i" "tree/$folder/link $i"
    done
  done
  head -c 3000000 /dev/urandom > tree/b/large
  yes 'the same line again and again' | head -c 2000000 > tree/b/large-text
  truncate -s 9M tree/sparse
  printf 'in the middle' | dd of=tree/sparse bs=1 seek=5000000 conv=notrunc status=none
  truncate -s 1M tree/all-hole
  chmod 600 tree/a/file*1
  chmod 755 tree/a/file*2
  touch -d '1969-12-31 23:59:58.25Z' tree/a/file*3
  touch -d '2001-02-03 04:05:06.123456789Z' tree/a/file*4 tree/empty-folder
}

@test "the other reader takes every vector as the vector says" {
  run --separate-stderr -0 "$reader" --vectors "$repository"/tests/vectors/wire/*.vec
  [[ $output =~ ^([0-9]+)\ vectors,\ 0\ taken ]]
  [ "${BASH_REMATCH[1]}" -ge 40 ]
}

@test "the other reader notices a vector that says something else" {
  sed 's/^expect: .*/expect: accept/' "$repository/tests/vectors/wire/segment-pack-long.vec" > wrong.vec
  run --separate-stderr -1 "$reader" --vectors wrong.vec
  sed 's/^expect: .*/expect: corrupt/' "$repository/tests/vectors/wire/object-pack.vec" > wrong.vec
  run --separate-stderr -1 "$reader" --vectors wrong.vec
}

@test "the other reader takes a pack apart" {
  sed '1,/^body:/d' "$repository/tests/vectors/wire/object-pack.vec" | xxd -r -p | "$reader" other
  assert_equal "$(cat other/photos/1 other/photos/2/more other/photos/3)" onethreetwo
  assert_equal "$(stat -c %s other/photos/1 other/photos/2/empty other/photos/2/more other/photos/3 | tr '\n' ' ')" "3 0 5 3 "
}

@test "the other reader refuses a byte that was changed, wherever it is behind the frame's header" {
  local at size
  sed '1,/^body:/d' "$repository/tests/vectors/wire/object-pack.vec" | xxd -r -p > stream.dcs
  size=$(stat -c %s stream.dcs)
  for ((at = 24; at < 67; at += 3)) { # of the chunk frame; what follows is the segment, which a signature would cover
    cp stream.dcs changed.dcs
    flip changed.dcs "$at"
    run --separate-stderr -4 "$reader" "other$at" < changed.dcs
  }
  head -c $((size - 1)) stream.dcs > changed.dcs
  run --separate-stderr -4 "$reader" other < changed.dcs
}

@test "trees of many small files, empty ones, folders, links, holes and a large file, in any compression" {
  make_tree
  reads_the_same tree
  reads_the_same tree --compress none
  reads_the_same tree --compress lz4
  reads_the_same tree --compress zstd:9
}

@test "trees in small chunks, which begin many segments inside files" {
  make_tree
  reads_the_same tree --chunk-size 4KiB
  # Files that fill chunks, and a byte less and more.
  mkdir edges
  for ((i = 4090; i < 4102; ++i)); do head -c "$i" /dev/urandom > "edges/$i"; done
  head -c 1 /dev/zero > edges/zero
  reads_the_same edges --chunk-size 4KiB
}

@test "odd names" {
  mkdir -p "tree/ space " tree/-dash tree/a tree/a.d
  local long
  long=$(printf 'n%.0s' {1..255})
  # shellcheck disable=SC2016
  for name in $'new\nline' $'tab\t' $'bad\xff\xfeutf8' 'quote"' "apostrophe'" '\back' '*' '?' '$HOME' ünïcode "$long" '~' '#' a/b a.txt 'a!' \
    ' space /x' -dash/-x; do
    printf '%s' "$name" > "tree/$name"
  done
  ln -s $'to\nnothing\xff' tree/link
  local deep="tree/d${long:1}/$long/$long/$long"
  mkdir -p "$deep"
  for ((i = 0; i < 40; ++i)); do echo "$i" > "$deep/$i"; done
  reads_the_same tree
}

@test "one file, and a stream without a name" {
  head -c 300000 /dev/urandom > file
  touch -d '2001-02-03 04:05:06.5Z' file
  dcdn-send -q --stdout file | "$reader" other
  cmp file other/file
  assert_equal "$(stat -c %Y other/file)" "$(stat -c %Y file)"
  dcdn-send -q --stdout - < file | "$reader" third
  cmp file third/stream
  dcdn-send -q --stdout - < /dev/null | "$reader" fourth
  assert_equal "$(stat -c %s fourth/stream)" 0
}

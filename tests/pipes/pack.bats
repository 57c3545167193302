# Trees, files and pipes packed into a chunk stream and unpacked again: dcdn-send --stdout | dcdn-recv --stdin.
load ../support/cli

setup() {
  setup_cli
}

# All there is to know about a tree: kind, mode, size, time to the nanosecond, name, target. Names end in NUL.
tree_facts() {
  (cd "$1" && find . -mindepth 1 -printf '%y %m %s %T@ %p -> %l\0' | sort -z)
}

assert_same_tree() {
  cmp <(tree_facts "$1") <(tree_facts "$2")
  diff -r --no-dereference "$1" "$2"
}

# pack_and_unpack TREE: by way of a file; the result is out/TREE.
pack_and_unpack() {
  dcdn-send -q --stdout "$1" > stream.dcs
  dcdn-recv -q --stdin -o out < stream.dcs
}

@test "the line of the manual works: a tree into a file and out of it" {
  mkdir -p tree/sub/deeper
  echo one > tree/one
  echo two > tree/sub/deeper/two
  run --separate-stderr -0 bash -c 'dcdn-send --stdout tree/ > tree.dcs'
  [[ $stderr == *"packed tree"* ]]
  run --separate-stderr -0 dcdn-recv --stdin -o out < tree.dcs
  [ -z "$output" ]
  [[ $stderr == *"1 object received and verified"* ]]
  assert_same_tree tree out/tree
  # Nothing else is left in the directory: no staging folder, no second name.
  assert_equal "$(ls -A out)" tree
}

@test "modes and times are kept, of directories too; set-id bits are not" {
  mkdir -p tree/closed tree/sticky
  echo x > tree/closed/inside
  for mode in 400 600 640 755 777; do
    echo "$mode" > "tree/file$mode"
    chmod "$mode" "tree/file$mode"
  done
  echo x > tree/setuid
  chmod 4755 tree/setuid
  touch -d '1969-12-31 23:59:58.25Z' tree/file640
  touch -d '2001-02-03 04:05:06.123456789Z' tree/file755
  chmod 500 tree/closed
  touch -d '1999-01-01 00:00:00Z' tree/closed
  pack_and_unpack tree
  assert_equal "$(stat -c %a out/tree/setuid)" 755
  chmod 755 tree/setuid
  assert_same_tree tree out/tree
}

@test "symlinks stay symlinks: to files, directories, nothing, and upwards within the tree" {
  mkdir -p tree/sub
  echo x > tree/file
  ln -s file tree/to-file
  ln -s sub tree/to-directory
  ln -s gone tree/to-nothing
  ln -s ../file tree/sub/up
  ln -s . tree/self
  pack_and_unpack tree
  assert_same_tree tree out/tree
}

@test "--symlinks: skip leaves them out, follow sends what they point to, the default refuses those that leave the tree" {
  mkdir tree
  echo inside > tree/file
  echo outside > secret
  ln -s ../secret tree/link
  run --separate-stderr -13 dcdn-send --stdout tree
  [ -z "$output" ]
  [[ $stderr == *"tree/link: symlink points out of the tree, to ../secret"* ]]
  [[ $stderr == *"hint: "*"--symlinks=skip"*"--symlinks=follow"* ]]
  dcdn-send -q --stdout --symlinks skip tree | dcdn-recv -q --stdin -o skipped
  assert_equal "$(ls skipped/tree)" file
  dcdn-send -q --stdout --symlinks follow tree | dcdn-recv -q --stdin -o followed
  assert [ ! -L followed/tree/link ]
  cmp followed/tree/link secret
  # An absolute target leaves the tree even if it points into it.
  rm tree/link
  ln -s "$PWD/tree/file" tree/link
  run --separate-stderr -13 dcdn-send --stdout tree
}

@test "a symlink that loops ends with an error, not with a full disk" {
  mkdir tree
  ln -s . tree/loop
  run --separate-stderr bash -c 'timeout 30 dcdn-send --stdout --symlinks follow tree | wc -c; exit ${PIPESTATUS[0]}'
  [[ $status -eq 14 && $stderr == *"left out: tree/loop: "*"leads back to a directory that it is in"* ]]
}

@test "empty directories, empty files, an empty tree" {
  mkdir -p tree/empty/also-empty none
  : > tree/zero
  pack_and_unpack tree
  assert_same_tree tree out/tree
  pack_and_unpack none
  assert_dir_exists out/none
  : > zero
  pack_and_unpack zero
  assert [ -f out/zero ]
  assert_equal "$(stat -c %s out/zero)" 0
}

@test "names: spaces, newlines, quotes, controls, dashes, not UTF-8, 255 bytes" {
  mkdir -p tree
  echo 1 > 'tree/two words'
  echo 2 > $'tree/new\nline'
  echo 3 > $'tree/\033[31mred'
  echo 4 > $'tree/\xff\xfe\x80'
  echo 5 > 'tree/-rf'
  echo 6 > 'tree/"quoted'"'"'$(x)'
  echo 7 > 'tree/...'
  echo 8 > "tree/$(printf 'n%.0s' {1..255})"
  echo 9 > 'tree/back\slash'
  pack_and_unpack tree
  assert_same_tree tree out/tree
}

@test "names of the object itself: odd ones travel, what is shown is escaped" {
  local name=$'a \033[31mb\n\xff'
  echo x > "$name"
  run --separate-stderr -0 bash -c 'dcdn-send --stdout "$0" > stream.dcs' "$name"
  [[ $stderr != *$'\033'* && $stderr == *'\x1b'* ]]
  run --separate-stderr -0 dcdn-recv --stdin -o out < stream.dcs
  [[ $stderr != *$'\033'* ]]
  cmp "$name" "out/$name"
}

@test "a sparse file stays sparse and equal" {
  truncate -s 64M sparse
  printf middle | dd of=sparse bs=1 seek=33000000 conv=notrunc status=none
  pack_and_unpack sparse
  cmp sparse out/sparse
  (($(du -k out/sparse | cut -f1) < 4096))
  (($(stat -c %s stream.dcs) < 1000000))
  # A hole alone, and a hole at the end.
  truncate -s 10M hole
  pack_and_unpack hole
  cmp hole out/hole
}

@test "files of lengths around the chunk size" {
  for size in 1 4095 4096 4097 262143 262144 262145 1000000; do
    head -c "$size" /dev/urandom > "file$size"
    dcdn-send -q --stdout "file$size" | dcdn-recv -q --stdin -o out
    cmp "file$size" "out/file$size"
  done
}

@test "two packs of equal input are equal byte for byte, wherever it lies" {
  mkdir -p here/tree there
  head -c 700000 /dev/urandom > here/tree/random
  seq 100000 > here/tree/text
  ln -s text here/tree/link
  cp -a here/tree there/tree
  dcdn-send -q --stdout here/tree > one.dcs
  dcdn-send -q --stdout there/tree > two.dcs
  (cd there && dcdn-send -q --stdout tree/) | cmp - one.dcs
  cmp one.dcs two.dcs
}

@test "equal content is carried once" {
  mkdir tree
  head -c 500000 /dev/urandom > tree/a
  for copy in b c d e; do cp tree/a "tree/$copy"; done
  pack_and_unpack tree
  assert_same_tree tree out/tree
  (($(stat -c %s stream.dcs) < 700000))
  run --separate-stderr -0 bash -c 'dcdn-send --json --stdout tree 2>&1 > again.dcs'
  assert_equal "$(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output")" 2000000
}

@test "text is compressed, --compress none leaves it, every codec gives the same file" {
  seq 200000 > text
  for codec in auto none lz4 zstd zstd:19; do
    dcdn-send -q --stdout --compress "$codec" text > "$codec.dcs"
    dcdn-recv -q --stdin -o "out-$codec" < "$codec.dcs"
    cmp text "out-$codec/text"
  done
  (($(stat -c %s auto.dcs) * 2 < $(stat -c %s text)))
  (($(stat -c %s none.dcs) > $(stat -c %s text)))
  for wrong in gzip zstd:99 zstd: lz4:3; do
    run --separate-stderr -2 dcdn-send --stdout --compress "$wrong" text
    [[ -z $output && $stderr == *"$wrong"* ]]
  done
}

@test "several sources in one stream, files and trees" {
  mkdir tree
  echo x > tree/x
  echo y > y
  dcdn-send -q --stdout tree y > stream.dcs
  run --separate-stderr -0 dcdn-recv --json --stdin -o out < stream.dcs
  assert_same_tree tree out/tree
  cmp y out/y
  assert_equal "$(jq -r 'select(.message_type == "object") | .name' <<< "$output" | sort | tr '\n' ' ')" "tree y "
  assert_equal "$(jq -r 'select(.message_type == "summary") | .objects' <<< "$output")" 2
}

@test "two sources of one name are an error before anything is written" {
  mkdir a b
  echo 1 > a/same
  echo 2 > b/same
  run --separate-stderr -2 dcdn-send --stdout a/same b/same
  [ -z "$output" ]
  [[ $stderr == *"two sources would both arrive as same"* && $stderr == *"hint: "* ]]
}

@test "unpacking again is idempotent, a changed one collides by policy" {
  mkdir tree
  echo 1 > tree/file
  pack_and_unpack tree
  dcdn-recv -q --stdin -o out < stream.dcs
  assert_equal "$(ls -A out)" tree
  echo 2 > tree/file
  dcdn-send -q --stdout tree > new.dcs
  run --separate-stderr -14 dcdn-recv --stdin -o out < new.dcs
  [[ $stderr == *"out/tree: is there already"* && $stderr == *"hint: --overwrite"* ]]
  assert_equal "$(cat out/tree/file)" 1
  run -9 dcdn-recv -q --stdin --skip -o out < new.dcs
  assert_equal "$(cat out/tree/file)" 1
  dcdn-recv -q --stdin --overwrite -o out < new.dcs
  assert_equal "$(cat out/tree/file)" 2
  assert_equal "$(ls -A out)" tree
}

@test "what is neither file, directory nor symlink is skipped with a note; alone it is an error" {
  mkdir tree
  echo x > tree/file
  mkfifo tree/fifo
  run --separate-stderr -0 bash -c 'timeout 30 dcdn-send --stdout tree > stream.dcs'
  [[ $stderr == *"tree/fifo: skipped"* ]]
  dcdn-recv -q --stdin -o out < stream.dcs
  assert_equal "$(ls out/tree)" file
  run --separate-stderr -2 dcdn-send --stdout tree/fifo
  [[ $stderr == *"hint: pipe it in"* ]]
}

@test "5000 tiny files are not much more than what tar and zstd make of them" {
  python3 - << 'PYTHON'
import os, random
draw = random.Random(3)
for number in range(5000):
    os.makedirs(f"tree/{number // 100}", exist_ok=True)
    with open(f"tree/{number // 100}/{number}.json", "w") as file:
        file.write(f'{{"id": {number}, "state": "{draw.choice(["new", "open", "done"])}", "seen": {draw.getrandbits(24)}}}\n')
PYTHON
  dcdn-send -q --stdout tree > stream.dcs
  (($(stat -c %s stream.dcs) * 10 <= $(tar c tree | zstd -q -3 | wc -c) * 13))
  dcdn-recv -q --stdin -o out < stream.dcs
  assert_same_tree tree out/tree
}

@test "a missing and an unreadable source" {
  run --separate-stderr -14 dcdn-send --stdout missing
  [ -z "$output" ]
  [[ $stderr == *"missing: No such file or directory"* ]]
  echo x > unreadable
  chmod 0 unreadable
  if [ "$(id -u)" -eq 0 ]; then
    command -v setpriv > /dev/null || skip "root reads everything, and there is no setpriv"
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
    run --separate-stderr -14 setpriv --reuid 65534 --clear-groups --inh-caps=-all env HOME="$PWD" dcdn-send --stdout unreadable
  else
    run --separate-stderr -14 dcdn-send --stdout unreadable
  fi
  [ -z "$output" ]
  [[ $stderr == *"unreadable: "*"Permission denied"* ]]
}

@test "a time that no manifest can hold is cut, and that is said: of a file, of a tree and in it" {
  mkdir far
  echo x > far/x
  touch -d '2445-01-01' far/x far
  [[ $(stat -c %y far/x) == 2445-* ]] || skip "the file system does not hold such times"
  run --separate-stderr -0 bash -c 'dcdn-send --stdout far/x > x.dcs'
  [[ $stderr == *"far/x: its time is beyond"* ]]
  run --separate-stderr -0 bash -c 'dcdn-send --stdout far > far.dcs'
  [[ $stderr == *"far: its time is beyond"*"far/x: its time is beyond"* ]]
  dcdn-recv -q --stdin -o out < x.dcs
  [[ $(stat -c %y out/x) == 2262-* ]]
}

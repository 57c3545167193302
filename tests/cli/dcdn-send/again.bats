# Sending the same again: what looks as it did is not opened, and what arrives is what is there.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir -p tree/0 tree/a in
  for i in $(seq 100 160); do printf 'file %s\n%s\n' "$i" "$(seq "$i")" > "tree/a/$i"; done
  random_file tree/0/large 3000000
  : > tree/empty
  ln -s a tree/link
  start_receiver recv -o in --overwrite
}

teardown() {
  teardown_loopback
}

# Nothing of tree was written in the last seconds: what was is read once more.
is_settled() {
  local newest
  newest=$(find tree -printf '%C@\n%T@\n' | sort -n | tail -n 1)
  ((${newest%.*} + 3 < $(date +%s)))
}

# send_tree [OPTION]...: the files that are opened for it are in opened.
send_tree() {
  local watch
  rm -f ready
  "$BATS_TEST_DIRNAME/../../support/opened_files.py" tree opened > ready 3>&- &
  watch=$!
  NET_PIDS+=("$watch")
  wait_until 20 grep -qs ready ready
  send_to_receiver "$@" tree
  kill "$watch"
  wait "$watch" || true
  diff -r --no-dereference tree in/tree
}

# The first time, with all of it settled; the receiver has it, and the sender an index.
send_first() {
  wait_until 20 is_settled
  send_tree "$@"
  assert_equal "$(ls "$DCDN_HOME/index" | wc -l)" 1
}

# As a file system would that keeps only the time of modification.
set_back() {
  local time
  time=$(stat -c %.Y "$1")
  "${@:2}"
  touch -d "@$time" "$1"
}

overwrite_start() {
  printf '%s' "$2" | dd of="$1" conv=notrunc status=none
}

@test "an unchanged tree is looked at, and nothing of it is opened" {
  send_first
  assert_equal "$(sort -u opened | wc -l)" 63
  send_tree --json > sent
  assert_equal "$(cat opened)" ""
  assert_equal "$(stat -c %a "$DCDN_HOME"/index/*)" 600
  (($(jq -r 'select(.message_type == "summary") | .wire_bytes' sent) < 25000)) || cat sent >&3
}

@test "of a changed tree, what was changed is read and what is packed with it" {
  send_first
  echo other > tree/a/130
  echo new > tree/a/new
  send_tree
  refute grep -q empty opened
  grep -q a/130 opened
  grep -q a/new opened
}

@test "a large file that changed is opened, and the others are not" {
  send_first
  overwrite_start tree/0/large changed
  send_tree
  assert_equal "$(sort -u opened)" 0/large
}

@test "what was written just before it was sent, and again with its old time, arrives" {
  printf one > tree/a/100
  send_tree
  set_back tree/a/100 overwrite_start tree/a/100 two
  send_tree --index-ignore ctime
  assert_equal "$(cat in/tree/a/100)" two
}

@test "files of a restored backup, with their old times, arrive" {
  send_first
  tar -cf backup.tar -C tree a
  echo newer > tree/a/100
  send_tree
  tar -xf backup.tar -C tree
  send_tree
}

@test "a change without a trace is not seen, and found by --checksum" {
  send_first --index-ignore ctime --index-ignore inode
  set_back tree/a/100 overwrite_start tree/a/100 FILE
  run --separate-stderr -1 send_tree --index-ignore ctime --index-ignore inode
  cp in/tree/a/100 before
  run --separate-stderr -0 send_tree --index-ignore ctime --index-ignore inode --checksum
  [[ $stderr == *a/100*'has other content now'* ]]
  refute cmp before in/tree/a/100
  run --separate-stderr -0 send_tree --index-ignore ctime --index-ignore inode --checksum
  [[ $stderr != *'other content'* ]]
}

@test "what the receiver lost is read for it" {
  send_first
  rm in/tree/0/large
  send_tree
  grep -q large opened
  refute grep -q empty opened
}

@test "an index that is cut, flipped or no index at all is done without" {
  send_first
  local index
  index=$(echo "$DCDN_HOME"/index/*)
  cp "$index" whole
  head -c 500 whole > "$index"
  send_tree
  cp whole "$index"
  overwrite_start "$index" XXXX
  send_tree
  rm "$index"
  mkdir "$index"
  send_tree
  rmdir "$index"
  rmdir "$DCDN_HOME/index"
  : > "$DCDN_HOME/index"
  send_tree
}

@test "--no-index keeps nothing, and a dry run touches nothing" {
  wait_until 20 is_settled
  send_tree --no-index
  assert [ ! -e "$DCDN_HOME/index" ]
  send_first
  local before
  before=$(stat -c '%i %.Y' "$DCDN_HOME"/index/*)
  dcdn-send -n tree "$ADDR"
  assert_equal "$(stat -c '%i %.Y' "$DCDN_HOME"/index/*)" "$before"
  send_tree --no-index
  assert_equal "$(sort -u opened | wc -l)" 63
}

@test "another way of sending the same has an index of its own" {
  send_first
  send_tree --compress none
  assert_equal "$(ls "$DCDN_HOME/index" | wc -l)" 2
  send_tree --exclude large
  send_tree
}

@test "a sender that is killed leaves no index, and the next one has all to read" {
  start_sender send --peer-id "$RECV_ID" --rate 200kB tree "$ADDR"
  wait_until 30 has_verified send 300000
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  assert_equal "$(find "$DCDN_HOME/index" -type f | wc -l)" 0
  send_tree
}

@test "--index-ignore knows two words" {
  run --separate-stderr -2 send_to_receiver --index-ignore device tree
  [[ $stderr == *'inode, ctime'* ]]
}

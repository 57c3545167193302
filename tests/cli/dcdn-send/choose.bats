# What is sent: lists of files, patterns, what a command writes, links as they are; and what was not meant.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  mkdir -p tree/sub/deep tree/cache
  for file in a.txt b.o sub/c.txt sub/d.o sub/deep/e cache/f; do echo "$file" > "tree/$file"; done
}

teardown() {
  teardown_loopback
}

# arrives OPTION...: packs and unpacks; the paths that came, sorted, are in $arrived.
arrives() {
  rm -rf out
  dcdn-send -q --stdout "$@" | dcdn-recv -q --stdin -o out
  arrived=$(cd out/* && find . -mindepth 1 | sed 's,^\./,,' | LC_ALL=C sort | tr '\n' ' ')
}

@test "--files-from: files, directories with all that is in them, and the way there" {
  printf 'sub/deep\n./a.txt\n\n' > list
  arrives --files-from list tree
  assert_equal "$arrived" "a.txt sub sub/deep sub/deep/e "
  (cd tree && find . -name '*.o' -print0) > list
  arrives --files-from list -0 tree
  assert_equal "$arrived" "b.o sub sub/d.o "
  rm -rf out
  (cd tree && find . -name '*.txt' -print0) | dcdn-send -q --stdout --files-from - --null tree | dcdn-recv -q --stdin -o out
  assert_equal "$(cd out/tree && find . -type f | sort | tr '\n' ' ')" "./a.txt ./sub/c.txt "
}

@test "--files-from: what is not there is told, and the rest goes; --strict sends nothing" {
  printf 'a.txt\ngone\na.txt/inside\n' > list
  run --separate-stderr -14 bash -c 'dcdn-send --stdout --files-from list tree > tree.dcs'
  [[ $stderr == *"left out: tree/gone: is listed and not there"* ]]
  run --separate-stderr -14 dcdn-send --strict --stdout --files-from list tree
  [[ $stderr == *"tree/gone: is listed and not there"* ]]
}

@test "--files-from: paths out of the tree, no tree, no list, more than one" {
  for path in /etc/passwd ../secret sub/../../x; do
    echo "$path" > list
    run --separate-stderr -2 dcdn-send --stdout --files-from list tree
    [[ -z $output && $stderr == *"$path"* ]]
  done
  echo a.txt > list
  run --separate-stderr -2 dcdn-send --stdout --files-from list tree/a.txt
  run --separate-stderr -2 dcdn-send --stdout --files-from list tree tree/sub
  run --separate-stderr -2 dcdn-send --stdout --null tree
  run --separate-stderr -14 dcdn-send --stdout --files-from nowhere tree
  [[ $stderr == *nowhere* ]]
}

@test "--exclude: names anywhere, paths from the top, directories" {
  arrives --exclude '*.o' --exclude cache/ tree
  assert_equal "$arrived" "a.txt sub sub/c.txt sub/deep sub/deep/e "
  arrives --exclude /sub tree
  assert_equal "$arrived" "a.txt b.o cache cache/f "
  arrives --exclude 'sub/*.o' --exclude '[ab].*' tree
  assert_equal "$arrived" "cache cache/f sub sub/c.txt sub/deep sub/deep/e "
  run --separate-stderr -0 dcdn-send --dry-run --json --exclude '*.o' --exclude cache tree
  jq -es 'any(.[]; .message_type == "planned_object" and .entries == 5)' <<< "$output"
}

@test "--from-command: what it writes, and nothing under a name if it fails" {
  setup_loopback
  start_receiver recv -o in
  run --separate-stderr -0 send_to_receiver --from-command 'seq 100000' --name numbers
  seq 100000 | cmp - in/numbers
  run --separate-stderr -14 send_to_receiver --from-command 'seq 100000; exit 3' --name more
  [[ $stderr == *"command 'seq 100000; exit 3' ended with status 3"* ]]
  run --separate-stderr -14 send_to_receiver --from-command 'false' --name nothing
  assert_equal "$(ls in)" numbers
  run --separate-stderr -14 send_to_receiver --encrypt-to "$RECV_ID" --from-command 'seq 100000; false' --name sealed
  assert_equal "$(ls in)" numbers
  # Also a stream that is whole by its own account.
  run --separate-stderr -14 send_to_receiver --from-command 'dcdn-send -q --stdout tree; false'
  assert_equal "$(ls in)" numbers
  # It was not whole, and now it is.
  send_to_receiver -q --from-command 'seq 100000' --name more
  seq 100000 | cmp - in/more
}

@test "--from-command: a chunk stream without its end, nothing beside it, and no shell is left over" {
  run_shell 3 'dcdn-send -q --stdout --from-command "head -c 9000000 /dev/urandom; exit 1" --name x | dcdn-recv -q --stdin -o out'
  assert_not_exists out/x
  run --separate-stderr -2 dcdn-send --stdout --from-command true tree
  run --separate-stderr -2 dcdn-send --from-command true
  timeout --preserve-status -s INT 1 dcdn-send -q --stdout --from-command 'echo $$ > pid; exec sleep 300' > /dev/null || true
  wait_until 10 bash -c '! kill -0 "$(cat pid)" 2> /dev/null'
}

@test "links that leave the tree: as they are, if both ends say so" {
  setup_loopback
  ln -s /usr/bin/python3 tree/python
  ln -s ../../elsewhere tree/up
  run --separate-stderr -13 dcdn-send --stdout tree
  [[ $stderr == *"symlink points out of the tree"*"--symlinks=keep"* ]]
  start_receiver careful -o in
  run --separate-stderr -13 send_to_receiver --symlinks keep tree
  [[ $stderr == *"links to /usr/bin/python3, which may be outside what is sent"*"--links any"* ]]
  assert_not_exists in/tree
  end_receiver
  start_receiver any --links any -o in
  send_to_receiver -q --symlinks keep tree
  assert_equal "$(readlink in/tree/python in/tree/up | tr '\n' ' ')" "/usr/bin/python3 ../../elsewhere "
  # Known to be delivered, as any other.
  run --separate-stderr -0 send_to_receiver --symlinks keep tree
  dcdn-send -q --stdout --symlinks keep tree | dcdn-recv -q --links any --stdin -o out
  diff -r --no-dereference tree out/tree
}

@test "-n is --dry-run" {
  run -0 dcdn-send -n tree
  [[ $output == *"nothing was sent"* ]]
}

@test ". and .. have the name of the directory that they are" {
  cd tree/sub
  run -0 dcdn-send -n .
  [[ $output == "sub  tree"* ]]
  run -0 dcdn-send -n ../
  [[ $output == "tree  tree"* ]]
  run -0 dcdn-send -n ./
  [[ $output == "sub  tree"* ]]
  cd /
  run --separate-stderr -2 dcdn-send -n . 127.0.0.1:9
  [[ $stderr == *"--name NAME"* ]]
}

@test "a forgotten destination is told before anything else" {
  echo log > recv.log
  for last in recv.log tree ./recv.log not/there; do
    run --separate-stderr -2 timeout 10 dcdn-send tree/a.txt "$last"
    [[ $stderr == *"$last: looks like a file"*"--to $last"* ]]
  done
}

@test "out of a pipe comes nothing: did the command before fail?" {
  setup_loopback
  run_shell 14 'false | dcdn-send --name x - 127.0.0.1:9'
  [[ $stderr == *"standard input is empty: did the command before fail?"*"< /dev/null"* ]]
  run_shell 14 'false | dcdn-send --stdout - | cat; exit ${PIPESTATUS[1]}'
  dcdn-send -q --stdout --name x - < /dev/null | dcdn-recv -q --stdin -o out
  assert [ -f out/x ]
}

# A tree that comes again: what is right stays where it is, what nobody touched is not even opened, and what was edited
# here is replaced or kept as was asked.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir -p tree/sub in
  local number
  for number in {10..49}; do head -c $((number * 30)) /dev/urandom > "tree/sub/$number"; done
  head -c 300000 /dev/urandom > tree/large
  ln -s large tree/link
  mkdir tree/empty
  chmod 640 tree/sub/12
  touch -d '2020-01-02 03:04:05' tree/sub/* tree/large
}

teardown() {
  teardown_loopback
}

# Inode and path of everything but folders.
inodes() {
  find in/tree ! -type d -printf '%i %P\n' | sort -k 2
}

# receive [OPTION]...: a receiver whose messages are in recv.err.
receive() {
  rm -f recv.err recv.out
  start_receiver recv -o in "$@"
}

# again [OPTION]...: the tree is sent to a receiver with these options.
again() {
  receive "$@"
  run --separate-stderr send_to_receiver --json tree
  end_receiver
}

same() {
  diff -r --no-dereference tree in/tree
  assert_equal "$(cd tree && find . -printf '%P %m %T@ %y\n' | sort)" "$(cd in/tree && find . -printf '%P %m %T@ %y\n' | sort)"
}

@test "--overwrite writes what changed and leaves the inodes of the rest" {
  again
  inodes > before
  sleep 0.1
  echo changed > tree/sub/20
  echo new > tree/sub/90
  chmod 600 tree/sub/30
  again --overwrite
  assert_equal "$status" 0
  same
  assert_equal "$(inodes | comm -13 <(sort before) <(sort) | cut -d ' ' -f 2 | sort | tr '\n' ' ')" "sub/20 sub/90 "
}

@test "what nobody touched is not opened; --checksum reads it" {
  command -v strace > /dev/null || skip "no strace"
  again
  sleep 0.1
  echo changed > tree/sub/20
  again --overwrite
  sleep 0.1
  for option in --overwrite --checksum; do
    echo "$option" >> tree/sub/20
    receive --overwrite "$option"
    strace -f -e trace=openat -o trace -p "$RECV_PID" 2> strace.err 3>&- &
    NET_PIDS+=($!)
    wait_until 20 grep -qs attached strace.err
    send_to_receiver -q tree
    end_receiver
    same
    # Those of the pack that changed are compared with what comes.
    if [[ $option == --overwrite ]]; then
      ! grep -qE '"large", O_RDONLY' trace
    else
      grep -qE '"large", O_RDONLY' trace
    fi
  done
}

@test "an edit of the same length whose time was put back is found" {
  again
  sleep 0.1
  echo changed > tree/sub/20
  again --overwrite
  printf 'X' | dd of=in/tree/large bs=1 seek=1000 conv=notrunc status=none
  touch -d '2020-01-02 03:04:05' in/tree/large
  echo changed again > tree/sub/20
  again --overwrite
  assert_equal "$status" 0
  same
}

@test "--update keeps what was edited here, says so and replaces the rest" {
  again
  sleep 0.1
  echo mine > in/tree/sub/20
  for number in 20 21 22; do echo "theirs $number" > "tree/sub/$number"; done
  again --update
  assert_equal "$status" 9
  [[ $(cat recv.err) == *"in/tree/sub/20: was edited here and was kept; the rest is in place"*"--overwrite replaces it"* ]]
  assert_equal "$(cat in/tree/sub/20)" mine
  assert_equal "$(cat in/tree/sub/21)" "theirs 21"
  again --update
  assert_equal "$status" 9
  again --overwrite
  assert_equal "$status" 0
  same
}

@test "--stdin: the same of a stored stream, by the home's index" {
  dcdn-send -q --stdout tree > one.dcs
  dcdn-recv -q --stdin -o in < one.dcs
  inodes > before
  sleep 0.1
  echo edited > in/tree/sub/21
  echo changed > tree/sub/20
  dcdn-send -q --stdout tree > two.dcs
  run --separate-stderr -9 dcdn-recv --stdin --update -o in < two.dcs
  assert_equal "$(cat in/tree/sub/20)" changed
  dcdn-recv -q --stdin --overwrite -o in < two.dcs
  same
  assert_equal "$(inodes | comm -13 <(sort before) <(sort) | cut -d ' ' -f 2 | sort | tr '\n' ' ')" "sub/20 sub/21 "
}

@test "a home without room for an index, or none at all, only costs reading" {
  again
  inodes > before
  sleep 0.1
  rm "$RECV_HOME"/delivered/*.idx
  chmod 500 "$RECV_HOME/delivered"
  echo changed > tree/sub/20
  again --overwrite
  assert_equal "$status" 0
  same
  chmod 700 "$RECV_HOME/delivered"
  for damaged in "$RECV_HOME"/delivered/*.idx; do [[ ! -e $damaged ]] || truncate -s 100 "$damaged"; done
  echo changed again > tree/sub/20
  again --overwrite
  same
  assert_equal "$(inodes | comm -13 <(sort before) <(sort) | cut -d ' ' -f 2 | sort | tr '\n' ' ')" "sub/20 "
}

@test "--delete goes only where --allow-delete says so, and what is this side's own stays" {
  again
  echo mine > in/tree/mine
  echo edited > in/tree/sub/14
  rm -r tree/sub/1? tree/empty tree/link
  receive --overwrite
  send_to_receiver -q --delete tree
  end_receiver
  [[ $(cat recv.err) == *"its sender wants deleted what it does not have any more; --allow-delete does that"* ]]
  [ -e in/tree/sub/10 ] && [ -d in/tree/empty ]
  receive --overwrite --allow-delete delivered
  send_to_receiver -q --delete tree
  end_receiver
  [[ $(cat recv.err) == *"tree: 11 entries deleted that its sender does not have any more"* ]]
  [ ! -e in/tree/sub/10 ] && [ ! -e in/tree/empty ] && [ ! -L in/tree/link ]
  assert_equal "$(cat in/tree/mine in/tree/sub/14 | tr '\n' ' ')" "mine edited "
  receive --overwrite --allow-delete all
  send_to_receiver -q --delete tree
  end_receiver
  same
}

@test "a sender that could not read all of its tree deletes nothing, nor does one whose tree is empty" {
  again
  sleep 0.1
  rm tree/sub/10
  if [ "$(id -u)" -ne 0 ]; then
    chmod 0 tree/sub/12
    receive --overwrite --allow-delete delivered
    run send_to_receiver -q --delete tree
    end_receiver
    [[ $(cat recv.err) == *"nothing was deleted: its sender could not read all of the tree"* ]]
    [ -e in/tree/sub/10 ]
    chmod 600 tree/sub/12
  fi
  rm -r tree
  mkdir tree
  receive --overwrite --allow-delete delivered
  send_to_receiver -q --delete tree
  end_receiver
  [[ $(cat recv.err) == *"nothing was deleted: the tree that came is empty"* ]]
  [ -e in/tree/sub/10 ]
}

@test "--delete and --allow-delete say what they do not go with" {
  run --separate-stderr -2 dcdn-send --delete --exclude x --stdout tree
  [[ $stderr == *"--delete goes with a whole tree"* ]]
  run --separate-stderr -2 dcdn-recv --allow-delete all -o in
  [[ $stderr == *"--allow-delete goes with --overwrite or --update"* ]]
}

@test "a tree that is there and was edited, time and all, is not taken for delivered" {
  again
  sleep 0.1
  printf 'X' | dd of=in/tree/large bs=1 seek=1000 conv=notrunc status=none
  touch -d '2020-01-02 03:04:05' in/tree/large
  again --overwrite
  assert_equal "$status" 0
  same
}

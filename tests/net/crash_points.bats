# An end is killed (-9) as it enters a chosen system call: between any two steps of receiving, of giving the file its
# name and of the bookkeeping. Whatever the point, the next process finishes, the content is right and stands once.
load ../support/cli
load ../support/namespaces

setup() {
  setup_net
  strace -qq -o /dev/null true 2>/dev/null || skip "needs strace and leave to trace"
  net_random 2000000 file
}

teardown() {
  teardown_net
}

# dies_at CALL:NTH...: the words that make a program be killed there. -D: the program keeps its own process id.
dies_at() {
  echo "strace -D -f -qq -o /dev/null -e trace=${1%%:*} -e inject=${1%%:*}:signal=KILL:when=${1#*:}${2:+:delay_enter=$2}"
}

arrived() {
  cmp file in/file || return 1
  rm -rf in/.dcdn-part
  [[ $(ls -A in) == file ]]
}

# receiver_dies_at CALL:NTH [DELAY_US]: a sender that lives on, and a second receiver in the first one's place.
receiver_dies_at() {
  echo "the receiver dies at $1"
  rm -rf in
  NET_AROUND_RECEIVER=$(dies_at "$@") net_receiver -o in || net_ended "$NET_RECEIVER" || return 1
  net_sender sender.log --chunk-size 64KiB --keep-alive 1s --retry-longest 200ms file
  net_until 60 either_ended
  if net_ended "$NET_RECEIVER"; then
    net_forget "$NET_RECEIVER"
    net_receiver -o in || return 1
  fi
  net_result "$NET_SENDER" || { cat sender.log receiver.log; return 1; }
  net_end "$NET_RECEIVER"
  arrived
}

# sender_dies_at CALL:NTH: one receiver, and the same command again.
sender_dies_at() {
  echo "the sender dies at $1"
  rm -rf in
  net_receiver -o in
  NET_AROUND_SENDER=$(dies_at "$1") net_sender sender.log --chunk-size 64KiB file
  net_result "$NET_SENDER" || true
  net_sender sender.log --chunk-size 64KiB file
  net_result "$NET_SENDER" || { cat sender.log receiver.log; return 1; }
  net_end "$NET_RECEIVER"
  arrived
}

either_ended() { net_ended "$NET_SENDER" || net_ended "$NET_RECEIVER"; }

@test "the receiver dies while it makes its folders" {
  receiver_dies_at mkdirat:2
  receiver_dies_at mkdirat:3
}

@test "the receiver dies while it writes chunks and marks them" {
  local nth
  for nth in 30 37 44 58; do receiver_dies_at "pwrite64:$nth"; done
}

@test "the receiver dies while it answers" {
  local nth
  for nth in 1 3 6 10; do receiver_dies_at "sendmsg:$nth"; done
}

# The sender has been told meanwhile that all is stored, and has let go of what it read.
@test "the receiver dies between the last chunk and the receipt" {
  receiver_dies_at fsync:1 400000
  receiver_dies_at renameat2:1 400000
}

@test "the receiver dies while it makes the object safe and gives it its name" {
  local point
  for point in fsync:1 fsync:2 fsync:3 fsync:5 fsync:7 rename:1 rename:2 renameat2:1 renameat:1; do
    receiver_dies_at "$point"
  done
}

@test "the receiver dies while it clears up" {
  local nth
  for nth in 2 3 4 6 8 9; do receiver_dies_at "unlinkat:$nth"; done
}

@test "the receiver dies in its list of sessions" {
  local nth
  for nth in 6 9 12; do receiver_dies_at "fdatasync:$nth"; done
}

@test "the sender dies while it sends" {
  local nth
  for nth in 1 2 5 20 40; do sender_dies_at "sendmsg:$nth"; done
}

@test "the sender dies in its list of sessions and its receipts" {
  local point
  for point in fdatasync:1 fdatasync:6 fdatasync:10 rename:1 fsync:1; do sender_dies_at "$point"; done
}

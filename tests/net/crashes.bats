# Ends that are killed (-9) at any moment and started again: the transfer goes on, and little travels twice.
load ../support/cli
load ../support/namespaces
load ../support/kills

setup() {
  setup_net
}

teardown() {
  teardown_net
}

# crash_matrix COUNT BYTES SEED RATE
crash_matrix() {
  local most
  echo "seed $3"
  net_random "$2" file
  mkdir in
  kills_run file in "$1" "$3" "$4"
  cmp file in/file
  assert_equal "$(find in -mindepth 1 ! -path 'in/.dcdn-part*')" in/file
  most=$(kills_most_bytes "$2" "$1")
  echo "sent $KILLS_SENT of at most $most"
  [ "$KILLS_SENT" -le "$most" ]
}

@test "four kills at points of one seed" {
  crash_matrix 4 20000000 1 50mbit
}

@test "eight kills at points of another seed, every run elsewhere" {
  crash_matrix 8 20000000 "$RANDOM" 200mbit
}

@test "kills before anything was sent" {
  net_random 2000000 file
  net_receiver --once -o in
  net_sender sender.log file
  net_end "$NET_SENDER" KILL
  net_end "$NET_RECEIVER" KILL
  net_receiver --once -o in
  net_sender sender.log file
  net_end "$NET_RECEIVER" KILL
  net_receiver --once -o in
  net_result "$NET_SENDER"
  net_result "$NET_RECEIVER"
  cmp file in/file
}

@test "--resume after the sender was killed sends only what is missing" {
  local id before
  net_random 20000000 file
  net_receiver --once -o in
  before=$(net_sent_bytes)
  net_sender sender.log --rate 100mbit file
  KILLS_BEFORE=$before
  net_until 60 kills_past 10000000
  net_end "$NET_SENDER" KILL
  id=$(DCDN_HOME=$NET_NEAR_HOME dcdn-send --list | awk 'NR == 1 {print $1}')
  run -0 net_in near env "DCDN_HOME=$NET_NEAR_HOME" dcdn-send --progress none --resume "$id"
  net_result "$NET_RECEIVER"
  cmp file in/file
  [ $(($(net_sent_bytes) - before)) -le "$(kills_most_bytes 20000000 1)" ]
}

@test "a tree survives the kill of both ends" {
  local i
  mkdir tree
  for ((i = 0; i < 300; ++i)); do net_random 40000 "tree/$i"; done
  KILLS_BEFORE=$(net_sent_bytes)
  net_receiver --once -o in
  net_sender sender.log --rate 100mbit tree
  net_until 60 kills_past 4000000
  net_end "$NET_SENDER" KILL
  net_end "$NET_RECEIVER" KILL
  net_receiver --once -o in
  net_sender sender.log --rate 100mbit tree
  net_result "$NET_SENDER"
  net_result "$NET_RECEIVER"
  diff -r tree in/tree
}

# Many senders at once to one receiver, and how much memory a long stream takes.
load ../support/cli
load ../support/namespaces

setup() {
  setup_net
}

teardown() {
  teardown_net
}

@test "twenty senders at once, of one home: everything arrives" {
  local i pids=()
  mkdir many
  for ((i = 0; i < 20; ++i)); do net_random 300000 "many/object-$i"; done
  net_receiver -o in
  for ((i = 0; i < 20; ++i)); do
    net_sender "sender-$i.log" "many/object-$i"
    pids+=("$NET_SENDER")
  done
  for ((i = 0; i < 20; ++i)); do
    net_result "${pids[i]}" || { cat "sender-$i.log"; return 1; }
  done
  net_end "$NET_RECEIVER"
  rm -rf in/.dcdn-part
  diff -r many in
}

@test "a stream of 300 MB takes little memory at either end" {
  net_receiver --once -o in
  head -c 300000000 /dev/urandom >content
  NET_AROUND_SENDER="/usr/bin/time -f %M -o near.kib" net_send - --name stream <content
  # Still there or not: the receiver's peak is read while it lives, so a second one receives into a pipe.
  net_result "$NET_RECEIVER"
  cmp content in/stream
  near=$(tail -n 1 near.kib)
  echo "sender $near KiB"
  [ "$near" -le $((96 * 1024)) ]
  NET_AROUND_RECEIVER="/usr/bin/time -f %M -o far.kib" NET_OUTPUT=/dev/null net_receiver --once --stdout
  net_send - --name stream <content
  net_result "$NET_RECEIVER"
  far=$(tail -n 1 far.kib)
  echo "receiver $far KiB"
  [ "$far" -le $((96 * 1024)) ]
}

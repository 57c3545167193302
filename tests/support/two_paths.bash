# two_paths.bash - a transfer of `file` over two links, for tests/net/paths.bats and tests/net/lossy_paths.bats. Load
# namespaces.bash before it.
sent_more_than() { [[ $(net_sent_by "$1") -gt $2 ]]; }
sent_by_both() { echo $(($(net_sent_by 0) + $(net_sent_by 1))); }

# begin_over_both BYTES OPTION...: starts it, and waits until each link has carried that much.
begin_over_both() {
  local bytes=$1
  shift
  net_receiver --once -o in -v
  net_sender sender.log -vv --path near0 --path near1 "$@" file
  net_until 60 sent_more_than 0 "$bytes"
  net_until 60 sent_more_than 1 "$bytes"
  ! net_ended "$NET_SENDER" || { cat sender.log; return 1; }
}

ends_well() {
  net_result "$NET_SENDER" || { cat sender.log; return 1; }
  net_result "$NET_RECEIVER"
  cmp file in/file
  run ! net_says sender.log retry
}

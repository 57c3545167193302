# Several network interfaces at once: dcdn-send --path.
load ../support/cli
load ../support/namespaces
load ../support/kills
load ../support/two_paths

setup() {
  setup_net
  net_second_cable
  # Cables without a limit would never be full, and one that is not full needs no second one.
  if ! limit near0 || ! limit near1; then skip "this kernel cannot limit a cable: no tc-tbf(8)"; fi
  net_random 20000000 file
}

limit() { net_in near tc qdisc add dev "$1" root tbf rate 20mbit burst 16kb latency 100ms; }

teardown() {
  teardown_net
}

# 20 MB with headers, what may be in flight or queued when a path is cut (twice: 1 MB), and what is lost by chance.
sent_little_more() { [[ $(sent_by_both) -le 22000000 ]]; }

@test "two paths carry the chunks of one session" {
  begin_over_both 2000000
  ends_well
  sent_more_than 0 4000000
  sent_more_than 1 4000000
  sent_little_more
  net_says "$NET_WORK/receiver.log" "path 2 of session"
}

@test "a path that is cut costs what was under way on it, and no reconnect" {
  begin_over_both 2000000
  net_cut 1
  net_until 30 net_says sender.log "path near1: failed"
  ends_well
  sent_little_more
}

@test "the path that the session itself runs over is cut: the session moves to the other" {
  begin_over_both 2000000
  net_cut 0
  ends_well
  net_says sender.log "the session goes on by near1"
  sent_little_more
}

@test "a path that comes back is used again" {
  begin_over_both 2000000
  net_second_link down
  net_until 30 net_says sender.log "path near1: failed"
  net_second_link up
  net_until 30 bash -c "sed -n '/near1: failed/,\$p' sender.log | grep -q 'near1: good'"
  ends_well
  sent_little_more
}

@test "both paths are cut: the session waits, connects again and goes on" {
  begin_over_both 2000000 --idle-timeout 5s
  net_cut 0
  net_cut 1
  net_until 60 net_says sender.log "retry 1"
  net_mend
  net_result "$NET_SENDER"
  net_result "$NET_RECEIVER"
  cmp file in/file
}

@test "--path auto finds both, and --json shows each" {
  net_receiver --once -o in
  net_in near env "DCDN_HOME=$NET_NEAR_HOME" dcdn-send --peer-id "$NET_FAR_ID" --json --path auto file \
    --to "$NET_FAR_ADDRESS:$NET_PORT" >out.json
  net_result "$NET_RECEIVER"
  cmp file in/file
  sent_more_than 0 4000000
  sent_more_than 1 4000000
  grep -o '"paths":\[.*\]' out.json | tail -n 1 | grep '"interface":"near0".*"interface":"near1"'
  run ! grep '"interface":"lo"' out.json
}

@test "--path auto takes up an interface that appears" {
  net_second_link down
  net_receiver --once -o in
  net_sender sender.log -vv --path auto file
  net_until 60 sent_more_than 0 2000000
  net_second_link up
  net_until 30 sent_more_than 1 2000000
  ends_well
}

@test "one --path is the only one that is used" {
  net_receiver --once -o in
  net_send --path near1 file
  net_result "$NET_RECEIVER"
  cmp file in/file
  sent_more_than 1 20000000
  run ! sent_more_than 0 100000
}

@test "a receiver that is killed and comes back gets the rest over both paths" {
  begin_over_both 2000000 --idle-timeout 5s --retry-longest 200ms
  net_end "$NET_RECEIVER" KILL
  net_receiver --once -o in
  net_result "$NET_SENDER"
  net_result "$NET_RECEIVER"
  cmp file in/file
}

@test "an interface that does not exist is an error that names it and those that there are" {
  run -14 --separate-stderr net_send --path near0 --path wwan7 file
  [[ $stderr == *"wwan7: no such network interface"* ]]
  [[ $stderr == *"near0, near1"* ]]
}

@test "paths that cannot be meant" {
  run -2 --separate-stderr net_send --path near0 --path near0 file
  [[ $stderr == *"named twice"* ]]
  run -2 --separate-stderr net_send --path auto --path near0 file
  [[ $stderr == *"stands alone"* ]]
}

# Several paths that lose packets, each with a coded carrier of its own: dcdn-send --path over two links of netsim.
load ../support/cli
load ../support/namespaces
load ../support/two_paths

setup() {
  prepare_net
}

teardown() {
  teardown_net
}

lossy_links() {
  net_sim_up lan "$1" --rate 5mbit --delay 50ms --loss 0.2
  net_sim_second lan "$1" --rate 5mbit --delay 50ms --loss 0.2
}

# of WHAT INTERFACE: that field of the report by path.
of() {
  jq -r --arg interface "$2" "select(.message_type == \"path_report\" and .interface == \$interface) | .$1" sender.log.out
}

begin() {
  net_random 6000000 file
  begin_over_both 1000000 --json --report "$@"
}

# 6 MB with headers need 7.9 MB on links that lose a fifth. Beyond that: chance, and what a path was given when it was cut
# or sent until its silence was noticed: blocks that lack symbols, the queue, and for about a second what the link carries.
sent_little_more() { [[ $(sent_by_both) -le 9400000 ]]; }

@test "two lossy paths carry the chunks of one session in coded packets, and say so" {
  lossy_links 1
  begin --carrier auto
  ends_well
  [[ $(sent_by_both) -le 8500000 ]]  # 7.9 MB, and what is sent at the end to be sure
  local interface
  for interface in near0 near1; do
    [[ $(of carrier "$interface") == coded ]]
    [[ $(of useful "$interface") -ge 2000000 ]]
    [[ $(of packets_lost "$interface") -ge 300 ]]
  done
}

@test "--carrier streams keeps every path to streams" {
  lossy_links 2
  net_random 300000 file
  net_receiver --once -o in
  net_sender sender.log --json --report --path near0 --path near1 --carrier streams file
  ends_well
  [[ $(of carrier near0) == streams ]]
}

@test "a receiver that keeps to streams gets streams over all paths" {
  lossy_links 3
  net_random 300000 file
  net_receiver --once -o in --carrier streams
  net_sender sender.log --json --report --path near0 --path near1 --carrier coded file
  ends_well
  [[ $(of carrier near0) == streams ]]
}

@test "a lossy path that is cut costs what was under way on it, and no reconnect" {
  lossy_links 4
  begin --carrier auto
  net_cut 1
  ends_well
  sent_little_more
}

@test "the lossy path that the session itself runs over is cut: the session moves to the other" {
  lossy_links 5
  begin --carrier coded
  net_cut 0
  ends_well
  net_says sender.log.out "the session goes on by near1"
  sent_little_more
}

# The critical file is the last of 27, and a sender has 16 offers open: both paths are in use when its turn comes.
@test "a critical file beside bulk takes the better path" {
  net_sim_up lan 7 --rate 8mbit --delay 20ms --loss 0.05
  net_sim_second lan 7 --rate 1mbit --delay 300ms --loss 0.05
  local i
  for ((i = 11; i <= 36; ++i)); do net_random 250000 "bulk$i"; done
  net_random 200000 critical
  net_receiver --once -o in
  net_sender sender.log --json --report --priority-for critical=critical --path near0 --path near1 bulk* critical
  net_result "$NET_SENDER" || { cat sender.log; return 1; }
  net_result "$NET_RECEIVER"
  for i in bulk* critical; do cmp "$i" "in/$i"; done
  [[ $(of critical near0) -ge 200000 ]]
  [[ $(of critical near1) -eq 0 ]]
  [[ $(of useful near1) -ge 200000 ]]  # and bulk did use the other
}

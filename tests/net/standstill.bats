# What counts against --retry-for: time in which nothing moves, whether or not there is a connection.
load ../support/cli
load ../support/namespaces

setup() {
  prepare_net
}

teardown() {
  teardown_net
}

arrived_more_than() { [[ $(stat -c %s out) -gt $1 ]]; }

@test "a connection that lives and moves nothing ends with a reason, within --retry-for" {
  net_sim_up lan 1 --rate 10mbit --delay 20ms
  net_random 30000000 file
  NET_OUTPUT=out net_receiver --once --stdout
  net_sender sender.log --carrier streams --retry-for 5s file
  net_until 30 arrived_more_than 3000000
  # Keep-alives and acknowledgements pass, no packet of content does, whatever its size.
  net_in far iptables -A INPUT -m length --length 400:65535 -j DROP
  SECONDS=0
  status=0
  net_result "$NET_SENDER" 40 || status=$?
  cat sender.log
  [[ $status -eq 3 ]]
  [[ $SECONDS -le 20 ]]
  grep -q 'nothing has arrived there for' sender.log
}

@test "time in which something moved does not count: a break after it is survived" {
  net_up
  net_random 12000000 file
  net_receiver -o in
  net_sender sender.log --rate 1MB --retry-for 5s file
  SECONDS=0
  net_until 30 more_seconds_than 6
  net_end "$NET_RECEIVER" KILL || true
  net_receiver --once -o in
  net_result "$NET_SENDER" 60 || { cat sender.log; return 1; }
  cmp file in/file
}

more_seconds_than() { [[ $SECONDS -gt $1 ]]; }

load /work/wt/review/tests/support/cli
load /work/wt/review/tests/support/namespaces
setup() { prepare_net; }
teardown() { teardown_net; }
@test "trace 24" {
  net_sim_up lan 24 --rate 10mbit --delay 100ms --loss 0.2
  net_random 2500000 file
  net_receiver --once -o in
  NET_OUTPUT=json net_sender sender.log --json --carrier auto file
  net_result "$NET_SENDER" 60
  grep -o '"seconds":[0-9.]*' json | tail -1 | sed 's/.*://' >> /tmp/multi.fixed
}

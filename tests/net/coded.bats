# The coded carrier over links that lose packets.
load ../support/cli
load ../support/namespaces

setup() {
  prepare_net
}

teardown() {
  teardown_net
}

@test "a megabyte at 20 % loss takes about as long as the link needs" {
  net_sim_up disaster 1 --rate 10mbit --jitter 0ms
  net_random 1000000 file
  net_receiver --once -o in
  SECONDS=0
  net_send --carrier coded file
  # 1 s of sending at 8 Mbit/s, and round trips before and after it; QUIC alone takes several times as long
  [[ $SECONDS -le 6 ]]
  net_result "$NET_RECEIVER"
  cmp file in/file
}

@test "either side may keep to streams" {
  net_sim_up lan 1 --delay 10ms
  net_random 100000 file
  net_receiver --carrier streams -o in
  net_send --carrier coded --name one file
  net_end "$NET_RECEIVER"
  net_receiver -o in
  net_send --carrier streams --name two file
  cmp file in/one
  cmp file in/two
}

# A path that takes smaller packets than before, in the middle of a transfer: with and without a router that says so.
load ../support/cli
load ../support/namespaces

setup() {
  prepare_net
}

teardown() {
  [[ -z ${ROUTER:-} ]] || ip netns delete "$ROUTER" 2>/dev/null || true
  teardown_net
}

arrived() { stat -c %s out; }
arrived_more_than() { [[ $(arrived) -gt $1 ]]; }

# rate_over SECONDS: bytes of content a second that come out at the receiver.
rate_over() {
  local before
  before=$(arrived)
  sleep "$1"  # it is the time that is measured
  echo $((($(arrived) - before) / $1))
}

# IP packets of more than 1280 bytes vanish, in one direction or in both.
only_small_ones_arrive() {
  local side
  for side in "$@"; do net_in "$side" iptables -A INPUT -m length --length 1281:65535 -j DROP; done
}

begin() {
  net_random 30000000 file
  NET_OUTPUT=out net_receiver --once --stdout
  net_sender sender.log "$@" file
  net_until 30 arrived_more_than 3000000
  before=$(rate_over 4)
}

# goes_on [TENTHS]: goodput after ten seconds, in tenths of what smaller packets allow; nine if not said.
goes_on() {
  sleep 10
  after=$(rate_over 4)
  echo "before $before B/s, after $after B/s"
  [[ $((after * 1500 * 10)) -ge $((before * 1280 * ${1:-9})) ]]
  net_result "$NET_SENDER" 60 || { cat sender.log; return 1; }
  cmp file out
}

@test "streams go on when larger packets vanish without a word" {
  net_sim_up lan 1 --rate 10mbit --delay 20ms
  begin --carrier streams
  only_small_ones_arrive near far
  goes_on
}

@test "the coded carrier goes on when larger packets vanish without a word" {
  net_sim_up lan 1 --rate 10mbit --delay 20ms
  begin --carrier coded
  only_small_ones_arrive near far
  goes_on
}

@test "streams go on when larger packets vanish on a path that loses others too" {
  net_sim_up lan 1 --rate 10mbit --delay 20ms --loss 2%
  begin --carrier streams
  only_small_ones_arrive far
  # BBR2, which is all the BBR of ngtcp2 1.x, takes that much loss at once for congestion, and comes back slowly.
  if pkg-config --atleast-version=1 libngtcp2; then goes_on 2; else goes_on; fi
}

# near - router - far; the router's second cable is the one that changes.
routed_up() {
  net_spaces
  ROUTER=$NET_NEAR-router
  ip netns add "$ROUTER"
  ip link add near0 netns "$NET_NEAR" mtu 1500 type veth peer name to-near netns "$ROUTER" mtu 1500
  ip link add to-far netns "$ROUTER" mtu 1500 type veth peer name far0 netns "$NET_FAR" mtu 1500
  ip -n "$ROUTER" address add 10.79.0.254/24 dev to-near
  ip -n "$ROUTER" address add 10.77.0.254/24 dev to-far
  ip -n "$ROUTER" link set to-near up
  ip -n "$ROUTER" link set to-far up
  ip netns exec "$ROUTER" sysctl -qw net.ipv4.ip_forward=1
  net_in near ip address add 10.79.0.1/24 dev near0
  net_in far ip address add "$NET_FAR_ADDRESS/24" dev far0
  net_in near ip link set near0 up
  net_in far ip link set far0 up
  net_in near ip route add default via 10.79.0.254
  net_in far ip route add default via 10.77.0.254
}

@test "a router that says that packets are too long is heard" {
  routed_up
  begin --carrier streams --rate 10mbit
  ip -n "$ROUTER" link set to-far mtu 1280
  net_in far ip link set far0 mtu 1280
  goes_on
}

@test "this machine's own interface takes smaller packets from now on" {
  routed_up
  begin --carrier streams --rate 10mbit
  net_in near ip link set near0 mtu 1280
  goes_on
}

# A receiver whose name has several addresses.
load ../support/cli
load ../support/namespaces

setup() {
  setup_net
  # ip netns exec puts it in the place of /etc/hosts.
  mkdir -p "/etc/netns/$NET_NEAR"
}

teardown() {
  [[ -z ${NET_NEAR:-} ]] || rm -rf "/etc/netns/$NET_NEAR"
  teardown_net
}

@test "a first address that is dead costs a quarter of a second" {
  # As near to us as the one that lives, so that their order stays; packets to it vanish.
  printf '10.77.0.3 two\n10.77.0.2 two\n' >"/etc/netns/$NET_NEAR/hosts"
  net_in near ip neighbour replace 10.77.0.3 lladdr 02:00:00:00:00:03 dev near0
  [[ $(net_in near getent ahosts two | head -n 1) == 10.77.0.3* ]]
  net_random 1000 file
  net_receiver -o in
  began=$(date +%s%N)
  net_in near env "DCDN_HOME=$NET_NEAR_HOME" dcdn-send --peer-id "$NET_FAR_ID" --progress none file --to "two:$NET_PORT"
  took=$((($(date +%s%N) - began) / 1000000))
  echo "took $took ms"
  [[ $took -ge 250 && $took -le 2000 ]]
  cmp file in/file
}

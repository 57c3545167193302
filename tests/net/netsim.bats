# The link emulator itself, and transfers through it.
load ../support/cli
load ../support/namespaces

setup() {
  prepare_net
}

teardown() {
  teardown_net
}

# count DIRECTION COUNTER: out of the last line of counters in $counters.
count() { jq ".$1.$2" <<<"$counters"; }

@test "the profiles are listed and the options explained" {
  run -0 netsim --list-profiles
  for profile in lan dsl lte-edge satellite disaster disaster-33 bursty flapping asymmetric; do
    [[ $output == *"$profile "* ]]
  done
  run -0 netsim --help
  [[ $output == *--burst-loss* ]]
  run -2 netsim --profile moon --near a --far b
  [[ $output == *"no profile moon"* ]]
  run -2 netsim --near a --far b --loss 7
  run -1 netsim --near "none-$$" --far "none-$$"
}

# probe COUNT SIZE GAP: answered, least and most round trip, of datagrams that the far end sends back.
probe() {
  net_start far echo.log "$BATS_TEST_DIRNAME/../support/udp_probe.py" echo "$NET_FAR_ADDRESS" 7
  net_until 20 net_says echo.log ready
  read -r answered least most <<<"$(net_in near "$BATS_TEST_DIRNAME/../support/udp_probe.py" ask "$NET_FAR_ADDRESS" 7 "$@")"
}

@test "a datagram takes the round trip and none is lost on a clean link" {
  net_sim_up lan 1 --delay 50ms
  probe 50 500 0.01
  [[ $answered -eq 50 && ${least%.*} -ge 100 && ${least%.*} -lt 110 && ${most%.*} -ge 100 ]]
  counters=$(net_sim_counters)
  [[ $(count forth sent) -eq 50 && $(count back delivered) -eq 50 ]]
}

@test "the counters say where every packet went" {
  net_sim_up disaster 2
  probe 300 472 0.005
  net_end "${NET_SIMS[0]}"
  counters=$(tail -n 1 "${NET_SIM_COUNTERS[0]}")
  for way in forth back; do
    jq -e ".$way | .sent == .delivered + .lost + .lost_in_outage + .dropped and .unwritten == 0" <<<"$counters"
  done
  [[ $(count forth sent) -eq 300 && $(count forth sent_bytes) -eq 150000 ]]
  [[ $(count forth lost) -gt 25 && $(count forth lost) -lt 100 ]]
  [[ $(count back sent) -eq $(count forth delivered) && $answered -eq $(count back delivered) ]]
}

@test "50 kB over disaster: 20 % loss and jitter" {
  net_sim_up disaster 3
  net_random 50000 file
  net_receiver --once -o in
  net_send -q file
  net_result "$NET_RECEIVER"
  cmp file in/file
  counters=$(net_sim_counters)
  [[ $(count forth delivered_bytes) -gt 50000 && $(count forth lost) -gt 0 ]]
}

@test "an outage in the middle loses nothing" {
  net_sim_up lan 4 --rate 8mbit --delay 10ms --up 1s --down 1s
  net_random 1500000 file
  net_receiver --once -o in
  net_send -q --retry-longest 500ms file
  net_result "$NET_RECEIVER"
  cmp file in/file
  counters=$(net_sim_counters)
  [[ $(count forth lost_in_outage) -gt 0 ]]
}

@test "scripts/demo-disaster shows both sides" {
  run -0 "$BATS_TEST_DIRNAME/../../scripts/demo-disaster" --profile lan --size 100000 --seconds 20
  [[ $output == *"scp "*"whole and equal"*"dcdn "*"whole and equal"* ]]
  run -1 "$BATS_TEST_DIRNAME/../../scripts/demo-disaster" --profile moon
  run -2 "$BATS_TEST_DIRNAME/../../scripts/demo-disaster" --colour
}

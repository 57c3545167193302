# Links that lose packets, go away and come back, and change their address.
load ../support/cli
load ../support/namespaces
load ../support/kills

setup() {
  setup_net
}

teardown() {
  teardown_net
}

# Starts a transfer of 20 MB that lasts a while, and waits until a quarter of it is on the wire.
begin_transfer() {
  net_random 20000000 file
  KILLS_BEFORE=$(net_sent_bytes)
  net_receiver --once -o in
  net_sender sender.log --rate 100mbit --retry-longest 500ms "$@" file
  net_until 60 kills_past 5000000
  ! net_ended "$NET_SENDER" || { cat sender.log; return 1; }
}

# ends_well [SECONDS]: within so many, 60 if not said.
ends_well() {
  net_result "$NET_SENDER" "${1:-60}"
  net_result "$NET_RECEIVER"
  cmp file in/file
}

@test "2 % of the packets are lost each way" {
  net_loss 0.02
  net_random 20000000 file
  net_receiver --once -o in
  net_sender sender.log file
  ends_well
}

@test "10 % of the packets are lost each way" {
  net_loss 0.1
  net_random 20000000 file
  net_receiver --once -o in
  net_sender sender.log file
  ends_well
}

@test "30 % of the packets are lost each way" {
  net_loss 0.3
  net_random 2000000 file
  net_receiver --once -o in
  net_sender sender.log file
  ends_well 240  # one in thirty times QUIC gives a connection up, which takes half a minute, and twice is possible
}

@test "a short break does not end the connection" {
  begin_transfer -v
  net_link down
  net_until 10 net_silent || true  # about as long as this takes
  net_link up
  ends_well
  run ! net_says sender.log retry
}

@test "a break longer than the idle timeout: the sender connects again and goes on" {
  begin_transfer --idle-timeout 5s -v
  net_link down
  net_until 60 net_says sender.log "retry 1"
  net_link up
  ends_well
  [ $(($(net_sent_bytes) - KILLS_BEFORE)) -le "$(kills_most_bytes 20000000 1)" ]
}

@test "the receiver is not there yet" {
  net_random 2000000 file
  net_sender sender.log --handshake-timeout 1s --retry-longest 200ms -v file
  net_until 60 net_says sender.log "retry 2"
  net_receiver --once -o in
  ends_well
}

@test "the receiver stops politely and another takes its place on the same port" {
  begin_transfer -v
  net_end "$NET_RECEIVER" TERM
  net_receiver --once -o in
  ends_well
  [ $(($(net_sent_bytes) - KILLS_BEFORE)) -le "$(kills_most_bytes 20000000 1)" ]
}

@test "the sender gets another address while it sends: the connection moves there" {
  begin_transfer -v
  net_in near ip address add 10.77.0.3/24 dev near0
  net_in near ip address del 10.77.0.1/24 dev near0
  # The secondary address goes with the first one.
  net_in near ip address replace 10.77.0.3/24 dev near0
  ends_well
  run ! net_says sender.log retry
}

@test "the cable is pulled while a second one is plugged in: the connection moves there" {
  net_second_cable
  begin_transfer -v
  net_in near ip link set near0 down
  ends_well
  run ! net_says sender.log retry
  [ "$(net_in near cat /sys/class/net/near1/statistics/tx_bytes)" -gt 5000000 ]
}

@test "nobody there: the sender gives up after --retry-for and says so" {
  net_random 1000 file
  run -6 --separate-stderr net_send --handshake-timeout 1s --retry-for 1s file
  [ -z "$output" ]
}

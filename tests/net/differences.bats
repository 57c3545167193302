# Only what changed travels, through bad links and past kills: counted are all bytes on the wire, both ways.
load ../support/cli
load ../support/namespaces

# Just below what a sender begins with before it has been told of anything older (dcdn-session(5), BEGINNING AT ONCE).
SIZE=1000000

setup() {
  prepare_net
  mkdir in
}

teardown() {
  [[ -z ${SECOND:-} ]] || net_end "$SECOND" || true
  teardown_net
}

# prepare SIZE KIND: in/data at the receiver, the edited one (tests/support/edit_file.py) is data.
prepare() {
  net_random "$1" in/data
  "$BATS_TEST_DIRNAME/../support/edit_file.py" "$2" in/data data
}

carried_forth() { net_sim_counters | jq .forth.sent_bytes; }
carried() { net_sim_counters | jq '.forth.sent_bytes + .back.sent_bytes'; }
carried_forth_past() { [[ $(carried_forth) -ge $1 ]]; }

# arrives LIMIT: the transfer ends well, and at most so many bytes were on the wire, handshakes and what was lost included:
# where a third is lost, the whole file would be at least half as much again as it is long.
arrives() {
  net_result "$NET_SENDER" 240 || { cat sender.log; return 1; }
  net_result "$NET_RECEIVER" 60
  cmp data in/data
  echo "$(carried) bytes on the wire, at most $1" >&3
  (($(carried) <= $1))
}

@test "600 ms and a third of the packets lost: an insertion into 300 kB" {
  prepare 300000 insertion
  net_sim_up disaster-33 11
  net_receiver --once --overwrite -o in
  net_sender sender.log data
  arrives $((300000 / 3))
}

@test "200 ms and a fifth lost, by streams: 300 kB of which some blocks changed" {
  prepare 300000 5%
  net_sim_up disaster 12 --rate 10mbit
  net_receiver --once --overwrite -o in
  net_sender sender.log --carrier streams data
  arrives $((300000 * 2 / 5))
}

@test "600 ms and a third lost: the sender is killed half-way, and the next one sends the rest as differences" {
  prepare $SIZE 10%
  net_sim_up disaster-33 13
  net_receiver --once --overwrite -o in
  net_sender killed.log --chunk-size 64KiB data
  net_until 120 carried_forth_past 70000
  kill -0 "$NET_SENDER"
  net_end "$NET_SENDER" KILL
  net_sender sender.log --chunk-size 64KiB data
  arrives $((SIZE * 85 / 100))
}

@test "600 ms and a third lost: the receiver is killed half-way; the old version is whole, the rest comes as differences" {
  prepare $SIZE 10%
  cp in/data old
  net_sim_up disaster-33 14
  net_receiver --once --overwrite -o in
  net_sender sender.log --chunk-size 64KiB --idle-timeout 8s --retry-longest 500ms data
  net_until 120 carried_forth_past 70000
  kill -0 "$NET_SENDER"
  net_end "$NET_RECEIVER" KILL
  cmp old in/data
  net_receiver --once --overwrite -o in
  arrives $((SIZE * 85 / 100))
}

@test "two paths, both of which lose packets" {
  prepare $SIZE 10%
  net_sim_up lan 15 --rate 4mbit --delay 30ms --loss 0.02
  netsim --near "$NET_NEAR" --far "$NET_FAR" --near-device near1 --far-device far1 --profile lan --seed 16 \
    --rate 4mbit --delay 60ms --loss 0.05 < /dev/null > second.json 2> second.log 3>&- &
  SECOND=$!
  net_until 20 net_says second.log ready
  net_in near ip address add 10.78.0.1/24 dev near1
  net_in far ip address add 10.78.0.2/24 dev far1
  net_in near ip link set near1 up
  net_in far ip link set far1 up
  net_in near ip route replace 10.77.0.0/24 via 10.78.0.2 metric 100
  net_receiver --once --overwrite -v -o in
  net_sender sender.log --path near0 --path near1 data
  net_result "$NET_SENDER" 120 || { cat sender.log; return 1; }
  net_result "$NET_RECEIVER" 60
  cmp data in/data
  kill -TERM "$SECOND"
  wait "$SECOND" || true
  SECOND=
  local second
  second=$(jq '.forth.sent_bytes + .back.sent_bytes' second.json | tail -n 1)
  echo "$(carried) + $second bytes on the wire, at most $((SIZE / 2))" >&3
  (($(carried) + second <= SIZE / 2))
  ((second > 10000))
}

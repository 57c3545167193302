# namespaces.bash - two network namespaces, near and far, joined by a veth pair, or by netsim: what tests/net and
# scripts/bench use.
#
# net_up makes them (names of this run only, addresses only inside them, MTU 1500), net_down ends what net_start began,
# by its process id, and removes them. Everything lies in the folder $NET_WORK, which the caller makes and removes.
# net_sim_up makes them with a bad link in between; everything else is the same, except net_link.
# near is where dcdn-send runs, far where dcdn-recv runs.
# Results are left in variables for those who load this file.
# shellcheck disable=SC2034,SC2153
NET_NEAR_ADDRESS=10.77.0.1
NET_FAR_ADDRESS=10.77.0.2
NET_PORT=4433
NET_PIDS=()
NET_SIMS=()
NET_SIM_COUNTERS=()

# Prints why not, if namespaces cannot be made here.
net_obstacle() {
  local probe=dcdn-probe-$$-$RANDOM tool
  for tool in ip iptables; do
    command -v "$tool" >/dev/null || { echo "needs $tool: scripts/install-deps"; return; }
  done
  [[ $(id -u) -eq 0 ]] || { echo "needs root"; return; }
  if ! ip netns add "$probe" 2>/dev/null; then echo "network namespaces are not permitted here"; return; fi
  ip link add nearprobe netns "$probe" type veth peer name farprobe netns "$probe" 2>/dev/null ||
    echo "veth pairs are not permitted here"
  ip netns delete "$probe"
}

net_up() {
  net_spaces
  ip link add near0 netns "$NET_NEAR" mtu 1500 type veth peer name far0 netns "$NET_FAR" mtu 1500
  net_addresses
}

net_spaces() {
  local name=dcdn-$$-$RANDOM
  NET_NEAR=$name-near
  NET_FAR=$name-far
  ip netns add "$NET_NEAR"
  ip netns add "$NET_FAR"
}

net_addresses() {
  net_in near ip link set lo up
  net_in far ip link set lo up
  net_in near ip address add "$NET_NEAR_ADDRESS/24" dev near0
  net_in far ip address add "$NET_FAR_ADDRESS/24" dev far0
  net_link up
}

# A second cable, near1 to far1, after net_up, by which the receiver's address is reached too.
net_second_cable() {
  net_in near ip link add near1 mtu 1500 type veth peer name far1 netns "$NET_FAR" mtu 1500
  net_second_addresses
}

net_second_addresses() {
  net_in near ip address add 10.78.0.1/24 dev near1
  net_in far ip address add 10.78.0.2/24 dev far1
  net_second_link up
}

# net_second_link up|down
net_second_link() {
  net_in near ip link set near1 "$1"
  net_in far ip link set far1 "$1"
  [[ $1 == down ]] || net_in near ip route replace 10.77.0.0/24 via 10.78.0.2 metric 100
}

# net_cut NUMBER: nothing passes link NUMBER any more, and nobody is told. net_mend ends all cuts.
net_cut() {
  net_in far iptables -A INPUT -i "far$1" -j DROP
  net_in far iptables -A OUTPUT -o "far$1" -j DROP
}
net_mend() { net_in far iptables -F; }

# net_sent_by NUMBER: bytes that the near end has put on that link so far.
net_sent_by() { net_in near cat "/sys/class/net/near$1/statistics/tx_bytes"; }

# net_sim_up PROFILE SEED [OPTION...]: joined by netsim (netsim --help). Its time begins here.
net_sim_up() {
  local side
  net_spaces
  # Nothing but what a test sends is to be counted.
  for side in near far; do net_in "$side" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; done
  net_sim 0 "$@" && net_addresses
}

# net_sim_second PROFILE SEED [OPTION...]: after net_sim_up, a second bad link, near1 to far1, and the receiver's address is
# reached by it too.
net_sim_second() {
  net_sim 1 "$@" && net_second_addresses
}

# net_sim 0|1 PROFILE SEED [OPTION...]: a link of that number; ${NET_SIMS[number]} is its id.
net_sim() {
  local number=$1 profile=$2 seed=$3 log=$NET_WORK/netsim$1.log pid
  shift 3
  # What the one before said is not to be taken for this one's word: its shell opens the file later than we look.
  rm -f "$log"
  NET_SIM_COUNTERS[number]=$NET_WORK/netsim-$RANDOM$RANDOM.json
  netsim --near "$NET_NEAR" --far "$NET_FAR" --near-device "near$number" --far-device "far$number" \
    --profile "$profile" --seed "$seed" "$@" </dev/null >"${NET_SIM_COUNTERS[number]}" 2>"$log" 3>&- &
  pid=$!
  NET_SIMS[number]=$pid
  NET_PIDS+=("$pid")
  net_until 20 net_sim_ready_or_ended "$log" "$pid"
  net_says "$log" ready || { cat "$log" >&2; return 1; }
}

net_sim_ready_or_ended() { net_says "$1" ready || net_ended "$2"; }

# net_sim_counters: prints the first netsim's counters as they are now, a line of JSON.
net_sim_counters() {
  local counters=${NET_SIM_COUNTERS[0]} before
  before=$(wc -l <"$counters")
  kill -USR1 "${NET_SIMS[0]}"
  net_until 20 net_sim_counted "$counters" "$before" && tail -n 1 "$counters"
}

net_sim_counted() { [[ $(wc -l <"$1") -gt $2 ]]; }

net_down() {
  local pid space
  for pid in "${NET_SIMS[@]}"; do net_end "$pid" || true; done
  NET_SIMS=()
  for pid in "${NET_PIDS[@]}"; do net_end "$pid" KILL || true; done
  NET_PIDS=()
  for space in "${NET_NEAR:-}" "${NET_FAR:-}"; do
    # What our processes left behind there (sshd has a process for each connection) would wait for ever.
    [[ -z $space ]] || for pid in $(ip netns pids "$space" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    [[ -z $space ]] || ip netns delete "$space" 2>/dev/null || true
  done
  NET_NEAR=
  NET_FAR=
}

# net_in near|far COMMAND...: ip replaces itself by the command.
net_in() {
  local space=$NET_NEAR
  [[ $1 == near ]] || space=$NET_FAR
  shift
  ip netns exec "$space" "$@"
}

# net_start near|far LOG COMMAND...: in the background; $NET_PID is its id, standard error goes to LOG, standard output
# to $NET_OUTPUT or LOG.out.
net_start() {
  local space=$NET_NEAR log=$2
  [[ $1 == near ]] || space=$NET_FAR
  shift 2
  # Not by net_in: a function in the background is a shell of its own, and a kill would hit that shell.
  # bats waits for whoever holds its descriptor 3.
  ip netns exec "$space" "$@" </dev/null >"${NET_OUTPUT:-$log.out}" 2>"$log" 3>&- &
  NET_PID=$!
  NET_PIDS+=("$NET_PID")
}

# net_end PID [SIGNAL]: ends a process of net_start and waits for it; false if it had to be killed.
net_end() {
  local status=0
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  if ! net_until 20 net_ended "$1"; then
    kill -KILL "$1" 2>/dev/null || true
    status=1
  fi
  wait "$1" 2>/dev/null || true
  net_forget "$1"
  return "$status"
}

net_forget() {
  local pid kept=()
  for pid in "${NET_PIDS[@]}"; do [[ $pid == "$1" ]] || kept+=("$pid"); done
  NET_PIDS=("${kept[@]}")
}

# net_result PID [SECONDS]: waits until a process of net_start has ended by itself; its exit status, or 124.
net_result() {
  local status=0
  net_until "${2:-60}" net_ended "$1" || return 124
  wait "$1" || status=$?
  net_forget "$1"
  return "$status"
}

# net_until SECONDS COMMAND...: waits until the command succeeds; false after that long.
net_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [[ $SECONDS -lt $deadline ]] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.02
  done
}

net_ended() { ! kill -0 "$1" 2>/dev/null; }
net_says() { grep -q -- "$2" "$1" 2>/dev/null; }

# Homes and keys of both ends: $NET_NEAR_ID and $NET_FAR_ID.
net_keys() {
  NET_NEAR_HOME=$NET_WORK/near-home
  NET_FAR_HOME=$NET_WORK/far-home
  NET_NEAR_ID=$(DCDN_HOME=$NET_NEAR_HOME dcdn-sign keygen --key near 2>/dev/null)
  NET_FAR_ID=$(DCDN_HOME=$NET_FAR_HOME dcdn-sign keygen --key far 2>/dev/null)
}

# net_receiver OPTION...: starts dcdn-recv and waits until it listens; $NET_RECEIVER is its id. If it does not, all
# that it said is on standard error.
net_receiver() {
  local log=$NET_WORK/receiver.log
  # As for netsim: the receiver before is not to speak for this one. Its "listening" ended our waiting, and was gone
  # when we looked again, so that the receiver seemed not to have started.
  rm -f "$log.out"
  : >"$log"
  # shellcheck disable=SC2086  # a command line
  net_start far "$log" env "DCDN_HOME=$NET_FAR_HOME" ${NET_AROUND_RECEIVER:-} dcdn-recv --progress none \
    --listen "$NET_FAR_ADDRESS:$NET_PORT" --allow "$NET_NEAR_ID" "$@"
  NET_RECEIVER=$NET_PID
  net_until 20 net_listens_or_ended || true
  net_listens && return
  echo "the receiver does not listen; what it said:" >&2
  cat "$log" "$log.out" >&2 2>/dev/null || true  # with --json its errors are in the latter
  return 1
}

# With --json it says so on standard output.
net_listens() {
  net_says "$NET_WORK/receiver.log" "listening on" ||
    net_says "${NET_OUTPUT:-$NET_WORK/receiver.log.out}" '"message_type":"listening"'
}
net_listens_or_ended() { net_listens || net_ended "$NET_RECEIVER"; }

# net_sender LOG ARGUMENT...: starts dcdn-send towards the receiver; $NET_SENDER is its id.
net_sender() {
  local log=$1
  shift
  # shellcheck disable=SC2086  # a command line
  net_start near "$log" env "DCDN_HOME=$NET_NEAR_HOME" ${NET_AROUND_SENDER:-} dcdn-send --peer-id "$NET_FAR_ID" --progress none "$@" \
    --to "$NET_FAR_ADDRESS:$NET_PORT"
  NET_SENDER=$NET_PID
}

# net_send ARGUMENT...: the same, in the foreground.
net_send() {
  # shellcheck disable=SC2086  # a command line
  net_in near env "DCDN_HOME=$NET_NEAR_HOME" ${NET_AROUND_SENDER:-} dcdn-send --peer-id "$NET_FAR_ID" \
    --progress none "$@" --to "$NET_FAR_ADDRESS:$NET_PORT"
}

# net_link up|down: the cable.
net_link() {
  net_in near ip link set near0 "$1"
  net_in far ip link set far0 "$1"
}

# net_loss PROBABILITY: this part of the packets is lost, in both directions, independently. 0 ends it.
net_loss() {
  local side
  for side in near far; do
    net_in "$side" iptables -F INPUT
    [[ $1 == 0 ]] || net_in "$side" iptables -A INPUT -p udp -m statistic --mode random --probability "$1" -j DROP
  done
}

# Bytes that the near end has put on the wire so far, with all headers down to Ethernet's.
net_sent_bytes() { net_in near cat /sys/class/net/near0/statistics/tx_bytes; }

# net_random SIZE FILE: incompressible content.
net_random() { head -c "$1" /dev/urandom >"$2"; }

# Nothing has left the near end for a second.
net_silent() {
  local before
  before=$(net_sent_bytes)
  sleep 1
  [[ $(net_sent_bytes) == "$before" ]]
}

# Highest resident set of a running process so far, in KiB.
net_peak_kib() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$1/status"; }

# For bats: setup() and teardown() of a file of tests/net. Load cli.bash before this file.
setup_net() {
  prepare_net
  net_up
}

# The same without the link: for tests that say net_sim_up themselves.
prepare_net() {
  local obstacle
  obstacle=$(net_obstacle)
  [[ -z $obstacle ]] || skip "$obstacle"
  export DCDN_BIN=${DCDN_BIN:-$BATS_TEST_DIRNAME/../../build/bin}
  setup_cli
  NET_WORK=$BATS_TEST_TMPDIR
  net_keys
}

teardown_net() {
  [[ -n ${NET_NEAR:-} ]] || return 0
  net_down
}

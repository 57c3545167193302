# What surrounds a program in cron, a container, a daemon or on a full disk: descriptors, homes, limits, readers.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
load ../support/cli.bash
load ../support/loopback.bash

setup() {
  setup_cli
  setup_loopback
  random_file data 300000
}

teardown() {
  teardown_loopback
  [[ -z ${MOUNTED:-} ]] || umount "$MOUNTED"
}

closed_input() {
  run --separate-stderr timeout 20 bash -c '"$@" <&- > out' _ "$@"
  [[ $status -ne 0 && $status -ne 124 && $status -lt 126 ]]
  [[ $stderr == *"standard input"* ]]
}

@test "standard input is closed: an error that names it, not a wait and not another file" {
  closed_input dcdn-recv --stdin -o in
  closed_input dcdn-send --stdout --name piped -
  closed_input dcdn-sign sign
  closed_input dcdn-sign verify --signer "$SEND_ID"
  closed_input dcdn-fec decode
  closed_input dcdn-delta patch data -
}

@test "a receiver with 0, 1 and 2 closed receives, and writes into none of its own files" {
  DCDN_HOME=$RECV_HOME dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" --once -o in --log-file log <&- >&- 2>&- 3>&- &
  RECV_PID=$!
  NET_PIDS+=("$RECV_PID")
  wait_until 20 grep -qs 'listening on' log
  ADDR=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' log)
  send_to_receiver -q data
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data in/data
}

@test "standard output is closed where it carries the result: an error" {
  run -14 bash -c 'dcdn-send --force --stdout data >&-'
  assert_output --partial "standard output"
}

@test "no home: what needs none works, what needs one says what to do" {
  no_home() { env -u DCDN_HOME -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME "$@"; }
  no_home dcdn-send --stdout data > stream
  no_home dcdn-recv --stdin -o in < stream
  cmp data in/data
  no_home dcdn-send --dry-run data
  run --separate-stderr -11 no_home dcdn-recv --stdin --require-signature -o in2 < stream
  [[ $stderr == *"DCDN_HOME"* && ! -e in2/data ]]
  run --separate-stderr -11 no_home dcdn-send data 127.0.0.1:1
  [[ $stderr == *"DCDN_HOME"* ]]
}

@test "a home that cannot be written: a stream is unpacked all the same" {
  dcdn-send --stdout data > stream
  DCDN_HOME=/proc/self/dcdn dcdn-recv --stdin -o in < stream
  cmp data in/data
}

@test "a full disk below the home costs the list of sessions, not the transfer" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to mount a small disk"
  mkdir disk
  mount -t tmpfs -o size=256k dcdn-test disk 2> /dev/null || skip "mount is not permitted here"
  MOUNTED=$PWD/disk
  cp -r "$DCDN_HOME" disk/home
  head -c 256k /dev/zero > disk/filler || true
  start_receiver recv -o in
  DCDN_HOME=disk/home run --separate-stderr -0 send_to_receiver data
  cmp data in/data
  [[ $stderr == *"not listed"* ]]
}

@test "a full disk below a receiver's home costs the note of a delivery, not the delivery" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to mount a small disk"
  mkdir disk
  mount -t tmpfs -o size=256k dcdn-test disk 2> /dev/null || skip "mount is not permitted here"
  MOUNTED=$PWD/disk
  cp -r "$RECV_HOME" disk/home
  RECV_HOME=$PWD/disk/home
  head -c 256k /dev/zero > disk/filler || true
  start_receiver recv -o in
  send_to_receiver -q data
  cmp data in/data
  end_receiver
  grep -q "that it was delivered is not noted" recv.err
  dcdn-send -q --stdout --name other data > stream
  run --separate-stderr -0 env DCDN_HOME="$RECV_HOME" dcdn-recv --stdin -o in < stream
  cmp data in/other
}

@test "a limit of file sizes is an error that says so, in every tool that writes a file" {
  limited() { (ulimit -f 64; "$@"); }  # KiB
  dcdn-send --stdout data > stream
  run --separate-stderr -8 limited dcdn-recv --stdin -o in < stream
  [[ $stderr == *"ulimit -f"* && ! -e in/data ]]
  run --separate-stderr -10 bash -c 'ulimit -f 64; dcdn-send --stdout data > short'
  [[ $stderr == *"standard output"*"ulimit -f"* ]]
  # The delta lies in a temporary file while it is applied.
  : > empty
  dcdn-delta make --basis empty data > made.dcs
  run --separate-stderr -10 bash -c 'ulimit -f 64; dcdn-delta apply --basis empty made.dcs made'
  [[ $stderr == *"made.dcs: temporary file: "*"TMPDIR"* && ! -e made ]]
}

@test "a reader behind the receiver's --stdout that goes away: 141 there, 13 and a line at the sender" {
  DCDN_HOME=$RECV_HOME bash -c '
    trap "" PIPE
    dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" --stdout --progress none 2> recv.err 3>&- | head -c 1000 > /dev/null
    echo "${PIPESTATUS[0]}" > recv.status' < /dev/null 3>&- &
  NET_PIDS+=($!)
  wait_until 20 grep -qs 'listening on' recv.err
  ADDR=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' recv.err)
  random_file large 8000000
  run --separate-stderr -13 send_to_receiver --retry-for 1s large
  [[ $stderr == *"receiver: "* ]]
  wait_until 20 test -s recv.status
  assert_equal "$(cat recv.status)" 141
}

@test "JSON tells a name that is no text so that it can be opened" {
  odd=$'odd\xff name'
  cp data "$odd"
  start_receiver recv --json --once -o in
  run --separate-stderr -0 send_to_receiver --json "$odd"
  await_pid "$RECV_PID"
  [ "$(jq -r 'select(.message_type == "object") | .path_base64' <<< "$output" | base64 -d)" = "$odd" ]
  told=$(jq -r 'select(.message_type == "object") | .path_base64' recv.out | base64 -d)
  cmp "$told" data
  told=$(jq -r 'select(.message_type == "summary") | .paths_base64[0]' recv.out | base64 -d)
  cmp "$told" data
  [ "$(jq -r 'select(.message_type == "object") | .peer' recv.out)" = "$SEND_ID" ]
}

@test "who sent it: the trusted name in the line, in JSON and in the audit log; the name really written" {
  DCDN_HOME=$RECV_HOME dcdn-sign -q trust add truck "$SEND_ID"
  mkdir in && echo other > in/data
  start_receiver recv --rename --once -o in
  send_to_receiver -q data
  await_pid "$RECV_PID"
  grep -q "received data from truck as in/data" recv.err
  DCDN_HOME=$RECV_HOME dcdn-sign audit show | grep -q "$SEND_ID"
}

@test "an idle receiver writes nothing, in text and in JSON" {
  DCDN_HOME=$RECV_HOME dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" -o in --progress lines 2> text.err < /dev/null 3>&- &
  NET_PIDS+=($!)
  DCDN_HOME=$RECV_HOME dcdn-recv --listen 127.0.0.1:0 --allow "$SEND_ID" -o in2 --json > json.out 2> json.err < /dev/null 3>&- &
  NET_PIDS+=($!)
  wait_until 20 grep -qs 'waiting for peer' text.err
  wait_until 20 grep -qs 'waiting for peer' json.out
  sleep 6
  assert_equal "$(grep -c 'waiting for peer' text.err)" 1
  assert_equal "$(grep -c 'waiting for peer' json.out)" 1
}

@test "a session that was killed and done again is listed once, completed, at both ends" {
  random_file large 3000000
  start_receiver recv -o in
  start_sender first --peer-id "$RECV_ID" --rate 300kB --chunk-size 32KiB large "$ADDR"
  wait_until 20 grep -qs '"bytes_done":[1-9]' first.out
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  run -0 dcdn-send --list
  assert_line --partial "not running"
  start_sender again --peer-id "$RECV_ID" --rate 300kB --chunk-size 32KiB large "$ADDR"
  await_pid "$SEND_PID"
  run -0 dcdn-send --list
  refute_output --partial "not running"
  end_receiver
  DCDN_HOME=$RECV_HOME run -0 dcdn-recv --list
  refute_output --partial "not running"
}

@test "the receiver's --list follows within two seconds, and what this session itself sent counts as nothing that was there" {
  random_file large 4000000
  start_receiver recv -o in
  start_sender send --peer-id "$RECV_ID" --rate 400kB --chunk-size 32KiB large "$ADDR"
  wait_until 20 grep -qs '"bytes_done":[1-9][0-9]\{5,\}' send.out
  sleep 2
  done=$(DCDN_HOME=$RECV_HOME dcdn-recv --json --list | jq '.bytes_done')
  ((done >= 100000 && done < 4000000))
  await_pid "$SEND_PID"
  assert_equal "$(jq 'select(.message_type == "summary") | .bytes_skipped' send.out)" 0
}

@test "the home is a file: said with its name and the way out, and no hindrance to what needs none" {
  dcdn-send -q --stdout data > stream
  touch notes
  for command in "dcdn-sign keygen" "dcdn-sign id" "dcdn-send data $SEND_ID" "dcdn-recv --allow $SEND_ID --once"; do
    DCDN_HOME=$PWD/notes run --separate-stderr -11 $command
    [[ $stderr == *"$PWD/notes is a file, not a folder"*"hint: "*"DCDN_HOME="* ]]
  done
  DCDN_HOME=$PWD/notes dcdn-recv -q --stdin -o in < stream
  cmp data in/data
}

@test "holes are no bytes that came: a sparse file has no rate above that of its stream" {
  truncate -s 100G sparse
  run --separate-stderr -0 dcdn-send --stdout sparse
  dcdn-send -q --stdout sparse > stream
  run --separate-stderr -0 dcdn-recv --stdin -o in < stream
  [[ $stderr == *"1 object received and verified, 107 GB"* && $stderr != *[GT]"bit/s"* ]]
  assert_equal "$(stat -c %s in/sparse)" "$(stat -c %s sparse)"
}

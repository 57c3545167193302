# What a receiver does not take: too large, too much, no room, in use.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  random_file large 300000
  echo small > small
}

teardown() {
  teardown_loopback
  if [ -n "${MOUNTED:-}" ]; then umount "$MOUNTED"; fi
}

@test "--max-object: exit 8 at the sender before a byte travels; smaller ones pass" {
  start_receiver recv --max-object 100kB -o in
  run --separate-stderr -8 send_to_receiver large
  [[ $stderr == *"--max-object"* ]]
  send_to_receiver -q small
  assert_equal "$(ls in)" small
}

@test "--max-object holds for a pipe of unknown length too" {
  start_receiver recv --max-object 100kB -o in
  run --separate-stderr -8 bash -c 'cat large | dcdn-send --peer-id "$0" --chunk-size 16KiB --name piped - "$1"' "$RECV_ID" "$ADDR"
  assert [ ! -e in/piped ]
  send_to_receiver -q small
  cmp small in/small
}

@test "--quota counts what is there already" {
  mkdir in
  random_file in/old 200000
  start_receiver recv --quota 400kB -o in
  run --separate-stderr -8 send_to_receiver large
  [[ $stderr == *"--quota"* ]]
  send_to_receiver -q small
  rm in/old
  send_to_receiver -q large
  cmp large in/large
}

@test "--quota holds for a pipe of unknown length too" {
  start_receiver recv --quota 100kB -o in
  run --separate-stderr -8 bash -c 'cat large | dcdn-send --peer-id "$0" --chunk-size 16KiB --name piped - "$1"' "$RECV_ID" "$ADDR"
  assert [ ! -e in/piped ]
}

@test "--reserve: a disk that would be too full is told with 10" {
  start_receiver recv --reserve 1000TiB -o in
  run --separate-stderr -10 send_to_receiver small
  assert [ ! -e in/small ]
}

@test "a full disk: exit 10 at the sender, the receiver lives on, and later it works" {
  [ "$(id -u)" -eq 0 ] || skip "needs root, to mount a small disk"
  mkdir disk
  mount -t tmpfs -o size=1m dcdn-test disk 2> /dev/null || skip "mount is not permitted here"
  MOUNTED=$PWD/disk
  start_receiver recv --reserve 0 -o disk/in
  head -c 900000 /dev/urandom > disk/filler
  run --separate-stderr -10 send_to_receiver large
  # Unknown length: nobody can tell beforehand.
  run --separate-stderr -10 bash -c 'cat large | dcdn-send --peer-id "$0" --chunk-size 16KiB --name piped - "$1"' "$RECV_ID" "$ADDR"
  assert [ ! -e disk/in/large ]
  assert [ ! -e disk/in/piped ]
  kill -0 "$RECV_PID"
  rm disk/filler
  send_to_receiver -q large
  cmp large disk/in/large
  end_receiver
}

@test "a directory that another process receives into: exit 12, and that one is not disturbed" {
  start_receiver recv -o in
  for place in "$RECV_HOME" "$DCDN_HOME"; do
    run --separate-stderr -12 env DCDN_HOME="$place" timeout 20 dcdn-recv --allow-any --listen 127.0.0.1:0 -o in
    [[ $stderr == *"in: another process receives into it"* && $stderr == *"hint: "* ]]
    run --separate-stderr -12 env DCDN_HOME="$place" timeout 20 dcdn-recv --stdin -o in < /dev/null
  done
  send_to_receiver -q large
  cmp large in/large
}

@test "an address that is in use" {
  start_receiver recv -o in
  run --separate-stderr env DCDN_HOME="$RECV_HOME" timeout 20 dcdn-recv --allow-any --listen "$ADDR" -o other
  [[ $status == 12 || $status == 14 ]]
  [[ $stderr == *"$ADDR"* ]]
}

@test "a directory that cannot be written, for one that is not root" {
  [ "$(id -u)" -ne 0 ] || command -v setpriv > /dev/null || skip "root writes everywhere, and there is no setpriv"
  mkdir -m 555 closed
  if [ "$(id -u)" -eq 0 ]; then
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
    run --separate-stderr -14 setpriv --reuid 65534 --clear-groups --inh-caps=-all env DCDN_HOME=/nonexistent \
      dcdn-recv --stdin -o closed/in < /dev/null
  else
    run --separate-stderr -14 dcdn-recv --stdin -o closed/in < /dev/null
  fi
  [[ $stderr == *closed/in* ]]
}

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
  run --separate-stderr -8 send_to_receiver --progress lines large
  [[ $stderr == *"dcdn-send: failed  0%"*"receiver: large: "*"--max-object"* ]]
  [[ $stderr == *"hint: when the receiver allows more: dcdn-send --resume "* ]]
  grep -q "dcdn-recv: large from $SEND_ID: it is larger" recv.err
  send_to_receiver -q small
  assert_equal "$(ls in)" small
}

@test "--max-object holds for a pipe of unknown length too" {
  start_receiver recv --max-object 100kB -o in
  run --separate-stderr -8 bash -c 'cat large | dcdn-send --peer-id "$0" --chunk-size 16KiB --name piped - "$1"' "$RECV_ID" "$ADDR"
  assert [ ! -e in/piped ]
  [[ $stderr == *"receiver: piped: it is larger"* ]]
  grep -q "dcdn-recv: piped from $SEND_ID: it is larger" recv.err
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

@test "a sparse file longer than the disk has room for is received, as long as its data has room" {
  local free
  free=$(df --output=avail -B1 . | tail -n 1)
  truncate -s $((free + 1000000000)) sparse
  printf data | dd of=sparse bs=1 seek=$((free / 2)) conv=notrunc status=none
  start_receiver recv -o in
  send_to_receiver -q sparse
  assert_equal "$(stat -c %s in/sparse)" "$(stat -c %s sparse)"
  assert_equal "$(dd if=in/sparse bs=1 skip=$((free / 2)) count=4 status=none)" data
  (($(stat -c %b in/sparse) < 10000))
}

# nothing_in DIRECTORY: no file of it, finished or not, and next to no bytes.
nothing_in() {
  assert_equal "$(find "$1" -type f ! -name lock | wc -l)" 0
  (($(du -sk "$1" | cut -f1) < 100))
}

@test "--stdin: a chunk that is listed 400 times counts 400 times, against every limit" {
  make_stream --repeat --omit-repeats --chunks 400 --chunk-bytes 1000000 --per-segment 64 --name big > bomb.dcs
  (($(stat -c %s bomb.dcs) < 2000000))
  run --separate-stderr -8 dcdn-recv --stdin --max-object 1MB -o out < bomb.dcs
  [[ $stderr == *big*"--max-object"* ]]
  nothing_in out
  run --separate-stderr -8 dcdn-recv --stdin --quota 2MB -o out < bomb.dcs
  [[ $stderr == *big*"--quota"* ]]
  nothing_in out
  run --separate-stderr -8 bash -c 'ulimit -f 50000; dcdn-recv --stdin -o out < bomb.dcs'
  [[ $stderr == *big*"ulimit -f"* ]]
  nothing_in out
  local free
  free=$(df --output=avail -B1 . | tail -1)
  run --separate-stderr -10 dcdn-recv --stdin --reserve $((free - 100000000)) -o out < bomb.dcs
  [[ $stderr == *big*"--reserve"* && $stderr == *"hint: "* ]]
  dcdn-recv -q --stdin --max-object 400MB --quota 500MB -o out < bomb.dcs
  assert_equal "$(stat -c %s out/big)" 400000000
}

@test "--stdin: a hole that nobody promised has a ceiling, and one of any length costs no time" {
  make_stream --hole $((1 << 58)) --name hole > hole.dcs
  (($(stat -c %s hole.dcs) < 5000))
  for where in "-o out" --stdout --stream; do
    # shellcheck disable=SC2086
    run --separate-stderr -8 timeout 20 dcdn-recv --stdin $where < hole.dcs
    [[ $stderr == *"--max-object"* ]]
  done
  nothing_in out
  make_stream --hole 1000000000000 --name hole > fits.dcs
  timeout 20 dcdn-recv -q --stdin -o out < fits.dcs
  assert_equal "$(stat -c %s out/hole)" 1000000004000
}

@test "a hole that is being written to a pipe ends with the first signal" {
  make_stream --hole 1000000000000 --name hole > fits.dcs
  dcdn-recv -q --stdin --stdout < fits.dcs > >(head -c 100000000 > begun && cat > /dev/null) 2> /dev/null &
  local pid=$! code=0
  until [ -s begun ]; do kill -0 "$pid"; sleep 0.1; done
  local start=$SECONDS
  kill -TERM "$pid"
  wait "$pid" || code=$?
  ((SECONDS - start < 10))
  assert_equal "$code" 143
}

@test "a sparse file of 50 GB, or as much as fits on this disk, is received as fast as what is in it" {
  local room size=50000000000
  room=$(($(df --output=avail -B1 . | tail -n 1) / 10 * 9))
  ((size < room)) || size=$room
  truncate -s "$size" sparse
  dd if=large of=sparse bs=300000 seek=$((size / 600000)) conv=notrunc status=none
  start_receiver recv --reserve 0 -o in
  timeout 60 dcdn-send -q --peer-id "$RECV_ID" sparse "$ADDR"
  assert_equal "$(stat -c %s in/sparse)" "$(stat -c %s sparse)"
  cmp <(tail -c +$((size / 600000 * 300000 + 1)) in/sparse | head -c 300000) large
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

@test "a receiver that ends in the middle says how to go on, and why the sender's object is not there" {
  start_receiver recv --max-time 3s -o in
  start_sender send --rate 200kbit --chunk-size 16KiB --retry-for 0 --peer-id "$RECV_ID" large "$ADDR"
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 8
  grep -q 'hint: what is unfinished is kept: start the same command again' recv.err
  start_receiver again -o in
  start_sender stopped --rate 200kbit --chunk-size 16KiB --max-time 1s --peer-id "$RECV_ID" large "$ADDR"
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 8
  wait_until 20 grep -q "large from $SEND_ID: the sender ended the session before all of it had come" again.err
}

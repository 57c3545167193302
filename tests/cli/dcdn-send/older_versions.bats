# The receiver has an older version: only what changed travels, in both directions together.
# Runs alone: it counts what travels, and a sender begins before a receiver that is kept waiting has answered.
load ../../support/cli
load ../../support/loopback

SIZE=8000000

setup() {
  setup_cli
  setup_loopback
  mkdir in
}

teardown() {
  teardown_loopback
}

# edit KIND OLD NEW: as tests/support/edit_file.py says.
edit() {
  "$BATS_TEST_DIRNAME/../../support/edit_file.py" "$@"
}

# travelled FILE: UDP payload of both directions, by the sender's summary.
travelled() {
  jq -r 'select(.message_type == "summary") | .wire_bytes + .wire_bytes_received' "$1"
}

# send_changed KIND MOST [OPTION]...: $SIZE bytes are at the receiver, an edited copy is sent; at most MOST bytes travel.
# A sender whose receiver takes long to answer sends up to 1 MiB meanwhile, which on a machine that is busy with other
# things says nothing about differences: then it is asked again, twice at most.
send_changed() {
  local try
  for try in 1 2 3; do
    rm -rf in data && mkdir in
    random_file in/data "$SIZE"
    edit "$1" in/data data
    start_receiver "recv$try" -o in --overwrite
    send_to_receiver --json "${@:3}" data > sent
    end_receiver
    cmp data in/data
    echo "$1: $(travelled sent) of at most $2" >&3
    (($(travelled sent) > $2)) || return 0
  done
  return 1
}

# has_chunks COUNT: so many chunks of what comes are stored.
has_chunks() {
  (($(cat in/.dcdn-part/*/have.map 2> /dev/null | tr -d '\0' | wc -c) >= $1))
}

# change_half_way COMMAND...: 31 chunks travel as differences within a second or more; the command comes in between.
change_half_way() {
  random_file in/data 2000000
  edit 10% in/data data
  start_receiver recv -o in --overwrite -v
  start_sender send --peer-id "$RECV_ID" --rate 200kB --chunk-size 64KiB data "$ADDR"
  wait_until 30 has_chunks 8
  "$@"
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data in/data
  grep -q 'did not fit; the data itself is sent' recv.err
}

@test "a file that is the same at the receiver: nearly nothing is sent" {
  send_changed nothing 40000
}

@test "an insertion in the middle" {
  send_changed insertion $((SIZE * 2 / 100))
}

@test "1 % of the blocks changed: about 2 %" {
  send_changed 1% $((SIZE * 25 / 1000))
}

@test "10 % of the blocks changed: about 15 %" {
  send_changed 10% $((SIZE * 15 / 100))
}

@test "both halves changed places" {
  send_changed move $((SIZE * 2 / 100))
}

@test "a rewrite costs at most 105 %" {
  send_changed rewrite $((SIZE * 105 / 100))
}

@test "the coded carrier carries differences" {
  send_changed insertion $((SIZE * 3 / 100)) --carrier coded
}

@test "small files go whole where the round trip is long, and are right" {
  SIZE=3000
  send_changed insertion 30000
}

# 2000 files of about a kilobyte that does not shrink, in 40 folders.
make_small_files() {
  python3 - "$1" << 'PYTHON'
import os, random, sys
noise = random.Random(7)
for number in range(2000):
    folder = f"{sys.argv[1]}/{number // 50}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/file-{number}", "wb") as file:
        file.write(noise.randbytes(noise.randint(100, 2000)))
PYTHON
}

# small_files_after COMMAND...: what it changes of them travels in less than a twentieth of all.
small_files_after() {
  local try first
  for try in 1 2 3; do
    rm -rf in tree && mkdir in
    make_small_files tree
    start_receiver "first$try" -o in
    send_to_receiver --json tree > sent
    end_receiver
    first=$(travelled sent)
    "$@"
    start_receiver "recv$try" -o in --overwrite
    send_to_receiver --json tree > sent
    end_receiver
    for name in $(cd tree && find . -type f); do cmp "tree/$name" "in/tree/$name"; done
    echo "$*: $(travelled sent) of $first" >&3
    (($(travelled sent) * 20 > first)) || return 0
  done
  return 1
}

@test "one edited file of 2000 small ones" {
  small_files_after edit insertion in/tree/20/file-1000 tree/20/file-1000
}

@test "one more, one less, and one that is another" {
  change() {
    echo more > tree/3/another
    rm tree/20/file-1000
    echo other > tree/39/file-1999
  }
  small_files_after change
}

@test "a folder of small files is renamed" {
  small_files_after mv tree/20 tree/moved
}

@test "--whole of the sender: equal chunks are left out, but no differences are made" {
  random_file in/data "$SIZE"
  edit insertion in/data data
  start_receiver recv -o in --overwrite
  send_to_receiver --json --whole data > sent
  cmp data in/data
  (($(travelled sent) > SIZE / 4))
}

@test "--whole of the receiver: everything travels" {
  random_file in/data "$SIZE"
  cp in/data data
  start_receiver recv -o in --overwrite --whole
  send_to_receiver --json data > sent
  cmp data in/data
  (($(travelled sent) > SIZE))
}

@test "the next version of a pipe, from the same sender, under --rename" {
  random_file old "$SIZE"
  edit insertion old data
  start_receiver recv -o in --rename
  send_to_receiver --name dump - < old
  send_to_receiver --json --name dump - < data > sent
  cmp old in/dump
  assert_equal "$(find in -name 'dump?*' -exec cmp data {} \; -print | wc -l)" 1
  (($(travelled sent) <= SIZE * 2 / 100))
}

@test "without --overwrite the files of others are no basis" {
  random_file in/data "$SIZE"
  cp in/data data
  start_receiver recv -o in --rename
  send_to_receiver --json data > sent
  (($(travelled sent) > SIZE))
}

@test "--basis names a file, and a directory with a file of that name" {
  mkdir before
  random_file before/data "$SIZE"
  edit insertion before/data data
  start_receiver recv -o in --basis before/data
  send_to_receiver --json --name other data > sent
  cmp data in/other
  (($(travelled sent) <= SIZE * 2 / 100))
  end_receiver
  start_receiver again -o in --basis before
  send_to_receiver --json data > sent
  cmp data in/data
  (($(travelled sent) <= SIZE * 2 / 100))
}

@test "--basis: what is not there, and what it does not go with, are errors" {
  run -2 dcdn-recv --stdout --basis "$BATS_TEST_FILENAME"
  assert_output --partial "--basis goes with receiving into a directory"
  DCDN_HOME=$RECV_HOME run dcdn-recv -o in --allow "$SEND_ID" --listen 127.0.0.1:0 --basis missing
  assert_failure
  assert_output --partial "missing"
}

@test "a tree: what was renamed, moved and edited" {
  mkdir -p in/tree/a tree/b
  random_file in/tree/a/moved "$SIZE"
  random_file in/tree/a/edited "$SIZE"
  random_file in/tree/same "$SIZE"
  for i in {1..200}; do random_file "in/tree/a/small$i" 1000; done
  cp -a in/tree/a/moved tree/b/renamed
  cp -a in/tree/a/small* tree/b
  mkdir tree/a
  edit insertion in/tree/a/edited tree/a/edited
  cp -a in/tree/same tree/same
  start_receiver recv -o in --overwrite
  send_to_receiver --json tree > sent
  diff -r tree/b in/tree/b
  cmp tree/a/edited in/tree/a/edited
  cmp tree/same in/tree/same
  (($(travelled sent) <= SIZE * 3 * 15 / 1000))
}

@test "a tree with --basis: yesterday's, under any name" {
  mkdir -p yesterday/sub tree
  random_file yesterday/sub/data "$SIZE"
  edit insertion yesterday/sub/data tree/data
  cp yesterday/sub/data tree/moved
  start_receiver recv -o in --basis yesterday
  send_to_receiver --json tree > sent
  diff -r tree in/tree
  # The moved file costs nothing; the one that was moved and edited is compared with the one of its name.
  echo "yesterday: $(travelled sent) of at most $((SIZE * 5 / 100))" >&3
  (($(travelled sent) <= SIZE * 5 / 100))
}

@test "a tree: a folder whose name has changed and whose files were edited; a file renamed and edited" {
  mkdir -p in/tree/before tree/after
  for i in {1..20}; do
    random_file "in/tree/before/$i" 100000
    edit insertion "in/tree/before/$i" "tree/after/$i"
  done
  random_file in/tree/report "$SIZE"
  edit insertion in/tree/report tree/report-final
  start_receiver recv -o in --overwrite
  send_to_receiver --json tree > sent
  cmp tree/report-final in/tree/report-final
  diff -r tree/after in/tree/after
  (($(travelled sent) <= (SIZE + 2000000) * 8 / 100))
}

@test "the older version changes while differences to it come" {
  change_half_way random_file in/data 2000000
}

@test "the older version is cut short while differences to it come" {
  change_half_way truncate -s 1000 in/data
}

@test "kill -9 of the sender half-way: the next one goes on with differences" {
  random_file in/data "$SIZE"
  cp in/data old
  edit 10% in/data data
  start_receiver recv -o in --overwrite
  start_sender send --peer-id "$RECV_ID" --rate 200kB --chunk-size 64KiB data "$ADDR"
  wait_until 30 has_chunks 40
  kill -KILL "$SEND_PID"
  await_pid "$SEND_PID"
  cmp old in/data
  send_to_receiver --json data > sent
  cmp data in/data
  (($(travelled sent) <= SIZE * 12 / 100))
}

@test "kill -9 of the receiver half-way: the old version is whole, and the transfer goes on" {
  random_file in/data "$SIZE"
  cp in/data old
  edit 10% in/data data
  start_receiver recv -o in --overwrite
  local address=$ADDR
  start_sender send --peer-id "$RECV_ID" --rate 200kB --chunk-size 64KiB --idle-timeout 5s --retry-longest 300ms \
    data "$address"
  wait_until 30 has_chunks 40
  kill -KILL "$RECV_PID"
  await_pid "$RECV_PID"
  cmp old in/data
  LISTEN=$address start_receiver again -o in --overwrite
  await_pid "$SEND_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data in/data
  (($(travelled send.out) <= SIZE * 15 / 100))
}

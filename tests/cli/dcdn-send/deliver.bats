# What is sent arrives: files, trees, pipes, chunk streams, to one receiver and to several.
# Runs alone: it counts what travels, and a sender begins before a receiver that is kept waiting has answered.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
}

teardown() {
  teardown_loopback
}

@test "a file: content, mode and time; the summary says how much" {
  start_receiver recv -o in
  random_file file 700000
  chmod 640 file
  touch -d '2001-02-03 04:05:06.789Z' file
  run --separate-stderr -0 send_to_receiver file
  [ -z "$output" ]
  [[ $stderr == *"1 object delivered and verified, 700 kB"* ]]
  cmp file in/file
  assert_equal "$(stat -c '%a %Y' in/file)" "$(stat -c '%a %Y' file)"
  wait_until 10 grep -q "received file from $SEND_ID (700 kB)" recv.err
  assert_equal "$(ls in)" file
}

@test "a tree with everything in it, and several sources at once" {
  mkdir -p tree/empty tree/sub two
  random_file tree/random 500000
  seq 10000 > tree/sub/text
  : > tree/zero
  ln -s sub/text tree/link
  echo odd > $'tree/two words\n\xff'
  truncate -s 20M tree/sparse
  chmod 500 tree/sub
  echo second > two/second
  echo third > third
  start_receiver recv -o in
  run --separate-stderr -0 send_to_receiver --json tree two third
  diff -r --no-dereference tree in/tree
  diff -r two in/two
  cmp third in/third
  assert_equal "$(stat -c %a in/tree/sub)" 500
  (($(du -k in/tree/sparse | cut -f1) < 2048))
  assert_equal "$(jq -r 'select(.message_type == "summary") | .objects' <<< "$output")" 3
  assert_equal "$(jq -r 'select(.message_type == "object" and .ok) | .name' <<< "$output" | sort | tr '\n' ' ')" \
    "third tree two "
}

@test "empty things: a file, a tree, a pipe" {
  start_receiver recv -o in
  : > zero
  mkdir nothing
  send_to_receiver -q zero nothing
  assert [ -f in/zero ]
  assert_dir_exists in/nothing
  send_to_receiver -q --name silence - < /dev/null
  assert_equal "$(stat -c '%s' in/zero in/silence | tr '\n' ' ')" "0 0 "
}

@test "a pipe of unknown length to a file, and to a pipe at the other end" {
  start_receiver recv -o in
  random_file data 700000
  (head -c 300000 data; sleep 0.3; tail -c +300001 data) | send_to_receiver -q --name piped -
  cmp data in/piped
  end_receiver
  start_receiver raw --once --stdout
  (head -c 300000 data; sleep 0.3; tail -c +300001 data) | send_to_receiver -q --name piped -
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  cmp data raw.out
}

@test "a file to a pipe: every byte, also when it repeats itself" {
  random_file once 300000
  cat once once once > thrice
  start_receiver raw --once --stdout
  send_to_receiver -q thrice
  await_pid "$RECV_PID"
  cmp thrice raw.out
}

@test "a producer that fails looks like the end of its output: pipefail is for that" {
  start_receiver recv -o in
  run bash -c 'set -o pipefail; (printf part; exit 3) | dcdn-send -q --peer-id "$0" --name piped - --to "$1"' "$RECV_ID" "$ADDR"
  assert_equal "$status" 3
  assert_equal "$(cat in/piped)" part
}

@test "a ready chunk stream is passed through: signed by another, with its own name" {
  random_file photo 300000
  dcdn-sign -q keygen --key author
  dcdn-send -q --stdout --chunk-size 64KiB photo | dcdn-sign sign --key author > photo.dcs
  start_receiver recv --allow-any --stream --once
  send_to_receiver -q - < photo.dcs
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  dcdn-recv -q --stdin --signer "$(dcdn-sign id --key author)" -o out < recv.out
  cmp photo out/photo
}

@test "an unsigned chunk stream is signed on its way, and lands in a directory" {
  mkdir tree
  random_file tree/a 100000
  cp tree/a tree/b
  dcdn-send -q --stdout tree > tree.dcs
  start_receiver recv -o in
  send_to_receiver -q - < tree.dcs
  diff -r tree in/tree
}

@test "a chunk stream that is cut off or damaged is not delivered" {
  random_file photo 300000
  dcdn-send -q --stdout --chunk-size 64KiB photo > photo.dcs
  start_receiver recv -o in
  run --separate-stderr -3 bash -c 'head -c 200000 photo.dcs | dcdn-send --peer-id "$0" - --to "$1"' "$RECV_ID" "$ADDR"
  edit_stream alter 3 1000 < photo.dcs > bad.dcs
  run --separate-stderr send_to_receiver - < bad.dcs
  [[ $status == 3 || $status == 4 ]]
  assert [ ! -e in/photo ]
}

@test "several destinations get the same; one that is away does not hold up the other" {
  start_receiver one -o in1
  local first=$ADDR
  export RECV_HOME=$BATS_TEST_TMPDIR/recv-home-2
  DCDN_HOME=$RECV_HOME dcdn-sign -q keygen
  local second_id
  second_id=$(DCDN_HOME=$RECV_HOME dcdn-sign id)
  start_receiver two -o in2
  random_file data 500000
  run --separate-stderr -0 dcdn-send --json --peer-id "$RECV_ID" --peer-id "$second_id" --to "$first" --to "$ADDR" data
  cmp data in1/data
  cmp data in2/data
  assert_equal "$(jq -r 'select(.message_type == "object") | .name' <<< "$output" | wc -l)" 2
  # Now with a third place where nobody is: the status tells, the others have it.
  random_file more 500000
  run --separate-stderr -6 dcdn-send --peer-id "$RECV_ID" --peer-id "$second_id" --peer-id "$RECV_ID" --retry-for 0 \
    --to "$first" --to "$ADDR" --to 127.0.0.1:9 more
  [[ $stderr == *"1 of 3 destinations failed; 127.0.0.1:9"* ]]
  cmp more in1/more
  cmp more in2/more
}

@test "the same again sends nothing but questions" {
  start_receiver recv -o in
  random_file data 2000000
  send_to_receiver -q data
  run --separate-stderr -0 send_to_receiver --json data
  assert_equal "$(jq -r 'select(.message_type == "summary") | .bytes_skipped' <<< "$output")" 2000000
  (($(jq -r 'select(.message_type == "summary") | .wire_bytes' <<< "$output") < 100000))
  assert_equal "$(ls in)" data
}

@test "a tree that changed after it was delivered replaces it, when the receiver says so" {
  mkdir tree
  for name in 1 2 3 4 5 6 7 8; do random_file "tree/$name" 250000; done
  start_receiver recv --overwrite -o in
  send_to_receiver -q tree
  random_file tree/5 250000
  touch tree/7
  send_to_receiver -q tree
  diff -r tree in/tree
}

@test "receipts: a chunk stream of one receipt frame for each object, and a copy in the state directory" {
  start_receiver recv -o in
  echo 1 > one
  echo 2 > two
  send_to_receiver -q --receipt receipts.dcs one two
  assert_equal "$(edit_stream list < receipts.dcs | cut -d' ' -f2 | tr '\n' ' ')" "32 32 "
  assert_equal "$(find "$DCDN_HOME/receipts" -name '*.dcs' | wc -l)" 2
  assert_equal "$(stat -c %a "$DCDN_HOME/receipts")" 700
}

@test "receipts take the place of a file, which stays as private, and of nothing else" {
  start_receiver recv -o in
  echo 1 > one
  echo old > private
  chmod 600 private
  ln -s private link
  mkfifo pipe
  send_to_receiver -q --receipt link one
  assert_equal "$(stat -c '%F %a' link private)" $'symbolic link 777\nregular file 600'
  assert_equal "$(edit_stream list < private | cut -d' ' -f2)" 32
  echo 2 > two
  run --separate-stderr -0 send_to_receiver --receipt pipe two
  [[ $stderr == *"receipt not stored: pipe: is a named pipe"* && -p pipe ]]
}

@test "priorities are given and taken; critical comes before normal when both wait" {
  random_file bulk 3000000
  random_file urgent 300000
  start_receiver recv -o in
  run --separate-stderr -0 send_to_receiver --json --rate 1MB --chunk-size 32KiB --priority-for 'urg*=critical' bulk urgent
  assert_equal "$(jq -r 'select(.message_type == "object") | .name' <<< "$output" | head -n 1)" urgent
  cmp bulk in/bulk
}

@test "--rate is kept, roughly" {
  random_file data 1500000
  start_receiver recv -o in
  run --separate-stderr -0 send_to_receiver --json --rate 500kB --chunk-size 32KiB data
  local seconds
  seconds=$(jq -r 'select(.message_type == "summary") | .seconds' <<< "$output")
  # 3 s by the rate; slower is the machine's affair.
  awk -v s="$seconds" 'BEGIN { exit !(s > 1.5) }'
}

@test "--max-time stops with 8 and leaves a session that can be resumed" {
  random_file data 3000000
  start_receiver recv -o in
  run --separate-stderr -8 send_to_receiver --rate 300kB --chunk-size 32KiB --max-time 1s data
  [[ $stderr == *"--max-time is over"* && $stderr == *"dcdn-send --resume "* ]]
  assert [ ! -e in/data ]
  local id
  id=$(sed -n 's/.*dcdn-send --resume \([0-9a-f]*\).*/\1/p' <<< "$stderr" | head -n 1)
  run --separate-stderr -8 dcdn-send --resume "$id"
  send_to_receiver -q data
  cmp data in/data
}

@test "while only the receiver's disk works, the sender says so" {
  command -v strace > /dev/null || skip "strace is not installed"
  strace -o /dev/null -e trace=none true || skip "strace may not trace here"
  random_file file 1000000
  mkdir in
  # Each write of a chunk takes a fifth of a second.
  mkdir slow
  printf '#!/bin/sh\nexec strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:delay_enter=200000 "%s" "$@"\n' \
    "$(command -v dcdn-recv)" > slow/dcdn-recv
  chmod +x slow/dcdn-recv
  PATH=$PWD/slow:$PATH start_receiver recv --once --max-time 60s -o in  # ends by itself: strace does not pass on its end
  send_to_receiver --progress lines --chunk-size 64KiB file 2> said
  grep "storing" said
  cmp file in/file
}

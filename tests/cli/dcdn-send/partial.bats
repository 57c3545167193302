# One entry of a tree that cannot be read costs only itself; both ends say so, and the same command completes it later.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir -p tree/sub
  random_file tree/a 300000
  echo b > tree/sub/b
  ln -s a tree/link
}

teardown() {
  teardown_loopback
}

# unreadable COMMAND...: where reading tree/a gives an input/output error, at the second read.
unreadable() {
  FAULTS_UNDER=$PWD/tree FAULTS_CALLS=pread FAULTS_AT=2 FAULTS_DO=fail:EIO LD_PRELOAD=$DCDN_BIN/fault_shim.so "$@"
}

@test "an input/output error: the rest arrives, both ends name what did not, with 14, and the next run brings it" {
  start_receiver recv --once -o in
  run --separate-stderr -14 unreadable send_to_receiver --chunk-size 64KiB tree
  [[ $stderr == *"warning: left out: tree/a: read: Input/output error"* ]]
  [[ $stderr == *"1 entry could not be read and was left out; all the rest was delivered"*"hint: --strict"* ]]
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 14
  grep -q 'warning: left out: tree/a: its sender could not read it' recv.err
  grep -q '1 entry could not be read by its sender and is not in what was received' recv.err
  assert_equal "$(cd in/tree && find . | sort | tr '\n' ' ')" ". ./link ./sub ./sub/b "
  # The very same again, without the fault: no --overwrite is needed to get the rest.
  start_receiver again --once -o in
  run --separate-stderr -0 send_to_receiver tree
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 0
  diff -r --no-dereference tree in/tree
}

@test "a tree that somebody has touched meanwhile is not completed behind their back" {
  start_receiver recv -o in
  run -14 unreadable send_to_receiver --chunk-size 64KiB tree
  echo mine > in/tree/sub/b
  run --separate-stderr -13 send_to_receiver tree
  [[ $stderr == *"is there already"* ]]
  assert_equal "$(cat in/tree/sub/b)" mine
  assert_not_exists in/tree/a
}

@test "JSON: left_out, how many in the summary, and partial as the last word" {
  start_receiver recv --json --once -o in
  run --separate-stderr -14 unreadable send_to_receiver --json --chunk-size 64KiB tree
  await_pid "$RECV_PID"
  local all=$output
  for said in "$all" "$(cat recv.out)"; do
    jq -es 'map(select(.message_type == "left_out")) | length == 1 and .[0].object == "tree" and .[0].path == "a" and .[0].code == "io"' <<< "$said"
    jq -es 'map(select(.message_type == "summary")) | .[0].left_out == 1 and .[0].objects == 1' <<< "$said"
    # What it had begun before it could not read on is not in it.
    jq -es 'map(select(.message_type == "summary")) | .[0].bytes == 2' <<< "$said"
    jq -es 'map(select(.message_type == "object")) | .[0].bytes == 2' <<< "$said"
    jq -es 'last | .message_type == "error" and .code == "partial" and .exit_status == 14' <<< "$said"
  done
}

@test "what was left out is waited for no longer when the rest is done, and listed as delivered nowhere" {
  start_receiver recv --once -o in
  run --separate-stderr -14 unreadable send_to_receiver --json --chunk-size 64KiB tree
  await_pid "$RECV_PID"
  jq -es 'map(select(.message_type == "status")) | last | .state == "done" and .bytes_done == 2 and .bytes_total == 2 and .eta_s == null' <<< "$output"
  DCDN_HOME=$RECV_HOME run -0 dcdn-recv --json --list
  jq -e '.bytes_done == 2 and .bytes_total == 2' <<< "$output"
}

@test "--strict: all of a tree or nothing" {
  start_receiver recv -o in
  run --separate-stderr -14 unreadable send_to_receiver --strict --chunk-size 64KiB tree
  [[ $stderr == *"tree/a: read: Input/output error"* && $stderr != *"left out"* ]]
  assert_not_exists in/tree
}

@test "of several sources each is told by its own name, and a file that is named is all or nothing" {
  cp -r tree other
  start_receiver recv -o in
  run --separate-stderr -14 unreadable send_to_receiver --chunk-size 64KiB tree other
  [[ $stderr == *"left out: tree/a"* && $stderr != *"left out: other"* ]]
  diff -r --no-dereference tree in/other
  run --separate-stderr -14 unreadable send_to_receiver --chunk-size 64KiB --name alone tree/a
  [[ $stderr == *"tree/a: read: Input/output error"* ]]
  assert_not_exists in/alone
  # Its receiver is told why, without a name that is not its business.
  wait_until 20 grep -q "dcdn-recv: alone from $SEND_ID: sender: Input/output error" recv.err
  run --separate-stderr -14 unreadable send_to_receiver --chunk-size 64KiB --encrypt-to "$RECV_ID" tree/a
  wait_until 20 grep -q "^dcdn-recv: encrypted-.* from $SEND_ID: sender: its sender could not read it" recv.err
}

@test "a chunk stream says it too: to who unpacks it, to who passes it on, from inside of what is encrypted" {
  run --separate-stderr -14 unreadable bash -c 'dcdn-send --stdout --chunk-size 64KiB tree > tree.dcs'
  [[ $stderr == *"left out: tree/a"*"all the rest was packed"* ]]
  [[ $stderr == *"packed tree (2 B)"* ]]  # what had been read of it is nobody's
  run --separate-stderr -14 dcdn-recv --stdin -o out < tree.dcs
  [[ $stderr == *"left out: tree/a: its sender could not read it"* ]]
  assert_equal "$(cd out/tree && find . | sort | tr '\n' ' ')" ". ./link ./sub ./sub/b "
  run -0 dcdn-recv --stdin --list-content < tree.dcs
  [[ $output == "tree  tree, "*"; 1 left out by its sender" ]]
  start_receiver recv --once -o in
  run --separate-stderr -14 send_to_receiver - < tree.dcs
  [[ $stderr == *"left out: tree/a"* ]]
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 14
  start_receiver sealed --once -o sealed
  run --separate-stderr -14 unreadable send_to_receiver --encrypt-to "$RECV_ID" --chunk-size 64KiB tree
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 14
  grep -q 'left out: tree/a: its sender could not read it' sealed.err
  assert_equal "$(cat sealed/tree/sub/b)" b
}

@test "many: each of the first thousand is named, all are counted" {
  mkdir many
  (cd many && seq 1 1500 | sed 's/^/no-such-/' > ../list)
  run --separate-stderr -14 bash -c 'dcdn-send --stdout --files-from list many > many.dcs'
  assert_equal "$(grep -c 'left out: many/no-such-' <<< "$stderr")" 1000
  [[ $stderr == *"1500 entries could not be read and were left out"* ]]
  run --separate-stderr -14 dcdn-recv --stdin -o out < many.dcs
  assert_equal "$(grep -c 'left out: many/no-such-' <<< "$stderr")" 1000
  [[ $stderr == *"many: 500 more entries are not in it"* && $stderr == *"1500 entries"* ]]
}

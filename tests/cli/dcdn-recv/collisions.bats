# What happens when a name is taken: by default nothing is touched; --overwrite, --rename, --skip.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir in tree
  echo mine > in/file
  echo yours > file
}

teardown() {
  teardown_loopback
}

@test "the default refuses: exit 13 at the sender, the ways out at both, the file untouched" {
  start_receiver recv -o in
  run --separate-stderr -13 send_to_receiver file
  [[ $stderr == *"receiver: in/file: is there already"* ]]
  [[ $stderr == *"--overwrite"*"--rename"*"--skip"* ]]
  wait_until 10 grep -q 'hint: --overwrite replaces it' recv.err
  assert_equal "$(cat in/file)" mine
  assert_equal "$(ls in)" file
  # The receiver lives on.
  send_to_receiver -q --name other file
  assert_equal "$(cat in/other)" yours
}

@test "one refused of several: the others arrive, the status tells" {
  echo a > a
  echo z > z
  start_receiver recv -o in
  run --separate-stderr -13 send_to_receiver --json a file z
  assert_equal "$(cat in/a in/file in/z | tr '\n' ' ')" "a mine z "
  jq -es 'any(.[]; .message_type == "error" and (.code == "refused" and .exit_status == 13))' <<< "$output"
}

@test "--overwrite replaces, --rename keeps both, --skip keeps what is there" {
  start_receiver rename --rename -o in
  send_to_receiver -q file
  end_receiver
  assert_equal "$(cat in/file)" mine
  assert_equal "$(ls in | wc -l)" 2
  mv in/file mine
  assert_equal "$(cat in/*)" yours
  mv mine in/file
  start_receiver skip --skip -o in
  run --separate-stderr send_to_receiver file
  [[ $status == 0 || $status == 9 ]]
  end_receiver
  assert_equal "$(cat in/file)" mine
  start_receiver overwrite --overwrite -o in
  send_to_receiver -q file
  assert_equal "$(cat in/file)" yours
}

@test "the same content again is no collision" {
  start_receiver recv -o in
  echo new > new
  send_to_receiver -q new
  send_to_receiver -q new
  end_receiver
  start_receiver again -o in
  send_to_receiver -q new
  assert_equal "$(ls in | tr '\n' ' ')" "file new "
}

@test "what was delivered and then changed by its owner is not taken for what was sent" {
  start_receiver recv -o in
  echo new > new
  send_to_receiver -q new
  echo edited > in/new
  run -13 send_to_receiver -q new
  assert_equal "$(cat in/new)" edited
  rm in/new
  send_to_receiver -q new
  assert_equal "$(cat in/new)" new
}

@test "a file where a tree should be, and a tree where a file should be" {
  echo x > tree/x
  echo plain > in/tree
  mkdir in/dir
  echo precious > in/dir/precious
  echo dir > dir
  start_receiver recv --overwrite -o in
  run --separate-stderr send_to_receiver dir
  [ "$status" -ne 0 ]
  assert_equal "$(cat in/dir/precious)" precious
  send_to_receiver -q tree
  assert_equal "$(cat in/tree/x)" x
}

@test "a symlink of that name is not followed" {
  mkdir elsewhere
  ln -s ../elsewhere/target in/link
  echo new > "link"
  for policy in "" --skip --rename --overwrite; do
    # shellcheck disable=SC2086
    start_receiver "recv$policy" $policy -o in
    run send_to_receiver -q link
    end_receiver
    assert_equal "$(ls elsewhere)" ""
  done
}

@test "two senders of one name at once: one whole file, or an error for one; never a mixture" {
  start_any_receiver recv --overwrite --allow-any -o in
  mkdir a b
  random_file a/same 1000000
  random_file b/same 1000000
  dcdn-sign -q keygen --name second
  start_sender one --peer-id "$RECV_ID" --rate 2MB a/same "$ADDR"
  local first=$SEND_PID
  start_sender two --peer-id "$RECV_ID" --key second --rate 2MB b/same "$ADDR"
  await_pid "$first"
  await_pid "$SEND_PID"
  cmp -s in/same a/same || cmp in/same b/same
}

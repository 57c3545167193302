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
  [[ -z ${PLACE:-} ]] || rm -rf "$PLACE"
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

@test "--stdin --skip: what was kept counts as kept, and the status is 9, as the sender's over a network" {
  echo a > a
  dcdn-send -q --stdout file > file.dcs
  dcdn-send -q --stdout file a > both.dcs
  run --separate-stderr -9 dcdn-recv --stdin --skip -o in < file.dcs
  [[ $stderr == *"in/file: is there already and was kept"*"0 objects received and verified, 0 B"* ]]
  [[ $stderr == *"1 object not taken"*"hint: --overwrite"* ]]
  run --separate-stderr -9 dcdn-recv --json --stdin --skip -o in < both.dcs
  jq -es 'any(.[]; .message_type == "summary" and .objects == 1 and .kept == 1 and .bytes == 2)' <<< "$output"
  jq -es 'any(.[]; .message_type == "error" and .code == "nothing")' <<< "$output"
  assert_equal "$(cat in/a in/file | tr '\n' ' ')" "a mine "
  mkdir in/tree
  echo mine > in/tree/x
  echo yours > tree/x
  echo new > tree/y
  dcdn-send -q --stdout tree > tree.dcs
  run --separate-stderr -9 dcdn-recv --stdin --skip -o in < tree.dcs
  [[ $stderr == *"the rest is in place"*"0 objects received and verified, 0 B"* ]]
  assert_equal "$(cat in/tree/x in/tree/y | tr '\n' ' ')" "mine new "
  # What is encrypted stays so, and is not lost.
  dcdn-send -q --stdout --encrypt-to "$SEND_ID" file > sealed.dcs
  run --separate-stderr -0 dcdn-recv --stdin --skip -o in < sealed.dcs
  [[ $stderr == *"something else is there and was kept; kept as in/encrypted-"* ]]
  dcdn-sign decrypt < in/encrypted-* | dcdn-recv -q --stdin -o out
  assert_equal "$(cat out/file)" yours
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
  dcdn-sign -q keygen --key second
  start_sender one --peer-id "$RECV_ID" --rate 2MB a/same "$ADDR"
  local first=$SEND_PID
  start_sender two --peer-id "$RECV_ID" --key second --rate 2MB b/same "$ADDR"
  await_pid "$first"
  await_pid "$SEND_PID"
  cmp -s in/same a/same || cmp in/same b/same
}

# A tree of two levels, packed.
packed_tree() {
  mkdir -p tree/sub/deep tree/z
  echo new > tree/sub/file
  echo new > tree/sub/deep/file
  echo new > tree/a
  ln -s a tree/sub/link
  dcdn-send -q --stdout tree > tree.dcs
}

@test "--overwrite into a mount point: copies, whole and with their modes and times" {
  [[ $EUID -eq 0 ]] && unshare -m true 2> /dev/null || skip "needs root"
  packed_tree
  mkdir -p in/tree/sub
  chmod 640 tree/sub/file
  touch -d 2001-02-03 tree/sub/file tree/sub/deep
  dcdn-send -q --stdout tree > tree.dcs
  cat > inside <<'SH'
    set -e
    mount -t tmpfs none in/tree/sub
    echo old > in/tree/sub/file
    mkdir -m 500 in/tree/sub/deep
    dcdn-recv -q --overwrite --stdin -o in < tree.dcs
    diff -r --no-dereference tree in/tree
    [[ $(stat -c '%a %y' in/tree/sub/file) == $(stat -c '%a %y' tree/sub/file) ]]
    [[ $(stat -c '%a %y' in/tree/sub/deep) == $(stat -c '%a %y' tree/sub/deep) ]]
    [[ $(ls -A in/tree/sub) == $'deep\nfile\nlink' ]]
SH
  run -0 unshare -m bash inside
}

@test "--overwrite: what stands in the way is found before anything moves" {
  packed_tree
  rm -f tree/z/*
  echo file > tree/z/file
  dcdn-send -q --stdout tree > tree.dcs
  mkdir -p in/tree/z/file/full
  echo old > in/tree/a
  run --separate-stderr -14 dcdn-recv --overwrite --stdin -o in < tree.dcs
  [[ $stderr == *"in/tree/z/file: is a directory that is not empty, where a file should be"* ]]
  assert_equal "$(cat in/tree/a)" old
  assert_not_exists in/tree/sub
  rm -r in/tree/z
  dcdn-recv -q --overwrite --stdin -o in < tree.dcs
  diff -r --no-dereference tree in/tree
}

@test "--overwrite: no room where something is mounted, and a mount point where a file should be" {
  [[ $EUID -eq 0 ]] && unshare -m true 2> /dev/null || skip "needs root"
  packed_tree
  head -c 3000000 /dev/urandom > tree/sub/file
  dcdn-send -q --stdout tree > tree.dcs
  mkdir -p in/tree/sub
  echo old > in/tree/a
  cat > inside <<'SH'
    mount -t tmpfs -o size=1m none in/tree/sub
    dcdn-recv -q --overwrite --stdin -o in < tree.dcs
    echo "status $?"
    umount in/tree/sub
    echo outside > file
    mount --bind file in/tree/a
    dcdn-recv -q --overwrite --stdin -o in < tree.dcs
    echo "status $?"
    ls -A in/tree/sub
SH
  run --separate-stderr -0 unshare -m bash inside
  assert_equal "$output" $'status 10\nstatus 14'
  [[ $stderr == *"what is mounted in it needs "*"in/tree/a: is a mount point, where a file should be"* ]]
  assert_equal "$(cat in/tree/a)" old
}

@test "--overwrite: read-only folders of ours are opened and closed again" {
  [[ $EUID -ne 0 ]] || setpriv --reuid 65534 --clear-groups true 2> /dev/null || skip "needs setpriv"
  packed_tree
  chmod 555 tree/sub
  dcdn-send -q --stdout tree > tree.dcs
  mkdir -p in/tree/sub/deep in/tree/kept
  echo old > in/tree/sub/file
  echo other > in/tree/sub/other
  chmod 555 in/tree/sub/deep in/tree/sub in/tree/kept in/tree
  local user=()
  if [[ $EUID -eq 0 ]]; then
    # Modes keep nobody out who is root; and the folder of the test is closed to others.
    PLACE=$(mktemp -d)
    cp -a . "$PLACE"
    cd "$PLACE"
    chown -R 65534 .
    user=(setpriv --reuid 65534 --clear-groups env "DCDN_HOME=$PLACE/home")
  fi
  run --separate-stderr -0 "${user[@]}" dcdn-recv --overwrite --stdin -o in < tree.dcs
  assert_equal "$(cat in/tree/sub/file in/tree/sub/deep/file in/tree/sub/other | tr '\n' ' ')" "new new other "
  assert_equal "$(stat -c %a in/tree/sub in/tree/kept | tr '\n' ' ')" "555 555 "
  # With --skip a gap in such a folder is filled, and the folder stays what it was.
  chmod 755 in/tree/sub/deep
  rm in/tree/sub/deep/file
  chmod 511 in/tree/sub/deep
  run --separate-stderr -0 "${user[@]}" dcdn-recv --skip --stdin -o in < tree.dcs
  assert_equal "$(cat in/tree/sub/deep/file)" new
  assert_equal "$(stat -c %a in/tree/sub/deep in/tree/sub | tr '\n' ' ')" "511 555 "
}

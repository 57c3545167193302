# Hard links, owners and attributes by session: what tests/pipes/fidelity.bats shows for streams.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir -p tree/a tree/b
  local i
  for ((i = 0; i < 30; ++i)); do
    printf 'number %d' "$i" > "tree/a/$i"
    ln "tree/a/$i" "tree/b/$i"
  done
  head -c 400000 /dev/urandom > tree/large
  ln tree/large tree/b/large
}

teardown() {
  teardown_loopback
}

would_change() {
  rsync -naHAXi --delete "$2/" "$1/"
}

@test "a tree with links, and again when only a link was added" {
  start_receiver recv --overwrite -o in
  send_to_receiver -q tree
  run --separate-stderr -0 would_change in/tree tree
  [ -z "$output" ]
  local inode
  inode=$(stat -c %i in/tree/large)
  ln tree/large tree/c
  rm tree/b/7
  printf 'of its own' > tree/b/7
  run --separate-stderr -0 send_to_receiver --json tree
  run --separate-stderr -0 would_change in/tree tree
  [ -z "$output" ]
  [ in/tree/c -ef in/tree/large ]
  [ "$(stat -c %i in/tree/large)" = "$inode" ]
  [ "$(cat in/tree/a/7)" = 'number 7' ]
  end_receiver
}

@test "attributes where both say so, and a note where the receiver does not" {
  setfattr -n user.note -v hello tree/a/3 2> /dev/null || skip "no attributes on this file system"
  start_receiver plain -o plain
  send_to_receiver -q --xattrs common tree
  end_receiver
  grep -q 'tree: attributes came with it and are not set; --xattrs common sets them' plain.err
  [ -z "$(getfattr -d plain/tree/a/3)" ]
  start_receiver kept --xattrs common -o kept
  send_to_receiver -q --xattrs common tree
  end_receiver
  run --separate-stderr -0 would_change kept/tree tree
  [ -z "$output" ]
}

@test "only an attribute, an owner or an access list changed: it arrives" {
  setfattr -n user.note -v hello tree/a/3 2> /dev/null || skip "no attributes on this file system"
  setfacl -m u:1:r tree/a/4 2> /dev/null || skip "no access control lists here"
  local both=(--xattrs common)
  if [ "$(id -u)" -eq 0 ]; then both+=(--owner); fi
  start_receiver recv "${both[@]}" --overwrite -o in
  send_to_receiver -q "${both[@]}" tree
  run --separate-stderr -0 would_change in/tree tree
  [ -z "$output" ]
  setfattr -n user.note -v other tree/a/3
  setfattr -n user.more -v 1 tree/a tree/large
  setfacl -b tree/a/4
  if [ "$(id -u)" -eq 0 ]; then chown 1234:4321 tree/a/5 tree/b; fi
  send_to_receiver -q "${both[@]}" tree
  run --separate-stderr -0 would_change in/tree tree
  [ -z "$output" ]
  end_receiver
}

@test "sealed and through a stream without keys, links stay links" {
  dcdn-send -q --stdout tree | dcdn-sign sign > signed.dcs
  DCDN_HOME=$RECV_HOME dcdn-recv -q --stdin --stream < signed.dcs > passed.dcs
  dcdn-recv -q --stdin -o out < passed.dcs
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  start_receiver recv --once -o in
  send_to_receiver -q --encrypt-to "$RECV_ID" tree
  await_pid "$RECV_PID"
  run --separate-stderr -0 would_change in/tree tree
  [ -z "$output" ]
}

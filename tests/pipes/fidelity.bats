# What a tree has beside names and content: hard links, owners, attributes, access control lists. What rsync -aHAX would still
# change in a tree that was received is the measure.
load ../support/cli

setup() {
  setup_cli
}

# tree_with_links: files of every size under several names, one of them in a folder that may not be changed.
tree_with_links() {
  mkdir -p tree/a tree/b/closed tree/c
  printf 'small' > tree/a/small
  : > tree/a/empty
  head -c 300000 /dev/urandom > tree/b/large
  local i
  for ((i = 0; i < 60; ++i)); do
    printf 'number %d' "$i" > "tree/a/$i"
    ln "tree/a/$i" "tree/c/$i"
  done
  ln tree/a/small tree/b/closed/small
  ln tree/a/empty tree/c/empty
  ln tree/b/large tree/a/large
  ln tree/b/large tree/large
  ln -s small tree/a/symlink
  chmod 640 tree/a/small
  chmod 555 tree/b/closed
  touch -d '2001-02-03 04:05:06.5Z' tree/b/large tree/c
}

# What rsync -aHAX would change in ONE so that it is like OTHER.
would_change() {
  rsync -naHAXi --delete "$2/" "$1/"
}

# Attributes here are those of the file system that the tests run on.
needs_attributes() {
  : > trial
  setfattr -n user.trial -v x trial 2> /dev/null || skip "no attributes on this file system"
}

needs_root() {
  [ "$(id -u)" -eq 0 ] || skip "only root can give files to others"
}

@test "hard links arrive as that, and nothing is sent twice" {
  tree_with_links
  dcdn-send -q --stdout tree > s.dcs
  [ "$(stat -c %s s.dcs)" -lt 320000 ]
  dcdn-recv -q --stdin -o out < s.dcs
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  [ "$(stat -c %h out/tree/large)" -eq 3 ]
  chmod -R u+w out tree
}

@test "--no-hard-links makes files of all names" {
  tree_with_links
  dcdn-send -q --stdout --no-hard-links tree | dcdn-recv -q --stdin -o out
  diff -r --no-dereference tree out/tree
  [ "$(find out/tree -type f -links +1 | wc -l)" -eq 0 ]
  chmod -R u+w out tree
}

@test "a new name of a file is all that changed: nothing of it is sent again" {
  tree_with_links
  dcdn-send -q --stdout tree | dcdn-recv -q --stdin -o out
  chmod u+w tree/b/closed
  ln tree/b/large tree/b/closed/new
  rm tree/c/7
  printf 'another' > tree/c/7
  dcdn-send -q --stdout tree | dcdn-recv -q --stdin --overwrite -o out
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  chmod -R u+w out tree
}

@test "of a part of a tree, the first name that is in it is the file" {
  tree_with_links
  dcdn-send -q --stdout --exclude /a tree | dcdn-recv -q --stdin -o out
  [ "$(cat out/tree/b/closed/small)" = small ]
  [ "$(stat -c %h out/tree/b/large)" -eq 2 ]
  [ out/tree/b/large -ef out/tree/large ]
  printf 'c/3\nlarge\n' | dcdn-send -q --stdout --files-from - tree | dcdn-recv -q --stdin -o some
  [ "$(cat some/tree/c/3)" = 'number 3' ]
  [ "$(find some -type f | wc -l)" -eq 2 ]
  chmod -R u+w out tree
}

@test "owners and attributes that nobody asks for here are not set, and that is told once" {
  needs_attributes
  mkdir tree
  for i in 1 2 3; do
    printf x > "tree/$i"
    setfattr -n user.note -v "$i" "tree/$i"
    chmod 6755 "tree/$i"
  done
  dcdn-send -q --stdout --owner --xattrs common tree > s.dcs
  run --separate-stderr -0 dcdn-recv --stdin -o out < s.dcs
  [ "$(grep -c 'owners came with it and are not set; --owner sets them' <<< "$stderr")" -eq 1 ]
  [ "$(grep -c 'attributes came with it and are not set; --xattrs common sets them' <<< "$stderr")" -eq 1 ]
  [ -z "$(getfattr -d out/tree/1)" ]
  [ "$(stat -c %a out/tree/1)" = 755 ]
  run --separate-stderr -0 dcdn-recv --stdin -o out2 --xattrs common < <(dcdn-send -q --stdout tree)
  [[ $stderr != *"not set"* ]]
}

@test "attributes and access control lists, as rsync -aHAX has them" {
  needs_attributes
  tree_with_links
  setfattr -n user.note -v hello tree/a/small tree/a tree/b/closed
  setfattr -n user.empty tree/b/large
  setfattr -n user.binary -v 0x000102ff tree/a/3
  setfacl -m u:1:r,g:2:rx tree/a/small tree/c || skip "no access control lists here"
  setfacl -d -m u:3:rwx tree/c
  chmod 400 tree/a/3
  touch -d '2001-02-03Z' tree/c
  dcdn-send -q --stdout --xattrs common tree > s.dcs
  mkdir out
  setfacl -d -m u:7:rwx out
  run --separate-stderr -0 dcdn-recv --stdin --xattrs common -o out < s.dcs
  [[ $stderr != *"not set"* ]]
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  # Laid over it with others.
  setfattr -x user.note tree/a
  setfattr -n user.more -v 1 tree/a tree/a/4
  setfacl -b tree/c
  touch -d '2001-02-03Z' tree/c
  dcdn-send -q --stdout --xattrs common tree | dcdn-recv -q --stdin --xattrs common --overwrite -o out
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  chmod -R u+w out tree
}

@test "owners, rights and all bits of a mode, for root" {
  needs_root
  needs_attributes
  tree_with_links
  chown 1234:4321 tree/a/small tree/c
  chown -h 1234:4321 tree/a/symlink
  chmod 4755 tree/a/5
  chmod 2775 tree/c
  chmod 1777 tree/b
  setfattr -n trusted.note -v t tree/a/small
  setfattr -h -n trusted.note -v t tree/a/symlink
  dcdn-send -q --stdout --owner --xattrs all tree > s.dcs
  dcdn-recv -q --stdin --owner --xattrs all -o out < s.dcs
  run --separate-stderr -0 would_change out/tree tree
  [ -z "$output" ]
  [ "$(stat -c %a:%u out/tree/c)" = 2775:1234 ]
  # Rights need both words.
  run --separate-stderr -0 dcdn-recv --stdin --xattrs common -o common < s.dcs
  [[ $stderr == *"--xattrs all sets them"* ]]
  [ -z "$(getfattr -m - -n trusted.note common/tree/a/small 2> /dev/null)" ]
  [ "$(stat -c %a common/tree/a/5)" = 755 ]
}

@test "names go before numbers, and numbers before nothing" {
  needs_root
  mkdir tree
  printf x > tree/x
  chown daemon:daemon tree/x
  dcdn-send -q --stdout --owner tree | dcdn-recv -q --stdin --owner -o out
  [ "$(stat -c %U out/tree/x)" = daemon ]
  dcdn-send -q --stdout --owner tree | dcdn-recv -q --stdin --owner --numeric-ids -o numbers
  [ "$(stat -c %u numbers/tree/x)" = "$(id -u daemon)" ]
}

@test "--owner is for root, --numeric-ids for --owner" {
  run --separate-stderr -2 dcdn-recv --stdin --numeric-ids -o out < /dev/null
  [[ $stderr == *"--numeric-ids"* ]]
  needs_root
  chmod 755 "$BATS_TEST_TMPDIR"
  run --separate-stderr -14 setpriv --reuid 65534 --clear-groups env DCDN_HOME=none "$(command -v dcdn-recv)" --stdin --owner -o out < /dev/null
  [[ $stderr == *"--owner: only root"* ]]
}

@test "what is too much for an entry is told and not sent" {
  needs_attributes
  mkdir tree
  printf x > tree/x
  setfattr -n user.small -v 1 tree/x
  python3 - << 'END' || skip "no large attributes on this file system"
import os
os.setxattr("tree/x", "user.large", b"v" * 65536)
END
  dcdn-send --stdout --xattrs common tree > s.dcs 2> told
  grep -q 'tree/x: attribute user.large: not sent' told
  dcdn-recv -q --stdin --xattrs common -o out < s.dcs
  [ "$(getfattr --only-values -n user.small out/tree/x)" = 1 ]
}

@test "devices, pipes and sockets are passed over with a note" {
  mkdir tree
  printf x > tree/x
  mkfifo tree/pipe
  python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("tree/socket")'
  dcdn-send --stdout tree > s.dcs 2> told
  grep -q 'tree/pipe: skipped' told
  grep -q 'tree/socket: skipped' told
  dcdn-recv -q --stdin -o out < s.dcs
  [ "$(ls out/tree)" = x ]
}

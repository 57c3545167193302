# Every command that makes or replaces a file, over everything that may be where the file shall be: nothing is replaced
# but a regular file, and only if that was asked; what replaces a file is as private as that was; nothing is left beside.
# shellcheck disable=SC2154  # run sets stderr
load ../support/cli.bash

setup() {
  setup_cli
}

# The commands; each makes the file out/X, and replaces it with OVER=--overwrite.
prepare_delta() {
  head -c 50000 /dev/urandom > old
  { cat old; echo more; } > new
  dcdn-delta -q signature old sig
  dcdn-delta -q signature --compact new compact
  dcdn-delta -q delta sig new delta
  dcdn-delta -q make --basis old new stream
  dcdn-delta -q needs --basis old compact ranges
  dcdn-delta -q cut new ranges bytes
}
signature() { dcdn-delta -q signature ${OVER:-} old out/X; }
delta() { dcdn-delta -q delta ${OVER:-} sig new out/X; }
patch() { dcdn-delta -q patch ${OVER:-} old delta out/X; }
make() { dcdn-delta -q make ${OVER:-} --basis old new out/X; }
apply() { dcdn-delta -q apply ${OVER:-} --basis old stream out/X; }
needs() { dcdn-delta -q needs ${OVER:-} --basis old compact out/X; }
cut_ranges() { dcdn-delta -q cut ${OVER:-} new ranges out/X; }
assemble() { dcdn-delta -q assemble ${OVER:-} --basis old compact bytes out/X; }

prepare_split() {
  head -c 50000 /dev/urandom > data
  dcdn-fec -q encode -k 5 -m 5 data > encoded
}
split_parts() { dcdn-fec -q split ${OVER:-} --from encoded out/X a b; local s=$?; rm -f a b; return $s; }

prepare_sign() { dcdn-sign -q keygen 2> said; }
# The signature's name is the document's and .sig: out/X is a link's or a file's own name then.
sign_as() {
  local ending=sig
  [[ $1 != minisign ]] || ending=minisig
  echo text > out/document
  [[ ! -e out/X && ! -L out/X ]] || mv out/X "out/document.$ending"
  dcdn-sign -q sign --detached ${OVER:-} --as "$1" out/document
  local status=$?
  [[ ! -e out/document.$ending && ! -L out/document.$ending ]] || mv "out/document.$ending" out/X
  rm out/document
  return $status
}

# look PATH: what it is, its mode, owner and access list.
look() {
  stat -c '%F %a %u %g' "$1"
  python3 - "$1" <<'PYTHON'
import os, sys
try:
    print(os.getxattr(sys.argv[1], "system.posix_acl_access", follow_symlinks=False).hex())
except OSError:
    print("no access list")
PYTHON
}

# is STATUS COMMAND: it ends so, and only out/X is in the folder out.
is() {
  local status=0
  "${@:2}" 2> said || status=$?
  [[ $status -eq $1 ]] || { echo "$* (OVER=${OVER:-}): $status"; cat said; return 1; }
  [[ $(ls -A out) == "${LEFT:-X}" ]] || { echo "$*: in the folder: $(ls -A out)"; return 1; }
}

lacks() { if grep -q "$@"; then return 1; fi; }

# Puts something in the way, at out/X.
fresh() { rm -rf out elsewhere; mkdir out elsewhere; }
put_private() {
  echo precious > out/X
  chmod 600 out/X
  [[ $(id -u) -ne 0 ]] || chown 1234:4321 out/X
  python3 - out/X <<'PYTHON' || echo "no access lists here" >&3
import os, struct, sys
entries = [(1, 6, 0xffffffff), (2, 4, 65534), (4, 0, 0xffffffff), (0x10, 4, 0xffffffff), (0x20, 0, 0xffffffff)]
os.setxattr(sys.argv[1], "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries))
PYTHON
}
put_pipe() { mkfifo out/X; }
put_device() { mknod out/X c 1 3; }
put_folder() { mkdir out/X; }
put_link_to_nothing() { ln -s ../elsewhere/nothing out/X; }
put_link_to_pipe() { mkfifo elsewhere/pipe; ln -s ../elsewhere/pipe out/X; }

# walk COMMAND...: over all of it.
walk() {
  local kind before kinds=(pipe folder link_to_nothing link_to_pipe)
  [[ $(id -u) -ne 0 ]] || kinds+=(device)
  fresh
  is 0 "$@"
  [[ $(stat -c %a out/X) == 644 ]] || { echo "$*: a new file has mode $(stat -c %a out/X)"; return 1; }
  cp out/X made
  fresh
  put_private
  before=$(look out/X)
  is 14 "$@"
  grep -q precious out/X
  OVER=--overwrite is 0 "$@"
  lacks precious out/X
  [[ $(look out/X) == "$before" ]] || { echo "$*: was $before, is $(look out/X)"; return 1; }
  fresh
  echo precious > elsewhere/file
  chmod 640 elsewhere/file
  ln -s ../elsewhere/file out/X
  is 14 "$@"
  grep -q precious elsewhere/file
  OVER=--overwrite is 0 "$@"
  [[ -L out/X && $(stat -c %a elsewhere/file) == 640 && $(ls -A elsewhere) == file ]]
  lacks precious elsewhere/file
  for kind in "${kinds[@]}"; do
    [[ $kind != folder || -z ${TAKES_FOLDERS:-} ]] || continue
    fresh
    "put_$kind"
    before=$(look out/X)
    is 14 "$@"
    OVER=--overwrite is 14 "$@"
    grep -q "only a regular file is ever replaced\|leads to nothing" said || { echo "$kind: $(cat said)"; return 1; }
    [[ $(look out/X) == "$before" ]] || { echo "$*: $kind became $(look out/X)"; return 1; }
  done
}

# A folder in which this user may make nothing. Root may everywhere, so somebody else tries.
no_place() {
  [[ $(id -u) -ne 0 ]] && { fresh; chmod 500 out; "$@" 2> said; [[ $? -eq 14 ]]; return; }
  fresh
  chmod 755 . out "$BATS_TEST_TMPDIR"
  # shellcheck disable=SC2163  # the name of a function
  export -f "$1"
  run -14 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups bash -c "$*"
  [[ $stderr == *"Permission denied"* && -z $(ls -A out) ]]
}

@test "dcdn-delta: signature, delta, make, needs, cut" {
  prepare_delta
  for command in signature delta make needs cut_ranges; do walk "$command"; done
}
@test "dcdn-delta: patch, apply, assemble" {
  prepare_delta
  for command in patch apply assemble; do walk "$command"; done
  cmp made new
}
@test "dcdn-fec: split" {
  prepare_split
  TAKES_FOLDERS=1 walk split_parts
  fresh
  put_folder
  is 0 split_parts
  [[ $(ls -A out/X) == part.dcs ]]
  for same in "a ./a" "a a" "out/X out/X/part.dcs"; do
    # shellcheck disable=SC2086
    run -2 dcdn-fec split --overwrite --from encoded $same c
    assert_output --partial "is the name of two outputs"
  done
  [[ ! -e a && ! -e c ]]
}
@test "dcdn-sign: sign --detached, in each form" {
  prepare_sign
  for form in dcdn openssl minisign signify; do walk sign_as "$form"; done
}
@test "where this user may write nothing" {
  prepare_delta
  no_place patch
  no_place signature
}

# The files of a home: replaced as they are, and by nobody but their owner.
@test "dcdn-sign: what replaces a file of a home stays as private, links stay" {
  dcdn-sign -q keygen
  dcdn-sign -q trust add one "$(DCDN_HOME=$PWD/other dcdn-sign -q keygen)"
  chmod 640 "$DCDN_HOME/trusted_keys"
  mkdir kept
  mv "$DCDN_HOME/trusted_keys" kept/keys
  ln -s "$PWD/kept/keys" "$DCDN_HOME/trusted_keys"
  dcdn-sign -q trust add two "$(DCDN_HOME=$PWD/third dcdn-sign -q keygen)"
  [[ -L $DCDN_HOME/trusted_keys && $(stat -c %a kept/keys) == 640 ]]
  assert_equal "$(dcdn-sign trust list | wc -l)" 2
}
@test "dcdn-sign: secrets are 0600 whatever was there, and no key is replaced by keygen" {
  umask 0
  dcdn-sign -q keygen --key hq
  [[ $(stat -c %a "$DCDN_HOME"/keys/hq.pem "$DCDN_HOME"/revocations/hq.dcs) == $'600\n600' ]]
  chmod 644 "$DCDN_HOME/revocations/hq.dcs"
  echo old > "$DCDN_HOME/keys/hq.next"
  chmod 600 "$DCDN_HOME/keys/hq.next"
  dcdn-sign -q rotate --key hq
  [[ $(stat -c %a "$DCDN_HOME"/keys/hq.pem) == 600 ]]
  for kind in mkfifo mkdir; do
    "$kind" "$DCDN_HOME/keys/x-$kind.pem"
    run -14 dcdn-sign keygen --key "x-$kind"
  done
  ln -s nothing "$DCDN_HOME/keys/dangling.pem"
  run -14 dcdn-sign keygen --key dangling
  [[ -L $DCDN_HOME/keys/dangling.pem && ! -e $DCDN_HOME/keys/nothing ]]
}
@test "a default key whose file never came is mended by the next keygen" {
  mkdir -m 700 "$DCDN_HOME" "$DCDN_HOME/keys"
  ln -s hq.pem "$DCDN_HOME/keys/default.pem"
  dcdn-sign -q keygen --key other
  assert_equal "$(dcdn-sign id)" "$(dcdn-sign id --key other)"
}

# scripts/test-on, install-deps: what they refuse, and what install-deps asks for. A root of its own is made by hand only.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
}

@test "test-on says what it needs" {
  run -0 "$root/scripts/test-on" --help
  assert_output --partial "Usage: scripts/test-on SUITE"
  run "$root/scripts/test-on"
  assert_failure
  assert_output --partial "on which?"
  run -2 "$root/scripts/test-on" "../trixie"
  assert_output --partial "neither a suite nor an architecture"
}

@test "test-on without a mirror says how to name one" {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  command -v debootstrap > /dev/null || skip "needs debootstrap"
  run unshare --mount bash -c "mount -t tmpfs none /etc/apt && DCDN_MIRROR= '$root/scripts/test-on' trixie"
  assert_failure
  assert_output --partial "set DCDN_MIRROR"
}

@test "test-on keeps out of folders that are not its own" {
  [ "$(id -u)" -eq 0 ] || skip "needs root"
  command -v debootstrap > /dev/null || skip "needs debootstrap"
  mkdir "$BATS_TEST_TMPDIR/mine"
  touch "$BATS_TEST_TMPDIR/mine/letter"
  local folder
  for folder in / "$BATS_TEST_TMPDIR/mine"; do
    DCDN_MIRROR=http://127.0.0.1:9/debian run -2 "$root/scripts/test-on" --keep "$folder" trixie
    assert_output --partial "neither empty nor a root that test-on made"
  done
  mkdir "$BATS_TEST_TMPDIR/older"
  mkdir -p "$BATS_TEST_TMPDIR/older/usr/bin"
  touch "$BATS_TEST_TMPDIR/older/usr/bin/apt-get"
  echo bookworm > "$BATS_TEST_TMPDIR/older/.dcdn-test-on"
  DCDN_MIRROR=http://127.0.0.1:9/debian run -2 "$root/scripts/test-on" --keep "$BATS_TEST_TMPDIR/older" trixie
  assert_output --partial "is a root of bookworm, not of trixie"
}

@test "install-deps lists packages, and refuses what it does not know" {
  run -0 "$root/scripts/install-deps" --list
  assert_output --partial "libngtcp2-dev"
  run -2 "$root/scripts/install-deps" --everything
  assert_output --partial "unknown argument --everything"
  run "$root/scripts/install-deps" --cross
  assert_failure
  assert_output --partial "needs the name of an architecture"
}

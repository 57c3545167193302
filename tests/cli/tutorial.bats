# The tutorial of dcdn(7), typed as it stands there.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  PATH=${DCDN_BIN:-$root/build/bin}:$PATH
  unset DCDN_HOME DCDN_CONFIG
  mkdir "$BATS_TEST_TMPDIR/empty"
  cd "$BATS_TEST_TMPDIR/empty" || return 1
}

# The commands between the markers, as a reader sees them. $1: the port to use.
tutorial() {
  sed -n '/^\.\\" tutorial begin/,/^\.\\" tutorial end/p' "$root/man/dcdn.7" | grep -v '^\.' |
    sed -e 's/\\e/\\/g' -e 's/\\-/-/g' -e "s/:4433/:$1/"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

@test "the tutorial has commands for every tool" {
  tutorial 4433 > commands
  for tool in dcdn-send dcdn-recv dcdn-sign; do
    run grep -c "$tool" commands
    assert [ "$output" -ge 2 ]
  done
}

@test "every command of the tutorial works" {
  # -u too: a block that uses what no block before it has set is a mistake in the page.
  { echo 'set -euo pipefail'; tutorial "$(free_port)"; } > commands
  run timeout 120 bash commands
  assert_success
  run cat inbox/report.txt
  assert_output "all is well"
}

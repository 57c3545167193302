# cli.bash - what every bats file of a tool starts with: load ../../support/cli, then setup_cli in setup().
#
# DCDN_BIN is the folder of the tools and helpers; ctest sets it, by hand the default is build/bin.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
bats_load_library bats-file

# A home of its own, an empty folder to work in, and no settings from outside.
setup_cli() {
  local root bin name
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  bin=${DCDN_BIN:-$root/build/bin}
  for name in $(compgen -e DCDN_); do unset "$name"; done
  export DCDN_BIN=$bin PATH="$bin:$PATH" DCDN_HOME="$BATS_TEST_TMPDIR/home"
  umask 022
  mkdir -p "$BATS_TEST_TMPDIR/work"
  cd "$BATS_TEST_TMPDIR/work" || return 1
}

# Runs without a controlling terminal, so that nothing can ask a question.
no_terminal() {
  setsid -w "$@"
}

# run_shell STATUS 'a pipe': as run -STATUS, with the status of the last command of the pipe; $output is standard
# output, $stderr the rest.
run_shell() {
  run --separate-stderr "-$1" bash -c "$2"
}

# flip FILE OFFSET: another byte there.
flip() {
  local byte
  byte=$(xxd -s "$2" -l 1 -p "$1")
  printf '%02x' $((0x$byte ^ 4)) | xxd -r -p | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# What all tools have in common, asked of the real programs: streams, exit statuses, settings, signals.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  PATH=${DCDN_BIN:-$root/build/bin}:$PATH
  local name
  for name in $(compgen -e DCDN_); do unset "$name"; done
  export DCDN_HOME=$BATS_TEST_TMPDIR/home
  mkdir "$DCDN_HOME"
  cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
  [[ -z ${receiver:-} ]] || kill -KILL "$receiver" 2>/dev/null || true
}

each_tool() {
  local tool
  for tool in dcdn-send dcdn-recv dcdn-sign dcdn-fec; do "$@" "$tool"; done
}

closed_output() {
  run -141 bash -c 'trap "" PIPE; exec 3> >(exec true); wait $!; exec "$0" --help >&3' "$1"
}
@test "a closed standard output ends a tool quietly with 141" {
  each_tool closed_output
}

full_output() {
  [[ -c /dev/full ]] || skip "no /dev/full here"
  run -10 bash -c '"$0" --help > /dev/full' "$1"
  assert_output --partial "standard output"
}
@test "a full disk behind standard output is exit status 10, not success" {
  each_tool full_output
}

typing_error() {
  run --separate-stderr -2 "$1" --jsn
  assert_output ""
  # shellcheck disable=SC2154
  assert_equal "$stderr" "$1: unknown option --jsn; did you mean --json"
}
@test "a typing error is exit status 2 and a suggestion" {
  each_tool typing_error
}

json_error() {
  run --separate-stderr -2 "$1" --json --no-such-thing
  assert_equal "$stderr" ""
  run python3 -c 'import json, sys; e = json.loads(sys.argv[1]); print(e["message_type"], e["schema"], e["code"], e["exit_status"])' "$output"
  assert_output "error 1 usage 2"
}
@test "with --json an error is one object" {
  each_tool json_error
}

hostile_option() {
  run -2 "$1" "--$(printf '\033[2J\n')x"
  refute_output --partial $'\033'
  assert_equal "${#lines[@]}" 2
}
@test "what was typed cannot move the cursor" {
  each_tool hostile_option
}

bad_config() {
  run -11 "$1" --show-config
  assert_output --partial "$DCDN_HOME/config.toml:2: unknown key progess"
  assert_output --partial "hint: did you mean progress"
}
@test "an unknown key in the configuration file is exit status 11 with its line" {
  printf '# settings\nprogess = "none"\n' > "$DCDN_HOME/config.toml"
  each_tool bad_config
}

bad_variable() {
  DCDN_PROGRESS=fast run -11 "$1" --show-config
  assert_output --partial "DCDN_PROGRESS: 'fast' is none of auto|bar|lines|none"
}
@test "a bad environment value is exit status 11 and named" {
  each_tool bad_variable
}

@test "one configuration file serves all tools" {
  printf 'log-format = "json"\nrate = "800kbit"\n[recv]\nlisten = "127.0.0.1:5"\n' > "$DCDN_HOME/config.toml"
  run -0 dcdn-send --show-config
  assert_line "rate = \"800kbit\"  # $DCDN_HOME/config.toml:2"
  run -0 dcdn-recv --show-config
  assert_line "listen = \"127.0.0.1:5\"  # $DCDN_HOME/config.toml:4"
  run -0 dcdn-sign --show-config
  assert_line "log-format = \"json\"  # $DCDN_HOME/config.toml:1"
}

@test "--show-config is a configuration file that says the same" {
  DCDN_RATE=800kbit dcdn-send --show-config --to a:1 > shown.toml
  run -0 dcdn-send --config shown.toml --show-config
  assert_line --partial 'rate = "800kbit"  # shown.toml:'
  assert_line --partial 'to = ["a:1"]  # shown.toml:'
}

@test "secrets and one-offs are not taken from the environment" {
  DCDN_VERSION=1 DCDN_HELP=1 DCDN_CLEAN=1 run -2 dcdn-send
  assert_output --partial "nothing to send"
}

# Starts a receiver that nobody will call and waits until it listens.
start_receiver() {
  dcdn-sign --quiet keygen > id
  dcdn-recv --listen 127.0.0.1:0 --allow "$(cat id)" -o inbox 2> log &
  receiver=$!
  for _ in {1..200}; do
    if grep -q "listening on" log; then return 0; fi
    kill -0 "$receiver" || break
    read -rt 0.05 <> <(:) || true
  done
  cat log
  return 1
}

ends_with() {
  local status=0
  start_receiver
  kill "-$1" "$receiver"
  wait "$receiver" || status=$?
  receiver=
  assert_equal "$status" "$2"
  rm -rf "$DCDN_HOME" id log
}
@test "TERM ends a listener with 143, HUP with 129" {
  ends_with TERM 143
  ends_with HUP 129
}

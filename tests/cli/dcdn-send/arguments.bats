# What dcdn-send makes of its command line before it does anything.
load ../../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen
  echo x > file
}

# usage_error NAMES... -- ARGUMENT...: exit 2, nothing on standard output, every NAME in the message.
usage_error() {
  local names=()
  while [ "$1" != -- ]; do
    names+=("$1")
    shift
  done
  shift
  run --separate-stderr -2 timeout 20 dcdn-send "$@"
  [ -z "$output" ]
  local name
  for name in "${names[@]}"; do
    [[ $stderr == *"$name"* ]] || fail "no '$name' in: $stderr"
  done
}

@test "nothing, too little, too much" {
  usage_error "nothing to send" "hint: " --
  usage_error "a destination" "hint: " -- file
  usage_error "nothing to send" -- --to 127.0.0.1:9
  usage_error "nothing to pack" -- --stdout
  usage_error "once only" -- - - 127.0.0.1:9
}

@test "unknown options, missing values, values for flags" {
  usage_error --nonsense "hint: " -- --nonsense file 127.0.0.1:9
  usage_error --rate "needs a value" -- file 127.0.0.1:9 --rate
  run --separate-stderr dcdn-send --list=maybe
  [[ $status -eq 2 && $stderr == *--list* ]]
}

@test "values out of range name the option and the range" {
  usage_error --mtu 1200 65527 -- --mtu 100 file 127.0.0.1:9
  usage_error --chunk-size 4KiB 4MiB -- --chunk-size 1000 file 127.0.0.1:9
  usage_error --chunk-size 4KiB 4MiB -- --chunk-size 5MiB file 127.0.0.1:9
  usage_error --chunk-rate 0 1000000 -- --chunk-rate 1000001 file 127.0.0.1:9
  usage_error --idle-timeout 5s 120s -- --idle-timeout 1s file 127.0.0.1:9
  usage_error --retry-first 10ms 60s -- --retry-first 1ms file 127.0.0.1:9
  usage_error --retry-longest 10ms -- --retry-longest 100h file 127.0.0.1:9
  usage_error --ack-threshold 0 64 -- --ack-threshold 65 file 127.0.0.1:9
  usage_error --max-streams 100 10000 -- --max-streams 1 file 127.0.0.1:9
  usage_error --receive-window 512KiB 64MiB -- --receive-window 1 file 127.0.0.1:9
  usage_error --initial-rtt 10ms 5s -- --initial-rtt 1ms file 127.0.0.1:9
}

@test "values that are no numbers, units that are missing" {
  usage_error --rate -- --rate fast file 127.0.0.1:9
  usage_error --rate -- --rate 500 file 127.0.0.1:9
  usage_error --max-time -- --max-time 10 file 127.0.0.1:9
  usage_error --chunk-size -- --chunk-size -1 file 127.0.0.1:9
  usage_error --chunk-rate "whole number" -- --chunk-rate 1e3 file 127.0.0.1:9
  usage_error --passphrase-fd -- --passphrase-fd x file 127.0.0.1:9
}

@test "words that are none of those there are" {
  usage_error --priority "critical|high|normal" urgent -- --priority urgent file 127.0.0.1:9
  usage_error --priority-for GLOB=CLASS -- --priority-for '*.sql' file 127.0.0.1:9
  usage_error --priority-for "critical|high|normal" -- --priority-for '*.sql=soon' file 127.0.0.1:9
  usage_error --symlinks "inside|keep|follow|skip" -- --symlinks all file 127.0.0.1:9
  usage_error --congestion "bbr|cubic|reno" -- --congestion vegas file 127.0.0.1:9
  usage_error brotli -- --compress brotli file 127.0.0.1:9
}

@test "things that do not go together" {
  echo y > other
  usage_error --name -- --name one file other 127.0.0.1:9
  usage_error --name -- --name a/b file 127.0.0.1:9
  usage_error --peer-id -- --peer-id dcdn1x --peer-id dcdn1y file 127.0.0.1:9
  usage_error "does not go with a session command" -- --pause 1f3a file
}

@test "destinations that are none" {
  for wrong in 127.0.0.1:99999 127.0.0.1:x '[::1' ':' 'host:0x10'; do
    run --separate-stderr timeout 20 dcdn-send --retry-for 0 --insecure file "$wrong"
    [[ $status == 2 || $status == 6 ]]
    [ -n "$stderr" ]
  done
}

@test "a missing source is told before anybody is called" {
  run --separate-stderr -14 timeout 20 dcdn-send --insecure file missing 127.0.0.1:9
  [[ $stderr == *"missing: No such file or directory"* ]]
  assert_equal "$(dcdn-send --list | wc -l)" 0
}

@test "an unreadable source" {
  chmod 0 file
  if [ "$(id -u)" -eq 0 ]; then
    command -v setpriv > /dev/null || skip "root reads everything, and there is no setpriv"
    chmod -R a+rX "$BATS_RUN_TMPDIR" 2> /dev/null || true
    chmod 0 file
    mkdir -m 777 nobody
    run --separate-stderr -14 setpriv --reuid 65534 --clear-groups --inh-caps=-all \
      env DCDN_HOME="$PWD/nobody/home" bash -c 'dcdn-sign -q keygen > /dev/null; dcdn-send --insecure --retry-for 0 --stdout file'
  else
    run --separate-stderr -14 dcdn-send --stdout file
  fi
  [[ $stderr == *"file: "*"Permission denied"* ]]
}

@test "no key yet: the way to one" {
  rm -r "$DCDN_HOME"
  run --separate-stderr -14 dcdn-send --insecure file 127.0.0.1:9
  [[ $stderr == *"hint: make one with: dcdn-sign keygen"* ]]
}

@test "settings: file, environment and command line, in this order; --show-config tells" {
  mkdir -p "$DCDN_HOME"
  printf '[send]\nrate = "1MB"\nretry-for = "5s"\n' > "$DCDN_HOME/config.toml"
  run --separate-stderr -0 env DCDN_RATE=2MB dcdn-send --show-config
  [[ $output == *"rate"*"2MB"*"DCDN_RATE"* && $output == *"retry-for"*"5s"*"config.toml:3"* ]]
  run --separate-stderr -0 env DCDN_RATE=2MB dcdn-send --rate 3MB --show-config
  [[ $output == *"rate"*"3MB"*"command line"* ]]
  run --separate-stderr -11 env DCDN_RATE=fast dcdn-send file 127.0.0.1:9
  [[ $stderr == *DCDN_RATE* ]]
  printf '[send]\nrte = "1MB"\n' > "$DCDN_HOME/config.toml"
  run --separate-stderr -11 dcdn-send file 127.0.0.1:9
  [[ $stderr == *"config.toml:2"*rte* ]]
}

@test "--json errors are objects with code and exit status" {
  run --separate-stderr -14 dcdn-send --json --insecure missing 127.0.0.1:9
  jq -e '.message_type == "error" and .code == "not_found" and .exit_status == 14 and .schema == 1' <<< "$output"
}

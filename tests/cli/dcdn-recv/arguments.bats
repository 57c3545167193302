# What dcdn-recv makes of its command line before it does anything.
load ../../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen
}

usage_error() {
  local names=()
  while [ "$1" != -- ]; do
    names+=("$1")
    shift
  done
  shift
  run --separate-stderr -2 timeout 20 dcdn-recv "$@"
  [ -z "$output" ]
  local name
  for name in "${names[@]}"; do
    [[ $stderr == *"$name"* ]] || fail "no '$name' in: $stderr"
  done
}

@test "things that exclude each other" {
  usage_error --stdout --stream exclude -- --stdout --stream --allow-any --listen 127.0.0.1:0
  usage_error --overwrite --rename --skip -- --overwrite --skip --allow-any --listen 127.0.0.1:0
  usage_error --stdin --allow -- --require-signature --allow-any --listen 127.0.0.1:0
}

@test "unknown options, words too many, values out of range" {
  usage_error --nonsense -- --nonsense
  usage_error extra -- --allow-any --listen 127.0.0.1:0 extra
  usage_error --quota -- --quota much --allow-any --listen 127.0.0.1:0
  usage_error --max-connections 100 10000 -- --max-connections 10001 --allow-any --listen 127.0.0.1:0
  usage_error --keep-alive 1s -- --keep-alive 1ms --allow-any --listen 127.0.0.1:0
  usage_error --wait -- --wait 5 --allow-any --listen 127.0.0.1:0
}

@test "--allow of something that is no id and no trusted name" {
  for wrong in nobody dcdn1 "$(dcdn-sign id)x"; do
    run --separate-stderr timeout 20 dcdn-recv --allow "$wrong" --listen 127.0.0.1:0 -o in
    [[ $status == 2 || $status == 14 ]]
    [[ $stderr == *"hint: "* ]]
  done
}

@test "addresses that cannot be listened at" {
  run --separate-stderr -14 timeout 20 dcdn-recv --allow-any --listen 192.0.2.1:0 -o in
  [[ $stderr == *"192.0.2.1"* && $stderr == *"hint: "* ]]
  for wrong in 127.0.0.1:99999 127.0.0.1:x '[::1'; do
    run --separate-stderr timeout 20 dcdn-recv --allow-any --listen "$wrong" -o in
    [[ $status -ne 0 && $status -ne 124 ]]
  done
}

@test "an output directory that is none, or that cannot be made" {
  echo x > file
  for wrong in file file/below /proc/nowhere; do
    run --separate-stderr timeout 20 dcdn-recv --allow-any --listen 127.0.0.1:0 -o "$wrong"
    [[ $status -eq 14 && $stderr == *"$wrong"* ]]
    run --separate-stderr timeout 20 dcdn-recv --stdin -o "$wrong" < /dev/null
    [[ $status -eq 14 ]]
  done
}

@test "--wait ends with 9 if nobody comes, --max-time with 8" {
  run --separate-stderr -9 timeout 20 dcdn-recv --allow-any --listen 127.0.0.1:0 --wait 200ms -o in
  [[ $stderr == *"nobody sent anything within --wait"* ]]
  run --separate-stderr -8 timeout 20 dcdn-recv --allow-any --listen 127.0.0.1:0 --max-time 200ms -o in
  [[ $stderr == *"--max-time is over"* ]]
  assert_equal "$(ls -A in)" ""
}

@test "--json: where it listens is an object" {
  run --separate-stderr -8 timeout 20 dcdn-recv --json --allow-any --listen 127.0.0.1:0 --max-time 200ms -o in
  jq -es 'any(.[]; .message_type == "listening" and (.address | startswith("127.0.0.1:")))' <<< "$output"
  jq -es 'any(.[]; .message_type == "error" and (.code == "limit" and .exit_status == 8))' <<< "$output"
}

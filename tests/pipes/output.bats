# Standard input and output as places: raw bytes, chunk streams, terminals, readers that go away.
load ../support/cli

setup() {
  setup_cli
  head -c 700000 /dev/urandom > data
}

@test "standard input packed, and its bytes on standard output again" {
  for size in 0 1 100 65536 700000; do
    head -c "$size" data > part
    dcdn-send -q --stdout - < part | dcdn-recv -q --stdin --stdout | cmp - part
  done
}

@test "standard input that comes in drops" {
  (for i in 1 2 3 4 5; do printf 'line %s\n' "$i"; sleep 0.02; done) | dcdn-send -q --stdout - |
    dcdn-recv -q --stdin --stdout > lines
  assert_equal "$(cat lines)" "$(printf 'line %s\n' 1 2 3 4 5)"
}

@test "--stdout: results only there, words only on standard error, also with --json" {
  run --separate-stderr -0 bash -c 'dcdn-send --json --stdout - < data > stream.dcs'
  jq -e 'select(.message_type == "summary") | .bytes == 700000' <<< "$stderr"
  run --separate-stderr -0 bash -c 'dcdn-recv --json --stdin --stdout < stream.dcs > copy'
  cmp copy data
  jq -e 'select(.message_type == "summary") | .bytes == 700000' <<< "$stderr"
}

@test "--name names standard input; without it is called stdin" {
  dcdn-send -q --stdout --name notes.txt - < data | dcdn-recv -q --stdin -o out
  dcdn-send -q --stdout - < data | dcdn-recv -q --stdin -o out
  assert_equal "$(ls -A out | tr '\n' ' ')" "notes.txt stdin "
  for wrong in ../x a/b . .. ''; do
    [ -n "$wrong" ] || continue
    run --separate-stderr -2 dcdn-send --stdout --name "$wrong" - < data
    [ -z "$output" ]
  done
  run --separate-stderr -2 dcdn-send --stdout --name one data stream.dcs
  run --separate-stderr -2 dcdn-send --stdout - - < data
}

@test "--stream: what arrives is a chunk stream again, bit for bit if it was whole and in order" {
  dcdn-send -q --stdout data > stream.dcs
  dcdn-recv -q --stdin --stream < stream.dcs > again.dcs
  cmp again.dcs stream.dcs
  # Cleaned of what does not belong there.
  (printf rubbish; cat stream.dcs stream.dcs) | dcdn-recv -q --stdin --stream | cmp - stream.dcs
}

@test "a tree, and a stream that leaves out repeats, do not go to --stdout: refused with the way out" {
  mkdir tree
  echo x > tree/x
  run --separate-stderr -13 bash -c 'dcdn-send -q --stdout tree | dcdn-recv --stdin --stdout'
  [ -z "$output" ]
  [[ $stderr == *"a directory tree cannot be written to --stdout"* && $stderr == *"hint: receive it with -o DIR"* ]]
  run --separate-stderr -13 bash -c 'dcdn-send -q --stdout data | dcdn-recv --stdin --stdout | wc -c; exit ${PIPESTATUS[1]}'
  assert_equal "$output" 0
  [[ $stderr == *"leaves out repeats"* ]]
}

@test "a stream that was cut off: its beginning is right, and the status says it is no more than that" {
  dcdn-send -q --stdout --chunk-size 64KiB - < data > stream.dcs
  run bash -c 'head -c 300000 stream.dcs | dcdn-recv -q --stdin --stdout > part'
  assert_equal "$status" 3
  (($(stat -c %s part) > 100000))
  cmp -n "$(stat -c %s part)" part data
}

@test "a damaged chunk: nothing after it comes out" {
  dcdn-send -q --stdout --chunk-size 64KiB --compress none - < data > stream.dcs
  edit_stream alter 4 1000 < stream.dcs > bad.dcs
  run bash -c 'dcdn-recv -q --stdin --stdout < bad.dcs > part'
  [ "$status" -ne 0 ]
  cmp -n "$(stat -c %s part)" part data
  (($(stat -c %s part) < 300000))
}

@test "a reader that has seen enough ends it silently with 141" {
  run --separate-stderr bash -c 'dcdn-send -q --stdout - < data | head -c 10 > /dev/null; exit ${PIPESTATUS[0]}'
  assert_equal "$status" 141
  [ -z "$stderr" ]
  dcdn-send -q --stdout - < data > stream.dcs
  run --separate-stderr bash -c 'dcdn-recv -q --stdin --stdout < stream.dcs | head -c 10 > /dev/null; exit ${PIPESTATUS[0]}'
  assert_equal "$status" 141
  [ -z "$stderr" ]
}

@test "closed and full outputs are errors" {
  run --separate-stderr bash -c 'dcdn-send --stdout - < data >&-'
  [[ $status -ne 0 && -n $stderr ]]
  run --separate-stderr -10 bash -c 'dcdn-send --stdout - < data > /dev/full'
  [[ $stderr == *"No space left"* ]]
}

@test "a terminal gets no binary data, unless it is forced to; and is no chunk stream" {
  command -v script > /dev/null || skip "script is not installed"
  run script -qec 'dcdn-send --stdout data' /dev/null
  assert_equal "$status" 2
  [[ $output == *"terminal"* && $output == *"hint: "* ]]
  ((${#output} < 1000))
  run script -qec 'dcdn-recv --stdin -o out' /dev/null
  assert_equal "$status" 2
  [[ $output == *"standard input is a terminal"* ]]
  echo small > small
  dcdn-send -q --stdout - < small > small.dcs
  run script -qec 'dcdn-recv --stdin --stdout < small.dcs' /dev/null
  assert_equal "$status" 2
  run script -qec 'dcdn-recv -q --stdin --stdout --force < small.dcs' /dev/null
  assert_equal "$status" 0
  assert_equal "${output//$'\r'/}" small
}

@test "interrupted while waiting for standard input: 130, at once" {
  mkfifo never
  exec 7<> never
  env --default-signal=INT timeout -s INT 0.5 dcdn-send --stdout - < never > out.dcs 2> err && status=0 || status=$?
  [[ $status == 124 || $status == 130 ]]
  env --default-signal=INT dcdn-recv --stdin -o out < never 2> err 3>&- 7>&- &
  local pid=$!
  for _ in {1..200}; do grep -qs SigCgt "/proc/$pid/status" && [ -d out ] && break; sleep 0.02; done
  kill -TERM "$pid"
  wait "$pid" && status=0 || status=$?
  assert_equal "$status" 143
  exec 7>&-
}

# dcdn-recv --stdin --list-content: what a stream says is in it, and who signed that.
load ../support/cli

setup() {
  setup_cli
  dcdn-sign -q keygen
  ID=$(dcdn-sign id)
  mkdir tree
  head -c 300000 /dev/urandom > tree/random
  seq 1000 > tree/text
  dcdn-send -q --stdout --chunk-size 16KiB tree > plain.dcs
  dcdn-sign sign < plain.dcs > signed.dcs
}

contents() { dcdn-recv --stdin --list-content "$@"; }

@test "name, kind, entries, size and signer, and nothing is written" {
  before=$(ls -A)
  run -0 contents < plain.dcs
  assert_output "tree  tree, 3 entries, 304 kB, not signed"
  run -0 contents < signed.dcs
  assert_output "tree  tree, 3 entries, 304 kB, signed by $ID"
  dcdn-sign -q trust add truck "$ID"
  run -0 contents < signed.dcs
  assert_output "tree  tree, 3 entries, 304 kB, signed by truck"
  assert_equal "$(ls -A)" "$before"
}

@test "several objects, in any order, with repeats, without a home" {
  dcdn-send -q --stdout tree/text > file.dcs
  run -0 env -u DCDN_HOME -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME \
    bash -c 'cat signed.dcs file.dcs plain.dcs | dcdn-recv --json --stdin --list-content'
  assert_equal "$(jq -r 'select(.message_type == "content") | "\(.name) \(.kind) \(.entries) \(.bytes) \(.whole)"' <<< "$output")" \
    $'tree tree 3 303893 true\ntext file 1 3893 true'
  assert_equal "$(jq -r 'select(.name == "tree") | .signers[0]' <<< "$output")" "$ID"
}

@test "a stream that was cut off: the line says so, exit 3" {
  head -c 12000000 /dev/urandom > tree/more
  dcdn-send -q --stdout --chunk-size 16KiB tree > more.dcs
  run --separate-stderr -3 contents < <(head -c 9000000 more.dcs)
  [[ $output == *"its end is not here"* && $output == *"not signed"* ]]
}

@test "what was put among the segments of a signed stream is not shown as signed" {
  dcdn-send -q --stdout --name tree - < tree/random > forged.dcs
  run -0 bash -c 'cat forged.dcs signed.dcs | dcdn-recv --stdin --list-content'
  assert_line "tree  stream, 1 entry, 300 kB, not signed"
  assert_line "tree  tree, 3 entries, 304 kB, signed by $ID"
}

@test "what is no chunk stream, and what does not go together" {
  run --separate-stderr -4 contents < tree/random
  run --separate-stderr -2 dcdn-recv --list-content
  [[ $stderr == *"--list-content goes with --stdin"* ]]
  run --separate-stderr -2 contents --stdout < plain.dcs
}

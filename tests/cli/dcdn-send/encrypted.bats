# dcdn-send --encrypt-to, and receivers with and without the key.
# shellcheck disable=SC2016  # the inner bash expands
load ../../support/cli
load ../../support/loopback
load ../../support/kills

setup() {
  setup_cli
  setup_loopback
  mkdir -p tree/deep
  echo "attack at dawn" > tree/deep/plan-of-attack.txt
  head -c 3000000 /dev/urandom > tree/map
}

teardown() {
  teardown_loopback
}

@test "a receiver with the key gets the files, and nothing else" {
  start_receiver recv --once -o inbox
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" tree "$ADDR"
  await_pid "$RECV_PID"
  diff -r tree inbox/tree
  assert_equal "$(ls inbox)" tree
  grep -q decrypted "$RECV_HOME/audit.log"
}

@test "a receiver without the key keeps it and says so; who has the key reads it" {
  local hq kept
  hq=$(DCDN_HOME=hq dcdn-sign -q keygen)
  start_receiver recv --once -o inbox
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$hq" tree "$ADDR"
  await_pid "$RECV_PID"
  kept=$(ls inbox)
  [[ $kept =~ ^encrypted-[0-9a-f]{16}$ ]]
  grep -q "no key here is one of them; kept as" recv.err
  run ! grep -qa -e plan-of-attack -e "attack at dawn" -r inbox "$RECV_HOME"
  run ! grep -q plan-of-attack recv.err
  DCDN_HOME=hq dcdn-sign decrypt < "inbox/$kept" | dcdn-recv -q --stdin -o out
  diff -r tree out/tree
}

@test "passed on by one who cannot read it" {
  local hq
  hq=$(DCDN_HOME=hq dcdn-sign -q keygen)
  DCDN_HOME=hq dcdn-sign -q trust add relay "$RECV_ID"
  start_receiver relay --once --stream
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$hq" tree "$ADDR"
  await_pid "$RECV_PID"
  # Parity, loss and repair on the way, still without the key.
  dcdn-fec -q encode -k 10 -m 4 < relay.out | edit_stream drop 3 | dcdn-fec -q decode > stick.dcs
  DCDN_HOME=hq dcdn-recv -q --stdin -o out --signer "$SEND_ID" < stick.dcs
  diff -r tree out/tree
}

@test "the limits hold for what comes out as well" {
  head -c 50000000 /dev/zero | tr '\0' a > tree/long
  start_receiver recv --once -o inbox --max-object 10MB
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" tree "$ADDR"
  await_pid "$RECV_PID"
  assert_equal "$AWAITED_STATUS" 8
  grep -q "larger than --max-object.*kept as" recv.err
  assert_not_exists inbox/tree
}

@test "--keep-encrypted leaves it as it came" {
  start_receiver recv --once -o inbox --keep-encrypted
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" tree "$ADDR"
  await_pid "$RECV_PID"
  [[ $(ls inbox) =~ ^encrypted-[0-9a-f]{16}$ ]]
}

@test "several files and a pipe, to several recipients" {
  echo text > note
  start_receiver recv --once -o inbox
  echo piped | dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$SEND_ID" --encrypt-to "$RECV_ID" --to "$ADDR" - note tree
  await_pid "$RECV_PID"
  diff -r tree inbox/tree
  cmp note inbox/note
  assert_equal "$(cat inbox/stdin)" piped
}

@test "a chunk stream from a pipe is what is inside" {
  start_receiver recv --once -o inbox
  dcdn-send -q --stdout tree | dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" - "$ADDR"
  await_pid "$RECV_PID"
  diff -r tree inbox/tree
}

@test "to a pipe it goes as it is, for dcdn-sign decrypt" {
  start_receiver recv --once --stdout
  dcdn-send -q --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" tree "$ADDR"
  await_pid "$RECV_PID"
  DCDN_HOME=$RECV_HOME dcdn-sign decrypt < recv.out | dcdn-recv -q --stdin -o out
  diff -r tree out/tree
}

@test "what is encrypted and no chunk stream is kept, with the way out" {
  start_receiver recv --once -o inbox
  echo raw | dcdn-sign encrypt --to "$RECV_ID" | dcdn-send -q --peer-id "$RECV_ID" - "$ADDR"
  await_pid "$RECV_PID"
  grep -q "no chunk stream; kept as" recv.err
  assert_equal "$(DCDN_HOME=$RECV_HOME dcdn-sign decrypt < inbox/encrypted-*)" raw
}

@test "--stdout packs it, --stdin unpacks it" {
  dcdn-send -q --stdout --encrypt-to "$SEND_ID" tree > tree.dcs
  run ! grep -qa plan-of-attack tree.dcs
  dcdn-recv -q --stdin -o out < tree.dcs
  diff -r tree out/tree
  assert_equal "$(ls out)" tree
  DCDN_HOME=$RECV_HOME dcdn-recv --stdin -o other < tree.dcs 2> err
  grep -q "no key here is one of them; kept as" err
  dcdn-sign decrypt < tree.dcs | dcdn-recv -q --stdin -o again
  diff -r tree again/tree
}

@test "a file that is there already is not overwritten, and the encrypted object is kept" {
  mkdir -p out/tree
  dcdn-send -q --stdout --encrypt-to "$SEND_ID" tree > tree.dcs
  run_shell 14 'dcdn-recv --stdin -o out < tree.dcs'
  assert_equal "$(ls out/tree)" ""
  [ "$(find out -name 'encrypted-*' -type f | wc -l)" = 1 ]
}

@test "altered behind the signature's back: 4, and the encrypted object is kept" {
  local name
  dcdn-send -q --stdout --encrypt-to "$SEND_ID" tree > tree.dcs
  dcdn-recv -q --stdin --keep-encrypted -o kept < tree.dcs
  name=$(ls kept)
  flip "kept/$name" 2000000
  dcdn-send -q --stdout "kept/$name" > bad.dcs
  run_shell 4 'dcdn-recv --stdin -o out < bad.dcs'
  [[ $stderr == *"was altered; kept as"* ]]
  assert_file_exists "out/$name"
  assert_not_exists out/tree/map
}

@test "a key to encrypt to that is not known: 14, and nothing is sent" {
  run_shell 14 'dcdn-send --peer-id "$RECV_ID" --encrypt-to nobody tree 127.0.0.1:1'
  [[ $stderr == *"no trusted key nobody"* ]]
  run_shell 14 'dcdn-send --stdout --encrypt-to nobody tree'
  assert_equal "$output" ""
}

@test "resumed after kill -9, what was there is not sent again" {
  head -c 20000000 /dev/urandom > tree/map
  start_receiver recv --once -o inbox
  start_sender first --peer-id "$RECV_ID" --encrypt-to "$RECV_ID" --rate 20MB tree "$ADDR"
  wait_until 20 bash -c '[ "$(find inbox -type f -size +4M | wc -l)" -gt 0 ]'
  kill -KILL "$SEND_PID"
  wait "$SEND_PID" || true
  session=$(dcdn-send --list --json | jq -r 'select(.direction == "send") | .id' | head -n 1)
  dcdn-send --json --resume "$session" > resumed.out 2> resumed.err
  await_pid "$RECV_PID"
  diff -r tree inbox/tree
  [ "$(jq -r 'select(.message_type == "summary") | .bytes_skipped' resumed.out resumed.err)" -gt 2000000 ]
}

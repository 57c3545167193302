# Many objects of one small file: they get their names in groups, and nobody waits for a group.
load ../../support/cli
load ../../support/loopback

setup() {
  setup_cli
  setup_loopback
  mkdir messages
  local i
  for ((i = 100; i < 180; ++i)); do printf 'message %d' "$i" > "messages/$i"; done
  : > messages/empty
}

teardown() {
  teardown_loopback
}

@test "by session: all of them, and a receipt for each" {
  start_receiver recv --once -o in
  send_to_receiver -q messages/*
  await_pid "$RECV_PID"
  diff -r messages in
  [ "$(find "$DCDN_HOME" -path '*receipts*' -name '*.dcs' | wc -l)" -eq 81 ]
  [ -z "$(find "$DCDN_HOME" "$RECV_HOME" in -name '*.new' -o -name '*.small')" ]
}

@test "by session again: they are known, and nothing is sent" {
  start_receiver recv -o in
  send_to_receiver -q messages/*
  touch -d 2001-02-03 in/150
  run --separate-stderr send_to_receiver --json messages/1[0-4]* messages/empty
  [ "$status" -eq 0 ]
  # What somebody touched is taken for somebody else's.
  run --separate-stderr -13 send_to_receiver -q messages/150
  end_receiver
}

@test "--receipt has all of them" {
  start_receiver recv --once -o in
  send_to_receiver -q --receipt receipts.dcs messages/*
  await_pid "$RECV_PID"
  [ "$(stat -c %s receipts.dcs)" -gt $((81 * 100)) ]
}

@test "a pipe that pauses: what is whole has its name meanwhile" {
  mkfifo pipe
  dcdn-send -q --stdout messages/10* > some.dcs
  dcdn-send -q --stdout messages/11* > more.dcs
  dcdn-recv -q --stdin -o in < pipe &
  NET_PIDS+=("$!")
  exec 4> pipe
  cat some.dcs >&4
  wait_until 20 test -e in/109
  [ "$(find in -maxdepth 1 -name '10*' | wc -l)" -eq 10 ]
  cat more.dcs >&4
  exec 4>&-
  await_pid "${NET_PIDS[-1]}"
  [ "$AWAITED_STATUS" -eq 0 ]
  [ "$(find in -type f | wc -l)" -eq 20 ]
}

@test "a stream that breaks off: what is whole stays, and the rest comes with the same again" {
  dcdn-send -q --stdout messages/* > all.dcs
  head -c $(($(stat -c %s all.dcs) / 2)) all.dcs | dcdn-recv -q --stdin -o in || true
  local whole
  whole=$(find in -maxdepth 1 -name '1*' | wc -l)
  [ "$whole" -gt 10 ]
  dcdn-recv -q --stdin -o in < all.dcs
  diff -r messages in
}

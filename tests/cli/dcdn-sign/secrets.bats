# A secret key and its passphrase are in no place where others could read them.
load ../../support/cli

setup() {
  setup_cli
  mkfifo input
}

# hexed FILE: its bytes in hexadecimal, on one line.
hexed() { xxd -p "$1" | tr -d '\n'; }

# nowhere_in FILE...: neither the seed in any spelling, nor the passphrase.
nowhere_in() {
  local file
  for file; do
    hexed "$file" > hex
    run grep -c -e "$SEED" -e "$(printf '%s' "$SEED" | xxd -p | tr -d '\n')" -e "$(printf '%s' "$SEED64" | xxd -p | tr -d '\n')" \
      -e "$(printf '%s' "$WORD" | xxd -p | tr -d '\n')" hex
    assert_output 0
  done
}

@test "neither arguments, environment, logs nor output hold the seed or the passphrase" {
  WORD="correct horse battery"
  printf '%s\n' "$WORD" > word
  dcdn-sign -vv --log-file log keygen --passphrase-fd 3 3< word > out 2> err
  openssl pkey -in "$DCDN_HOME/keys/default.pem" -passin file:word -outform DER | tail -c 32 > seed
  SEED=$(hexed seed) SEED64=$(base64 -w0 < seed)
  [ "${#SEED}" -eq 64 ]
  # While it has the key open and waits for its input.
  dcdn-sign -vv --log-file log sign --passphrase-fd 3 < input > signed 2>> err 3< word &
  pid=$!
  exec 4> input
  make_stream > plain.dcs
  head -c 300 plain.dcs >&4
  cp "/proc/$pid/cmdline" cmdline
  cp "/proc/$pid/environ" environ
  tail -c +301 plain.dcs >&4
  exec 4>&-
  wait "$pid"
  dcdn-sign -vv --log-file log rotate --passphrase-fd 3 3< word >> out 2>> err
  dcdn-sign -vv trust export >> out 2>> err || true
  dcdn-sign announce > statements.dcs
  [ -s cmdline ] && [ -s environ ] && [ -s log ]
  nowhere_in cmdline environ log out err signed statements.dcs "$DCDN_HOME/key_statements" "$DCDN_HOME/audit.log" \
    "$DCDN_HOME/revocations/default.dcs" "$DCDN_HOME/keys/default.pem"
  # The test can fail: the seed is found where it is.
  run nowhere_in seed
  [ "$status" -ne 0 ]
}

# dumped COMMAND...: aborts it once it reads its input, and says whether a core was made of it.
dumped() {
  python3 - "$@" << 'PYTHON'
import os, resource, signal, subprocess, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
# Its first word shows that it runs: what cat repeats, what dcdn-recv listens on, what sign passes on.
child.stdin.write(open("plain.dcs", "rb").read())
child.stdin.flush()
(child.stderr if sys.argv[1] == "dcdn-recv" else child.stdout).read(1)
limits = [line for line in open(f"/proc/{child.pid}/limits") if line.startswith("Max core file size")][0].split()[4:6]
child.send_signal(signal.SIGABRT)
pid, status = os.waitpid(child.pid, 0)
print(os.WTERMSIG(status) == signal.SIGABRT, os.WCOREDUMP(status), *limits)
PYTHON
}

@test "no core is dumped of a process that holds a secret, also where cores are wanted" {
  dcdn-sign -q keygen > /dev/null
  make_stream > plain.dcs
  run dumped dcdn-sign sign
  assert_output "True False 0 0"
  run dumped dcdn-recv --listen 127.0.0.1:0 --allow-any -o inbox
  assert_output "True False 0 0"
  # The test can fail: this one dumps, where the system lets it.
  run dumped cat
  assert_output --regexp "^True (True|False) unlimited unlimited$"
}

@test "no option takes a secret" {
  dcdn-sign --dump-options > options
  run jq -r '.commands[].options[].name' options
  refute_output --regexp '(^|
)(passphrase-text|password|secret|seed)(
|$)'
}

@test "keys, revocations and statements others may read or write are refused or not made" {
  dcdn-sign -q keygen > /dev/null
  dcdn-sign -q rotate > /dev/null
  run find "$DCDN_HOME/keys" "$DCDN_HOME/revocations" -type f -perm /077
  assert_output ""
  chmod 644 "$DCDN_HOME/keys/default.pem"
  run -14 dcdn-sign rotate
  chmod 600 "$DCDN_HOME/keys/default.pem"
  chmod 666 "$DCDN_HOME/key_statements"
  run -14 dcdn-sign trust list
  assert_output --partial "chmod 600"
}

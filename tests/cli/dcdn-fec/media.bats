# Media as they are: bad sectors, a stick that is gone, pieces in any order, more files than may be open, too little memory.
# shellcheck disable=SC2016  # the inner bash expands
# shellcheck disable=SC2154  # run sets stderr
load ../../support/cli

setup() {
  setup_cli
  head -c 3000000 /dev/urandom > big.bin
  dcdn-fec -q encode -k 20 -m 10 --chunk-size 16KiB big.bin > big.dcs
}

# bad FROM-TO COMMAND...: with these bytes of big.dcs unreadable.
bad() { FAULTS_UNREADABLE="$(realpath big.dcs):$1" LD_PRELOAD=$DCDN_BIN/fault_shim.so "${@:2}"; }

@test "what a bad sector holds is lost, and nothing else" {
  local size
  size=$(stat -c %s big.dcs)
  for range in 0-512 1000000-1000512 1000000-1200000 $((size - 100))-$size; do
    bad "$range" dcdn-fec decode big.dcs 2> said | cmp - big.bin
    grep -q "could not be read" said
    grep -q "Input/output error, at byte ${range%-*}" said
    bad "$range" dcdn-fec repair big.dcs 2> said | cmp - big.dcs
    run -4 bad "$range" dcdn-fec verify big.dcs
    assert_output --partial "everything can be recovered"
    run -0 bad "$range" dcdn-fec info big.dcs
    bad "$range" dcdn-fec decode < big.dcs 2> said | cmp - big.bin
  done
  # No more than was unreadable before is skipped with it.
  bad 1000000-1200000 dcdn-fec --json verify big.dcs | jq -r 'select(.message_type == "summary") | .unreadable_bytes' > skipped || true
  [[ $(cat skipped) -ge 200000 && $(cat skipped) -le 400000 ]]
  run -3 bad 0-2000000 dcdn-fec verify big.dcs
}

@test "a stick that is gone is damage, none at all is an error" {
  dcdn-fec -q encode -k 20 -m 10 --chunk-size 16KiB big.bin | dcdn-fec -q split a b c
  for command in decode "join"; do
    dcdn-fec $command a gone c 2> said > out
    grep -q "left out: gone: open: No such file" said
    grep -q "1 of the inputs could not be opened" said
  done
  dcdn-fec decode -q a gone c 2> said | cmp - big.bin
  mkdir folder
  dcdn-fec decode -q a folder c 2> said | cmp - big.bin
  grep -q "folder: is a directory" said
  run -4 dcdn-fec verify a gone c
  run -0 dcdn-fec info a gone c
  run -14 dcdn-fec decode gone none
  run -14 dcdn-fec decode gone
  run_shell 4 'dcdn-fec --json verify gone a c'
  [[ $(jq -r 'select(.message_type == "summary") | .missing_inputs' <<< "$output") == 1 ]]
}

# The frames of $1, the last one first.
reversed() {
  python3 - "$1" <(edit_stream list < "$1" | awk '{print $3, $4}') <<'PYTHON'
import sys
stream = open(sys.argv[1], "rb").read()
starts = [int(line.split()[0]) for line in open(sys.argv[2])] + [len(stream)]
for from_, to in reversed(list(zip(starts, starts[1:]))):
    sys.stdout.buffer.write(stream[from_:to])
PYTHON
}

@test "order is no damage" {
  reversed big.dcs > reversed.dcs
  cmp -s big.dcs reversed.dcs && return 1
  dcdn-fec -v decode reversed.dcs 2> said | cmp - big.bin
  if grep -q "damaged\|left out\|lost" said; then return 1; fi
  grep -q "the input is out of order" said
  run -0 dcdn-fec verify reversed.dcs
  # And what is lost is still said.
  flip reversed.dcs 1500000
  dcdn-fec decode reversed.dcs 2> said | cmp - big.bin
  grep -q "the input was damaged.* were lost and recovered (1 symbol)" said
}

@test "two encodings of bytes in files are found before anything is written" {
  head -c 2000000 big.bin > other.bin
  dcdn-fec -q encode -k 10 -m 5 --chunk-size 16KiB other.bin > other.dcs
  dcdn-fec -q encode -k 10 -m 5 --chunk-size 16KiB big.bin > again.dcs
  cat big.dcs other.dcs > both.dcs
  for files in "big.dcs other.dcs" "big.dcs again.dcs" both.dcs; do
    run_shell 2 "dcdn-fec decode $files > out"
    [[ $stderr == *"more than one encoding"* && ! -s out ]]
  done
  run_shell 2 "dcdn-fec decode < both.dcs > out"
  [[ ! -s out ]]
  run_shell 2 "cat both.dcs | dcdn-fec decode > out"
  # The same encoding twice is one.
  dcdn-fec decode -q big.dcs big.dcs | cmp - big.bin
}

@test "more files than a process usually has open" {
  mkdir many
  head -c 100000 big.bin > small.bin
  dcdn-fec -q encode small.bin > small.dcs
  for ((i = 0; i < 1100; ++i)); do ln small.dcs "many/$i"; done
  [[ $(ulimit -Hn) == unlimited || $(ulimit -Hn) -ge 2000 ]] || skip "no more than $(ulimit -Hn) here"
  bash -c 'ulimit -Sn 1024; dcdn-fec decode -q many/*' | cmp - small.bin
  run_shell 8 'ulimit -n 512; dcdn-fec decode -q many/*'
  [[ $stderr == *"cat FILE..."* ]]
}

@test "a geometry that the memory cannot hold is refused before anything is written" {
  run_shell 8 'ulimit -v 1000000; yes | head -c 100000000 | dcdn-fec encode -k 200 -m 50 --interleave 256 --chunk-size 1MiB > out'
  [[ $stderr == *"of memory, and this process can have"*"--interleave"* && ! -s out ]]
  # A short file needs no more than it is long.
  bash -c 'ulimit -v 1000000; dcdn-fec -q encode -k 200 -m 50 --interleave 256 --chunk-size 1MiB big.bin' | dcdn-fec decode -q | cmp - big.bin
}

@test "out of memory is an error, wherever it comes" {
  local limit status
  for limit in {40000..400000..12000}; do
    for command in "encode big.bin" "decode big.dcs" "verify big.dcs"; do
      status=0
      bash -c "ulimit -v $limit; exec dcdn-fec -q $command" > out 2> said || status=$?
      # 127: not even the libraries fit.
      [[ $status -lt 128 ]] || { echo "$command with $limit kB: $status"; cat said; return 1; }
    done
  done
}

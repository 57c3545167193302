# split and join, and the policies that choose a geometry.
# shellcheck disable=SC2016  # the inner bash expands
# shellcheck disable=SC2154  # run sets stderr
load ../../support/cli

setup() {
  setup_cli
  head -c 1500000 /dev/urandom > big.bin
}

@test "three sticks, any one lost: decode, join and verify" {
  dcdn-fec encode -k 20 -m 10 --chunk-size 16KiB big.bin > good.dcs
  mkdir a b c
  dcdn-fec split a b c < good.dcs 2> said
  grep -q "any 1 of the 3 outputs may be lost" said
  for pair in "a b" "c a" "b c"; do
    # shellcheck disable=SC2086
    set -- $pair
    dcdn-fec decode -q "$1/part.dcs" "$2/part.dcs" 2> said | cmp - big.bin
    dcdn-fec join -q "$1/part.dcs" "$2/part.dcs" 2> said | cmp - good.dcs
    cat "$1/part.dcs" "$2/part.dcs" | dcdn-fec decode -q 2> said | cmp - big.bin
    run_shell 4 "dcdn-fec verify $1/part.dcs $2/part.dcs"
  done
  run_shell 0 'dcdn-fec verify a/part.dcs b/part.dcs c/part.dcs'
  run_shell 3 'dcdn-fec verify b/part.dcs'
  run_shell 3 'dcdn-fec decode b/part.dcs > out.bin'
  cmp -n "$(stat -c %s out.bin)" out.bin big.bin
}

@test "two of five lost; from a damaged stream, whose damage does not reach the outputs" {
  dcdn-fec encode -k 12 -m 10 --chunk-size 16KiB big.bin > good.dcs
  edit_stream drop 3 < good.dcs | edit_stream drop 40 > bad.dcs
  dcdn-fec split --lose 2 --from bad.dcs 1 2 3 4 5 2> said
  grep -q "any 2 of the 5" said
  dcdn-fec join 1 2 3 4 5 | cmp - good.dcs
  for lost in "1 2" "2 5" "3 4" "1 5"; do
    left=()
    for part in 1 2 3 4 5; do [[ " $lost " == *" $part "* ]] || left+=("$part"); done
    dcdn-fec decode -q "${left[@]}" 2> said | cmp - big.bin
  done
}

@test "too few repair shards: refused before anything is written, with what would do" {
  dcdn-fec encode -k 20 -m 4 --chunk-size 16KiB big.bin > good.dcs
  run_shell 2 'dcdn-fec split a b c < good.dcs'
  [[ $stderr == *"encode with -m 10 or more"* ]]
  run_shell 2 'dcdn-fec split --lose 2 a b c < good.dcs'
  run_shell 2 'dcdn-fec split --lose 3 a b c < good.dcs'
  run_shell 2 'dcdn-fec split a < good.dcs'
  assert_equal "$(ls)" "$(printf 'big.bin\ngood.dcs')"
}

@test "nothing is overwritten, and what cannot be finished leaves nothing" {
  dcdn-fec encode -k 5 -m 5 --chunk-size 16KiB big.bin > good.dcs
  echo mine > b
  run_shell 14 'dcdn-fec split a b c < good.dcs'
  assert_equal "$(cat b)" mine
  [ ! -e a ] && [ ! -e a.part ]
  dcdn-fec split --overwrite a b c < good.dcs
  dcdn-fec decode -q b c 2> said | cmp - big.bin
  rm a b c
  head -c 900000 good.dcs > cut.dcs
  run_shell 3 'dcdn-fec split a b c < cut.dcs'
  assert_equal "$(ls)" "$(printf 'big.bin\ncut.dcs\ngood.dcs\nsaid')"
}

shape() {
  dcdn-fec encode --json "$@" big.bin 2>&1 > out.dcs | jq -c 'select(.message_type == "plan") | [.sources, .repairs, .interleave]'
}

@test "policies choose k, m and the interleaving, and say so" {
  assert_equal "$(shape)" "[50,10,4]"
  assert_equal "$(shape --policy latency:200,loss:5%)" "[16,2,4]"
  assert_equal "$(shape --policy adaptive)" "[50,10,4]"
  assert_equal "$(shape -m 10 --for-bursts 200)" "[50,10,20]"
  survive=$(shape --survive 20% | jq '.[1]')
  # The least m of the binomial tail: one less would not do.
  python3 - "$survive" <<'PY'
import sys
from math import comb
def odds(k, m, p): return sum(comb(k + m, i) * p**i * (1 - p)**(k + m - i) for i in range(m + 1, k + m + 1))
m = int(sys.argv[1])
assert odds(50, m, 0.2) < 1e-6 <= odds(50, m - 1, 0.2), m
PY
  dcdn-fec encode --survive 20% big.bin 2> said | dcdn-fec decode | cmp - big.bin
  grep -q "m = $survive, " said
  run_shell 2 'dcdn-fec encode --policy adaptive -k 4 big.bin > out'
  run_shell 2 'dcdn-fec encode --survive 20% -m 4 big.bin > out'
  run_shell 2 'dcdn-fec encode --survive 90% big.bin > out'
  run_shell 2 'dcdn-fec encode --for-bursts 9 --interleave 2 big.bin > out'
  run_shell 2 'dcdn-fec encode --for-bursts 100000 big.bin > out'
  run_shell 2 'dcdn-fec encode --policy nonsense big.bin > out'
}

# Contents that are not just bytes of a known number: holes, and files whose size the system does not know.
load ../../support/cli

setup() { setup_cli; }

# room FILE: bytes that it takes on the disk.
room() { sync "$1"; echo $(($(stat -c '%b * %B' "$1"))); }

@test "holes stay holes: patch, apply and assemble" {
  { head -c 200000 /dev/urandom; head -c 30000000 /dev/zero; head -c 100000 /dev/urandom; } > whole
  cp --sparse=always whole old
  { cat whole; head -c 5000 /dev/urandom; head -c 5000000 /dev/zero; } > new
  dcdn-delta signature old sig
  dcdn-delta signature --compact new compact
  dcdn-delta delta sig new delta
  dcdn-delta patch old delta patched
  dcdn-delta needs --basis old compact | dcdn-delta cut new | dcdn-delta assemble --basis old compact - assembled
  for method in blocks reference; do
    dcdn-delta make --basis old --method $method new | dcdn-delta apply --basis old - applied-$method
  done
  for made in patched assembled applied-blocks applied-reference; do
    cmp new "$made"
    (($(room "$made") < 1000000)) || { echo "$made takes $(room "$made")"; return 1; }
  done
}

@test "out of memory is an error, wherever it comes" {
  local limit status
  head -c 3000000 /dev/urandom > old
  { cat old; echo more; } > new
  dcdn-delta signature old sig
  dcdn-delta delta sig new changes
  for limit in {40000..300000..13000}; do
    for command in "signature old" "delta sig new" "patch old changes" "make --basis old new"; do
      status=0
      bash -c "ulimit -v $limit; exec dcdn-delta -q $command" > out 2> said || status=$?
      # 127: not even the libraries fit.
      [[ $status -lt 128 ]] || { echo "$command with $limit kB: $status"; cat said; return 1; }
    done
  done
}

@test "a file whose size the system does not know" {
  assert_equal "$(stat -c %s /proc/version)" 0
  cat /proc/version > version
  dcdn-delta signature --compact /proc/version sig
  dcdn-delta signature --compact version right
  cmp sig right
  dcdn-delta signature /proc/version | dcdn-delta delta - version > changes
  dcdn-delta patch /proc/version changes | cmp - version
  dcdn-delta make --basis /proc/version version | dcdn-delta apply --basis /proc/version - | cmp - version
  : > empty
  dcdn-delta signature --compact empty | dcdn-delta needs --basis version -
}

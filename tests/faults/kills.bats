# Both ends of transfers are killed at random moments and started again: a few times here, 500 times with
# FAULTS_SAMPLE=0 (scripts/test --faults). See kills.py.

bats_require_minimum_version 1.5.0

kills() {
  python3 "$BATS_TEST_DIRNAME/kills.py" --seed "${FAULTS_SEED:-$RANDOM}" "$@"
}

# A folder of the programs, of which one ($1) is a script that does what standard input says before the real one, $REAL.
careless() {
  local bin
  bin=$(realpath "${DCDN_BIN:-$BATS_TEST_DIRNAME/../../build/bin}")
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$bin"/dcdn-{send,recv,sign} "$BATS_TEST_TMPDIR/bin"
  rm "$BATS_TEST_TMPDIR/bin/$1"
  { printf '#!/bin/bash\nREAL=%q\n' "$bin/$1"; cat; } > "$BATS_TEST_TMPDIR/bin/$1"
  chmod +x "$BATS_TEST_TMPDIR/bin/$1"
}

@test "killed ends: nothing half, nothing lost, nothing left" {
  local runs=6
  [[ ${FAULTS_SAMPLE:-} != 0 ]] || runs=500
  run kills --runs "$runs"
  echo "$output"
  # Kills of nothing prove nothing.
  [[ $status -eq 0 && $output =~ $runs\ kills,\ [1-9][0-9]*\ transfers,\ 0\ not\ right ]]
}

@test "a receiver that gives its name to what is unfinished is told of" {
  careless dcdn-recv << 'BASH'
for part in in/.dcdn-part/*/tree; do [[ ! -e $part ]] || cp -a "$part" in/; done
exec "$REAL" "$@"
BASH
  run -1 kills --bin "$BATS_TEST_TMPDIR/bin" --runs 8
  [[ $output == *"not right: kill "*"is missing"* || $output == *"not right: kill "*"has another"* ]]
}

@test "a sender that says too early that it is done is told of" {
  careless dcdn-send << 'BASH'
[[ $* == *--list* ]] || exit 0
exec "$REAL" "$@"
BASH
  run -1 kills --bin "$BATS_TEST_TMPDIR/bin" --runs 2
  [[ $output == *"not right: kill 0, "*"'.' is missing"* ]]
}

@test "what a receiver leaves behind is told of" {
  careless dcdn-recv << 'BASH'
mkdir -p in/.dcdn-part/forgotten
exec "$REAL" "$@"
BASH
  run -1 kills --bin "$BATS_TEST_TMPDIR/bin" --runs 2
  [[ $output == *"not right: kill "*".dcdn-part/forgotten was left"* ]]
}

# scripts/test counts what ran, and a suite that dies half-way is a failure.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# A tree whose build does nothing: its programs are scripts that say what a test program says.
setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{bin,scripts,build/bin,tests/unit/fec,tests/unit/base,tests/cli/dcdn-fec,tests/cli/dcdn-x,tests/pipes,tests/faults,tests/net}
  cp "$root/scripts/test" "$tree/scripts/"
  script scripts/build 'echo "$@" >> built'
  script scripts/install-deps true
  script scripts/check_good true
  script bin/id 'echo 1000'  # tests/net needs root: one that is left out
  unit fec '[       OK ] A.B (1 ms)' '[       OK ] A.C (1 ms)'
  unit base '[       OK ] B.A (1 ms)' '[  SKIPPED ] B.B (0 ms)'
  suite cli/dcdn-fec/one.bats true true
  suite cli/dcdn-x/two.bats true
  suite pipes/three.bats true
  suite faults/four.bats '[[ ${FAULTS_SAMPLE:-some} != 0 ]]'
}

script() {
  printf '#!/usr/bin/env bash\n%s\n' "$2" > "$tree/$1"
  chmod +x "$tree/$1"
}

# unit ROOM LINE...: a test program that writes these lines.
unit() {
  script "build/bin/unit_$1" "$(printf 'echo %q\n' "${@:2}")"
}

# suite FILE COMMAND...: a bats file, a test for each command.
suite() {
  local file=$tree/tests/$1 number=0 command
  shift
  for command in "$@"; do
    number=$((number + 1))
    printf '@test "number %s" {\n  %s\n}\n' "$number" "$command"
  done > "$file"
}

run_tests() {
  # Not the PATH of this bats, which leads to its own inner programs.
  run "$1" env -i PATH="$tree/bin:/usr/local/bin:/usr/bin:/bin" HOME="$BATS_TEST_TMPDIR" "$tree/scripts/test" "${@:2}"
}

last_line() {
  assert_equal "${lines[-1]}" "$1"
}

@test "scripts/test: everything is counted once" {
  run_tests -0 --quick
  last_line "9 passed, 0 failed, 2 skipped"
  mkdir -p "$tree/build-asan/bin"
  cp "$tree/build/bin/unit_fec" "$tree/build-asan/bin/"
  run_tests -0
  last_line "12 passed, 0 failed, 2 skipped"
  assert_equal "$(sed -n 1p "$tree/built")" "--no-install release"
  assert_equal "$(sed -n 3p "$tree/built")" \
    "--no-install asan unit_tests dcdn-recv dcdn-send dcdn-sign make_stream edit_stream"
}

@test "scripts/test: --faults walks through all operations" {
  suite faults/four.bats '[[ $FAULTS_SAMPLE == 0 ]]'
  run_tests -0 --faults
  last_line "1 passed, 0 failed, 0 skipped"
}

@test "scripts/test: a room is its unit tests and those of its program, and nothing else" {
  run_tests -0 --quick fec
  last_line "4 passed, 0 failed, 0 skipped"
  assert_equal "$(cat "$tree/built")" "--no-install release unit_fec test_programs"
  run_tests -0 --quick base
  last_line "1 passed, 0 failed, 1 skipped"
  assert_equal "$(tail -n 1 "$tree/built")" "--no-install release unit_base"
  run_tests -0 --quick base fec
  last_line "5 passed, 0 failed, 1 skipped"
}

@test "scripts/test: every room with a test is known, others are refused" {
  local room
  for room in "$root"/tests/unit/*/; do mkdir -p "$tree/tests/unit/$(basename "$room")"; done
  run_tests -2 --quick kitchen
  assert_output --partial "no room kitchen"
  run_tests -2 --quick ../unit
  run_tests -2 --fast
  run_tests -0 --help
  for room in fec delta sign trust source store sink record console session node wire pipeline tools api; do
    assert_output --regexp "(^|[ ,])$room([ ,]|$)"
    [[ -d $root/lib/$room || $room == tools ]]
  done
}

@test "scripts/test: failures are named, with what was written about them" {
  unit base 'why it failed' '[  FAILED  ] B.A (2 ms)' '[       OK ] B.B (1 ms)'
  suite cli/dcdn-fec/one.bats true 'echo the reason; false'
  script scripts/check_good 'echo the rule; exit 1'
  run_tests -1 --quick
  last_line "7 passed, 3 failed, 1 skipped"
  assert_line "failed: unit_base B.A"
  assert_line "failed: tests/cli/dcdn-fec/one.bats: 2 number 2"
  assert_line "failed: scripts/check_good"
  assert_output --partial "why it failed"
  assert_output --partial "the reason"
  assert_output --partial "the rule"
}

@test "scripts/test: a suite that dies half-way fails" {
  script build/bin/unit_base 'echo "[       OK ] B.A (1 ms)"; kill -SEGV $$'
  # shellcheck disable=SC2016  # the shells to be ended are those that run it
  suite cli/dcdn-fec/one.bats true 'kill -KILL $PPID $$' true
  run_tests -1 --quick
  assert_line --partial "failed: unit_base (ended with status 139)"
  assert_line --regexp "^failed: tests/cli/dcdn-fec/one.bats \(ended with status [0-9]+ after [0-9] of 3 tests\)$"
  assert_equal "$(grep -c '^failed: ' <<< "$output")" 2
}

@test "scripts/test: a build that fails, and a tree without tests, are no success" {
  script scripts/build 'exit 1'
  run_tests -1 --quick
  last_line "0 passed, 1 failed, 0 skipped"
  script scripts/build true
  rm -r "$tree/tests/cli" "$tree/tests/pipes" "$tree"/build/bin/unit_* "$tree"/scripts/check_good
  run_tests -1 --quick
}

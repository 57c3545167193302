# The checks that ask the programs, tried on small programs made up here.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  bin=$tree/build/bin
  mkdir -p "$bin" "$tree"/{man,tools/dcdn-x,tools/common}
  touch "$tree/tools/dcdn-x/main.cpp"
  cat > "$tree/table.json" <<'JSON'
{
  "commands": [
  {
   "arguments": [{"name": "FILE", "complete": "file"}],
   "command": "",
   "options": [
    {"name": "name", "short": "n", "value": "NAME", "help": "it's [a] name: yes", "complete": "nothing",
     "choices": [], "repeatable": false, "hidden": false, "setting": true},
    {"name": "mode", "short": "", "value": "a|b", "help": "mode", "complete": "choice",
     "choices": ["a", "b"], "repeatable": false, "hidden": false, "setting": true},
    {"name": "secret", "short": "", "value": "", "help": "hidden", "complete": "nothing",
     "choices": [], "repeatable": false, "hidden": true, "setting": false}],
   "summary": "x"
  }
 ],
 "summary": "x", "tool": "dcdn-x", "version": "1.2.3"
}
JSON
  program
}

# A well-behaved tool; the arguments are shell commands that come first.
program() {
  cat > "$bin/dcdn-x" <<SHELL
#!/bin/bash
$*
case "\$*" in
  --help) printf 'Examples:\n  dcdn-x a\n      Does a.\n\ndcdn-x - x\n\nUsage: dcdn-x\n' ;;
  --version) echo "dcdn-x 1.2.3" ;;
  "--version --json") echo '{"message_type":"version"}' ;;
  --dump-options) cat "$tree/table.json" ;;
  --*) echo "dcdn-x: unknown option \$1" >&2; exit 2 ;;
esac
SHELL
  chmod +x "$bin/dcdn-x"
}

page() {
  cat > "$tree/man/dcdn-x.1" <<'MDOC'
.Dd November 20, 2026
.Dt DCDN-X 1
.Os dcdn
.Sh NAME
.Nm dcdn-x
.Nd does x
.Sh SYNOPSIS
.Nm
.Op Fl -name Ar NAME
.Sh DESCRIPTION
.Bl -tag -width Ds
.It Fl n , Fl -name Ar NAME
a name
.It Fl -mode Cm a | b
a mode
.El
MDOC
}

help_refuses() {
  run "$root/scripts/check_help" "$bin"
  assert_failure
  assert_output --partial "$1"
}

@test "check_help: a well-behaved tool is accepted" {
  run "$root/scripts/check_help" "$bin"
  assert_success
  assert_output ""
}

@test "check_help: each bad manner is named" {
  # shellcheck disable=SC2016
  {
    program '[[ $* != --help ]] || echo first'
    help_refuses "does not start with examples"
    program '[[ $* != --help ]] || printf "%090d\n" 0'
    help_refuses "over 80 columns"
    program '[[ $* != --help ]] || echo oops >&2'
    help_refuses "writes to standard error"
    program '[[ $* != --help ]] || { cat /dev/null; exit 0; }'
    help_refuses "says next to nothing"
    program '[[ $* != --version ]] || { echo one; exit 0; }'
    help_refuses "not a name and a version"
    program '[[ $* != *json ]] || exit 0'
    help_refuses "no version object"
    program '[[ $* != --no-* ]] || { echo "dcdn-x: unknown option $1" >&2; exit 1; }'
    help_refuses "exit status 1 for an unknown option"
    program '[[ $* != --no-* ]] || { echo "dcdn-x: unknown option $1"; exit 2; }'
    help_refuses "complains on standard output"
    program '[[ $* != --no-* ]] || { echo "wrong" >&2; exit 2; }'
    help_refuses "does not name the unknown option"
  }
}

@test "check_help: no programs is a failure" {
  rm "$bin/dcdn-x"
  help_refuses "no program in"
}

man_refuses() {
  run "$root/scripts/check_man" "$tree"
  assert_failure
  assert_output --partial "$1"
}

@test "check_man: pages that agree with the tool are accepted" {
  page
  run "$root/scripts/check_man" "$tree"
  assert_success
}

@test "check_man: a missing page, option or command, and one too many, are refused" {
  page
  rm "$tree/man/dcdn-x.1"
  man_refuses "dcdn-x has no page"
  page
  sed -i '/Fl -mode/,+1d' "$tree/man/dcdn-x.1"
  man_refuses "--mode is not documented"
  page
  sed -i 's/^a mode/or\n.Fl -model/' "$tree/man/dcdn-x.1"
  man_refuses "--model is not an option"
  page
  sed -i 's/"command": ""/"command": "trust"/' "$tree/table.json"
  man_refuses "the command trust is not documented"
}

@test "check_man: mistakes that mandoc sees are refused" {
  page
  sed -i 's/^\.El$/.Ell/' "$tree/man/dcdn-x.1"
  man_refuses "dcdn-x.1"
}

completions_refuse() {
  run "$root/scripts/check_completions" "$tree" "$bin"
  assert_failure
  assert_output --partial "$1"
}

generate() { "$root/scripts/gen_completions" --bin "$bin" --tools "$tree/tools" --out "$tree"; }

@test "check_completions: what was generated is accepted and every shell reads it" {
  generate
  run "$root/scripts/check_completions" "$tree" "$bin"
  assert_success
  run shellcheck --shell=bash "$tree/completions/bash/dcdn-x"
  assert_success
}

@test "check_completions: an option table that changed is noticed" {
  generate
  sed -i 's/"name": "mode"/"name": "manner"/' "$tree/table.json"
  completions_refuse "completions is out of date"
}

@test "check_completions: a list of settings that changed is noticed" {
  generate
  sed -i 's/"mode"/"more"/' "$tree/tools/common/known_settings.cpp"
  completions_refuse "known_settings.cpp is out of date"
}

@test "gen_completions refuses to run while a tool is missing" {
  mkdir "$tree/tools/dcdn-y"
  touch "$tree/tools/dcdn-y/main.cpp"
  run generate
  assert_failure
  assert_output --partial "build all tools first"
}

@test "the bash completion offers options, choices and files, and never hidden options" {
  generate
  cd "$BATS_TEST_TMPDIR" || return 1
  complete_words() {
    bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dcdn_x; echo "${COMPREPLY[*]}"' \
      bash "$tree/completions/bash/dcdn-x" "$@"
  }
  run complete_words dcdn-x --
  assert_output "--name --mode"
  run complete_words dcdn-x --mode ""
  assert_output "a b"
  run complete_words dcdn-x tr
  assert_output "tree"
}

# Every check accepts this tree's kind of code and refuses a bad copy: a check that cannot fail proves nothing.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
  root=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{lib/base,lib/digest,lib/wire,lib/net,lib/include/dcdn,tools/common,tools/dcdn-x,tests,scripts}
  printf '%s\n' base: digest: 'wire: base' net: api: > "$tree/lib/LAYERS"
  good > "$tree/lib/base/good.cpp"
  echo '#include "base/good.hpp"' > "$tree/lib/wire/below.cpp"
}

good() { printf 'namespace dcdn {\n\nint one() {\n  return 1;\n}\n\n}  // namespace dcdn\n'; }

# The check named $1 must refuse the tree and say $2.
refuses() {
  local name=$1 text=$2
  run "$root/scripts/$name" "$tree"
  assert_failure
  assert_output --partial "$text"
}

accepts() {
  run "$root/scripts/$1" "$tree"
  assert_success
}

@test "check_layers: an include from below is accepted, one from above refused" {
  accepts check_layers
  echo '#include "net/udp.hpp"' > "$tree/lib/wire/climbs.cpp"
  refuses check_layers "climbs.cpp:1: layer wire includes net/udp.hpp"
}

@test "check_layers: a thread starts in work only" {
  mkdir -p "$tree/lib/work"
  echo work: >> "$tree/lib/LAYERS"
  echo 'void run() { std::thread([] {}).join(); }' > "$tree/lib/work/thread.hpp"
  accepts check_layers
  cp "$tree/lib/work/thread.hpp" "$tree/lib/net/own_thread.hpp"
  refuses check_layers "own_thread.hpp:1: threads start in layer work"
}

@test "check_layers: a third-party header belongs to its layer" {
  echo '#include <sqlite3.h>' > "$tree/lib/net/reads_tables.cpp"
  refuses check_layers "sqlite3.h belongs in record"
  rm "$tree/lib/net/reads_tables.cpp"
  echo '#include <boost/asio.hpp>' > "$tree/lib/net/other.cpp"
  refuses check_layers "boost/asio.hpp is neither"
}

@test "check_layers: pure layers read no clock and open no file" {
  printf '#include <chrono>\n\nauto t = std::chrono::steady_clock::now();\n' > "$tree/lib/wire/clock.cpp"
  refuses check_layers "clock.cpp:3: layer wire is pure"
  echo '#include <fcntl.h>' > "$tree/lib/wire/clock.cpp"
  refuses check_layers "layer wire is pure, fcntl.h is not"
  echo '// steady_clock::now() is not called here' > "$tree/lib/wire/clock.cpp"
  accepts check_layers
}

@test "check_layers: tools see installed headers, tools/common and themselves" {
  printf '#include "dcdn/send.hpp"\n#include "common/cli_app.hpp"\n' > "$tree/tools/dcdn-x/main.cpp"
  accepts check_layers
  echo '#include "base/good.hpp"' > "$tree/tools/dcdn-x/main.cpp"
  refuses check_layers "a tool includes base/good.hpp"
}

@test "check_layers: installed headers include nothing of ours or others" {
  echo '#include <nlohmann/json.hpp>' > "$tree/lib/include/dcdn/x.hpp"
  refuses check_layers "installed header includes the third-party"
  echo '#include "base/good.hpp"' > "$tree/lib/include/dcdn/x.hpp"
  refuses check_layers "installed header includes base/good.hpp"
}

@test "check_layers: a cycle in lib/LAYERS is refused" {
  sed -i 's/^base:.*/base: wire/' "$tree/lib/LAYERS"
  refuses check_layers "base uses wire"
}

@test "check_layers: an allowance that no include needs is refused" {
  accepts check_layers
  sed -i 's/^net:.*/net: wire/' "$tree/lib/LAYERS"
  refuses check_layers "lib/LAYERS: net may include wire and does not"
  echo '#include "wire/frame.hpp"' > "$tree/lib/net/user.cpp"
  accepts check_layers
}

@test "check_layers: a folder of api includes no other one" {
  mkdir -p "$tree"/lib/api/{send,recv}
  echo '#include "api/send/plan.hpp"' > "$tree/lib/api/send/plan.cpp"
  accepts check_layers
  echo '#include "api/send/plan.hpp"' > "$tree/lib/api/recv/borrows.cpp"
  refuses check_layers "borrows.cpp:1: a folder of api includes api/send/plan.hpp"
}

@test "check_layers: an unlisted folder is refused" {
  mkdir "$tree/lib/misc"
  good > "$tree/lib/misc/x.cpp"
  refuses check_layers "layer misc is not in lib/LAYERS"
}

# A function of $1 lines.
function_of() {
  printf 'int long_one() {\n'
  for ((i = 0; i < $1 - 3; ++i)); do echo "  // $i"; done
  printf '  return 1;\n}\n'
}

@test "check_sizes: 60 lines a function, 400 a file, and no more" {
  function_of 60 > "$tree/lib/base/edge.cpp"
  accepts check_sizes
  function_of 61 > "$tree/lib/base/edge.cpp"
  refuses check_sizes "edge.cpp: long_one has 61 lines"
  yes '// line' | head -n 400 > "$tree/lib/base/edge.cpp"
  accepts check_sizes
  yes '// line' | head -n 401 > "$tree/lib/base/edge.cpp"
  refuses check_sizes "edge.cpp: 401 lines"
}

# A class with $1 members whose names end in "$2".
class_of() {
  printf 'class State {\n'
  for ((i = 0; i < $1; ++i)); do echo "  int member$i$2 = 0;"; done
  printf '};\n'
}

@test "check_sizes: 20 data members a class and no more, aggregates aside" {
  class_of 20 _ > "$tree/lib/base/state.hpp"
  accepts check_sizes
  class_of 21 _ > "$tree/lib/base/state.hpp"
  refuses check_sizes "state.hpp: State has 21 data members, more than 20"
  class_of 21 "" > "$tree/lib/base/state.hpp"
  accepts check_sizes
}

@test "check_sizes: an exception is accepted while it is needed" {
  function_of 61 > "$tree/lib/base/edge.cpp"
  echo 'lib/base/edge.cpp:long_one' > "$tree/scripts/size_exceptions"
  accepts check_sizes
  good > "$tree/lib/base/edge.cpp"
  refuses check_sizes "lib/base/edge.cpp:long_one is not needed"
  class_of 21 _ > "$tree/lib/base/state.hpp"
  echo 'lib/base/state.hpp:State' > "$tree/scripts/size_exceptions"
  accepts check_sizes
  class_of 20 _ > "$tree/lib/base/state.hpp"
  refuses check_sizes "lib/base/state.hpp:State is not needed"
}

@test "check_coroutines: the forms that g++ 12 gets wrong are refused" {
  echo 'Task<int> f() { auto x = co_await g(a, std::move(b), C(1)); co_return x; }' > "$tree/lib/net/task_user.cpp"
  accepts check_coroutines
  local wrong
  for wrong in 'co_await g(Opts{1});' 'co_await g([x] { return x; });' 'auto v = c ? co_await a() : b();' \
    'auto [a, b] = co_await g();' 'co_await g(list[0]);' 'DCDN_CO_TRY(auto v, co_await g({1, 2}));'; do
    echo "Task<int> f() { $wrong }" > "$tree/lib/net/task_user.cpp"
    refuses check_coroutines "task_user.cpp:1: "
  done
}

@test "check_coroutines: only the layers with an event loop have coroutines, only task.hpp spawns" {
  echo 'Task<int> f() { co_return 1; }' > "$tree/lib/wire/lazy.cpp"
  refuses check_coroutines "a coroutine in wire"
  rm "$tree/lib/wire/lazy.cpp"
  echo 'void f() { asio::co_spawn(a, b, c); }' > "$tree/lib/net/spawner.cpp"
  refuses check_coroutines "co_spawn; call spawn"
}

@test "check_headers: a header that needs another one first is refused" {
  printf '#pragma once\n#include <string>\nnamespace dcdn {\nstd::string name();\n}\n' > "$tree/lib/include/dcdn/x.hpp"
  accepts check_headers
  printf '#pragma once\nnamespace dcdn {\nstd::string name();\n}\n' > "$tree/lib/include/dcdn/x.hpp"
  refuses check_headers "does not compile alone"
}

@test "check_headers: a third-party type in code is refused, in a comment not" {
  printf '#pragma once\nnamespace dcdn {\nint f();  // calls sqlite3_open\n}\n' > "$tree/lib/include/dcdn/x.hpp"
  accepts check_headers
  printf '#pragma once\nstruct sqlite3;\n' > "$tree/lib/include/dcdn/x.hpp"
  refuses check_headers "names a third-party type"
}

@test "check_includes: what another header happens to bring along is asked for by name" {
  printf '#pragma once\n#include <string>\nstd::string name(std::uint64_t id);\n' > "$tree/lib/base/x.hpp"
  refuses check_includes "lib/base/x.hpp:3: std::uint64_t needs <cstdint>"
  printf '#pragma once\n#include <cstdint>\n#include <string>\nstd::string name(std::uint64_t id);\n' > "$tree/lib/base/x.hpp"
  accepts check_includes
  # What our own headers include counts; what they do not, does not.
  printf '#include "base/x.hpp"\nstd::string name(std::uint64_t) { return {}; }\n' > "$tree/lib/base/x.cpp"
  accepts check_includes
  printf '#include "base/x.hpp"\nstd::string name(std::uint64_t a) { return {std::min(a, a)}; }\n' > "$tree/lib/base/x.cpp"
  refuses check_includes "lib/base/x.cpp:2: std::min needs <algorithm>"
}

@test "check_includes: an internal header that nobody includes first has to compile alone" {
  printf '#pragma once\nusing Sum = Missing;\n' > "$tree/lib/base/y.hpp"
  refuses check_includes "lib/base/y.hpp does not compile alone"
}

@test "check_format: badly laid out C++ and careless shell are refused" {
  cp "$root/.clang-format" "$tree/"
  accepts check_format
  echo 'int   main( ){return 0;}' > "$tree/lib/base/ugly.cpp"
  if clang-format --version | grep -q 'version 14\.'; then
    refuses check_format "ugly.cpp: run clang-format"
  else
    run -0 "$root/scripts/check_format" "$tree"
    assert_output --partial "not looked at"
  fi
  rm "$tree/lib/base/ugly.cpp"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nrm $1\n' > "$tree/scripts/careless"
  refuses check_format "SC2086"
}

@test "check_map: every folder is listed, and no other" {
  mkdir "$tree/lib/session"
  ls -d "$tree"/lib/*/ | sed 's,.*/\(.*\)/$,| `\1/` | x |,' > "$tree/lib/README.md"
  accepts check_map
  mkdir "$tree/lib/pace"
  refuses check_map "does not list pace/"
  rmdir "$tree/lib/pace" "$tree/lib/session"
  refuses check_map "lists session/, which is not there"
}

@test "check_map: a unit that lib/README.md names is there" {
  ls -d "$tree"/lib/*/ | sed 's,.*/\(.*\)/$,| `\1/` | x |,' > "$tree/lib/README.md"
  echo 'It goes through `base/good` and `base/good.cpp`.' >> "$tree/lib/README.md"
  accepts check_map
  echo 'Then through `base/gone`.' >> "$tree/lib/README.md"
  refuses check_map "names base/gone, which is not there"
}

@test "check_architecture: the picture is the one of LAYERS" {
  cp "$root/lib/README.md" "$tree/lib/"
  "$root/scripts/draw_architecture" "$tree"
  accepts check_architecture
  sed -i 's,^wire: base$,wire: base digest,' "$tree/lib/LAYERS"
  refuses check_architecture "run scripts/draw_architecture"
}

@test "check_map: file names are snake_case and unique" {
  ls -d "$tree"/lib/*/ | sed 's,.*/\(.*\)/$,| `\1/` | x |,' > "$tree/lib/README.md"
  good > "$tree/lib/wire/good.cpp"
  refuses check_map "good.cpp stands twice"
  mv "$tree/lib/wire/good.cpp" "$tree/lib/wire/GoodName.cpp"
  refuses check_map "GoodName.cpp: the name is not snake_case"
}

# The files that check_numbers compares, as they are.
numbers() {
  mkdir -p "$tree"/{man,lib/message}
  local path
  for path in lib/{wire/frame.hpp,message/failure_code.cpp,base/error.cpp} man/dcdn{-format.5,-session.5,.7}; do
    cp "$root/$path" "$tree/$path"
  done
}

# After the edit $2 of the file $1 check_numbers says $3.
numbers_refuse() {
  numbers
  sed -i "$2" "$tree/$1"
  refuses check_numbers "$3"
}

@test "check_numbers: types are in the code and in their page, each once" {
  numbers
  accepts check_numbers
  numbers_refuse lib/wire/frame.hpp 's/segment = 0x02/segment = 0x01/' "type 0x01 stands twice"
  numbers_refuse man/dcdn-format.5 '/^.It 0x03 Ta/d' "type 0x03 signature: in lib/wire/frame.hpp, not in"
  numbers_refuse lib/wire/frame.hpp '/receipt = 0x20/d' "type 0x20 receipt: in man/dcdn-format.5, not in"
  numbers_refuse man/dcdn-session.5 's/^.Ss want (0x44)/.Ss want/' "message 0x44 want: in lib/wire/frame.hpp, not in"
  numbers_refuse lib/wire/frame.hpp '/resume = 0x47/d' "message 0x47 resume: in man/dcdn-session.5, not in"
  numbers_refuse lib/wire/frame.hpp 's/enum class FrameType/enum class Type/' "type: found none"
}

@test "check_numbers: a type is in the range of its kind, and none that is reserved" {
  numbers_refuse lib/wire/frame.hpp 's/again = 0x51/again = 0x52/' "again (0x52) is reserved"
  numbers_refuse lib/wire/frame.hpp 's/again = 0x51/again = 0x61/' "again (0x61) is not in a range"
  numbers_refuse lib/wire/frame.hpp 's/receipt = 0x20/receipt = 0x5F/' "receipt (0x5F) is not in a range"
  numbers_refuse man/dcdn-session.5 's/^.It 0x60 to 0x6F/.It 0x60 to 0x6E/' "gap or an overlap at 0x70"
  numbers_refuse man/dcdn-session.5 's/^.It 0x80 to 0xFF/.It 0x80 to 0xFE/' "does not end at 0xFF"
}

@test "check_numbers: failure codes are those of the page, one for each error" {
  numbers_refuse lib/message/failure_code.cpp 's/{2, Errc::other}/{1, Errc::other}/' "failure code 1 stands twice"
  numbers_refuse man/dcdn-session.5 '/^.It 16 Ta refused/d' "failure code 16 refused: in lib/message/failure_code.cpp"
  numbers_refuse lib/message/failure_code.cpp 's/{22, Errc::interrupted},//' "interrupted has no number"
  numbers_refuse lib/message/failure_code.cpp 's/{22, Errc::interrupted}/{300, Errc::interrupted}/' "does not fit"
}

@test "check_numbers: exit statuses are those of the page" {
  numbers_refuse man/dcdn.7 's/ Ta corrupt, bad_signature, / Ta corrupt, /' "exit status 4 bad_signature: in lib/base"
  numbers_refuse lib/base/error.cpp 's/{Errc::limit, 8,/{Errc::limit, 9,/' "exit status 9 limit: in lib/base"
  numbers_refuse man/dcdn.7 's/^.It Li 13 Ta/.It Li 12 Ta/' "exit status 12 stands twice"
  numbers_refuse lib/base/error.cpp 's/{Errc::.*//' "error: found none"
}

@test "a check of an empty folder fails instead of finding nothing wrong" {
  mkdir "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/empty/lib"
  tree=$BATS_TEST_TMPDIR/empty
  cp "$root/lib/LAYERS" "$tree/lib/"
  for check in check_layers check_sizes check_coroutines check_headers check_format; do
    run "$root/scripts/$check" "$tree"
    assert_failure
  done
}

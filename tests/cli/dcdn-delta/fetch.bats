# A published file is fetched by the ranges that an older one lacks.
load ../../support/cli

setup() {
  setup_cli
  head -c 3000000 /dev/urandom > old
  { head -c 1000000 old; head -c 5000 /dev/urandom; tail -c +1000300 old; } > new
  dcdn-delta signature --compact new new.sig
}

# needed FILE: bytes that its ranges add up to.
needed() {
  awk -F- '{ sum += $2 - $1 + 1 } END { print sum + 0 }' "$1"
}

@test "needs, cut and assemble in one pipe" {
  dcdn-delta needs --basis old new.sig | tee ranges | dcdn-delta cut new | dcdn-delta assemble --basis old new.sig - made
  cmp new made
  (($(needed ranges) < 8000))
  (($(stat -c %s new.sig) < 130000))
}

@test "the ranges may be fetched by anything: dd" {
  dcdn-delta needs --basis old new.sig | while IFS=- read -r first last; do
    dd if=new bs=65536 iflag=skip_bytes,count_bytes skip="$first" count=$((last - first + 1)) status=none
  done > bytes
  dcdn-delta assemble --basis old new.sig bytes > made
  cmp new made
}

@test "of the same file nothing is needed, of an empty one everything" {
  dcdn-delta needs --basis new new.sig ranges
  assert [ ! -s ranges ]
  dcdn-delta assemble --basis new new.sig - made < /dev/null
  cmp new made
  : > empty
  assert_equal "$(dcdn-delta needs --basis empty new.sig)" "0-$(($(stat -c %s new) - 1))"
  dcdn-delta assemble --basis empty new.sig new > again
  cmp new again
}

@test "many with older versions of different age use the same signature" {
  for version in 1 2 3; do
    { head -c $((version * 700000)) new; head -c 1000 /dev/urandom; tail -c +$((version * 700000)) new; } > "old$version"
    dcdn-delta needs --basis "old$version" new.sig | tee ranges | dcdn-delta cut new |
      dcdn-delta assemble --basis "old$version" new.sig - "made$version"
    cmp new "made$version"
    (($(needed ranges) < 3000))
  done
}

@test "too few bytes, too many and wrong ones leave no file" {
  dcdn-delta needs --basis old new.sig ranges
  dcdn-delta cut new ranges bytes
  run -3 dcdn-delta assemble --basis old new.sig <(head -c -1 bytes) made
  assert_output --partial "too early"
  run -4 dcdn-delta assemble --basis old new.sig <(cat bytes; echo) made
  assert_output --partial "more bytes than are needed"
  run -4 dcdn-delta assemble --basis old new.sig <(tr 'a-z' 'b-za' < bytes) made
  assert_output --partial "not the file that the signature is of"
  run -3 dcdn-delta assemble --basis new.sig new.sig bytes made
  assert [ ! -e made ]
}

@test "signatures that cannot be used, and lists that are none" {
  dcdn-delta signature new plain.sig
  run -2 dcdn-delta needs --basis old plain.sig
  assert_output --partial "--compact"
  head -c 1000 new.sig > cut.sig
  run -4 dcdn-delta needs --basis old cut.sig
  run -2 dcdn-delta needs new.sig
  assert_output --partial "--basis OLD is missing"
  for list in '5-4' '1' '-3' '1-' 'a-b' '1-2x' '99999999999999999999-99999999999999999999'; do
    run -4 dcdn-delta cut new <(echo "$list")
    assert_output --partial "not a range"
  done
  run -4 dcdn-delta cut new <(echo 0-99999999)
  assert_output --partial "shorter than a range says"
}

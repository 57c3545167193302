# encode, decode, repair, verify and info as filters: what goes in comes out, whatever is lost of it on the way.
# shellcheck disable=SC2016  # the inner bash expands
# shellcheck disable=SC2154  # run sets stderr
load ../../support/cli

setup() {
  setup_cli
  head -c 3000000 /dev/urandom > big.bin
}

# flip FILE OFFSET...: changes one bit of the byte at each place.
flip() {
  local file=$1 at byte
  shift
  for at in "$@"; do
    byte=$(tail -c "+$((at + 1))" "$file" | head -c 1 | od -An -tu1)
    printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$file" bs=1 seek="$at" conv=notrunc status=none
  done
}

# Offset, bytes and type of every frame of $1.
frames() {
  edit_stream list < "$1" | awk '{print $3, $4, $2}'
}

@test "the lines of the manual work: raw in, raw out" {
  dcdn-fec encode -k 50 -m 10 < big.bin > big.dcs
  dcdn-fec decode < big.dcs > back.bin
  cmp big.bin back.bin
  run_shell 0 'dcdn-fec verify big.dcs'
  assert_output "intact: every frame and every repair shard is here"
}

@test "0 bytes, 1 byte, k-1 chunks, and one group more" {
  for size in 0 1 4095 4096 4097 200704 204800 204801 2097152; do
    head -c "$size" big.bin > part.bin
    dcdn-fec encode -k 50 -m 3 --chunk-size 4KiB part.bin > part.dcs
    dcdn-fec decode part.dcs | cmp - part.bin
    dcdn-fec encode -k 4 -m 1 --interleave 1 part.bin | dcdn-fec decode | cmp - part.bin
  done
}

@test "a signed chunk stream comes out as it went in, bit for bit, also without most of its start" {
  dcdn-sign -q keygen
  make_stream --chunks 200 --per-segment 16 | dcdn-sign sign > signed.dcs
  dcdn-fec encode -k 20 -m 10 < signed.dcs > coded.dcs
  # The source frames stay as they are.
  edit_stream list < signed.dcs | awk '{print $2, $4}' > before
  edit_stream list < coded.dcs | awk '$2 != 17 {print $2, $4}' | cmp - before
  dcdn-fec decode < coded.dcs | cmp - signed.dcs
  size=$(stat -c %s signed.dcs)
  tail -c "+$((size / 12))" coded.dcs > cut.dcs
  dcdn-fec decode < cut.dcs | cmp - signed.dcs
}

@test "equal input gives equal bytes, from a file and through a slow pipe, with one thread and with four" {
  dcdn-fec encode -j 1 big.bin > one.dcs
  dcdn-fec encode -j 4 < big.bin | cmp - one.dcs
  dd if=big.bin bs=777 status=none | dcdn-fec encode - | cmp - one.dcs
}

@test "ten lost frames of sixty are recovered, eleven are not: exit 3, and the block is named" {
  head -c 200000 big.bin > small.bin
  dcdn-fec encode -k 50 -m 10 --interleave 1 --chunk-size 4KiB small.bin > good.dcs
  run_shell 0 'dcdn-fec info --json good.dcs | head -n 1 | jq -c "[.symbols, .shards, .repairs]"'
  assert_output "[50,10,10]"
  mapfile -t places < <(frames good.dcs | awk '{print $1 + 30}')
  assert_equal "${#places[@]}" 60
  cp good.dcs ten.dcs
  flip ten.dcs "${places[0]}" "${places[1]}" "${places[7]}" "${places[20]}" "${places[49]}" "${places[50]}" \
    "${places[51]}" "${places[52]}" "${places[58]}" "${places[59]}"
  dcdn-fec decode ten.dcs 2> said | cmp - small.bin
  grep -q "were lost and recovered (5 symbols)" said
  dcdn-fec repair -q ten.dcs 2> said | cmp - good.dcs
  run_shell 4 'dcdn-fec verify ten.dcs'
  assert_output --partial "5 of 50 symbols and 5 of 10 shards are lost: recoverable"
  flip ten.dcs "${places[30]}"
  run_shell 3 'dcdn-fec decode ten.dcs > out.bin'
  [[ $stderr == *"group 0, block 0: 6 of its 50 symbols are missing and 5 of its 10 repair shards are here"* ]]
  assert_equal "$(stat -c %s out.bin)" 0
  run_shell 3 'dcdn-fec repair ten.dcs > out.dcs'
  run_shell 3 'dcdn-fec verify ten.dcs'
  assert_output --partial "not recoverable"
}

@test "cut off at every frame boundary: all of it, or a verified beginning and exit 3" {
  head -c 100000 big.bin > small.bin
  dcdn-fec encode -k 6 -m 3 --interleave 2 --chunk-size 4KiB small.bin > good.dcs
  while read -r offset _ type; do
    head -c "$offset" good.dcs > cut.dcs
    status=0
    dcdn-fec decode < cut.dcs > out.bin 2> said || status=$?
    if [ "$status" -eq 0 ]; then
      cmp out.bin small.bin
      assert_equal "$type" 17
    else
      # 4 only before the first shard, when nothing says that this was encoded.
      [ "$status" -eq 3 ] || { [ "$status" -eq 4 ] && grep -q "no repair shard" said; }
      cmp -n "$(stat -c %s out.bin)" out.bin small.bin
    fi
  done < <(frames good.dcs)
  for at in 1 30 12345 99999 131072; do
    tail -c "+$at" good.dcs > cut.dcs
    dcdn-fec decode < cut.dcs > out.bin 2> said || assert_equal $? 3
    cmp -n "$(stat -c %s out.bin)" out.bin small.bin
  done
}

@test "frames in any order, twice, and with those of others" {
  dcdn-fec encode -k 10 -m 4 --chunk-size 64KiB big.bin > good.dcs
  edit_stream list < good.dcs | shuf --random-source=big.bin > order
  while read -r _ _ offset bytes; do
    tail -c "+$((offset + 1))" good.dcs | head -c "$bytes"
  done < order > shuffled.dcs
  make_stream --chunks 40 --name foreign > foreign.dcs
  cat foreign.dcs shuffled.dcs shuffled.dcs > mixed.dcs
  dcdn-fec decode < mixed.dcs 2> said | cmp - big.bin
  grep -q "left out .* frames that are in no block" said
  dcdn-fec repair mixed.dcs 2> said | cmp - good.dcs
}

@test "two encoded streams in one: both streams come out; two of bytes are refused" {
  make_stream --chunks 40 --name a > a.dcs
  make_stream --chunks 30 --name b --chunk-bytes 5000 > b.dcs
  dcdn-fec encode -k 8 -m 2 a.dcs > a.coded
  dcdn-fec encode -k 5 -m 2 b.dcs > b.coded
  cat a.coded b.coded | dcdn-fec decode | cmp - <(cat a.dcs b.dcs)
  head -c 5000 big.bin | dcdn-fec encode > c.coded
  dcdn-fec encode big.bin > d.coded
  run_shell 2 'cat c.coded d.coded | dcdn-fec decode > out.bin'
  [[ $stderr == *"more than one encoding"* ]]
}

@test "several files, one of them missing: join and decode" {
  dcdn-fec encode -k 6 -m 3 --chunk-size 16KiB big.bin > good.dcs
  # shellcheck disable=SC2094
  edit_stream list < good.dcs > list
  for part in 0 1 2; do
    awk -v p="$part" '$1 % 3 == p' list | while read -r _ _ offset bytes; do
      tail -c "+$((offset + 1))" good.dcs | head -c "$bytes"
    done > "part$part.dcs"
  done
  dcdn-fec decode part2.dcs part0.dcs part1.dcs | cmp - big.bin
  dcdn-fec join part1.dcs part0.dcs part1.dcs part2.dcs | cmp - good.dcs
  run_shell 3 'dcdn-fec join part0.dcs nothing.dcs > out.dcs'
  [[ $stderr == *"left out: nothing.dcs: open: No such file"* ]]
  run_shell 14 'dcdn-fec join nothing.dcs none.dcs > out.dcs'
}

@test "a damaged chunk stream is not encoded; one with shards is refused; an empty one too" {
  make_stream --chunks 3 > plain.dcs
  flip plain.dcs 5000
  run_shell 4 'dcdn-fec encode plain.dcs > out.dcs'
  run_shell 2 'dcdn-fec encode big.bin | dcdn-fec encode > out.dcs'
  run_shell 9 'dcdn-fec encode --stream < /dev/null > out.dcs'
  run_shell 4 'dcdn-fec decode < big.bin'
  [ -z "$output" ]
  run_shell 4 'dcdn-fec verify < /dev/null'
}

@test "--raw encodes a chunk stream as bytes" {
  make_stream --chunks 3 > plain.dcs
  dcdn-fec encode --raw plain.dcs > coded.dcs
  dcdn-fec decode coded.dcs | cmp - plain.dcs
  run_shell 0 'dcdn-fec info --json coded.dcs | head -n 1 | jq .raw'
  assert_output true
}

@test "wrong arguments" {
  run_shell 2 'dcdn-fec encode -k 250 -m 10 big.bin > out'
  [[ $stderr == *"255"* ]]
  run_shell 2 'dcdn-fec encode -k 0 big.bin > out'
  run_shell 2 'dcdn-fec encode --raw --stream big.bin > out'
  run_shell 2 'dcdn-fec encode --interleave 257 big.bin > out'
  run_shell 14 'dcdn-fec encode nothing.bin > out'
  run_shell 2 'dcdn-fec join'
  run_shell 2 'dcdn-fec'
}

@test "what cannot be put in its place is held up to --hold, and no more" {
  head -c 9000000 /dev/urandom > long.bin
  dcdn-fec encode -k 10 -m 2 --interleave 1 --chunk-size 64KiB long.bin > good.dcs
  # All of the first group but its last shard comes at the end.
  read -r end _ < <(frames good.dcs | awk '$3 == 17' | sed -n 2p)
  { tail -c "+$((end + 1))" good.dcs; head -c "$end" good.dcs; } > turned.dcs
  dcdn-fec decode < turned.dcs | cmp - long.bin
  run_shell 8 'dcdn-fec decode --hold 2MiB < turned.dcs | cmp -n 0 - long.bin; exit "${PIPESTATUS[0]}"'
}

@test "--codec: every backend that is here, the same bytes for isa_l_rs_cauchy, and errors that name the way out" {
  dcdn-fec encode -k 12 -m 4 big.bin > ours.dcs
  dcdn-fec encode -k 12 -m 4 --codec liberasurecode:isa_l_rs_cauchy big.bin | cmp - ours.dcs
  for codec in jerasure_rs_cauchy jerasure_rs_vand liberasurecode_rs_vand flat_xor_hd isa_l_rs_vand; do
    m=5
    [ "$codec" != isa_l_rs_vand ] || m=3
    dcdn-fec encode -k 10 -m "$m" --codec "liberasurecode:$codec" big.bin > other.dcs
    edit_stream drop 1 < other.dcs | edit_stream drop 7 > bad.dcs
    dcdn-fec decode bad.dcs 2> said | cmp - big.bin
    grep -q "were lost and recovered (2 symbols)" said
    dcdn-fec repair -q bad.dcs 2> said | cmp - other.dcs
    run_shell 0 'dcdn-fec info other.dcs'
    assert_output --partial "liberasurecode:$codec"
  done
  run_shell 4 'dcdn-fec encode -k 4 -m 2 --codec liberasurecode:libphazr big.bin > out.dcs'
  [[ $stderr == *"finds no libphazr on this machine"* ]]
  assert_equal "$(stat -c %s out.dcs)" 0
  run_shell 2 'dcdn-fec encode --codec liberasurecode:isa_l_rs_cauchy big.bin > out.dcs'
  [[ $stderr == *"at most 32 together"*"-k 20 -m 8"* ]]
  run_shell 2 'dcdn-fec encode --codec par2 big.bin > out.dcs'
  [[ $stderr == *"no codec 'par2'"*"liberasurecode:BACKEND"* ]]
  run_shell 2 'dcdn-fec encode -k 10 -m 5 --codec liberasurecode:isa_l_rs_vand big.bin > out.dcs'
  [[ $stderr == *"isa_l_rs_vand with 10 + 5 symbols cannot repair every loss"* ]]
}

@test "flat_xor_hd: what it cannot make up for is said, not tried" {
  dcdn-fec encode -k 10 -m 5 --interleave 1 --chunk-size 4KiB --codec liberasurecode:flat_xor_hd \
    <(head -c 36000 big.bin) > good.dcs
  run_shell 0 'dcdn-fec info --json good.dcs | head -n 1 | jq -c "[.symbols, .shards]"'
  assert_output "[10,5]"
  edit_stream drop 1 < good.dcs | edit_stream drop 1 | edit_stream drop 1 > three.dcs
  dcdn-fec decode -q three.dcs | cmp - <(head -c 36000 big.bin)
  edit_stream drop 1 < three.dcs > four.dcs
  run_shell 3 'dcdn-fec decode four.dcs > out.bin'
  [[ $stderr == *"4 of its 10 symbols are missing and 5 of its 5 repair shards are here: 1 more are needed"* ]]
  run_shell 2 'dcdn-fec split --lose 1 a.dcs b.dcs c.dcs < good.dcs'
  [[ $stderr == *"--codec isa-l"* ]]
}

@test "nothing comes out of a pipe: what fills it has failed, 14; a file that is empty is encoded" {
  run_shell 14 ': | dcdn-fec encode > out.dcs'
  [[ $stderr == *"standard input is empty: did the command before fail?"*"hint: "*"< /dev/null"* ]]
  assert_equal "$(stat -c %s out.dcs)" 0
  dcdn-fec encode < /dev/null | dcdn-fec decode | cmp - /dev/null
}

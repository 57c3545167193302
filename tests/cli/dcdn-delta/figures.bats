# What a delta costs, signature included, by how much has changed; and what damage does.
load ../../support/cli

SIZE=8000000

setup() {
  setup_cli
  head -c "$SIZE" /dev/urandom > old
}

edit() {
  "$BATS_TEST_DIRNAME/../../support/edit_file.py" "$@"
}

# exchanged KIND MOST: bytes of the compact signature and the delta for an edited copy of old; at most MOST.
exchanged() {
  edit "$1" old new
  dcdn-delta signature --compact --block-size "${BLOCK:-1024}" old sig
  dcdn-delta delta sig new delta
  dcdn-delta patch old delta out
  cmp new out
  local bytes=$(($(stat -c %s sig) + $(stat -c %s delta)))
  echo "$1: $bytes of at most $2" >&3
  ((bytes <= $2))
}

@test "identical: about 100 bytes of delta" {
  exchanged nothing $((SIZE / 100))
  (($(stat -c %s delta) <= 100))
}

@test "1 % changed: about 2 %" {
  exchanged 1% $((SIZE * 25 / 1000))
}

@test "10 % changed: about 15 %" {
  exchanged 10% $((SIZE * 15 / 100))
}

@test "a rewrite: at most 105 %" {
  exchanged rewrite $((SIZE * 105 / 100))
}

@test "an insertion in the middle does not cost the rest" {
  BLOCK=4096 exchanged insertion $((SIZE * 5 / 1000))
  exchanged_delta=$(stat -c %s delta)
  ((exchanged_delta < 9000))
}

@test "with both files at hand: 1 % is 1 %, 10 % is 10 %, an insertion is what was inserted" {
  for case in 'nothing 400' '1% 85000' '10% 830000' 'insertion 1500' 'move 1500' 'rewrite 8100000'; do
    edit "${case% *}" old new
    dcdn-delta make --overwrite --basis old new it.dcs
    dcdn-delta apply --overwrite --basis old it.dcs out
    cmp new out
    echo "make, $case: $(stat -c %s it.dcs)" >&3
    (($(stat -c %s it.dcs) <= ${case#* }))
  done
}

@test "a damaged signature or delta makes nothing but an error, at every place" {
  head -c 6000 old > small
  edit 10% small new
  { cat new; echo more; } > newer
  dcdn-delta signature --compact --block-size 256 small sig
  dcdn-delta delta sig newer delta
  local at size
  size=$(stat -c %s delta)
  for ((at = 0; at < size; at += 7)); do
    cp delta bad
    flip bad "$at"
    run dcdn-delta patch small bad out
    assert_failure 4
    run dcdn-delta patch small <(head -c "$at" delta) out
    assert [ "$status" -eq 3 -o "$status" -eq 4 ]
    assert [ ! -e out ]
  done
  size=$(stat -c %s sig)
  for ((at = 0; at < size; at += 11)); do
    cp sig bad
    flip bad "$at"
    # Sums that are wrong only cost matches or are found out by the digest; a header that is wrong is no signature.
    dcdn-delta -q delta --overwrite bad newer delta2 2> /dev/null || continue
    run dcdn-delta patch small delta2 out
    if [[ $status == 0 ]]; then cmp newer out && rm out; else assert [ ! -e out ]; fi
  done
}

@test "a basis with one bit changed: apply refuses it, and patch where it matters" {
  head -c 20000 old > small
  edit insertion small new
  dcdn-delta signature --compact small sig
  dcdn-delta delta sig new delta
  dcdn-delta make --basis small new it.dcs
  local at
  for at in 0 5000 9999 15000 19999; do
    cp small bad
    flip bad "$at"
    run -4 dcdn-delta apply --basis bad it.dcs out
    assert [ ! -e out ]
    run dcdn-delta patch bad delta out
    if [[ $status == 0 ]]; then cmp out new && rm out; else assert_failure 4; fi
  done
  assert [ ! -e out ]
}

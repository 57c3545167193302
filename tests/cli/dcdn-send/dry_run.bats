# dcdn-send --dry-run: what would be sent, and how long it would take, without a key and without a network.
load ../../support/cli

setup() {
  setup_cli
  mkdir -p tree/sub
  head -c 3000000 /dev/urandom >tree/big
  echo x >tree/sub/small
  ln -s big tree/link
}

# value PATH: of the forecast object in $output.
value() { jq -r "select(.message_type == \"forecast\") | $1" <<<"$output"; }

# Headers of chunk frames: magic, version 1, type 1.
chunk_frames() { LC_ALL=C grep -a -o -P '\x89DCF\x01\x01' "$1" | wc -l; }

@test "objects, bytes and chunks, without a key, a session or a destination that answers" {
  run --separate-stderr -0 dcdn-send --dry-run --chunk-size 1MiB --priority high tree tree/big 127.0.0.1:9
  [ -z "$stderr" ]
  [[ ${lines[0]} == "tree  tree, 3 MB, 4 chunks, high" ]]
  [[ ${lines[1]} == "big  file, 3 MB, 3 chunks, high" ]]
  [[ ${lines[2]} == "2 objects, 6 MB, at most 7 chunks of "*"; nothing was sent" ]]
  [ "${#lines[@]}" -eq 3 ]
  run ! find "$DCDN_HOME" -type f
}

@test "the chunks counted are those that a sender cuts" {
  # Packs that end for their entries, their names or their bytes, and what stands between their files.
  python3 - << 'PYTHON'
import os, random
noise = random.Random(1)
for number in range(6000):
    os.makedirs(f"tree/many/{number // 10}", exist_ok=True)
    with open(f"tree/many/{number // 10}/{'n' * (number % 200)}{number}", "wb") as file:
        file.write(noise.randbytes(number * 7919 % (30 if number < 4000 else 5000)))
for number in range(3000):
    os.makedirs(f"tree/none/{number}")
PYTHON
  for size in 4KiB 64KiB 1MiB; do
    run -0 dcdn-send --dry-run --json --chunk-size "$size" tree
    dcdn-send --stdout --compress none --chunk-size "$size" tree >tree.dcs
    [ "$(value .chunks)" -eq "$(chunk_frames tree.dcs)" ]
  done
}

@test "a link gives time, bytes and parity, and more loss takes longer" {
  run -0 dcdn-send --dry-run --link loss=33%,rtt=600ms,rate=1mbit tree/big
  [[ ${lines[2]} == "about "*" by coded; no carrier is faster than "* ]]
  [[ ${lines[3]} == *"on the link, overhead 56 %; parity 0 % ahead of any loss, 49 % repaired" ]]
  local least last=0 loss
  for loss in 0 5% 20% 0.33; do
    run -0 dcdn-send --dry-run --json --link "loss=$loss,rtt=600ms,rate=1mbit" tree/big
    [[ $(value .link.carrier) == coded ]]
    least=$(value .link.least_s)
    awk -v eta="$(value .link.eta_s)" -v least="$least" -v last="$last" 'BEGIN { exit !(eta > least && eta > last) }'
    last=$(value .link.eta_s)
  done
}

@test "links that make no sense, and inputs without a length" {
  local link
  for link in loss=33% rtt=1s rate=1mbit "rtt=1s,rate=1" loss=101%,rtt=1s,rate=1mbit rtt=1s,rate=1mbit,color=red; do
    run --separate-stderr -2 dcdn-send --dry-run --link "$link" tree
    [[ -z $output && $stderr == *--link* && $stderr == *hint:* ]]
  done
  run --separate-stderr -2 dcdn-send --dry-run - 127.0.0.1:9
  [[ -z $output && $stderr == *"standard input"* ]]
  run --separate-stderr -2 dcdn-send --link rtt=1s,rate=1mbit tree 127.0.0.1:9
  [[ $stderr == *--dry-run* ]]
  run --separate-stderr -14 dcdn-send --dry-run nothing-here
  [[ -z $output && $stderr == *nothing-here* ]]
}

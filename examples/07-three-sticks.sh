#!/usr/bin/env bash
# A signed tree on three sticks; one is lost, another is damaged, and everything comes back. No network.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
mkdir photos stick1 stick2 stick3
for photo in 1 2 3; do head -c 900000 /dev/urandom >"photos/$photo.jpg"; done

# Any one of three sticks may be lost: m is half of k, and two more for what else may happen.
dcdn-send --quiet --stdout --chunk-size 16KiB photos | in_field dcdn-sign sign |
  dcdn-fec encode -k 40 -m 24 | dcdn-fec split stick1 stick2 stick3

rm -r stick2
printf 'scratched' | dd of=stick3/part.dcs bs=1 seek=100000 conv=notrunc status=none
dcdn-fec verify stick1/part.dcs stick3/part.dcs | tail -n 1 || true

dcdn-fec decode --quiet stick1/part.dcs stick3/part.dcs 2>/dev/null | dcdn-sign verify --quiet --signer "$FIELD_ID" |
  dcdn-recv --quiet --stdin -o inbox
diff -r photos inbox/photos

# An archive that was damaged is made whole again, bit for bit.
head -c 3000000 /dev/urandom >backup.tar
dcdn-fec encode backup.tar >backup.dcs
cp backup.dcs whole.dcs
printf 'bad sector' | dd of=backup.dcs bs=1 seek=1234567 conv=notrunc status=none
dcdn-fec repair --quiet backup.dcs >repaired.dcs 2>/dev/null
cmp repaired.dcs whole.dcs
echo "two of three sticks and a damaged archive: nothing is lost"

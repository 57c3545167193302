#!/usr/bin/env bash
# One file to two places in one go, read and hashed once; each place signs a receipt.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
head -c 2000000 /dev/urandom >film.raw
DEPOT_ID=$(DCDN_HOME=$place/depot-home dcdn-sign keygen 2>/dev/null)
start_receiver -o inbox
# --max-time ends the second one should anything go wrong here.
: >depot.err
DCDN_HOME=$place/depot-home dcdn-recv --listen 127.0.0.1:0 --allow "$FIELD_ID" --once --max-time 30s -o depot 2>depot.err &
depot=$!
depot_address=
while [[ -z $depot_address ]]; do
  kill -0 "$depot"
  depot_address=$(sed -n 's/.*listening on \([^ ]*\) as .*/\1/p' depot.err)
done

in_field dcdn-send --quiet --to "$address" --peer-id "$HQ_ID" --to "$depot_address" --peer-id "$DEPOT_ID" \
  --receipt receipts.dcs film.raw
wait_for_receiver
wait "$depot"
cmp film.raw inbox/film.raw
cmp film.raw depot/film.raw
echo "two places have it; the receipts are $(stat -c %s receipts.dcs) bytes"

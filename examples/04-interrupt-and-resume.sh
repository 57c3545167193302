#!/usr/bin/env bash
# The sender is killed half-way; the same command later sends only what is missing.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
head -c 8000000 /dev/urandom >film.raw
start_receiver -o inbox
DCDN_HOME=$place/field-home dcdn-send --quiet --rate 8MB --peer-id "$HQ_ID" film.raw "$address" &
sender=$!
have() { find inbox/.dcdn-part -name have.map -exec tail -c +5 {} \; 2>/dev/null | tr -d "\0" | grep -q .; }
until have; do kill -0 "$sender"; done
kill -9 "$sender"
wait "$sender" 2>/dev/null || true

in_field dcdn-send --quiet --json --peer-id "$HQ_ID" film.raw "$address" >summary.json
wait_for_receiver
cmp film.raw inbox/film.raw
echo "resumed: $(tail -n 1 summary.json)"

#!/usr/bin/env bash
# A transfer is paused and let go on from another terminal; then it is interrupted, and resumed by its id.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
head -c 4000000 /dev/urandom >film.raw
start_receiver -o inbox
DCDN_HOME=$place/field-home dcdn-send --quiet --json --rate 2MB --chunk-size 64KiB --peer-id "$HQ_ID" film.raw "$address" \
  >status.json &
sender=$!
says() { grep -q "\"state\":\"$1\"" status.json; }
until says sending; do kill -0 "$sender" && sleep 0.1; done

# The other terminal: the id is in the list, and its beginning will do.
id=$(in_field dcdn-send --list | cut -c1-6)
in_field dcdn-send --pause "$id"
until says paused; do sleep 0.1; done
in_field dcdn-send --list
in_field dcdn-send --resume "$id"

# What TERM leaves can be resumed; --resume knows what was sent, where to, and how (so it prints JSON again).
kill -TERM "$sender"
status=0
wait "$sender" || status=$?
echo "interrupted, exit status $status"
in_field dcdn-send --quiet --resume "$id" >rest.json
wait_for_receiver
cmp film.raw inbox/film.raw
echo "session $id is complete"

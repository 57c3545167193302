#!/usr/bin/env bash
# Last night's dump is at hq; tonight's differs in a few places, and only those travel.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
head -c 4000000 /dev/urandom >ops.sql

start_receiver -o inbox --overwrite
in_field dcdn-send --quiet --peer-id "$HQ_ID" ops.sql "$address"
wait_for_receiver

{ head -c 1500000 ops.sql; echo 'a row that was added in the middle'; tail -c +1500001 ops.sql; } >tonight
mv tonight ops.sql
start_receiver -o inbox --overwrite
in_field dcdn-send --json --peer-id "$HQ_ID" ops.sql "$address" >summary
wait_for_receiver
cmp ops.sql inbox/ops.sql

sent=$(sed -n 's/.*"wire_bytes":\([0-9]*\).*/\1/p' summary | tail -n 1)
test "$sent" -lt 100000
echo "4 MB are at hq, and $sent bytes were sent"

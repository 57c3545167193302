#!/usr/bin/env bash
# A pipe of unknown length into a program at the other end; every byte is verified before the program sees it.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
start_receiver --stdout
seq 1000000 | in_field dcdn-send --quiet --peer-id "$HQ_ID" - --name numbers --priority critical "$address"
wait_for_receiver
[[ $(tail -n 1 hq.out) == 1000000 ]]
echo "$(wc -l <hq.out) lines came through"

#!/usr/bin/env bash
# A tree and a file from one node to another; the second time nothing travels.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
mkdir -p photos/empty
head -c 3000000 /dev/urandom >photos/a.raw
date >report.txt

for round in first second; do
  start_receiver -o inbox
  in_field dcdn-send --quiet --json --peer-id "$HQ_ID" photos/ report.txt "$address" >summary.json
  wait_for_receiver
  echo "$round time: $(tail -n 1 summary.json)"
done
diff -r photos inbox/photos
cmp report.txt inbox/report.txt

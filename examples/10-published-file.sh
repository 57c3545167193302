#!/usr/bin/env bash
# A file is published once, with a signed signature beside it; whoever has any older version fetches only what it lacks.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
mkdir public
head -c 3000000 /dev/urandom >july.img
{ head -c 2000000 july.img; echo 'a new chapter'; tail -c +2000001 july.img; } >public/august.img

# At hq, once. A web server or a file system is all that the others need.
dcdn-delta signature --quiet --compact public/august.img public/august.blocks
at_hq dcdn-sign sign --quiet --detached public/august.blocks

# In the field: who published it, what is needed, and the file.
in_field dcdn-sign verify --quiet --signer "$HQ_ID" --detached public/august.blocks
dcdn-delta needs --quiet --basis july.img public/august.blocks ranges
dcdn-delta cut public/august.img ranges | dcdn-delta assemble --quiet --basis july.img public/august.blocks - august.img
cmp public/august.img august.img
echo "fetched $(awk -F- '{ sum += $2 - $1 + 1 } END { print sum }' ranges) bytes of 3000014"

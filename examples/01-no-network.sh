#!/usr/bin/env bash
# A tree on a stick: packed, signed, checked and unpacked, without any network.
# shellcheck disable=SC1091,SC2154 # common.sh makes $place and $address
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_keys
mkdir -p photos/summer
seq 100000 >photos/summer/a.txt

in_field dcdn-send --quiet --stdout photos/ | in_field dcdn-sign sign >stick.dcs
at_hq dcdn-recv --quiet --stdin --signer "$FIELD_ID" -o inbox <stick.dcs

diff -r photos inbox/photos
echo "the stick holds $(stat -c %s stick.dcs) bytes; inbox/photos is what the field signed"

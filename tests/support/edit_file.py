#!/usr/bin/env python3
"""Edits a file, the same way every time.
Usage: edit_file.py KIND OLD NEW; KIND is nothing, insertion, move, rewrite, or N% of its 4 KiB blocks."""
import random
import sys

BLOCK = 4096


def edited(kind, data):
    middle = len(data) // 2
    if kind == "nothing":
        return data
    if kind == "insertion":
        return data[:middle] + random.randbytes(100) + data[middle:]
    if kind == "move":
        return data[middle:] + data[:middle]
    if kind == "rewrite":
        return random.randbytes(len(data))
    blocks = len(data) // BLOCK
    data = bytearray(data)
    for block in random.sample(range(blocks), blocks * int(kind.rstrip("%")) // 100):
        data[BLOCK * block:BLOCK * (block + 1)] = random.randbytes(BLOCK)
    return data


def main(kind, old, new):
    random.seed(7)
    with open(old, "rb") as file:
        data = file.read()
    with open(new, "wb") as file:
        file.write(edited(kind, data))


main(*sys.argv[1:])

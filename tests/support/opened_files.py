#!/usr/bin/env python3
"""Prints the files below a folder that anybody opens meanwhile, one line for each time, relative to the folder.
Usage: opened_files.py FOLDER OUTPUT    (writes "ready" to standard output once it sees; until a signal ends it)"""
import ctypes
import os
import struct
import sys

IN_OPEN, IN_ISDIR = 0x20, 0x40000000
HEADER = struct.Struct("iIII")


def main(folder, output):
    libc = ctypes.CDLL(None, use_errno=True)
    inotify = libc.inotify_init1(os.O_CLOEXEC)
    folders = {}
    for path, _, _ in os.walk(folder):
        watch = libc.inotify_add_watch(inotify, os.fsencode(path), IN_OPEN)
        if watch < 0:
            sys.exit(f"opened_files: cannot watch {path}: {os.strerror(ctypes.get_errno())}")
        folders[watch] = path
    print("ready", flush=True)
    with open(output, "w", encoding="utf-8", errors="surrogateescape", buffering=1) as seen:
        while True:
            events = os.read(inotify, 1 << 16)
            at = 0
            while at < len(events):
                watch, mask, _, size = HEADER.unpack_from(events, at)
                name = os.fsdecode(events[at + HEADER.size:at + HEADER.size + size].rstrip(b"\0"))
                at += HEADER.size + size
                if not mask & IN_ISDIR and name:
                    seen.write(os.path.relpath(os.path.join(folders[watch], name), folder) + "\n")


main(sys.argv[1], sys.argv[2])

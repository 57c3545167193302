#!/usr/bin/env python3
"""Datagrams to and fro, to see what a link does to them.
Usage: udp_probe.py echo ADDRESS PORT               answers until it is ended; says "ready"
       udp_probe.py ask ADDRESS PORT COUNT SIZE GAP  sends COUNT of SIZE bytes, GAP seconds apart; prints how many were
                                                     answered, and the least and most round trip in milliseconds"""
import select
import socket
import struct
import sys
import time


def echo(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(address)
        print("ready", file=sys.stderr, flush=True)
        while True:
            data, peer = server.recvfrom(65536)
            server.sendto(data, peer)


def ask(address, count, size, gap):
    trips = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        began = time.monotonic()
        sent = 0
        quiet_since = began
        while sent < count or (len(trips) < count and time.monotonic() - quiet_since < 2):
            now = time.monotonic()
            if sent < count and now >= began + sent * gap:
                client.send(struct.pack("d", now).ljust(size, b"."))
                sent += 1
                quiet_since = now
                continue
            wait = began + sent * gap - now if sent < count else 0.5
            if select.select([client], [], [], max(wait, 0))[0]:
                then, = struct.unpack("d", client.recv(65536)[:8])
                quiet_since = time.monotonic()
                trips.append((quiet_since - then) * 1000)
    print(len(trips), f"{min(trips, default=0):.3f} {max(trips, default=0):.3f}")


if sys.argv[1] == "echo":
    echo((sys.argv[2], int(sys.argv[3])))
else:
    ask((sys.argv[2], int(sys.argv[3])), int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]))

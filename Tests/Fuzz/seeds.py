#!/usr/bin/env python3
"""Turns the recordings into seeds for FuzzPackets: seeds.py OUT CAPTURE.pcap ...

A seed is up to eight successive frames, each as: link type and cut (one octet), length (one octet),
at most 255 octets."""
import os
import struct
import sys

LINKS = [1, 0, 108, 101, 113, 276, 228, 229]  # the order of FuzzPackets.swift


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return
    link = struct.unpack_from("<I", data, 20)[0] & 0xFFFF
    if link not in LINKS:
        return
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        yield LINKS.index(link), data[at + 16 : at + 16 + length][:255]
        at += 16 + length


def main():
    out, captures = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    for path in captures:
        group, number = b"", 0
        for index, (link, octets) in enumerate(frames(path)):
            group += bytes([link, len(octets)]) + octets
            if index % 8 == 7 or len(group) > 1500:
                with open(os.path.join(out, f"{os.path.basename(path)}-{number}"), "wb") as seed:
                    seed.write(group)
                group, number = b"", number + 1
        if group:
            with open(os.path.join(out, f"{os.path.basename(path)}-{number}"), "wb") as seed:
                seed.write(group)


main()

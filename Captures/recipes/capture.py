"""Writes a small pcap file with fixed times: one frame every millisecond from a fixed second.

The recipes beside this file make the captures one folder up. Everything in them is fixed (no
random ports, identifications or times), so that making a capture again gives the same octets.
Run one with scapy 2.5 or later: python3 Captures/recipes/arp.py
"""
import os
import struct

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
START = 1_700_000_000


def write(name, frames, linktype=1):
    """frames: scapy packets, octets, or (octets, length on the wire) of cut frames."""
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype))
        for index, frame in enumerate(frames):
            frame, wire = frame if isinstance(frame, tuple) else (frame, None)
            octets = bytes(frame)
            out.write(struct.pack("<IIII", START + index // 1000, index % 1000 * 1000,
                                  len(octets), wire or len(octets)))
            out.write(octets)
    print(f"{name}: {len(frames)} frames")

#!/usr/bin/env python3
"""receive_speed.py COUNT <PACKET: what ReceiveSpeed does, with scapy and Python's cryptography.

Standard input has what `ReceiveSpeed print` prints: the key, and the packet in hexadecimal."""
import json
import sys

from cryptography.fernet import Fernet
from scapy.layers.inet import IP, TCP, in4_chksum
from scapy.utils import checksum

fernet = Fernet(sys.stdin.readline().strip())
octets = bytes.fromhex(sys.stdin.readline().strip())


def check(octets):
    packet = IP(octets)
    if checksum(octets[: packet.ihl * 4]) != 0:
        return "bad-ip-checksum"
    if in4_chksum(6, packet, octets[packet.ihl * 4 : packet.len]) not in (0, 0xFFFF):
        return "bad-tcp-checksum"
    tcp = packet[TCP]
    if tcp.dport != 5000:
        return "foreign"
    message = json.loads(fernet.decrypt_at_time(bytes(tcp.payload), 60, 1_800_000_001))
    if message["seq"] != tcp.seq:
        return "wrong-sequence"
    return message


for _ in range(int(sys.argv[1])):
    assert isinstance(check(octets), dict)

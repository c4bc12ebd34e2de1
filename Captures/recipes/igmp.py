"""IGMP versions 1, 2 and 3: RFC 1112, 2236, 3376."""
from scapy.all import IP, Ether, Raw

from capture import write


def message(octets, dst="224.0.0.1", src="10.0.0.1", bad=False, options=True):
    body = bytearray(octets)
    total = sum(int.from_bytes((bytes(body) + b"\0")[i:i + 2], "big") for i in range(0, len(body), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    if not bad:
        body[2:4] = (~total & 0xFFFF).to_bytes(2, "big")
    head = IP(src=src, dst=dst, id=1, ttl=1, proto=2, options=[])
    return Ether(dst="01:00:5e:00:00:01", src="02:00:00:00:00:01", type=0x0800) / head / Raw(bytes(body))


def h(text):
    return bytes.fromhex(text)


write("igmp.pcap", [
    message(h("1100000000000000")),                        # version 1 query
    message(h("12000000e0010203"), dst="224.1.2.3"),       # version 1 report
    message(h("1164000000000000")),                        # version 2 general query
    message(h("110a0000e0010203"), dst="224.1.2.3"),       # group-specific query
    message(h("16000000e0010203"), dst="224.1.2.3"),       # version 2 report
    message(h("17000000e0010203"), dst="224.0.0.2"),       # leave
    message(h("1164000000000000027d0000")),                # version 3 general query
    message(h("118f0000e00102030a8f0000"), dst="224.1.2.3"),
    message(h("11640000e0010203027d0002 0a000005 0a000006"), dst="224.1.2.3"),
    message(h("2200000000000001 04000000 e0010203"), dst="224.0.0.22"),
    message(h("2200000000000001 03000000 e0010203"), dst="224.0.0.22"),
    message(h("2200000000000001 03000001 e0010203 0a000005"), dst="224.0.0.22"),
    message(h("2200000000000001 01000002 e0010203 0a000005 0a000006"), dst="224.0.0.22"),
    message(h("2200000000000001 02000001 e0010203 0a000005"), dst="224.0.0.22"),
    message(h("2200000000000001 02000000 e0010203"), dst="224.0.0.22"),
    message(h("2200000000000003 05000001 e0010203 0a000005 06000001 e0010204 0a000005"
              " 04000000 e0010205"), dst="224.0.0.22"),
    message(h("2200000000000001 05010001 e0010203 0a000005 01020304"), dst="224.0.0.22"),
    message(h("2200000000000002 04000000 e0010203"), dst="224.0.0.22"),   # one record missing
    message(h("16001234e0010203"), dst="224.1.2.3", bad=True),
    message(h("1600"), dst="224.1.2.3"),
])

"""UDP: RFC 768, 8200 section 8.1; checksums right, wrong, absent and unfinished."""
from scapy.all import IP, UDP, Ether, IPv6, Raw

from capture import write

E4 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x0800)
E6 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x86DD)


def v4(sport=4000, dport=4001, data=b"hello", src="10.0.0.1", dst="10.0.0.2", **fields):
    return E4 / IP(src=src, dst=dst, id=1) / UDP(sport=sport, dport=dport, **fields) / Raw(data)


def v6(sport=4000, dport=4001, data=b"hello", **fields):
    return E6 / IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(
        sport=sport, dport=dport, **fields) / Raw(data)


def pseudo(src, dst, length):
    words = src + dst + bytes([0, 17]) + length.to_bytes(2, "big")
    total = sum(int.from_bytes(words[i:i + 2], "big") for i in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


OFFLOADED = pseudo(bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 13)
frames = [
    v4(), v4(sport=4001, dport=4000, src="10.0.0.2", dst="10.0.0.1", data=b"answer"),
    v4(sport=4002), v4(src="10.0.0.3"), v4(), v6(), v6(sport=5000), v6(),
    v4(data=b""), v4(data=b"odd"),
    v4(chksum=0), v4(chksum=0x1234), v4(chksum=OFFLOADED), v4(chksum=0xFFFF),
    v6(chksum=0), v6(chksum=0x1234),
    v4(len=0), v4(len=7), v4(len=8), v4(len=10), v4(len=100), v6(len=0), v6(len=100),
    v4(sport=0, dport=0), v4(sport=65535, dport=65535),
    v4(dport=33434, sport=33000), v4(dport=9, sport=9),
    (bytes(v4(data=bytes(100)))[:60], 142),
    (bytes(v4(data=bytes(100)))[:38], 142),
    bytes(E4 / IP(src="10.0.0.1", dst="10.0.0.2", id=1, proto=17) / Raw(bytes(5))),
]
write("udp.pcap", frames)

"""IPv6, its extension headers and fragments: RFC 8200, 2675, 2711, 4302, 5722, 6275, 8754."""
from scapy.all import IP, UDP, Ether, IPv6, Raw

from capture import write

A, B, C = "2001:db8::1", "2001:db8::2", "2001:db8::3"
ETH = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x86DD)


def raw6(nxt, octets, src=A, dst=B, **fields):
    return ETH / IPv6(src=src, dst=dst, nh=nxt, **fields) / Raw(octets)


def packed(address):
    return bytes(IPv6(dst=address))[24:40]


def udp(data=b"hello", sport=4000, dport=4001, dst=B):
    return bytes(IPv6(src=A, dst=dst) / UDP(sport=sport, dport=dport) / Raw(data))[40:]


PADN = bytes([1, 4, 0, 0, 0, 0])


def options(nxt, body):
    body += bytes([1, (6 - len(body)) % 8 - 2] + [0] * ((6 - len(body)) % 8 - 2)) \
        if (6 - len(body)) % 8 >= 2 else bytes((6 - len(body)) % 8)
    return bytes([nxt, (len(body) + 2) // 8 - 1]) + body


def routing(nxt, kind, left, body):
    return bytes([nxt, len(body) // 8, kind, left]) + body[:4] + body[4:]


def frag(nxt, offset, more, ident):
    return bytes([nxt, 0]) + (offset | more).to_bytes(2, "big") + ident.to_bytes(4, "big")


frames = [
    raw6(17, udp()),
    raw6(17, udp(), tc=0xB8, fl=0x12345, hlim=1),
    raw6(17, udp(), tc=0x03),
    raw6(59, b""), raw6(59, b"ignored"),
    raw6(0, options(17, PADN) + udp()),
    raw6(0, options(17, bytes([5, 2, 0, 0])) + udp()),          # router alert
    raw6(60, options(17, PADN) + udp()),
    raw6(60, options(17, bytes([4, 1, 4])) + udp()),            # tunnel encapsulation limit
    raw6(60, options(17, bytes([201, 16]) + packed(C)) + udp()),  # home address
    raw6(60, options(17, bytes([0x1E, 4, 1, 2, 3, 4])) + udp()),
    raw6(60, options(17, bytes([0x77, 2, 1, 2])) + udp()),
    raw6(60, options(17, bytes([0x30, 4, 5, 220, 5, 221])) + udp()),
    raw6(43, routing(17, 0, 1, bytes(4) + packed(C)) + udp(dst=C)),
    raw6(43, routing(17, 0, 0, bytes(4) + packed(C)) + udp()),
    raw6(43, routing(17, 2, 1, bytes(4) + packed(C)) + udp(dst=C)),
    raw6(43, routing(17, 4, 1, bytes([1, 0, 0, 7]) + packed(C) + packed(B)) + udp(dst=C)),
    raw6(43, routing(17, 4, 0, bytes([1, 0, 0, 7]) + packed(B) + packed(C)) + udp()),
    raw6(43, routing(17, 77, 0, bytes(4) + bytes(8)) + udp()),
    raw6(43, routing(17, 0, 9, bytes(4) + packed(C)) + udp()),
    raw6(51, bytes([17, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 7]) + bytes(12) + udp()),
    raw6(0, options(60, PADN) + options(43, PADN) + routing(51, 0, 0, bytes(4) + packed(C))
         + bytes([60, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 7]) + bytes(12) + options(17, PADN) + udp()),
    raw6(60, options(0, PADN) + options(17, PADN) + udp()),     # hop-by-hop not first
    raw6(60, options(59, PADN)),
    raw6(0, options(59, PADN)),
    raw6(60, options(99, PADN) + bytes(8)),
    raw6(99, bytes(8)), raw6(99, b""), raw6(50, bytes(20)),
    raw6(41, bytes(IPv6(src=C, dst=A) / UDP(sport=1, dport=2) / Raw(b"x"))),
    raw6(4, bytes(IP(src="10.0.0.1", dst="10.0.0.2", id=1) / UDP(sport=1, dport=2) / Raw(b"x"))),
    raw6(17, udp(), plen=0), raw6(17, udp(), plen=4), raw6(17, udp(), plen=200),
    raw6(17, udp(), version=5),
    raw6(0, bytes([17, 0, 0xC2, 4]) + (21).to_bytes(4, "big") + udp(), plen=0),  # jumbo
    raw6(0, bytes([17, 9]) + PADN + udp()),                     # longer than the packet
    raw6(60, bytes([17, 0, 30, 60, 0, 0, 0, 0]) + udp()),       # option longer than the header
    raw6(17, udp(dst="ff02::1"), dst="ff02::1"),
    (bytes(raw6(17, udp()))[:40], 67),
    (bytes(raw6(60, options(17, PADN) + udp()))[:57], 75),
    bytes(ETH) + bytes.fromhex("6000"),
]
write("ipv6.pcap", frames)

whole = udp(bytes(i & 0xFF for i in range(40)))


def piece(ident, offset, data, more, nxt=17, src=A, before=b"", first=44):
    return raw6(first, before + frag(nxt, offset, 1 if more else 0, ident) + data, src=src)


frames = [
    piece(1, 0, whole[:16], True), piece(1, 16, whole[16:32], True), piece(1, 32, whole[32:], False),
    piece(2, 32, whole[32:], False), piece(2, 16, whole[16:32], True), piece(2, 0, whole[:16], True),
    piece(3, 0, whole, False),                                  # atomic, RFC 6946
    piece(4, 0, whole[:16], True), piece(4, 0, whole[:16], True), piece(4, 16, whole[16:], False),
    piece(5, 0, whole[:24], True), piece(5, 16, b"DIFFERENT OCTETS", True),
    piece(5, 24, whole[24:], False),                            # overlap, RFC 5722
    piece(6, 0, whole[:16], True, src=C), piece(6, 16, whole[16:], False),
    piece(7, 0, whole[:16], True, before=options(44, PADN), first=60),
    piece(7, 16, whole[16:], False, before=options(44, PADN), first=60),
    piece(8, 0, options(17, PADN) + whole[:8], True, nxt=60),
    piece(8, 16, whole[8:], False, nxt=60),
    piece(9, 0, whole[:12], True),
    piece(10, 65528, bytes(16), False),
    piece(11, 8, b"", True),
    (bytes(piece(12, 0, whole[:16], True))[:70], 78),
    piece(13, 8, bytes(8), True, nxt=6), piece(13, 8, bytes(8), True, nxt=58),
]
write("ipv6-fragments.pcap", frames)

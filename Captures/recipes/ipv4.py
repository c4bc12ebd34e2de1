"""IPv4 headers, options and fragments: RFC 791, 2113, 815, 3514, 6864."""
from scapy.all import IP, UDP, Ether, Raw, fragment

from capture import write

ETH = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x0800)
DATA = UDP(sport=4000, dport=4001) / Raw(b"hello")


def ip(payload=DATA, options=b"", **fields):
    fields.setdefault("src", "10.0.0.1")
    fields.setdefault("dst", "10.0.0.2")
    fields.setdefault("id", 1)
    if "proto" not in fields:
        fields["proto"] = 17
    packet = IP(**fields)
    if options:
        # scapy's own option classes would repair what is broken on purpose.
        padded = options + bytes(-len(options) % 4)
        body = bytes(IP(bytes(packet / payload)))[20:]
        head = bytearray(bytes(packet)[:20])
        head[0] = 0x40 | (5 + len(padded) // 4)
        head[2:4] = (20 + len(padded) + len(body)).to_bytes(2, "big")
        head[10:12] = b"\0\0"
        total = sum(int.from_bytes((bytes(head) + padded)[i:i + 2], "big")
                    for i in range(0, 20 + len(padded), 2))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        head[10:12] = (~total & 0xFFFF).to_bytes(2, "big")
        return ETH / Raw(bytes(head) + padded + body)
    return ETH / packet / payload


def address(*octets):
    return bytes(octets)


frames = [
    ip(),
    ip(flags="DF", tos=0xB8),
    ip(flags="evil", tos=0x03, ttl=1),
    ip(tos=0x29, ttl=0, dst="224.0.0.5"),
    ip(ttl=1, dst="224.0.0.5"),
    ip(chksum=0x1234),
    ip(chksum=0),
    ip(len=0),                 # segmentation offload
    ip(len=200),               # says more than there is
    ip(len=10),                # says less than its own header
    ip(len=28),                # ends before the datagram
    ip(ihl=4),
    ip(ihl=9),                 # header longer than the packet's options
    ip(version=5),
    ip(proto=99, payload=Raw(bytes(12))),
    ip(proto=6, payload=Raw(b""), dst="10.0.0.3"),
    ip(proto=4, payload=IP(src="192.168.0.1", dst="192.168.0.2", id=2) / DATA),
    # Options: end of list, no operation, record route, loose and strict source route.
    ip(options=bytes([1, 1, 1, 0])),
    ip(options=bytes([1, 1, 1, 1])),
    ip(options=bytes([7, 11, 8]) + address(10, 0, 0, 9) + bytes(4)),
    ip(options=bytes([7, 11, 12]) + address(10, 0, 0, 9) + address(10, 0, 0, 10)),
    ip(options=bytes([131, 11, 4]) + address(10, 0, 0, 9) + address(10, 0, 0, 10)),
    ip(options=bytes([131, 11, 8]) + address(10, 0, 0, 9) + address(10, 0, 0, 10)),
    ip(options=bytes([137, 7, 4]) + address(10, 0, 0, 9)),
    ip(options=bytes([137, 7, 8]) + address(10, 0, 0, 9)),
    # Time stamps: alone, with addresses, with addresses given beforehand.
    ip(options=bytes([68, 12, 9, 0x10]) + (1000).to_bytes(4, "big") + bytes(4)),
    ip(options=bytes([68, 12, 13, 0x21]) + address(10, 0, 0, 9) + (1000).to_bytes(4, "big")),
    ip(options=bytes([68, 12, 5, 3]) + address(10, 0, 0, 9) + bytes(4)),
    # Router alert (RFC 2113), stream identifier, MTU probe and reply, traceroute (RFC 1393).
    ip(options=bytes([148, 4, 0, 0])),
    ip(options=bytes([136, 4, 0x12, 0x34])),
    ip(options=bytes([11, 4, 5, 220, 12, 4, 5, 220])),
    ip(options=bytes([82, 12, 0, 7, 0, 1, 0, 2]) + address(10, 0, 0, 9)),
    # Security (RFC 1108), quick start (RFC 4782), unknown, and broken lengths.
    ip(options=bytes([130, 11]) + bytes(9)),
    ip(options=bytes([25, 8, 0x05, 64]) + bytes(4)),
    ip(options=bytes([222, 6, 1, 2, 3, 4])),
    ip(options=bytes([222, 1, 0, 0])),
    ip(options=bytes([222, 60, 0, 0])),
    ip(options=bytes([148, 3, 0])),
    ip(options=bytes([1, 1, 1, 222])),
    (bytes(ip())[:30], 47),    # the capture cuts the header
    (bytes(ip(options=bytes([7, 11, 8]) + bytes(8)))[:36], 59),
    (bytes(ip())[:34], 47),    # and right behind it
    ip(payload=Raw(b""), proto=17),
    bytes(ETH) + bytes.fromhex("45"),
]
write("ipv4.pcap", frames)


def pieces(identification, size, step, payload=None, **fields):
    whole = IP(src="10.0.0.1", dst="10.0.0.2", id=identification, **fields) / UDP(
        sport=4000, dport=4001) / Raw(payload or bytes(i & 0xFF for i in range(size)))
    return [ETH / piece for piece in fragment(whole, fragsize=step)]


def piece(identification, offset, data, more, proto=17, **fields):
    return ETH / IP(src="10.0.0.1", dst="10.0.0.2", id=identification, frag=offset,
                    flags="MF" if more else 0, proto=proto, **fields) / Raw(data)


a = pieces(1, 40, 16)
b = pieces(2, 40, 16)
c = pieces(3, 2992, 1480)
d = pieces(4, 40, 16)
other = [bytes(f)[:26] + bytes([10, 0, 0, 9]) + bytes(f)[30:] for f in d]
frames = a + b[::-1] + c
frames += [d[0], other[0], d[1], other[1], d[2], other[2]]   # two senders, one identification
e = pieces(5, 40, 16)
frames += [e[0], e[0], e[1], e[1], e[2], e[2]]               # duplicates
udp = bytes(UDP(sport=4000, dport=4001, len=32, chksum=0) / Raw(bytes(24)))
frames += [                                                  # overlap with the same octets
    piece(6, 0, udp[:24], True), piece(6, 1, udp[8:24], True), piece(6, 3, udp[24:], False),
]
frames += [                                                  # overlap with different octets
    piece(7, 0, udp[:24], True), piece(7, 1, b"DIFFERENT OCTETS", True),
    piece(7, 3, udp[24:], False),
]
frames += [                                                  # data behind the last fragment
    piece(8, 3, udp[24:], False), piece(8, 8, bytes(8), True), piece(8, 0, udp[:24], True),
]
frames += [                                                  # two ends
    piece(9, 3, udp[24:], False), piece(9, 6, bytes(8), False), piece(9, 0, udp[:24], True),
]
frames += [piece(10, 8189, bytes(64), False)]                # beyond 65535 octets
frames += [piece(11, 0, udp[:20], True), piece(11, 3, udp[24:], False)]  # not a multiple of 8
frames += [piece(12, 0, b"", True), piece(12, 1, b"", False)]  # empty
frames += [piece(13, 0, bytes(16), True, proto=p) for p in (1, 2, 6, 47, 50, 132, 103, 200, 255)]
f = pieces(14, 40, 16)
frames += [(bytes(f[0])[:40], len(bytes(f[0]))), f[1], f[2]]   # a fragment cut by the capture
frames += [ETH / g for g in fragment(                        # ICMP in fragments
    IP(src="10.0.0.1", dst="10.0.0.2", id=15, proto=1)
    / Raw(bytes.fromhex("0800f7f700010007") + bytes(56)), fragsize=32)]
write("ipv4-fragments.pcap", frames)

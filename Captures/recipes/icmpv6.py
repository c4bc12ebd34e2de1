"""ICMPv6: RFC 4443; neighbour discovery RFC 4861, 4191, 8106; listeners RFC 2710, 3810."""
from scapy.all import UDP, Ether, IPv6, Raw, TCP

from capture import write

A, B, R = "2001:db8::1", "2001:db8::2", "fe80::1"
ETH = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x86DD)


def packed(address):
    return bytes(IPv6(dst=address))[24:40]


def message(octets, src=R, dst=A, bad=False, hlim=255):
    body = bytearray(octets)
    words = packed(src) + packed(dst) + len(body).to_bytes(4, "big") + bytes([0, 0, 0, 58])
    words += bytes(body) + bytes(len(body) % 2)
    total = sum(int.from_bytes(words[i:i + 2], "big") for i in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    if not bad:
        body[2:4] = (~total & 0xFFFF).to_bytes(2, "big")
    return ETH / IPv6(src=src, dst=dst, nh=58, hlim=hlim) / Raw(bytes(body))


def echo(kind, identifier, sequence, src, dst, data=b"abcdefgh", hlim=64):
    return message(bytes([kind, 0, 0, 0]) + identifier.to_bytes(2, "big")
                   + sequence.to_bytes(2, "big") + data, src, dst, hlim=hlim)


def h(text):
    return bytes.fromhex(text)


udp = bytes(IPv6(src=A, dst=B) / UDP(sport=4000, dport=33434) / Raw(b"probe"))
tcp = bytes(IPv6(src=A, dst=B) / TCP(sport=4000, dport=80, seq=1000))
SLLA, TLLA = h("0101020000000001"), h("0201020000000002")
PREFIX = h("030440c0 00278d00 00093a80 00000000") + packed("2001:db8::")
MTU = h("0501000000000" + "5dc")
RDNSS = h("19030000 00000e10") + packed("2001:db8::53")
DNSSL = h("1f030000 00000e10 07 6578616d706c65 03 6f7267 00".replace(" ", "")) + bytes(3)
ROUTE = h("18021808 00000e10") + packed("2001:db9::")[:8]

frames = [
    echo(128, 1, 1, A, B), echo(129, 1, 1, B, A), echo(128, 1, 2, A, B), echo(128, 1, 3, A, B),
    echo(129, 1, 3, B, A), echo(129, 1, 2, B, A), echo(129, 1, 9, B, A),
    echo(128, 0x1234, 256, A, B, b"", 5), echo(128, 1, 4, A, "ff02::1"),
    message(h("8000123400010005") + b"bad", A, B, bad=True),
    echo(128, 1, 6, A, B), echo(129, 1, 6, B, A, b"otherone"), echo(129, 1, 6, B, A),
]
for code in list(range(0, 9)):
    frames.append(message(bytes([1, code]) + bytes(6) + udp))
frames += [
    message(h("0200000000000500") + udp),
    message(h("0300000000000000") + udp), message(h("0301000000000000") + tcp),
    message(h("0302000000000000") + udp[:44]),
    message(h("0400000000000028") + udp), message(h("0401000000000028") + udp),
    message(h("0402000000000028") + udp), message(h("0409000000000028") + udp),
    message(h("0100000000000000")),
    # Neighbour discovery.
    message(h("8500000000000000") + SLLA, A, "ff02::2"), message(h("8500000000000000"), "::", "ff02::2"),
    message(h("8600000040c807080000000000000000") + SLLA + MTU + PREFIX + RDNSS + DNSSL + ROUTE,
            R, "ff02::1"),
    message(h("8600000000080000000075300000 03e8"), R, "ff02::1"),
    message(h("8700000000000000") + packed(B) + SLLA, A, "ff02::1:ff00:2"),
    message(h("8700000000000000") + packed(B), "::", "ff02::1:ff00:2"),
    message(h("8700000000000000") + packed(B) + h("0e01010203040506"), A, "ff02::1:ff00:2"),
    message(h("8800000060000000") + packed(B) + TLLA, B, A),
    message(h("88000000a0000000") + packed(B) + TLLA, B, "ff02::1"),
    message(h("8800000000000000") + packed(B), B, A),
    message(h("8800000080000000") + packed(B), B, A),
    message(h("8900000000000000") + packed("fe80::2") + packed(B) + TLLA
            + h("0407000000000000") + udp[:48], R, A),
    message(h("8700000000000000") + packed(B) + h("0100020000000001"), A, B),  # option of length 0
    message(h("8700000000000000") + packed(B) + h("0109020000000001"), A, B),  # of length 72
    message(h("8700000000000000") + packed(B) + h("fe01020000000001"), A, B),  # unknown
    message(h("8700000000000000") + packed(B)[:8], A, B),
    # Multicast listener discovery.
    message(h("8200000027100000") + bytes(16), R, "ff02::1", hlim=1),
    message(h("8200000003e80000") + packed("ff02::fb"), R, "ff02::fb", hlim=1),
    message(h("8300000000000000") + packed("ff02::fb"), A, "ff02::fb", hlim=1),
    message(h("8400000000000000") + packed("ff02::fb"), A, "ff02::2", hlim=1),
    message(h("8200000027100000") + bytes(16) + h("027d0000"), R, "ff02::1", hlim=1),
    message(h("82000000a7100000") + packed("ff02::fb") + h("0a7d0001") + packed(B), R, "ff02::1", hlim=1),
    message(h("8f00000000000001") + h("04000000") + packed("ff02::fb"), A, "ff02::16", hlim=1),
    message(h("8f00000000000002") + h("03000001") + packed("ff02::fb") + packed(B)
            + h("06000001") + packed("ff3e::1") + packed(B), A, "ff02::16", hlim=1),
    message(h("8f00000000000000"), A, "ff02::16", hlim=1),
    message(h("8f00000000000001") + h("01000000") + packed("ff02::fb"), A, "ff02::16", hlim=1),
    message(h("8f00000000000001") + h("02000000") + packed("ff02::fb"), A, "ff02::16", hlim=1),
    message(h("8f00000000000001") + h("05000001") + packed("ff02::fb") + packed(B), A, "ff02::16", hlim=1),
    message(h("8f00000000000001") + h("03000000") + packed("ff02::fb"), A, "ff02::16", hlim=1),
    message(h("8a00000000000000"), A, B), message(h("9700000000000000"), A, B),
    message(h("6400000000000000"), A, B), message(h("ff00000000000000"), A, B),
    message(h("0000000000000000"), A, B), message(h("0500000000000000"), A, B),
    message(h("8000"), A, B), message(h("800000000001"), A, B),
    (bytes(echo(128, 1, 8, A, B, bytes(64)))[:80], 126),
]
write("icmpv6.pcap", frames)

"""ICMP for IPv4: RFC 792, 950, 1191, 1256, 4884."""
from scapy.all import ICMP, IP, TCP, UDP, Ether, Raw, raw

from capture import write

A, B, R = "10.0.0.1", "10.0.0.2", "10.0.0.254"
ETH = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x0800)


def ip(src, dst, ttl=64, **fields):
    return ETH / IP(src=src, dst=dst, ttl=ttl, id=1, **fields)


def message(octets, src=R, dst=A, bad=False):
    head = bytearray(octets)
    total = sum(int.from_bytes((bytes(head) + b"\0")[i:i + 2], "big")
                for i in range(0, len(head), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    if not bad:
        head[2:4] = (~total & 0xFFFF).to_bytes(2, "big")
    return ip(src, dst, proto=1) / Raw(bytes(head))


def echo(kind, identifier, sequence, src, dst, data=b"abcdefgh", ttl=64):
    return ip(src, dst, ttl) / ICMP(type=kind, id=identifier, seq=sequence) / Raw(data)


udp = IP(src=A, dst=B, id=7) / UDP(sport=4000, dport=33434) / Raw(b"probe")
tcp = IP(src=A, dst=B, id=8) / TCP(sport=4000, dport=80, seq=1000, flags="S")
ping = IP(src=A, dst=B, id=9) / ICMP(id=1, seq=1) / Raw(b"abcdefgh")

frames = [
    echo(8, 1, 1, A, B), echo(0, 1, 1, B, A),
    echo(8, 1, 2, A, B), echo(8, 1, 3, A, B), echo(0, 1, 3, B, A), echo(0, 1, 2, B, A),
    echo(8, 1, 4, A, B), echo(8, 1, 4, A, B), echo(0, 1, 4, B, A), echo(0, 1, 4, B, A),
    echo(0, 1, 99, B, A),                       # answers nothing
    echo(8, 0x1234, 256, A, B, ttl=5), echo(0, 0x1234, 256, B, A, ttl=255),
    echo(8, 1, 5, A, B, data=b""),
    echo(8, 1, 6, A, "224.0.0.1"),
    echo(8, 1, 7, A, B), echo(0, 1, 7, "10.0.0.3", A),   # another host answers
    echo(8, 1, 8, A, B), echo(0, 1, 8, B, A, data=b"otherone"),  # with other data
    message(bytes.fromhex("080012340001000a") + b"bad sum!", A, B, bad=True),
]
for code in list(range(0, 16)) + [77]:
    frames.append(message(bytes([3, code, 0, 0, 0, 0, 5, 220]) + raw(udp)[:28]))
frames += [message(bytes([5, code, 0, 0, 10, 0, 0, 253]) + raw(udp)[:28]) for code in range(0, 5)]
frames += [message(bytes([11, code, 0, 0]) + bytes(4) + raw(udp)[:28]) for code in range(0, 3)]
frames += [message(bytes([12, code, 0, 0, 20]) + bytes(3) + raw(udp)[:28]) for code in range(0, 4)]
frames += [
    message(bytes([4, 0, 0, 0]) + bytes(4) + raw(tcp)[:28]),
    message(bytes([3, 3, 0, 0]) + bytes(4) + raw(tcp)),
    message(bytes([11, 0, 0, 0]) + bytes(4) + raw(ping)),
    message(bytes([3, 1, 0, 0]) + bytes(4) + raw(ping)[:20]),
    message(bytes([3, 1, 0, 0]) + bytes(4) + raw(ping)[:12]),
    message(bytes([3, 1, 0, 0]) + bytes(4)),
    # RFC 4884: length of the original datagram in words, then an extension.
    message(bytes([11, 0, 0, 0, 0, 32, 0, 0]) + raw(udp).ljust(128, b"\0")
            + bytes.fromhex("2000df320008010100a0f101")),
    message(bytes.fromhex("0a00000000000000")),                       # router solicitation
    message(bytes.fromhex("0900000001020708 0a0000fe 00000001")),     # router advertisement
    message(bytes.fromhex("0910000001020708 0a0000fe 00000001")),
    message(bytes.fromhex("0d00000000010002 00000001 00000000 00000000"), A, B),  # timestamp
    message(bytes.fromhex("0e00000000010002 00000001 00000002 00000003"), B, A),
    message(bytes.fromhex("0f00000000010002"), A, B),                 # information
    message(bytes.fromhex("1000000000010002"), B, A),
    message(bytes.fromhex("1100000000010002 00000000"), A, B),        # address mask
    message(bytes.fromhex("1200000000010002 ffffff00"), B, A),
    message(bytes.fromhex("1e00000000010000 ffffffff 00000000 00000000")),  # traceroute
    message(bytes.fromhex("2800000000010000")),                       # photuris
    message(bytes.fromhex("2a00000000010001"), A, B),                 # extended echo, RFC 8335
    message(bytes.fromhex("2b00000000010102"), B, A),
    message(bytes.fromhex("0600000000000000")),                       # alternate host address
    message(bytes.fromhex("ff00000000000000")),
    message(bytes.fromhex("0100000000000000")),
    message(bytes.fromhex("080000000001")),                           # ends early
    message(bytes.fromhex("0800")),
    (bytes(echo(8, 1, 9, A, B, data=bytes(64)))[:50], 106),           # cut
]
write("icmp.pcap", frames)

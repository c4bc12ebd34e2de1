"""Other recordings once more: cut by a snap length, compressed, as pcapng, and ending early."""
import gzip
import struct
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


def frames(name, numbers):
    octets = (FOLDER / name).read_bytes()
    big = octets[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d")
    found, at = [], 24
    while at < len(octets):
        seconds, fraction, captured, original = struct.unpack_from(
            ">IIII" if big else "<IIII", octets, at)
        found.append((seconds, fraction, original, octets[at + 16:at + 16 + captured]))
        at += 16 + captured
    return [found[number - 1] for number in numbers]


def pcap(packets):
    text = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for seconds, fraction, original, octets in packets:
        text += struct.pack("<IIII", seconds, fraction, len(octets), original) + octets
    return text


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def interface(name, resolution):
    return block(1, struct.pack("<HHI", 1, 0, 262144) + option(2, name)
                 + option(9, bytes([resolution])) + option(0, b""))


def packet(number, interface, units, octets, comment=b""):
    options = option(1, comment) + option(0, b"") if comment else b""
    return block(6, struct.pack("<IIIII", interface, units >> 32, units & 0xFFFFFFFF,
                                len(octets), len(octets))
                 + octets + bytes(-len(octets) % 4) + options)


handshake = frames("flask-socketio-session.pcap", range(1, 13))
(FOLDER / "session.pcap.gz").write_bytes(gzip.compress(pcap(handshake), mtime=0))
(FOLDER / "ends-early.cap").write_bytes(pcap(handshake)[:-20])

# Each snap length ends in another header: Ethernet, IPv4, TCP, its options; DNS, UDP, ICMP, ARP.
cut = [(o, octets[:length]) for (_, _, o, octets), length in zip(
    frames("flask-socketio-session.pcap", [1, 2, 3, 4, 4, 4]), [10, 20, 40, 60, 66, 100])]
cut += [(o, octets[:length]) for (_, _, o, octets), length in zip(
    frames("dns.pcap", [1, 2, 3]) + frames("icmp.pcap", [1, 2]) + frames("arp.pcap", [1])
    + frames("icmpv6.pcap", [1]), [38, 50, 64, 36, 44, 30, 60])]
(FOLDER / "cut.pcap").write_bytes(pcap(
    [(1_700_000_000, index * 1000, *frame) for index, frame in enumerate(cut)]))

# Two interfaces with their own names and time resolutions, a packet on both, and comments.
section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
                + option(1, b"the first twelve packets of the session") + option(0, b""))
text = section + interface(b"eth0", 9) + interface(b"lo", 6)
for number, (seconds, fraction, _, octets) in enumerate(handshake):
    micros = seconds * 1_000_000 + fraction
    comment = b"the connection opens" if number == 0 else b""
    text += packet(number, 0, micros * 1000 + number, octets, comment)
    if number < 3:
        text += packet(number, 1, micros, octets, b"seen again" if number == 1 else b"")
(FOLDER / "session.pcapng").write_bytes(text)

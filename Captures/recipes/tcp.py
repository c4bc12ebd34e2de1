"""TCP: RFC 9293; every option, lying lengths, checksums, and each word of the sequence analysis."""
import os
import struct

from scapy.all import IP, TCP, Ether, IPv6, Raw

from capture import FOLDER, START, write

E4 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x0800)
E6 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x86DD)
A, B = "10.0.0.1", "10.0.0.2"


def v4(octets, src=A, dst=B):
    """IPv4 around octets that are meant to be a segment."""
    return E4 / IP(src=src, dst=dst, id=1, proto=6) / Raw(octets)


def segment(options=b"", data=b"", offset=None, **fields):
    """A segment with its right checksum; options and offset exactly as given."""
    fields = {"sport": 40000, "dport": 9999, "seq": 1000, "ack": 0, "flags": "S",
              "window": 1000, **fields}
    src, dst = fields.pop("src", A), fields.pop("dst", B)
    given = fields.pop("chksum", None)
    tcp = bytearray(bytes(TCP(dataofs=5, chksum=0, **fields)) + options + data)
    words = 5 + len(options) // 4 if offset is None else offset
    tcp[12] = words << 4 | tcp[12] & 15
    if len(tcp) >= 18:
        tcp[16:18] = (checksum(src, dst, tcp) if given is None else given).to_bytes(2, "big")
    return v4(bytes(tcp), src, dst)


def checksum(src, dst, tcp, fold_only=False):
    pseudo = bytes(map(int, src.split("."))) + bytes(map(int, dst.split(".")))
    pseudo += bytes([0, 6]) + len(tcp).to_bytes(2, "big")
    octets = pseudo if fold_only else pseudo + bytes(tcp)
    octets += bytes(len(octets) % 2)
    total = sum(int.from_bytes(octets[i:i + 2], "big") for i in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total if fold_only else 0xFFFF - total


def ports():
    """Each frame a connection of its own."""
    number = 40000
    while True:
        number += 1
        yield number


NEXT = ports()

# Headers: each flag, data offsets that lie, ends that come early, checksums of every verdict.
flags = [segment(flags=1 << bit, sport=next(NEXT)) for bit in range(9)]
flags += [segment(flags=0, sport=next(NEXT)), segment(flags=0x1FF, sport=next(NEXT), urgptr=5),
          segment(flags="A", sport=next(NEXT), ack=7, urgptr=5),
          segment(flags="S", sport=next(NEXT), ack=7)]
reserved = bytearray(bytes(segment(flags="A", ack=5, sport=next(NEXT))))
reserved[14 + 20 + 12] |= 0x0E
offsets = [segment(flags="PA", ack=500, offset=words, data=data, sport=next(NEXT))
           for words, data in ((4, b"hello"), (0, b""), (15, b"abc"), (6, b""), (5, b"hello"))]
whole = bytes(TCP(sport=1111, dport=2222, seq=1000, ack=500, flags="PA", window=300, chksum=0))
ends = [v4(whole[:count]) for count in (4, 8, 10, 13, 14, 15, 16, 17, 18, 19)]
cuts = [(bytes(segment(options=b"\2\4\5\xb4\4\2\1\1", data=bytes(60), sport=next(NEXT)))[:count], 122)
        for count in (38, 44, 50, 54, 56, 60, 100)]
sums = [segment(flags="PA", ack=1, data=b"odd", sport=next(NEXT)),
        segment(flags="PA", ack=1, data=b"bad", chksum=0x1234, sport=next(NEXT)),
        segment(flags="PA", ack=1, data=b"offloaded", sport=next(NEXT),
                chksum=checksum(A, B, bytes(29), fold_only=True)),
        E6 / IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(
            sport=40000, dport=9999, flags="S", window=1000),
        E6 / IPv6(src="2001:db8::2", dst="2001:db8::1") / TCP(
            sport=9999, dport=40000, flags="SA", ack=1, window=1000),
        E6 / IPv6(src="2001:db8::1", dst="2001:db8::2") / TCP(
            sport=40000, dport=9999, seq=1, flags="A", ack=1, chksum=0x1234) / Raw(b"bad"),
        segment(flags="R", data=b"go away", sport=next(NEXT))]
write("tcp-header.pcap", flags + [bytes(reserved)] + offsets + ends + cuts + sums)

MSS = b"\2\4\5\xb4"
OPTIONS = [
    b"", MSS, MSS + b"\1\3\3\7", MSS + b"\1\3\3\x0f", MSS + b"\4\2\1\1",
    MSS + b"\4\2\x08\x0a" + bytes(range(8)) + b"\1\3\3\7", b"\1\1\x08\x0a" + bytes(range(8)),
    MSS + b"\5\x0a" + bytes.fromhex("000003e9000004e9") + b"\1\1",
    MSS + b"\6\6\0\0\0\5\1\1", MSS + b"\7\6\0\0\0\5\1\1",
    MSS + b"\x0b\6\0\0\0\5\1\1", MSS + b"\x0c\6\0\0\0\5\1\1", MSS + b"\x0d\6\0\0\0\5\1\1",
    MSS + b"\x13\x12" + bytes(range(16)) + b"\1\1", MSS + b"\x1c\4\x80\x3c", MSS + b"\x1c\4\0\x3c",
    MSS + b"\x1d\x10\1\2" + bytes(range(12)),
    MSS + b"\x1e\x0c\0\x81" + bytes(range(8)),
    MSS + b"\x22\2\0\0", MSS + b"\x22\x0a" + bytes(range(8)) + b"\0\0",
    MSS + b"\xac\2\1\1", MSS + b"\xac\5\0\0\1\1\1\1", MSS + b"\xae\x0b\0\0\1\0\0\2\0\0\3\1",
    MSS + b"\xfd\4\xf9\x89", MSS + b"\xfd\x0c\xf9\x89" + bytes(range(8)), MSS + b"\xfe\4\x12\x34",
    MSS + b"\xfe\6\xab\xcd\1\2\1\1", MSS + b"\x63\4\1\2",
    b"\2\3\5\1", MSS + b"\3\1\7\0", MSS + b"\x08\0\0\0", MSS + b"\x08\x28\0\0", MSS + b"\1\1\1\x08",
    MSS + b"\0\0\0\x09", MSS + b"\0\0\0\0", b"\1\1\1\1" + MSS, MSS + b"\4\3\0\0",
]
frames = [segment(options=options, sport=next(NEXT)) for options in OPTIONS]
frames += [segment(options=MSS, flags="A", ack=1, sport=next(NEXT)),
           segment(options=MSS + b"\3\3\7", offset=7, sport=next(NEXT)),
           segment(options=MSS + b"\x22\x0a" + bytes(range(8)) + b"\0\0", data=b"early",
                   sport=next(NEXT))]
write("tcp-options.pcap", frames)


class Talk:
    """A conversation in lines such as (milliseconds, "<", "PA", seq, ack, window, octets)."""

    def __init__(self, first):
        self.port = next(NEXT)
        self.clock = first
        self.frames = []

    def say(self, *lines, isn=(100000, 900000), options=None):
        for ms, way, flags, seq, ack, window, size, *extra in lines:
            self.clock += ms
            to = way == ">"
            own, peer = isn if to else isn[::-1]
            self.frames.append((self.clock, segment(
                flags=flags, seq=(own + seq) % 2**32, window=window,
                ack=(peer + ack) % 2**32 if "A" in flags else 0,
                sport=self.port if to else 9999, dport=9999 if to else self.port,
                src=A if to else B, dst=B if to else A, data=b"\x80" * size,
                options=extra[0] if extra else b"")))
        return self

    def greet(self, client=b"", server=b"", **where):
        return self.say((0, ">", "S", 0, 0, 64240, 0, client), (10, "<", "SA", 0, 1, 65160, 0, server),
                        (10, ">", "A", 1, 1, 64240, 0), **where)


WS7 = MSS + b"\1\3\3\7"
talks = []


def talk():
    talks.append(Talk(1000 * len(talks)))
    return talks[-1]


talk().greet().say((9, ">", "PA", 1, 1, 64240, 100), (9, "<", "A", 1, 101, 65160, 0),
                   (9, ">", "FA", 101, 1, 64240, 0), (9, "<", "FA", 1, 102, 65160, 0),
                   (9, ">", "A", 102, 2, 64240, 0))
talk().greet().say((9, ">", "PA", 1, 1, 64240, 100), (300, ">", "PA", 1, 1, 64240, 100),
                   (9, "<", "A", 1, 101, 65160, 0), (9, ">", "PA", 1, 1, 64240, 100))
talk().greet().say((9, ">", "A", 1, 1, 64240, 100), (1, ">", "A", 201, 1, 64240, 100),
                   (1, "<", "A", 1, 101, 65160, 0), (1, "<", "A", 1, 101, 65160, 0),
                   (1, "<", "A", 1, 101, 65160, 0), (1, ">", "A", 101, 1, 64240, 100))
talk().greet().say((9, ">", "A", 1, 1, 64240, 100), (1, ">", "A", 201, 1, 64240, 100),
                   (1, ">", "A", 101, 1, 64240, 100), (9, "<", "A", 1, 301, 65160, 0))
talk().greet().say((9, ">", "A", 1, 1, 64240, 100), (1, ">", "A", 201, 1, 64240, 100),
                   (9, "<", "A", 1, 401, 65160, 0), (9, "<", "A", 1, 501, 65160, 0))
talk().greet().say((9, ">", "A", 1, 1, 64240, 100), (1, "<", "A", 1, 101, 0, 0),
                   (200, ">", "A", 101, 1, 64240, 1), (1, "<", "A", 1, 101, 0, 0),
                   (200, "<", "A", 1, 101, 65160, 0), (9, ">", "A", 101, 1, 64240, 100))
talk().greet(WS7, WS7).say((9, "<", "A", 1, 1, 2, 0), (9, ">", "A", 1, 1, 501, 200),
                           (1, ">", "A", 201, 1, 501, 56), (9, "<", "A", 1, 257, 500, 0))
talk().greet().say((9, ">", "PA", 1, 1, 64240, 100), (9, "<", "A", 1, 101, 65160, 0),
                   (900, ">", "A", 100, 1, 64240, 0), (9, "<", "A", 1, 101, 65160, 0),
                   (900, ">", "A", 100, 1, 64240, 1), (9, "<", "A", 1, 101, 65160, 0))
talk().say((0, ">", "S", 0, 0, 64240, 0, MSS), (500, ">", "S", 0, 0, 64240, 0, MSS)).greet(MSS, MSS).say(
    (9, ">", "R", 1, 0, 0, 0)).greet(MSS, MSS, isn=(779999, 5550000)).say(
    (9, ">", "PA", 1, 1, 64240, 10), isn=(779999, 5550000))
talk().greet(isn=(2**32 - 50, 0)).say(
    (9, ">", "A", 1, 1, 64240, 100), (1, ">", "A", 101, 1, 64240, 100),
    (9, "<", "A", 1, 201, 65160, 0), (300, ">", "A", 1, 1, 64240, 100), isn=(2**32 - 50, 0))
talk().say((0, "<", "PA", 5, 9, 100, 10), (1, ">", "A", 9, 15, 100, 0), (1, ">", "PA", 9, 15, 100, 10),
           (1, "<", "A", 15, 19, 100, 0))
talk().greet(MSS + b"\4\2\1\1", MSS + b"\4\2\1\1").say(
    (9, ">", "A", 1, 1, 64240, 100), (1, ">", "A", 201, 1, 64240, 100),
    (9, "<", "A", 1, 101, 65160, 0, b"\1\1\5\x0a" + struct.pack(">II", 100201, 100301)),
    (9, ">", "A", 101, 1, 64240, 100), (9, "<", "A", 1, 301, 65160, 0),
    (1, "<", "A", 1, 301, 65160, 0, b"\1\1\5\x0a" + struct.pack(">II", 100101, 100201)))

with open(os.path.join(FOLDER, "tcp-analysis.pcap"), "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    rows = sorted((row for talk in talks for row in talk.frames), key=lambda row: row[0])
    for ms, frame in rows:
        octets = bytes(frame)
        out.write(struct.pack("<IIII", START + ms // 1000, ms % 1000 * 1000, len(octets), len(octets)))
        out.write(octets)
    print(f"tcp-analysis.pcap: {len(rows)} frames")

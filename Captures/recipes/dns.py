"""DNS over UDP, multicast DNS and LLMNR: RFC 1035, 3596, 2782, 6891, 8659, 9460, 6762, 4795."""
from scapy.all import IP, UDP, Ether, IPv6, Raw

from capture import write

E4 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x0800)
E6 = Ether(dst="02:00:00:00:00:02", src="02:00:00:00:00:01", type=0x86DD)
CLIENT, SERVER = "10.0.0.1", "10.0.0.53"


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".") if part) + b"\0"


def header(ident, flags, qd=0, an=0, ns=0, ar=0):
    return b"".join(x.to_bytes(2, "big") for x in (ident, flags, qd, an, ns, ar))


def question(text, kind=1, cls=1):
    return name(text) + kind.to_bytes(2, "big") + cls.to_bytes(2, "big")


POINTER = b"\xc0\x0c"


def record(owner, kind, data, cls=1, ttl=300):
    return (owner + kind.to_bytes(2, "big") + cls.to_bytes(2, "big") + ttl.to_bytes(4, "big")
            + len(data).to_bytes(2, "big") + data)


def to_server(octets, sport=40000, dport=53, src=CLIENT, dst=SERVER):
    return E4 / IP(src=src, dst=dst, id=1) / UDP(sport=sport, dport=dport) / Raw(octets)


def to_client(octets, dport=40000, sport=53):
    return E4 / IP(src=SERVER, dst=CLIENT, id=1) / UDP(sport=sport, dport=dport) / Raw(octets)


def query(ident, text, kind=1, flags=0x0100, cls=1, **where):
    return to_server(header(ident, flags, 1) + question(text, kind, cls), **where)


def answer(ident, text, kind, records, flags=0x8180, ns=(), ar=(), **where):
    return to_client(header(ident, flags, 1, len(records), len(ns), len(ar))
                     + question(text, kind) + b"".join((*records, *ns, *ar)), **where)


def exchange(ident, text, kind, data, **more):
    return [query(ident, text, kind), answer(ident, text, kind, [record(POINTER, kind, data)], **more)]


V6 = bytes.fromhex("20010db8000000000000000000000002")
SOA = name("ns1.example.com") + name("hostmaster.example.com") + b"".join(
    x.to_bytes(4, "big") for x in (2024010101, 7200, 3600, 1209600, 300))
OPT = b"\0" + (41).to_bytes(2, "big") + (1232).to_bytes(2, "big") + bytes.fromhex("00008000") + b"\0\0"
COOKIE = b"\0" + (41).to_bytes(2, "big") + (4096).to_bytes(2, "big") + bytes(4) + (12).to_bytes(
    2, "big") + bytes.fromhex("000a00080102030405060708")

frames = []
frames += exchange(1, "example.com", 1, bytes([93, 184, 216, 34]))
frames += exchange(2, "example.com", 28, V6)
frames += exchange(3, "example.com", 2, name("ns1.example.com"))
frames += exchange(4, "www.example.com", 5, b"\x03web\xc0\x10")
frames += exchange(5, "example.com", 6, SOA)
frames += exchange(6, "34.216.184.93.in-addr.arpa", 12, name("example.com"))
frames += exchange(7, "example.com", 15, (10).to_bytes(2, "big") + b"\x04mail\xc0\x0c")
frames += exchange(8, "example.com", 16, b"\x0bv=spf1 -all\x04more")
frames += exchange(9, "_sip._udp.example.com", 33, bytes.fromhex("000a00051 3c4".replace(" ", ""))
                   + name("sip.example.com"))
frames += exchange(10, "example.com", 257, b"\x00\x05issue" + b"letsencrypt.org")
frames += exchange(11, "example.com", 65, bytes.fromhex("000100 0001 0003 026832".replace(" ", ""))
                   + bytes.fromhex("00040004 5db8d822") + bytes.fromhex("00060010") + V6)
frames += exchange(12, "_dns.example.com", 64, bytes.fromhex("0000") + name("svc.example.com"))
frames += exchange(13, "example.com", 99, b"\x03abc")
frames += exchange(14, "example.com", 48, bytes.fromhex("01000308") + bytes(16))
frames += exchange(15, "example.com", 43, bytes.fromhex("12340802") + bytes(32))
frames += exchange(16, "example.com", 46, bytes.fromhex("00010802 0000012c 65000000 64000000 1234")
                   + name("example.com") + bytes(16))
frames += exchange(17, "example.com", 47, name("a.example.com") + bytes.fromhex("000640000000 0003"))
frames += exchange(18, "example.com", 13, b"\x03cpu\x02os")
frames += exchange(19, "example.com", 35, bytes.fromhex("00640032") + b"\x01u\x07E2U+sip\x04!^.*" + name("."))
frames += exchange(20, "example.com", 39, name("example.net"))
frames += exchange(21, "example.com", 4711, b"opaque")
frames += exchange(22, "example.com", 255, bytes([1, 2, 3, 4]))
frames += [query(23, "."), query(24, "a.b.c.d.e.f", 28), query(25, "example.com", 1, cls=3),
           query(26, "example.com", 1, cls=255), query(27, "EXAMPLE.com", 1, flags=0)]
# A chain of records, several sections, EDNS0.
frames += [
    to_server(header(30, 0x0120, 1, 0, 0, 1) + question("www.example.com") + OPT),
    answer(30, "www.example.com", 1, [
        record(POINTER, 5, b"\x03cdn\xc0\x10"), record(b"\xc0\x2d", 1, bytes([10, 1, 1, 1])),
        record(b"\xc0\x2d", 1, bytes([10, 1, 1, 2]))],
        ns=[record(b"\xc0\x10", 2, b"\x02ns\xc0\x10")],
        ar=[record(name("ns.example.com"), 1, bytes([10, 1, 1, 53])), OPT]),
    to_server(header(31, 0x0100, 1, 0, 0, 1) + question("example.org") + COOKIE),
    answer(31, "example.org", 1, [], flags=0x8183, ns=[record(b"\xc0\x14", 6, SOA)]),
]
# Reply codes and flags.
for ident, flags in enumerate([0x8181, 0x8182, 0x8183, 0x8184, 0x8185, 0x8580, 0x8380, 0x81A0,
                               0x8190, 0x818B, 0x818F, 0x8000], 40):
    frames += [query(ident, "example.com"), answer(ident, "example.com", 1, [], flags=flags)]
# Other operations.
frames += [
    to_server(header(60, 0x0800)), to_server(header(61, 0x1000)),
    to_server(header(62, 0x2400, 1) + question("example.com", 6)),
    to_server(header(63, 0x2800, 1, 0, 1) + question("example.com", 6)
              + record(name("a.example.com"), 1, bytes([1, 2, 3, 4]))),
    to_client(header(63, 0xA800, 1) + question("example.com", 6)),
    to_server(header(64, 0x3000)), to_server(header(65, 0x7800)),
    to_client(header(66, 0xB800)),
    to_server(header(67, 0x0100, 2) + question("a.example.com") + question("b.example.com", 28)),
    to_server(header(68, 0x0100, 0)),
]
# Retransmissions, late and doubled replies, one id used again.
frames += [query(70, "retry.example.com"), query(70, "retry.example.com"),
           answer(70, "retry.example.com", 1, [record(POINTER, 1, bytes([1, 1, 1, 1]))]),
           answer(70, "retry.example.com", 1, [record(POINTER, 1, bytes([1, 1, 1, 1]))]),
           query(70, "again.example.com"),
           answer(70, "again.example.com", 1, [record(POINTER, 1, bytes([2, 2, 2, 2]))]),
           answer(71, "unasked.example.com", 1, [record(POINTER, 1, bytes([3, 3, 3, 3]))])]
# Hostile names: a pointer to itself, forwards, into nowhere, a loop of two, reserved bits, too long.
bad = [b"\xc0\x0c", b"\xc0\x20", b"\xff\xff", b"\x01a\xc0\x0c", b"\x80abc", b"\x40abc",
       b"".join(b"\x3f" + b"x" * 63 for _ in range(5)) + b"\0", b"\x05ab", b"\x03a.b\x02\x01\xff\0",
       b"\xc0"]
for ident, octets in enumerate(bad, 80):
    frames.append(to_server(header(ident, 0x0100, 1) + octets + bytes.fromhex("00010001")))
frames += [
    to_server(header(90, 0x0100, 65535) + question("example.com")),
    answer(91, "example.com", 1, [record(POINTER, 1, bytes([1, 2, 3]))]),
    to_client(header(92, 0x8180, 1, 1) + question("example.com") + POINTER + bytes.fromhex("00010001")
              + bytes(4) + bytes.fromhex("0064") + b"\x01\x02"),
    answer(93, "example.com", 16, [record(POINTER, 16, b"\x20short")]),
    answer(94, "example.com", 15, [record(POINTER, 15, b"\x00")]),
    to_server(header(95, 0x0100, 1)[:11]), to_server(b"\x12"),
    to_server(header(96, 0x0100, 1) + question("example.com") + b"trailing"),
    (bytes(answer(97, "example.com", 1, [record(POINTER, 1, bytes([1, 2, 3, 4]))]))[:70], 87),
    E6 / IPv6(src="2001:db8::1", dst="2001:db8::53") / UDP(sport=40000, dport=53)
    / Raw(header(98, 0x0100, 1) + question("example.com", 28)),
    E6 / IPv6(src="2001:db8::53", dst="2001:db8::1") / UDP(sport=53, dport=40000)
    / Raw(header(98, 0x8180, 1, 1) + question("example.com", 28) + record(POINTER, 28, V6)),
]
write("dns.pcap", frames)


def mdns(octets, src="10.0.0.1", **ports):
    return (Ether(dst="01:00:5e:00:00:fb", src="02:00:00:00:00:01", type=0x0800)
            / IP(src=src, dst="224.0.0.251", ttl=255, id=1) / UDP(sport=5353, dport=5353) / Raw(octets))


def llmnr(octets, sport=50000, dport=5355, dst="224.0.0.252"):
    return E4 / IP(src=CLIENT, dst=dst, ttl=1, id=1) / UDP(sport=sport, dport=dport) / Raw(octets)


TXT = b"\x09txtvers=1\x04a=bc"
write("dns-multicast.pcap", [
    mdns(header(0, 0, 1) + question("_http._tcp.local", 12)),
    mdns(header(0, 0, 1) + question("_http._tcp.local", 12, 0x8001)),      # unicast reply wanted
    mdns(header(0, 0, 2, 1) + question("_http._tcp.local", 12) + question("host.local", 1)
         + record(POINTER, 12, b"\x04Chat\xc0\x0c", ttl=120)),
    mdns(header(0, 0x8400, 0, 1, 0, 3) + record(name("_http._tcp.local"), 12, b"\x04Chat\xc0\x0c")
         + record(b"\x04Chat\xc0\x0c", 33, bytes.fromhex("000000001388") + b"\x04host\xc0\x17", 0x8001)
         + record(name("Chat._http._tcp.local"), 16, TXT, 0x8001)
         + record(name("host.local"), 1, bytes([10, 0, 0, 1]), 0x8001)),
    mdns(header(0, 0x8400, 0, 1) + record(name("host.local"), 47, b"\xc0\x0c" + bytes.fromhex("00054000000008"), 0x8001)),
    llmnr(header(0x1234, 0, 1) + question("host", 1)),
    llmnr(header(0x1234, 0, 1) + question("host", 1)),
    llmnr(header(0x1234, 0x8000, 1, 1) + question("host", 1) + record(POINTER, 1, bytes([10, 0, 0, 1])),
          sport=5355, dport=50000, dst=SERVER),
    llmnr(header(0x1235, 0x0500, 1) + question("host", 28)),
])

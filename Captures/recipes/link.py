"""Link layers around the same small datagram: Ethernet II and 802.3, LLC, SNAP, VLAN tags."""
from scapy.all import IP, IPv6, LLC, SNAP, UDP, Dot1AD, Dot1Q, Dot3, Ether, Padding, Raw

from capture import write

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"
V4 = IP(src="10.0.0.1", dst="10.0.0.2", id=1) / UDP(sport=4000, dport=4001) / Raw(b"hello")
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=4000, dport=4001) / Raw(b"hello")
ETH = Ether(dst=B, src=A)

frames = [
    ETH / V4,
    ETH / V4 / Padding(bytes(13)),                       # padded to 60
    ETH / V4 / Padding(bytes(13) + b"\x01\x02\x03\x04"),  # and a frame check sequence
    ETH / V4 / Padding(b"trailer that is no padding"),
    Ether(dst="ff:ff:ff:ff:ff:ff", src="03:00:00:00:00:01") / V4,
    ETH / Dot1Q(vlan=5, prio=3) / V4,
    ETH / Dot1Q(vlan=4095, prio=7, id=1) / V6,
    ETH / Dot1Q(vlan=5) / V4 / Padding(bytes(9)),
    ETH / Dot1Q(vlan=10) / Dot1Q(vlan=20) / V4,
    ETH / Dot1AD(vlan=100) / Dot1Q(vlan=20) / V4,
    ETH / Dot1AD(vlan=100, prio=2) / V4,
    Ether(dst=B, src=A, type=0x9100) / Dot1Q(vlan=7) / V4,
    Dot3(dst="01:80:c2:00:00:00", src=A) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(
        bytes.fromhex("0000000000800000000000000100000000800000000000000180010000140002000f00")),
    Dot3(dst=B, src=A) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x0800) / V4,
    Dot3(dst=B, src=A) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x86dd) / V6,
    Dot3(dst=B, src=A) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0x00000c, code=0x9999)
    / Raw(bytes(20)),
    Dot3(dst=B, src=A) / LLC(dsap=6, ssap=6, ctrl=3) / V4,
    Dot3(dst=B, src=A, len=10) / LLC(dsap=0xf0, ssap=0xf1, ctrl=3) / Raw(bytes(43)),
    Dot3(dst=B, src=A, len=400) / LLC(dsap=0xf0, ssap=0xf0, ctrl=3) / Raw(bytes(43)),
    # LLC information and supervisory frames have two control octets; XID and TEST are U frames.
    Dot3(dst=B, src=A, len=6) / Raw(bytes.fromhex("f4f4 0204 0102" + "00" * 40)),
    Dot3(dst=B, src=A, len=4) / Raw(bytes.fromhex("f4f5 0107" + "00" * 42)),
    Dot3(dst=B, src=A, len=4) / Raw(bytes.fromhex("f4f5 0509" + "00" * 42)),
    Dot3(dst=B, src=A, len=6) / Raw(bytes.fromhex("f4f4 af81 0100" + "00" * 40)),
    Dot3(dst=B, src=A, len=3) / Raw(bytes.fromhex("f4f4 7f" + "00" * 43)),
    Dot3(dst=B, src=A, len=3) / Raw(bytes.fromhex("f4f5 e3" + "00" * 43)),
    Ether(dst=B, src=A, type=0x88b5) / Raw(bytes(46)),    # local experimental: nobody's
    Ether(dst=B, src=A, type=0x1234) / Raw(bytes(46)),
    Ether(dst=B, src=A, type=0x05ff) / Raw(bytes(46)),    # neither length nor type
    ETH / Dot1Q(vlan=3, type=20) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(bytes(40)),
    (bytes(ETH / V4)[:12], 47),
    bytes(ETH)[:10],
    (bytes(ETH / Dot1Q(vlan=5) / V4)[:16], 60),
]
write("link-ethernet.pcap", frames)

# Linux cooked, version 1: type, hardware type, address length, address, protocol.
def sll(kind, hatype, address, protocol):
    return (kind.to_bytes(2, "big") + hatype.to_bytes(2, "big") + len(address).to_bytes(2, "big")
            + address.ljust(8, b"\0") + protocol.to_bytes(2, "big"))


MAC = bytes.fromhex("020000000001")
ARP_REQUEST = bytes.fromhex("0001080006040001020000000001 0a000001 000000000000 0a000002")
STP = bytes.fromhex("424203 0000000000800000000000000100000000800000000000000180010000140002000f00")
write("link-sll.pcap", [
    sll(0, 1, MAC, 0x0800) + bytes(V4),
    sll(4, 1, MAC, 0x86dd) + bytes(V6),
    sll(1, 1, MAC, 0x0806) + ARP_REQUEST + bytes(18),
    sll(2, 1, MAC, 0x0004) + STP,
    sll(3, 772, bytes(6), 0x0800) + bytes(V4),
    sll(4, 65534, b"", 0x0800) + bytes(V4),
    sll(4, 778, bytes([10, 0, 0, 1]), 0x0800) + bytes(V4),
    sll(4, 1, MAC, 0x8100) + bytes.fromhex("00050800") + bytes(V4),
    sll(0, 1, MAC, 0x0800) + bytes(V4) + bytes(13),
    sll(9, 1, MAC, 0x1234) + bytes(20),
    sll(0, 1, MAC, 0x0800)[:11],
], linktype=113)


def sll2(kind, hatype, address, protocol, index=2):
    return (protocol.to_bytes(2, "big") + b"\0\0" + index.to_bytes(4, "big")
            + hatype.to_bytes(2, "big") + bytes([kind, len(address)]) + address.ljust(8, b"\0"))


write("link-sll2.pcap", [
    sll2(0, 1, MAC, 0x0800) + bytes(V4),
    sll2(4, 1, MAC, 0x86dd, 3) + bytes(V6),
    sll2(1, 1, MAC, 0x0806) + ARP_REQUEST + bytes(18),
    sll2(2, 1, MAC, 0x0004) + STP,
    sll2(3, 772, bytes(6), 0x0800, 1) + bytes(V4),
    sll2(4, 65534, b"", 0x0800) + bytes(V4),
    sll2(4, 778, bytes([10, 0, 0, 1]), 0x0800) + bytes(V4),
    sll2(4, 1, MAC, 0x8100) + bytes.fromhex("00050800") + bytes(V4),
    sll2(0, 1, MAC, 0x0800) + bytes(V4) + bytes(13),
    sll2(9, 1, MAC, 0x1234) + bytes(20),
    sll2(0, 1, MAC, 0x0800)[:11],
], linktype=276)

write("link-null.pcap", [
    bytes.fromhex("02000000") + bytes(V4),
    bytes.fromhex("00000002") + bytes(V4),
    bytes.fromhex("18000000") + bytes(V6),
    bytes.fromhex("0000001c") + bytes(V6),
    bytes.fromhex("1e000000") + bytes(V6),
    bytes.fromhex("0a000000") + bytes(V6),
    bytes.fromhex("07000000") + bytes(V4),
    bytes.fromhex("0200"),
], linktype=0)
write("link-loop.pcap", [
    bytes.fromhex("00000002") + bytes(V4),
    bytes.fromhex("00000018") + bytes(V6),
    bytes.fromhex("00000063") + bytes(V6),
], linktype=108)
write("link-raw.pcap", [bytes(V4), bytes(V6), bytes.fromhex("f0000000"), bytes(V4)[:1]],
      linktype=101)
write("link-ipv4.pcap", [bytes(V4)], linktype=228)
write("link-ipv6.pcap", [bytes(V6)], linktype=229)

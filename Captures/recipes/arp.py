"""ARP and its relatives: RFC 826, 903, 2390, 5227."""
from scapy.all import ARP, Ether, Padding

from capture import write

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"
ALL = "ff:ff:ff:ff:ff:ff"


def arp(dst=ALL, src=A, pad=18, **fields):
    packet = Ether(dst=dst, src=src, type=0x0806) / ARP(**fields)
    return packet / Padding(bytes(pad)) if pad else packet


frames = [
    arp(op=1, hwsrc=A, psrc="10.0.0.1", hwdst="00:00:00:00:00:00", pdst="10.0.0.2"),
    arp(dst=A, src=B, op=2, hwsrc=B, psrc="10.0.0.2", hwdst=A, pdst="10.0.0.1"),
    # Probe, then announcement. RFC 5227 sections 2.1.1 and 2.3.
    arp(op=1, hwsrc=A, psrc="0.0.0.0", hwdst="00:00:00:00:00:00", pdst="10.0.0.7"),
    arp(op=1, hwsrc=A, psrc="10.0.0.7", hwdst="00:00:00:00:00:00", pdst="10.0.0.7"),
    # Gratuitous request and reply.
    arp(op=1, hwsrc=A, psrc="10.0.0.7", hwdst=ALL, pdst="10.0.0.7"),
    arp(op=2, hwsrc=A, psrc="10.0.0.7", hwdst=A, pdst="10.0.0.7"),
    arp(op=2, hwsrc=A, psrc="10.0.0.7", hwdst=ALL, pdst="10.0.0.7", pad=0),
    # RARP has its own EtherType. RFC 903.
    Ether(dst=ALL, src=A, type=0x8035) / ARP(op=3, hwsrc=A, psrc="0.0.0.0", hwdst=A,
                                             pdst="0.0.0.0"),
    Ether(dst=A, src=B, type=0x8035) / ARP(op=4, hwsrc=B, psrc="10.0.0.2", hwdst=A,
                                           pdst="10.0.0.1"),
]
# Every operation of the registry, and two that have no name.
for op in list(range(0, 26)) + [300, 65535]:
    frames.append(arp(dst=B, op=op, hwsrc=A, psrc="10.0.0.1", hwdst=B, pdst="10.0.0.2"))
frames += [
    # Other address lengths: 8-octet hardware address, 16-octet protocol address, none at all.
    Ether(dst=ALL, src=A, type=0x0806) / bytes.fromhex(
        "0020 0800 08 04 0001" "0102030405060708" "0a000001" "0000000000000000" "0a000002"),
    Ether(dst=ALL, src=A, type=0x0806) / bytes.fromhex(
        "0001 86dd 06 10 0001" "020000000001" + "20010db8" + "00" * 11 + "01" "000000000000"
        "20010db8" + "00" * 11 + "02"),
    Ether(dst=ALL, src=A, type=0x0806) / bytes.fromhex("0001 0800 00 00 0001"),
    # The packet ends inside its addresses.
    Ether(dst=ALL, src=A, type=0x0806) / bytes.fromhex("0001 0800 06 04 0001 0200000000010a00"),
    # The capture ends inside them.
    (bytes(arp(op=1, psrc="10.0.0.1", pdst="10.0.0.2", hwsrc=A))[:30], 60),
]
write("arp.pcap", frames)

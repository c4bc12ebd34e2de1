"""send_scapy.py ADDRESS COUNT: sends TCP segments, each of them different, with scapy's send()."""
import sys

from scapy.all import IP, TCP, conf, send

address, count = sys.argv[1], int(sys.argv[2])
# Nobody at the other end would answer scapy's own ARP.
conf.netcache.arp_cache[address] = "02:00:00:00:00:02"
packets = [
    IP(dst=address) / TCP(sport=1024 + number % 60000, dport=8080, seq=number, flags="PA") / b"AAAAAA"
    for number in range(count)
]
if packets:
    send(packets, verbose=0)

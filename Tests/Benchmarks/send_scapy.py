"""send_scapy.py ADDRESS COUNT: builds and sends TCP segments with scapy, one after the other."""
import sys

from scapy.all import IP, TCP, conf

# Nobody at the other end would answer scapy's own ARP.
conf.netcache.arp_cache["10.79.0.2"] = "02:00:00:00:00:02"
address, count = sys.argv[1], int(sys.argv[2])
socket = conf.L3socket()
for number in range(count):
    port = 1024 + number % 60000
    socket.send(IP(dst=address) / TCP(sport=port, dport=8080, seq=number, flags="PA") / b"AAAAAA")

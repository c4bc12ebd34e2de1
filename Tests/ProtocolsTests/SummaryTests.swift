import PacketCore
import Protocols
import Testing

/// The Protocol and Info columns, as tshark 4.0.17 prints them for the same frames.
@Suite struct SummaryTests {
  static let expected: [(capture: String, frame: Int, text: String)] = [
    ("arp.pcap", 1, "ARP Who has 10.0.0.2? Tell 10.0.0.1"),
    ("arp.pcap", 3, "ARP Who has 10.0.0.7? (ARP Probe)"),
    ("arp.pcap", 4, "ARP ARP Announcement for 10.0.0.7"),
    ("arp.pcap", 6, "ARP Gratuitous ARP for 10.0.0.7 (Reply)"),
    ("arp.pcap", 9, "RARP 02:00:00:00:00:01 is at 10.0.0.1"),
    ("arp.pcap", 36, "ARP Unknown ARP opcode 0x012c"),
    ("arp.pcap", 40, "ARP Who has <No address>? Tell <No address>"),
    ("link-ethernet.pcap", 10, "UDP 4000 → 4001 Len=5"),
    (
      "link-ethernet.pcap", 16,
      "LLC U, func=UI; SNAP, OUI 0x00000C (Cisco Systems, Inc), PID 0x9999"
    ),
    (
      "link-ethernet.pcap", 20,
      "LLC I, N(R)=2, N(S)=1; DSAP IBM Net Management Individual, SSAP IBM Net Management Command"
    ),
    ("link-ethernet.pcap", 28, "Ethernet Ethernet Unknown: Invalid length/type: 0x05ff (1535)"),
    ("ipv4.pcap", 10, "IPv4 Bogus IP length (10, less than header length 20)"),
    ("ipv4.pcap", 12, "IPv4 Bogus IP header length (16, must be at least 20)"),
    ("ipv4.pcap", 15, "IPv4 any private encryption scheme (99)"),
    ("ipv4.pcap", 16, "IPv4 "),
    ("ipv4-fragments.pcap", 1, "IPv4 Fragmented IP protocol (proto=UDP 17, off=0, ID=0001)"),
    ("ipv4-fragments.pcap", 3, "UDP 4000 → 4001 Len=40"),
    (
      "ipv4-fragments.pcap", 46,
      "IPv4 Fragmented IP protocol (proto=Unassigned 200, off=0, ID=000d)"
    ),
    ("ipv6.pcap", 22, "UDP 4000 → 4001 Len=5"),
    ("ipv6.pcap", 24, "IPv6 IPv6 no next header"),
    ("ipv6-fragments.pcap", 2, "IPv6 IPv6 fragment (off=16 more=y ident=0x00000001 nxt=17)"),
    ("ipv6-fragments.pcap", 19, "UDP 4000 → 4001 Len=40"),
    ("icmp.pcap", 1, "ICMP Echo (ping) request  id=0x0001, seq=1/256, ttl=64"),
    ("icmp.pcap", 2, "ICMP Echo (ping) reply    id=0x0001, seq=1/256, ttl=64 (request in 1)"),
    ("icmp.pcap", 10, "ICMP Echo (ping) reply    id=0x0001, seq=4/1024, ttl=64"),
    ("icmp.pcap", 38, "ICMP Redirect             (Redirect for network)"),
    ("icmpv6.pcap", 2, "ICMPv6 Echo (ping) reply id=0x0001, seq=1, hop limit=64 (request in 1)"),
    ("icmpv6.pcap", 36, "ICMPv6 Neighbor Solicitation for 2001:db8::2 from 02:00:00:00:00:01"),
    (
      "icmpv6.pcap", 39,
      "ICMPv6 Neighbor Advertisement 2001:db8::2 (sol, ovr) is at 02:00:00:00:00:02"
    ),
    ("udp.pcap", 12, "UDP 4000 → 4001 Len=5"),  // tshark's default is not to look
    ("udp.pcap", 13, "UDP 4000 → 4001 Len=5"),  // unfinished, so not called incorrect
    ("udp.pcap", 15, "UDP 4000 → 4001 Len=5 [ILLEGAL CHECKSUM (0)]"),
    ("udp.pcap", 18, "UDP 4000 → 4001 [BAD UDP LENGTH 7 < 8]"),
    ("udp.pcap", 21, "UDP 4000 → 4001 [BAD UDP LENGTH 100 > IP PAYLOAD LENGTH] Len=92"),
    ("dns.pcap", 1, "DNS Standard query 0x0001 A example.com"),
    (
      "dns.pcap", 18,
      "DNS Standard query response 0x0009 SRV _sip._udp.example.com SRV 10 5 5060 sip.example.com"
    ),
    (
      "dns.pcap", 51,
      "DNS Standard query response 0x001e A www.example.com CNAME cdn.example.com A 10.1.1.1 "
        + "A 10.1.1.2 NS ns.example.com A 10.1.1.53 OPT"
    ),
    ("dns.pcap", 95, "DNS Standard query 0x0050 A <Name contains a pointer that loops>"),
    ("dns.pcap", 101, "DNS Standard query 0x0056 A <Name too long>"),
    ("dns.pcap", 107, "DNS Standard query response 0x005c A example.com A[Malformed Packet]"),
    ("dns-multicast.pcap", 2, "MDNS Standard query 0x0000 PTR _http._tcp.local, \"QU\" question"),
    ("dns-multicast.pcap", 8, "LLMNR Standard query response 0x1234 A host A 10.0.0.1"),
    (
      "igmp.pcap", 16,
      "IGMPv3 Membership Report / Group 224.1.2.3, new source {10.0.0.5} / Group 224.1.2.4, block"
        + " source {10.0.0.5} / Join group 224.1.2.5 for any sources"
    ),
  ]

  @Test func columnsAreTsharks() {
    for (name, packets) in CaptureFolder.captures {
      var walk = Walk()
      let rows = Self.expected.filter { $0.capture == name }
      for packet in packets {
        walk.take(packet)
        for row in rows where row.frame == walk.dissection.frame.number {
          let summary = walk.summary(of: packet.octets)
          #expect("\(summary.protocolName) \(summary.info)" == row.text, "\(name) \(row.frame)")
        }
      }
    }
  }
}

import PacketCore
import Protocols
import Testing

@Suite("TCP checksum")
struct TCPChecksumTests {
  private static let tcp = TCP(
    sourcePort: 40_000, destinationPort: 80, sequence: 1, acknowledgment: 1, flags: [.psh, .ack],
    window: 1_000)

  private static func dissect(_ packet: [UInt8], missing: Int = 0) -> (TCPNote?, Set<String>) {
    var bench = TCPBench()
    bench.take(packet, missing: missing)
    return (bench.note, bench.findings)
  }

  @Test("right: good, over IPv4 with an odd number of octets")
  func good() {
    let (note, findings) = Self.dissect(TCPBench.packet(Self.tcp, data: Array("odd".utf8)))
    #expect(note?.checksum.status == .good)
    #expect(!findings.contains("tcp.checksum_bad.expert"))
  }

  @Test("wrong: bad, and the right value is named")
  func bad() {
    var packet = TCPBench.packet(Self.tcp, data: Array("hello".utf8))
    let right = UInt16(packet[36]) << 8 | UInt16(packet[37])
    packet[37] ^= 0x55
    var bench = TCPBench()
    bench.take(packet)
    #expect(bench.note?.checksum.status == .bad)
    #expect(bench.note?.checksum.expected == right)
    let finding = bench.dissection.findings.first { $0.kind.name == "tcp.checksum_bad.expert" }
    #expect(finding?.expected == UInt64(right))
    #expect(finding?.found == UInt64(right ^ 0x55))
  }

  @Test("the pseudo-header's sum alone: offloaded, never bad")
  func offloaded() {
    var packet = TCPBench.packet(Self.tcp, data: Array("hello".utf8))
    let partial = TCPBench.pseudoHeader(25, TCPBench.client, TCPBench.server).folded
    packet[36] = UInt8(partial >> 8)
    packet[37] = UInt8(truncatingIfNeeded: partial)
    let (note, findings) = Self.dissect(packet)
    #expect(note?.checksum.status == .offloaded)
    #expect(!findings.contains("tcp.checksum_bad.expert"))
  }

  @Test("cut by the capture: unverified, whatever it says")
  func unverified() {
    var packet = TCPBench.packet(Self.tcp, data: Array("hello".utf8))
    packet[37] ^= 1
    packet.removeLast()
    let (note, findings) = Self.dissect(packet, missing: 1)
    #expect(note?.checksum.status == .unverified)
    #expect(!findings.contains("tcp.checksum_bad.expert"))
  }

  @Test("octets behind the datagram are not summed")
  func padding() {
    let packet = TCPBench.packet(Self.tcp) + [0xff, 0xff, 0xff]
    #expect(Self.dissect(packet).0?.checksum.status == .good)
  }
}

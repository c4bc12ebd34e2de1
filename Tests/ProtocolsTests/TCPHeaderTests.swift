import PacketCore
import Protocols
import Testing

@Suite("TCP header")
struct TCPHeaderTests {
  @Test("what was read is written again, octet for octet")
  func roundTrip() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2_000 {
      // Any octets at all, data offsets that lie included.
      let octets = (0..<Int.random(in: 4...64, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let (written, consumed) = Self.rewrite(octets)
      #expect(written == Array(octets.prefix(consumed)), "seed \(seed), octets \(octets)")
    }
  }

  @Test("a header made by hand reads back equal")
  func equal() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let tcp = TCP(
        sourcePort: .random(in: 0...UInt16.max, using: &random),
        destinationPort: .random(in: 0...UInt16.max, using: &random),
        sequence: .random(in: 0...UInt32.max, using: &random),
        acknowledgment: .random(in: 0...UInt32.max, using: &random),
        flags: TCPFlags(rawValue: .random(in: 0...0xfff, using: &random)),
        window: .random(in: 0...UInt16.max, using: &random),
        checksum: .random(in: 0...UInt16.max, using: &random),
        urgentPointer: .random(in: 0...UInt16.max, using: &random),
        options: (0..<Int.random(in: 0...40, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        })
      var writer = ByteWriter()
      tcp.write(to: &writer)
      #expect(Self.read(writer.bytes) == tcp, "seed \(seed)")
    }
  }

  @Test("every prefix is told apart: cut by the capture, or too short")
  func prefixes() {
    let tcp = TCP(
      sourcePort: 40_000, destinationPort: 80, sequence: 7, flags: [.syn], window: 1_000,
      options: [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7])
    let whole = TCPBench.packet(tcp)
    for length in 20..<whole.count {
      var bench = TCPBench()
      let packet = Array(whole.prefix(length))
      bench.take(packet, missing: whole.count - length)
      #expect(bench.dissection.failure?.error.reason == .cut || length == 20, "cut at \(length)")

      let short = TCPBench.ip(Array(whole.dropFirst(20).prefix(length - 20)))
      bench = TCPBench()
      bench.take(short)
      #expect(bench.dissection.failure?.error.reason == .short || length == 20, "\(length)")
      if length >= 24 { #expect(bench.info(short).hasPrefix("40000 → 80")) }
    }
  }

  @Test("a data offset that lies does not hide the ports")
  func offsets() {
    var tcp = TCP(
      sourcePort: 1_111, destinationPort: 2_222, sequence: 1_000, acknowledgment: 500,
      flags: [.psh, .ack], window: 300)
    tcp.offsetAndFlags = 4 << 12 | 0x18
    var bench = TCPBench()
    let low = TCPBench.packet(tcp, data: Array("hello".utf8))
    bench.take(low)
    #expect(
      bench.info(low) == "1111 → 2222 [PSH, ACK] Seq=1 Ack=1 Win=300, "
        + "bogus TCP header length (16, must be at least 20)")
    #expect(bench.findings.contains("tcp.bogus_header_length"))

    tcp.offsetAndFlags = 15 << 12 | 0x18
    bench = TCPBench()
    let high = TCPBench.packet(tcp, data: Array("abc".utf8))
    bench.take(high)
    #expect(bench.info(high) == "1111 → 2222 [PSH, ACK] Seq=1000 Ack=500 Win=300")
    #expect(bench.findings.isSuperset(of: ["tcp.short_segment", "_ws.malformed"]))
  }

  @Test("no single bit of a header makes it trap, or writes other octets")
  func bits() {
    let tcp = TCP(
      sourcePort: 40_000, destinationPort: 80, flags: [.syn],
      options: [2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 8, 10, 1, 2, 3, 4])
    let packet = TCPBench.packet(tcp, data: [1, 2, 3, 4])
    var bench = TCPBench()
    for bit in 160..<packet.count * 8 {
      var damaged = packet
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      bench.take(damaged)
      _ = bench.info(damaged)
      guard let record = bench.dissection.last(TCP.self) else { continue }
      var sink = FieldSink()
      TCP.collect(damaged.span.bytes, record, in: bench.dissection, into: &sink)
      #expect(sink.items.allSatisfy { ($0.place?.upperBound ?? 0) <= damaged.count })
      #expect(TCP.rewrite(damaged.span.bytes, record) == Array(damaged[record.header]))
    }
  }

  private static func read(_ octets: [UInt8]) -> TCP? {
    var reader = ByteReader(octets.span.bytes)
    return try? TCP(reading: &reader)
  }

  private static func rewrite(_ octets: [UInt8]) -> ([UInt8], Int) {
    var reader = ByteReader(octets.span.bytes)
    var writer = ByteWriter()
    guard let tcp = try? TCP(reading: &reader) else { return ([], 0) }
    tcp.write(to: &writer)
    return (writer.bytes, reader.offset)
  }
}

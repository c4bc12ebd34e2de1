import Capture
import Exchange
import PacketCore
import Protocols

/// Packets for faults to hit, and what is said of their checksums.
enum FaultSamples {
  /// The segment of a message, with a payload whose words nearly all differ.
  static func segment(_ number: Int, payload length: Int = 120, ipv6: Bool = false) -> [UInt8] {
    var numbers = SeededNumbers(seed: 7, part: number)
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    let text = (0..<length).map { _ in alphabet[numbers.below(alphabet.count)] }
    let ends =
      ipv6
      ? SegmentEnds(
        source: Address(IPv6Address(high: 1, low: 2)),
        destination: Address(IPv6Address(high: 1, low: 3)), sourcePort: 12345,
        destinationPort: 5000)
      : SegmentEnds(
        source: Address(IPv4Address(10, 0, 0, 21)),
        destination: Address(IPv4Address(10, 0, 0, 33)), sourcePort: 12345, destinationPort: 5000)
    return CraftedSegment(
      ends: ends, sequence: UInt32(truncatingIfNeeded: number * length), acknowledgment: 0,
      identification: UInt16(truncatingIfNeeded: number), payload: text
    ).packet
  }

  /// The values of a field in a packet dissected by itself, as numbers.
  static func values(_ name: String, in packet: [UInt8]) -> [UInt64] {
    fields(of: packet).filter { $0.name == name }.map(\.value)
  }

  /// Every numeric field that stands in the packet, below what the payload is.
  static func fields(of packet: [UInt8]) -> [(name: String, value: UInt64)] {
    var dissector = Dissector(Registry.standard)
    var dissection = Dissection()
    let header = FrameHeader(
      capturedLength: packet.count, originalLength: packet.count, linkType: .raw)
    dissector.dissect(packet.span.bytes, header, into: &dissection)
    var found: [(name: String, value: UInt64)] = []
    for record in dissection.layers
    where record.is(IPv4.self) || record.is(TCP.self) || record.is(IPv6.self) {
      var sink = FieldSink()
      record.type.collect(packet.span.bytes, record, in: dissection, into: &sink)
      for item in sink.items {
        switch item.value {
        case .unsigned(let number): found.append((item.field.name, number))
        case .boolean(let flag): found.append((item.field.name, flag ? 1 : 0))
        case .ipv4(let address): found.append((item.field.name, UInt64(address.value)))
        default: break
        }
      }
    }
    return found
  }

  /// The header's and the segment's checksum status, Wireshark's numbers: 0 bad, 1 good.
  static func statuses(_ packet: [UInt8]) -> [UInt64] {
    fields(of: packet).filter { $0.name.hasSuffix(".checksum.status") }.map(\.value)
  }

  /// What comes out of a line when packets go in, one a millisecond, and time then goes on until
  /// nothing is held any more.
  static func run(
    _ faults: [String], _ packets: [[UInt8]], seed: UInt64 = 1, every gap: Int64 = 1_000_000,
    predicates: [Int: any PacketPredicate] = [:]
  ) throws -> [(time: Int64, packet: FaultedPacket)] {
    let line = FaultLine(
      try FaultPlan(faults), .outgoing, predicates: predicates, seed: seed)
    var found: [(time: Int64, packet: FaultedPacket)] = []
    var now = MonotonicTime(nanoseconds: 0)
    func drain() {
      while let packet = line.next(at: now) { found.append((now.nanoseconds, packet)) }
    }
    for packet in packets {
      let next = now.advanced(byNanoseconds: gap)
      while let due = line.nextRelease, due < next {
        now = max(due, now)
        drain()
      }
      now = next
      line.enter(Arrival(packet: packet, time: Timestamp(seconds: 100, nanoseconds: 0)), at: now)
      drain()
    }
    while let due = line.nextRelease {
      now = max(due, now)
      drain()
    }
    return found
  }
}

import Capture
import Console
import Cryptography
import Exchange
import PacketCore
import Projection
import Protocols

/// `netlab send --dry-run`: what would go out, field by field, octet by octet and bit by bit.
struct DryRun {
  /// One segment a part, as its first try would be.
  let segments: [CraftedSegment]
  let key: FernetKey
  /// When: tokens are dated by it.
  let time: Timestamp
  /// The packets as they would go out, or be lost: what faults make of the segments.
  let packets: [FaultedPacket]
  /// What faults do to each segment.
  private let faults: [[FaultRecord]]

  /// - Parameter line: The faults that the segments go through, one right after the other.
  init(_ segments: [CraftedSegment], key: FernetKey, time: Timestamp, through line: FaultLine) {
    self.segments = segments
    self.key = key
    self.time = time
    let now = MonotonicTime(nanoseconds: 0)
    faults = segments.map { line.enter(Arrival(packet: $0.packet, time: time), at: now) }
    var packets: [FaultedPacket] = []
    while let packet = line.next(at: MonotonicTime(nanoseconds: .max)) { packets.append(packet) }
    self.packets = packets
  }

  /// The segments of a message as their first tries would be.
  ///
  /// - Throws: `Failure` for a message that cannot be sent.
  static func segments(
    _ message: OutgoingMessage, ends: SegmentEnds, mtu: Int, settings: SenderSettings,
    cipher: FernetCipher, time: Timestamp
  ) throws -> [CraftedSegment] {
    var numbers = SystemRandomNumberGenerator()
    let first = UInt32(truncatingIfNeeded: numbers.next())
    let parts: OutgoingParts
    do throws(OutgoingFault) {
      parts = try OutgoingParts(
        message, mtu: mtu, family: ends.source.family, initialSequence: first,
        firstSequence: first, wantsOrder: settings.recovery == .goBackN)
    } catch {
      throw Failure(.usage, error.text)
    }
    return try (1...parts.count).map { part in
      let plain = parts.plain(part)
      guard let token = cipher.seal(plain.span.bytes, time: UInt64(clamping: time.seconds)) else {
        throw Failure(.internal, "the token could not be made: OpenSSL refuses")
      }
      return CraftedSegment(
        ends: ends, sequence: parts.sequences[part - 1], acknowledgment: 0,
        identification: UInt16(truncatingIfNeeded: numbers.next()), payload: token)
    }
  }

  /// Prints the first packet in full, and a line for each segment that follows.
  ///
  /// - Parameter seed: That of the faults; nil when there are none.
  func print(seed: UInt64?, into text: inout TextBuffer) {
    if let seed {
      text.append("faults with seed \(seed)")
      text.append(bracedFaults: packets.first?.arrival.faults ?? [])
      text.append("\n\n")
    }
    guard let packet = packets.first?.arrival.packet, let first = segments.first else { return }
    var dissector = Dissector(.standard)
    TokenReading(keys: [key]).apply(to: dissector.memory(of: Fernet.self))
    var dissection = Dissection()
    let header = FrameHeader(
      time: time, capturedLength: packet.count, originalLength: packet.count, linkType: .raw,
      hasInterface: false)
    let bytes = packet.span.bytes
    dissector.dissect(bytes, header, into: &dissection)
    TreePrinter().print(dissection, bytes, into: &text)
    text.append("Octets\n")
    AnnotatedHexPrinter().print(dissection, bytes, into: &text)
    text.append("\nBits of the payload\n")
    text.append(bitsOf: Array(packet.dropFirst(first.packet.count - first.payload.count)))
    guard segments.count > 1 else { return }
    text.append("\n")
    for (index, segment) in segments.enumerated().dropFirst() {
      text.append("part \(index + 1) of \(segments.count): seq=\(segment.sequence) ")
      text.append("len=\(segment.payload.count)")
      text.append(bracedFaults: faults[index])
      text.append("\n")
    }
  }
}

extension TextBuffer {
  /// Octets as bits, eight octets a line, with their characters behind.
  mutating func append(bitsOf octets: [UInt8]) {
    for start in stride(from: 0, to: octets.count, by: 8) {
      let line = octets[start..<min(start + 8, octets.count)]
      append(hex: UInt64(start), digits: 4)
      append("  ")
      append(ChannelCoding.text(of: line))
      append(byte: 32, times: (8 - line.count) * 9 + 2)
      for octet in line { append(byte: octet >= 0x20 && octet < 0x7f ? octet : 46) }
      append(byte: 10)
    }
  }
}

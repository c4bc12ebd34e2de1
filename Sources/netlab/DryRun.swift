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

  /// Prints the first segment in full, and a line for each that follows.
  func print(into text: inout TextBuffer) {
    guard let first = segments.first else { return }
    let packet = first.packet
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
    text.append(bitsOf: first.payload)
    guard segments.count > 1 else { return }
    text.append("\n")
    for (index, segment) in segments.enumerated().dropFirst() {
      text.append("part \(index + 1) of \(segments.count): seq=\(segment.sequence) ")
      text.append("len=\(segment.payload.count)\n")
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

import PacketCore

/// Bodies of polling requests as endpoints write and read them: strictly.
///
/// Revision 4 puts the record separator 0x1e between packets, revision 3 the length in characters and
/// a colon before each; revision 3 has a binary form too.
extension EngineIOPayload {
  /// Where one packet stands in a body.
  private struct Item {
    /// The packet's octets, its type included.
    var range: Range<Int>
    /// Where the next begins; the body's end when this was the last.
    var next: Int
    /// In revision 3's binary form: the data are octets, and the type is a number and no digit.
    var isBinary = false
  }

  /// The octet between packets in revision 4.
  private static let separator: UInt8 = 0x1e

  private static func item(
    in bytes: RawSpan, from start: Int, to end: Int, _ version: Int
  ) throws(EngineIOError) -> Item? {
    guard start < end else { return nil }
    guard version == 3 else {
      let stop = find(separator, bytes, start, end)
      // A separator stands between packets: one at the end has an empty packet behind it.
      guard stop > start, stop &+ 1 != end else { throw .empty }
      return Item(range: start..<stop, next: min(stop &+ 1, end))
    }
    let first = bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self)
    return first <= 1 ? try nextBinary(bytes, start, end) : try nextCounted(bytes, start, end)
  }

  /// The first place of an octet; `end` when there is none.
  private static func find(_ octet: UInt8, _ bytes: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at < end, bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self) != octet {
      at &+= 1
    }
    return at
  }

  /// `<length>:<packet>`, the length in UTF-16 code units, JavaScript's characters.
  private static func nextCounted(
    _ bytes: RawSpan, _ start: Int, _ end: Int
  ) throws(EngineIOError) -> Item {
    let colon = find(0x3a, bytes, start, min(end, start &+ 10))
    guard colon < end, let count = bytes.decimal(start..<colon) else { throw .badLength }
    var at = colon &+ 1
    var units: UInt64 = 0
    while units < count {
      guard at < end else { throw .badLength }
      let octet = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
      let length = octet < 0x80 ? 1 : max(UTF8Text.sequenceLength(bytes, at: at, to: end), 1)
      units &+= length == 4 ? 2 : 1
      at &+= length
    }
    guard units == count else { throw .badLength }
    return Item(range: colon &+ 1..<at, next: at)
  }

  private static func nextBinary(
    _ bytes: RawSpan, _ start: Int, _ end: Int
  ) throws(EngineIOError) -> Item {
    guard let found = nextOfOctets(bytes, start, end) else { throw .badLength }
    return Item(range: found.packet, next: found.next, isBinary: found.isBinary)
  }

  /// The body that carries `packets`, text only: octets in base64.
  public static func encode(_ packets: [EngineIOPacket], version: Int = 4) -> [UInt8] {
    var body: [UInt8] = []
    for (position, packet) in packets.enumerated() {
      let text = packet.text(version: version)
      if version == 3 {
        body += String(String(decoding: text, as: UTF8.self).utf16.count).utf8
        body.append(0x3a)
      } else if position > 0 {
        body.append(separator)
      }
      body += text
    }
    return body
  }

  /// The packets of a body.
  ///
  /// - Throws: `EngineIOError` at the first that is wrong.
  public static func decode(
    _ body: [UInt8], version: Int = 4
  ) throws(EngineIOError) -> [EngineIOPacket] {
    var packets: [EngineIOPacket] = []
    var at = 0
    while let item = try item(in: body.span.bytes, from: at, to: body.count, version) {
      let octets = Array(body[item.range])
      packets.append(
        item.isBinary
          ? try EngineIOPacket(message: octets, isBinary: true, version: 3)
          : try EngineIOPacket(text: octets, version: version))
      at = item.next
    }
    return packets
  }
}

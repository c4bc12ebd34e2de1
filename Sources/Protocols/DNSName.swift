import PacketCore

/// A domain name in a message. RFC 1035 section 3.1, compression section 4.1.4.
struct DNSName {
  /// The labels with dots between them; "<Root>" for the root, and a remark in place of a name
  /// that cannot be one, as Wireshark writes them.
  private(set) var text: String
  /// Offset of what follows the name where it began.
  private(set) var end: Int
  /// Labels, the root not counted.
  private(set) var labels: Int
  /// Octets of the name with dots between its labels; what stands for a name that is none counts
  /// as one.
  private(set) var length: Int

  /// Nil where the name runs out of the message.
  init?(in message: [UInt8], at start: Int, base: Int = 0) {
    var buffer = TextBuffer(capacity: 64)
    guard let walk = DNSName.walk(message.span.bytes, from: start, base: base, into: &buffer)
    else { return nil }
    text = buffer.string
    end = walk.end
    labels = max(walk.labels, 1)
    length = walk.octets > 0 ? walk.octets : buffer.count
  }

  /// Pointers followed in one name at most. RFC 1035 section 4.1.4 has each name a "prior"
  /// one, so no honest name needs more than it has labels; only a loop does.
  private static let mostPointers = 64

  /// Goes along a name and writes it.
  ///
  /// - Parameters:
  ///   - message: Octets that the name and all it points to stand in.
  ///   - start: Offset of the name's first octet in `message`.
  ///   - base: Offset in `message` that pointers count from; negative where the message's header
  ///     is not part of it.
  /// - Returns: The offset behind the name where it began, its labels, and its octets with dots
  ///   between them (0 where the text is none of the name); nil where it runs out of the message.
  static func walk(
    _ message: RawSpan, from start: Int, base: Int, into text: inout TextBuffer
  ) -> (end: Int, labels: Int, octets: Int)? {
    let textStart = text.count
    var at = start
    var end = -1
    var labels = 0
    var octets = 0
    var pointers = 0
    while true {
      guard at >= 0, at < message.byteCount else { return nil }
      let length = Int(message.unsafeLoad(fromByteOffset: at, as: UInt8.self))
      if length & 0xc0 == 0xc0 {
        guard at &+ 1 < message.byteCount else { return nil }
        let low = Int(message.unsafeLoad(fromByteOffset: at &+ 1, as: UInt8.self))
        if end < 0 { end = at &+ 2 }
        at = base &+ (length & 0x3f) &* 256 &+ low
        pointers &+= 1
        if pointers > mostPointers {
          text.truncate(to: textStart)
          text.append("<Name contains a pointer that loops>")
          return (end, 1, 0)
        }
        continue
      }
      // The other two patterns of the upper bits are reserved or fell out of use (RFC 6891
      // section 5).
      guard length & 0xc0 == 0 else { return nil }
      at &+= 1
      if length == 0 { break }
      guard at &+ length <= message.byteCount else { return nil }
      octets &+= length &+ 1
      if octets <= 254 {
        if labels > 0 { text.append(byte: 46) }
        for offset in at..<at &+ length {
          text.appendEscaped(message.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
      }
      at &+= length
      labels &+= 1
    }
    if end < 0 { end = at }
    if octets > 254 {
      // RFC 1035 2.3.4: names have 255 octets or less.
      text.truncate(to: textStart)
      text.append("<Name too long>")
      return (end, 1, 0)
    }
    if labels == 0 {
      text.append("<Root>")
    }
    return (end, labels, octets &- 1)
  }
}

extension TextBuffer {
  /// An octet of foreign text: as it is when printable ASCII, otherwise escaped as in C, so that
  /// no terminal acts on it.
  mutating func appendEscaped(_ octet: UInt8) {
    switch octet {
    case 0x20...0x5b, 0x5d...0x7e: append(byte: octet)
    case 0x5c: append("\\\\")
    case 0x07: append("\\a")
    case 0x08: append("\\b")
    case 0x09: append("\\t")
    case 0x0a: append("\\n")
    case 0x0b: append("\\v")
    case 0x0c: append("\\f")
    case 0x0d: append("\\r")
    case 0x80...: append("\u{FFFD}")
    default:
      append(byte: 0x5c)
      append(byte: 48 + octet >> 6)
      append(byte: 48 + octet >> 3 & 7)
      append(byte: 48 + octet & 7)
    }
  }
}

import PacketCore

/// A domain name in a message. RFC 1035 section 3.1, compression section 4.1.4.
struct DNSName {
  /// The labels with dots between them, "<Root>" for the root, as Wireshark writes it.
  private(set) var text: String
  /// Offset of what follows the name where it began.
  private(set) var end: Int
  /// Labels, the root not counted.
  private(set) var labels: Int
  /// Octets of the text.
  var length: Int { labels == 0 ? 0 : text.utf8.count }

  /// Nil where the name runs out of the message, loops or is longer than a name may be.
  init?(in message: [UInt8], at start: Int) {
    var buffer = TextBuffer(capacity: 64)
    guard let walk = DNSName.walk(message.span.bytes, from: start, base: 0, into: &buffer) else {
      return nil
    }
    text = buffer.string
    end = walk.end
    labels = walk.labels
  }

  /// Goes along a name and writes it.
  ///
  /// - Parameters:
  ///   - start: Offset of the name's first octet in `message`.
  ///   - base: Offset of the message's first octet, which pointers count from.
  /// - Returns: The offset behind the name where it began, and how many labels it has; nil where
  ///   the name runs out of the message, points forward or is longer than a name may be.
  static func walk(
    _ message: RawSpan, from start: Int, base: Int, into text: inout TextBuffer
  ) -> (end: Int, labels: Int)? {
    var at = start
    var end = -1
    var labels = 0
    var octets = 0
    var lowest = start
    while true {
      guard at >= 0, at < message.byteCount else { return nil }
      let length = Int(message.unsafeLoad(fromByteOffset: at, as: UInt8.self))
      if length & 0xc0 == 0xc0 {
        guard at &+ 1 < message.byteCount else { return nil }
        let low = Int(message.unsafeLoad(fromByteOffset: at &+ 1, as: UInt8.self))
        let target = base &+ (length & 0x3f) &* 256 &+ low
        if end < 0 { end = at &+ 2 }
        // RFC 1035 4.1.4: a pointer names "a prior occurance"; only ever going back ends every
        // loop.
        guard target < lowest else { return nil }
        lowest = target
        at = target
        continue
      }
      // The other two upper bit patterns are reserved or were never used (RFC 6891 section 5).
      guard length & 0xc0 == 0 else { return nil }
      at &+= 1
      if length == 0 { break }
      octets &+= length &+ 1
      // RFC 1035 2.3.4: names have 255 octets or less.
      guard octets <= 254, at &+ length <= message.byteCount else { return nil }
      if labels > 0 { text.append(byte: 46) }
      for offset in at..<at &+ length {
        let octet = message.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        text.appendPrintable(octet)
      }
      at &+= length
      labels &+= 1
    }
    if end < 0 { end = at }
    if labels == 0 { text.append("<Root>") }
    return (end, labels)
  }
}

extension TextBuffer {
  /// An octet of foreign text: as it is when printable ASCII, otherwise escaped.
  mutating func appendPrintable(_ octet: UInt8) {
    if octet >= 0x20, octet < 0x7f {
      append(byte: octet)
    } else {
      append("\\x")
      append(hex: UInt64(octet), digits: 2)
    }
  }
}

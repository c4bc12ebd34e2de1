import PacketCore

/// Placeholders of binary attachments, `{"_placeholder":true,"num":0}`, in valid JSON text.
enum SocketIOPlaceholders {
  /// Different attachments that placeholders name; nil when one names an attachment that there is
  /// not, or is malformed.
  static func count(_ bytes: RawSpan, _ range: Range<Int>, attachments: UInt32) -> Int? {
    var named: Set<UInt64> = []
    var at = range.lowerBound
    let end = min(range.upperBound, bytes.byteCount)
    // Strings are stepped over, so that text which looks like one is none.
    while at < end {
      let octet = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
      if octet == 0x7b {
        var scanner = JSONScanner(at..<end)
        switch read(bytes, &scanner) {
        case .number(let number):
          guard number < UInt64(attachments) else { return nil }
          named.insert(number)
          at = scanner.position
          continue
        case .malformed: return nil
        case .none: break
        }
      } else if octet == 0x22 {
        var scanner = JSONScanner(at..<end)
        guard scanner.skipString(bytes) else { return named.count }
        at = scanner.position
        continue
      }
      at &+= 1
    }
    return named.count
  }

  private enum Found { case none, malformed, number(UInt64) }

  /// Whether the object that is next is a placeholder. At most a few members are looked at: a
  /// placeholder has two.
  private static func read(_ bytes: RawSpan, _ scanner: inout JSONScanner) -> Found {
    guard scanner.enterObject(bytes) else { return .none }
    var isFirst = true
    var isPlaceholder = false
    var number: UInt64?
    for _ in 0..<3 {
      guard let name = scanner.nextMember(bytes, &isFirst) else { break }
      let start = scanner.position
      // A container in it is no placeholder's, and would be read again and again.
      let octet = scanner.peek(bytes)
      if octet == 0x7b || octet == 0x5b { return .none }
      guard scanner.skipValue(bytes) else { return .none }
      let place = start..<scanner.position
      if bytes.holds("_placeholder", at: name) {
        isPlaceholder = bytes.holds("true", at: place)
      } else if bytes.holds("num", at: name) {
        number = bytes.decimal(place)
      }
    }
    guard isPlaceholder else { return .none }
    guard let number else { return .malformed }
    return .number(number)
  }
}

import PacketCore

extension SocketIOContent {
  /// Reads an event in the form that nearly all have, in one go: `["name",{"key":"text","key":12}]`
  /// without whitespace, escapes, nesting or anything but ASCII. What it accepts is valid JSON, and
  /// it finds what the general reader would; names long enough for a Fernet token are left to that
  /// one.
  ///
  /// - Returns: False for any other text, of which nothing is taken then.
  @inline(__always)
  mutating func readPlain(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    let (start, end) = (range.lowerBound, range.upperBound)
    guard end &- start >= 8, end <= bytes.byteCount, Self.pair(bytes, start) == 0x225b,
      Self.pair(bytes, end &- 2) == 0x5d7d
    else { return false }
    // The object's closing bracket: every octet looked at below lies before it or is it.
    let last = end &- 2
    let name = start &+ 2..<JSONScanner.plainEnd(bytes, from: start &+ 2, to: last)
    guard name.upperBound &+ 2 < end, name.count < FernetCandidates.shortest,
      Self.octet(bytes, name.upperBound) == 0x22,
      Self.pair(bytes, name.upperBound &+ 1) == 0x7b2c
    else { return false }
    let first = name.upperBound &+ 2
    let kind = ChatParts.kind(bytes, TextPlace(name))
    guard readMembers(bytes, from: first &+ 1, to: last, kind) else { return false }
    event = TextPlace(name)
    arguments = TextPlace(first..<last &+ 1)
    argumentCount = 1
    isContainer = true
    if Self.isReserved(bytes, name) { defect = .reservedEvent }
    return true
  }

  /// - Parameter last: Place of the bracket that closes the object.
  @inline(__always)
  private mutating func readMembers(
    _ bytes: RawSpan, from start: Int, to last: Int, _ kind: Chat.Kind
  ) -> Bool {
    var parts = ChatParts()
    var isError = false
    var hasToken = false
    var at = start
    while at < last {
      guard Self.octet(bytes, at) == 0x22 else { return false }
      let key = at &+ 1..<JSONScanner.plainEnd(bytes, from: at &+ 1, to: last)
      guard key.upperBound < last, key.count < FernetCandidates.shortest,
        Self.pair(bytes, key.upperBound) == 0x3a22
      else { return false }
      let value = key.upperBound &+ 2
      guard value < last else { return false }
      switch Self.octet(bytes, value) {
      case 0x22:
        let text = value &+ 1..<JSONScanner.plainEnd(bytes, from: value &+ 1, to: last)
        guard text.upperBound < last, Self.octet(bytes, text.upperBound) == 0x22 else {
          return false
        }
        if kind != .none, key.count >= 4, key.count <= 7 {
          parts.take(bytes, key, text, &isError)
        }
        if text.count >= FernetCandidates.shortest,
          Fernet.begins(bytes, at: text.lowerBound, text.upperBound)
        {
          hasToken = true
        }
        at = text.upperBound &+ 1
      case 0x31...0x39:
        at = value &+ 1
        while at < last, Self.octet(bytes, at) &- 0x30 < 10 { at &+= 1 }
      default: return false
      }
      if at == last { break }
      // A comma, and something behind it.
      guard Self.octet(bytes, at) == 0x2c, at &+ 1 < last else { return false }
      at &+= 1
    }
    if kind != .none { parts.settle(bytes, kind, isError) }
    chat = parts
    self.hasToken = hasToken
    return true
  }

  @inline(__always)
  private static func octet(_ bytes: RawSpan, _ at: Int) -> UInt8 {
    bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
  }

  /// Two octets, the first in the lower half.
  @inline(__always)
  private static func pair(_ bytes: RawSpan, _ at: Int) -> UInt16 {
    UInt16(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt16.self))
  }
}

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
    guard _fastPath(end &- start >= 8 && end >= 16 && end <= bytes.byteCount),
      _fastPath(Self.pair(bytes, start) == 0x225b && Self.pair(bytes, end &- 2) == 0x5d7d)
    else { return false }
    // The object's closing bracket: every octet looked at below lies before it or is it. Of the
    // places where strings stop each must be a quote that the form has there.
    let last = end &- 2
    var stops = StopPlaces(from: start &+ 2, to: end)
    let name = start &+ 2..<stops.next(bytes)
    let first = name.upperBound &+ 2
    guard _fastPath(first < last && name.count < FernetCandidates.shortest) else { return false }
    let kind = ChatParts.kind(bytes, TextPlace(name))
    switch Self.long(bytes, name.upperBound) {
    case 0x227b_2c22:  // ",{"
      guard stops.next(bytes) == first &+ 1,
        readMembers(bytes, from: first &+ 1, to: last, end, kind, stops)
      else { return false }
    case 0x7d7b_2c22:  // ",{}
      guard first &+ 1 == last, stops.next(bytes) == end else { return false }
      chat.settle(bytes, kind, false)
    default: return false
    }
    event = TextPlace(name)
    arguments = TextPlace(first..<last &+ 1)
    argumentCount = 1
    isContainer = true
    isPlain = true
    if kind == .none, Self.isReserved(bytes, name) { defect = .reservedEvent }
    return true
  }

  /// - Parameters:
  ///   - start: Place of the first name's opening quote, which `stops` has passed.
  ///   - last: Place of the bracket that closes the object.
  ///   - end: End of the text: where `stops` ends.
  @inline(__always)
  private mutating func readMembers(
    _ bytes: RawSpan, from start: Int, to last: Int, _ end: Int, _ kind: Chat.Kind,
    _ places: StopPlaces
  ) -> Bool {
    var stops = places
    // Where it will stand: a copy would have to wait for each of its parts.
    chat = ChatParts()
    var isError = false
    var hasToken = false
    var key = start &+ 1
    // Numbers, not ranges, which would be checked again.
    while true {
      let keyEnd = stops.next(bytes)
      let value = keyEnd &+ 2
      guard _fastPath(value < last && keyEnd &- key < FernetCandidates.shortest),
        _fastPath(Self.pair(bytes, keyEnd) == 0x3a22)
      else { return false }
      var next = stops.next(bytes)
      let behind: Int
      if next == value {
        let text = value &+ 1
        let textEnd = stops.next(bytes)
        guard _fastPath(textEnd < last),
          _fastPath(Self.octet(bytes, value) == 0x22 && Self.octet(bytes, textEnd) == 0x22)
        else { return false }
        if kind != .none, keyEnd &- key >= 4, keyEnd &- key <= 7 {
          chat.take(
            bytes, Range(uncheckedBounds: (key, keyEnd)), Range(uncheckedBounds: (text, textEnd)),
            &isError)
        }
        if textEnd &- text >= FernetCandidates.shortest,
          Fernet.begins(bytes, at: text, textEnd)
        {
          hasToken = true
        }
        behind = textEnd &+ 1
        next = stops.next(bytes)
      } else {
        // A number reaches to the comma before the next name, or to the bracket.
        behind = next == end ? last : next &- 1
        guard Self.isNumber(bytes, value, behind) else { return false }
      }
      if next == end {
        guard behind == last else { return false }
        break
      }
      guard _fastPath(next == behind &+ 1), _fastPath(Self.pair(bytes, behind) == 0x222c) else {
        return false
      }
      key = next &+ 1
    }
    if kind != .none { chat.settle(bytes, kind, isError) }
    self.hasToken = hasToken
    return true
  }

  /// Whether these are the digits of a number up to 16 of them long, without a zero in front.
  @inline(__always)
  private static func isNumber(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    let count = end &- start
    guard count >= 1, count <= 16, end >= 16 else { return false }
    if count <= 8 {
      // The last eight octets, of which those before the first digit are put aside.
      let aside = UInt64(truncatingIfNeeded: (8 &- count) &* 8)
      let last = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(
          fromUncheckedByteOffset: end &- 8, as: UInt64.self))
      guard wrong(last) &>> aside == 0 else { return false }
    } else {
      let first = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self))
      let last = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(
          fromUncheckedByteOffset: end &- 8, as: UInt64.self))
      guard wrong(first) | wrong(last) == 0 else { return false }
    }
    return count == 1 || octet(bytes, start) != 0x30
  }

  /// Bits in each octet that is no digit: a digit has 3 in its upper half, and still has it when 6 is
  /// added.
  @inline(__always)
  private static func wrong(_ octets: UInt64) -> UInt64 {
    let upper: UInt64 = 0xf0f0_f0f0_f0f0_f0f0
    let sixes: UInt64 = 0x0606_0606_0606_0606
    return (octets & upper ^ 0x3030_3030_3030_3030) | (((octets & ~upper) &+ sixes) & upper)
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

  /// Four octets, the first lowest.
  @inline(__always)
  private static func long(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    UInt32(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self))
  }
}

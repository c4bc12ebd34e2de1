import PacketCore

/// Where the members of a crafted message's plaintext have their values. A receiver reads them from
/// everybody, so they are found in one go and nothing is built that is not kept.
struct CraftedMembers {
  /// The members that are known, named as in the text.
  enum Name: Int, CaseIterable {
    case v, kind, id, sender, room, text, part, parts, isn, seq, ordered, reason, found, expected

    /// The name's octets, at most eight of them, as one number.
    var word: UInt64 {
      switch self {
      case .v: 0x76
      case .kind: 0x6b69_6e64
      case .id: 0x6964
      case .sender: 0x7365_6e64_6572
      case .room: 0x726f_6f6d
      case .text: 0x7465_7874
      case .part: 0x7061_7274
      case .parts: 0x70_6172_7473
      case .isn: 0x69_736e
      case .seq: 0x73_6571
      case .ordered: 0x6f_7264_6572_6564
      case .reason: 0x7265_6173_6f6e
      case .found: 0x66_6f75_6e64
      case .expected: 0x6578_7065_6374_6564
      }
    }

    init?(_ bytes: RawSpan, _ range: Range<Int>) {
      guard range.count <= 8 else { return nil }
      var word: UInt64 = 0
      for place in range {
        word = word &<< 8 | UInt64(bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self))
      }
      guard let name = Self.allCases.first(where: { $0.word == word }) else { return nil }
      self = name
    }
  }

  /// The octets of a value as they stand in the text; empty when there is none.
  struct Value: BitwiseCopyable {
    var start = 0
    var end = 0
  }

  private var values = InlineArray<14, Value>(repeating: Value())

  subscript(name: Name) -> Value { values[name.rawValue] }

  /// Finds the members; of several with one name the first counts.
  init(_ bytes: RawSpan) throws(CraftedMessage.Fault) {
    var scanner = JSONScanner(0..<bytes.byteCount)
    // Validates everything, depth included, before anything is looked at.
    guard scanner.skipValue(bytes), scanner.isAtEnd(bytes) else {
      throw .json(at: scanner.position)
    }
    scanner = JSONScanner(0..<bytes.byteCount)
    guard scanner.enterObject(bytes) else { throw .json(at: 0) }
    var isFirst = true
    while let range = scanner.nextMember(bytes, &isFirst) {
      let start = scanner.position
      guard scanner.skipValue(bytes) else { throw .json(at: scanner.position) }
      guard let name = Name(bytes, range), values[name.rawValue].isEmpty else { continue }
      values[name.rawValue] = Value(start: start, end: scanner.position)
    }
  }
}

extension CraftedMembers.Value {
  var isEmpty: Bool { end == start }

  private func octet(_ bytes: RawSpan, _ place: Int) -> UInt8 {
    bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
  }

  /// The octets between the quotes; nil when it is no string.
  private func inside(_ bytes: RawSpan) -> Range<Int>? {
    isEmpty || octet(bytes, start) != 0x22 ? nil : start &+ 1..<end &- 1
  }

  /// The text of a string.
  func string(_ bytes: RawSpan) -> String? {
    guard let range = inside(bytes) else { return nil }
    let raw = bytes.extracting(range)
    // Most strings are as they are written.
    guard raw.withUnsafeBytes({ !$0.contains(0x5c) }) else {
      return JSONText.decode(bytes, range)
    }
    return raw.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether it is a string with this text, written without escapes.
  func isString(_ bytes: RawSpan, _ text: StaticString) -> Bool {
    inside(bytes).map { Self.equal(bytes, $0, text) } ?? false
  }

  /// Whether it is this name, or this number, to the letter.
  func isLiteral(_ bytes: RawSpan, _ text: StaticString) -> Bool {
    Self.equal(bytes, start..<end, text)
  }

  private static func equal(_ bytes: RawSpan, _ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    return bytes.extracting(range).withUnsafeBytes {
      $0.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
  }

  /// A whole number that is not negative, written in digits.
  func number(_ bytes: RawSpan) -> UInt64? {
    guard !isEmpty else { return nil }
    var number: UInt64 = 0
    for place in start..<end {
      let digit = octet(bytes, place) &- 0x30
      guard digit < 10 else { return nil }
      let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, isTooLarge2) = tens.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLarge2 else { return nil }
      number = sum
    }
    return number
  }

  /// A message's id: 32 hexadecimal digits.
  func id(_ bytes: RawSpan) -> CraftedMessage.ID? {
    guard let range = inside(bytes), range.count == 32 else { return nil }
    var id = CraftedMessage.ID.none
    for place in range {
      guard let digit = JSONText.hexValue(octet(bytes, place)) else { return nil }
      let isHigh = place &- range.lowerBound < 16
      if isHigh { id.high = id.high &<< 4 | UInt64(digit) }
      if !isHigh { id.low = id.low &<< 4 | UInt64(digit) }
    }
    return id
  }
}

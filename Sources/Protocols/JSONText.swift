import PacketCore

/// Strings of JSON text, decoded when somebody asks, and written.
public enum JSONText {
  /// The value of a hexadecimal digit; nil for any other octet.
  @inline(__always)
  static func hexValue(_ octet: UInt8) -> UInt8? {
    switch octet {
    case 0x30...0x39: octet &- 0x30
    case 0x41...0x46: octet &- 0x37
    case 0x61...0x66: octet &- 0x57
    default: nil
    }
  }

  /// The text of a string, escapes undone.
  ///
  /// - Parameter range: The octets between the quotes, as a `JSONScanner` found them. A surrogate
  ///   without its other half becomes U+FFFD.
  public static func decode(_ bytes: RawSpan, _ range: Range<Int>) -> String {
    String(decoding: octets(bytes, range), as: UTF8.self)
  }

  /// The same as UTF-8 octets.
  public static func octets(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var at = range.lowerBound
    let end = min(range.upperBound, bytes.byteCount)
    func octet(_ at: Int) -> UInt8 { bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self) }
    func unit(_ at: Int) -> UInt32? {
      guard at &+ 6 <= end, octet(at) == 0x5c, octet(at &+ 1) == 0x75 else { return nil }
      var value: UInt32 = 0
      for place in at &+ 2..<at &+ 6 {
        guard let digit = hexValue(octet(place)) else { return nil }
        value = value &<< 4 | UInt32(digit)
      }
      return value
    }
    while at < end {
      let next = octet(at)
      guard next == 0x5c, at &+ 1 < end else {
        text.append(next)
        at &+= 1
        continue
      }
      switch octet(at &+ 1) {
      case 0x62: text.append(8)
      case 0x66: text.append(12)
      case 0x6e: text.append(10)
      case 0x72: text.append(13)
      case 0x74: text.append(9)
      case 0x75:
        var value = unit(at) ?? 0xfffd
        at &+= 4
        // RFC 8259 section 7: characters beyond U+FFFF are two escapes, a surrogate pair.
        if value &>> 10 == 0x36, let low = unit(at &+ 2), low &>> 10 == 0x37 {
          value = 0x10000 &+ (value & 0x3ff) &<< 10 &+ (low & 0x3ff)
          at &+= 6
        }
        let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
        text.append(
          contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
      case let other: text.append(other)
      }
      at &+= 2
    }
    return text
  }
}

/// JSON text in the making, without insignificant whitespace.
public struct JSONWriter: Sendable {
  /// What was written so far, UTF-8.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// Octets that are JSON text already, or punctuation.
  public mutating func write(raw octets: some Sequence<UInt8>) {
    bytes.append(contentsOf: octets)
  }

  /// Punctuation or one of the three names.
  public mutating func write(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// A whole number.
  public mutating func write(_ number: some FixedWidthInteger) {
    bytes.append(contentsOf: String(number).utf8)
  }

  /// A string with its quotes, escaped as far as RFC 8259 section 7 asks for: quotation mark,
  /// backslash and control characters.
  public mutating func write(string text: String) { write(string: text.utf8) }

  /// A string of UTF-8 octets.
  public mutating func write(string octets: some Sequence<UInt8>) {
    bytes.append(0x22)
    for octet in octets {
      switch octet {
      case 0x22, 0x5c: bytes += [0x5c, octet]
      case 8: bytes += [0x5c, 0x62]
      case 9: bytes += [0x5c, 0x74]
      case 10: bytes += [0x5c, 0x6e]
      case 12: bytes += [0x5c, 0x66]
      case 13: bytes += [0x5c, 0x72]
      case ..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        bytes += [0x5c, 0x75, 0x30, 0x30, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
      default: bytes.append(octet)
      }
    }
    bytes.append(0x22)
  }
}

extension Field {
  /// Texts that stand in JSON, each at its place.
  ///
  /// - Parameters:
  ///   - isVerbatim: The JSON text as it stands; otherwise the octets between the quotes of a string,
  ///     escapes undone.
  ///   - each: Calls its last argument once a text, with its place in the buffer.
  static func texts(
    _ name: String, _ title: String, isVerbatim: Bool = false,
    _ each:
      @escaping @Sendable (Value, RawSpan, LayerRecord, borrowing Dissection, (Range<Int>) -> Void)
      ->
      Void
  ) -> Field {
    .list(
      name, title, .string,
      in: { value, bytes, record, dissection, add in
        let start = Int(record.start)
        each(value, bytes, record, dissection) { range in
          guard range.upperBound <= bytes.byteCount, range.lowerBound >= start else { return }
          let text =
            isVerbatim
            ? String(decoding: [UInt8](bytes.extracting(range)), as: UTF8.self)
            : JSONText.decode(bytes, range)
          add(.string(text), range.lowerBound - start..<range.upperBound - start)
        }
      })
  }
}

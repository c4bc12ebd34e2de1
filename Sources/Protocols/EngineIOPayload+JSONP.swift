import PacketCore

/// Long polling for pages that can load nothing but scripts (`j=0` in the query): the response calls a
/// function with the body as its argument, and the request is a form that has the body as its field
/// `d`. engine.io and python-engineio speak it; revision 4 of the protocol no longer describes it.
///
/// ```
/// ___eio[0]("0{\"sid\":\"abc\"}");          d=40%1E42%5B%22message%22%5D
/// ```
extension EngineIOPayload {
  /// The body in a call.
  ///
  /// - Parameter place: Where the call stands.
  /// - Returns: Nil for anything but one call with one string.
  public static func body(ofCall bytes: RawSpan, _ place: Range<Int>) -> [UInt8]? {
    bytes.withUnsafeBytes { octets in
      var reader = CallReader(octets, place)
      return reader.body()
    }
  }

  /// The call of a function that carries a body, as engine.io writes it.
  ///
  /// - Parameter index: The request's `j`.
  public static func call(_ body: [UInt8], index: Int) -> [UInt8] {
    var call = Array("___eio[\(index)](\"".utf8)
    for scalar in String(decoding: body, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\"": call += Array("\\\"".utf8)
      case "\\": call += Array("\\\\".utf8)
      case "\n": call += Array("\\n".utf8)
      case "\r": call += Array("\\r".utf8)
      // Before ECMAScript 2019 these ended a line, and so the string.
      case "\u{2028}": call += Array("\\u2028".utf8)
      case "\u{2029}": call += Array("\\u2029".utf8)
      case "\0"..."\u{1f}":
        call += Array("\\u00".utf8)
        call += [0x30 + UInt8(scalar.value >> 4), hexDigits[Int(scalar.value & 15)]]
      default: call += Array(String(scalar).utf8)
      }
    }
    return call + Array("\");".utf8)
  }

  /// The body in a form.
  ///
  /// - Parameter place: Where the form stands.
  /// - Returns: Nil for a form without `d`, or whose escapes are none.
  public static func body(ofForm bytes: RawSpan, _ place: Range<Int>) -> [UInt8]? {
    bytes.withUnsafeBytes { octets in
      var start = place.lowerBound
      while start < place.upperBound {
        let end = octets[start..<place.upperBound].firstIndex(of: 0x26) ?? place.upperBound
        if end - start >= 2, octets[start] == 0x64, octets[start + 1] == 0x3d {
          return decoded(octets, start + 2..<end).map(withLineFeeds)
        }
        start = end + 1
      }
      return nil
    }
  }

  /// The form that carries a body, as engine.io's client fills it in.
  public static func form(_ body: [UInt8]) -> [UInt8] {
    var form = Array("d=".utf8)
    for (position, octet) in body.enumerated() {
      switch octet {
      case 0x0a: form += Array("%5Cn".utf8)
      case 0x5c where position + 1 < body.count && body[position + 1] == 0x6e:
        form += Array("%5C%5C".utf8)
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x2a: form.append(octet)
      case 0x20: form.append(0x2b)
      default: form += [0x25, hexDigits[Int(octet >> 4)], hexDigits[Int(octet & 15)]]
      }
    }
    return form
  }

  private static let hexDigits = Array("0123456789ABCDEF".utf8)

  /// Percent escapes undone, `+` for a blank.
  private static func decoded(
    _ octets: UnsafeRawBufferPointer, _ value: Range<Int>
  ) -> [UInt8]? {
    var text: [UInt8] = []
    text.reserveCapacity(value.count)
    var at = value.lowerBound
    while at < value.upperBound {
      switch octets[at] {
      case 0x2b: text.append(0x20)
      case 0x25:
        guard at + 2 < value.upperBound, let high = JSONText.hexValue(octets[at + 1]),
          let low = JSONText.hexValue(octets[at + 2])
        else { return nil }
        text.append(high << 4 | low)
        at += 2
      case let octet: text.append(octet)
      }
      at += 1
    }
    return text
  }

  /// Browsers change line ends in forms, so engine.io's client writes a line feed as `\n`, and what
  /// was `\n` before as `\\n`.
  private static func withLineFeeds(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(0x5c) else { return text }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var at = 0
    func holds(_ octet: UInt8, _ place: Int) -> Bool { place < text.count && text[place] == octet }
    while at < text.count {
      if text[at] == 0x5c, holds(0x5c, at + 1), holds(0x6e, at + 2) {
        result += [0x5c, 0x6e]
        at += 3
      } else if text[at] == 0x5c, holds(0x6e, at + 1) {
        result.append(0x0a)
        at += 2
      } else {
        result.append(text[at])
        at += 1
      }
    }
    return result
  }
}

/// Reads `___eio[N]("…");`, as a script's reader would.
private struct CallReader {
  private let octets: UnsafeRawBufferPointer
  private let end: Int
  private var at: Int

  init(_ octets: UnsafeRawBufferPointer, _ place: Range<Int>) {
    self.octets = octets
    at = place.lowerBound
    end = min(place.upperBound, octets.count)
  }

  mutating func body() -> [UInt8]? {
    skipSpace()
    guard skip("___eio[") else { return nil }
    // engine.io writes the digits of `j`, python-engineio the number.
    while at < end, octets[at] &- 0x30 < 10 { at += 1 }
    guard skip("]("), skip("\""), let body = string(), skip(")") else { return nil }
    _ = skip(";")
    skipSpace()
    return at == end ? body : nil
  }

  private mutating func skipSpace() {
    while at < end, HTTPText.isSpace(octets[at]) || octets[at] == 10 || octets[at] == 13 { at += 1 }
  }

  private mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard at + count <= end, (0..<count).allSatisfy({ octets[at + $0] == text.utf8Start[$0] })
    else { return false }
    at += count
    return true
  }

  /// The string up to its quotation mark, ECMA-262 section 12.9.4: unlike JSON's it may hold control
  /// characters, and any character may be escaped.
  private mutating func string() -> [UInt8]? {
    var text: [UInt8] = []
    text.reserveCapacity(end - at)
    while at < end {
      let octet = octets[at]
      at += 1
      switch octet {
      case 0x22: return text
      case 10, 13: return nil
      case 0x5c: guard escape(&text) else { return nil }
      default: text.append(octet)
      }
    }
    return nil
  }

  private mutating func escape(_ text: inout [UInt8]) -> Bool {
    guard at < end else { return false }
    let octet = octets[at]
    at += 1
    switch octet {
    case 0x62: text.append(8)
    case 0x66: text.append(12)
    case 0x6e: text.append(10)
    case 0x72: text.append(13)
    case 0x74: text.append(9)
    case 0x76: text.append(11)
    case 0x30: text.append(0)
    // A line that goes on with the next.
    case 10: break
    case 13: if at < end, octets[at] == 10 { at += 1 }
    case 0x78:
      guard let value = hex(2) else { return false }
      append(value, &text)
    case 0x75:
      guard var value = hex(4) else { return false }
      // A surrogate pair; half of one becomes U+FFFD.
      let low = at
      if value >> 10 == 0x36, skip("\\u"), let second = hex(4), second >> 10 == 0x37 {
        value = 0x10000 + (value & 0x3ff) << 10 + (second & 0x3ff)
      } else if value >> 10 == 0x36 {
        at = low
      }
      append(value, &text)
    case let other: text.append(other)
    }
    return true
  }

  private mutating func hex(_ count: Int) -> UInt32? {
    guard at + count <= end else { return nil }
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let digit = JSONText.hexValue(octets[at]) else { return nil }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  private func append(_ value: UInt32, _ text: inout [UInt8]) {
    let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
    text.append(
      contentsOf: Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter)
  }
}

/// Strings and character constants.
extension FilterLexer {
  /// The octets of "…", the cursor on the first quote.
  mutating func quoted(raw: Bool) throws(Fault) -> [UInt8] {
    let start = position
    position += 1
    var octets: [UInt8] = []
    while position < text.count {
      let octet = text[position]
      if octet == 34 {
        position += 1
        return octets
      }
      if octet != 92 {
        octets.append(octet)
        position += 1
      } else if raw {
        // A raw string keeps its backslashes; one before a quote keeps that from ending it.
        octets.append(octet)
        position += 1
        if position < text.count {
          octets.append(text[position])
          position += 1
        }
      } else {
        octets += try escape()
      }
    }
    throw Fault("The final quote was missing from a quoted string.", start..<text.count)
  }

  /// The octet of '…', the cursor on the first quote.
  mutating func characterConstant() throws(Fault) -> UInt8 {
    let start = position
    position += 1
    var octets: [UInt8] = []
    while position < text.count, text[position] != 39 {
      if text[position] == 92 {
        octets += try escape()
      } else {
        octets.append(text[position])
        position += 1
      }
    }
    guard position < text.count else {
      throw Fault("The final quote was missing from a character constant.", start..<text.count)
    }
    position += 1
    guard let first = octets.first else {
      throw Fault("Empty character constant.", start..<position)
    }
    guard octets.count == 1 else {
      throw Fault(
        "\(string(start..<position)) is too long to be a valid character constant.",
        start..<position)
    }
    return first
  }

  private static let simple: [UInt8: UInt8] = [
    39: 39, 34: 34, 92: 92, 97: 7, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11,
  ]

  /// The octets of one escape sequence, the cursor on the backslash.
  private mutating func escape() throws(Fault) -> [UInt8] {
    let start = position
    position += 1
    let letter = octet()
    if let octet = Self.simple[letter] {
      position += 1
      return [octet]
    }
    switch letter {
    case 120:  // \xHH
      let value = try hexadecimal(from: start, atLeast: 1, atMost: 2)
      return [UInt8(truncatingIfNeeded: value)]
    case 117: return try scalar(hexadecimal(from: start, atLeast: 4, atMost: 4), from: start)
    case 85: return try scalar(hexadecimal(from: start, atLeast: 8, atMost: 8), from: start)
    case 48...55:
      var value: UInt32 = 0
      var digits = 0
      while digits < 3, (48...55).contains(octet()) {
        value = value * 8 + UInt32(octet() - 48)
        digits += 1
        position += 1
      }
      guard value <= 255 else {
        throw Fault("\(string(start..<position)) is larger than 255.", start..<position)
      }
      return [UInt8(value)]
    default:
      var end = min(position + 1, text.count)
      while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
      throw Fault(
        "\(string(start..<end)) is not a valid character escape sequence; "
          + "write \\\\ for a backslash, or r\"…\" for a string that keeps them.", start..<end)
    }
  }

  private mutating func hexadecimal(
    from start: Int, atLeast least: Int, atMost most: Int
  ) throws(Fault) -> UInt32 {
    position += 1
    var value: UInt32 = 0
    var digits = 0
    while digits < most, let digit = hexDigit(octet()), position < text.count {
      value = value << 4 | UInt32(digit)
      digits += 1
      position += 1
    }
    guard digits >= least else {
      throw Fault(
        "\(string(start..<position)) needs \(least) hexadecimal \(least == 1 ? "digit" : "digits").",
        start..<position)
    }
    return value
  }

  private func scalar(_ value: UInt32, from start: Int) throws(Fault) -> [UInt8] {
    guard let scalar = Unicode.Scalar(value) else {
      throw Fault("\(string(start..<position)) is no Unicode character.", start..<position)
    }
    return Array(String(Character(scalar)).utf8)
  }
}

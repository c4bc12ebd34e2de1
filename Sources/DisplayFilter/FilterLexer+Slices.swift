/// What stands in brackets: positions, with a grammar of their own.
extension FilterLexer {
  /// `#2` or `#[1-3,5]`, the cursor after the hash.
  mutating func layerNumbers() throws(Fault) -> [SliceRange] {
    skipSpace()
    if octet() == 91 {
      position += 1
      return try slicePositions()
    }
    let start = position
    // Without brackets a minus is a difference: `tcp.port#1-2`.
    let number = try integer(signed: false)
    guard number > 0 else {
      throw Fault("Layers are counted from 1.", start..<position)
    }
    return [SliceRange(start: number, end: .length(1))]
  }

  /// `a:b`, `a-b`, `a`, `:b`, `a:` and lists of them up to the closing bracket, which is taken.
  mutating func slicePositions() throws(Fault) -> [SliceRange] {
    var ranges: [SliceRange] = []
    while true {
      ranges.append(try slicePosition())
      guard ranges.count <= 256 else {
        throw Fault("A slice has at most 256 parts.", position - 1..<position)
      }
      skipSpace()
      if octet() == 44 {
        position += 1
        continue
      }
      guard octet() == 93 else { throw unexpectedInSlice() }
      position += 1
      return ranges
    }
  }

  private func unexpectedInSlice() -> Fault {
    guard position < text.count else {
      return Fault("Unexpected end of filter expression.", position..<position)
    }
    var end = position + 1
    while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
    return Fault(
      "\"\(string(position..<end))\" was not expected in a slice; "
        + "write [start:length], [first-last], [index], [:length] or [start:].", position..<end)
  }

  private mutating func slicePosition() throws(Fault) -> SliceRange {
    skipSpace()
    let start = position
    if octet() == 58 {
      position += 1
      return SliceRange(start: 0, end: .length(try length(after: 0, from: start)))
    }
    let first = try integer(signed: true)
    skipSpace()
    switch octet() {
    case 58:
      position += 1
      skipSpace()
      if octet() == 93 || octet() == 44 { return SliceRange(start: first, end: .rest) }
      return SliceRange(start: first, end: .length(try length(after: first, from: start)))
    case 45:
      position += 1
      let last = try integer(signed: true)
      guard first < 0 || last < 0 || last >= first, first >= 0 || last >= 0 || last >= first else {
        throw Fault(
          "Range \(first)-\(last) isn't valid because \(first) is greater than \(last).",
          start..<position)
      }
      return SliceRange(start: first, end: .through(last))
    default: return SliceRange(start: first, end: .length(1))
    }
  }

  private mutating func length(after first: Int, from start: Int) throws(Fault) -> Int {
    let length = try integer(signed: true)
    guard length > 0 else {
      throw Fault(
        "Range \(first):\(length) isn't valid because length \(length) isn't positive.",
        start..<position)
    }
    return length
  }

  /// A decimal or hexadecimal number below 2^31.
  private mutating func integer(signed: Bool) throws(Fault) -> Int {
    skipSpace()
    let start = position
    let isNegative = signed && octet() == 45
    if isNegative { position += 1 }
    let digits = position
    while hexDigit(octet()) != nil || octet() | 0x20 == 120 { position += 1 }
    guard position > digits else { throw unexpectedInSlice() }
    let word = string(digits..<position)
    guard let value = wholeNumber(word), value <= 0x7fff_ffff else {
      throw Fault("\"\(word)\" is not a valid position.", start..<position)
    }
    return isNegative ? -Int(value) : Int(value)
  }
}

/// The value of a number in decimal, hexadecimal (`0x`), octal (`0`) or binary (`0b`); nil for
/// anything else and for what does not fit 64 bits.
func wholeNumber(_ word: some StringProtocol) -> UInt64? {
  let octets = Array(word.utf8)
  guard let first = octets.first, (48...57).contains(first) else { return nil }
  if first == 48, octets.count > 1 {
    switch octets[1] | 0x20 {
    case 120: return UInt64(word.dropFirst(2), radix: 16)
    case 98: return UInt64(word.dropFirst(2), radix: 2)
    default: return UInt64(word.dropFirst(1), radix: 8)
    }
  }
  return UInt64(word, radix: 10)
}

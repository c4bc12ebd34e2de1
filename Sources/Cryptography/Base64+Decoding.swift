extension Base64 {
  /// The octets that text stands for.
  ///
  /// - Throws: `Fault` with the first rule broken and where; a last character with bits to spare
  ///   that are not zero is no fault, but `Decoded.isCanonical` tells.
  public static func decode(
    _ text: RawSpan, _ alphabet: Alphabet = .standard, padding: Padding = .required
  ) throws(Fault) -> Decoded {
    let body = try bodyLength(text, alphabet, padding)
    let whole = body / 4
    let rest = body % 4
    let length = whole &* 3 &+ max(rest &- 1, 0)
    var flaws: UInt32 = 0
    var isCanonical = true
    // One octet more than is needed: groups are put down as words of four octets.
    let octets = [UInt8](unsafeUninitializedCapacity: length &+ 1) { place, count in
      guard let place = UnsafeMutableRawPointer(place.baseAddress) else { return }
      text.withUnsafeBytes { text in
        guard let start = text.baseAddress else { return }
        let values = alphabet == .url ? Base64Tables.urlValues : Base64Tables.standardValues
        flaws = decodeGroups(start, whole, values, to: place)
        guard rest > 1 else { return }
        let tail = start + whole &* 4
        var word = values[Int(tail.load(as: UInt8.self))]
        word |= values[256 &+ Int(tail.load(fromByteOffset: 1, as: UInt8.self))]
        if rest == 3 { word |= values[512 &+ Int(tail.load(fromByteOffset: 2, as: UInt8.self))] }
        flaws |= word
        let end = place + whole &* 3
        end.storeBytes(of: UInt8(truncatingIfNeeded: word &>> 16), as: UInt8.self)
        if rest == 3 {
          (end + 1).storeBytes(of: UInt8(truncatingIfNeeded: word &>> 8), as: UInt8.self)
        }
        isCanonical = word & (rest == 3 ? 0xff : 0xffff) == 0
      }
      count = length
    }
    guard flaws & Base64Tables.wrong == 0 else {
      throw flaw(text, body, alphabet) ?? Fault(rule: .alphabet, offset: 0)
    }
    return Decoded(octets: octets, isCanonical: isCanonical)
  }

  /// The octets that text stands for; as for spans.
  public static func decode(
    _ text: [UInt8], _ alphabet: Alphabet = .standard, padding: Padding = .required
  ) throws(Fault) -> Decoded {
    try decode(text.span.bytes, alphabet, padding: padding)
  }

  /// How many octets text stands for, without making them; nil where it breaks a rule.
  public static func decodedLength(
    of text: RawSpan, _ alphabet: Alphabet = .standard, padding: Padding = .required
  ) -> Int? {
    guard let body = try? bodyLength(text, alphabet, padding), flaw(text, body, alphabet) == nil
    else { return nil }
    return body / 4 &* 3 &+ max(body % 4 &- 1, 0)
  }

  /// - Returns: All words looked up, one over the other: `Base64Tables.wrong` is set if in any.
  private static func decodeGroups(
    _ text: UnsafeRawPointer, _ groups: Int, _ values: UnsafePointer<UInt32>,
    to place: UnsafeMutableRawPointer
  ) -> UInt32 {
    var flaws: UInt32 = 0
    var read = text
    var written = place
    for _ in 0..<groups {
      let characters = UInt32(littleEndian: read.loadUnaligned(as: UInt32.self))
      let word =
        values[Int(characters & 0xff)] | values[256 &+ Int(characters &>> 8 & 0xff)]
        | values[512 &+ Int(characters &>> 16 & 0xff)] | values[768 &+ Int(characters &>> 24)]
      flaws |= word
      written.storeBytes(of: (word &<< 8).bigEndian, as: UInt32.self)
      read += 4
      written += 3
    }
    return flaws
  }

  /// Characters before the padding, when their number and the padding are as they should be.
  private static func bodyLength(
    _ text: RawSpan, _ alphabet: Alphabet, _ padding: Padding
  ) throws(Fault) -> Int {
    let count = text.byteCount
    var body = count
    while body > 0, count &- body < 2,
      text.unsafeLoad(fromByteOffset: body &- 1, as: UInt8.self) == 0x3d
    {
      body &-= 1
    }
    let padded = count &- body
    let rest = body % 4
    // RFC 4648 section 4: one octet at the end is two characters and `==`, two are three and `=`.
    let wanted = (4 &- rest) % 4
    let isRight = rest != 1 && (padded == wanted || padded == 0 && padding == .optional)
    if isRight { return body }
    if let earlier = flaw(text, body, alphabet) { throw earlier }
    if rest == 1 { throw Fault(rule: .length, offset: body) }
    throw Fault(rule: .padding, offset: min(count, body &+ wanted))
  }

  /// The first of `count` characters that is none.
  private static func flaw(_ text: RawSpan, _ count: Int, _ alphabet: Alphabet) -> Fault? {
    let values = alphabet == .url ? Base64Tables.urlValues : Base64Tables.standardValues
    for offset in 0..<count {
      let character = text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      if values[Int(character)] & Base64Tables.wrong != 0 {
        return Fault(rule: character == 0x3d ? .padding : .alphabet, offset: offset)
      }
    }
    return nil
  }
}

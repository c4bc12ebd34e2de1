import PacketCore

/// The options of an IPv4 or TCP header: at most 40 octets, kept in the value itself so that
/// decoding a header allocates nothing. They stand in five words, the first octet in the highest
/// eight bits, so that they are read, compared and searched eight at a time.
public struct HeaderOptions: Sendable, Equatable {
  private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
  /// Octets in use, 0 to 40.
  public private(set) var count: Int

  /// No options.
  @inline(__always)
  public init() { count = 0 }

  /// - Parameter octets: At most 40; what is beyond is left out.
  public init(_ octets: [UInt8]) {
    count = min(octets.count, 40)
    for index in 0..<count { set(octets[index], at: index) }
  }

  /// The same octets and as many zeros (the end of the list) as make whole words of four: what a
  /// header can hold, since its length counts words.
  var padded: HeaderOptions {
    var options = self
    options.count = (count + 3) & ~3
    return options
  }

  /// Reads `count` octets, 0 to 40.
  /// - Throws: `ParseError` when fewer are left.
  @inline(__always)
  init(reading reader: inout ByteReader, count wanted: Int) throws(ParseError) {
    count = 0
    if wanted == 12 {
      // TCP's timestamps and their padding: nearly every segment.
      let (first, second, third) = try reader.read(UInt64.self, UInt16.self, UInt16.self)
      words.0 = first
      words.1 = UInt64(second) &<< 48 | UInt64(third) &<< 32
      count = 12
    } else if wanted > 0 {
      try read(&reader, min(wanted, 40))
    }
  }

  private mutating func read(_ reader: inout ByteReader, _ wanted: Int) throws(ParseError) {
    var index = 0
    while index &+ 8 <= wanted {
      setWord(try reader.read(UInt64.self), at: index / 8)
      index &+= 8
    }
    if index &+ 4 <= wanted {
      setWord(UInt64(try reader.read(UInt32.self)) &<< 32, at: index / 8)
      index &+= 4
    }
    // Options are whole words of four octets, unless the capture cut them.
    while index < wanted {
      set(try reader.read(UInt8.self), at: index)
      index &+= 1
    }
    count = wanted
  }

  func write(to writer: inout ByteWriter) {
    for index in 0..<count { writer.write(self[index]) }
  }

  @inline(__always)
  private func word(_ index: Int) -> UInt64 {
    switch index {
    case 0: words.0
    case 1: words.1
    case 2: words.2
    case 3: words.3
    case 4: words.4
    default: 0
    }
  }

  @inline(__always)
  private mutating func setWord(_ value: UInt64, at index: Int) {
    switch index {
    case 0: words.0 = value
    case 1: words.1 = value
    case 2: words.2 = value
    case 3: words.3 = value
    default: words.4 = value
    }
  }

  private mutating func set(_ octet: UInt8, at index: Int) {
    let shift = UInt64(56 &- (index & 7) &* 8)
    setWord(word(index / 8) | UInt64(octet) &<< shift, at: index / 8)
  }

  /// The octet at `index`, 0 when the options are shorter.
  public subscript(index: Int) -> UInt8 {
    guard index >= 0 else { return 0 }
    return UInt8(truncatingIfNeeded: word(index / 8) &>> UInt64(56 &- (index & 7) &* 8))
  }

  /// The first eight octets, the first of them highest.
  var firstWord: UInt64 { words.0 }
  /// The second eight octets, the first of them highest.
  var secondWord: UInt64 { words.1 }

  /// Compares the octets in use.
  public static func == (left: HeaderOptions, right: HeaderOptions) -> Bool {
    left.count == right.count && left.words == right.words
  }
}

import Glibc

/// Octets as text of 64 characters, RFC 4648, and strictly back again.
public enum Base64 {
  /// Which characters stand for 62 and 63.
  public enum Alphabet: Sendable {
    /// `+` and `/`, RFC 4648 section 4.
    case standard
    /// `-` and `_`, RFC 4648 section 5: base64url.
    case url
  }

  /// Whether the last characters are followed by `=` to a multiple of four.
  public enum Padding: Sendable {
    case required, optional
  }

  /// Why text is not base64.
  public struct Fault: Error, Equatable, Sendable {
    public enum Rule: UInt8, Sendable {
      /// A character outside the alphabet. RFC 4648 section 3.3: "Implementations MUST reject".
      case alphabet
      /// `=` is missing, too many, or followed by something.
      case padding
      /// One character is left over; it stands for six bits, which are no octet.
      case length
    }
    public let rule: Rule
    /// Of the first character that breaks the rule, in octets; the text's end where one is missing.
    public let offset: Int
  }

  /// What text stands for.
  public struct Decoded: Equatable, Sendable {
    public var octets: [UInt8]
    /// False when the bits that the last character has to spare are not zero: other text stands for
    /// the same octets. RFC 4648 section 3.5.
    public var isCanonical: Bool
  }

  /// Characters for so many octets, padding included.
  public static func encodedLength(of count: Int) -> Int { (count &+ 2) / 3 &* 4 }

  /// Octets as text, padded with `=`.
  public static func encode(_ octets: RawSpan, _ alphabet: Alphabet = .standard) -> [UInt8] {
    let length = encodedLength(of: octets.byteCount)
    return [UInt8](unsafeUninitializedCapacity: length) { place, count in
      guard let start = place.baseAddress else { return }
      octets.withUnsafeBytes { write($0, alphabet, to: start) }
      count = length
    }
  }

  /// Octets as text, padded with `=`.
  public static func encode(_ octets: [UInt8], _ alphabet: Alphabet = .standard) -> [UInt8] {
    encode(octets.span.bytes, alphabet)
  }

  /// Whether `text` is what `encode` makes of `octets`.
  public static func isText(
    _ text: RawSpan, of octets: RawSpan, _ alphabet: Alphabet = .standard
  ) -> Bool {
    let length = encodedLength(of: octets.byteCount)
    guard text.byteCount == length else { return false }
    return withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { place in
      guard let start = place.baseAddress else { return length == 0 }
      octets.withUnsafeBytes { write($0, alphabet, to: start) }
      return text.withUnsafeBytes { text in
        text.baseAddress.map { memcmp($0, start, length) == 0 } ?? (length == 0)
      }
    }
  }

  /// Writes the text of `octets` to `place`, which has room for `encodedLength(of:)`.
  static func write(
    _ octets: UnsafeRawBufferPointer, _ alphabet: Alphabet, to place: UnsafeMutableRawPointer
  ) {
    guard let source = octets.baseAddress else { return }
    let pairs = alphabet == .url ? Base64Tables.urlPairs : Base64Tables.standardPairs
    var read = source
    var written = place
    let end = source + octets.count
    while end - read >= 3 {
      let first = Int(read.load(as: UInt8.self))
      let second = Int(read.load(fromByteOffset: 1, as: UInt8.self))
      let third = Int(read.load(fromByteOffset: 2, as: UInt8.self))
      let upper = UInt32(pairs[first &<< 4 | second &>> 4])
      let lower = UInt32(pairs[(second & 15) &<< 8 | third])
      written.storeBytes(of: (upper | lower &<< 16).littleEndian, as: UInt32.self)
      read += 3
      written += 4
    }
    guard read < end else { return }
    let hasTwo = end - read == 2
    let first = Int(read.load(as: UInt8.self))
    let second = hasTwo ? Int(read.load(fromByteOffset: 1, as: UInt8.self)) : 0
    let upper = UInt32(pairs[first &<< 4 | second &>> 4])
    let lower = UInt32(pairs[(second & 15) &<< 8])
    let padding: UInt32 = hasTwo ? lower & 0xff | 0x3d00 : 0x3d3d
    written.storeBytes(of: (upper | padding &<< 16).littleEndian, as: UInt32.self)
  }
}

/// What the loops look up, made once and never freed.
enum Base64Tables {
  /// For each twelve bits their two characters, the first in the lower octet.
  nonisolated(unsafe) static let standardPairs = makePairs(.standard)
  nonisolated(unsafe) static let urlPairs = makePairs(.url)
  /// Four times 256 words: for each character, as the first to the fourth of its group, its bits in
  /// their place among the group's 24; `wrong` for what is no character.
  nonisolated(unsafe) static let standardValues = makeValues(.standard)
  nonisolated(unsafe) static let urlValues = makeValues(.url)
  static let wrong: UInt32 = 1 << 31

  private static func characters(_ alphabet: Base64.Alphabet) -> [UInt8] {
    Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
      + Array((alphabet == .url ? "-_" : "+/").utf8)
  }

  private static func makePairs(_ alphabet: Base64.Alphabet) -> UnsafePointer<UInt16> {
    let characters = characters(alphabet)
    let table = UnsafeMutablePointer<UInt16>.allocate(capacity: 4096)
    for value in 0..<4096 {
      table[value] = UInt16(characters[value >> 6]) | UInt16(characters[value & 63]) << 8
    }
    return UnsafePointer(table)
  }

  private static func makeValues(_ alphabet: Base64.Alphabet) -> UnsafePointer<UInt32> {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 1024)
    table.initialize(repeating: wrong, count: 1024)
    for (value, character) in characters(alphabet).enumerated() {
      for place in 0..<4 {
        table[place * 256 + Int(character)] = UInt32(value) << UInt32(18 - 6 * place)
      }
    }
    return UnsafePointer(table)
  }
}

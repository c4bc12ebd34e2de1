/// The options of pcapng blocks (draft-ietf-opsawg-pcapng, section 3.5): code and length of 16 bits
/// in the section's byte order, then the value, padded to 32 bits.
enum PcapngOption {
  static let end: UInt16 = 0
  static let comment: UInt16 = 1

  static let userApplication: UInt16 = 4  // Section header block

  static let interfaceName: UInt16 = 2  // Interface description block
  static let interfaceDescription: UInt16 = 3
  static let timeResolution: UInt16 = 9
  static let interfaceFilter: UInt16 = 11
  static let timeOffset: UInt16 = 14

  static let statisticsReceived: UInt16 = 4  // Interface statistics block
  static let statisticsDropped: UInt16 = 5

  /// Calls `body` with each option up to `opt_endofopt` or the end of the octets.
  ///
  /// - Parameters:
  ///   - octets: A block's options and nothing else.
  ///   - body: Takes the code and the range of the value in `octets`.
  /// - Returns: False when an option reaches beyond the octets.
  @discardableResult
  static func forEach(
    in octets: RawSpan, bigEndian: Bool, _ body: (_ code: UInt16, _ value: Range<Int>) -> Void
  ) -> Bool {
    var offset = 0
    while octets.byteCount - offset >= 4 {
      let code = octets.load(UInt16.self, at: offset, bigEndian: bigEndian)
      let length = Int(octets.load(UInt16.self, at: offset + 2, bigEndian: bigEndian))
      offset += 4
      if code == end { return true }
      guard length <= octets.byteCount - offset else { return false }
      body(code, offset..<(offset + length))
      offset += (length + 3) & ~3
    }
    return true
  }

  /// A value that is text, of at most `limit` octets.
  static func text(_ octets: RawSpan, _ range: Range<Int>, limit: Int = 65_535) -> String {
    let range = range.lowerBound..<min(range.upperBound, range.lowerBound + limit)
    // "not zero-terminated", but writers that end them so are not rare.
    return octets.extracting(range).withUnsafeBytes { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// The value for a text; one that does not fit the 16 bits of a length is cut between characters.
  static func text(_ text: String) -> [UInt8] {
    let value = Array(text.utf8)
    guard value.count > 65_000 else { return value }
    var end = 65_000
    // UTF-8 goes on with octets 10xxxxxx.
    while end > 0, value[end] & 0xC0 == 0x80 { end -= 1 }
    return Array(value[..<end])
  }
}

extension RawSpan {
  /// An integer at an offset that the caller has checked.
  @inline(__always)
  func load<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, at offset: Int, bigEndian: Bool
  ) -> T {
    let value = unsafeLoadUnaligned(fromByteOffset: offset, as: T.self)
    return bigEndian ? T(bigEndian: value) : T(littleEndian: value)
  }
}

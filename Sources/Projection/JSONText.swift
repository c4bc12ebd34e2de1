import PacketCore

extension TextBuffer {
  /// A JSON string: quoted, escaped, always well-formed UTF-8. RFC 8259 section 7.
  @_disfavoredOverload
  public mutating func append(json string: String) {
    var string = string
    string.withUTF8 { append(json: UnsafeRawBufferPointer($0)) }
  }

  /// Another buffer's text as a JSON string.
  public mutating func append(json other: borrowing TextBuffer) {
    append("\"")
    other.withBytes { appendEscaped($0) }
    append("\"")
  }

  /// UTF-8 as a JSON string; what is ill-formed becomes U+FFFD.
  public mutating func append(json bytes: UnsafeRawBufferPointer) {
    append("\"")
    appendEscaped(bytes)
    append("\"")
  }

  /// Turns what was written after `start` into a JSON string.
  mutating func quoteJSON(from start: Int) {
    let tail = withBytes { bytes in
      String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start...]), as: UTF8.self)
    }
    truncate(to: start)
    append(json: tail)
  }

  /// Runs of octets that stand for themselves are copied whole; most texts are one such run.
  private mutating func appendEscaped(_ bytes: UnsafeRawBufferPointer) {
    var run = 0
    var at = 0
    while at < bytes.count {
      if at &+ 8 <= bytes.count,
        Self.isPlain(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      {
        at &+= 8
        continue
      }
      let byte = bytes[at]
      if byte >= 0x80 {
        let length = Self.scalarLength(bytes, at)
        if length > 0 {
          at &+= length
          continue
        }
      } else if byte >= 0x20, byte != 0x22, byte != 0x5c, byte != 0x7f {
        at &+= 1
        continue
      }
      append(UnsafeRawBufferPointer(rebasing: bytes[run..<at]))
      switch byte {
      case 0x22: append("\\\"")
      case 0x5c: append("\\\\")
      case 0x0a: append("\\n")
      case 0x0d: append("\\r")
      case 0x09: append("\\t")
      case 0x80...: append("\u{FFFD}")
      default:
        append("\\u")
        append(hex: UInt64(byte), digits: 4)
      }
      at &+= 1
      run = at
    }
    append(UnsafeRawBufferPointer(rebasing: bytes[run..<at]))
  }

  /// Whether eight octets are all ASCII that stands for itself in a JSON string.
  @inline(__always)
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let quotes = word ^ (ones &* 0x22)
    let slashes = word ^ (ones &* 0x5c)
    let deletes = word ^ (ones &* 0x7f)
    let found =
      word | (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes
      | (slashes &- ones) & ~slashes | (deletes &- ones) & ~deletes
    return found & highs == 0
  }

  /// Octets of the well-formed scalar at `at`, which is not ASCII; 0 when it is ill-formed. Unicode
  /// 15, table 3-7.
  private static func scalarLength(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
    let lead = bytes[at]
    let length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    guard lead >= 0xc2, lead <= 0xf4, at &+ length <= bytes.count else { return 0 }
    let second = bytes[at &+ 1]
    let lowest: UInt8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80
    let highest: UInt8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf
    guard second >= lowest, second <= highest else { return 0 }
    for offset in 2..<max(length, 2) where bytes[at &+ offset] & 0xc0 != 0x80 { return 0 }
    return length
  }
}

extension TextBuffer {
  /// Base64 of RFC 4648 section 4.
  public mutating func append(base64 octets: RawSpan) {
    let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    var at = 0
    while at < octets.byteCount {
      var word: UInt32 = 0
      for index in 0..<3 {
        let octet =
          at + index < octets.byteCount
          ? octets.unsafeLoad(fromByteOffset: at + index, as: UInt8.self) : 0
        word = word << 8 | UInt32(octet)
      }
      for index in 0..<4 {
        let digit = Int(word >> UInt32(18 - 6 * index) & 63)
        append(byte: at + index > octets.byteCount ? 61 : digits.utf8Start[digit])
      }
      at += 3
    }
  }
}

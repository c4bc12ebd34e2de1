import PacketCore

extension TextBuffer {
  /// A JSON string: quoted, escaped, always well-formed UTF-8. RFC 8259 section 7.
  public mutating func append(json string: String) {
    append("\"")
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": append("\\\"")
      case "\\": append("\\\\")
      case "\n": append("\\n")
      case "\r": append("\\r")
      case "\t": append("\\t")
      case _ where scalar.value < 0x20 || scalar.value == 0x7f:
        append("\\u")
        append(hex: UInt64(scalar.value), digits: 4)
      default:
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
          append(byte: byte)
        }
      }
    }
    append("\"")
  }

  /// Turns what was written after `start` into a JSON string. Plain ASCII stays where it is.
  mutating func quoteJSON(from start: Int) {
    let tail = withBytes { bytes in
      String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start...]), as: UTF8.self)
    }
    truncate(to: start)
    append(json: tail)
  }
}

import PacketCore
import Projection

extension TextBuffer {
  /// A value for people.
  mutating func append(_ value: Value) {
    switch value {
    case .number(let number): append(number)
    case .text(let text): append(text)
    case .list(let words): append(words.joined(separator: ", "))
    case .indented(let text, let depth):
      append(byte: 32, times: depth * 2)
      append(text)
    case .end(let address, let port): append(address, port: port)
    case .seconds(let nanoseconds): append(seconds: nanoseconds, digits: 6)
    case .milliseconds(let nanoseconds):
      // Millionths of a second are thousandths of a millisecond.
      let magnitude = nanoseconds.magnitude
      if nanoseconds < 0 { append("-") }
      append(magnitude / 1_000_000)
      // Seven characters, so that a table with seconds among microseconds keeps its width.
      let fraction = magnitude % 1_000_000
      switch magnitude {
      case ..<1_000_000_000:
        append(".")
        append(fraction / 1000, zeroPaddedTo: 3)
      case ..<10_000_000_000:
        append(".")
        append(fraction / 10_000, zeroPaddedTo: 2)
      case ..<100_000_000_000:
        append(".")
        append(fraction / 100_000)
      default: break
      }
    case .share(let part, let whole): append(share: part, of: whole)
    case .moment(let time): append(rfc3339: time)
    case .nothing: append("-")
    }
  }

  /// A value for JSON. RFC 8259.
  mutating func append(json value: Value) {
    switch value {
    case .number(let number): append(number)
    case .text(let text), .indented(let text, _): append(json: text)
    case .list(let words):
      append("[")
      for (index, word) in words.enumerated() {
        if index > 0 { append(", ") }
        append(json: word)
      }
      append("]")
    case .end(let address, _):
      append("\"")
      append(address)
      append("\"")
    case .seconds(let nanoseconds), .milliseconds(let nanoseconds): append(seconds: nanoseconds)
    case .share(let part, let whole): append(share: part, of: whole)
    case .moment(let time):
      append("\"")
      append(rfc3339: time)
      append("\"")
    case .nothing: append("null")
    }
  }

  /// A field of a CSV record. RFC 4180 section 2: quoted where it holds a comma, a quote or a line
  /// break, quotes doubled.
  mutating func append(csv value: Value) {
    switch value {
    case .text(let text), .indented(let text, _):
      guard text.utf8.contains(where: { $0 == 34 || $0 == 44 || $0 == 13 || $0 == 10 }) else {
        return append(text)
      }
      append("\"")
      for byte in text.utf8 {
        if byte == 34 { append(byte: 34) }
        append(byte: byte)
      }
      append("\"")
    case .end(let address, _): append(address)
    case .seconds(let nanoseconds), .milliseconds(let nanoseconds): append(seconds: nanoseconds)
    case .nothing: break
    default: append(value)
    }
  }

  /// An address with its port as in URIs: an IPv6 address in brackets. RFC 5952 section 6.
  mutating func append(_ address: Address, port: UInt16?) {
    guard let port else { return append(address) }
    if address.family == .ipv6 {
      append("[")
      append(address)
      append("]")
    } else {
      append(address)
    }
    append(":")
    append(port)
  }

  /// A part of a whole, in percent with two decimals.
  private mutating func append(share part: UInt64, of whole: UInt64) {
    // As a double: exact beyond two decimals of percent, and no product that could be too large.
    let hundredths = whole == 0 ? 0 : (Double(part) / Double(whole) * 10_000).rounded()
    let number = UInt64(min(max(hundredths, 0), 1e15))
    append(number / 100)
    append(".")
    append(number % 100, zeroPaddedTo: 2)
  }
}

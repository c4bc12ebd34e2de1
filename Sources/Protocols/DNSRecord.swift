import PacketCore

/// A question of a message. RFC 1035 section 4.1.2.
struct DNSQuestion {
  var body: [UInt8]
  /// Offsets in the body: of the name, and of type and class behind it.
  var start: Int
  var nameEnd: Int
  var type: UInt16
  /// Class, with the top bit that multicast DNS uses (RFC 6762 section 5.4).
  var classWord: UInt16
  var isMulticast: Bool

  var name: DNSName? { DNSName(in: body, at: start, base: -12) }
  var end: Int { nameEnd + 4 }
}

/// A resource record of a message. RFC 1035 section 4.1.3.
struct DNSRecord {
  /// Which part of the message it stands in.
  enum Section { case answer, authority, additional }

  var body: [UInt8]
  var section: Section
  /// Offsets in the body: of the name, of type and class behind it, and of the data.
  var start: Int
  var nameEnd: Int
  var data: Range<Int>
  var type: UInt16
  /// Class, with the top bit that multicast DNS uses (RFC 6762 section 10.2); for OPT the size
  /// that the sender can take (RFC 6891 section 6.1.2).
  var classWord: UInt16
  /// Seconds; for OPT extended reply code, version and flags.
  var timeToLive: UInt32
  var isMulticast: Bool

  var name: DNSName? { DNSName(in: body, at: start, base: -12) }
  var isOption: Bool { type == 41 }
  var end: Int { data.upperBound }

  /// A number in the data; nil where it is too short.
  func number(at offset: Int, _ count: Int) -> UInt64? {
    let from = data.lowerBound + offset
    guard offset >= 0, from + count <= data.upperBound else { return nil }
    return body[from..<from + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A name in the data; nil where it leaves it.
  func name(at offset: Int) -> DNSName? {
    let from = data.lowerBound + offset
    guard offset >= 0, from < data.upperBound else { return nil }
    guard let name = DNSName(in: body, at: from, base: -12), name.end <= data.upperBound else {
      return nil
    }
    return name
  }

  /// Where octets of the data stand, counted from the record's first.
  func place(_ offset: Int, _ count: Int) -> Range<Int> {
    let from = data.lowerBound - start + offset
    return from..<from + max(count, 0)
  }

  /// Character strings of the data from `offset` on, with their places in it. RFC 1035 3.3.
  func strings(from offset: Int = 0) -> [(at: Int, octets: ArraySlice<UInt8>)] {
    var found: [(Int, ArraySlice<UInt8>)] = []
    var at = data.lowerBound + offset
    while at < data.upperBound {
      let end = at + 1 + Int(body[at])
      guard end <= data.upperBound else { break }
      found.append((at - data.lowerBound, body[at + 1..<end]))
      at = end
    }
    return found
  }

  /// Appends what the summary says of the data, with a leading space; false where the data ends
  /// before it should.
  func summarize(into text: inout TextBuffer) -> Bool {
    func appendName(_ offset: Int) -> Bool {
      guard let name = name(at: offset) else { return false }
      text.append(" ")
      text.append(name.text)
      return true
    }
    func appendNumber(_ offset: Int, _ count: Int) -> Bool {
      guard let number = number(at: offset, count) else { return false }
      text.append(" ")
      text.append(number)
      return true
    }
    switch type {
    case 1:
      // A record of any other class has no IPv4 address (RFC 1035 section 3.4.1).
      guard let address = number(at: 0, 4) else { return false }
      text.append(" ")
      text.append(IPv4Address(UInt32(truncatingIfNeeded: address)))
    case 28:
      guard let high = number(at: 0, 8), let low = number(at: 8, 8) else { return false }
      text.append(" ")
      text.append(IPv6Address(high: high, low: low))
    // RFC 2136 section 2: an update may name records without data.
    case 2, 5, 6, 12, 39, 47: return appendName(0)
    case 15: return appendNumber(0, 2) && appendName(2)
    case 33:
      return appendNumber(0, 2) && appendNumber(2, 2) && appendNumber(4, 2) && appendName(6)
    case 13:
      let strings = strings()
      guard strings.count >= 2 else { return false }
      for (_, octets) in strings.prefix(2) {
        text.append(" ")
        for octet in octets { text.appendEscaped(octet) }
      }
    case 35:
      guard appendNumber(0, 2), appendNumber(2, 2), let flags = strings(from: 4).first else {
        return false
      }
      text.append(" ")
      for octet in flags.octets { text.appendEscaped(octet) }
    case 16, 99:
      return strings().reduce(0) { $0 + $1.octets.count + 1 } == data.count
    default: break
    }
    return true
  }
}

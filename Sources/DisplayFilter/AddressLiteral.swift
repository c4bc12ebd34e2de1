import PacketCore

/// Addresses and octets as filters write them.
enum AddressLiteral {
  /// Dotted decimal.
  static func ipv4(_ word: some StringProtocol) -> UInt32? {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
        let octet = UInt8(part, radix: 10)
      else { return nil }
      value = value << 8 | UInt32(octet)
    }
    return value
  }

  /// RFC 4291 section 2.2: eight groups, "::" for a run of zeros, the last two groups perhaps as
  /// an IPv4 address.
  static func ipv6(_ word: some StringProtocol) -> UInt128? {
    let octets = Array(word.utf8)
    guard octets.count >= 2, octets.count <= 45, octets.contains(58) else { return nil }
    var head: [UInt16] = []
    var tail: [UInt16]?
    var position = 0
    if octets.starts(with: [58, 58]) {
      tail = []
      position = 2
    }
    while position < octets.count {
      var end = position
      while end < octets.count, octets[end] != 58 { end += 1 }
      let part = String(decoding: octets[position..<end], as: UTF8.self)
      var groups: [UInt16]
      if end == octets.count, part.contains("."), let address = ipv4(part) {
        groups = [
          UInt16(truncatingIfNeeded: address >> 16), UInt16(truncatingIfNeeded: address),
        ]
      } else {
        guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ hexDigit($0) != nil }),
          let group = UInt16(part, radix: 16)
        else { return nil }
        groups = [group]
      }
      if tail == nil { head += groups } else { tail = (tail ?? []) + groups }
      if end == octets.count { break }
      position = end + 1
      if position == octets.count { return nil }
      if octets[position] == 58 {
        guard tail == nil else { return nil }
        tail = []
        position += 1
      }
    }
    let count = head.count + (tail?.count ?? 0)
    guard tail == nil ? count == 8 : count < 8 else { return nil }
    let groups = head + Array(repeating: 0, count: 8 - count) + (tail ?? [])
    return groups.reduce(0) { $0 << 16 | UInt128($1) }
  }

  /// Splits off a prefix length.
  /// - Throws: When it is no number from 0 to `bits`.
  static func prefix(
    _ word: String, bits: Int, family: String
  ) throws(Fault) -> (address: Substring, length: Int) {
    guard let slash = word.utf8.firstIndex(of: 47) else { return (word[...], bits) }
    let text = word[slash...].dropFirst()
    guard let length = Int(text), length >= 0, text.utf8.first != 43 else {
      throw Fault("\"\(text)\" is not a valid prefix length.")
    }
    guard length <= bits else {
      throw Fault(
        "Netmask bits in a CIDR \(family) address should be <= \(bits), not \(length).")
    }
    return (word[..<slash], length)
  }

  /// Hexadecimal octets: pairs of digits with or without colons, hyphens or dots between them,
  /// also single digits between separators, also after "0x".
  static func octets(_ word: String) -> [UInt8]? {
    var text = Array(word.utf8)
    if text.count > 2, text[0] == 48, text[1] | 0x20 == 120 { text.removeFirst(2) }
    var octets: [UInt8] = []
    var groups = 0
    for group in text.split(
      omittingEmptySubsequences: false,
      whereSeparator: {
        $0 == 58 || $0 == 45 || $0 == 46
      })
    {
      groups += 1
      guard !group.isEmpty, group.count == 1 || group.count % 2 == 0 else { return nil }
      var pending: UInt8 = group.count == 1 ? 0 : 16
      for letter in group {
        guard let digit = hexDigit(letter) else { return nil }
        if pending == 16 {
          pending = digit
        } else {
          octets.append(pending << 4 | digit)
          pending = 16
        }
      }
    }
    return octets.isEmpty ? nil : octets
  }

  /// Six octets in any of the forms of `octets`.
  static func mac(_ word: String) -> UInt64? {
    guard let octets = octets(word), octets.count == 6 else { return nil }
    return octets.reduce(0) { $0 << 8 | UInt64($1) }
  }
}

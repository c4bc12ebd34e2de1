extension TextBuffer {
  /// Dotted decimal.
  public mutating func append(_ address: IPv4Address) {
    reserve(16)
    var end = base + length
    var shift: UInt32 = 24
    while true {
      end = Self.write(UInt32(address.value &>> shift) & 0xff, to: end)
      if shift == 0 { break }
      end.storeBytes(of: 46, as: UInt8.self)
      end += 1
      shift &-= 8
    }
    length = end - base
  }

  /// Writes 0...255 in decimal and returns the place after it.
  @inline(__always)
  private static func write(_ octet: UInt32, to place: UnsafeMutableRawPointer)
    -> UnsafeMutableRawPointer
  {
    // Multiplying by the reciprocal divides: exact for these ranges.
    let hundreds = (octet &* 41) &>> 12
    let rest = octet &- hundreds &* 100
    let tens = (rest &* 103) &>> 10
    let ones = rest &- tens &* 10
    var place = place
    if hundreds != 0 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: hundreds &+ 48), as: UInt8.self)
      place += 1
    }
    if hundreds | tens != 0 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: tens &+ 48), as: UInt8.self)
      place += 1
    }
    place.storeBytes(of: UInt8(truncatingIfNeeded: ones &+ 48), as: UInt8.self)
    return place + 1
  }

  /// Columns that an address takes as text.
  public static func columns(of address: IPv4Address) -> Int {
    @inline(__always) func digits(_ octet: UInt32) -> Int { octet < 10 ? 1 : octet < 100 ? 2 : 3 }
    let value = address.value
    return 3 &+ digits(value &>> 24) &+ digits(value &>> 16 & 0xff) &+ digits(value &>> 8 & 0xff)
      &+ digits(value & 0xff)
  }

  /// An address with spaces before it to `width` columns.
  public mutating func append(_ address: Address, rightAlignedTo width: Int) {
    guard let ip = address.ipv4 else {
      let start = count
      append(address)
      return alignRight(from: start, to: width)
    }
    append(byte: 32, times: width &- Self.columns(of: ip))
    append(ip)
  }

  /// Six octets in lower-case hexadecimal with colons.
  public mutating func append(_ address: MACAddress) {
    for index in 0..<6 {
      if index > 0 { append(byte: 58) }
      append(hex: address.value >> UInt64(40 - 8 * index) & 0xff, digits: 2)
    }
  }

  /// The canonical text form. RFC 5952: lower case, no leading zeros, the longest run of two or
  /// more zero groups, the first of equal ones, becomes "::"; IPv4-mapped ends in dotted decimal.
  public mutating func append(_ address: IPv6Address) {
    func group(_ index: Int) -> UInt64 {
      (index < 4
        ? address.high >> UInt64(48 - 16 * index)
        : address.low >> UInt64(48 - 16 * (index - 4))) & 0xffff
    }
    // RFC 5952 section 5: a well-known prefix that embeds IPv4 is written with it.
    let mapped = address.high == 0 && address.low >> 32 == 0xffff
    let groups = mapped ? 6 : 8
    var best = (start: -1, length: 1)
    var index = 0
    while index < groups {
      guard group(index) == 0 else {
        index += 1
        continue
      }
      let start = index
      while index < groups, group(index) == 0 { index += 1 }
      if index - start > best.length { best = (start, index - start) }
    }
    index = 0
    while index < groups {
      if index == best.start {
        append("::")
        index += best.length
        continue
      }
      if index > 0, index != best.start + best.length || best.start < 0 { append(byte: 58) }
      let value = group(index)
      append(hex: value, digits: value > 0xfff ? 4 : value > 0xff ? 3 : value > 0xf ? 2 : 1)
      index += 1
    }
    if mapped {
      if best.start + best.length != groups { append(byte: 58) }
      append(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
    }
  }

  /// An address of any family; nothing for none.
  public mutating func append(_ address: Address) {
    switch address.family {
    case .ipv4: append(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
    case .ipv6: append(IPv6Address(high: address.high, low: address.low))
    case .mac: append(MACAddress(address.low))
    case .none: break
    }
  }
}

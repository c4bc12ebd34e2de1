import COctets

extension TextBuffer {
  /// An address with its port: `10.0.0.33:5000`, `[2001:db8::1]:5000`.
  public mutating func append(_ address: Address, port: UInt16) {
    switch address.family {
    case .ipv4: append(IPv4Address(UInt32(truncatingIfNeeded: address.low)))
    case .ipv6:
      append("[")
      append(IPv6Address(high: address.high, low: address.low))
      append("]")
    case .mac, .none: append(address)
    }
    append(":")
    append(UInt64(port))
  }

  /// Dotted decimal.
  @inline(__always)
  public mutating func append(_ address: IPv4Address) {
    reserve(32)
    length = (base + length).writeDotted(address.value, rightAlignedTo: 0) - base
  }

  /// An address with spaces before it to `width` columns.
  @inlinable
  public mutating func append(_ address: Address, rightAlignedTo width: Int) {
    let start = length
    append(address)
    alignRight(from: start, to: width)
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

extension UnsafeMutableRawPointer {
  /// Writes an IPv4 address with spaces before it to `width` columns, sixteen at most, and returns the
  /// place behind; 32 octets may be overwritten. The columns are counted first: to move the text once it
  /// is written, the processor would have to wait for it. Not inlined: see `writeDecimal`.
  @usableFromInline @inline(never)
  func writeDotted(_ value: UInt32, rightAlignedTo width: Int) -> UnsafeMutableRawPointer {
    storeBytes(of: 0x2020_2020_2020_2020, as: UInt64.self)
    storeBytes(of: 0x2020_2020_2020_2020, toByteOffset: 8, as: UInt64.self)
    let spaces = min(max(width &- netlab_dotted_length(value), 0), 16)
    return netlab_write_dotted(value, self + spaces)
  }

  /// The same with spaces behind it.
  @usableFromInline @inline(never)
  func writeDotted(_ value: UInt32, paddedTo width: Int) -> UnsafeMutableRawPointer {
    let end: UnsafeMutableRawPointer = netlab_write_dotted(value, self)
    // Written in any case: whether any are missing nobody can predict.
    end.storeBytes(of: 0x2020_2020_2020_2020, as: UInt64.self)
    end.storeBytes(of: 0x2020_2020_2020_2020, toByteOffset: 8, as: UInt64.self)
    return max(end, self + min(width, 16))
  }
}

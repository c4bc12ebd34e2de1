import COctets

extension TextBuffer {
  /// A number in decimal.
  public mutating func append(_ number: UInt64) {
    reserve(24)
    if number < 10 {
      (base + length).storeBytes(of: 48 &+ UInt8(truncatingIfNeeded: number), as: UInt8.self)
      length &+= 1
      return
    }
    if number < 10_000 {
      // Half the steps of `netlab_eight_digits`.
      let hundreds = (number &* 5243) &>> 19
      let pairs = hundreds | (number &- hundreds &* 100) &<< 16
      let tens = ((pairs &* 103) &>> 10) & 0x000f_000f
      let digits = tens | (pairs &- tens &* 10) &<< 8
      let zeros = (digits | 1 &<< 24).trailingZeroBitCount & 0x18
      let text = (digits | 0x3030_3030) &>> UInt64(zeros)
      (base + length).storeBytes(
        of: UInt32(truncatingIfNeeded: text).littleEndian, as: UInt32.self)
      length &+= 4 &- zeros &>> 3
      return
    }
    guard number < 100_000_000 else { return appendLong(number) }
    length = (base + length).writeShort(UInt32(truncatingIfNeeded: number)) - base
  }

  /// A number of nine digits or more; room for all of them is there. Apart from `append`, so that
  /// short numbers do not pay for its registers.
  @inline(never)
  private mutating func appendLong(_ number: UInt64) {
    let upper = number / 100_000_000
    var place = base + length
    if upper < 100 {
      // Nearly always: 32 bits end here.
      let tens = (upper &* 103) &>> 10
      if tens != 0 {
        place.storeBytes(of: UInt8(truncatingIfNeeded: tens &+ 48), as: UInt8.self)
        place += 1
      }
      let ones = upper &- tens &* 10
      place.storeBytes(of: UInt8(truncatingIfNeeded: ones &+ 48), as: UInt8.self)
      place += 1
    } else if upper < 100_000_000 {
      place = place.writeShort(UInt32(truncatingIfNeeded: upper))
    } else {
      let top = upper / 100_000_000
      place = place.writeShort(UInt32(truncatingIfNeeded: top))
      place = place.writeEight(UInt32(truncatingIfNeeded: upper &- top &* 100_000_000))
    }
    place = place.writeEight(UInt32(truncatingIfNeeded: number &- upper &* 100_000_000))
    length = place - base
  }

  /// A number in decimal with spaces before it to `width` columns.
  @inlinable
  public mutating func append(_ number: UInt64, rightAlignedTo width: Int) {
    let start = length
    append(number)
    alignRight(from: start, to: width)
  }

  /// Decimal digits of a number, 1 to 20.
  @inline(__always)
  public static func digits(of number: UInt64) -> Int {
    if number < 10_000 {
      return number < 100 ? (number < 10 ? 1 : 2) : number < 1000 ? 3 : 4
    }
    if number < 100_000_000 {
      return number < 1_000_000
        ? (number < 100_000 ? 5 : 6) : number < 10_000_000 ? 7 : 8
    }
    return 8 &+ digitsAbove(number / 100_000_000)
  }

  private static func digitsAbove(_ number: UInt64) -> Int {
    var digits = 1
    var rest = number / 10
    while rest != 0 {
      digits &+= 1
      rest /= 10
    }
    return digits
  }

  /// A number in decimal.
  @inlinable
  public mutating func append<T: FixedWidthInteger & UnsignedInteger>(_ number: T) {
    append(UInt64(truncatingIfNeeded: number))
  }

  /// A number in decimal, with its sign.
  @inlinable
  public mutating func append<T: FixedWidthInteger & SignedInteger>(_ number: T) {
    if number < 0 { append(byte: 45) }
    append(UInt64(number.magnitude))
  }

  /// A point and six digits: a number below 1 000 000 as the millionths that it counts.
  public mutating func append(millionths number: UInt32) {
    reserve(9)
    let digits = netlab_eight_digits(number) | 0x3030_3030_3030_3030
    let place = base + length
    // The point takes the place of the second leading zero.
    let text = (digits &>> 8) & ~0xff | 0x2e
    place.storeBytes(of: text.littleEndian, as: UInt64.self)
    length &+= 7
  }

  /// A number in decimal with leading zeros to `width` digits; more when it has more.
  public mutating func append(_ number: UInt64, zeroPaddedTo width: Int) {
    guard number < 100_000_000, width > 0, width <= 8 else {
      append(byte: 48, times: width &- Self.digits(of: number))
      return append(number)
    }
    reserve(8)
    let digits = netlab_eight_digits(UInt32(truncatingIfNeeded: number))
    // As many zeros in front are cut off as there are, but none that the width asks for.
    let zeros = (digits | 1 &<< UInt64((8 &- width) &* 8)).trailingZeroBitCount & 0x38
    let text = (digits | 0x3030_3030_3030_3030) &>> UInt64(zeros)
    (base + length).storeBytes(of: text.littleEndian, as: UInt64.self)
    length &+= 8 &- zeros &>> 3
  }

  @inlinable
  static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 &+ value : 87 &+ value }

  /// A number in lower-case hexadecimal, exactly `digits` digits, no prefix.
  @inlinable
  public mutating func append(hex number: UInt64, digits: Int) {
    reserve(digits)
    var shift = (digits &- 1) &* 4
    while shift >= 0 {
      let digit = shift < 64 ? UInt8(truncatingIfNeeded: number &>> UInt64(shift)) & 15 : 0
      append(byte: Self.hexDigit(digit))
      shift &-= 4
    }
  }
}

extension UnsafeMutableRawPointer {
  /// Writes a number in decimal, and returns the place behind it; sixteen octets may be overwritten. Not
  /// inlined: lines have many numbers, and copies of this for each would push other work out of the
  /// processor's cache.
  @usableFromInline @inline(never)
  func writeDecimal(_ number: UInt32) -> UnsafeMutableRawPointer {
    guard _slowPath(number >= 100_000_000) else { return writeShort(number) }
    // One digit or two, 42 at most, and eight more.
    let upper = number / 100_000_000
    let tens = (upper &* 103) &>> 10
    let pair = tens | (upper &- tens &* 10) &<< 8 | 0x3030
    let missing = tens == 0 ? 1 : 0
    storeBytes(
      of: UInt16(truncatingIfNeeded: pair &>> UInt32(missing &* 8)).littleEndian, as: UInt16.self)
    return (self + (2 &- missing)).writeEight(number &- upper &* 100_000_000)
  }

  /// Writes a number below 100 000 000 in the digits that it needs; the place has room for eight.
  @inline(__always)
  fileprivate func writeShort(_ number: UInt32) -> UnsafeMutableRawPointer {
    let digits = netlab_eight_digits(number)
    // Zeros in front are cut off; the last digit stays, be it zero.
    let zeros = (digits | 1 &<< 56).trailingZeroBitCount & 0x38
    let text = (digits | 0x3030_3030_3030_3030) &>> UInt64(zeros)
    storeBytes(of: text.littleEndian, as: UInt64.self)
    return self + (8 &- zeros &>> 3)
  }

  /// Writes a number below 100 000 000 in eight digits.
  @inline(__always)
  fileprivate func writeEight(_ number: UInt32) -> UnsafeMutableRawPointer {
    let text = netlab_eight_digits(number) | 0x3030_3030_3030_3030
    storeBytes(of: text.littleEndian, as: UInt64.self)
    return self + 8
  }
}

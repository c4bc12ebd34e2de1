import COctets

/// The end of a text in the making with room behind it, for lines of many short parts: the place stays
/// in a register, and a part that has no room left stops the program.
///
/// Lent by `TextBuffer.extend`.
public struct TextCursor: ~Copyable {
  @usableFromInline var place: UnsafeMutableRawPointer
  /// Sixteen more octets may be overwritten behind it.
  @usableFromInline let end: UnsafeMutableRawPointer

  @usableFromInline
  init(_ place: UnsafeMutableRawPointer, room: Int) {
    self.place = place
    end = place + room
  }

  /// The room left is at least `count` octets.
  @inlinable @inline(__always)
  func check(_ count: Int) { precondition(end - place >= count, "no room for the text") }

  /// One octet, usually an ASCII character.
  @inlinable @inline(__always)
  public mutating func write(byte: UInt8) {
    check(1)
    place.storeBytes(of: byte, as: UInt8.self)
    place += 1
  }

  /// A literal.
  @inlinable @inline(__always)
  public mutating func write(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    check(size)
    TextBuffer.copyShort(UnsafeRawPointer(text.utf8Start), size, to: place)
    place += size
  }

  /// A number below 100 000 000 in decimal, with spaces before it to `width` columns, eight at most.
  @inlinable @inline(__always)
  public mutating func write(_ number: UInt32, alignedTo width: Int = 1) {
    let (word, columns) = Self.digits(of: number, alignedTo: width)
    write(word: word, columns: columns)
  }

  /// The same in a word, the first character lowest, and how many characters count.
  @inlinable @inline(__always)
  public static func digits(
    of number: UInt32, alignedTo width: Int
  ) -> (word: UInt64, columns: Int) {
    let digits = netlab_eight_digits(number)
    // Zeros in front; the last digit stays, be it zero.
    let zeros = UInt64((digits | 1 &<< 56).trailingZeroBitCount & 0x38)
    let columns = max(8 &- Int(zeros &>> 3), width)
    // 0x20 where a zero is left out, 0x30 where a digit stands.
    let signs = 0x2020_2020_2020_2020 | (0x1010_1010_1010_1010 as UInt64) &<< zeros
    return ((digits | signs) &>> UInt64(truncatingIfNeeded: (8 &- columns) &* 8), columns)
  }

  /// Characters of a word, the first one lowest.
  @inlinable @inline(__always)
  public mutating func write(word: UInt64, columns: Int) {
    check(8)
    place.storeBytes(of: word.littleEndian, as: UInt64.self)
    place += columns
  }

  /// Characters of two words, sixteen at most.
  @inlinable @inline(__always)
  public mutating func write(_ first: UInt64, _ second: UInt64, columns: Int) {
    check(16)
    place.storeBytes(of: first.littleEndian, as: UInt64.self)
    place.storeBytes(of: second.littleEndian, toByteOffset: 8, as: UInt64.self)
    place += min(columns, 16)
  }

  /// A number in decimal, ten digits at most.
  @inlinable @inline(__always)
  public mutating func write(any number: UInt32) {
    check(16)
    place = place.writeDecimal(number)
  }

  /// A literal, and behind it a number in decimal, ten digits at most.
  @inlinable @inline(__always)
  public mutating func write(_ name: StaticString, any number: UInt32) {
    let size = name.utf8CodeUnitCount
    check(size &+ 16)
    TextBuffer.copyShort(UnsafeRawPointer(name.utf8Start), size, to: place)
    place = (place + size).writeDecimal(number)
  }

  /// A point and six digits: a number below 1 000 000 as the millionths that it counts.
  @inlinable @inline(__always)
  public mutating func write(millionths number: UInt32) {
    check(8)
    let digits = netlab_eight_digits(number) | 0x3030_3030_3030_3030
    // The point takes the place of the second leading zero.
    place.storeBytes(of: ((digits &>> 8) & ~0xff | 0x2e).littleEndian, as: UInt64.self)
    place += 7
  }

  /// An IPv4 address in dotted decimal, with spaces before it to `width` columns, sixteen at most. They are
  /// counted first: to move the text once it is written, the processor would have to wait for it.
  @inlinable @inline(__always)
  public mutating func write(_ address: IPv4Address, rightAlignedTo width: Int) {
    check(32)
    place = place.writeDotted(address.value, rightAlignedTo: width)
  }

  /// The same with spaces behind it to `width` columns, sixteen at most.
  @inlinable @inline(__always)
  public mutating func write(_ address: IPv4Address, paddedTo width: Int) {
    check(32)
    place = place.writeDotted(address.value, paddedTo: width)
  }

  /// An IPv4 address, a colon and a port, with spaces before them.
  @inlinable @inline(__always)
  public mutating func write(_ address: IPv4Address, port: UInt16, rightAlignedTo width: Int) {
    check(48)
    let digits = port < 10 ? 1 : port < 100 ? 2 : port < 1000 ? 3 : port < 10_000 ? 4 : 5
    place = place.writeDotted(address.value, rightAlignedTo: width &- 1 &- digits)
    place.storeBytes(of: 0x3a, as: UInt8.self)
    place = (place + 1).writeDecimal(UInt32(port))
  }

  /// Where the next part goes.
  @inlinable @inline(__always)
  public var mark: UnsafeMutableRawPointer { place }

  /// Spaces until `width` columns, sixteen at most, stand after `mark`.
  @inlinable @inline(__always)
  public mutating func pad(from mark: UnsafeMutableRawPointer, to width: Int) {
    // Written in any case: whether any are missing nobody can predict.
    let missing = max(width &- (place - mark), 0)
    check(missing)
    place.storeBytes(of: 0x2020_2020_2020_2020, as: UInt64.self)
    place.storeBytes(of: 0x2020_2020_2020_2020, toByteOffset: 8, as: UInt64.self)
    place += missing
  }
}

extension TextBuffer {
  /// Lets `body` write at most `room` octets behind the text.
  @inlinable @inline(__always)
  public mutating func extend(atMost room: Int, _ body: (inout TextCursor) -> Void) {
    reserve(room &+ 32)
    var cursor = TextCursor(base + length, room: room)
    body(&cursor)
    length = cursor.place - base
  }
}

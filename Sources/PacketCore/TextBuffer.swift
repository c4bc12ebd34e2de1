/// A reused buffer of text in the making: every printer writes into one, and hands its octets on.
///
/// Integers and addresses are formatted by hand into raw memory; a String a line would cost
/// sixteen times as much. The memory belongs to this value alone.
public struct TextBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// Octets written, UTF-8.
  @inlinable public var count: Int { length }
  @usableFromInline var length = 0

  /// - Parameter capacity: Octets to begin with; grows by itself.
  public init(capacity: Int = 4096) {
    self.capacity = max(capacity, 64)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// Makes room for `extra` more octets.
  @inlinable
  mutating func reserve(_ extra: Int) {
    if capacity &- count < extra { grow(extra) }
  }

  @usableFromInline
  @inline(never)
  mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    fresh.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = fresh
    capacity = larger
  }

  /// Forgets the text, keeps the memory.
  @inlinable public mutating func removeAll() { length = 0 }

  /// Forgets what was written after the first `end` octets.
  @inlinable
  public mutating func truncate(to end: Int) { length = min(length, max(end, 0)) }

  /// Gives the octets written so far to `body`.
  @inlinable
  public func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// The text as a String, ill-formed UTF-8 repaired.
  public var string: String {
    String(decoding: UnsafeRawBufferPointer(start: base, count: count), as: UTF8.self)
  }

  /// One octet, usually an ASCII character.
  @inlinable
  public mutating func append(byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    length &+= 1
  }

  /// A literal.
  @inlinable
  public mutating func append(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    reserve(size)
    let source = UnsafeRawPointer(text.utf8Start)
    let place = base + length
    // Most literals are short: two words that overlap cost less than a call of memcpy.
    if size < 8 {
      if size >= 4 {
        Self.copyEnds(UInt32.self, size, from: source, to: place)
      } else if size >= 2 {
        Self.copyEnds(UInt16.self, size, from: source, to: place)
      } else if size == 1 {
        place.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
      }
    } else if size <= 16 {
      Self.copyEnds(UInt64.self, size, from: source, to: place)
    } else {
      place.copyMemory(from: source, byteCount: size)
    }
    length &+= size
  }

  /// Copies `size` octets as their first word and their last.
  @inlinable @inline(__always)
  static func copyEnds<Word: FixedWidthInteger & BitwiseCopyable>(
    _ word: Word.Type, _ size: Int, from source: UnsafeRawPointer,
    to place: UnsafeMutableRawPointer
  ) {
    let last = size &- MemoryLayout<Word>.size
    let head = source.loadUnaligned(as: Word.self)
    let tail = source.loadUnaligned(fromByteOffset: last, as: Word.self)
    place.storeBytes(of: head, as: Word.self)
    place.storeBytes(of: tail, toByteOffset: last, as: Word.self)
  }

  /// Any text; not for the packet path. Disfavoured, so that a literal is a StaticString.
  @_disfavoredOverload
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Octets as they are.
  @inlinable
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: start, byteCount: bytes.count)
    length &+= bytes.count
  }

  /// Octets as they are.
  @inlinable
  public mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Another buffer's text.
  @inlinable
  public mutating func append(_ other: borrowing TextBuffer) {
    append(UnsafeRawBufferPointer(start: other.base, count: other.count))
  }

  /// A byte several times.
  @inlinable
  public mutating func append(byte: UInt8, times: Int) {
    guard times > 0 else { return }
    reserve(times)
    let place = base + length
    for index in 0..<times { place.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    length &+= times
  }

  /// A number in decimal.
  public mutating func append(_ number: UInt64) {
    reserve(20)
    let end = length &+ Self.digits(of: number)
    write(number, endingAt: end)
    length = end
  }

  /// A number in decimal with spaces before it to `width` columns.
  public mutating func append(_ number: UInt64, rightAlignedTo width: Int) {
    let digits = Self.digits(of: number)
    append(byte: 32, times: width &- digits)
    reserve(20)
    length &+= digits
    write(number, endingAt: length)
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

  /// "00", "01" … "99": two digits are written at a time.
  private static var pairs: UnsafeRawPointer {
    let text: StaticString = """
      0001020304050607080910111213141516171819202122232425262728293031323334\
      3536373839404142434445464748495051525354555657585960616263646566676869\
      707172737475767778798081828384858687888990919293949596979899
      """
    return UnsafeRawPointer(text.utf8Start)
  }

  /// Writes a number's digits so that the last stands before `end`.
  @inline(__always)
  private func write(_ number: UInt64, endingAt end: Int) {
    var place = base + end
    let pairs = Self.pairs
    var large = number
    while large >> 32 != 0 {
      let quotient = large / 100
      place -= 2
      copyPair(Int(truncatingIfNeeded: large &- quotient &* 100), from: pairs, to: place)
      large = quotient
    }
    var rest = UInt32(truncatingIfNeeded: large)
    while rest >= 100 {
      let quotient = rest / 100
      place -= 2
      copyPair(Int(truncatingIfNeeded: rest &- quotient &* 100), from: pairs, to: place)
      rest = quotient
    }
    if rest >= 10 {
      place -= 2
      copyPair(Int(truncatingIfNeeded: rest), from: pairs, to: place)
    } else {
      place -= 1
      place.storeBytes(of: 48 &+ UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    }
  }

  @inline(__always)
  private func copyPair(
    _ value: Int, from pairs: UnsafeRawPointer, to place: UnsafeMutableRawPointer
  ) {
    place.storeBytes(
      of: pairs.loadUnaligned(fromByteOffset: value &* 2, as: UInt16.self), as: UInt16.self)
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

  /// A number in decimal with leading zeros to `width` digits; more when it has more.
  public mutating func append(_ number: UInt64, zeroPaddedTo width: Int) {
    append(byte: 48, times: width &- Self.digits(of: number))
    append(number)
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

  /// Spaces until `width` columns stand after `start`; every scalar counts as one column.
  public mutating func pad(from start: Int, to width: Int) {
    append(byte: 32, times: width - columns(from: start))
  }

  /// Moves what was written after `start` to the right end of `width` columns.
  @inlinable
  public mutating func alignRight(from start: Int, to width: Int) {
    let size = length &- start
    let missing = width &- size
    guard missing > 0, size >= 0 else { return }
    reserve(missing)
    var index = size
    while index > 0 {
      index &-= 1
      let byte = base.load(fromByteOffset: start &+ index, as: UInt8.self)
      base.storeBytes(of: byte, toByteOffset: start &+ index &+ missing, as: UInt8.self)
    }
    for offset in 0..<missing {
      base.storeBytes(of: 32, toByteOffset: start &+ offset, as: UInt8.self)
    }
    length &+= missing
  }

  /// Scalars written after `start`.
  public func columns(from start: Int) -> Int {
    var columns = 0
    for offset in start..<max(start, count)
    where base.load(fromByteOffset: offset, as: UInt8.self) & 0xc0 != 0x80 {
      columns += 1
    }
    return columns
  }
}

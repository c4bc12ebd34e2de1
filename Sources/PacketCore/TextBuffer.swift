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
    (base + count).copyMemory(from: text.utf8Start, byteCount: size)
    length &+= size
  }

  /// Any text; not for the packet path.
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
    (base + count).initializeMemory(as: UInt8.self, repeating: byte, count: times)
    length &+= times
  }

  /// A number in decimal.
  @inlinable
  public mutating func append<T: FixedWidthInteger & UnsignedInteger>(_ number: T) {
    var rest = UInt64(truncatingIfNeeded: number)
    if rest < 10 {
      append(byte: 48 &+ UInt8(truncatingIfNeeded: rest))
      return
    }
    reserve(20)
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20, rest >= bound {
      digits &+= 1
      if digits == 20 { break }
      bound &*= 10
    }
    var at = length &+ digits
    length = at
    repeat {
      at &-= 1
      let quotient = rest / 10
      base.storeBytes(
        of: 48 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10), toByteOffset: at,
        as: UInt8.self)
      rest = quotient
    } while rest != 0
  }

  /// A number in decimal, with its sign.
  @inlinable
  public mutating func append<T: FixedWidthInteger & SignedInteger>(_ number: T) {
    if number < 0 { append(byte: 45) }
    append(UInt64(number.magnitude))
  }

  /// A number in decimal with leading zeros to `width` digits.
  @inlinable
  public mutating func append(_ number: UInt64, zeroPaddedTo width: Int) {
    reserve(max(width, 20))
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20, number >= bound {
      digits &+= 1
      if digits == 20 { break }
      bound &*= 10
    }
    append(byte: 48, times: width &- digits)
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
    let size = count &- start
    let missing = width &- size
    guard missing > 0 else { return }
    append(byte: 32, times: missing)
    let place = base + start
    (place + missing).copyMemory(from: place, byteCount: size)
    place.initializeMemory(as: UInt8.self, repeating: 32, count: missing)
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

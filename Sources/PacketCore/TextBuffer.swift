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
    if _slowPath(capacity &- count < extra) { grow(extra) }
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

  /// A literal. Always inlined: where it is used its octets are known, and become a store or two.
  @inlinable @inline(__always)
  public mutating func append(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    reserve(size)
    let source = UnsafeRawPointer(text.utf8Start)
    let place = base + length
    Self.copyShort(source, size, to: place)
    length &+= size
  }

  /// Copies octets of which there are most often few: two words that overlap cost less than a call of
  /// memcpy.
  @inlinable @inline(__always)
  static func copyShort(
    _ source: UnsafeRawPointer, _ size: Int, to place: UnsafeMutableRawPointer
  ) {
    if size < 8 {
      if size >= 4 {
        copyEnds(UInt32.self, size, from: source, to: place)
      } else if size >= 2 {
        copyEnds(UInt16.self, size, from: source, to: place)
      } else if size == 1 {
        place.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
      }
    } else if size <= 16 {
      copyEnds(UInt64.self, size, from: source, to: place)
    } else {
      place.copyMemory(from: source, byteCount: size)
    }
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
    Self.copy(start, bytes.count, to: base + count)
    length &+= bytes.count
  }

  /// Copies octets in steps of 32, the last of which overlap: a processor that saw the steps of the
  /// message's other octets knows how many there will be, and not which way memcpy goes.
  @inlinable @inline(__always)
  static func copy(_ source: UnsafeRawPointer, _ size: Int, to place: UnsafeMutableRawPointer) {
    guard size >= 32, size <= 512 else { return place.copyMemory(from: source, byteCount: size) }
    let last = size &- 32
    var at = 0
    while at < last {
      place.storeBytes(
        of: source.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self), toByteOffset: at,
        as: SIMD4<UInt64>.self)
      at &+= 32
    }
    place.storeBytes(
      of: source.loadUnaligned(fromByteOffset: last, as: SIMD4<UInt64>.self), toByteOffset: last,
      as: SIMD4<UInt64>.self)
  }

  /// Octets as they are.
  @inlinable
  public mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Octets that `write` puts into memory: it has room for `most` octets and sixteen more, and says
  /// how many of them count.
  ///
  /// - Returns: That count.
  @inlinable @inline(__always)
  public mutating func appendOctets(
    atMost most: Int, _ write: (UnsafeMutableRawPointer) -> Int
  ) -> Int {
    reserve(max(most, 0) &+ 16)
    let written = write(base + length)
    precondition(written >= 0 && written <= most, "more octets than there was room for")
    length &+= written
    return written
  }

  /// Writes one octet over another that is there.
  @inlinable
  public mutating func replace(at place: Int, with byte: UInt8) {
    precondition(place >= 0 && place < length, "nothing is written there")
    base.storeBytes(of: byte, toByteOffset: place, as: UInt8.self)
  }

  /// Puts a literal in the place of octets that are there; what follows them moves.
  public mutating func replace(_ range: Range<Int>, with text: StaticString) {
    precondition(range.lowerBound >= 0 && range.upperBound <= length, "nothing is written there")
    let size = text.utf8CodeUnitCount
    reserve(size)
    let place = base + range.lowerBound
    (place + size).copyMemory(from: base + range.upperBound, byteCount: length - range.upperBound)
    place.copyMemory(from: text.utf8Start, byteCount: size)
    length += size - range.count
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
    reserve(max(times, 16))
    let place = base + length
    length &+= times
    if times <= 16 {
      // Two whole words, of which those octets count that were asked for.
      let word = UInt64(byte) &* 0x0101_0101_0101_0101
      place.storeBytes(of: word, as: UInt64.self)
      place.storeBytes(of: word, toByteOffset: 8, as: UInt64.self)
    } else {
      place.initializeMemory(as: UInt8.self, repeating: byte, count: times)
    }
  }

  /// Spaces until `width` columns stand after `start`; every scalar counts as one column.
  public mutating func pad(from start: Int, to width: Int) {
    append(byte: 32, times: width - columns(from: start))
  }

  /// Moves what was written after `start` to the right end of `width` columns.
  @inlinable @inline(__always)
  public mutating func alignRight(from start: Int, to width: Int) {
    if length &- start < width { shiftRight(from: start, to: width) }
  }

  @usableFromInline
  mutating func shiftRight(from start: Int, to width: Int) {
    let size = length &- start
    let missing = width &- size
    guard missing > 0, size >= 0 else { return }
    reserve(max(missing, 32))
    let place = base + start
    if width <= 16 {
      // Taken whole into two words, over which spaces are written before they are put down again.
      let first = place.loadUnaligned(as: UInt64.self)
      let second = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      place.storeBytes(of: 0x2020_2020_2020_2020, as: UInt64.self)
      place.storeBytes(of: 0x2020_2020_2020_2020, toByteOffset: 8, as: UInt64.self)
      place.storeBytes(of: first, toByteOffset: missing, as: UInt64.self)
      place.storeBytes(of: second, toByteOffset: missing &+ 8, as: UInt64.self)
    } else {
      (place + missing).copyMemory(from: place, byteCount: size)
      place.initializeMemory(as: UInt8.self, repeating: 32, count: missing)
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

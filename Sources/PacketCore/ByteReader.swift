/// A non-owning cursor over the octets of one packet, in network byte order.
///
/// Every read is checked once, here; a layer that reads through it cannot leave its bounds.
/// Offsets are those of the whole buffer, so that what a layer reports are offsets in the frame.
public struct ByteReader: ~Escapable, ~Copyable {
  @usableFromInline let bytes: RawSpan
  @usableFromInline var position: Int
  @usableFromInline var limit: Int
  @usableFromInline var reportedLimit: Int

  /// Offset of the next octet, in octets from the start of the buffer.
  @inlinable public var offset: Int { position }
  /// End of the octets that this layer may read: captured, and inside the enclosing layer.
  @inlinable public var end: Int { limit }
  /// End of the enclosing layer as it was on the wire; beyond `end` when the capture was cut.
  @inlinable public var reportedEnd: Int { reportedLimit }

  /// A reader over all of `bytes`, of which nothing is missing.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.init(bytes, from: 0, to: bytes.byteCount, reportedEnd: bytes.byteCount)
  }

  /// A reader over `start..<end` of `bytes`; the layer reached to `reportedEnd` on the wire.
  /// Bounds outside the buffer are clamped to it.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int) {
    self.bytes = bytes
    limit = min(max(end, 0), bytes.byteCount)
    position = min(max(start, 0), limit)
    reportedLimit = max(reportedEnd, limit)
  }

  /// Octets left to read.
  @inlinable public var remaining: Int { end &- offset }

  @usableFromInline
  func failure(needing count: Int) -> ParseError {
    // The octets existed on the wire: the capture is at fault, not the packet.
    let cut = count >= 0 && count <= reportedEnd - offset
    return ParseError(cut ? .cut : .short, at: end, needed: count - (end - offset))
  }

  /// The next integer, network byte order.
  /// - Throws: `ParseError` `.cut` or `.short` when fewer octets are left.
  @inlinable @inline(__always)
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self
  ) throws(ParseError) -> T {
    let size = MemoryLayout<T>.size
    guard end &- offset >= size else { throw failure(needing: size) }
    // The one check: `end` never passes the buffer's end (see the initialiser and `trim`).
    let value = bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self)
    position &+= size
    return T(bigEndian: value)
  }

  /// The next three integers, network byte order: headers of fixed length are read by words that
  /// are checked together, and then taken apart.
  /// - Throws: `ParseError` `.cut` or `.short` when fewer octets are left; nothing is read then.
  @inlinable @inline(__always)
  public mutating func read<
    A: FixedWidthInteger & BitwiseCopyable, B: FixedWidthInteger & BitwiseCopyable,
    C: FixedWidthInteger & BitwiseCopyable
  >(_: A.Type, _: B.Type, _: C.Type) throws(ParseError) -> (A, B, C) {
    let second = MemoryLayout<A>.size
    let third = second &+ MemoryLayout<B>.size
    let size = third &+ MemoryLayout<C>.size
    guard end &- offset >= size else { throw failure(needing: size) }
    let start = offset
    position &+= size
    return (
      A(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: A.self)),
      B(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ second, as: B.self)),
      C(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start &+ third, as: C.self))
    )
  }

  /// The integer `distance` octets after the cursor, which stays where it is; network byte order.
  /// - Throws: `ParseError` when it does not lie inside.
  @inlinable
  public func peek<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self, after distance: Int = 0
  ) throws(ParseError) -> T {
    let size = MemoryLayout<T>.size
    guard distance >= 0, end &- offset &- distance >= size else {
      throw failure(needing: distance + size)
    }
    return T(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ distance, as: T.self))
  }

  /// Moves over `count` octets.
  /// - Throws: `ParseError` when fewer are left.
  @inlinable
  public mutating func skip(_ count: Int) throws(ParseError) {
    guard count >= 0, end &- offset >= count else { throw failure(needing: count) }
    position &+= count
  }

  /// The next `count` octets, without copying them.
  /// - Throws: `ParseError` when fewer are left.
  @inlinable
  @_lifetime(copy self)
  public mutating func slice(_ count: Int) throws(ParseError) -> RawSpan {
    guard count >= 0, end &- offset >= count else { throw failure(needing: count) }
    let start = offset
    position &+= count
    return bytes.extracting(start..<(start &+ count))
  }

  /// All octets that are left, without moving over them.
  @inlinable
  @_lifetime(copy self)
  public func rest() -> RawSpan { bytes.extracting(offset..<end) }

  /// The next `count` octets as an array of their own.
  /// - Throws: `ParseError` when fewer are left.
  @inlinable
  public mutating func array(_ count: Int) throws(ParseError) -> [UInt8] {
    let octets = try slice(count)
    return [UInt8](octets)
  }

  /// A length field ends the layer: only `count` more octets belong to it, what stands after them
  /// (padding, a trailer) stays outside. More than there are is no error here; the layer says so.
  @inlinable
  public mutating func trim(toRemaining count: Int) {
    let wanted = offset &+ max(count, 0)
    limit = min(limit, wanted)
    reportedLimit = min(reportedLimit, wanted)
  }
}

extension Array where Element == UInt8 {
  /// The octets of a span, copied.
  @inlinable
  public init(_ span: RawSpan) {
    self = span.withUnsafeBytes { [UInt8]($0) }
  }
}

/// Octets of a stream in the order of their numbers, and where they stand.
///
/// Four words, as `FrameHeader` is and for the same reason.
public struct StreamChunk: Sendable, BitwiseCopyable {
  /// The end of the range in the upper half, its start in the lower.
  @usableFromInline var bounds: UInt64
  /// Octets of this direction before them, counted from the first that was captured.
  public var position: UInt64
  @usableFromInline var seconds: Int64
  /// Buffer and facts, 16 bits each, and the nanoseconds of the time in the lower half.
  @usableFromInline var rest: UInt64

  @usableFromInline
  struct Facts: OptionSet, BitwiseCopyable {
    @usableFromInline var rawValue: UInt16
    @inlinable init(rawValue: UInt16) { self.rawValue = rawValue }

    @inlinable static var isOfServer: Facts { Facts(rawValue: 1) }
    @inlinable static var sideIsKnown: Facts { Facts(rawValue: 2) }
    @inlinable static var isMidStream: Facts { Facts(rawValue: 4) }
    @inlinable static var isLast: Facts { Facts(rawValue: 8) }
    @inlinable static var isCut: Facts { Facts(rawValue: 16) }
  }

  @inlinable
  public init(
    range: Range<Int>, buffer: UInt16 = 0, side: Side, sideIsKnown: Bool = true,
    time: Timestamp = Timestamp(seconds: 0, nanoseconds: 0), position: UInt64 = 0,
    isMidStream: Bool = false, isLast: Bool = false
  ) {
    bounds = Self.bounds(range)
    self.position = position
    seconds = time.seconds
    var facts: Facts = []
    if side == .server { facts.insert(.isOfServer) }
    if sideIsKnown { facts.insert(.sideIsKnown) }
    if isMidStream { facts.insert(.isMidStream) }
    if isLast { facts.insert(.isLast) }
    rest = UInt64(
      upper: UInt32(buffer) &<< 16 | UInt32(facts.rawValue), lower: time.nanoseconds)
  }

  @inlinable
  static func bounds(_ range: Range<Int>) -> UInt64 {
    UInt64(
      upper: UInt32(truncatingIfNeeded: range.upperBound),
      lower: UInt32(truncatingIfNeeded: range.lowerBound))
  }

  @inlinable var facts: Facts {
    get { Facts(rawValue: UInt16(truncatingIfNeeded: rest &>> 32)) }
    set { rest = rest & ~0xffff_0000_0000 | UInt64(newValue.rawValue) &<< 32 }
  }

  /// The octets, in the span that comes along: no packet and no buffer has 2³² of them.
  @inlinable public var range: Range<Int> {
    get { Range(uncheckedBounds: (Int(bounds.lowerHalf), Int(bounds.upperHalf))) }
    set { bounds = Self.bounds(newValue) }
  }

  /// The buffer of the dissection that the span is: 0 the frame.
  @inlinable public var buffer: UInt16 { UInt16(truncatingIfNeeded: rest &>> 48) }

  /// Who sent them.
  @inlinable public var side: Side {
    get { facts[.isOfServer] ? .server : .client }
    set { facts[.isOfServer] = newValue == .server }
  }

  /// Whether the roles are known (from the handshake, or from what was said), not guessed.
  @inlinable public var sideIsKnown: Bool {
    get { facts[.sideIsKnown] }
    set { facts[.sideIsKnown] = newValue }
  }

  /// When the packet that completes them was captured.
  @inlinable public var time: Timestamp {
    Timestamp(seconds: seconds, nanoseconds: rest.lowerHalf)
  }

  /// The capture began after the connection did, or octets before these are missing.
  @inlinable public var isMidStream: Bool { facts[.isMidStream] }

  /// The sender will say no more: what is here is all.
  @inlinable public var isLast: Bool {
    get { facts[.isLast] }
    set { facts[.isLast] = newValue }
  }

  /// It is all only because the capture ends: what the sender said next is not known.
  @inlinable public var isCut: Bool {
    get { facts[.isCut] }
    set { facts[.isCut] = newValue }
  }
}

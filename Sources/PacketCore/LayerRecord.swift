/// Where one layer is: all that a dissection stores about it. Its value is decoded again when
/// somebody asks, which costs tens of nanoseconds; a stored value would cost a heap box.
public struct LayerRecord: Sendable {
  /// The protocol.
  public let type: any ErasedLayer.Type
  /// Offset of the header's first octet in its buffer.
  public let start: UInt32
  /// Octets of the header.
  public let headerLength: UInt32
  /// Octets of the payload that are here; what the layer's length field excludes is not counted.
  public let payloadLength: UInt32
  /// Octets of the payload that were on the wire but not in the capture.
  public let missing: UInt32
  /// Where the layer's note is kept; `LayerRecord.noNote` when it left none.
  @usableFromInline var note: UInt16
  /// 0 for the frame itself, otherwise the number of a reassembled buffer.
  public let buffer: UInt8
  /// The number space that led here, which `frame.protocols` tells.
  public let space: PayloadType.Space
  /// True inside a packet that another packet quotes (an ICMP error): shown and filtered, but
  /// neither analysed nor named in the columns.
  public let isQuoted: Bool

  /// True for the octets of a layer that ends before its header does: the fields whose octets are
  /// here are shown, and nothing else is known about it.
  public let isPart: Bool

  @inlinable static var noNote: UInt16 { .max }

  @inlinable
  init(
    type: any ErasedLayer.Type, start: Int, headerLength: Int, payloadLength: Int,
    missing: Int, buffer: UInt8, space: PayloadType.Space, isQuoted: Bool, isPart: Bool = false
  ) {
    self.type = type
    self.start = UInt32(truncatingIfNeeded: start)
    self.headerLength = UInt32(truncatingIfNeeded: headerLength)
    self.payloadLength = UInt32(truncatingIfNeeded: payloadLength)
    self.missing = UInt32(truncatingIfNeeded: missing)
    self.note = Self.noNote
    self.buffer = buffer
    self.space = space
    self.isQuoted = isQuoted
    self.isPart = isPart
  }

  /// The header's octets in its buffer.
  @inlinable public var header: Range<Int> { Int(start)..<Int(start) &+ Int(headerLength) }
  /// The payload's octets in its buffer.
  @inlinable public var payload: Range<Int> {
    let from = Int(start) &+ Int(headerLength)
    return from..<from &+ Int(payloadLength)
  }
  /// Octets of the payload as it was on the wire.
  @inlinable public var reportedPayloadLength: Int { Int(payloadLength) &+ Int(missing) }
  /// Header and payload.
  @inlinable public var range: Range<Int> {
    Int(start)..<Int(start) &+ Int(headerLength) &+ Int(payloadLength)
  }

  /// Whether this is a layer of the given protocol.
  @inlinable public func `is`<L: Layer>(_: L.Type) -> Bool {
    ObjectIdentifier(type) == ObjectIdentifier(L.self)
  }
}

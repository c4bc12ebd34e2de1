/// The layers of one packet, outermost first. The places are kept from packet to packet, those
/// that the present packet does not need included: emptying an array costs more than two layers.
public struct LayerRecords: RandomAccessCollection, Sendable {
  @usableFromInline var places: [LayerRecord] = []
  @usableFromInline var used = 0

  init() { places.reserveCapacity(16) }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { used }
  @inlinable public var count: Int { used }

  @inlinable
  public subscript(position: Int) -> LayerRecord {
    precondition(position < used, "no such layer")
    return places[position]
  }

  mutating func removeAll() { used = 0 }

  @inlinable
  mutating func append(_ record: LayerRecord) {
    if used < places.count { places[used] = record } else { places.append(record) }
    used &+= 1
  }

  @inlinable
  mutating func setNote(_ note: UInt16, at position: Int) { places[position].note = note }
}

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

  @inlinable static var noNote: UInt16 { .max }

  @inlinable
  init(
    type: any ErasedLayer.Type, start: Int, headerLength: Int, payloadLength: Int,
    missing: Int, buffer: UInt8, space: PayloadType.Space, isQuoted: Bool
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

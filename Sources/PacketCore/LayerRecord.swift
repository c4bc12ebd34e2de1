/// The layers of one packet, outermost first.
public struct LayerRecords: RandomAccessCollection, Sendable {
  @usableFromInline var places = PacketPlaces()
  @usableFromInline var used = 0

  init() {}

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { used }
  @inlinable public var count: Int { used }

  @inlinable
  public subscript(position: Int) -> LayerRecord {
    precondition(position >= 0 && position < used, "no such layer")
    return places.records[position]
  }

  /// Forgets the last packet. Copies that were made of it keep theirs.
  @inline(__always)
  mutating func removeAll() {
    if _slowPath(!isKnownUniquelyReferenced(&places)) { places = PacketPlaces() }
    used = 0
  }

  @inlinable @inline(__always)
  mutating func append(_ record: LayerRecord) {
    if _slowPath(used == places.capacity) { places.grow(used) }
    places.records[used] = record
    used &+= 1
  }
}

/// The memory that a dissection's layers and notes stand in, kept from packet to packet.
///
/// It is written for every layer of every packet, so it is not an array, which would ask each time
/// whether it has been copied: `LayerRecords.removeAll` asks once a packet. In between only the
/// walk writes, and behind `LayerRecords.used` only.
@usableFromInline
final class PacketPlaces: @unchecked Sendable {
  // Used by the one thread that walks.
  @usableFromInline @exclusivity(unchecked) var records: UnsafeMutablePointer<LayerRecord>
  @usableFromInline @exclusivity(unchecked) var capacity = 16
  /// 64-bit words for notes.
  @usableFromInline @exclusivity(unchecked) var noteWords = 256
  @usableFromInline @exclusivity(unchecked) var notes: UnsafeMutableRawPointer

  @usableFromInline
  init() {
    records = .allocate(capacity: capacity)
    notes = .allocate(byteCount: 256 * 8, alignment: 8)
  }

  deinit {
    records.deallocate()
    notes.deallocate()
  }

  /// Doubles the room for layers; `used` of them are there.
  @usableFromInline @inline(never)
  func grow(_ used: Int) {
    let larger = UnsafeMutablePointer<LayerRecord>.allocate(capacity: capacity * 2)
    larger.update(from: records, count: used)
    records.deallocate()
    records = larger
    capacity *= 2
  }

  /// Takes over the notes of another packet.
  func copyNotes(of other: PacketPlaces, count: Int) {
    while noteWords < count { growNotes(0) }
    notes.copyMemory(from: other.notes, byteCount: count * 8)
  }

  /// Doubles the room for notes; `used` words of them are there.
  @usableFromInline @inline(never)
  func growNotes(_ used: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: noteWords * 16, alignment: 8)
    larger.copyMemory(from: notes, byteCount: used * 8)
    notes.deallocate()
    notes = larger
    noteWords *= 2
  }
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
  @usableFromInline var note: UInt32
  /// 0 for the frame itself, otherwise the number of a reassembled buffer.
  public let buffer: UInt16
  /// The number space that led here, which `frame.protocols` tells.
  public let space: PayloadType.Space
  @usableFromInline let marks: UInt8

  /// True inside a packet that another packet quotes (an ICMP error): shown and filtered, but
  /// neither analysed nor named in the columns.
  @inlinable public var isQuoted: Bool { marks & 1 != 0 }
  /// True for the octets of a layer that ends before its header does: the fields whose octets are
  /// here are shown, and nothing else is known about it.
  @inlinable public var isPart: Bool { marks & 2 != 0 }

  /// Whether the layer may have a word to add to the line of the packet or of its message: see
  /// `ErasedLayer.hasRemarks`.
  @inlinable public var mayRemark: Bool { marks & 4 != 0 && note != Self.noNote }

  @inlinable static var noNote: UInt32 { .max }

  @inlinable
  init(
    type: any ErasedLayer.Type, start: Int, headerLength: Int, payloadLength: Int,
    missing: Int, buffer: UInt16, space: PayloadType.Space, isQuoted: Bool, isPart: Bool = false,
    hasRemarks: Bool = false
  ) {
    self.type = type
    self.start = UInt32(truncatingIfNeeded: start)
    self.headerLength = UInt32(truncatingIfNeeded: headerLength)
    self.payloadLength = UInt32(truncatingIfNeeded: payloadLength)
    self.missing = UInt32(truncatingIfNeeded: missing)
    self.note = Self.noNote
    self.buffer = buffer
    self.space = space
    marks = (isQuoted ? 1 : 0) | (isPart ? 2 : 0) | (hasRemarks ? 4 : 0)
  }

  /// The same layer in a copy of its buffer, its note `notesBy` words behind where it was.
  func moved(buffer: UInt16, notesBy words: UInt32) -> LayerRecord {
    var moved = LayerRecord(
      type: type, start: Int(start), headerLength: Int(headerLength),
      payloadLength: 0, missing: reportedPayloadLength, buffer: buffer, space: space,
      isQuoted: isQuoted, isPart: isPart, hasRemarks: marks & 4 != 0)
    moved.note = note == Self.noNote ? note : note &+ words
    return moved
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

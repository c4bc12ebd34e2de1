/// Where the octets of a buffer come from: one stage of the way back to the wire.
public struct BufferOrigin: Sendable, BitwiseCopyable, Equatable {
  /// What was done to the source's octets.
  public enum Stage: UInt8, Sendable, BitwiseCopyable {
    /// Segments or fragments, put together: `Dissection.pieces(of:)` names the packets.
    case reassembled
    /// The masking of WebSocket undone, octet by octet.
    case unmasked
    /// Frames of one message put together, framing left out.
    case joined
    /// Deflate or gzip undone.
    case inflated
    /// Encryption undone.
    case decrypted
    /// Base64, escapes or another notation undone.
    case decoded
  }

  public let stage: Stage
  /// The buffer that the octets were made from; 0 is the frame.
  public let source: UInt16
  /// First octet in the source.
  public let start: UInt32
  /// Octets in the source.
  public let count: UInt32

  @inlinable
  public init(_ stage: Stage, of source: UInt16, _ range: Range<Int>) {
    self.stage = stage
    self.source = source
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    count = UInt32(truncatingIfNeeded: range.count)
  }

  /// The place in the source.
  public var range: Range<Int> { Int(start)..<Int(start) &+ Int(count) }
}

/// Octets of a buffer that stand in one captured packet.
public struct BufferPiece: Sendable, Equatable {
  /// Place in the buffer.
  public var range: Range<Int>
  /// Number of the frame.
  public var frame: Int
  /// First octet in that frame.
  public var offset: Int

  public init(_ range: Range<Int>, frame: Int, offset: Int) {
    self.range = range
    self.frame = frame
    self.offset = offset
  }
}

/// Octets of a stream that stand in one captured packet.
public struct StreamPiece: Sendable {
  /// Counted from the first octet of the stream's direction.
  public var position: UInt64
  public var count: Int
  /// Number of the frame.
  public var frame: Int
  /// Offset of the first octet in the frame.
  public var offset: Int
  /// A retransmission: its octets are those of another piece.
  public var isRepeated: Bool

  public init(position: UInt64, count: Int, frame: Int, offset: Int, isRepeated: Bool) {
    self.position = position
    self.count = count
    self.frame = frame
    self.offset = offset
    self.isRepeated = isRepeated
  }
}

/// The memory that a packet's own buffers stand in, kept from packet to packet.
///
/// Blocks never move, so that a layer may add a buffer while it reads another.
@usableFromInline
final class PacketBuffers: @unchecked Sendable {
  @usableFromInline
  struct Extent {
    @usableFromInline var start: UnsafeMutableRawPointer
    @usableFromInline var count: Int
    @usableFromInline var origin: BufferOrigin
  }

  // Used by the one thread that walks; so for all of these.
  /// Where the buffers stand, buffer 1 first: as with `PacketPlaces`, no array, which would ask each
  /// time whether it has been copied.
  @exclusivity(unchecked) private var extents: UnsafeMutablePointer<Extent>
  @exclusivity(unchecked) private var capacity = 8
  /// Buffers there are.
  @usableFromInline @exclusivity(unchecked) private(set) var count = 0
  @exclusivity(unchecked) var pieces: [(buffer: Int, piece: BufferPiece)] = []
  /// Buffers that hold octets of a stream, and what that stream knows of its packets: shared with it and
  /// looked through when somebody asks, since a stream that waits is handed over again and again.
  @exclusivity(unchecked) var streams: [StreamOctets] = []

  struct StreamOctets {
    var buffer: Int
    var pieces: [StreamPiece]
    /// The stream's octet that is the buffer's first.
    var start: UInt64
    var count: Int

    var bufferPieces: [BufferPiece] {
      pieces.compactMap { piece in
        if piece.isRepeated { return nil }
        let first = Int(truncatingIfNeeded: piece.position &- start)
        let part = (first..<first + piece.count).clamped(to: 0..<count)
        if part.isEmpty { return nil }
        return BufferPiece(
          part, frame: piece.frame, offset: piece.offset + part.lowerBound - first)
      }
    }
  }

  @exclusivity(unchecked) private var blocks: [UnsafeMutableRawBufferPointer] = []
  /// How many of them are in use; buffers are added to the last of those, behind `used` octets.
  @exclusivity(unchecked) private var block = 0
  @exclusivity(unchecked) private var room: (start: UnsafeMutableRawPointer, count: Int)
  @exclusivity(unchecked) private var used = 0

  private static let blockSize = 1 << 16
  /// Memory kept for the next packet.
  private static let kept = 1 << 20

  init() {
    extents = .allocate(capacity: capacity)
    // No room, but an empty buffer has a place all the same.
    room = (UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped, 0)
  }

  deinit {
    extents.deallocate()
    for block in blocks { block.deallocate() }
  }

  /// The place of a buffer, from 1.
  @usableFromInline
  subscript(buffer: UInt16) -> Extent {
    precondition(buffer > 0 && Int(buffer) <= count, "no such buffer")
    return extents[Int(buffer) &- 1]
  }

  /// Forgets all buffers.
  @inline(__always)
  func removeAll() {
    count = 0
    used = 0
    if _slowPath(pieces.count | streams.count != 0 || block > 1) { forgetRareParts() }
  }

  @inline(never)
  private func forgetRareParts() {
    if !pieces.isEmpty { pieces.removeAll(keepingCapacity: true) }
    if !streams.isEmpty { streams.removeAll(keepingCapacity: true) }
    guard block > 1 else { return }
    if blocks.reduce(0, { $0 + $1.count }) > Self.kept {
      for large in blocks.dropFirst() { large.deallocate() }
      blocks.removeSubrange(1...)
    }
    take(1)
  }

  /// A new buffer of `count` octets, whatever they are; its number is the count of buffers.
  @usableFromInline
  func add(_ count: Int, _ origin: BufferOrigin) -> UnsafeMutableRawBufferPointer {
    if _slowPath(room.count &- used < count) { moveOn(count) }
    let start = room.start + used
    used = min(used &+ (count &+ 15) & ~15, room.count)
    if _slowPath(self.count == capacity) { grow() }
    extents[self.count] = Extent(start: start, count: count, origin: origin)
    self.count &+= 1
    return UnsafeMutableRawBufferPointer(start: start, count: count)
  }

  /// Goes on in the next block that has room for `count` octets.
  @inline(never)
  private func moveOn(_ count: Int) {
    var next = block
    while next < blocks.count, blocks[next].count < count { next += 1 }
    if next == blocks.count {
      blocks.append(.allocate(byteCount: max(Self.blockSize, count), alignment: 16))
    }
    take(next + 1)
  }

  /// Takes the first `count` blocks into use.
  private func take(_ count: Int) {
    block = count
    used = 0
    guard let start = blocks[count - 1].baseAddress else { return }
    room = (start, blocks[count - 1].count)
  }

  @inline(never)
  private func grow() {
    let larger = UnsafeMutablePointer<Extent>.allocate(capacity: capacity * 2)
    larger.update(from: extents, count: count)
    extents.deallocate()
    extents = larger
    capacity *= 2
  }

  /// The same buffers, to add others to.
  func copy() -> PacketBuffers {
    let other = PacketBuffers()
    for extent in UnsafeBufferPointer(start: extents, count: count) {
      other.add(extent.count, extent.origin)
        .copyMemory(from: UnsafeRawBufferPointer(start: extent.start, count: extent.count))
    }
    other.pieces = pieces
    other.streams = streams
    return other
  }
}

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
  @exclusivity(unchecked) private var block = 0
  @exclusivity(unchecked) private var used = 0

  private static let blockSize = 1 << 16
  /// Memory kept for the next packet.
  private static let kept = 1 << 20

  init() { extents = .allocate(capacity: capacity) }

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
  func removeAll() {
    count = 0
    if !pieces.isEmpty { pieces.removeAll(keepingCapacity: true) }
    if !streams.isEmpty { streams.removeAll(keepingCapacity: true) }
    if block > 0, blocks.reduce(0, { $0 + $1.count }) > Self.kept {
      for large in blocks.dropFirst() { large.deallocate() }
      blocks.removeSubrange(1...)
    }
    block = 0
    used = 0
  }

  /// A new buffer of `count` octets, whatever they are; its number is the count of buffers.
  func add(_ count: Int, _ origin: BufferOrigin) -> UnsafeMutableRawBufferPointer {
    while block < blocks.count, blocks[block].count &- used < count {
      block += 1
      used = 0
    }
    if block == blocks.count {
      blocks.append(
        .allocate(byteCount: max(Self.blockSize, count), alignment: 16))
      used = 0
    }
    let place = UnsafeMutableRawBufferPointer(rebasing: blocks[block][used..<used + count])
    // An empty buffer has a place of its own all the same.
    let start = place.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
    used += (count + 15) & ~15
    used = min(used, blocks[block].count)
    if self.count == capacity { grow() }
    extents[self.count] = Extent(start: start, count: count, origin: origin)
    self.count &+= 1
    return place
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

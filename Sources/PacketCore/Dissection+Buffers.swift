/// A place at which the walk goes on.
@usableFromInline
struct Continuation: Sendable {
  @usableFromInline var buffer: UInt16
  @usableFromInline var range: Range<Int>
  @usableFromInline var type: PayloadType
  /// The layers there do not name the packet in the columns.
  @usableFromInline var isAside: Bool

  @usableFromInline @inline(__always)
  init(buffer: UInt16, range: Range<Int>, type: PayloadType, isAside: Bool) {
    self.buffer = buffer
    self.range = range
    self.type = type
    self.isAside = isAside
  }
}

extension Dissection {
  /// Buffers beside the frame's own octets.
  public var bufferCount: Int { ownBuffers.count }

  /// A new buffer of `count` octets.
  ///
  /// - Parameters:
  ///   - origin: What they are made from.
  ///   - fill: Writes the octets; whatever stood there before is in them.
  /// - Returns: The buffer's number; nil when the packet has too many.
  @inlinable @inline(__always)
  public mutating func addBuffer(
    _ count: Int, _ origin: BufferOrigin, _ fill: (inout MutableRawSpan) -> Void
  ) -> UInt16? {
    guard ownBuffers.count < Int(UInt16.max), count >= 0 else { return nil }
    var place = ownBuffers.add(count, origin).mutableBytes
    fill(&place)
    return UInt16(truncatingIfNeeded: ownBuffers.count)
  }

  /// A new buffer with a copy of `octets`.
  public mutating func addBuffer(_ octets: RawSpan, _ origin: BufferOrigin) -> UInt16? {
    guard ownBuffers.count < Int(UInt16.max) else { return nil }
    let place = ownBuffers.add(octets.byteCount, origin)
    octets.withUnsafeBytes { place.copyMemory(from: $0) }
    return UInt16(truncatingIfNeeded: ownBuffers.count)
  }

  /// Says in which packets the octets of a reassembled buffer stand.
  public mutating func addPiece(_ piece: BufferPiece, of buffer: UInt16) {
    ownBuffers.pieces.append((Int(buffer), piece))
  }

  /// Says in which packets the octets of a buffer stand that holds octets of a stream.
  ///
  /// - Parameters:
  ///   - start: The stream's octet that is the buffer's first.
  ///   - count: Octets of the buffer.
  public mutating func addPieces(
    _ pieces: [StreamPiece], from start: UInt64, count: Int, of buffer: UInt16
  ) {
    ownBuffers.streams.append(
      PacketBuffers.StreamOctets(
        buffer: Int(buffer), pieces: pieces, start: start, count: count))
  }

  /// Where a buffer's octets come from; nil for the frame.
  public func origin(of buffer: UInt16) -> BufferOrigin? {
    guard buffer > 0, Int(buffer) <= ownBuffers.count else { return nil }
    return ownBuffers[buffer].origin
  }

  /// The packets that a reassembled buffer was put together from.
  public func pieces(of buffer: UInt16) -> [BufferPiece] {
    let own = ownBuffers.pieces.filter { $0.buffer == Int(buffer) }.map(\.piece)
    let streams = ownBuffers.streams.filter { $0.buffer == Int(buffer) }
    return own + streams.flatMap(\.bufferPieces)
  }

  /// The places on the wire of octets of a buffer: frames, and offsets in them.
  ///
  /// - Returns: Nil for octets that follow from others by more than their place (inflated, decrypted,
  ///   decoded): those are derived.
  public func wire(_ range: Range<Int>, of buffer: UInt16) -> [BufferPiece]? {
    guard let origin = origin(of: buffer) else {
      return [BufferPiece(range, frame: frame.number, offset: range.lowerBound)]
    }
    switch origin.stage {
    case .unmasked:
      let start = origin.range.lowerBound
      return wire(start + range.lowerBound..<start + range.upperBound, of: origin.source)
    case .reassembled, .joined:
      let pieces = pieces(of: buffer)
      guard !pieces.isEmpty else { return nil }
      return pieces.compactMap { piece in
        let part = piece.range.clamped(to: range)
        guard !part.isEmpty else { return nil }
        return BufferPiece(
          part, frame: piece.frame,
          offset: piece.offset + part.lowerBound - piece.range.lowerBound)
      }
    case .inflated, .decrypted, .decoded: return nil
    }
  }

  /// The walk goes on in octets of their own (a reassembled datagram) once this layer is done.
  ///
  /// - Parameters:
  ///   - octets: The whole of what the layers that follow stand in.
  ///   - type: What the octets are.
  public mutating func continueWith(_ octets: [UInt8], as type: PayloadType) {
    let buffer = addBuffer(octets.span.bytes, BufferOrigin(.reassembled, of: currentBuffer, 0..<0))
    guard let buffer else { return }
    continueIn(buffer, 0..<octets.count, as: type)
  }

  /// The walk goes on at a place in a buffer once this layer is done, and once the places named
  /// before are; what follows the layer's header is not walked by itself then.
  ///
  /// - Parameters:
  ///   - buffer: 0 is the frame.
  ///   - isAside: What stands there is a part of this layer's text, such as an encrypted word: it may
  ///     remark on the packet's line, which stays this layer's.
  @inlinable @inline(__always)
  public mutating func continueIn(
    _ buffer: UInt16, _ range: Range<Int>, as type: PayloadType, isAside: Bool = false
  ) {
    goesElsewhere = true
    let next = Continuation(
      buffer: buffer, range: range, type: type, isAside: isAside || self.isAside)
    if _slowPath(isContinued) { return continueLater(next) }
    continuation = next
    isContinued = true
  }

  @usableFromInline @inline(never)
  mutating func continueLater(_ next: Continuation) { furtherContinuations.append(next) }

  /// The place to go on at, if a layer named one; the walk is in its buffer then.
  @inline(__always)
  mutating func takeContinuation() -> Continuation? {
    goesElsewhere = false
    isAside = false
    guard isContinued else { return nil }
    let next = continuation
    isContinued = false
    if _slowPath(!furtherContinuations.isEmpty) {
      continuation = furtherContinuations.removeFirst()
      isContinued = true
    }
    currentBuffer = next.buffer
    isAside = next.isAside
    return next
  }

  /// Gives `body` a buffer to read while it adds to the dissection.
  public mutating func reading<R>(
    _ buffer: UInt16, _ body: (RawSpan, inout Dissection) -> R
  ) -> R {
    // What is added meanwhile takes nothing away: see `PacketBuffers`.
    let extent = ownBuffers[buffer]
    return body(UnsafeRawBufferPointer(start: extent.start, count: extent.count).bytes, &self)
  }

  /// Gives `body` the buffer that a record with this buffer number stands in.
  @inlinable
  public func withBytes<R>(
    of buffer: UInt16, frame: RawSpan, _ body: (RawSpan) -> R
  ) -> R {
    if buffer == 0 { return body(frame) }
    let extent = ownBuffers[buffer]
    return body(UnsafeRawBufferPointer(start: extent.start, count: extent.count).bytes)
  }
}

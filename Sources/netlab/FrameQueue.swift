import PacketCore

/// Frames that were written and wait to be printed: the writer comes first, the printer may lag.
/// Bounded; what does not fit is not printed, and counted.
struct FrameQueue: ~Copyable {
  /// Octets that may wait.
  private let capacity: Int
  private var octets: [UInt8] = []
  private var frames: [(header: FrameHeader, start: Int)] = []
  private var next = 0
  /// Frames that found no room.
  private(set) var skipped = 0

  init(capacity: Int = 64 << 20) { self.capacity = capacity }

  /// Frames waiting.
  var count: Int { frames.count - next }

  /// Puts a frame at the end.
  mutating func append(_ bytes: RawSpan, _ header: FrameHeader) {
    // Frames that found no room come in one run; a gap in the numbers shows where they were.
    guard octets.count + bytes.byteCount <= capacity else {
      skipped += 1
      return
    }
    frames.append((header, octets.count))
    bytes.withUnsafeBytes { octets.append(contentsOf: $0) }
  }

  /// Takes up to `limit` frames from the front.
  mutating func take(_ limit: Int, _ body: (RawSpan, FrameHeader) throws -> Void) rethrows {
    let end = min(next + limit, frames.count)
    while next < end {
      let (header, start) = frames[next]
      next += 1
      try body(octets.span.bytes.extracting(start..<start + header.capturedLength), header)
    }
    guard next == frames.count else { return }
    frames.removeAll(keepingCapacity: true)
    octets.removeAll(keepingCapacity: true)
    next = 0
  }
}

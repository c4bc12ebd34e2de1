import CZlib

/// Inflates gzip on the fly, one member after the other (RFC 1952, 2.2: a file is a series of
/// members; `cat a.gz b.gz` is a valid file).
final class GzipInflation {
  static let inputSize = 64 << 10

  enum Outcome {
    /// So many octets came out.
    case octets(Int)
    /// All input is used up.
    case needsInput
    /// The last member ended, and what follows is no gzip.
    case end
    /// Not what a gzip writer makes.
    case damaged(String)
  }

  /// Where the next compressed octets are to be read to.
  let input: UnsafeMutableRawPointer
  /// Behind a pointer, since zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  /// False after a member's trailer, where the file may end.
  private(set) var isInsideMember = true

  /// - Parameter first: Octets of the file that were read already.
  init(name: String, first: UnsafeRawBufferPointer) throws(CaptureError) {
    let room = max(GzipInflation.inputSize, first.count)
    input = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    if let start = first.baseAddress { input.copyMemory(from: start, byteCount: first.count) }
    // 15 bits of window, and 16 for "gzip header and trailer".
    let result = inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else {
      throw CaptureError(.read, "cannot inflate \(name): zlib does not start (\(result))")
    }
    supply(first.count)
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  /// `count` octets stand in `input`.
  func supply(_ count: Int) {
    stream.pointee.next_in = input.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(truncatingIfNeeded: count)
  }

  /// Inflates into `target`, of `room` octets, what the input gives.
  func inflate(into target: UnsafeMutableRawPointer, _ room: Int) -> Outcome {
    let room = UInt32(clamping: room)
    stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = room
    while true {
      if !isInsideMember {
        // What follows a member is another one, or padding that gzip ignores too.
        guard stream.pointee.avail_in > 0 else { return made(room) ?? .needsInput }
        guard stream.pointee.next_in.pointee == 0x1F else { return made(room) ?? .end }
        inflateReset(stream)
        isInsideMember = true
      }
      // Called without input too: output may still stand inside zlib.
      let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
      switch result {
      case Z_STREAM_END:
        isInsideMember = false
        if let octets = made(room) { return octets }
      case Z_OK, Z_BUF_ERROR:
        return made(room) ?? .needsInput
      default:
        // What came out before the fault is delivered first; the next call meets it again.
        return made(room)
          ?? .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)")
      }
    }
  }

  private func made(_ room: UInt32) -> Outcome? {
    let made = Int(room - stream.pointee.avail_out)
    return made > 0 ? .octets(made) : nil
  }
}

import CZlib
import PacketCore

/// Undoes gzip and deflate of a whole body.
enum HTTPInflation {
  struct Result {
    var octets: [UInt8]
    var faults: HTTPFaults
  }

  /// - Parameters:
  ///   - coding: `.gzip` or `.deflate`.
  ///   - limit: Octets after which it stops.
  static func inflate(_ bytes: RawSpan, _ coding: HTTPCodings.Coding, limit: Int) -> Result {
    bytes.withUnsafeBytes { inflate($0, coding, limit) }
  }

  private static func inflate(
    _ input: UnsafeRawBufferPointer, _ coding: HTTPCodings.Coding, _ limit: Int
  ) -> Result {
    var result = Result(octets: [], faults: [])
    guard let start = input.baseAddress, !input.isEmpty else { return result }
    // zlib's state points back at the structure, which must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(stream, window(input, coding), ZLIB_VERSION, size) == Z_OK else {
      result.faults.insert(.inflationFailed)
      return result
    }
    defer { inflateEnd(stream) }
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: start.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(clamping: input.count)
    let room = 1 << 15
    let block = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
    defer { block.deallocate() }
    while true {
      stream.pointee.next_out = block
      stream.pointee.avail_out = UInt32(room)
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      let made = room - Int(stream.pointee.avail_out)
      let taken = min(made, limit - result.octets.count)
      result.octets.append(contentsOf: UnsafeBufferPointer(start: block, count: taken))
      if taken < made {
        result.faults.insert(.inflationLimit)
        return result
      }
      switch code {
      case Z_STREAM_END:
        // RFC 1952 section 2.2: a gzip body may be several members.
        guard coding == .gzip, stream.pointee.avail_in >= 2, stream.pointee.next_in[0] == 0x1f
        else { return result }
        inflateReset(stream)
      case Z_OK where made > 0 || stream.pointee.avail_in > 0: continue
      default:
        // The octets end early, or are none of zlib's.
        result.faults.insert(.inflationFailed)
        return result
      }
    }
  }

  /// RFC 9110 section 8.4.1.2: deflate is zlib's format; some servers send it without its header.
  private static func window(
    _ input: UnsafeRawBufferPointer, _ coding: HTTPCodings.Coding
  ) -> Int32 {
    if coding == .gzip { return 15 + 16 }
    guard input.count >= 2 else { return 15 }
    let isWrapped =
      input[0] & 15 == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0
    return isWrapped ? 15 : -15
  }
}

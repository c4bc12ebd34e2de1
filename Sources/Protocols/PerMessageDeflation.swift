import CZlib

/// Compresses the messages of one direction, one after the other. RFC 7692 section 7.2.1.
final class PerMessageDeflation {
  /// Behind a pointer, since zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  private let isReady: Bool
  private let takesOver: Bool

  /// - Parameters:
  ///   - windowBits: Base-2 logarithm of the window, 8 to 15.
  ///   - takesOver: Whether messages refer to those before.
  ///   - level: 1, fast, to 9, small.
  init(windowBits: Int, takesOver: Bool, level: Int = 6) {
    self.takesOver = takesOver
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let bits = Int32(min(max(windowBits, 9), 15))
    // zlib's raw deflate has no window of 256 octets. Repeats of the octet before fit into any window.
    let strategy = windowBits < 9 ? Z_RLE : Z_DEFAULT_STRATEGY
    isReady =
      deflateInit2_(
        stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, -bits, 8, strategy, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit {
    if isReady { deflateEnd(stream) }
    stream.deallocate()
  }

  /// A message, compressed; nil when zlib fails.
  func deflate(_ octets: [UInt8]) -> [UInt8]? {
    guard isReady else { return nil }
    defer { if !takesOver { deflateReset(stream) } }
    var compressed = [UInt8](
      repeating: 0, count: Int(deflateBound(stream, UInt(octets.count))) + 16)
    var made = 0
    let isDone = octets.withUnsafeBytes { input in
      // zlib does not write to its input.
      let start = UnsafeMutableRawPointer(mutating: input.baseAddress)
      stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_in = UInt32(clamping: input.count)
      while true {
        let room = compressed.count - made
        let result = compressed.withUnsafeMutableBufferPointer { output in
          stream.pointee.next_out = output.baseAddress.map { $0 + made }
          stream.pointee.avail_out = UInt32(clamping: room)
          return CZlib.deflate(stream, Z_SYNC_FLUSH)
        }
        made += room - Int(stream.pointee.avail_out)
        guard result == Z_OK || result == Z_BUF_ERROR else { return false }
        if stream.pointee.avail_out > 0 { return stream.pointee.avail_in == 0 }
        compressed += [UInt8](repeating: 0, count: compressed.count)
      }
    }
    guard isDone else { return nil }
    compressed.removeLast(compressed.count - made)
    // RFC 7692 section 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
    if compressed.suffix(4) == [0, 0, 0xff, 0xff] { compressed.removeLast(4) }
    // Section 7.2.3.6: an empty message "consists of one octet", the start of an empty block.
    return compressed.isEmpty ? [0] : compressed
  }
}

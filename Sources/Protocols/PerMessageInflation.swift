import CZlib
import PacketCore

/// Inflates the compressed messages of one direction, one after the other. RFC 7692 section 7.2.2.
///
/// The messages are one raw DEFLATE stream when the context is taken over; each is read with the
/// window that the ones before left.
final class PerMessageInflation {
  enum Outcome: Equatable {
    /// The message's octets are in `octets`.
    case whole
    /// It is larger than allowed.
    case tooLong
    /// It is no DEFLATE stream, or does not end where it must.
    case damaged
    /// It refers to messages that are not known.
    case dependent
  }

  /// Behind a pointer, since zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  private let windowBits: Int32
  /// False without memory for it.
  private let isReady: Bool
  private let takesOver: Bool
  private let limit: Int
  private var place: UnsafeMutableRawPointer
  private var room: Int
  private var count = 0
  /// Messages before the next one are missing from the window.
  private var isPartial: Bool

  private static let firstRoom = 4 << 10
  /// Room that is kept between messages.
  private static let keptRoom = 64 << 10

  /// - Parameters:
  ///   - windowBits: Base-2 logarithm of the sender's window. zlib's deflate knows no window of 256
  ///     octets, and senders that agreed on 8 bits are known to use 9: that is read all the same.
  ///   - takesOver: Whether messages may refer to those before.
  ///   - isPartial: Messages before the first are missing.
  ///   - limit: Octets of one message, inflated.
  init(windowBits: Int, takesOver: Bool, isPartial: Bool, limit: Int) {
    self.windowBits = -Int32(min(max(windowBits, 9), 15))
    self.takesOver = takesOver
    self.isPartial = isPartial
    self.limit = max(limit, 1)
    room = min(Self.firstRoom, self.limit)
    place = .allocate(byteCount: room, alignment: 16)
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    isReady = inflateInit2_(stream, self.windowBits, ZLIB_VERSION, size) == Z_OK
  }

  deinit {
    if isReady { inflateEnd(stream) }
    stream.deallocate()
    place.deallocate()
  }

  /// Octets held: zlib's state, its window and the last message.
  var heldOctets: Int { 10_000 &+ (1 &<< Int(-windowBits)) &+ room }

  /// Messages are missing: nothing that follows can refer to the window.
  func forget() {
    isPartial = true
    if isReady { inflateReset(stream) }
  }

  /// Inflates a message; what it is then stands in `withOctets`.
  func inflate(_ bytes: RawSpan, _ range: Range<Int>) -> Outcome {
    release()
    count = 0
    guard isReady else { return .damaged }
    let range = range.clamped(to: 0..<bytes.byteCount)
    // RFC 7692 section 7.2.3.6 writes an empty message as one octet; none at all says the same.
    guard !range.isEmpty else { return .whole }
    var outcome = bytes.withUnsafeBytes { run(UnsafeRawBufferPointer(rebasing: $0[range])) }
    if outcome == .whole, !isAtEnd {
      // Section 7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the
      // message."
      let tail: [UInt8] = [0, 0, 0xff, 0xff]
      outcome = tail.withUnsafeBytes { run($0) }
      // Bit 7: between two blocks; the lower bits: what is left of the last octet.
      if outcome == .whole, !isAtEnd, stream.pointee.data_type & 0x9f != 0x80 { outcome = .damaged }
    }
    if isAtEnd { goOnBehindEnd() }
    if outcome != .whole {
      if outcome == .damaged, isPartial { outcome = .dependent }
      inflateReset(stream)
      isPartial = true
    } else if !takesOver {
      inflateReset(stream)
    }
    return outcome
  }

  /// The last message inflated.
  func withOctets<R>(_ body: (RawSpan) -> R) -> R {
    body(UnsafeRawBufferPointer(start: place, count: count).bytes)
  }

  /// Gives back the memory of a large message.
  func release() {
    guard room > Self.keptRoom else { return }
    place.deallocate()
    room = Self.firstRoom
    place = .allocate(byteCount: room, alignment: 16)
    count = 0
  }

  /// A block with BFINAL has ended the DEFLATE stream.
  private var isAtEnd = false

  /// RFC 7692 section 7.2.3.4: a block with BFINAL may end a message, or stand inside it; another
  /// stream follows, which may refer to what was before.
  private func goOnBehindEnd() {
    isAtEnd = false
    var window = [UInt8](repeating: 0, count: 1 << 15)
    var size: UInt32 = 0
    let result = inflateGetDictionary(stream, &window, &size)
    inflateReset(stream)
    if result == Z_OK, size > 0 { inflateSetDictionary(stream, window, size) }
  }

  private func run(_ input: UnsafeRawBufferPointer) -> Outcome {
    // zlib does not write to its input.
    let start = UnsafeMutableRawPointer(mutating: input.baseAddress)
    stream.pointee.next_in = start?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    while true {
      if isAtEnd {
        guard stream.pointee.avail_in > 0 else { return .whole }
        goOnBehindEnd()
      }
      if count == room {
        guard room < limit else {
          // Full to the last octet: it is too long if there is more.
          var spare: UInt8 = 0
          return withUnsafeMutablePointer(to: &spare) { spare in
            stream.pointee.next_out = spare
            stream.pointee.avail_out = 1
            let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
            if stream.pointee.avail_out == 0 { return .tooLong }
            isAtEnd = result == Z_STREAM_END
            return result == Z_DATA_ERROR ? .damaged : .whole
          }
        }
        grow()
      }
      stream.pointee.next_out = (place + count).assumingMemoryBound(to: UInt8.self)
      let free = UInt32(clamping: room &- count)
      stream.pointee.avail_out = free
      let result = CZlib.inflate(stream, Z_SYNC_FLUSH)
      count &+= Int(free &- stream.pointee.avail_out)
      switch result {
      case Z_STREAM_END: isAtEnd = true
      case Z_OK: if stream.pointee.avail_out > 0, stream.pointee.avail_in == 0 { return .whole }
      case Z_BUF_ERROR: if stream.pointee.avail_out > 0 { return .whole }
      default: return .damaged
      }
    }
  }

  private func grow() {
    let larger = min(room &* 4, limit)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    fresh.copyMemory(from: place, byteCount: count)
    place.deallocate()
    place = fresh
    room = larger
  }
}

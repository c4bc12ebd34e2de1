import PacketCore

/// A frame's header in the form that nearly all have: a whole message of text or binary data, not
/// compressed, its length below 64 KiB and in the shortest form, all of it here.
struct WebSocketPlainFrame {
  let header: Range<Int>
  let end: Int
  let isText: Bool
  let isMasked: Bool
  /// First octet most significant; means something in a masked frame only.
  let maskingKey: UInt32

  var payload: Range<Int> { header.upperBound..<end }
  var opcode: WebSocketOpcode { isText ? .text : .binary }

  /// A frame that is known to be one.
  init(_ frame: WebSocket, header: Range<Int>, end: Int) {
    self.header = header
    self.end = end
    isText = frame.opcode == .text
    isMasked = frame.isMasked
    maskingKey = frame.maskingKey
  }

  /// Nil for any other frame, for one without a payload, and for the very shortest.
  @inline(__always)
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    let start = range.lowerBound
    guard _fastPath(range.count >= 8 && start >= 0 && range.upperBound <= bytes.byteCount) else {
      return nil
    }
    let first = bytes.unsafeLoad(fromUncheckedByteOffset: start, as: UInt8.self)
    let second = bytes.unsafeLoad(fromUncheckedByteOffset: start &+ 1, as: UInt8.self)
    // FIN, no reserved bits, text (1) or binary (2): RFC 6455 section 5.2.
    guard _fastPath(first &- 0x81 < 2) else { return nil }
    isText = first == 0x81
    isMasked = second & 0x80 != 0
    var length = Int(second & 0x7f)
    var at = start &+ 2
    if length >= 126 {
      let extended = UInt16(
        bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt16.self))
      // "the minimal number of bytes MUST be used to encode the length".
      guard _fastPath(length == 126 && extended > 125) else { return nil }
      length = Int(extended)
      at &+= 2
    }
    // Inside: at most four octets were read, and there are eight.
    maskingKey = UInt32(
      bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self))
    if isMasked { at &+= 4 }
    end = at &+ length
    guard _fastPath(length > 0 && end <= range.upperBound) else { return nil }
    header = Range(uncheckedBounds: (start, at))
  }
}

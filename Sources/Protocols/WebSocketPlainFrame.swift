import PacketCore

/// A frame's header in the form that nearly all have: a whole message of text or binary data, not
/// compressed, its length below 64 KiB and in the shortest form, all of it here.
///
/// Engine.IO's pings are among them, three octets from the server and seven from the client.
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

  /// Nil for any other frame, and for one without a payload.
  @inline(__always)
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    let start = range.lowerBound
    guard _fastPath(range.count >= 3 && start >= 0 && range.upperBound <= bytes.byteCount) else {
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
      guard _fastPath(range.count >= 8) else { return nil }
      let extended = UInt16(
        bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt16.self))
      // "the minimal number of bytes MUST be used to encode the length".
      guard _fastPath(length == 126 && extended > 125) else { return nil }
      length = Int(extended)
      at &+= 2
    }
    if isMasked {
      guard _fastPath(at &+ 4 < range.upperBound) else { return nil }
      maskingKey = UInt32(
        bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self))
      at &+= 4
    } else {
      maskingKey = 0
    }
    end = at &+ length
    guard _fastPath(length > 0 && end <= range.upperBound) else { return nil }
    header = Range(uncheckedBounds: (start, at))
  }
}

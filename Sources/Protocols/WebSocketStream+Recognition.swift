import PacketCore

extension WebSocketStream {
  public static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition {
    // Behind a handshake the connection is known to be one; at its beginning it never is.
    guard chunk.isMidStream else { return .no }
    let found = plausible(bytes, chunk.range, isWhole: chunk.isLast)
    if case .yes(let side) = found, chunk.sideIsKnown, let side, side != chunk.side { return .no }
    return found
  }

  /// Whether frames stand here one behind the other up to the end: random octets must not, nor
  /// lengths and types of other protocols that look alike.
  ///
  /// - Parameter isWhole: Nothing more will come.
  static func plausible(
    _ bytes: RawSpan, _ range: Range<Int>, isWhole: Bool
  ) -> StreamRecognition {
    let range = range.clamped(to: 0..<bytes.byteCount)
    var start = range.lowerBound
    var isMasked: Bool?
    // What a capture begins with is seldom more than a few frames; those are enough.
    for _ in 0..<16 where start < range.upperBound {
      let first = bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self)
      guard isFirstOctet(first) else { return .no }
      var reader = ByteReader(
        bytes, from: start, to: range.upperBound, reportedEnd: range.upperBound)
      guard let frame = try? WebSocket(reading: &reader) else { return isWhole ? .no : .perhaps }
      guard isPlausible(frame), isMasked == nil || isMasked == frame.isMasked else { return .no }
      isMasked = frame.isMasked
      let rest = range.upperBound &- reader.offset
      let isComplete = UInt64(rest) >= frame.length
      let shown = reader.offset..<reader.offset &+ Int(min(UInt64(rest), frame.length))
      if frame.flags == 0x81 {
        guard isReadable(bytes, shown, frame, isComplete: isComplete) else { return .no }
      }
      guard isComplete else {
        // The rest of the length may be chance; text is not.
        if start > range.lowerBound || frame.flags == 0x81 && shown.count >= 16 { break }
        return isWhole || frame.length > 1 << 20 ? .no : .perhaps
      }
      start = shown.upperBound
    }
    guard let isMasked else { return isWhole ? .no : .perhaps }
    return .yes(isMasked ? .client : .server)
  }

  /// Final frames with a meaning, whole messages all of them; compressed ones too.
  private static func isFirstOctet(_ octet: UInt8) -> Bool {
    switch octet {
    case 0x81, 0x82, 0x88, 0x89, 0x8a, 0xc1, 0xc2: true
    default: false
    }
  }

  private static func isPlausible(_ frame: WebSocket) -> Bool {
    if frame.opcode.isControl {
      return frame.length <= 125 && (frame.opcode != .close || frame.length != 1)
    }
    switch frame.maskAndLength & 0x7f {
    case 126: return frame.length >= 126
    case 127: return frame.length >= 1 << 16 && frame.length < 1 << 40
    default: return true
    }
  }

  /// Whether a text's first octets are one: UTF-8 without control characters.
  private static func isReadable(
    _ bytes: RawSpan, _ range: Range<Int>, _ frame: WebSocket, isComplete: Bool
  ) -> Bool {
    let range = range.prefix(256)
    var octets = [UInt8](bytes.extracting(range))
    if frame.isMasked { WebSocketMasking.apply(frame.maskingKey, to: &octets) }
    for octet in octets where octet < 32 || octet == 127 {
      // Tab, line feed, carriage return, and Engine.IO's record separator.
      guard octet == 9 || octet == 10 || octet == 13 || octet == 0x1e else { return false }
    }
    var check = UTF8Check()
    check.take(octets.span.bytes, 0..<octets.count)
    return isComplete && UInt64(octets.count) == frame.length ? check.isComplete : check.isValid
  }
}

import PacketCore

/// Makes messages of frames, for either role, and holds the sender to the rules. No I/O.
///
/// The assembly and the rules are those of the inspector; here the first rule broken ends it.
public final class WebSocketReceiver {
  /// What a sender said.
  public enum Event: Equatable, Sendable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// The code is nil for a frame without a body, which RFC 6455 section 7.1.5 calls 1005.
    case close(code: UInt16?, reason: String)
  }

  /// The same without a copy: the octets of a text are those of valid UTF-8.
  public enum Message: Equatable, Sendable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(code: UInt16?, reason: String)
  }

  private let sender: Side
  private let deflate: PerMessageDeflate?
  private let longest: UInt64
  private let inflatedOctets: Int
  private var assembly = WebSocketAssembly()
  private var inflation: PerMessageInflation?
  /// Octets of a header that has not all come, at most 13.
  private var headerOctets: [UInt8] = []
  /// The frame whose payload is coming, and how much of it has.
  private var current: (header: WebSocket, taken: UInt64)?
  /// The payload of a control frame.
  private var control: [UInt8] = []
  /// Octets that `take` brought and `next` has not read.
  private var octets: [UInt8] = []
  private var start = 0
  private var broken: WebSocketRule?

  /// - Parameters:
  ///   - sender: Whose frames these are: a client's must be masked.
  ///   - deflate: What was agreed on; nil for no compression.
  ///   - limits: `messageOctets` and `inflatedOctets`.
  public init(from sender: Side, deflate: PerMessageDeflate? = nil, limits: Limits = Limits()) {
    self.sender = sender
    self.deflate = deflate
    longest = UInt64(max(limits.messageOctets, 0))
    inflatedOctets = limits.inflatedOctets
  }

  /// Octets as they come from the connection, cut anywhere.
  public func take(_ more: [UInt8]) {
    guard broken == nil else { return }
    if start == octets.count {
      octets = more
      start = 0
    } else {
      octets += more
    }
  }

  /// The next message or control frame of what `take` brought; nil when more octets are needed.
  ///
  /// - Throws: The first rule that was broken, and that again from then on. The endpoint answers with
  ///   a Close frame of its `closingCode`.
  public func next() throws(WebSocketRule) -> Event? {
    let input = octets
    var position = start
    guard let message = try next(in: input.span.bytes, at: &position) else {
      octets = []
      start = 0
      return nil
    }
    start = position
    switch message {
    case .text(let text): return .text(String(decoding: text, as: UTF8.self))
    case .binary(let octets): return .binary(octets)
    case .ping(let octets): return .ping(octets)
    case .pong(let octets): return .pong(octets)
    case .close(let code, let reason): return .close(code: code, reason: reason)
    }
  }

  /// The next message or control frame, read straight from where the octets came in: payloads are
  /// unmasked into the message as they come, and a text is checked at once, so that an error is seen
  /// with the octet that makes it.
  ///
  /// - Parameters:
  ///   - bytes: What came; the pieces of the connection's octets one after the other.
  ///   - position: Octets of it that have been read; its end when nil is returned.
  /// - Throws: The first rule that was broken, and that again from then on.
  public func next(
    in bytes: RawSpan, at position: inout Int
  ) throws(WebSocketRule) -> Message? {
    if let broken { throw broken }
    while true {
      guard let frame = current ?? header(bytes, &position) else { return nil }
      if current == nil { try begin(frame.header) }
      let wanted = frame.header.length &- frame.taken
      let there = max(bytes.byteCount &- position, 0)
      let count = wanted < UInt64(there) ? Int(wanted) : there
      let end = position &+ count
      try payload(frame.header, bytes, position..<end, from: frame.taken)
      position = end
      guard UInt64(count) == wanted else {
        current = (frame.header, frame.taken &+ UInt64(count))
        return nil
      }
      current = nil
      if let message = try finish(frame.header) { return message }
    }
  }

  private func fail(_ rule: WebSocketRule) -> WebSocketRule {
    broken = rule
    octets = []
    start = 0
    control = []
    assembly.forgetMessage()
    return rule
  }

  /// The next frame's header; nil when it is not all there, what is there is kept then.
  private func header(
    _ bytes: RawSpan, _ position: inout Int
  ) -> (header: WebSocket, taken: UInt64)? {
    if headerOctets.isEmpty {
      var reader = ByteReader(
        bytes, from: position, to: bytes.byteCount, reportedEnd: bytes.byteCount)
      if let header = try? WebSocket(reading: &reader) {
        position &+= header.headerLength
        return (header, 0)
      }
    }
    while position < bytes.byteCount {
      headerOctets.append(bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self))
      position &+= 1
      let known = headerOctets
      var reader = ByteReader(known.span.bytes, from: 0, to: known.count, reportedEnd: known.count)
      if let header = try? WebSocket(reading: &reader) {
        headerOctets = []
        return (header, 0)
      }
    }
    return nil
  }

  /// Judges a header before its payload has come.
  private func begin(_ frame: WebSocket) throws(WebSocketRule) {
    let rules = assembly.check(frame, from: sender, deflate == nil ? .refused : .agreed)
    if let first = rules.first { throw fail(first) }
    guard frame.length <= longest else { throw fail(.tooLong) }
    guard !frame.opcode.isControl else { return }
    assembly.begin(frame)
    guard UInt64(assembly.octetCount) <= longest else { throw fail(.tooLong) }
    // A message that is all there soon has its room at once; a header alone reserves little.
    assembly.octets.reserveCapacity(assembly.octets.count + min(Int(frame.length), 64 << 10))
  }

  /// Takes a piece of a frame's payload, unmasked.
  private func payload(
    _ frame: WebSocket, _ bytes: RawSpan, _ range: Range<Int>, from taken: UInt64
  ) throws(WebSocketRule) {
    guard !range.isEmpty else { return }
    let phase = Int(truncatingIfNeeded: taken & 3)
    guard !frame.opcode.isControl else {
      _ = Self.append(bytes, range, to: &control, frame, phase)
      return
    }
    let before = assembly.octets.count
    let isASCII = Self.append(bytes, range, to: &assembly.octets, frame, phase)
    // Said as soon as it is seen, before the message is whole.
    guard assembly.opcode == .text, !assembly.isCompressed else { return }
    if isASCII, assembly.text.isComplete { return }
    var text = assembly.text
    text.take(assembly.octets.span.bytes, before..<assembly.octets.count)
    assembly.text = text
    guard text.isValid else { throw fail(.text) }
  }

  /// - Returns: Whether the octets are ASCII alone.
  private static func append(
    _ bytes: RawSpan, _ range: Range<Int>, to octets: inout [UInt8], _ frame: WebSocket,
    _ phase: Int
  ) -> Bool {
    let before = octets.count
    bytes.withUnsafeBytes { octets.append(contentsOf: $0[range]) }
    let key = frame.isMasked ? frame.maskingKey : 0
    return octets.withUnsafeMutableBytes { place in
      guard let start = place.baseAddress, place.count > before else { return true }
      return WebSocketMasking.apply(
        key, start + before, start + before, place.count - before, phase: phase)
    }
  }

  /// What a frame is, or completes, whose payload has come.
  private func finish(_ frame: WebSocket) throws(WebSocketRule) -> Message? {
    if frame.opcode.isControl {
      let payload = control
      control = []
      switch frame.opcode {
      case .ping: return .ping(payload)
      case .pong: return .pong(payload)
      default: return try close(payload)
      }
    }
    guard frame.isFinal else { return nil }
    let isText = assembly.opcode == .text
    if isText, !assembly.isCompressed, !assembly.text.isComplete { throw fail(.text) }
    var message = assembly.octets
    let isCompressed = assembly.isCompressed
    assembly.forgetMessage()
    if isCompressed { message = try inflate(message, isText: isText) }
    return isText ? .text(message) : .binary(message)
  }

  private func inflate(
    _ message: [UInt8], isText: Bool
  ) throws(WebSocketRule) -> [UInt8] {
    let agreed = deflate ?? PerMessageDeflate()
    let inflation =
      self.inflation
      ?? PerMessageInflation(
        windowBits: agreed.windowBits(of: sender), takesOver: agreed.takesOver(sender),
        isPartial: false, limit: inflatedOctets)
    self.inflation = inflation
    switch inflation.inflate(message.span.bytes, 0..<message.count) {
    case .whole: break
    case .tooLong: throw fail(.inflatedTooLong)
    case .damaged, .dependent: throw fail(.inflate)
    }
    let inflated = inflation.withOctets { [UInt8]($0) }
    inflation.release()
    guard !isText || UTF8Check.isText(inflated.span.bytes, 0..<inflated.count) else {
      throw fail(.text)
    }
    return inflated
  }

  private func close(_ payload: [UInt8]) throws(WebSocketRule) -> Message {
    let rules = WebSocketAssembly.checkClose(payload.span.bytes, 0..<payload.count)
    if let first = rules.first { throw fail(first) }
    assembly.close()
    guard payload.count >= 2 else { return .close(code: nil, reason: "") }
    return .close(
      code: UInt16(payload[0]) << 8 | UInt16(payload[1]),
      reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
  }
}

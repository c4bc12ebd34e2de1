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

  private let sender: Side
  private let deflate: PerMessageDeflate?
  private let longest: UInt64
  private let inflatedOctets: Int
  private var assembly = WebSocketAssembly()
  private var inflation: PerMessageInflation?
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
    if start > 0, start * 2 > octets.count {
      octets.removeSubrange(..<start)
      start = 0
    }
    octets += more
  }

  /// The next message or control frame; nil when more octets are needed.
  ///
  /// - Throws: The first rule that was broken, and that again from then on. The endpoint answers with
  ///   a Close frame of its `closingCode`.
  public func next() throws(WebSocketRule) -> Event? {
    if let broken { throw broken }
    while let frame = try frame() {
      if let event = try event(of: frame.header, frame.payload) { return event }
    }
    return nil
  }

  private func fail(_ rule: WebSocketRule) -> WebSocketRule {
    broken = rule
    octets = []
    start = 0
    return rule
  }

  /// The next frame, unmasked; nil when it is not all there. Its header is judged before its payload
  /// has come.
  private func frame() throws(WebSocketRule) -> (header: WebSocket, payload: [UInt8])? {
    guard let (header, end) = header() else { return nil }
    let rules = assembly.check(header, from: sender, deflate == nil ? .refused : .agreed)
    if let first = rules.first { throw fail(first) }
    guard header.length <= longest else { throw fail(.tooLong) }
    let count = Int(header.length)
    guard octets.count - end >= count else { return nil }
    var payload = Array(octets[end..<end + count])
    if header.isMasked { WebSocketMasking.apply(header.maskingKey, to: &payload) }
    start = end + count
    return (header, payload)
  }

  private func header() -> (WebSocket, Int)? {
    var reader = ByteReader(
      octets.span.bytes, from: start, to: octets.count, reportedEnd: octets.count)
    guard let header = try? WebSocket(reading: &reader) else { return nil }
    return (header, start + header.headerLength)
  }

  private func event(
    of frame: WebSocket, _ payload: [UInt8]
  ) throws(WebSocketRule) -> Event? {
    switch frame.opcode {
    case .ping: return .ping(payload)
    case .pong: return .pong(payload)
    case .close: return try close(payload)
    default: break
    }
    assembly.begin(frame)
    guard UInt64(assembly.octetCount) <= longest else { throw fail(.tooLong) }
    let isText = assembly.opcode == .text
    // Said as soon as it is seen, before the message is whole.
    if isText, !assembly.isCompressed {
      assembly.text.take(payload.span.bytes, 0..<payload.count)
      let isRight = frame.isFinal ? assembly.text.isComplete : assembly.text.isValid
      guard isRight else { throw fail(.text) }
    }
    guard frame.isFinal else {
      assembly.octets += payload
      return nil
    }
    var message = payload
    if assembly.fragments > 1 { message = assembly.octets + payload }
    if assembly.isCompressed { message = try inflate(message, isText: isText) }
    assembly.forgetMessage()
    return isText ? .text(String(decoding: message, as: UTF8.self)) : .binary(message)
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

  private func close(_ payload: [UInt8]) throws(WebSocketRule) -> Event {
    let rules = WebSocketAssembly.checkClose(payload.span.bytes, 0..<payload.count)
    if let first = rules.first { throw fail(first) }
    assembly.close()
    guard payload.count >= 2 else { return .close(code: nil, reason: "") }
    return .close(
      code: UInt16(payload[0]) << 8 | UInt16(payload[1]),
      reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
  }
}

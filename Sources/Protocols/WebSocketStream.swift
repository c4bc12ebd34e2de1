import PacketCore

/// Reads the frames of a WebSocket connection, both directions. RFC 6455, RFC 7692.
public final class WebSocketStream: StreamProtocol {
  public static let name = "websocket"

  // What every frame asks for stands together: see `TCPOctets`.
  /// Sides, one bit each, whose next frame may be taken in the plain way: frames are read one by one,
  /// nothing is waited for, and nothing is held.
  @exclusivity(unchecked) private var plainSides: UInt8 = 0
  /// Sides, one bit each, that may hold something: the others need not be fetched to be asked.
  @exclusivity(unchecked) private var holdingSides: UInt8 = 0
  /// The directions, to be looked at without counting references.
  private let handles:
    (client: Unmanaged<WebSocketDirection>, server: Unmanaged<WebSocketDirection>)
  private let session: UInt64
  /// Octets of a payload that are waited for; a longer one is passed over.
  let longest: UInt64
  /// Whether messages are Engine.IO packets; nil until one has shown it.
  @exclusivity(unchecked) private var isEngineIO: Bool?
  let compression: WebSocketAssembly.Compression
  let definesReserved: Bool

  let limits: Limits
  /// What the handshake said; nil when it was not captured.
  let negotiation: WebSocketNegotiation?
  let client: WebSocketDirection
  let server: WebSocketDirection
  @exclusivity(unchecked) public internal(set) var closing: StreamClosing?

  /// A reader for a connection whose handshake was not captured.
  public convenience init(limits: Limits) { self.init(negotiation: nil, limits: limits) }

  /// A reader for a connection behind its handshake.
  ///
  /// - Parameter negotiation: What the handshake agreed on; nil when it was not captured.
  public init(negotiation: WebSocketNegotiation?, limits: Limits) {
    self.limits = limits
    self.negotiation = negotiation
    client = WebSocketDirection()
    server = WebSocketDirection()
    handles = (.passUnretained(client), .passUnretained(server))
    isEngineIO = negotiation?.isEngineIO
    session = negotiation?.session ?? 0
    definesReserved = negotiation?.hasOtherExtensions ?? false
    compression = negotiation.map { $0.deflate == nil ? .refused : .agreed } ?? .unknown
    // A frame is waited for with its header, within what a direction may hold.
    longest = UInt64(
      max(min(limits.messageOctets, limits.directionOctets.subtractingReportingOverflow(14).0), 0))
    settle(client)
    settle(server)
  }

  public var heldOctets: Int {
    // Between whole messages of both sides nothing is held.
    holdingSides == 0 ? 0 : client.heldOctets &+ server.heldOctets
  }

  @inline(__always)
  func direction(_ side: Side) -> WebSocketDirection { side == .client ? client : server }

  /// Whether the next frame can be a message of its own, with nothing special about it.
  func settle(_ direction: WebSocketDirection) {
    direction.isCalm =
      compression != .agreed && direction.place == .frame && !direction.hasGap
      && direction.assembly.isAtRest
  }

  public func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    guard !chunk.range.isEmpty else { return showBrokenOff(chunk, into: &dissection) }
    if _fastPath(plainSides & (1 &<< chunk.side.rawValue) != 0),
      let frame = WebSocketPlainFrame(bytes, chunk.range),
      _fastPath(!chunk.sideIsKnown || frame.isMasked == (chunk.side == .client)),
      _fastPath(UInt64(frame.payload.count) <= longest)
    {
      return takePlain(frame, bytes, chunk, &dissection)
    }
    return consumeAny(bytes, chunk, into: &dissection)
  }

  @inline(never)
  private func consumeAny(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let bit: UInt8 = 1 &<< chunk.side.rawValue
    plainSides &= ~bit
    let handle = chunk.side == .client ? handles.client : handles.server
    return handle._withUnsafeGuaranteedRef { direction in
      let step = consume(bytes, chunk, direction, into: &dissection)
      if direction.isCalm, direction.hasBegun, direction.awaited == 0, direction.inflation == nil {
        plainSides |= bit
      }
      // Only here is anything kept.
      if direction.heldOctets != 0 { holdingSides |= bit } else { holdingSides &= ~bit }
      return step
    }
  }

  /// Nothing is known of what comes next.
  func forgetPlainSides() { plainSides = 0 }

  /// The bulk of all frames: a whole message in plain, about which there is nothing to check but that
  /// text is text.
  @inline(__always)
  private func takePlain(
    _ frame: WebSocketPlainFrame, _ bytes: RawSpan, _ chunk: StreamChunk,
    _ dissection: inout Dissection
  ) -> StreamStep {
    let index = dissection.record(
      WebSocket.self, header: frame.header, end: frame.end, buffer: chunk.buffer)
    dissection.stream.session = session
    dissection.holdsAsBefore = true
    let step = StreamStep.message(frame.end &- frame.header.lowerBound)
    let payload = frame.payload
    var isText = frame.isText
    guard frame.isMasked else {
      if _slowPath(isText && !UTF8Check.isText(bytes, payload)) {
        isText = false
        dissection.add(WebSocketRule.text.kind, at: index)
      }
      let type = following(bytes, payload, frame.opcode, isText: isText)
      if type != .nothing { dissection.continueIn(chunk.buffer, payload, as: type) }
      return step
    }
    var type = PayloadType.nothing
    let buffer = dissection.addBuffer(
      payload.count, BufferOrigin(.unmasked, of: chunk.buffer, payload)
    ) { place in
      let isASCII = WebSocketMasking.apply(frame.maskingKey, from: bytes, payload, to: &place)
      place.withUnsafeBytes { octets in
        let range = 0..<octets.count
        if _slowPath(!isASCII), isText, !UTF8Check.isWellFormed(octets.bytes, range) {
          isText = false
        }
        type = following(octets.bytes, range, frame.opcode, isText: isText)
      }
    }
    if _slowPath(isText != frame.isText) { dissection.add(WebSocketRule.text.kind, at: index) }
    guard let buffer else { return step }
    var note = WebSocket.Note()
    note.buffer = buffer
    note.count = UInt32(truncatingIfNeeded: payload.count)
    dissection.setNote(note, at: index)
    if type != .nothing { dissection.continueIn(buffer, 0..<payload.count, as: type) }
    return step
  }

  private func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, _ direction: WebSocketDirection,
    into dissection: inout Dissection
  ) -> StreamStep {
    if !direction.isCalm, let step = regain(bytes, chunk, direction, &dissection) { return step }
    let start = chunk.range.lowerBound
    var reader = ByteReader(
      bytes, from: start, to: chunk.range.upperBound, reportedEnd: chunk.range.upperBound)
    guard let frame = try? WebSocket(reading: &reader) else {
      return wait(forHeader: bytes, chunk, direction)
    }
    let headerEnd = reader.offset
    if !direction.isCalm, direction.assembly.isClosed, !isPlausible(frame, chunk, direction) {
      return giveUpBehindClose(headerEnd, chunk, &dissection)
    }
    guard frame.length <= longest else {
      return begin(tooLong: frame, headerEnd, chunk, direction, &dissection)
    }
    let end = headerEnd &+ Int(truncatingIfNeeded: frame.length)
    guard end <= chunk.range.upperBound else {
      return wait(for: frame, headerEnd, end, chunk, direction, &dissection)
    }
    direction.awaited = 0
    // A whole message in plain, about which there is nothing to check.
    let isPlain =
      direction.isCalm && frame.flags &- 0x81 < 2 && frame.hasMinimalLength
      && (!chunk.sideIsKnown || frame.isMasked == (chunk.side == .client))
    if isPlain { direction.hasBegun = true }
    if isPlain, headerEnd < end {
      return takePlain(
        WebSocketPlainFrame(frame, header: start..<headerEnd, end: end), bytes, chunk, &dissection)
    }
    let index = dissection.record(
      WebSocket.self, header: start..<headerEnd, end: end, buffer: chunk.buffer)
    dissection.stream.session = session
    guard isPlain else {
      return take(frame, at: index, headerEnd..<end, bytes, chunk, direction, &dissection)
    }
    // An empty attachment is one all the same.
    let type = following(bytes, headerEnd..<end, frame.opcode, isText: frame.flags == 0x81)
    if type != .nothing { dissection.continueIn(chunk.buffer, headerEnd..<end, as: type) }
    return .message(end &- start)
  }

  /// Whether octets behind a Close frame are a frame too: one that breaks no rule of its header.
  private func isPlausible(
    _ frame: WebSocket, _ chunk: StreamChunk, _ direction: WebSocketDirection
  ) -> Bool {
    check(frame, chunk, direction).subtracting(WebSocketRules(.afterClose)).isEmpty
  }

  /// What a message's content is.
  @inline(__always)
  func following(
    _ bytes: RawSpan, _ range: Range<Int>, _ opcode: WebSocketOpcode, isText: Bool
  ) -> PayloadType {
    if isEngineIO == true {
      if range.isEmpty { return opcode == .binary ? .engineIOBinary : .nothing }
      return opcode == .text ? .engineIO : opcode == .binary ? .engineIOBinary : .nothing
    }
    if range.isEmpty { return .nothing }
    guard opcode == .text, isText else { return .nothing }
    return followingText(bytes, range)
  }

  @inline(never)
  private func followingText(_ bytes: RawSpan, _ range: Range<Int>) -> PayloadType {
    if isEngineIO == nil, let shown = Self.showsEngineIO(bytes, range) {
      isEngineIO = shown
      if shown { return .engineIO }
    }
    switch bytes.unsafeLoad(fromByteOffset: range.lowerBound, as: UInt8.self) {
    case 0x7b, 0x5b: return .json
    case 0x67: return Fernet.isMeantAsToken(bytes, range) ? .fernet : .nothing
    default: return .nothing
    }
  }

  /// Whether a text is an Engine.IO packet, by its form: open with a JSON object, close, upgrade and
  /// noop bare, ping and pong bare or with "probe", message with a Socket.IO packet's type. Nil when
  /// it could be one.
  static func showsEngineIO(_ bytes: RawSpan, _ range: Range<Int>) -> Bool? {
    let first = bytes.unsafeLoad(fromByteOffset: range.lowerBound, as: UInt8.self)
    let second: UInt8? =
      range.count > 1
      ? bytes.unsafeLoad(fromByteOffset: range.lowerBound &+ 1, as: UInt8.self) : nil
    switch first {
    case 0x30: return second == 0x7b
    case 0x31, 0x35, 0x36: return second == nil
    case 0x32, 0x33: return second == nil || (second == 0x70 && range.count == 6)
    case 0x34:
      guard let second else { return nil }
      return (0x30...0x36).contains(second) ? true : nil
    default: return false
    }
  }
}

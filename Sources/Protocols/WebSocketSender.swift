import PacketCore

/// Makes frames of messages, for either role. No I/O. RFC 6455, RFC 7692.
public final class WebSocketSender {
  /// Whose frames these are: a client's are masked.
  public let side: Side
  /// The most payload octets of a data frame; longer messages are sent in fragments.
  public var fragmentOctets: Int
  /// Messages from this many octets on are compressed, where that was agreed on.
  public var compressedFrom: Int
  /// A Close frame was made: RFC 6455 section 5.5.1 allows no more data.
  public private(set) var isClosed = false
  private let makeKey: () -> UInt32
  private let deflate: PerMessageDeflate?
  private var deflation: PerMessageDeflation?

  /// - Parameters:
  ///   - deflate: What was agreed on; nil for no compression.
  ///   - makeKey: A masking key a frame. RFC 6455 section 5.3: "The masking key needs to be
  ///     unpredictable; thus, the masking key MUST be derived from a strong source of entropy".
  public init(
    side: Side, deflate: PerMessageDeflate? = nil, fragmentOctets: Int = .max,
    compressedFrom: Int = 0, makeKey: @escaping () -> UInt32
  ) {
    self.side = side
    self.deflate = deflate
    self.fragmentOctets = fragmentOctets
    self.compressedFrom = compressedFrom
    self.makeKey = makeKey
  }

  /// A text message.
  public func text(_ text: String) -> [UInt8] { message(.text, Array(text.utf8)) }

  /// A binary message.
  public func binary(_ octets: [UInt8]) -> [UInt8] { message(.binary, octets) }

  /// A message in one frame, or in as many as `fragmentOctets` asks for.
  ///
  /// - Parameter isCompressed: Nil when its length decides.
  public func message(
    _ opcode: WebSocketOpcode, _ octets: [UInt8], isCompressed: Bool? = nil
  ) -> [UInt8] {
    var payload = octets
    var rsv1 = false
    if let deflate, isCompressed ?? (octets.count >= compressedFrom) {
      let deflation =
        self.deflation
        ?? PerMessageDeflation(
          windowBits: deflate.windowBits(of: side), takesOver: deflate.takesOver(side))
      self.deflation = deflation
      if let smaller = deflation.deflate(octets) {
        payload = smaller
        rsv1 = true
      }
    }
    var frames: [UInt8] = []
    frames.reserveCapacity(payload.count + 14)
    let size = max(fragmentOctets, 1)
    var start = 0
    repeat {
      let end = payload.count - start > size ? start + size : payload.count
      // RFC 7692 section 6.1: "RSV1 is set only on the first fragment of the message."
      append(
        start == 0 ? opcode : .continuation, payload[start..<end], isFinal: end == payload.count,
        rsv1: rsv1 && start == 0, to: &frames)
      start = end
    } while start < payload.count
    return frames
  }

  /// A ping. RFC 6455 section 5.5: at most 125 octets; what is beyond is left out.
  public func ping(_ octets: [UInt8] = []) -> [UInt8] { control(.ping, octets) }

  /// A pong: the answer to a ping with its octets.
  public func pong(_ octets: [UInt8] = []) -> [UInt8] { control(.pong, octets) }

  /// A Close frame.
  ///
  /// - Parameters:
  ///   - code: Nil for a frame without a body.
  ///   - reason: Cut at a character to fit into a control frame.
  public func close(_ code: UInt16? = 1000, _ reason: String = "") -> [UInt8] {
    isClosed = true
    guard let code else { return control(.close, []) }
    var words: [UInt8] = []
    for character in reason.unicodeScalars {
      let octets = Array(String(character).utf8)
      guard words.count + octets.count <= 123 else { break }
      words += octets
    }
    return control(.close, [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)] + words)
  }

  private func control(_ opcode: WebSocketOpcode, _ octets: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    append(opcode, octets.prefix(125), isFinal: true, rsv1: false, to: &frame)
    return frame
  }

  private func append(
    _ opcode: WebSocketOpcode, _ payload: ArraySlice<UInt8>, isFinal: Bool, rsv1: Bool,
    to frames: inout [UInt8]
  ) {
    let key = side == .client ? makeKey() : nil
    let header = WebSocket(
      isFinal: isFinal, rsv1: rsv1, opcode: opcode, length: payload.count, maskingKey: key)
    var writer = ByteWriter()
    header.write(to: &writer)
    frames += writer.bytes
    guard let key else {
      frames += payload
      return
    }
    var masked = Array(payload)
    WebSocketMasking.apply(key, to: &masked)
    frames += masked
  }
}

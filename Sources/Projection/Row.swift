import PacketCore

/// What one line of output is about: a frame, a message, a verdict on a connection. The one value
/// behind text, JSON lines and every other view; its text stands in `info`. One is reused row after
/// row, and a class, as a value of this size would be copied for every printer that it is lent to.
public final class Row {
  /// What the row tells of.
  public enum Kind: Sendable { case frame, message, verdict }

  // Used by one thread only: for all of these.
  @exclusivity(unchecked) public var kind = Kind.frame
  /// The frame that completes it, the N of N.k.
  @exclusivity(unchecked) public var frame = 0
  /// The k of N.k; 0 for what is no message.
  @exclusivity(unchecked) public var part = 0
  @exclusivity(unchecked) public var time = Timestamp(seconds: 0, nanoseconds: 0)
  @exclusivity(unchecked) public var ends = Endpoints.none
  @exclusivity(unchecked) public var sourcePort: UInt16 = 0
  @exclusivity(unchecked) public var destinationPort: UInt16 = 0
  /// False where the source of the capture states no time.
  @exclusivity(unchecked) public var hasTime = true
  /// `tcp.stream`; nil where there is none.
  @exclusivity(unchecked) public var stream: UInt32?
  /// Who sent it, of a message.
  @exclusivity(unchecked) public var side = Side.client
  /// Its own layers in the dissection that is handed on with the row, and the one of an earlier
  /// message that carries it; -1 for none.
  @exclusivity(unchecked) public var layers = 0..<0
  @exclusivity(unchecked) public var carrier = -1
  /// Octets: on the wire for a frame, of the stream for a message.
  @exclusivity(unchecked) public var octets = 0
  /// The frames that carried it.
  @exclusivity(unchecked) public var packets: [Int] = []
  /// Protocol and text.
  @exclusivity(unchecked) public var columns = Columns()
  /// The judged connection, of a verdict.
  @exclusivity(unchecked) public var verdict: ConnectionVerdict?

  public init() {}

  /// The row of a message.
  public func fill(
    _ message: Message, _ dissection: borrowing Dissection, _ frame: RawSpan
  ) {
    kind = .message
    self.frame = dissection.frame.number
    part = message.number
    time = dissection.frame.time
    ends = dissection.endpoints
    if message.stream.isReversed {
      ends = Endpoints(source: ends.destination, destination: ends.source)
    }
    sourcePort = message.stream.sourcePort
    destinationPort = message.stream.destinationPort
    hasTime = dissection.frame.hasTime
    stream = message.stream.number
    side = message.stream.side
    layers = message.layers
    carrier = message.carrier
    octets = message.octets
    if !packets.isEmpty { packets.removeAll(keepingCapacity: true) }
    if !message.isInOneFrame { dissection.addPackets(of: message, to: &packets) }
    columns.fill(message, dissection, frame)
  }

  /// The row of a verdict.
  public func fill(_ verdict: ConnectionVerdict, _ dissection: borrowing Dissection) {
    kind = .verdict
    frame = dissection.frame.number
    part = 0
    time = dissection.frame.time
    ends = Endpoints(source: verdict.client, destination: verdict.server)
    sourcePort = verdict.clientPort
    destinationPort = verdict.serverPort
    hasTime = dissection.frame.hasTime
    stream = verdict.stream
    octets = 0
    packets.removeAll()
    self.verdict = verdict
    columns.info.removeAll()
    columns.protocolName = "Verdict"
    verdict.write(to: &columns.info)
  }
}

extension ConnectionVerdict {
  /// The verdict in words: what was read, whether all of it, who ended it and how.
  public func write(to text: inout TextBuffer) {
    text.append("stream ")
    text.append(UInt64(stream))
    text.append(": ")
    text.append(protocolName)
    text.append(isComplete ? ", complete, " : ", incomplete, ")
    if missing > 0 {
      text.append(missing)
      text.append(missing == 1 ? " octet not captured, " : " octets not captured, ")
    }
    text.append(UInt64(messages.client))
    text.append(
      messages.client == 1 ? " message from the client, " : " messages from the client, ")
    text.append(UInt64(messages.server))
    text.append(" from the server; ")
    if let closing {
      text.append("closed by the ")
      text.append(closing.side == .client ? "client" : "server")
      if let code = closing.code {
        text.append(" with WebSocket ")
        text.append(UInt64(code))
      } else {
        text.append(" with WebSocket Close without a code")
      }
      if !closing.reason.isEmpty {
        text.append(" ")
        text.append(json: closing.reason)
      }
      text.append(closing.isAnswered ? "" : ", not answered")
      text.append(", ")
    }
    switch end {
    case .fin: text.append("FIN first from the ")
    case .rst: text.append("RST from the ")
    case .replaced: text.append("its ports were used again without an end")
    case .idle: text.append("idle, given up to keep memory bounded")
    case .capture: text.append("open when the capture ended")
    }
    if end == .fin || end == .rst {
      text.append(endedBy == .client ? "client" : "server")
    }
    // RFC 6455 section 7.1.5: without a Close frame "_The WebSocket Connection Close Code_ is
    // considered to be 1006".
    if closing == nil, protocolName == "websocket", end == .fin || end == .rst {
      text.append("; no Close frame: browsers report 1006")
    }
  }
}

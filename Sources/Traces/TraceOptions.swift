import PacketCore

/// What a trace is to hold. The same options give the same octets.
public struct TraceOptions: Sendable {
  /// What flows through the connections.
  public enum Content: String, Sendable, CaseIterable {
    /// Lines of text.
    case raw
    /// HTTP/1.1 requests and responses.
    case http
    /// Text messages in WebSocket frames, after the HTTP upgrade.
    case websocket
    /// Socket.IO events over Engine.IO over WebSocket, as a chat in a browser sends them.
    case chat
  }

  /// How connections end.
  public enum Ending: String, Sendable {
    /// Both ends say that they are done.
    case fin
    /// The client is done first, and the server still speaks. RFC 9293 section 3.6.
    case halfClose = "half-close"
    /// One end breaks off. RFC 9293 section 3.5.2.
    case reset
  }

  public var content = Content.chat
  public var connections = 1
  /// In each connection, both ways together; greetings and farewells come on top.
  public var messages = 10
  public var faults: [Fault: Int] = [:]
  /// Connections that begin on the ports of one before them.
  public var reusedPorts = 0
  /// The capture begins after the handshakes (of TCP, and of WebSocket).
  public var isMidStream = false
  public var ending = Ending.fin
  /// Octets of data in a segment; nil for as many as fit.
  public var segmentSize: Int?
  /// Up to three messages of one end stand in one segment.
  public var isCoalesced = false
  /// Octets of a WebSocket frame's payload, longer messages are sent in fragments; nil for no limit.
  public var fragmentOctets: Int?
  /// WebSocket messages are compressed: permessage-deflate, RFC 7692.
  public var isCompressed = false
  /// The status code of the Close frames; nil for 1000.
  public var closeCode: UInt16?
  /// The rule of WebSocket that each connection ends with breaking.
  public var violation: WebSocketViolation?
  public var isIPv6 = false
  /// The VLAN that the frames are tagged for; nil for no tag.
  public var vlan: UInt16?
  /// Octets captured of each frame; nil for all.
  public var snapLength: Int?
  public var seed: UInt64 = 0
  /// When the first connection begins.
  public var start = Timestamp(seconds: 1_704_067_200, nanoseconds: 0)

  public init() {}

  /// Octets that fit into a segment: an MTU of 1500 less the headers and TCP's timestamps.
  public var largestSegment: Int { isIPv6 ? 1428 : 1448 }
  var effectiveSegmentSize: Int { min(segmentSize ?? largestSegment, largestSegment) }
  /// Octets of the longest headers: tag, IP and TCP with all its options.
  public var longestHeaders: Int { 14 + (vlan == nil ? 0 : 4) + (isIPv6 ? 40 : 20) + 60 }

  /// How many faults were asked for.
  public var faultCount: Int { faults.values.reduce(0) { $0 &+ max($1, 0) } }

  /// Times in each connection that one end speaks and a fault may meet it.
  public var chancesPerConnection: Int {
    var turns = Turns(messages: messages, content: content, isCoalesced: isCoalesced)
    var count = 0
    while turns.next() != nil { count += 1 }
    return count
  }

  /// Messages in each connection that give every fault one for itself, but at least `messages`.
  public var messagesThatSuffice: Int {
    var options = self
    let connections = min(max(connections, 1), 8_000_000)
    let needed = (min(faultCount, 10_000_000) + connections - 1) / connections
    while options.chancesPerConnection < needed {
      options.messages += max(1, needed - options.chancesPerConnection)
    }
    return options.messages
  }

  /// What contradicts itself or cannot be done, in a sentence that says what to change; nil when
  /// all is well.
  public var contradiction: String? {
    for (fault, count) in faults where count < 0 {
      return "--\(fault.rawValue) wants 0 or more, not \(count)"
    }
    if connections < 1 { return "--connections wants at least 1" }
    if connections > 8_000_000 { return "--connections goes up to 8000000" }
    if !(0...10_000_000).contains(messages) { return "--messages is 0 to 10000000" }
    if faultCount > 10_000_000 { return "all faults together go up to 10000000" }
    if let segmentSize, !(1...largestSegment).contains(segmentSize) {
      return "--segment-size is 1 to \(largestSegment), not \(segmentSize)"
    }
    if let vlan, !(1...4094).contains(vlan) { return "--vlan is 1 to 4094, not \(vlan)" }
    if let snapLength, snapLength < longestHeaders {
      return "--snaplen \(snapLength) cuts headers, of which the truth speaks: raise it to "
        + "\(longestHeaders)"
    }
    if reusedPorts < 0 || reusedPorts >= connections {
      return "--reuse-ports \(reusedPorts) takes one connection more than that: raise "
        + "--connections to \(max(reusedPorts, 0) + 1)"
    }
    if isMidStream, reusedPorts > 0 {
      return "--reuse-ports shows in the handshake: leave out --mid-stream"
    }
    if isMidStream, faults[.windowFull, default: 0] > 0 {
      return "--window-full needs the window scale of the handshake: leave out --mid-stream"
    }
    if isIPv6, faults[.badIPChecksum, default: 0] > 0 {
      return "--bad-ip-checksum: IPv6 has no header checksum; leave out --ipv6, or take "
        + "--bad-checksum"
    }
    if let contradiction = contradictionOfWebSocket { return contradiction }
    let chances = chancesPerConnection
    if faultCount > connections * chances {
      return "\(faultCount) faults take a message each, but there are "
        + (isCoalesced ? "\(connections * chances) groups of messages" : "\(connections * chances)")
        + ": raise --messages to \(messagesThatSuffice)"
    }
    return nil
  }

  private var contradictionOfWebSocket: String? {
    let isAsked =
      fragmentOctets != nil || isCompressed || closeCode != nil || violation != nil
    if isAsked, content != .chat, content != .websocket {
      return "--fragment, --compress, --close and --violate are about WebSocket: add "
        + "--protocol websocket or chat"
    }
    if let fragmentOctets, fragmentOctets < 1 { return "--fragment wants at least 1 octet" }
    // RFC 6455 section 7.4.
    if let closeCode, ![1000...1003, 1007...1014, 3000...4999].contains(where: { $0 ~= closeCode })
    {
      return "--close \(closeCode): no Close frame may have it; --violate bad-close-code sends one"
    }
    guard let violation else { return nil }
    if closeCode != nil { return "--violate decides how the connection closes: leave out --close" }
    if ending != .fin {
      return "--violate decides how the connection ends: leave out --\(ending.rawValue)"
    }
    if violation == .notNegotiated, isCompressed {
      return "--violate compressed is one where nobody agreed on it: leave out --compress"
    }
    return nil
  }
}

/// Who speaks next, and how many messages at once.
struct Turns: Sendable {
  private var left: Int
  private let alternates: Bool
  private let most: Int
  /// Requests that wait for their responses.
  private var owed = 0

  init(messages: Int, content: TraceOptions.Content, isCoalesced: Bool) {
    left = messages
    alternates = content == .http
    most = isCoalesced ? 3 : 1
  }

  /// Number of messages, and whether the server has to say them; nil where either may.
  mutating func next() -> (count: Int, fromServer: Bool?)? {
    guard left > 0 else { return nil }
    guard alternates else {
      let count = min(most, left)
      left -= count
      return (count, nil)
    }
    if owed > 0 {
      defer { owed = 0 }
      left -= owed
      return (owed, true)
    }
    let count = min(most, max(1, left / 2))
    left -= count
    owed = min(count, left)
    return (count, false)
  }
}

import ArgumentParser
import DisplayFilter
import PacketCore
import Traces

/// `gen`'s options on what the trace is about.
struct TraceContentOptions: ParsableArguments {
  @Option(
    name: .customLong("protocol"),
    help: "What flows: \(TraceOptions.Content.allCases.map(\.rawValue).joined(separator: ", ")).")
  var protocolName = TraceOptions.Content.chat.rawValue

  @Option(name: .customLong("connections"), help: "TCP connections.")
  var connections = 1

  @Option(
    name: .customLong("messages"),
    help: "Messages in each, both ways together; 10 if not given, or as many as the faults take.")
  var messages: Int?

  @Option(
    name: .customLong("segment-size"),
    help: "Most octets of data in a segment; 1 sends octet by octet.")
  var segmentSize: Int?

  @Flag(name: .customLong("coalesce"), help: "Put up to three messages into one segment.")
  var isCoalesced = false

  @Option(
    name: .customLong("fragment"),
    help: "Most octets in a WebSocket frame; longer messages are sent in fragments.")
  var fragmentOctets: Int?

  @Flag(name: .customLong("compress"), help: "Compress WebSocket messages (permessage-deflate).")
  var isCompressed = false

  @Option(name: .customLong("close"), help: "Status code of the WebSocket Close frames.")
  var closeCode: UInt16?

  @Flag(name: .customLong("ipv6"), help: "IPv6 instead of IPv4.")
  var isIPv6 = false

  @Option(name: .customLong("vlan"), help: "Tag the frames for this VLAN.")
  var vlan: UInt16?

  @Option(name: [.customShort("s"), .customLong("snaplen")], help: "Cut frames to this length.")
  var snapLength: Int?

  @Option(
    name: .customLong("start"),
    help: "When it begins: seconds since 1970 or a date, '2024-01-01T00:00:00Z'.")
  var start: String?

  func apply(to options: inout TraceOptions) throws {
    guard let content = TraceOptions.Content(rawValue: protocolName) else {
      let names = TraceOptions.Content.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--protocol is one of \(names), not '\(protocolName)'")
    }
    options.content = content
    options.connections = connections
    options.messages = messages ?? options.messages
    options.segmentSize = segmentSize
    options.isCoalesced = isCoalesced
    options.fragmentOctets = fragmentOctets
    options.isCompressed = isCompressed
    options.closeCode = closeCode
    options.isIPv6 = isIPv6
    options.vlan = vlan
    options.snapLength = snapLength
    guard let start else { return }
    // What 32 bits of a pcap file's seconds hold.
    guard let time = TimeLiteral.seconds(start) ?? TimeLiteral.date(start),
      (0..<4_290_000_000_000_000_000).contains(time)
    else {
      throw ValidationError(
        "--start is seconds since 1970 or a date like 2024-01-01T00:00:00Z, not '\(start)'")
    }
    let (seconds, nanoseconds) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    options.start = Timestamp(
      seconds: Int64(seconds), nanoseconds: UInt32(nanoseconds / 1_000 * 1_000))
  }
}

/// `gen`'s options on what is wrong in the trace.
struct TraceFaultOptions: ParsableArguments {
  @Option(
    name: .customLong("retransmit"), help: "Segments lost, and sent again after their timeout.")
  var retransmit: Int?
  @Option(
    name: .customLong("fast-retransmit"),
    help: "Segments lost, and sent again after three duplicate acknowledgments.")
  var fastRetransmit: Int?
  @Option(name: .customLong("spurious"), help: "Segments sent again although acknowledged.")
  var spurious: Int?
  @Option(name: .customLong("out-of-order"), help: "Segments that overtake one another.")
  var outOfOrder: Int?
  @Option(name: .customLong("lost"), help: "Segments that the capture misses.")
  var lost: Int?
  @Option(name: .customLong("duplicate"), help: "Frames captured twice.")
  var duplicate: Int?
  @Option(name: .customLong("zero-window"), help: "Windows that close, are probed, and open.")
  var zeroWindow: Int?
  @Option(name: .customLong("window-full"), help: "Windows filled to the last octet.")
  var windowFull: Int?
  @Option(name: .customLong("keep-alive"), help: "Keep-alives after a long silence.")
  var keepAlive: Int?
  @Option(name: .customLong("bad-checksum"), help: "Segments with a wrong TCP checksum.")
  var badChecksum: Int?
  @Option(
    name: .customLong("bad-ip-checksum"), help: "Packets with a wrong IPv4 header checksum.")
  var badIPChecksum: Int?
  @Option(name: .customLong("overlap"), help: "Segments sent again with other octets.")
  var overlap: Int?
  @Option(name: .customLong("reuse-ports"), help: "Connections on the ports of one before.")
  var reusePorts = 0
  @Flag(name: .customLong("mid-stream"), help: "The capture begins after the handshakes.")
  var isMidStream = false
  @Flag(
    name: .customLong("half-close"),
    help: "The client closes first, and the server has a last word.")
  var isHalfClosed = false
  @Flag(name: .customLong("reset"), help: "Connections end with RST.")
  var isReset = false

  @Option(
    name: .customLong("violate"),
    help: "The rule of WebSocket that each connection ends with breaking: \(Self.rules).")
  var violationName: String?

  private static let rules = WebSocketViolation.allCases.map(\.rawValue).joined(separator: ", ")

  func apply(to options: inout TraceOptions) throws {
    if let violationName {
      guard let violation = WebSocketViolation(rawValue: violationName) else {
        throw ValidationError("--violate is one of \(Self.rules), not '\(violationName)'")
      }
      options.violation = violation
    }
    let counts: [(Fault, Int?)] = [
      (.retransmit, retransmit), (.fastRetransmit, fastRetransmit), (.spurious, spurious),
      (.outOfOrder, outOfOrder), (.lost, lost), (.duplicate, duplicate),
      (.zeroWindow, zeroWindow), (.windowFull, windowFull), (.keepAlive, keepAlive),
      (.badChecksum, badChecksum), (.badIPChecksum, badIPChecksum), (.overlap, overlap),
    ]
    for (fault, count) in counts { options.faults[fault] = count }
    options.reusedPorts = reusePorts
    options.isMidStream = isMidStream
    if isReset, isHalfClosed {
      throw ValidationError("--reset and --half-close are two ends of one connection: choose one")
    }
    options.ending = isReset ? .reset : isHalfClosed ? .halfClose : .fin
  }
}

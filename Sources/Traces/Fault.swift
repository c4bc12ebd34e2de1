/// What can go wrong while a message crosses the network. Each fault takes a message for itself, so
/// that what an analysis should say of its frames is known exactly.
public enum Fault: String, Sendable, CaseIterable {
  /// A segment is lost behind the point of capture, and sent again when its timer runs out.
  case retransmit
  /// A segment is lost in the middle of others, and sent again after three duplicate
  /// acknowledgments. RFC 5681 section 3.2.
  case fastRetransmit = "fast-retransmit"
  /// A segment is sent again although it was acknowledged.
  case spurious
  /// Two segments overtake each other.
  case outOfOrder = "out-of-order"
  /// A segment reaches the receiver and not the capture.
  case lost
  /// A frame is captured twice, as at a switch that mirrors both directions.
  case duplicate
  /// The receiver closes its window, is probed, and opens it again. RFC 9293 section 3.8.6.1.
  case zeroWindow = "zero-window"
  /// A segment fills the receiver's window to its last octet.
  case windowFull = "window-full"
  /// Nobody speaks for long, and one end asks whether the other still lives. RFC 9293 section
  /// 3.8.4.
  case keepAlive = "keep-alive"
  /// A segment arrives with a wrong TCP checksum, is not taken, and sent again.
  case badChecksum = "bad-checksum"
  /// A packet arrives with a wrong IPv4 header checksum, is not taken, and sent again.
  case badIPChecksum = "bad-ip-checksum"
  /// A segment is sent again with other octets than before; the first ones count.
  case overlap

  /// Segments that the end of the message is cut into.
  ///
  /// - Parameter octetByOctet: Segments hold one octet. Such a segment repeated as the last of all
  ///   is a keep-alive to every analysis (RFC 1122 section 4.2.3.6), so that another has to follow.
  func pieces(octetByOctet: Bool) -> Int {
    switch self {
    case .retransmit, .badChecksum, .badIPChecksum: octetByOctet ? 3 : 1
    case .overlap: octetByOctet ? 2 : 1
    case .duplicate, .keepAlive, .windowFull: 1
    case .spurious, .zeroWindow: 2
    case .outOfOrder, .lost: 3
    case .fastRetransmit: 5
    }
  }
}

/// What an analysis should say about a frame.
struct ExpectedFindings: OptionSet, Sendable {
  let rawValue: UInt32

  static let retransmission = ExpectedFindings(rawValue: 1 << 0)
  static let fastRetransmission = ExpectedFindings(rawValue: 1 << 1)
  static let spuriousRetransmission = ExpectedFindings(rawValue: 1 << 2)
  static let outOfOrder = ExpectedFindings(rawValue: 1 << 3)
  static let lostSegment = ExpectedFindings(rawValue: 1 << 4)
  static let ackLostSegment = ExpectedFindings(rawValue: 1 << 5)
  static let duplicateAck = ExpectedFindings(rawValue: 1 << 6)
  static let zeroWindow = ExpectedFindings(rawValue: 1 << 7)
  static let zeroWindowProbe = ExpectedFindings(rawValue: 1 << 8)
  static let zeroWindowProbeAck = ExpectedFindings(rawValue: 1 << 9)
  static let windowUpdate = ExpectedFindings(rawValue: 1 << 10)
  static let windowFull = ExpectedFindings(rawValue: 1 << 11)
  static let keepAlive = ExpectedFindings(rawValue: 1 << 12)
  static let keepAliveAck = ExpectedFindings(rawValue: 1 << 13)
  static let reusedPorts = ExpectedFindings(rawValue: 1 << 14)
  static let duplicateSack = ExpectedFindings(rawValue: 1 << 15)
  static let badChecksum = ExpectedFindings(rawValue: 1 << 16)
  static let badIPChecksum = ExpectedFindings(rawValue: 1 << 17)
  static let syn = ExpectedFindings(rawValue: 1 << 18)
  static let synAck = ExpectedFindings(rawValue: 1 << 19)
  static let fin = ExpectedFindings(rawValue: 1 << 20)
  static let rst = ExpectedFindings(rawValue: 1 << 21)
  /// What follows shows only where a protocol reads the stream.
  static let streamConflict = ExpectedFindings(rawValue: 1 << 22)
  static let streamGap = ExpectedFindings(rawValue: 1 << 23)

  /// The names that display filters know, in the order of the bits.
  static let names = [
    "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order",
    "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment", "tcp.analysis.duplicate_ack",
    "tcp.analysis.zero_window", "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack", "tcp.analysis.window_update",
    "tcp.analysis.window_full", "tcp.analysis.keep_alive", "tcp.analysis.keep_alive_ack",
    "tcp.analysis.reused_ports", "tcp.options.sack.dsack", "tcp.checksum_bad.expert",
    "ip.checksum_bad.expert", "tcp.connection.syn", "tcp.connection.synack",
    "tcp.connection.fin", "tcp.connection.rst", "tcp.stream.conflict", "tcp.stream.gap",
  ]

  /// The positions in `names` of what is in the set.
  var positions: [Int] { Self.names.indices.filter { rawValue >> UInt32($0) & 1 == 1 } }

  /// What cannot be said of a frame that a snap length cut.
  static let needWholeFrame: ExpectedFindings = [.badChecksum]
}

import PacketCore

/// What the analysis says about one segment. Wireshark's words and meaning, `tcp.analysis.*`.
public struct TCPAnalysisFlags: OptionSet, Sendable, BitwiseCopyable {
  /// The bits.
  public let rawValue: UInt16
  /// The bits.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  // In the order in which their words stand before one another in the Info column, last first.
  /// A SYN with a new number between known ports.
  public static let reusedPorts = TCPAnalysisFlags(rawValue: 1 << 0)
  /// Sent again.
  public static let retransmission = TCPAnalysisFlags(rawValue: 1 << 1)
  /// Sent again after duplicate acknowledgments.
  public static let fastRetransmission = TCPAnalysisFlags(rawValue: 1 << 2)
  /// Sent again although acknowledged.
  public static let spuriousRetransmission = TCPAnalysisFlags(rawValue: 1 << 3)
  /// Overtaken on the way.
  public static let outOfOrder = TCPAnalysisFlags(rawValue: 1 << 4)
  /// Something before it was not captured.
  public static let lostSegment = TCPAnalysisFlags(rawValue: 1 << 5)
  /// Acknowledges what was not captured.
  public static let ackLostSegment = TCPAnalysisFlags(rawValue: 1 << 6)
  /// Nothing new but the window.
  public static let windowUpdate = TCPAnalysisFlags(rawValue: 1 << 7)
  /// Fills the window to its last octet.
  public static let windowFull = TCPAnalysisFlags(rawValue: 1 << 8)
  /// Repeats the last octet to see whether the peer lives.
  public static let keepAlive = TCPAnalysisFlags(rawValue: 1 << 9)
  /// The answer to that.
  public static let keepAliveAck = TCPAnalysisFlags(rawValue: 1 << 10)
  /// The same acknowledgment once more.
  public static let duplicateAck = TCPAnalysisFlags(rawValue: 1 << 11)
  /// One octet into a closed window.
  public static let zeroWindowProbe = TCPAnalysisFlags(rawValue: 1 << 12)
  /// No room left at the sender of this.
  public static let zeroWindow = TCPAnalysisFlags(rawValue: 1 << 13)
  /// The window is still closed.
  public static let zeroWindowProbeAck = TCPAnalysisFlags(rawValue: 1 << 14)
}

/// How much of a connection the capture has seen. Wireshark's numbers, `tcp.completeness`.
public struct TCPCompleteness: OptionSet, Sendable, BitwiseCopyable {
  /// The bits.
  public let rawValue: UInt8
  /// The bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// SYN.
  public static let syn = TCPCompleteness(rawValue: 1)
  /// SYN and ACK.
  public static let synAck = TCPCompleteness(rawValue: 2)
  /// ACK without data.
  public static let ack = TCPCompleteness(rawValue: 4)
  /// Data.
  public static let data = TCPCompleteness(rawValue: 8)
  /// FIN.
  public static let fin = TCPCompleteness(rawValue: 16)
  /// RST.
  public static let rst = TCPCompleteness(rawValue: 32)

  static let handshake: TCPCompleteness = [.syn, .synAck, .ack]

  /// Wireshark's words: a connection is complete when its handshake and an end were seen.
  static func label(_ value: UInt64) -> String {
    let seen = TCPCompleteness(rawValue: UInt8(truncatingIfNeeded: value))
    guard seen.isSuperset(of: .handshake) else {
      switch seen {
      case .syn: return "Incomplete, SYN_SENT"
      case [.syn, .synAck]: return "Incomplete, CLIENT_ESTABLISHED"
      default: return "Incomplete"
      }
    }
    if seen.isDisjoint(with: [.fin, .rst]) {
      return seen.contains(.data) ? "Incomplete, DATA" : "Incomplete, ESTABLISHED"
    }
    return seen.contains(.data) ? "Complete, WITH_DATA" : "Complete, NO_DATA"
  }

  /// One letter a bit, a middle dot where it is missing: `·FDASS`.
  var letters: String {
    var text = ""
    for (index, letter) in "RFDASS".enumerated() {
      text += rawValue >> UInt8(5 - index) & 1 == 1 ? String(letter) : "·"
    }
    return text
  }
}

/// What a connection knows about the window scale of one of its directions. RFC 7323 section 2.
public enum TCPWindowScale {
  /// The handshake was not seen.
  static let unknown: Int8 = -1
  /// The handshake agreed on none.
  static let unused: Int8 = -2
}

/// What is known about one segment beyond its octets: left by the inspection, read by the fields
/// and the summary.
public struct TCPNote: BitwiseCopyable, Sendable {
  /// Bits that are no analysis flags.
  struct Facts: OptionSet, Sendable, BitwiseCopyable {
    let rawValue: UInt8
    /// The length of the data is known, and with it relative numbers.
    static let hasLength = Facts(rawValue: 1)
    /// The SEQ/ACK analysis has something to say.
    static let isAnalysed = Facts(rawValue: 2)
    /// AE, CWR and ECE are a counter in this connection.
    static let countsECN = Facts(rawValue: 4)
    /// A SYN-ACK that does not acknowledge the data of the SYN.
    static let ignoresFastOpen = Facts(rawValue: 16)
    /// The header could be read to its end.
    static let isWhole = Facts(rawValue: 8)
  }

  /// What became of the checksum.
  public internal(set) var checksum = ChecksumVerdict(.unverified)
  /// Number of the connection, from 0 in the order of first packets.
  public internal(set) var stream: UInt32 = 0
  /// Subtracted from a sequence number, it gives the relative one.
  public internal(set) var sequenceBase: UInt32 = 0
  /// The same for acknowledgment numbers and selective acknowledgments.
  public internal(set) var acknowledgmentBase: UInt32 = 0
  /// Octets of data on the wire.
  public internal(set) var length: UInt32 = 0
  /// What the analysis says.
  public internal(set) var flags: TCPAnalysisFlags = []
  /// What was seen of the connection before this segment.
  public internal(set) var completeness: TCPCompleteness = []
  /// The sender's window scale shift, or one of `TCPWindowScale`.
  public internal(set) var windowScale: Int8 = TCPWindowScale.unknown

  /// Octets that the window field of a segment without SYN stands for. RFC 7323 section 2.3.
  @inline(__always)
  func scaled(_ window: UInt16) -> UInt32 { UInt32(window) &<< UInt32(max(windowScale, 0)) }

  var facts: Facts = []
  /// The sender is the higher end of the connection's key.
  var isFromHigh = false
  /// Which end of the connection's key sent the SYN; nil when none was seen.
  var opener: TCPConnection.End?
  /// Place of the connection in the table.
  var slot: UInt32 = 0
  var duplicateAckNumber: UInt32 = 0
  var duplicateAckFrame: UInt32 = 0
  /// The frame that this segment acknowledges, 0 for none.
  public internal(set) var ackedFrame: UInt32 = 0
  var bytesInFlight: UInt32 = 0
  var pushBytesSent: UInt32 = 0
  /// The frame whose loss this segment repairs, 0 for none.
  var retransmittedFrame: UInt32 = 0
  /// From the frame that this segment acknowledges to this one; means something only with
  /// `ackedFrame`. Nanoseconds.
  public internal(set) var ackRoundTrip: Int64 = 0
  /// From the SYN to the first ACK that is none, 0 before. Nanoseconds.
  public internal(set) var initialRoundTrip: Int64 = 0
  // Nanoseconds.
  var retransmissionTimeout: Int64 = 0
  var sinceFirst: Int64 = 0
  var sincePrevious: Int64 = 0

  init() {}

  /// Forgets what is shown of the analysis; the connection has taken the segment all the same.
  mutating func hideAnalysis() {
    flags = []
    facts.remove(.isAnalysed)
    ackedFrame = 0
    bytesInFlight = 0
    retransmissionTimeout = 0
    duplicateAckNumber = 0
  }
}

import PacketCore

/// The remarks that TCP makes. Names, words, severities and groups are Wireshark's.
enum TCPFinding {
  /// One remark for each bit of `TCPAnalysisFlags`, in the order of the bits.
  static let analysis: [FindingKind] = [
    sequence(
      "tcp.analysis.reused_ports",
      "A new tcp session is started with the same ports as an earlier session in this trace"),
    retransmission,
    sequence(
      "tcp.analysis.fast_retransmission", "This frame is a (suspected) fast retransmission"),
    sequence(
      "tcp.analysis.spurious_retransmission",
      "This frame is a (suspected) spurious retransmission"),
    sequence(
      "tcp.analysis.out_of_order", "This frame is a (suspected) out-of-order segment", .warning),
    sequence(
      "tcp.analysis.lost_segment", "Previous segment(s) not captured (common at capture start)",
      .warning),
    sequence(
      "tcp.analysis.ack_lost_segment",
      "ACKed segment that wasn't captured (common at capture start)", .warning),
    sequence("tcp.analysis.window_update", "TCP window update", .chat),
    sequence(
      "tcp.analysis.window_full", "TCP window specified by the receiver is now completely full",
      .warning),
    sequence("tcp.analysis.keep_alive", "TCP keep-alive segment"),
    sequence("tcp.analysis.keep_alive_ack", "ACK to a TCP keep-alive segment"),
    FindingKind("tcp.analysis.duplicate_ack", "Duplicate ACK", .note, .sequence) { number, _ in
      " (#\(number))"
    },
    sequence("tcp.analysis.zero_window_probe", "TCP Zero Window Probe"),
    sequence("tcp.analysis.zero_window", "TCP Zero Window segment", .warning),
    sequence("tcp.analysis.zero_window_probe_ack", "ACK to a TCP Zero Window Probe"),
  ]
  static let retransmission = sequence(
    "tcp.analysis.retransmission", "This frame is a (suspected) retransmission")

  static let fastOpenSyn = sequence("tcp.analysis.tfo_syn", "TCP SYN with TFO Cookie")
  static let fastOpenAck = sequence("tcp.analysis.tfo_ack", "TCP SYN-ACK accepting TFO data")
  static let fastOpenIgnored = sequence(
    "tcp.analysis.tfo_ignored", "TCP SYN-ACK ignoring TFO data")

  static let syn = FindingKind(
    "tcp.connection.syn", "Connection establish request (SYN)", .chat, .sequence
  ) { port, _ in ": server port \(port)" }
  static let synAck = FindingKind(
    "tcp.connection.synack", "Connection establish acknowledge (SYN+ACK)", .chat, .sequence
  ) { port, _ in ": server port \(port)" }
  static let fin = sequence("tcp.connection.fin", "Connection finish (FIN)", .chat)
  static let rst = sequence("tcp.connection.rst", "Connection reset (RST)", .warning)

  static let badChecksum = FindingKind(
    "tcp.checksum_bad.expert", "Bad checksum", .error, .checksum
  ) { found, expected in " [should be \(hexadecimal(expected)), found \(hexadecimal(found))]" }
  static let allOnesChecksum = FindingKind(
    "tcp.checksum.ffff", "TCP Checksum 0xffff instead of 0x0000 (see RFC 1624)", .warning,
    .checksum)

  static let bogusOffset = FindingKind(
    "tcp.bogus_header_length", "Bogus TCP header length", .error, .protocolError
  ) { found, _ in " (\(found), must be at least 20)" }
  static let shortSegment = FindingKind(
    "tcp.short_segment", "Short segment. Segment/fragment does not contain a full TCP header",
    .warning, .malformed)
  static let ackWithoutFlag = FindingKind(
    "tcp.ack.nonzero",
    "The acknowledgment number field is nonzero while the ACK flag is not set", .note,
    .protocolError)
  static let urgentWithoutFlag = FindingKind(
    "tcp.urgent_pointer.non_zero",
    "The urgent pointer field is nonzero while the URG flag is not set", .note, .protocolError)

  static let optionLength = FindingKind(
    "tcp.option.len.invalid", "Invalid length for option", .note, .sequence
  ) { length, kind in " \(kind): \(length)" }
  static let scaleTooLarge = FindingKind(
    "tcp.options.wscale.shift.invalid", "Window scale shift exceeds 14", .warning, .protocolError)
  static let noSegmentSize = FindingKind(
    "tcp.options.mss.absent", "The SYN packet does not contain a MSS option", .warning,
    .protocolError)
  static let strangeSegmentSize = FindingKind(
    "tcp.options.mss.present", "The non-SYN packet does contain a MSS option", .warning,
    .protocolError)
  static let duplicateSack = sequence("tcp.options.sack.dsack", "D-SACK Sequence", .warning)
  static let brokenBlock = FindingKind(
    "tcp.suboption_malformed", "suboption would go past end of option", .error, .malformed)
  static let fourNoOperations = FindingKind(
    "tcp.nop", "4 NOP in a row - a router may have removed some options", .warning, .protocolError)
  static let octetsAfterEnd = FindingKind(
    "tcp.non_zero_bytes_after_eol", "Non zero bytes in option space after EOL option", .error,
    .protocolError)

  /// Ours: `Limits.connections` was reached.
  static let forgotten = FindingKind(
    "tcp.connection.forgotten", "The longest idle connection was forgotten to make room", .note,
    .sequence)

  static let all: [FindingKind] =
    analysis + TCPStreamFinding.all + [
      fastOpenSyn, fastOpenAck, fastOpenIgnored, syn, synAck, fin, rst, badChecksum,
      allOnesChecksum, bogusOffset, shortSegment, ackWithoutFlag, urgentWithoutFlag, optionLength,
      scaleTooLarge, noSegmentSize, strangeSegmentSize, duplicateSack, brokenBlock,
      fourNoOperations, octetsAfterEnd, forgotten,
    ]

  private static func sequence(
    _ name: String, _ message: String, _ severity: FindingKind.Severity = .note
  ) -> FindingKind {
    FindingKind(name, message, severity, .sequence)
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(4 - digits.count, 0)) + digits
  }
}

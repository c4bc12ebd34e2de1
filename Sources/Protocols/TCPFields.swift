import PacketCore

extension TCP {
  /// Names, fields and findings, in Wireshark's words.
  public static let schema = Schema<TCP>(
    "tcp", "Transmission Control Protocol", "RFC 9293", column: "TCP",
    fields: headerFields + [optionsField] + analysisFields + [
      .payload("tcp.payload", "TCP payload")
    ],
    findings: TCPFinding.all,
    heading: { tcp, record, dissection, text in
      text.append(", Src Port: ")
      text.append(UInt64(tcp.sourcePort))
      text.append(", Dst Port: ")
      text.append(UInt64(tcp.destinationPort))
      guard tcp.isWhole, let note = dissection.note(of: TCP.self, record) else { return }
      text.append(", Seq: ")
      text.append(UInt64(tcp.relativeSequence(note)))
      guard !tcp.offsetIsBogus else { return }
      if tcp.flags.contains(.ack) {
        text.append(", Ack: ")
        text.append(UInt64(tcp.relativeAcknowledgment(note)))
      }
      guard note.facts.contains(.hasLength) else { return }
      text.append(", Len: ")
      text.append(UInt64(note.length))
    })

  /// Whether the fields that end at an octet of the header are shown: of a header that ends before
  /// the window only the ports are, of one that lies about its length those before the lie.
  func shows(_ end: Int) -> Bool {
    isWhole && Int(octetsPresent) >= end && (end <= 8 || !offsetIsBogus)
  }

  /// A generated number that the note holds.
  static func noted(
    _ name: String, _ title: String, bits: Int = 32,
    unit: String = "", label: (@Sendable (UInt64) -> String?)? = nil,
    _ read: @escaping @Sendable (TCP, TCPNote) -> UInt32?
  ) -> Field<TCP> {
    .derived(name, title, .unsigned, bits: bits, unit: unit, label: label) {
      tcp, record, dissection in
      guard tcp.isWhole, let note = dissection.note(of: TCP.self, record) else { return nil }
      return read(tcp, note).map { .unsigned(UInt64($0)) }
    }
  }

  /// A generated time that the note holds, in nanoseconds.
  static func timed(
    _ name: String, _ title: String, _ read: @escaping @Sendable (TCPNote) -> Int64?
  ) -> Field<TCP> {
    .derived(name, title, .duration) { tcp, record, dissection in
      guard tcp.shows(20), let note = dissection.note(of: TCP.self, record) else { return nil }
      return read(note).map { .duration($0) }
    }
  }

  /// A number of the header as it stands there, absent where the header ends before it.
  private static func plain(
    _ name: String, _ title: String, at place: Range<Int>, base: FieldBase = .decimal,
    _ read: @escaping @Sendable (TCP) -> UInt32
  ) -> Field<TCP> {
    .number(name, title, bits: place.count * 8, base: base, at: { _ in place }) { tcp in
      tcp.shows(place.upperBound) ? read(tcp) : nil
    }
  }

  private static let headerFields: [Field<TCP>] = [
    .number("tcp.srcport", "Source Port", at: 0..<2) { $0.sourcePort },
    .number("tcp.dstport", "Destination Port", at: 2..<4) { $0.destinationPort },
    .either("tcp.port", "Source or Destination Port", of: "tcp.srcport", "tcp.dstport"),
    noted("tcp.stream", "Stream index") { _, note in note.stream },
    noted(
      "tcp.completeness", "Conversation completeness", bits: 8, label: TCPCompleteness.label
    ) { _, note in UInt32(note.completeness.rawValue) },
    .derived("tcp.completeness.str", "Completeness Flags", .string) { tcp, record, dissection in
      guard tcp.isWhole, let note = dissection.note(of: TCP.self, record) else { return nil }
      return .string(note.completeness.letters)
    },
    noted("tcp.len", "TCP Segment Len", unit: "bytes") { _, note in
      note.facts.contains(.hasLength) ? note.length : nil
    },
    .derived(
      "tcp.seq", "Sequence Number", .unsigned, bits: 32, at: { _ in 4..<8 }
    ) { tcp, record, dissection in
      guard tcp.shows(8) || record.isQuoted && tcp.octetsPresent >= 8 else { return nil }
      // Quoted by an ICMP error: no connection, no note, the number as it stands there.
      let note = dissection.note(of: TCP.self, record)
      return .unsigned(UInt64(note.map(tcp.relativeSequence) ?? tcp.sequence))
    },
    plain("tcp.seq_raw", "Sequence Number (raw)", at: 4..<8) { $0.sequence },
    noted("tcp.nxtseq", "Next Sequence Number") { tcp, note in
      guard note.facts.contains(.hasLength), !tcp.offsetIsBogus else { return nil }
      let phantom: UInt32 = tcp.flags.isDisjoint(with: [.syn, .fin]) ? 0 : 1
      return tcp.sequence &- note.sequenceBase &+ note.length &+ phantom
    },
    .derived(
      "tcp.ack", "Acknowledgment Number", .unsigned, bits: 32, at: { _ in 8..<12 }
    ) { tcp, record, dissection in
      guard tcp.shows(12) else { return nil }
      let note = dissection.note(of: TCP.self, record)
      return .unsigned(UInt64(note.map(tcp.relativeAcknowledgment) ?? tcp.acknowledgment))
    },
    .derived(
      "tcp.ack_raw", "Acknowledgment number (raw)", .unsigned, bits: 32, at: { _ in 8..<12 }
    ) { tcp, _, _ in
      tcp.shows(12) ? .unsigned(UInt64(tcp.acknowledgment)) : nil
    },
    .number(
      "tcp.hdr_len", "Header Length", bits: 8, unit: "bytes", at: { _ in 12..<13 }
    ) { tcp in tcp.isWhole ? UInt32(tcp.statedLength) : nil },
    .number(
      "tcp.flags", "Flags", at: 12..<14, mask: 0xfff, base: .hexadecimal, label: TCPFlags.words,
      children: flagFields
    ) { $0.flags.rawValue },
    plain("tcp.window_size_value", "Window", at: 14..<16) { UInt32($0.window) },
    noted("tcp.window_size", "Calculated window size") { tcp, note in
      tcp.shows(16) ? tcp.scaledWindow(note) : nil
    },
    .derived(
      "tcp.window_size_scalefactor", "Window size scaling factor", .signed
    ) { tcp, record, dissection in
      guard tcp.isWhole, !tcp.flags.contains(.syn), !tcp.offsetIsBogus,
        let scale = dissection.note(of: TCP.self, record)?.windowScale
      else { return nil }
      return .signed(scale >= 0 ? 1 << Int64(scale) : Int64(scale))
    },
    plain("tcp.checksum", "Checksum", at: 16..<18, base: .hexadecimal) { UInt32($0.checksum) },
    .derived(
      "tcp.checksum.status", "Checksum Status", .unsigned, bits: 8, label: checksumWords
    ) { tcp, record, dissection in
      guard tcp.octetsPresent == 20, !tcp.offsetIsBogus,
        let note = dissection.note(of: TCP.self, record)
      else { return nil }
      return .unsigned(UInt64(note.checksum.status.rawValue))
    },
    .derived(
      "tcp.checksum_calculated", "Calculated Checksum", .unsigned, base: .hexadecimal, bits: 16
    ) { tcp, record, dissection in
      guard let verdict = dissection.note(of: TCP.self, record)?.checksum,
        verdict.status != .unverified
      else { return nil }
      return .unsigned(UInt64(verdict.expected))
    },
    plain("tcp.urgent_pointer", "Urgent Pointer", at: 18..<20) { UInt32($0.urgentPointer) },
  ]

  private static func flag(_ name: String, _ title: String, _ flag: TCPFlags) -> Field<TCP> {
    .flag("tcp.flags." + name, title, at: 12..<14, mask: UInt64(flag.rawValue)) {
      !$0.flags.isDisjoint(with: flag)
    }
  }

  private static let flagFields: [Field<TCP>] = [
    flag("res", "Reserved", .reserved),
    flag("ae", "Accurate ECN", .ae),
    flag("cwr", "Congestion Window Reduced", .cwr),
    flag("ece", "ECN-Echo", .ece),
    flag("urg", "Urgent", .urg),
    flag("ack", "Acknowledgment", .ack),
    flag("push", "Push", .psh),
    flag("reset", "Reset", .rst),
    flag("syn", "Syn", .syn),
    flag("fin", "Fin", .fin),
    .derived("tcp.flags.ace", "ACE", .unsigned, bits: 8) { tcp, record, dissection in
      guard let note = dissection.note(of: TCP.self, record), note.facts.contains(.countsECN)
      else { return nil }
      return .unsigned(UInt64(tcp.flags.accurateECN))
    },
    .derived("tcp.flags.str", "TCP Flags", .string) { tcp, record, dissection in
      guard tcp.octetsPresent >= 14 else { return nil }
      let note = dissection.note(of: TCP.self, record)
      return .string(tcp.flags.letters(countsECN: note?.facts.contains(.countsECN) ?? false))
    },
  ]

  /// Wireshark's numbers and words, and ours above them.
  @Sendable private static func checksumWords(_ value: UInt64) -> String? {
    switch ChecksumStatus(rawValue: UInt8(truncatingIfNeeded: value)) {
    case .bad: "Bad"
    case .good: "Good"
    case .unverified: "Unverified"
    case .offloaded: "Offloaded (not computed yet)"
    case .notPresent: "Not present"
    case .illegal: "Illegal"
    case nil: nil
    }
  }

  private static func ifNonzero(_ value: UInt32) -> UInt32? { value == 0 ? nil : value }

  private static let analysisFields: [Field<TCP>] = [
    timed("tcp.time_relative", "Time since first frame in this TCP stream") {
      $0.sinceFirst
    },
    timed("tcp.time_delta", "Time since previous frame in this TCP stream") {
      $0.sincePrevious
    },
    .derived(
      "tcp.analysis", "SEQ/ACK analysis", .label, children: verdictFields
    ) { _, record, dissection in
      dissection.note(of: TCP.self, record)?.facts.contains(.isAnalysed) == true ? .present : nil
    },
  ]

  private static let verdictFields: [Field<TCP>] = [
    noted("tcp.analysis.acks_frame", "This is an ACK to the segment in frame") { _, note in
      ifNonzero(note.ackedFrame)
    },
    timed("tcp.analysis.ack_rtt", "The RTT to ACK the segment was") {
      $0.ackedFrame != 0 && $0.ackRoundTrip != 0 ? $0.ackRoundTrip : nil
    },
    timed("tcp.analysis.initial_rtt", "iRTT") {
      $0.facts.contains(.isAnalysed) && $0.initialRoundTrip != 0 ? $0.initialRoundTrip : nil
    },
    noted("tcp.analysis.bytes_in_flight", "Bytes in flight", unit: "bytes") { _, note in
      ifNonzero(note.bytesInFlight)
    },
    noted("tcp.analysis.push_bytes_sent", "Bytes sent since last PSH flag", unit: "bytes") {
      _, note in
      note.bytesInFlight == 0 ? nil : note.pushBytesSent
    },
    .derived("tcp.analysis.flags", "TCP Analysis Flags", .label) { _, record, dissection in
      dissection.note(of: TCP.self, record)?.flags.isEmpty == false ? .present : nil
    },
    timed("tcp.analysis.rto", "The RTO for this segment was") {
      $0.retransmissionTimeout == 0 ? nil : $0.retransmissionTimeout
    },
    noted("tcp.analysis.rto_frame", "RTO based on delta from frame") { _, note in
      note.retransmissionTimeout == 0 ? nil : note.retransmittedFrame
    },
    noted("tcp.analysis.duplicate_ack_num", "Duplicate ACK #") { _, note in
      ifNonzero(note.duplicateAckNumber)
    },
    noted("tcp.analysis.duplicate_ack_frame", "Duplicate to the ACK in frame") { _, note in
      note.duplicateAckNumber == 0 ? nil : note.duplicateAckFrame
    },
  ]
}

import PacketCore

extension TCP {
  /// The words before the ports, for each bit of `TCPAnalysisFlags`. The highest bit's stand first.
  private static let prefixes: [StaticString] = [
    "[TCP Port numbers reused] ", "[TCP Retransmission] ", "[TCP Fast Retransmission] ",
    "[TCP Spurious Retransmission] ", "[TCP Out-Of-Order] ", "[TCP Previous segment not captured] ",
    "[TCP ACKed unseen segment] ", "[TCP Window Update] ", "[TCP Window Full] ",
    "[TCP Keep-Alive] ", "[TCP Keep-Alive ACK] ", "", "[TCP ZeroWindowProbe] ",
    "[TCP ZeroWindow] ", "[TCP ZeroWindowProbeAck] ",
  ]

  /// Writes the Info column as Wireshark does. Nearly every segment has ACK, perhaps PSH, a length, and no
  /// option but timestamps: it is written from its words, without being decoded.
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    let range = record.range
    if let note = dissection.note(of: TCP.self, record), note.facts.contains(.hasLength),
      !note.facts.contains(.countsECN),
      !dissection.stream.isWaiting || dissection.stream.lineBuffer == 0,
      let plain = TCPPlainSegment(
        bytes, from: range.lowerBound, to: range.upperBound, reportedEnd: range.upperBound)
    {
      columns.protocolName = "TCP"
      if _slowPath(!note.flags.isEmpty) { writePrefixes(note, to: &columns.info) }
      plain.write(note, bytes, to: &columns.info)
      if dissection.stream.isWaiting { columns.info.append(" [TCP segment of a reassembled PDU]") }
      return
    }
    guard let layer = decode(record, in: bytes) else { return }
    layer.summarize(bytes, record, in: dissection, into: &columns)
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "TCP"
    let note = dissection.note(of: TCP.self, record) ?? TCPNote()
    if dissection.stream.isWaiting, dissection.stream.lineBuffer != 0 {
      // The protocol above knows already what the message is.
      dissection.withBytes(of: dissection.stream.lineBuffer, frame: bytes) {
        columns.info.append($0)
      }
      columns.info.append(" [TCP segment of a reassembled PDU]")
      return
    }
    if !note.flags.isEmpty { Self.writePrefixes(note, to: &columns.info) }
    columns.info.append(UInt64(sourcePort))
    columns.info.append(" → ")
    columns.info.append(UInt64(destinationPort))
    guard isWhole else { return }
    writeNumbers(note, to: &columns.info)
    if offsetIsBogus {
      columns.info.append(", bogus TCP header length (")
      columns.info.append(UInt64(statedLength))
      columns.info.append(", must be at least 20)")
      return
    }
    guard octetsPresent == 20 else { return }
    if flags.contains(.urg) {
      columns.info.append(" Urg=")
      columns.info.append(UInt64(urgentPointer))
    }
    if note.facts.contains(.hasLength) {
      columns.info.append(" Len=")
      columns.info.append(UInt64(note.length))
    }
    if options.count > 0 { writeOptions(note, into: &columns) }
    if dissection.stream.isWaiting { columns.info.append(" [TCP segment of a reassembled PDU]") }
  }

  public static var hasRemarks: Bool { true }

  /// What the analysis says about the segment, in front of the messages that it carries.
  public static func preface(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard let note = dissection.note(of: TCP.self, record), !note.flags.isEmpty else { return }
    writePrefixes(note, to: &columns.info)
  }

  private static func writePrefixes(_ note: TCPNote, to info: inout TextBuffer) {
    var bit = prefixes.count
    while bit > 0 {
      bit -= 1
      guard note.flags.rawValue >> UInt16(bit) & 1 == 1 else { continue }
      if TCPAnalysisFlags(rawValue: 1 << UInt16(bit)) == .duplicateAck {
        info.append("[TCP Dup ACK ")
        info.append(UInt64(note.duplicateAckFrame))
        info.append("#")
        info.append(UInt64(note.duplicateAckNumber))
        info.append("] ")
      } else {
        info.append(prefixes[bit])
      }
    }
  }

  @inline(__always)
  private func writeNumbers(_ note: TCPNote, to info: inout TextBuffer) {
    info.append(" [")
    flags.write(countsECN: note.facts.contains(.countsECN), to: &info)
    info.append("] Seq=")
    info.append(UInt64(relativeSequence(note)))
    if flags.contains(.ack) {
      info.append(" Ack=")
      info.append(UInt64(relativeAcknowledgment(note)))
    }
    info.append(" Win=")
    info.append(UInt64(scaledWindow(note)))
  }

  private func writeOptions(_ note: TCPNote, into columns: inout Columns) {
    var walk = TCPOptionWalk(options)
    var hasEnded = false
    while let option = walk.next(), option.trouble == .none {
      if hasEnded, option.kind != TCPOption.Kind.end { return }
      hasEnded = option.kind == TCPOption.Kind.end
      if option.kind == TCPOption.Kind.multipath { columns.protocolName = "MPTCP" }
      option.write(base: note.acknowledgmentBase, to: &columns.info)
    }
  }

  // MARK: Numbers as they are shown

  /// The sequence number, counted from the connection's first when the length is known.
  func relativeSequence(_ note: TCPNote) -> UInt32 {
    note.facts.contains(.hasLength) ? sequence &- note.sequenceBase : sequence
  }

  /// The acknowledgment number; without ACK it means nothing and stays as it is.
  func relativeAcknowledgment(_ note: TCPNote) -> UInt32 {
    note.facts.contains(.hasLength) && flags.contains(.ack)
      ? acknowledgment &- note.acknowledgmentBase : acknowledgment
  }

  /// RFC 7323 section 2.2: "The window field in a segment where the SYN bit is set MUST NOT be
  /// scaled."
  func scaledWindow(_ note: TCPNote) -> UInt32 {
    note.facts.contains(.hasLength) && !flags.contains(.syn)
      ? note.scaled(window) : UInt32(window)
  }
}

extension TCPPlainSegment {
  /// Writes ports, flags, numbers as they are shown, length and timestamps.
  @inline(__always)
  fileprivate func write(_ note: TCPNote, _ bytes: RawSpan, to info: inout TextBuffer) {
    info.extend(atMost: 192) { cursor in
      cursor.write(any: UInt32(sourcePort))
      cursor.write(" → ", any: UInt32(destinationPort))
      if flags.contains(.psh) {
        cursor.write(" [PSH, ACK] Seq=")
      } else {
        cursor.write(" [ACK] Seq=")
      }
      cursor.write(any: sequence &- note.sequenceBase)
      cursor.write(" Ack=", any: acknowledgment &- note.acknowledgmentBase)
      cursor.write(" Win=", any: note.scaled(window))
      cursor.write(" Len=", any: note.length)
      guard let (value, echo) = timestamps(bytes) else { return }
      cursor.write(" TSval=", any: value)
      cursor.write(" TSecr=", any: echo)
    }
  }
}

extension TCPOption {
  /// Appends what the Info column says about the option; nothing for those it leaves out.
  func write(base: UInt32, to info: inout TextBuffer) {
    // Three are named even where their length is wrong.
    switch kind {
    case Kind.sackPermitted: return info.append(" SACK_PERM")
    case Kind.md5: return info.append(" MD5")
    case Kind.authentication: return info.append("TCP AO")
    default: break
    }
    guard isReadable else { return }
    switch kind {
    case Kind.maximumSegmentSize: put(" MSS=", UInt32(word(2)), &info)
    case Kind.windowScale: put(" WS=", 1 << UInt32(shift), &info)
    case Kind.sack:
      for block in 0..<blockCount {
        put(" SLE=", long(2 + 8 * block) &- base, &info)
        put(" SRE=", long(6 + 8 * block) &- base, &info)
      }
    case Kind.echo, Kind.echoReply: put(" ECHO=", long(2), &info)
    case Kind.timestamps:
      put(" TSval=", long(2), &info)
      put(" TSecr=", long(6), &info)
    case Kind.connectionCount, Kind.connectionCountNew, Kind.connectionCountEcho:
      put(" CC=", long(2), &info)
    case Kind.userTimeout: put(" USER_TO=", UInt32(word(2) & 0x7fff), &info)
    case Kind.fastOpen: info.append(length == 2 ? " TFO=R" : " TFO=C")
    case Kind.accurateECN0, Kind.accurateECN1: writeCounters(to: &info)
    case Kind.experiment1, Kind.experiment2: writeExperiment(to: &info)
    default: break
    }
  }

  private func put(_ name: StaticString, _ value: UInt32, _ info: inout TextBuffer) {
    info.append(name)
    info.append(UInt64(value))
  }

  private func writeExperiment(to info: inout TextBuffer) {
    switch word(2) {
    case Experiment.fastOpen: info.append(length == 4 ? " TFO=R" : " TFO=C")
    case Experiment.accurateECN0, Experiment.accurateECN1: writeCounters(to: &info)
    case Experiment.ackRate:
      if length == 4 { info.append(" TARR") }
      if length == 5 { put(" TARR=", UInt32(octet(4) >> 1), &info) }
    default:
      info.append(" ExID=")
      let identifier = UInt64(word(2))
      let digits = String(identifier, radix: 16, uppercase: true)
      info.append(digits)
    }
  }

  /// The counters in the order that the option's kind gives them.
  private func writeCounters(to info: inout TextBuffer) {
    guard let (place, isOrder0) = congestionCounters else { return }
    if place.isEmpty { return info.append(" AccECN") }
    let names: [StaticString] =
      isOrder0 ? [" EE0B=", " ECEB=", " EE1B="] : [" EE1B=", " ECEB=", " EE0B="]
    for (index, offset) in stride(from: place.lowerBound, to: place.upperBound, by: 3).enumerated()
    where index < names.count {
      put(names[index], counter(offset), &info)
    }
  }
}

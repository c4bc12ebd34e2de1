import PacketCore

extension TCP {
  /// Verifies the checksum, takes the segment into its connection, and leaves what both say as a
  /// note and findings.
  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: TCPConversations
  ) -> PayloadType {
    let record = dissection.layers[index]
    let onWire = Int(record.headerLength) &+ record.reportedPayloadLength
    guard isWhole else {
      // Nothing but the ports is sure.
      stop(record, onWire, at: index, in: &dissection)
      return .nothing
    }
    var note = TCPNote()
    let isBogus = offsetIsBogus
    let isCut = octetsPresent < 20 || statedLength > Int(record.headerLength) && !isBogus
    if !isCut { note.facts.insert(.isWhole) }
    if onWire >= statedLength {
      note.facts.insert(.hasLength)
      note.length = UInt32(truncatingIfNeeded: onWire &- statedLength)
    }
    let segment = TCPSegment(
      sequence: sequence, acknowledgment: acknowledgment, length: note.length, flags: flags,
      window: UInt32(window), frame: UInt32(truncatingIfNeeded: dissection.frame.number),
      time: dissection.frame.time.nanoseconds(since: dissection.firstTime))
    let hasForgotten = memory.follow(
      self, segment, hasOptions: !isCut && !isBogus, dissection.endpoints,
      dissection.frame.point, note: &note)
    if isBogus || isCut {
      // The header could not be read to its end: nothing of the analysis is shown, as in Wireshark.
      note.hideAnalysis()
    }
    if !isBogus, octetsPresent == 20 {
      note.checksum = verdict(bytes, record, dissection.endpoints, onWire)
      // The rest of the segment stands in other fragments: nothing can be said of its sum.
      if note.checksum.status != .good, dissection.carrier(of: index)?.isFragment == true {
        note.checksum = ChecksumVerdict(.unverified)
      }
    }
    if memory.isAnalysing { dissection.setNote(note, at: index) }
    if hasForgotten { dissection.add(TCPFinding.forgotten, at: index) }
    if needsRemarks(note) { remark(note, at: index, in: &dissection) }
    if isCut { stop(record, onWire, at: index, in: &dissection) }
    if isCut || isBogus { return .nothing }
    // A FIN that is not the first thing its sender says has overtaken data.
    let isRead = memory.streams.concerns(
      note,
      hasData: note.length > 0 || flags.contains(.fin) && sequence != note.sequenceBase &+ 1,
      hasEnd: !flags.isDisjoint(with: [.fin, .rst]))
    // What the receiver throws away is not part of the stream. RFC 1122 section 3.2.1.2: "A host MUST
    // verify the IP header checksum on every received datagram and silently discard every datagram that
    // has a bad checksum."
    let isTaken =
      isRead && note.checksum.status != .bad && note.facts.contains(.hasLength)
      && !dissection.hasBadChecksum
    if isTaken, record.missing == 0, flags.isDisjoint(with: [.syn, .fin, .rst]), note.length > 0,
      memory.streams.isNext(sequence, note.slot, note.stream, fromHigh: note.isFromHigh)
    {
      memory.streams.takeNext(
        note.slot, sequence, record.payload, bytes, fromHigh: note.isFromHigh, at: index,
        in: dissection)
      dissection.resumeStream()
      return payloadType
    }
    if note.length > 0, mayBeCrafted(note), !memory.streams.isReading(note),
      Netlab.claims(bytes, record.payload, missing: Int(record.missing))
    {
      // No part of a stream, and to be shown even when the receiver throws it away: see `Netlab`.
      dissection.stream = memory.streams.context(of: note, self)
      return .craftedSegment
    }
    if isTaken { read(record, note, bytes, at: index, in: &dissection, memory.streams) }
    return payloadType
  }

  /// Whether the header is one of a segment made by hand, outside any connection.
  @inline(__always)
  private func mayBeCrafted(_ note: TCPNote) -> Bool {
    flags.isSuperset(of: [.psh, .ack]) && flags.isDisjoint(with: [.syn, .rst, .urg])
      && options.count == 0 && note.opener == nil && note.facts.contains(.hasLength)
  }

  /// Takes the segment into its stream.
  private func read(
    _ record: LayerRecord, _ note: TCPNote, _ bytes: RawSpan, at index: Int,
    in dissection: inout Dissection, _ streams: TCPStreams
  ) {
    let isReset = flags.contains(.rst)
    let start = record.payload.lowerBound
    let segment = StreamSegment(
      // RFC 9293 section 3.4: SYN takes a number of its own, before the data.
      sequence: flags.contains(.syn) ? sequence &+ 1 : sequence, acknowledgment: acknowledgment,
      flags: flags,
      // RFC 9293 section 3.5.2: data of a reset is text for people, not part of the stream.
      data: isReset ? start..<start : record.payload,
      missing: isReset ? 0 : Int(record.missing), fromHigh: note.isFromHigh,
      first: note.sequenceBase &+ 1,
      sawBeginning: note.opener == (note.isFromHigh ? .high : .low)
        || note.completeness.contains(.synAck),
      sawHandshake: note.completeness.isSuperset(of: [.syn, .synAck]))
    if let known = streams.followed(note) {
      known.stream._withUnsafeGuaranteedRef {
        streams.take(segment, $0, bytes, at: index, in: &dissection)
      }
    } else {
      let stream = streams.begin(note, dissection.endpoints, self, in: &dissection)
      streams.take(segment, stream, bytes, at: index, in: &dissection)
    }
    dissection.resumeStream()
  }

  /// Takes the next message from the stream that the segment belongs to.
  public static func resume(
    _ frame: RawSpan, into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) -> Bool {
    memory._withUnsafeGuaranteedRef {
      unsafeDowncast($0, to: TCPConversations.self).streams.resume(frame, into: &dissection)
    }
  }

  /// Ends every stream that is still open.
  public static func endCapture(
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) -> Bool {
    memory._withUnsafeGuaranteedRef {
      unsafeDowncast($0, to: TCPConversations.self).streams.endCapture(into: &dissection)
    }
  }

  private func stop(
    _ record: LayerRecord, _ onWire: Int, at index: Int, in dissection: inout Dissection
  ) {
    let header = max(statedLength, Self.fixedLength)
    let isCut = record.missing > 0 && onWire >= header
    dissection.stop(
      ParseError(
        isCut ? .cut : .short, at: record.range.upperBound,
        needed: header &- Int(record.headerLength)), at: index)
  }

  /// RFC 9293 section 3.1: the sum over pseudo-header, header and data.
  @inline(__always)
  private func verdict(
    _ bytes: RawSpan, _ record: LayerRecord, _ ends: Endpoints, _ onWire: Int
  ) -> ChecksumVerdict {
    guard record.missing == 0,
      let pseudo = PseudoHeader.sum(
        ends, protocolNumber: Self.ipProtocol, length: onWire)
    else { return ChecksumVerdict(.unverified) }
    var total = pseudo
    total.add(bytes.extracting(record.range))
    // RFC 1624 section 3: a sum of real data is never zero, so its complement is never all ones.
    if checksum == 0xffff, total.folded == 0xffff { return ChecksumVerdict(.bad, expected: 0) }
    return ChecksumVerdict(found: checksum, total: total, pseudoHeader: pseudo)
  }

  /// False for the segments that make up nearly all traffic, found without looking closer.
  @inline(__always)
  private func needsRemarks(_ note: TCPNote) -> Bool {
    let isOrdinary =
      flags.isDisjoint(with: [.syn, .fin, .rst]) && flags.contains(.ack)
      && (urgentPointer == 0 || flags.contains(.urg))
    let isFine =
      note.checksum.status != .bad && note.flags.isEmpty
      && note.facts.isSuperset(of: [.hasLength, .isWhole])
    return offsetIsBogus
      || !(isOrdinary && isFine && (options.count == 0 || options.isPaddedTimestamps))
  }

  private func remark(_ note: TCPNote, at index: Int, in dissection: inout Dissection) {
    if offsetIsBogus {
      dissection.add(TCPFinding.bogusOffset, at: index, found: UInt64(statedLength))
      return
    }
    if !note.facts.contains(.hasLength) { dissection.add(TCPFinding.shortSegment, at: index) }
    if flags.contains(.syn) {
      if flags.contains(.ack) {
        dissection.add(TCPFinding.synAck, at: index, found: UInt64(sourcePort))
        if acknowledgment &- note.acknowledgmentBase > 1, note.facts.contains(.hasLength) {
          dissection.add(TCPFinding.fastOpenAck, at: index)
        } else if note.facts.contains(.ignoresFastOpen) {
          dissection.add(TCPFinding.fastOpenIgnored, at: index)
        }
      } else {
        dissection.add(TCPFinding.syn, at: index, found: UInt64(destinationPort))
      }
    }
    if flags.contains(.fin) { dissection.add(TCPFinding.fin, at: index) }
    if flags.contains(.rst) { dissection.add(TCPFinding.rst, at: index) }
    if !flags.contains(.ack), acknowledgment != 0 {
      dissection.add(TCPFinding.ackWithoutFlag, at: index)
    }
    if !flags.contains(.urg), urgentPointer != 0 {
      dissection.add(TCPFinding.urgentWithoutFlag, at: index)
    }
    if note.checksum.status == .bad {
      dissection.add(
        checksum == 0xffff && note.checksum.expected == 0
          ? TCPFinding.allOnesChecksum : TCPFinding.badChecksum,
        at: index, found: UInt64(checksum), expected: UInt64(note.checksum.expected))
    }
    if octetsPresent == 20 { remarkOptions(note, at: index, in: &dissection) }
    Self.remarkAnalysis(note, at: index, in: &dissection)
  }

  static func remarkAnalysis(_ note: TCPNote, at index: Int, in dissection: inout Dissection) {
    guard !note.flags.isEmpty else { return }
    for (bit, kind) in TCPFinding.analysis.enumerated()
    where note.flags.rawValue >> UInt16(bit) & 1 == 1 {
      dissection.add(kind, at: index, found: UInt64(note.duplicateAckNumber))
    }
    // A fast or spurious retransmission is a retransmission too.
    if !note.flags.isDisjoint(with: [.fastRetransmission, .spuriousRetransmission]) {
      dissection.add(TCPFinding.retransmission, at: index)
    }
  }

  private func remarkOptions(_ note: TCPNote, at index: Int, in dissection: inout Dissection) {
    let isSyn = flags.contains(.syn)
    var hasSegmentSize = false
    var noOperations = 0
    var hasEnded = false
    var walk = TCPOptionWalk(options)
    while let option = walk.next() {
      if hasEnded, option.kind != TCPOption.Kind.end {
        // RFC 9293 section 3.2: what follows the end of the list "must be all zero".
        dissection.add(TCPFinding.octetsAfterEnd, at: index)
        return
      }
      // Where the capture ends in the middle of an option, its length is not to blame.
      if option.trouble != .none, !note.facts.contains(.isWhole), note.facts.contains(.hasLength) {
        return
      }
      if option.trouble != .none || !option.isReadable {
        dissection.add(
          TCPFinding.optionLength, at: index, found: UInt64(option.octet(1)),
          expected: UInt64(option.kind))
        if option.trouble != .none { return }
      }
      if option.kind == TCPOption.Kind.noOperation {
        // Counted within one word of the header, as routers blank whole words.
        noOperations = noOperations == 0 || option.offset % 4 != 0 ? noOperations + 1 : 0
      }
      if noOperations == 4, option.kind == TCPOption.Kind.noOperation {
        dissection.add(TCPFinding.fourNoOperations, at: index)
      }
      switch option.kind {
      case TCPOption.Kind.end: hasEnded = true
      case TCPOption.Kind.maximumSegmentSize:
        hasSegmentSize = true
        // RFC 9293 section 3.2: "MUST only be sent in the initial connection request".
        if !isSyn { dissection.add(TCPFinding.strangeSegmentSize, at: index) }
      case TCPOption.Kind.windowScale where option.isReadable && option.octet(2) > 14:
        dissection.add(TCPFinding.scaleTooLarge, at: index)
      case TCPOption.Kind.sack:
        if (option.length - 2) % 8 != 0 { dissection.add(TCPFinding.brokenBlock, at: index) }
        if isDuplicateSack(option, note) { dissection.add(TCPFinding.duplicateSack, at: index) }
      default: break
      }
      if option.isReadable, let cookie = option.cookie, !cookie.isEmpty, isSyn,
        !flags.contains(.ack)
      {
        dissection.add(TCPFinding.fastOpenSyn, at: index)
      }
    }
    if isSyn, !hasSegmentSize, options.count > 0 {
      dissection.add(TCPFinding.noSegmentSize, at: index)
    }
  }

  /// RFC 2883 section 4: the first block reports octets received twice when it lies below the
  /// acknowledgment or inside the second block.
  func isDuplicateSack(_ option: TCPOption, _ note: TCPNote) -> Bool {
    guard option.blockCount > 0 else { return false }
    let end = option.long(6)
    if end.isAtMost(acknowledgment) { return true }
    return option.blockCount > 1 && option.long(10).isBefore(end)
      && option.long(14).isAtLeast(end)
  }
}

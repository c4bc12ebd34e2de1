import PacketCore

extension TCPConnection.State {
  /// Takes the connection's next segment: recognises a new connection between the same ends, learns
  /// the numbers to count from, judges the segment, and learns what its options say.
  ///
  /// - Parameters:
  ///   - options: Nil where they could not be read, or are none but timestamps.
  ///   - isBogus: The header contradicts itself: nothing is learned from it but numbers.
  ///   - isNew: This is the connection's first segment.
  ///   - isAnalysing: Whether the segment is judged.
  ///   - own: The direction of the segment's sender.
  ///   - peer: The other direction.
  ///   - streams: Counts the connections, for one that begins here.
  @inline(__always)  // Most of it falls away for plain segments.
  mutating func take(
    _ segment: TCPSegment, options: HeaderOptions?, isBogus: Bool, isNew: Bool, isAnalysing: Bool,
    own: inout TCPDirection, peer: inout TCPDirection, _ waiting: inout TCPUnacknowledged,
    _ streams: inout UInt32,
    _ note: inout TCPNote
  ) {
    let isFirst = segment.flags.contains(.syn)
    if isFirst { greet(segment, &own, &peer, &waiting, &streams, &note) }
    note.stream = stream
    note.completeness = completeness
    note.sinceFirst = segment.time &- firstTime
    note.sincePrevious = segment.time &- previousTime
    previousTime = segment.time
    own.sackedOctets = 0

    if note.facts.contains(.hasLength) {
      learnBases(segment, &own, &peer)
      if isAnalysing {
        TCPAnalysis.judge(
          segment, own: &own, peer: &peer, initialRoundTrip: initialRoundTrip, waiting: &waiting,
          note: &note)
      }
    }
    note.sequenceBase = own.base
    note.acknowledgmentBase = peer.base
    note.windowScale = own.scale
    if isFirst, bits.contains(.fastOpened) { note.facts.insert(.ignoresFastOpen) }
    if !isFirst, bits.contains(.countedECN) || bits.isSuperset(of: [.offeredECN, .acceptedECN]) {
      note.facts.insert(.countsECN)
    }
    guard !isBogus else { return }

    witness(segment, isNew: isNew)
    if isFirst {
      own.bits.insert(.awaitsFirstAck)
      if !segment.flags.contains(.ack) { synTime = segment.time }
    } else if segment.flags.contains(.ack) {
      if initialRoundTrip == 0, synTime != TCPTime.never {
        initialRoundTrip = segment.time &- synTime
      }
      own.bits.remove(.awaitsFirstAck)
    }
    note.initialRoundTrip = initialRoundTrip
    guard let options else { return }
    learnOptions(options, segment, &own)
    if isFirst { agreeOnScale(segment, &own, &peer) }
  }

  /// A SYN. Another number than before begins a new connection between the same ends; the same one
  /// again is a retransmission, and repairs what a reset may have broken.
  private mutating func greet(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ peer: inout TCPDirection,
    _ waiting: inout TCPUnacknowledged, _ streams: inout UInt32, _ note: inout TCPNote
  ) {
    let known = own.bits.contains(.hasBase)
    if segment.flags.contains(.ack) {
      if known, segment.sequence != own.base {
        own.base = segment.sequence
        waiting.measure(&own)
        note.flags.insert(.reusedPorts)
      }
      let marks = segment.flags.intersection([.ae, .cwr, .ece])
      bits.remove(.acceptedECN)
      // draft-ietf-tcpm-accurate-ecn section 3.1.1: what the other end read in the SYN comes back.
      if marks.contains(.cwr) && !marks.contains(.ae)
        || marks.contains(.ae) && !marks.contains(.ece)
      {
        bits.insert(.acceptedECN)
      }
      return
    }
    if known, segment.sequence != own.base {
      waiting.forget(&own)
      waiting.forget(&peer)
      own = TCPDirection()
      peer = TCPDirection()
      self = Self(stream: streams, at: segment.time)
      streams &+= 1
      completeness = .syn
      note.flags.insert(.reusedPorts)
    } else if known {
      own.next = own.highestAckable
    }
    bits.remove(.offeredECN)
    if segment.flags.isSuperset(of: [.ae, .cwr, .ece]) { bits.insert(.offeredECN) }
  }

  /// The numbers that relative ones count from: those of the SYNs, or such that the first octet
  /// seen is number 1.
  @inline(__always)
  private mutating func learnBases(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ peer: inout TCPDirection
  ) {
    if !own.bits.contains(.hasBase) {
      own.base = segment.flags.contains(.syn) ? segment.sequence : segment.sequence &- 1
      own.bits.insert(.hasBase)
    }
    if !peer.bits.contains(.hasBase), segment.flags.contains(.ack) {
      peer.base = segment.acknowledgment &- 1
      peer.bits.insert(.hasBase)
    }
    if own.bits.contains(.hasBase), peer.bits.contains(.hasBase) { bits.insert(.hasBases) }
  }

  /// What of a connection's life the segment shows.
  @inline(__always)
  private mutating func witness(_ segment: TCPSegment, isNew: Bool) {
    let flags = segment.flags
    if isNew {
      // Only a SYN opens a connection; one that carries data is TCP Fast Open (RFC 7413).
      if flags.contains(.syn), !flags.contains(.ack) {
        completeness.insert(.syn)
        if segment.length > 0 { completeness.insert(.data) }
      }
      return
    }
    if flags.contains(.ack) {
      if flags.contains(.syn) {
        completeness.insert(.synAck)
      } else {
        completeness.insert(segment.length > 0 ? .data : .ack)
      }
      if flags.contains(.fin) { completeness.insert(.fin) }
    }
    if flags.contains(.rst) { completeness.insert(.rst) }
  }

  /// The options that change how later segments are read.
  private mutating func learnOptions(
    _ options: HeaderOptions, _ segment: TCPSegment, _ own: inout TCPDirection
  ) {
    var walk = TCPOptionWalk(options)
    while let option = walk.next() {
      guard option.isReadable else { continue }
      switch option.kind {
      case TCPOption.Kind.windowScale: own.scale = Int8(option.shift)
      case TCPOption.Kind.sack:
        // Three blocks fit beside the timestamps (RFC 2018 section 3); a fourth is not counted.
        own.sackedOctets = 0
        for block in 0..<min(option.blockCount, 3) {
          own.sackedOctets &+= option.long(6 + 8 * block) &- option.long(2 + 8 * block)
        }
      case TCPOption.Kind.fastOpen, TCPOption.Kind.experiment1, TCPOption.Kind.experiment2:
        if option.congestionCounters != nil { bits.insert(.countedECN) }
        if let cookie = option.cookie, !cookie.isEmpty, segment.length > 0,
          segment.flags.contains(.syn), !segment.flags.contains(.ack)
        {
          bits.insert(.fastOpened)
        }
      case TCPOption.Kind.accurateECN0, TCPOption.Kind.accurateECN1: bits.insert(.countedECN)
      default: break
      }
    }
  }

  /// RFC 7323 section 2.2: "both sides must send Window Scale options in their <SYN> segments to
  /// enable window scaling in either direction".
  private func agreeOnScale(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ peer: inout TCPDirection
  ) {
    if own.scale == TCPWindowScale.unknown {
      own.scale = TCPWindowScale.unused
      peer.scale = TCPWindowScale.unused
    } else if segment.flags.contains(.ack), peer.scale == TCPWindowScale.unused {
      own.scale = TCPWindowScale.unused
    }
  }
}

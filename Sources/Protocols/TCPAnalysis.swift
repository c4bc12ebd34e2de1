import PacketCore

/// One segment as the analysis sees it.
struct TCPSegment {
  var sequence: UInt32
  var acknowledgment: UInt32
  /// Octets of data on the wire.
  var length: UInt32
  var flags: TCPFlags
  /// As in the header, not scaled.
  var window: UInt32
  var frame: UInt32
  /// Nanoseconds since the capture's first frame.
  var time: Int64

  @inline(__always) var hasSynOrFin: Bool { !flags.isDisjoint(with: [.syn, .fin]) }
  @inline(__always) var hasSynFinOrRst: Bool { !flags.isDisjoint(with: [.syn, .fin, .rst]) }
  /// Sequence numbers that SYN and FIN take. RFC 9293 section 3.4; both at once count as one, as
  /// they do in Wireshark.
  @inline(__always) var phantom: UInt32 { hasSynOrFin ? 1 : 0 }
}

/// Judges a segment by what both directions of its connection said before, in Wireshark's terms:
/// "TCP Analysis" in chapter 7 of its User's Guide.
///
/// `own` is the direction of the segment's sender, `peer` the other. The steps run in the order in
/// which they stand here; each reads what earlier segments left, and `remember` writes it anew.
enum TCPAnalysis {
  static func judge(
    _ segment: TCPSegment, own: inout TCPDirection, peer: inout TCPDirection,
    initialRoundTrip: Int64, waiting: inout TCPUnacknowledged, note: inout TCPNote
  ) {
    if _fastPath(isQuiet(segment, own, peer, waiting)) {
      return pass(segment, own: &own, peer: &peer, waiting: &waiting, note: &note)
    }
    judgeStepByStep(
      segment, own: &own, peer: &peer, initialRoundTrip: initialRoundTrip, waiting: &waiting,
      note: &note)
  }

  /// Whether a segment is one of the bulk of which nothing is to be said: the next data, or an
  /// acknowledgment of something new, between two ends with open windows. Each line answers one of the
  /// questions of the steps with no.
  @inline(__always)
  private static func isQuiet(
    _ segment: TCPSegment, _ own: TCPDirection, _ peer: TCPDirection,
    _ waiting: borrowing TCPUnacknowledged
  ) -> Bool {
    guard
      !segment.hasSynFinOrRst && segment.flags.contains(.ack) && own.next != 0
        && segment.sequence == own.next && segment.window != 0 && peer.window != 0
        && (peer.highestAckable == 0 || !segment.acknowledgment.isAfter(peer.highestAckable))
    else { return false }
    guard segment.length > 0 else { return segment.acknowledgment != own.lastAcknowledgment }
    let end = segment.sequence &+ segment.length
    return !fillsWindow(end, of: peer) && end.isAfter(own.next)
      && (peer.lastAcknowledgment == 0 || !end.isAtMost(peer.lastAcknowledgment))
      && own.unacknowledged.count < TCPUnacknowledged.perDirection && !waiting.isFull
  }

  /// What the steps come to for such a segment.
  @inline(__always)
  private static func pass(
    _ segment: TCPSegment, own: inout TCPDirection, peer: inout TCPDirection,
    waiting: inout TCPUnacknowledged, note: inout TCPNote
  ) {
    peer.bits.insert(.flightIsKnown)
    if segment.acknowledgment != own.lastAcknowledgment {
      own.lastAckFrame = segment.frame
      own.duplicateAcks = 0
    }
    let next = segment.sequence &+ segment.length
    if segment.length > 0 {
      waiting.append(
        segment.sequence, next: next, frame: segment.frame, time: segment.time, to: &own)
      own.next = next
      own.nextFrame = segment.frame
      own.nextTime = segment.time
    }
    if own.highestAckable == 0 || segment.sequence == own.highestAckable {
      own.highestAckable = next
    }
    own.window = segment.window
    own.lastAcknowledgment = segment.acknowledgment
    own.lastTime = segment.time
    own.bits.remove([.lastWasKeepAlive, .lastWasProbe])
    takeAcknowledgment(segment, &peer, &waiting, &note)
    if segment.length > 0 { countInFlight(segment, &own, peer, &note) }
  }

  /// Any segment.
  @inline(never)
  static func judgeStepByStep(
    _ segment: TCPSegment, own: inout TCPDirection, peer: inout TCPDirection,
    initialRoundTrip: Int64, waiting: inout TCPUnacknowledged, note: inout TCPNote
  ) {
    if segment.flags.contains(.ack) { peer.bits.insert(.flightIsKnown) }
    note.flags.formUnion(windowAndRepetition(segment, &own, peer, &note))
    if segment.acknowledgment != own.lastAcknowledgment {
      own.lastAckFrame = segment.frame
      own.duplicateAcks = 0
    }
    acknowledgesUnseen(segment, &peer, &note)
    if segment.length > 0 || segment.hasSynOrFin {
      repair(segment, own, peer, initialRoundTrip, waiting, &note)
    }
    remember(segment, &own, note.flags, &waiting)
    takeAcknowledgment(segment, &peer, &waiting, &note)
    if segment.length > 0 { countInFlight(segment, &own, peer, &note) }
    if !note.flags.isEmpty { note.facts.insert(.isAnalysed) }
  }

  /// Segments of the other direction that wait no more.
  @inline(__always)
  private static func takeAcknowledgment(
    _ segment: TCPSegment, _ peer: inout TCPDirection, _ waiting: inout TCPUnacknowledged,
    _ note: inout TCPNote
  ) {
    guard peer.unacknowledged.count > 0,
      let acked = waiting.acknowledge(segment.acknowledgment, in: &peer)
    else { return }
    note.facts.insert(.isAnalysed)
    note.ackedFrame = acked.frame
    note.ackRoundTrip = segment.time &- acked.time
  }

  /// Whether data up to `end` is all that the window of `peer` has room for.
  @inline(__always)
  private static func fillsWindow(_ end: UInt32, of peer: TCPDirection) -> Bool {
    guard peer.scale != TCPWindowScale.unknown else { return false }
    // The window of a SYN is never scaled; RFC 7323 section 2.2.
    let isScaled = peer.scale > 0 && !peer.bits.contains(.awaitsFirstAck)
    let window = isScaled ? peer.window &<< UInt32(peer.scale) : peer.window
    return end == peer.lastAcknowledgment &+ window
  }

  /// What the window says, and whether the segment repeats its predecessor.
  @inline(__always)
  private static func windowAndRepetition(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ peer: TCPDirection, _ note: inout TCPNote
  ) -> TCPAnalysisFlags {
    let isNext = segment.sequence == own.next
    // One octet into a closed window asks whether it has opened. RFC 9293 section 3.8.6.1.
    if segment.length == 1, isNext, peer.window == 0 { return .zeroWindowProbe }

    var flags: TCPAnalysisFlags = []
    let isPlain = !segment.hasSynFinOrRst
    if segment.window == 0, isPlain { flags.insert(.zeroWindow) }
    if own.next != 0, segment.sequence.isAfter(own.next), !segment.flags.contains(.rst) {
      flags.insert(.lostSegment)
      own.bits.remove(.flightIsKnown)
    }
    guard isPlain else { return flags }

    // RFC 1122 section 4.2.3.6: a keep-alive repeats the number before the next one, with one
    // octet of garbage or none.
    if segment.length <= 1, segment.sequence == own.next &- 1 { flags.insert(.keepAlive) }

    if segment.length > 0 {
      if fillsWindow(segment.sequence &+ segment.length, of: peer) { flags.insert(.windowFull) }
      return flags
    }
    guard isNext, segment.acknowledgment == own.lastAcknowledgment else { return flags }

    guard segment.window == own.window else {
      if segment.window != 0 { flags.insert(.windowUpdate) }
      return flags
    }
    if segment.window == 0 {
      if peer.bits.contains(.lastWasProbe) { flags.insert(.zeroWindowProbeAck) }
    } else if peer.bits.contains(.lastWasKeepAlive) {
      flags.insert(.keepAliveAck)
    } else {
      own.duplicateAcks = own.duplicateAcks == -1 ? 1 : own.duplicateAcks &+ 1
      flags.insert(.duplicateAck)
      note.duplicateAckNumber = UInt32(bitPattern: own.duplicateAcks)
      note.duplicateAckFrame = own.lastAckFrame
    }
    return flags
  }

  /// An acknowledgment of octets that the capture does not hold; said once for each hole.
  @inline(__always)
  private static func acknowledgesUnseen(
    _ segment: TCPSegment, _ peer: inout TCPDirection, _ note: inout TCPNote
  ) {
    guard peer.highestAckable != 0, segment.flags.contains(.ack),
      segment.acknowledgment.isAfter(peer.highestAckable)
    else { return }
    note.facts.insert(.isAnalysed)
    if peer.highestAckable.isBefore(peer.next) {
      peer.highestAckable = peer.next
      note.flags.insert(.ackLostSegment)
    } else {
      if peer.duplicateAcks == 0 { note.flags.insert(.ackLostSegment) }
      peer.duplicateAcks = -1
    }
  }

  /// Data or a SYN or FIN that does not advance: sent again, or overtaken on its way.
  @inline(__always)
  private static func repair(
    _ segment: TCPSegment, _ own: TCPDirection, _ peer: TCPDirection, _ initialRoundTrip: Int64,
    _ waiting: borrowing TCPUnacknowledged, _ note: inout TCPNote
  ) {
    if note.flags.contains(.keepAlive) { return }
    let end = segment.sequence &+ segment.length
    // All of it was acknowledged already.
    if segment.length > 0, peer.lastAcknowledgment != 0, end.isAtMost(peer.lastAcknowledgment) {
      note.flags.insert(.spuriousRetransmission)
      return
    }
    guard own.next != 0, segment.sequence.isBefore(own.next) else { return }
    // What follows a zero window probe repeats the probe's octet, and is new all the same.
    if segment.length > 1, own.next &- 1 == segment.sequence { return }

    // Wrapping, so that a clock set back makes them long and not short.
    let sinceAck = UInt64(bitPattern: segment.time &- peer.lastTime)
    // Unsigned: an acknowledgment of what the capture missed counts as enough of them.
    if UInt32(bitPattern: peer.duplicateAcks) >= 2, peer.lastAcknowledgment == segment.sequence,
      sinceAck < 20_000_000
    {
      note.flags.insert(.fastRetransmission)
      return
    }
    let sinceNext = UInt64(bitPattern: segment.time &- own.nextTime)
    let patience = initialRoundTrip == 0 ? 3_000_000 : UInt64(bitPattern: initialRoundTrip)
    if sinceNext < patience, own.next != end &+ segment.phantom {
      note.flags.insert(.outOfOrder)
      return
    }
    note.flags.insert(.retransmission)
    // Likely the lost one: what has waited longest.
    if let lost = waiting.oldest(in: own) {
      note.retransmittedFrame = lost.frame
      note.retransmissionTimeout = segment.time &- lost.time
    } else {
      note.retransmittedFrame = own.nextFrame
      note.retransmissionTimeout = segment.time &- own.nextTime
    }
  }

  /// Leaves behind what the next segments are judged by.
  @inline(__always)
  private static func remember(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ flags: TCPAnalysisFlags,
    _ waiting: inout TCPUnacknowledged
  ) {
    var next = segment.sequence &+ segment.length
    if segment.length > 0 || segment.hasSynOrFin,
      own.unacknowledged.count < TCPUnacknowledged.perDirection, !waiting.isFull
    {
      next &+= segment.phantom
      waiting.append(
        segment.sequence, next: next, frame: segment.frame, time: segment.time, to: &own)
    }
    // A probe does not advance: its octet will be sent again.
    let isProbe = flags.contains(.zeroWindowProbe)
    if !isProbe {
      if own.next == 0 || next.isAfter(own.next) {
        own.next = next
        own.nextFrame = segment.frame
        own.nextTime = segment.time
      }
      if own.highestAckable == 0 || segment.sequence == own.highestAckable {
        own.highestAckable = own.next
      }
    }
    own.window = segment.window
    own.lastAcknowledgment = segment.acknowledgment
    own.lastTime = segment.time
    own.bits.remove([.lastWasKeepAlive, .lastWasProbe])
    if isProbe { own.bits.insert(.lastWasProbe) }
    if flags.contains(.keepAlive) { own.bits.insert(.lastWasKeepAlive) }
  }

  /// Octets sent and not acknowledged, this segment included, and those since the last PSH.
  @inline(__always)
  private static func countInFlight(
    _ segment: TCPSegment, _ own: inout TCPDirection, _ peer: TCPDirection, _ note: inout TCPNote
  ) {
    guard own.unacknowledged.count > 0, own.bits.contains(.flightIsKnown) else { return }
    note.facts.insert(.isAnalysed)
    let inFlight =
      own.unacknowledged.highest &- own.unacknowledged.lowest &- peer.sackedOctets
    if inFlight > 0, inFlight < 2_000_000_000 {
      note.bytesInFlight = inFlight &- segment.phantom
    }
    own.pushBytesSent =
      own.bits.contains(.pushed) ? segment.length : own.pushBytesSent &+ segment.length
    if segment.flags.contains(.psh) {
      own.bits.insert(.pushed)
    } else {
      own.bits.remove(.pushed)
    }
    note.pushBytesSent = own.pushBytesSent
  }
}

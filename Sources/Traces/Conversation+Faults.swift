import PacketCore
import Protocols

/// Each fault as it is seen from half-way between the ends: the last segments of an utterance,
/// from number `first` on, and all that follows from what happens to them.
extension Conversation {
  /// Marks a frame as part of the fault.
  private mutating func markFaulty(_ index: Int) { frames[index].isFaulty = true }

  /// What is said where lines of text flow, and what more where a protocol reads them.
  private func reading(
    _ findings: ExpectedFindings, _ more: ExpectedFindings
  ) -> ExpectedFindings {
    options.content == .raw ? findings : findings.union(more)
  }

  private mutating func answer(
    _ delivery: Delivery, upTo piece: Int, sack: [(left: UInt32, right: UInt32)] = [],
    findings: ExpectedFindings = []
  ) {
    acknowledge(
      fromClient: !delivery.fromClient, upTo: delivery.sequence(piece), sack: sack,
      findings: findings)
    if !findings.isEmpty { markFaulty(frames.count - 1) }
    pause()
  }

  /// A segment does not arrive and is sent again after the timeout. Where segments are single
  /// octets, the middle one of three: the last one's repetition would be a keep-alive.
  mutating func lose(
    _ delivery: Delivery, from first: Int, damage: PlannedFrame.Damage
  ) {
    let isMiddle = delivery.count - first == 3
    let lost = isMiddle ? first + 1 : first
    if isMiddle { sendPiece(delivery, first) }
    let index = sendPiece(delivery, lost)
    frames[index].damage = damage
    switch damage {
    case .none: break
    case .tcpChecksum: frames[index].findings.insert(.badChecksum)
    case .ipChecksum: frames[index].findings.insert(.badIPChecksum)
    }
    if damage != .none { markFaulty(index) }
    if isMiddle {
      sendPiece(delivery, first + 2)
      wait(half)
      answer(delivery, upTo: lost)
      answer(delivery, upTo: lost, sack: [delivery.block(first + 2)], findings: .duplicateAck)
    }
    wait(retransmissionTimeout())
    markFaulty(sendPiece(delivery, lost, findings: .retransmission))
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(half)
  }

  /// The first segment is sent again with another last octet, before anything was acknowledged.
  mutating func overlap(_ delivery: Delivery, from first: Int) {
    for piece in first..<delivery.count { sendPiece(delivery, piece) }
    wait(retransmissionTimeout())
    let index = sendPiece(
      delivery, first, findings: reading([.retransmission], .streamConflict))
    var octets = Array(frames[index].octets)
    octets[octets.count - 1] ^= UInt8(1 + numbers.below(7))
    frames[index].octets = octets[...]
    markFaulty(index)
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(half)
  }

  /// RFC 5681 section 3.2: three duplicate acknowledgments stand for a loss.
  mutating func loseAmongOthers(_ delivery: Delivery, from first: Int) {
    for piece in first..<first + 5 { sendPiece(delivery, piece) }
    wait(half)
    answer(delivery, upTo: first + 1)
    for piece in first + 2..<first + 5 {
      let block = (delivery.sequence(first + 2), delivery.sequence(piece + 1))
      answer(delivery, upTo: first + 1, sack: [block], findings: .duplicateAck)
    }
    wait(half)
    markFaulty(
      sendPiece(delivery, first + 1, findings: [.fastRetransmission, .retransmission]))
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(half)
  }

  /// The acknowledgment passes the capture but never arrives; the receiver reports what came
  /// twice. RFC 2883.
  mutating func repeatNeedlessly(_ delivery: Delivery, from first: Int) {
    sendPiece(delivery, first)
    sendPiece(delivery, first + 1)
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(retransmissionTimeout())
    markFaulty(
      sendPiece(delivery, first, findings: [.spuriousRetransmission, .retransmission]))
    wait(half)
    answer(
      delivery, upTo: delivery.count, sack: [delivery.block(first)],
      findings: [.duplicateAck, .duplicateSack])
    wait(half)
  }

  /// The second of three segments comes last.
  mutating func swap(_ delivery: Delivery, from first: Int) {
    sendPiece(delivery, first)
    markFaulty(sendPiece(delivery, first + 2, findings: .lostSegment))
    markFaulty(sendPiece(delivery, first + 1, findings: .outOfOrder))
    wait(half)
    answer(delivery, upTo: first + 1)
    answer(
      delivery, upTo: first + 1, sack: [delivery.block(first + 2)], findings: .duplicateAck)
    answer(delivery, upTo: delivery.count)
    wait(half)
  }

  /// The second of three segments is not in the capture.
  mutating func miss(_ delivery: Delivery, from first: Int) {
    sendPiece(delivery, first)
    frames[sendPiece(delivery, first + 1)].isCaptured = false
    markFaulty(sendPiece(delivery, first + 2, findings: .lostSegment))
    wait(half)
    answer(delivery, upTo: first + 1)
    answer(
      delivery, upTo: delivery.count, findings: reading([.ackLostSegment], .streamGap))
    wait(half)
  }

  /// The last segment stands in the capture twice; of single octets (see `lose`) its
  /// acknowledgment does.
  mutating func double(_ delivery: Delivery, _ piece: Int) {
    sendPiece(delivery, piece)
    let isOctet = delivery.range(piece).count == 1
    if !isOctet { copyLast(findings: .retransmission) }
    wait(half)
    answer(delivery, upTo: delivery.count)
    if isOctet { copyLast(findings: .duplicateAck) }
    wait(half)
  }

  /// The last frame once more, octet for octet.
  private mutating func copyLast(findings: ExpectedFindings) {
    guard var copy = frames.last else { return }
    copy.time = now
    copy.findings = findings
    copy.isFaulty = true
    frames.append(copy)
    pause()
  }

  /// The receiver takes the first of two segments and has no room for the second.
  mutating func closeWindow(_ delivery: Delivery, from first: Int) {
    let receiver = !delivery.fromClient
    sendPiece(delivery, first)
    wait(half)
    setWindow(0, ofClient: receiver)
    answer(delivery, upTo: first + 1, findings: .zeroWindow)
    wait(retransmissionTimeout())
    let start = delivery.range(first + 1).lowerBound
    let probe = send(
      fromClient: delivery.fromClient, .ack, sequence: delivery.sequence(first + 1),
      octets: delivery.octets[start..<start + 1], piece: first + 1, findings: .zeroWindowProbe)
    markFaulty(probe)
    wait(half)
    answer(delivery, upTo: first + 1, findings: [.zeroWindow, .zeroWindowProbeAck])
    wait(Int64(numbers.pick(20_000_000...150_000_000)))
    setWindow(ConversationEnd.openWindow, ofClient: receiver)
    answer(delivery, upTo: first + 1, findings: .windowUpdate)
    wait(half)
    sendPiece(delivery, first + 1)
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(half)
  }

  /// The receiver has room for half of the utterance only, and the sender uses all of it.
  mutating func fillWindow(
    _ octets: [UInt8], fromClient: Bool, base: UInt32, _ size: Int
  ) -> Delivery {
    let unit = 1 << Int(ConversationEnd.scale)
    // A flight at most, in units of the scaled window.
    let room = max(unit, min(octets.count / 2, Self.flight * size) / unit * unit)
    let before = octets.count - room
    let cuts =
      Array(stride(from: 0, to: before, by: size))
      + Array(stride(from: before, to: octets.count, by: size)) + [octets.count]
    let delivery = Delivery(octets, fromClient: fromClient, base: base, cuts: cuts)
    let first = (before + size - 1) / size
    transfer(delivery, 0..<first - 1, mayRide: false)
    sendPiece(delivery, first - 1)
    wait(half)
    setWindow(UInt16(room / unit), ofClient: !fromClient)
    answer(delivery, upTo: first)
    wait(half)
    for piece in first..<delivery.count {
      let isLast = piece == delivery.count - 1
      let index = sendPiece(delivery, piece, findings: isLast ? .windowFull : [])
      if isLast { markFaulty(index) }
    }
    wait(half)
    setWindow(ConversationEnd.openWindow, ofClient: !fromClient)
    answer(delivery, upTo: delivery.count)
    wait(half)
    return delivery
  }

  private mutating func setWindow(_ window: UInt16, ofClient: Bool) {
    if ofClient { client.window = window } else { server.window = window }
  }

  /// Fifteen seconds of silence, then the number before the next one, with the octet that has it
  /// or without.
  mutating func keepAlive(_ delivery: Delivery, _ piece: Int) {
    sendPiece(delivery, piece)
    wait(half)
    answer(delivery, upTo: delivery.count)
    wait(15_000_000_000)
    let end = delivery.octets.count
    let isEmpty = numbers.chance(50)
    let probe = send(
      fromClient: delivery.fromClient, .ack, sequence: delivery.sequence(delivery.count) &- 1,
      octets: isEmpty ? [] : delivery.octets[end - 1..<end], piece: isEmpty ? -1 : piece,
      findings: .keepAlive)
    markFaulty(probe)
    wait(half)
    answer(delivery, upTo: delivery.count, findings: .keepAliveAck)
    wait(half)
  }
}

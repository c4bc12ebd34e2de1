import Capture
import PacketCore
import Protocols

/// What goes back, and what is said about it.
extension ReceiverMachine {
  /// The segment arrived; so many parts are here now.
  mutating func acknowledge(_ segment: CheckedSegment, _ message: CraftedMessage, held: Int) {
    answer(
      .ack, segment, message, part: message.part, parts: held, sequence: segment.sequence,
      acknowledgment: segment.end)
  }

  /// The segment of a message that is not whole arrived. To a sender that goes back N, the last one
  /// in order is acknowledged, and with it all before it.
  ///
  /// - Returns: False when there is none to acknowledge.
  @discardableResult
  mutating func acknowledgeHeld(
    _ segment: CheckedSegment, _ message: CraftedMessage, _ assembly: ReceiverAssembly
  ) -> Bool {
    guard assembly.wantsOrder else {
      acknowledge(segment, message, held: assembly.held)
      return true
    }
    guard let last = assembly.inOrder else { return false }
    answer(
      .ack, segment, message, part: last.part, parts: assembly.held,
      sequence: last.sequence, acknowledgment: last.end)
    return true
  }

  /// The segment will never be taken.
  mutating func refuse(
    _ segment: CheckedSegment, _ message: CraftedMessage?, _ reason: CraftedReason
  ) {
    answer(
      .refused, segment, message, part: message?.part ?? 0, parts: message?.parts ?? 0,
      sequence: segment.sequence, acknowledgment: segment.end, reason: reason)
    report(.refused(reason), segment, message, answer: .refused)
  }

  /// The segment is damaged: asks for it again, unless too many were asked for lately.
  ///
  /// - Returns: Whether it is asked for.
  mutating func askAgain(
    _ segment: CheckedSegment, _ reason: CraftedReason, _ now: MonotonicTime
  ) -> Bool {
    // Two receivers with different keys must not answer each other's answers for ever, once a
    // stranger has brought them together. REFUSED shows by its FIN. And as in RFC 9293 section
    // 3.10.7, nothing answers a reset.
    guard !segment.flags.contains(.fin), !segment.flags.contains(.rst), !isEcho(segment) else {
      return false
    }
    let source = segment.ends.source
    var rate = resendRates[source] ?? ReceiverRate()
    guard rate.take(perSecond: settings.resendsPerSource, at: now) else { return false }
    resendRates[source] = rate
    guard resendRate.take(perSecond: settings.resendsOverall, at: now) else { return false }
    answer(
      .resend, segment, nil, part: 0, parts: 0, sequence: segment.sequence,
      acknowledgment: segment.sequence, reason: reason)
    return true
  }

  private mutating func answer(
    _ kind: CraftedMessage.Kind, _ segment: CheckedSegment, _ message: CraftedMessage?, part: Int,
    parts: Int, sequence: UInt32, acknowledgment: UInt32, reason: CraftedReason? = nil
  ) {
    let content = CraftedMessage(
      kind, id: message?.id ?? .none, sender: settings.name, part: part, parts: parts,
      initialSequence: message?.initialSequence ?? 0, sequence: sequence, reason: reason)
    let plain = content.json
    var flow = flows[segment.ends] ?? newFlow(segment)
    let own = flow.next
    flow.next = own &+ UInt32(truncatingIfNeeded: ReceiverAnswer.tokenLength(plain.count))
    flow.resend = kind == .resend ? own : nil
    if kind != .resend { flow.echoes = 0 }
    flows[segment.ends] = flow
    actions.append(
      .answer(
        ReceiverAnswer(
          ends: segment.ends.reversed, sequence: own, acknowledgment: acknowledgment,
          message: content,
          plain: plain)))
  }

  /// Answers begin behind what the sender acknowledges, so that no analysis says of its tries that
  /// they acknowledge what was never sent. Nobody has to guess these numbers: the tokens are signed.
  private func newFlow(_ segment: CheckedSegment) -> Flow {
    Flow(next: segment.acknowledgment &+ 1)
  }

  /// Segments in a row that may look like echoes before they are taken for some.
  private static let mostEchoes = 8

  /// Whether a segment that cannot be read is likely a RESEND for one of ours: time and again it
  /// acknowledges what a RESEND would, the beginning of our last one. Tries of a message do so too
  /// at times, but not with new sequence numbers for long.
  private mutating func isEcho(_ segment: CheckedSegment) -> Bool {
    guard var flow = flows[segment.ends] else { return false }
    let isLikely = flow.resend == segment.acknowledgment && flow.damagedCount == 1
    flow.echoes = isLikely ? min(flow.echoes + 1, Self.mostEchoes) : 0
    flows[segment.ends] = flow
    return flow.echoes == Self.mostEchoes
  }

  /// A damaged try is known by its sequence number.
  ///
  /// - Returns: Tries of that segment so far.
  mutating func countDamaged(_ segment: CheckedSegment) -> Int {
    var flow = flows[segment.ends] ?? newFlow(segment)
    if flow.damaged != segment.sequence || flow.damagedCount == 0 {
      flow.damaged = segment.sequence
      flow.damagedCount = 0
    }
    flow.damagedCount += 1
    flows[segment.ends] = flow
    return flow.damagedCount
  }

  /// Tries of a segment that arrived whole.
  func tries(_ segment: CheckedSegment) -> Int {
    guard let flow = flows[segment.ends], flow.damaged == segment.sequence else { return 1 }
    return flow.damagedCount + 1
  }

  mutating func report(
    _ outcome: ReceiverRow.Outcome, _ segment: CheckedSegment, _ message: CraftedMessage? = nil,
    tries: Int? = nil, answer: CraftedMessage.Kind? = nil
  ) {
    var message = message
    message?.text = ""
    actions.append(
      .report(
        ReceiverRow(
          outcome: outcome, ends: segment.ends, sequence: segment.sequence,
          length: segment.payload.count, message: message, tries: tries ?? self.tries(segment),
          answer: answer)))
  }
}

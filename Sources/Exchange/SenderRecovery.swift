import Capture
import Protocols

/// What answers and the lack of them do to the parts: the rules in which stop-and-wait, go-back-N
/// and selective repeat differ.
extension SenderMachine {
  // MARK: Answers

  mutating func take(
    _ answer: SenderAnswer, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    // The token says which segment it answers. A replayed one names another segment, or says again
    // what is known.
    guard let index = place(of: answer.sequence) else { return }
    switch answer.kind {
    case .message: return
    case .ack: takeAcknowledgment(answer, index, now, &actions)
    case .resend:
      guard answer.acknowledgment == answer.sequence else { return }
      noteKey()
      takeResend(answer, index, now, &actions)
    case .refused:
      guard answer.acknowledgment == parts[index].end else { return }
      noteKey()
      tell(index, .refused, answer.reason, now, &actions)
      finish(.refused(answer.reason), now, &actions)
    }
  }

  private mutating func takeAcknowledgment(
    _ answer: SenderAnswer, _ index: Int, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    guard answer.parts >= 0, answer.parts <= parts.count, answer.part <= next else { return }
    if settings.recovery == .goBackN {
      // Cumulative: it names the last part in order, whichever part it answers; 0 is none.
      let end = answer.part > 0 ? parts[answer.part - 1].end : parts[0].sequence
      guard answer.part >= 0, answer.acknowledgment == end else { return }
    } else {
      guard answer.part == index + 1, answer.acknowledgment == parts[index].end else { return }
    }
    noteKey()
    let last = settings.recovery == .goBackN ? answer.part : index + 1
    let first = settings.recovery == .goBackN ? base : index
    sample(last - 1, now)
    for index in first..<max(last, first) { acknowledge(index, now, &actions) }
    // Only this says "delivered": all parts were held at one moment, so the message was handed on.
    if answer.parts == parts.count { return deliver(now, &actions) }
    let oldBase = base
    while base < next, parts[base].isAcknowledged { base += 1 }
    if base == parts.count {
      // Each part was there once, but never all of them.
      return finish(.incomplete, now, &actions)
    }
    guard base > oldBase else { return }
    if settings.recovery == .goBackN { advance(now, &actions) }
    fill(now, &actions)
  }

  private mutating func acknowledge(
    _ index: Int, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    tell(index, .ack, nil, now, &actions)
    parts[index].isAcknowledged = true
  }

  /// Go-back-N: another part is the oldest.
  private mutating func advance(_ now: MonotonicTime, _ actions: inout [SenderAction]) {
    rounds = 0
    guard base < next else { return }
    // RFC 6298 section 5.3: "When an ACK is received that acknowledges new data, restart the
    // retransmission timer".
    startCommonTimer(now)
    if parts[base].isAskedFor { goBack(now, &actions) }
  }

  /// RFC 6298 section 3 (Karn's rule): "RTT samples MUST NOT be made using segments that were
  /// retransmitted".
  private mutating func sample(_ index: Int, _ now: MonotonicTime) {
    guard index >= 0, case .rfc6298 = settings.timer else { return }
    let part = parts[index]
    guard !part.isAcknowledged, part.tries == 1 else { return }
    estimator.sample(now.nanoseconds &- part.sent.nanoseconds)
    backedOff = nil
  }

  private mutating func takeResend(
    _ answer: SenderAnswer, _ index: Int, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    let part = parts[index]
    // A duplicate of an answer would spend a try that was never answered.
    guard !part.isAcknowledged, !part.isTold, part.lastResend != answer.ownSequence else { return }
    parts[index].lastResend = answer.ownSequence
    parts[index].damaged += 1
    tell(index, .resend, answer.reason, now, &actions)
    // With one part under way the next try goes at its time, which shows what a second is for; with
    // several the others need not wait.
    guard settings.window > 1 else { return }
    switch settings.recovery {
    case .stopAndWait: break
    case .selectiveRepeat:
      if part.tries <= settings.retries { transmit(index, now, &actions) }
    case .goBackN:
      if index == base { goBack(now, &actions) } else { parts[index].isAskedFor = true }
    }
  }

  // MARK: Silence

  mutating func expire(_ now: MonotonicTime, _ actions: inout [SenderAction]) {
    if settings.recovery == .goBackN {
      guard now >= commonDeadline else { return }
      guard rounds <= settings.retries else { return fail(base, now, &actions) }
      backOff(base, now)
      goBack(now, &actions)
      return
    }
    for index in base..<next where !parts[index].isAcknowledged && now >= parts[index].deadline {
      guard parts[index].tries <= settings.retries else { return fail(index, now, &actions) }
      backOff(index, now)
      transmit(index, now, &actions)
    }
  }

  /// All parts under way go again: the receiver kept none behind the one that it misses.
  private mutating func goBack(_ now: MonotonicTime, _ actions: inout [SenderAction]) {
    guard rounds <= settings.retries else { return }
    startCommonTimer(now)
    for index in base..<next { transmit(index, now, &actions) }
  }

  /// One loss is one reason to slow down, however many timers end because of it: RFC 6298 knows one
  /// timer (section 5), selective repeat has one for each part.
  private mutating func backOff(_ index: Int, _ now: MonotonicTime) {
    guard case .rfc6298 = settings.timer else { return }
    if let backedOff, parts[index].sent < backedOff { return }
    estimator.backOff()
    backedOff = now
  }
}

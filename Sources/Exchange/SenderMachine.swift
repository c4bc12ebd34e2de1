import Capture
import Protocols

/// The sending side of the exchange, as a value: events go in, actions come out. It has no clock,
/// no randomness, no packets and no key; parts are numbers, lengths and sequence numbers.
///
/// Whatever happens to it, it ends: each part is tried at most `1 + retries` times, each try waits
/// for a bounded time, and nothing but a timer's end or an acknowledgment that was not there before
/// sets a timer anew.
public struct SenderMachine: Sendable, Hashable {
  /// What is known about one part.
  struct Part: Sendable, Hashable {
    var sequence: UInt32
    var length: UInt32
    var tries = 0
    var sent = MonotonicTime(nanoseconds: 0)
    /// When the last try is given up; not used with go-back-N.
    var deadline = MonotonicTime(nanoseconds: 0)
    /// Tries that were answered RESEND.
    var damaged = 0
    /// What became of the last try was told.
    var isTold = true
    var isAcknowledged = false
    /// It was asked for again while it was not yet the oldest: go-back-N.
    var isAskedFor = false
    /// The answer's own number of the last RESEND, by which its duplicates are known.
    var lastResend: UInt32?

    /// The sequence number behind its last octet.
    var end: UInt32 { sequence &+ length }
  }

  public let settings: SenderSettings
  /// The first sequence number of the run. A run has no end: were another begun after a message that
  /// was not confirmed, then what is left of that on the way could still be delivered after the
  /// next one. So it comes too late, and nobody waits for the hole that it leaves.
  public let initialSequence: UInt32
  /// Where the next message of the run begins.
  public private(set) var nextSequence: UInt32

  var parts: [Part] = []
  /// The oldest part that is not acknowledged.
  var base = 0
  /// The first part that was never sent.
  var next = 0
  /// Go-back-N: how often the oldest part went out since it is the oldest.
  var rounds = 0
  /// Go-back-N: when its one timer ends.
  var commonDeadline = MonotonicTime(nanoseconds: 0)
  /// Whether a message is under way.
  public private(set) var isActive = false
  private var began = MonotonicTime(nanoseconds: 0)
  /// Segments sent for this message.
  var transmissions = 0
  private var wasReset = false
  /// That an answer came damaged was said since the last segment went out: a stranger's flood of
  /// them is worth a line, not thousands.
  private var isDamageSaid = false
  /// Somebody at the destination has our key: an answer that cannot be verified is damage now.
  private var isKeyKnown = false
  var estimator: RetransmissionTimer
  /// When the estimator was backed off: what was sent before does not do it again.
  var backedOff: MonotonicTime?

  /// - Parameter initialSequence: Random, so that nobody off the path can guess it.
  public init(settings: SenderSettings = .standard, initialSequence: UInt32) {
    self.settings = settings
    self.initialSequence = initialSequence
    nextSequence = initialSequence
    if case .rfc6298(let minimum) = settings.timer {
      estimator = RetransmissionTimer(minimum: minimum)
    } else {
      estimator = RetransmissionTimer()
    }
  }

  /// When something has to happen; nil when no message is under way.
  public var deadline: MonotonicTime? {
    guard isActive else { return nil }
    var earliest = settings.timeout.map { began.advanced(byNanoseconds: $0) }
    func consider(_ moment: MonotonicTime) {
      earliest = earliest.map { min($0, moment) } ?? moment
    }
    if settings.recovery == .goBackN {
      consider(commonDeadline)
    } else {
      for part in parts[base..<next] where !part.isAcknowledged { consider(part.deadline) }
    }
    return earliest
  }

  /// Takes one event.
  ///
  /// - Parameter now: Of a clock that only goes forward.
  /// - Returns: What is to be done, in this order. While a message is under way the last one is
  ///   `wake`, when it is over `finish`.
  public mutating func handle(_ event: SenderEvent, at now: MonotonicTime) -> [SenderAction] {
    var actions: [SenderAction] = []
    switch event {
    case .begin(let lengths):
      guard !isActive, !lengths.isEmpty else { return [] }
      begin(lengths, now, &actions)
    case _ where !isActive: return []
    case .answer(let answer): take(answer, now, &actions)
    case .unverifiable(let acknowledgment): takeUnverifiable(acknowledgment, now, &actions)
    case .reset:
      // It may be forged, and a receiver may be started yet: the tries go on.
      if !wasReset { actions.append(.remark(.reset)) }
      wasReset = true
    case .damagedAnswer: remarkDamage(&actions)
    case .timer: expire(now, &actions)
    case .cancel: finish(.cancelled, now, &actions)
    }
    // After the event, so that what arrived in time and was looked at late still counts.
    if let timeout = settings.timeout, isActive, now >= began.advanced(byNanoseconds: timeout) {
      finish(
        .timedOut(nanoseconds: now.nanoseconds &- began.nanoseconds, wasReset: wasReset), now,
        &actions)
    }
    if let deadline { actions.append(.wake(at: deadline)) }
    return actions
  }

  private mutating func begin(
    _ lengths: [Int], _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    var sequence = nextSequence
    parts.removeAll(keepingCapacity: true)
    parts.reserveCapacity(lengths.count)
    for length in lengths {
      // RFC 9293 section 3.4: sequence numbers are counted modulo 2**32.
      let part = Part(sequence: sequence, length: UInt32(clamping: max(length, 1)))
      sequence = part.end
      parts.append(part)
    }
    base = 0
    next = 0
    rounds = 0
    transmissions = 0
    wasReset = false
    began = now
    backedOff = nil
    isActive = true
    fill(now, &actions)
  }

  /// Sends what the window has room for.
  mutating func fill(_ now: MonotonicTime, _ actions: inout [SenderAction]) {
    let end = min(base + settings.window, parts.count)
    if settings.recovery == .goBackN, next == base, next < end {
      startCommonTimer(now)
    }
    while next < end {
      next += 1
      transmit(next - 1, now, &actions)
    }
  }

  /// Sends a part, for the first time or again.
  mutating func transmit(
    _ index: Int, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    tell(index, .none, nil, nil, &actions)
    parts[index].tries += 1
    parts[index].sent = now
    parts[index].isTold = false
    parts[index].isAskedFor = false
    parts[index].deadline = now.advanced(byNanoseconds: wait(afterTry: parts[index].tries))
    transmissions += 1
    isDamageSaid = false
    actions.append(
      .transmit(
        part: index + 1, number: parts[index].tries, sequence: parts[index].sequence))
  }

  /// The oldest part goes out for the first time since it is the oldest, or again.
  mutating func startCommonTimer(_ now: MonotonicTime) {
    rounds += 1
    commonDeadline = now.advanced(byNanoseconds: wait(afterTry: rounds))
  }

  func wait(afterTry number: Int) -> Int64 {
    if case .fixed = settings.timer { return settings.wait(afterTry: number) }
    return estimator.timeout
  }

  /// Tells what became of the last try of a part, unless that was told.
  mutating func tell(
    _ index: Int, _ answer: Attempt.Answer, _ reason: CraftedReason?, _ answered: MonotonicTime?,
    _ actions: inout [SenderAction]
  ) {
    guard !parts[index].isTold else { return }
    parts[index].isTold = true
    let part = parts[index]
    actions.append(
      .attempt(
        Attempt(
          part: index + 1, number: part.tries, sequence: part.sequence, octets: Int(part.length),
          sent: part.sent, answered: answered, answer: answer, reason: reason)))
  }

  /// A part was tried as often as it may be.
  mutating func fail(_ index: Int, _ now: MonotonicTime, _ actions: inout [SenderAction]) {
    let part = parts[index]
    finish(
      part.damaged == part.tries
        ? .damaged(tries: part.tries)
        : .noAnswer(tries: part.tries, damaged: part.damaged, wasReset: wasReset), now, &actions)
  }

  mutating func deliver(_ now: MonotonicTime, _ actions: inout [SenderAction]) {
    finish(
      .delivered(
        tries: transmissions, parts: parts.count,
        nanoseconds: now.nanoseconds &- began.nanoseconds), now, &actions)
  }

  mutating func finish(
    _ outcome: Outcome, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    // That all parts are held answers each try that was not answered by itself.
    for index in base..<next {
      tell(
        index, outcome.isDelivered ? .ack : .none, nil, outcome.isDelivered ? now : nil, &actions)
    }
    isActive = false
    nextSequence = parts.last?.end ?? nextSequence
    actions.append(.finish(outcome))
  }

  // MARK: What was not ours

  /// An answer that our key does not verify. If its acknowledgment number fits, whoever sent it saw
  /// our segment: more likely a receiver with another key than damage that kept the checksum.
  private mutating func takeUnverifiable(
    _ acknowledgment: UInt32, _ now: MonotonicTime, _ actions: inout [SenderAction]
  ) {
    // A receiver to which our token looks damaged asks for it again: ack = seq.
    let index =
      place(of: acknowledgment) ?? place(endingWith: acknowledgment)
    guard let index, !parts[index].isAcknowledged, !isKeyKnown else {
      return remarkDamage(&actions)
    }
    tell(index, .unverifiable, nil, now, &actions)
    finish(.anotherKey, now, &actions)
  }

  private mutating func remarkDamage(_ actions: inout [SenderAction]) {
    if !isDamageSaid { actions.append(.remark(.damagedAnswer)) }
    isDamageSaid = true
  }

  mutating func noteKey() { isKeyKnown = true }

  // MARK: Places

  /// The part that was sent with this sequence number.
  func place(of sequence: UInt32) -> Int? {
    guard let first = parts.first?.sequence else { return nil }
    // Offsets from the first part, since the numbers themselves may wrap.
    let offset = sequence &- first
    var low = 0
    var high = next
    while low < high {
      let middle = (low + high) / 2
      if parts[middle].sequence &- first < offset { low = middle + 1 } else { high = middle }
    }
    return low < next && parts[low].sequence == sequence ? low : nil
  }

  /// The part that was sent and ends before this sequence number.
  func place(endingWith sequence: UInt32) -> Int? {
    if next > 0, parts[next - 1].end == sequence { return next - 1 }
    return place(of: sequence).flatMap { $0 > 0 ? $0 - 1 : nil }
  }
}

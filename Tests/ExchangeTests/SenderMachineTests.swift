import Capture
import Exchange
import PacketCore
import Protocols
import Testing

/// A machine with a clock in the hand of the test, and what it did so far.
struct Bench {
  var machine: SenderMachine
  var now = MonotonicTime(nanoseconds: 0)
  var sent: [(part: Int, number: Int, at: Int64)] = []
  var attempts: [Attempt] = []
  var outcomes: [Outcome] = []
  var remarks: [SenderRemark] = []
  var wake: MonotonicTime?
  private var own: UInt32 = 0

  init(_ settings: SenderSettings = .standard, sequence: UInt32 = 1000) {
    machine = SenderMachine(settings: settings, initialSequence: sequence)
  }

  /// Milliseconds.
  var milliseconds: Int64 { now.nanoseconds / 1_000_000 }

  mutating func handle(_ event: SenderEvent, at moment: Int64? = nil) {
    if let moment { now = MonotonicTime(nanoseconds: moment * 1_000_000) }
    wake = nil
    for action in machine.handle(event, at: now) {
      switch action {
      case .transmit(let part, let number, _): sent.append((part, number, milliseconds))
      case .wake(let moment): wake = moment
      case .attempt(let attempt): attempts.append(attempt)
      case .remark(let remark): remarks.append(remark)
      case .finish(let outcome): outcomes.append(outcome)
      }
    }
  }

  /// An answer as a receiver gives it. Parts are 100 octets each here.
  mutating func answer(
    _ kind: CraftedMessage.Kind, _ part: Int, parts: Int = 1, at moment: Int64? = nil,
    answered: Int? = nil, reason: CraftedReason? = nil, own number: UInt32? = nil
  ) {
    own += 1
    let first = machine.nextSequence
    let place = first &+ 100 &* UInt32(truncatingIfNeeded: part - 1)
    handle(
      .answer(
        SenderAnswer(
          kind, part: part, parts: parts,
          acknowledgment: kind == .resend
            ? place : first &+ 100 &* UInt32(truncatingIfNeeded: part),
          sequence: first &+ 100 &* UInt32(truncatingIfNeeded: (answered ?? part) - 1),
          ownSequence: number ?? own, reason: reason)), at: moment)
  }

  mutating func begin(parts: Int = 1, at moment: Int64? = nil) {
    handle(.begin(lengths: Array(repeating: 100, count: parts)), at: moment)
  }

  /// Lets the timers end, until it is over or the moment has come.
  mutating func run(until moment: Int64 = .max) {
    var turns = 0
    while let wake, wake.nanoseconds / 1_000_000 <= moment, turns < 100_000 {
      now = max(now, wake)
      handle(.timer)
      turns += 1
    }
  }
}

/// The sender one part at a time: when it tries, what it makes of answers, how it ends.
@Suite struct SenderMachineTests {
  @Test func triesAtEachSecondAndFailsAtFour() {
    var bench = Bench()
    bench.begin()
    bench.run()
    #expect(bench.sent.map(\.at) == [0, 1000, 2000, 3000])
    #expect(bench.sent.map(\.number) == [1, 2, 3, 4])
    #expect(bench.milliseconds == 4000)
    #expect(bench.outcomes == [.noAnswer(tries: 4, damaged: 0, wasReset: false)])
    #expect(bench.outcomes.first?.text == "No answer after 4 tries")
    #expect(bench.outcomes.first?.exitCode.rawValue == 20)
    #expect(bench.attempts.map(\.number) == [1, 2, 3, 4])
    #expect(bench.attempts.allSatisfy { $0.answer == .none && $0.answered == nil })
    #expect(!bench.machine.isActive && bench.machine.deadline == nil)
    // The next message stands behind it: nothing of this one may be delivered after that.
    #expect(bench.machine.nextSequence == 1100)
  }

  @Test(arguments: [0, 1, 2, 3]) func isDeliveredByTheAnswerToAnyTry(_ lost: Int) {
    var bench = Bench()
    bench.begin()
    bench.run(until: Int64(lost) * 1000)
    bench.answer(.ack, 1, at: Int64(lost) * 1000 + 1)
    #expect(bench.sent.count == lost + 1)
    #expect(
      bench.outcomes
        == [
          .delivered(tries: lost + 1, parts: 1, nanoseconds: (Int64(lost) * 1000 + 1) * 1_000_000)
        ])
    #expect(bench.outcomes.first?.exitCode.rawValue == 0)
    #expect(bench.attempts.last?.answer == .ack)
    #expect(bench.attempts.last?.answered == bench.now)
    #expect(bench.machine.nextSequence == 1100)
  }

  @Test func waitsLongerByTheBackoff() throws {
    var bench = Bench(try SenderSettings(retries: 4, interval: 500_000_000, backoff: 2))
    bench.begin()
    bench.run()
    #expect(bench.sent.map(\.at) == [0, 500, 1500, 3500, 7500])
    #expect(bench.milliseconds == 15500)
  }

  @Test func triesOnceWithoutRetries() throws {
    var bench = Bench(try SenderSettings(retries: 0))
    bench.begin()
    bench.run()
    #expect(bench.sent.count == 1 && bench.milliseconds == 1000)
    #expect(bench.outcomes.first?.text == "No answer after 1 try")
  }

  @Test func aRequestToResendWaitsForItsTime() {
    var bench = Bench()
    bench.begin()
    bench.answer(.resend, 1, at: 1, reason: CraftedReason(.badTCPChecksum))
    #expect(bench.sent.count == 1 && bench.wake == MonotonicTime(nanoseconds: 1_000_000_000))
    #expect(bench.attempts.map(\.answer) == [.resend])
    #expect(bench.attempts.first?.reason?.code == .badTCPChecksum)
    bench.run(until: 1000)
    bench.answer(.ack, 1, at: 1002)
    #expect(bench.outcomes.first?.text == "delivered after 2 tries in 1.0 s")
  }

  @Test func damagedEachTime() {
    var bench = Bench()
    bench.begin()
    for second in 0..<4 as Range<Int64> {
      bench.run(until: second * 1000)
      bench.answer(.resend, 1, at: second * 1000 + 1)
    }
    #expect(bench.outcomes.isEmpty)
    bench.run()
    #expect(bench.milliseconds == 4000)
    #expect(bench.outcomes == [.damaged(tries: 4)])
    #expect(bench.outcomes.first?.text == "Checksum mismatch. Please resend the packet.")
    #expect(bench.outcomes.first?.exitCode.rawValue == 22)
  }

  @Test func damagedSometimesAndLostSometimes() {
    var bench = Bench()
    bench.begin()
    bench.answer(.resend, 1, at: 1)
    bench.run()
    #expect(bench.outcomes == [.noAnswer(tries: 4, damaged: 1, wasReset: false)])
    #expect(
      bench.outcomes.first?.text == "No acknowledgment after 4 tries, 1 of which arrived damaged")
  }

  @Test func aDuplicatedRequestCountsOnce() {
    var bench = Bench()
    bench.begin()
    bench.answer(.resend, 1, at: 1, own: 77)
    bench.run(until: 1000)
    bench.answer(.resend, 1, at: 1001, own: 77)
    bench.run()
    #expect(bench.outcomes == [.noAnswer(tries: 4, damaged: 1, wasReset: false)])
  }

  @Test func aRefusalEndsItAtOnce() {
    var bench = Bench()
    bench.begin()
    bench.answer(
      .refused, 1, at: 3, reason: CraftedReason(.expired, found: "3600 s", expected: "60 s"))
    #expect(bench.sent.count == 1)
    #expect(
      bench.outcomes.first?.text
        == "refused: expired 3600 s≠60 s (the token is older than the receiver takes)")
    #expect(bench.outcomes.first?.exitCode.rawValue == 21)
    #expect(bench.attempts.map(\.answer) == [.refused])
    bench.run()
    #expect(bench.sent.count == 1)
  }

  @Test func anotherKeyEndsItAtOnce() {
    for acknowledgment in [1000, 1100] as [UInt32] {
      var bench = Bench()
      bench.begin()
      bench.handle(.unverifiable(acknowledgment: 4711), at: 1)
      #expect(bench.outcomes.isEmpty && bench.remarks == [.damagedAnswer])
      bench.handle(.unverifiable(acknowledgment: acknowledgment), at: 2)
      #expect(bench.outcomes == [.anotherKey])
      #expect(bench.outcomes.first?.exitCode.rawValue == 21)
      #expect(bench.attempts.map(\.answer) == [.unverifiable])
    }
  }

  @Test func whoeverShowedTheKeyIsNotDoubted() {
    var bench = Bench()
    bench.begin()
    bench.answer(.resend, 1, at: 1)
    bench.handle(.unverifiable(acknowledgment: 1100), at: 2)
    #expect(bench.outcomes.isEmpty && bench.remarks == [.damagedAnswer])
  }

  @Test func aResetIsRememberedAndTheTriesGoOn() {
    var bench = Bench()
    bench.begin()
    bench.handle(.reset, at: 1)
    bench.run(until: 1000)
    bench.handle(.reset, at: 1001)
    bench.run()
    #expect(bench.sent.count == 4 && bench.remarks == [.reset])
    #expect(
      bench.outcomes.first?.text
        == "No answer after 4 tries; the destination's kernel answered RST: nobody receives on that port"
    )
    // The next message begins without it.
    bench.begin()
    bench.run()
    #expect(bench.outcomes.last == .noAnswer(tries: 4, damaged: 0, wasReset: false))
  }

  @Test func theUserEndsIt() {
    var bench = Bench()
    bench.begin()
    bench.handle(.cancel, at: 1500)
    #expect(bench.outcomes == [.cancelled] && bench.wake == nil)
    bench.handle(.timer, at: 3000)
    bench.answer(.ack, 1, at: 3000)
    #expect(bench.outcomes == [.cancelled] && bench.sent.count == 1)
  }

  @Test func theWholeIsBounded() throws {
    var bench = Bench(try SenderSettings(timeout: 2_500_000_000))
    bench.begin()
    bench.run()
    #expect(bench.sent.map(\.at) == [0, 1000, 2000] && bench.milliseconds == 2500)
    #expect(bench.outcomes.first?.text == "not confirmed within 2.5 s")
    #expect(bench.outcomes.first?.exitCode.rawValue == 20)
  }

  @Test func answersToOtherSegmentsChangeNothing() {
    var bench = Bench()
    bench.begin()
    let good = SenderAnswer(
      .ack, part: 1, parts: 1, acknowledgment: 1100, sequence: 1000, ownSequence: 1)
    var wrong: [SenderAnswer] = []
    for change in [
      { $0.sequence = 900 }, { $0.sequence = 1100 }, { $0.acknowledgment = 1000 }, { $0.part = 0 },
      { $0.part = 2 }, { $0.parts = 2 }, { $0.parts = -1 }, { $0.part = -1 }, { $0.part = .max },
      { $0.kind = .message },
    ] as [(inout SenderAnswer) -> Void] {
      var answer = good
      change(&answer)
      wrong.append(answer)
    }
    let before = bench.machine
    for answer in wrong { bench.handle(.answer(answer), at: 1) }
    #expect(bench.machine == before && bench.outcomes.isEmpty)
    bench.handle(.answer(good), at: 1)
    #expect(bench.outcomes.count == 1)
  }

  @Test func spoofedAnswersDoNotExtendIt() {
    var bench = Bench()
    bench.begin()
    for moment in 1..<4000 as Range<Int64> {
      bench.run(until: moment)
      bench.answer(.resend, 1, at: moment)
      bench.handle(.unverifiable(acknowledgment: 1000))
      bench.handle(.reset)
      bench.handle(.damagedAnswer)
      bench.handle(.timer)
    }
    bench.run()
    #expect(bench.sent.map(\.at) == [0, 1000, 2000, 3000] && bench.milliseconds == 4000)
    #expect(bench.outcomes == [.damaged(tries: 4)])
  }

  /// A flood of damaged answers is worth a line for each try, not one for each of them.
  @Test func damagedAnswersAreRemarkedOncePerTry() {
    var bench = Bench()
    bench.begin()
    for moment in 1..<3500 as Range<Int64> {
      bench.run(until: moment)
      bench.handle(.damagedAnswer, at: moment)
      bench.handle(.unverifiable(acknowledgment: 4711))
    }
    #expect(bench.sent.count == 4)
    #expect(bench.remarks == Array(repeating: .damagedAnswer, count: 4))
  }

  @Test func sequenceNumbersWrap() {
    var bench = Bench(sequence: 0xffff_ff38)
    bench.begin(parts: 4)
    for part in 1...4 { bench.answer(.ack, part, parts: part) }
    #expect(bench.outcomes == [.delivered(tries: 4, parts: 4, nanoseconds: 0)])
    #expect(bench.machine.nextSequence == 200)
    #expect(bench.attempts.map(\.sequence) == [0xffff_ff38, 0xffff_ff9c, 0, 100])
    #expect(bench.outcomes.first?.text == "delivered in 4 parts with 4 segments in 0.0 ms")
  }

  @Test func partsThatWereNeverHeldTogetherAreNotDelivered() {
    var bench = Bench()
    bench.begin(parts: 2)
    bench.answer(.ack, 1, parts: 1)
    // It was restarted in between, say.
    bench.answer(.ack, 2, parts: 1)
    #expect(bench.outcomes == [.incomplete])
    #expect(bench.outcomes.first?.exitCode.rawValue == 21)
  }

  @Test func messagesGoOneAfterTheOther() {
    var bench = Bench()
    for number in 0..<3 as Range<UInt32> {
      #expect(bench.machine.nextSequence == 1000 + 100 * number)
      bench.begin()
      bench.begin()  // One at a time: the second call is nothing.
      bench.answer(.ack, 1)
    }
    #expect(bench.sent.count == 3 && bench.outcomes.count == 3)
    #expect(bench.machine.initialSequence == 1000)
  }
}

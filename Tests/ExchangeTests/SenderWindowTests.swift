import Capture
import Exchange
import PacketCore
import Protocols
import Testing

/// Several parts under way: go-back-N and selective repeat.
@Suite struct SenderWindowTests {
  private func settings(
    _ recovery: SenderSettings.Recovery, _ window: Int, retries: Int = 3
  ) throws -> SenderSettings {
    try SenderSettings(retries: retries, window: window, recovery: recovery)
  }

  @Test func selectiveRepeatSendsOnlyWhatIsMissing() throws {
    var bench = Bench(try settings(.selectiveRepeat, 3))
    bench.begin(parts: 5)
    #expect(bench.sent.map(\.part) == [1, 2, 3])
    bench.answer(.ack, 2, parts: 1, at: 10)
    bench.answer(.ack, 3, parts: 2, at: 11)
    // Part 1 is missing: the window does not move.
    #expect(bench.sent.count == 3)
    bench.run(until: 1000)
    #expect(bench.sent.dropFirst(3).map(\.part) == [1])
    bench.answer(.ack, 1, parts: 3, at: 1010)
    #expect(bench.sent.dropFirst(4).map(\.part) == [4, 5])
    bench.answer(.ack, 5, parts: 4, at: 1011)
    bench.answer(.ack, 4, parts: 5, at: 1012)
    #expect(bench.outcomes.first?.isDelivered == true && bench.sent.count == 6)
  }

  @Test func selectiveRepeatHasATimerForEachPart() throws {
    var bench = Bench(try settings(.selectiveRepeat, 2))
    bench.begin(parts: 3)
    bench.answer(.ack, 1, parts: 1, at: 400)
    bench.run(until: 1500)
    #expect(bench.sent.map(\.part) == [1, 2, 3, 2, 3])
    #expect(bench.sent.map(\.at) == [0, 0, 400, 1000, 1400])
  }

  @Test func selectiveRepeatAnswersARequestAtOnce() throws {
    var bench = Bench(try settings(.selectiveRepeat, 2))
    bench.begin(parts: 2)
    for turn in 0..<5 as Range<Int64> { bench.answer(.resend, 2, at: 10 + turn) }
    // Four tries, and not one more.
    #expect(bench.sent.map(\.part) == [1, 2, 2, 2, 2])
    #expect(bench.sent.map(\.at) == [0, 0, 10, 11, 12])
    bench.run()
    #expect(bench.outcomes == [.damaged(tries: 4)] && bench.milliseconds == 1012)
  }

  @Test func theLastPartsAcknowledgmentMayBeTheOnlyOne() throws {
    var bench = Bench(try settings(.selectiveRepeat, 4))
    bench.begin(parts: 4)
    bench.answer(.ack, 3, parts: 4, at: 10)
    #expect(bench.outcomes == [.delivered(tries: 4, parts: 4, nanoseconds: 10_000_000)])
    #expect(bench.attempts.allSatisfy { $0.answer == .ack } && bench.attempts.count == 4)
  }

  @Test func goBackNSendsAllAgain() throws {
    var bench = Bench(try settings(.goBackN, 3))
    bench.begin(parts: 5)
    bench.answer(.ack, 1, parts: 1, at: 10)
    #expect(bench.sent.map(\.part) == [1, 2, 3, 4])
    // Part 2 was lost: the receiver keeps naming part 1.
    bench.answer(.ack, 1, parts: 1, at: 11, answered: 3)
    bench.answer(.ack, 1, parts: 1, at: 12, answered: 4)
    #expect(bench.sent.count == 4)
    bench.run(until: 1010)
    #expect(bench.sent.dropFirst(4).map(\.part) == [2, 3, 4])
    #expect(bench.sent.last?.at == 1010)
    // Cumulative: one answer for three parts.
    bench.answer(.ack, 4, parts: 4, at: 1020)
    #expect(bench.sent.dropFirst(7).map(\.part) == [5])
    bench.answer(.ack, 5, parts: 5, at: 1030)
    #expect(bench.outcomes.first?.isDelivered == true)
    #expect(bench.attempts.map(\.part) == [1, 2, 3, 4, 2, 3, 4, 5])
  }

  @Test func goBackNKnowsNoPartInOrder() throws {
    var bench = Bench(try settings(.goBackN, 2))
    bench.begin(parts: 2)
    bench.answer(.ack, 0, parts: 0, at: 1, answered: 2)
    #expect(bench.outcomes.isEmpty && bench.attempts.isEmpty)
    bench.run(until: 1000)
    #expect(bench.sent.map(\.part) == [1, 2, 1, 2])
  }

  @Test func goBackNCountsTriesOfTheOldestPart() throws {
    var bench = Bench(try settings(.goBackN, 2, retries: 2))
    bench.begin(parts: 3)
    bench.run(until: 2000)
    #expect(bench.sent.count == 6)
    // Part 2 has been sent three times too, but was never the oldest before.
    bench.answer(.ack, 1, parts: 1, at: 2500)
    bench.run()
    #expect(bench.outcomes == [.noAnswer(tries: 5, damaged: 0, wasReset: false)])
    #expect(bench.milliseconds == 5500)
  }

  @Test func goBackNAnswersARequestForTheOldestAtOnce() throws {
    var bench = Bench(try settings(.goBackN, 3))
    bench.begin(parts: 3)
    bench.answer(.resend, 1, at: 10)
    #expect(bench.sent.map(\.part) == [1, 2, 3, 1, 2, 3])
    // For a later one when it becomes the oldest.
    bench.answer(.resend, 2, at: 11)
    #expect(bench.sent.count == 6)
    bench.answer(.ack, 1, parts: 1, at: 12)
    #expect(bench.sent.dropFirst(6).map(\.part) == [2, 3])
  }

  @Test func theWindowMovesWithoutEnd() throws {
    for recovery in [.selectiveRepeat, .goBackN] as [SenderSettings.Recovery] {
      var bench = Bench(try settings(recovery, 64))
      bench.begin(parts: 20_000)
      for part in 1...20_000 { bench.answer(.ack, part, parts: part) }
      #expect(bench.outcomes == [.delivered(tries: 20_000, parts: 20_000, nanoseconds: 0)])
    }
  }

  @Test func settingsAreChecked() {
    func fault(_ make: () throws(SenderSettings.Fault) -> SenderSettings) -> String? {
      do {
        _ = try make()
        return nil
      } catch {
        return error.message
      }
    }
    #expect(
      fault { () throws(SenderSettings.Fault) in try SenderSettings(retries: -1) }
        == "the number of retries is 0 to 10000, not -1")
    #expect(
      fault { () throws(SenderSettings.Fault) in try SenderSettings(interval: 0) }
        == "the time between two tries is 1 µs to 1 h")
    #expect(
      fault { () throws(SenderSettings.Fault) in try SenderSettings(backoff: .nan) }
        == "the backoff is 1 to 16")
    #expect(
      fault { () throws(SenderSettings.Fault) in try SenderSettings(timeout: .max) }
        == "the timeout is 1 µs to 7 days")
    #expect(
      fault { () throws(SenderSettings.Fault) in
        try SenderSettings(window: 0, recovery: .goBackN)
      } == "the window is 1 to 1024 parts, not 0")
    #expect(
      fault { () throws(SenderSettings.Fault) in try SenderSettings(window: 2) }
        == "stop-and-wait has a window of 1: for 2 parts choose go-back-n or selective-repeat")
    #expect(
      fault { () throws(SenderSettings.Fault) in
        try SenderSettings(timer: .rfc6298(minimum: 0))
      } == "the least retransmission timeout is 1 µs to 60 s")
  }

  @Test func longWaitsAreBounded() throws {
    let settings = try SenderSettings(retries: 10_000, interval: 1_000_000_000, backoff: 16)
    #expect(settings.wait(afterTry: 1) == 1_000_000_000)
    #expect(settings.wait(afterTry: 3) == 256_000_000_000)
    #expect(settings.wait(afterTry: 10_001) == 3_600_000_000_000)
  }

  /// Whatever arrives, in whatever order: it ends, and within the time that the settings allow.
  @Test func everyStormEnds() throws {
    let seed = testSeed("SenderWindowTests.everyStorm")
    for round in 0..<600 {
      var numbers = SeededNumbers(seed: seed, part: round)
      let recovery = SenderSettings.Recovery.allCases[round % 3]
      let parts = numbers.pick(1...6)
      let retries = numbers.pick(0...3)
      let settings = try SenderSettings(
        retries: retries, interval: 1_000_000_000, backoff: numbers.chance(50) ? 1 : 1.5,
        window: recovery == .stopAndWait ? 1 : numbers.pick(1...4), recovery: recovery,
        timer: numbers.chance(50) ? .fixed : .rfc6298())
      var bench = Bench(settings, sequence: UInt32(truncatingIfNeeded: numbers.next()))
      bench.begin(parts: parts)
      let first = bench.machine.nextSequence
      var events = 0
      while bench.machine.isActive, events < 200_000 {
        events += 1
        // At most 30 ms pass, so that a storm lies between two timers.
        let step = Int64(numbers.below(30_000_000))
        bench.now = bench.now.advanced(byNanoseconds: step)
        switch numbers.below(8) {
        case 0, 1, 2:
          let part = numbers.pick(-1...parts + 1)
          let place = first &+ 100 &* UInt32(truncatingIfNeeded: numbers.pick(0...parts))
          bench.handle(
            .answer(
              SenderAnswer(
                numbers.chance(90) ? .resend : numbers.chance(90) ? .ack : .refused, part: part,
                parts: numbers.pick(-1...parts - 1),
                acknowledgment: numbers.chance(70)
                  ? place : first &+ 100 &* UInt32(truncatingIfNeeded: part),
                sequence: place, ownSequence: UInt32(truncatingIfNeeded: numbers.next()))))
        case 3 where numbers.chance(5):
          bench.handle(.unverifiable(acknowledgment: UInt32(truncatingIfNeeded: numbers.next())))
        case 4: bench.handle(.reset)
        case 5: bench.handle(.damagedAnswer)
        default: bench.handle(.timer)
        }
      }
      #expect(bench.outcomes.count == 1, "seed \(seed), round \(round)")
      // Each part, one after the other, as often and as long as may be.
      let longest = 60_000 * Int64(parts) * Int64(retries + 1)
      #expect(bench.milliseconds <= longest, "seed \(seed), round \(round)")
      #expect(bench.outcomes.first?.isDelivered == false, "seed \(seed), round \(round)")
      if recovery != .goBackN {
        #expect(bench.sent.count <= parts * (retries + 1), "seed \(seed), round \(round)")
      }
      #expect(bench.attempts.count == bench.sent.count, "seed \(seed), round \(round)")
    }
  }
}

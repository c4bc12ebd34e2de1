import Exchange
import Testing

/// The simulated link against the formulas of the book.
@Suite struct WindowTrialTests {
  private func trial(
    _ recovery: SenderSettings.Recovery, window: Int = 1, loss: Double, delay: Int64 = 6_000_000,
    seed: UInt64 = 1
  ) throws -> WindowRow {
    // A segment takes 1.2 ms: a is 5, a round trip 11 segments.
    try WindowTrial(
      recovery, window: window, loss: loss, delay: delay, rate: 10_000_000, seed: seed
    ).run()
  }

  @Test func theoryIsTheBooks() {
    func theory(_ recovery: SenderSettings.Recovery, _ window: Int, _ loss: Double) -> Double {
      WindowTheory.utilisation(recovery, window: window, loss: loss, ratio: 5)
    }
    #expect(theory(.stopAndWait, 7, 0) == 1.0 / 11)
    #expect(theory(.stopAndWait, 1, 0.5) == 0.5 / 11)
    #expect(theory(.selectiveRepeat, 11, 0.25) == 0.75)
    #expect(theory(.selectiveRepeat, 4, 0.5) == 2.0 / 11)
    #expect(theory(.goBackN, 11, 0.5) == 0.5 / 6)
    #expect(theory(.goBackN, 4, 0) == 4.0 / 11)
    #expect(theory(.goBackN, 4, 0.5) == 2 / (11 * 2.5))
    // A window of one is stop-and-wait, whatever its name.
    #expect(theory(.goBackN, 1, 0.3) == theory(.stopAndWait, 1, 0.3))
    #expect(theory(.selectiveRepeat, 1, 0.3) == theory(.stopAndWait, 1, 0.3))
  }

  @Test(arguments: [0, 0.01, 0.1, 0.3]) func stopAndWaitIsAsTheBookSays(_ loss: Double) throws {
    let row = try trial(.stopAndWait, loss: loss)
    #expect(abs(row.utilisation / row.theory - 1) < 0.05, "\(row)")
    #expect(abs(row.transmissionsPerPart * (1 - loss) - 1) < 0.05, "\(row)")
  }

  @Test(arguments: [2, 4, 8, 11, 16, 64]) func withoutLossTheWindowDecides(_ window: Int) throws {
    for recovery in [.goBackN, .selectiveRepeat] as [SenderSettings.Recovery] {
      let row = try trial(recovery, window: window, loss: 0)
      #expect(abs(row.utilisation / row.theory - 1) < 0.02, "\(row)")
      #expect(row.transmissionsPerPart == 1)
    }
  }

  @Test func selectiveRepeatSendsNothingInVain() throws {
    for loss in [0.01, 0.1, 0.3] {
      let row = try trial(.selectiveRepeat, window: 64, loss: loss)
      #expect(abs(row.transmissionsPerPart * (1 - loss) - 1) < 0.05, "\(row)")
      // The book lets the window go on past a hole; a real one waits for it.
      #expect(row.utilisation <= row.theory * 1.02, "\(row)")
    }
  }

  @Test func theOrderOfTheThreeIsTheBooks() throws {
    for loss in [0.01, 0.05, 0.2] {
      let one = try trial(.stopAndWait, loss: loss)
      let all = try trial(.goBackN, window: 11, loss: loss)
      let some = try trial(.selectiveRepeat, window: 11, loss: loss)
      #expect(some.utilisation > all.utilisation && all.utilisation > one.utilisation)
      #expect(all.transmissionsPerPart > some.transmissionsPerPart)
      #expect(all.utilisation / all.theory > 0.5 && all.utilisation / all.theory < 1.5, "\(all)")
    }
  }

  @Test func theSameSeedGivesTheSameRow() throws {
    let one = try trial(.selectiveRepeat, window: 8, loss: 0.2, seed: 7)
    #expect(try trial(.selectiveRepeat, window: 8, loss: 0.2, seed: 7) == one)
    #expect(try trial(.selectiveRepeat, window: 8, loss: 0.2, seed: 8) != one)
  }

  @Test func valuesOutOfRangeAreBroughtIntoIt() throws {
    let trial = WindowTrial(
      .goBackN, window: .max, loss: .nan, delay: .max, rate: .min, seed: 0)
    #expect(trial.window == 1024 && trial.loss == 0 && trial.rate == 1000)
    #expect(trial.delay == 10_000_000_000)
    _ = try WindowTrial(.goBackN, window: 1, loss: 9, delay: -1, rate: .max, seed: 0).run()
  }
}

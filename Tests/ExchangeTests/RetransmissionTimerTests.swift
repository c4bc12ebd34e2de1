import Capture
import Exchange
import Testing

/// RFC 6298, by numbers worked out by hand.
@Suite struct RetransmissionTimerTests {
  private static let ms: Int64 = 1_000_000

  @Test func beginsWithASecond() {
    #expect(RetransmissionTimer().timeout == 1000 * Self.ms)
    #expect(RetransmissionTimer(minimum: 200 * Self.ms).timeout == 1000 * Self.ms)
    #expect(RetransmissionTimer(minimum: 3000 * Self.ms).timeout == 3000 * Self.ms)
  }

  @Test func learnsFromSamples() {
    var timer = RetransmissionTimer(minimum: 1)
    // SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR.
    timer.sample(100 * Self.ms)
    #expect(timer.smoothed == 100 * Self.ms && timer.variation == 50 * Self.ms)
    #expect(timer.timeout == 300 * Self.ms)
    // RTTVAR = 3/4·50 + 1/4·|100 - 180| = 57.5; SRTT = 7/8·100 + 1/8·180 = 110.
    timer.sample(180 * Self.ms)
    #expect(timer.smoothed == 110 * Self.ms && timer.variation == 57_500_000)
    #expect(timer.timeout == 340 * Self.ms)
    // The old SRTT is taken for RTTVAR: 3/4·57.5 + 1/4·|110 - 30| = 63.125; SRTT = 100.
    timer.sample(30 * Self.ms)
    #expect(timer.smoothed == 100 * Self.ms && timer.variation == 63_125_000)
    #expect(timer.timeout == 352_500_000)
  }

  @Test func keepsItsBounds() {
    var timer = RetransmissionTimer()
    timer.sample(Self.ms)
    #expect(timer.timeout == 1000 * Self.ms)
    for _ in 0..<10 { timer.backOff() }
    #expect(timer.timeout == 60_000 * Self.ms)
    timer.sample(2 * Self.ms)
    #expect(timer.timeout == 1000 * Self.ms)
    timer.sample(.max)
    timer.sample(.min)
    #expect(timer.timeout == 60_000 * Self.ms)
    var local = RetransmissionTimer(minimum: RetransmissionTimer.linuxMinimum)
    local.sample(Self.ms)
    #expect(local.timeout == 200 * Self.ms)
    local.backOff()
    #expect(local.timeout == 400 * Self.ms)
  }

  @Test func theGranularityIsTheLeastVariation() {
    var timer = RetransmissionTimer(minimum: 1, granularity: 10 * Self.ms)
    for _ in 0..<100 { timer.sample(50 * Self.ms) }
    #expect(timer.timeout == 60 * Self.ms)
  }

  @Test func theMachineDoublesAndObeysKarnsRule() throws {
    var bench = Bench(
      try SenderSettings(retries: 3, timer: .rfc6298(minimum: RetransmissionTimer.linuxMinimum)))
    bench.begin(parts: 3)
    // 1 s, then doubled.
    bench.run(until: 3000)
    #expect(bench.sent.map(\.at) == [0, 1000, 3000])
    // The round trip of a part that was sent three times is nobody's: the timeout stays 4 s.
    bench.answer(.ack, 1, parts: 1, at: 3010)
    #expect(bench.wake?.nanoseconds == 7010 * Self.ms)
    // That of part 2 is 20 ms: 20 + 4·10 ms is below the minimum.
    bench.answer(.ack, 2, parts: 2, at: 3030)
    #expect(bench.wake?.nanoseconds == 3230 * Self.ms)
    bench.run()
    #expect(bench.sent.dropFirst(4).map(\.at) == [3030, 3230, 3630, 4430])
  }
}

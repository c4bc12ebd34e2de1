import Testing

@testable import Statistics

@Suite struct IntervalTests {
  @Test(
    arguments: zip(
      ["1s", "100ms", "500us", "500µs", "10ns", "1m", "2h", "0", "0s", "1", "0.5", "1.25ms", "2."],
      [
        1_000_000_000, 100_000_000, 500_000, 500_000, 10, 60_000_000_000, 7_200_000_000_000, 0, 0,
        1_000_000_000, 500_000_000, 1_250_000, nil,
      ] as [Int64?]))
  func understands(_ text: String, _ nanoseconds: Int64?) {
    #expect(Interval(text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: ["", "s", "-1s", "1x", "1 s", "1e3", "99999999999999h", "0.1ns", "1.2.3", "٣s"])
  func refuses(_ text: String) { #expect(Interval(text) == nil) }

  @Test(arguments: ["1s", "100ms", "500us", "10ns", "90s", "2h", "0"])
  func saysItselfAgain(_ text: String) throws {
    let interval = try #require(Interval(text))
    #expect(Interval(interval.description) == interval)
  }

  /// The interval named as the shortest works, and is 1, 2 or 5 of some unit.
  @Test(arguments: [0, 1, 99_999, 100_000, 38_613_704_000, 999_999_999_999, .max] as [Int64])
  func namesOneThatWorks(_ time: Int64) {
    let interval = Interval.smallest(dividing: time, into: 100_000)
    #expect(time / interval.nanoseconds < 100_000)
    let first = interval.nanoseconds.description.first
    #expect(first == "1" || first == "2" || first == "5")
    let rest = interval.nanoseconds.description.dropFirst()
    #expect(rest.allSatisfy { $0 == "0" })
  }
}

import PacketCore
import Testing

@testable import Statistics

@Suite struct RoundTripTests {
  /// Every percentile lies within 6.25 % of the exact one, however many round trips there are.
  @Test(arguments: [1, 2, 3, 15, 16, 17, 100, 5000])
  func percentilesAreNear(_ count: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = Generator(state: seed)
    var histograms = RoundTripHistograms()
    var sample = RoundTripSample()
    var exact: [Int64] = []
    for _ in 0..<count {
      // From a microsecond to about eight seconds, as many in each doubling.
      let bit = Int64.random(in: 10...32, using: &generator)
      let time = Int64.random(in: 1 << bit..<1 << (bit + 1), using: &generator)
      exact.append(time)
      sample.add(time, &histograms)
    }
    exact.sort()
    #expect(sample.count == UInt64(count) && sample.least == exact.first, "seed \(seed)")
    #expect(sample.most == exact.last, "seed \(seed)")
    for percent in [1, 50, 95, 100] as [UInt64] {
      let found = try #require(sample.percentile(percent, histograms))
      let rank = max((count * Int(percent) + 99) / 100, 1)
      let error = abs(Double(found - exact[rank - 1])) / Double(exact[rank - 1])
      #expect(error <= 0.0626, "\(percent) % of \(count), seed \(seed)")
    }
  }

  @Test func classesCoverAllTimes() {
    var last = -1
    for bit in 0..<63 {
      let power = Int64(1) << Int64(bit)
      for time: Int64 in [power, power + power / 3] {
        let number = RoundTripHistograms.classNumber(of: time)
        #expect(number >= last && number < RoundTripHistograms.classes)
        last = number
      }
    }
    #expect(RoundTripHistograms.classNumber(of: -5) == 0)
    #expect(RoundTripHistograms.classNumber(of: .max) == RoundTripHistograms.classes - 1)
    for number in 1..<RoundTripHistograms.classes - 1 {
      #expect(
        RoundTripHistograms.classNumber(of: RoundTripHistograms.middle(of: number)) == number)
    }
  }

  @Test func keepsNoMoreHistogramsThanItsLimit() {
    var histograms = RoundTripHistograms()
    for number in 1...1 << 15 { #expect(histograms.make() == UInt32(number)) }
    #expect(histograms.make() == 0)
    var sample = RoundTripSample()
    for time in 1...20 { sample.add(Int64(time) * 1000, &histograms) }
    // Least and most are still known.
    #expect(sample.percentile(50, histograms) == nil)
    #expect(sample.least == 1000 && sample.most == 20_000)
  }

  /// The slots of a series grow, and lose nothing.
  @Test func aSeriesKeepsEveryValue() {
    var series = TimeSeries()
    for index in 0..<10_000 as Range<Int64> {
      series.add(index, at: index * index * 1_000_000)
    }
    series.add(-7, at: .min)
    series.add(7, at: .max)
    #expect(series.slots.reduce(0) { $0 + $1.count } == 10_002)
    #expect(series.slots.reduce(0) { $0 + $1.sum } == 9999 * 10_000 / 2)
    #expect(series.slots[0].least == -7)
  }

  /// The recording's own figures, which `tcp.analysis.ack_rtt` of tshark gives, too.
  @Test func readsTheRecording() throws {
    let trips = RoundTrips()
    try CountedCapture.count("flask-socketio-session.pcap", trips)
    let rtt = try CountedCapture.json(trips).object("rtt")
    #expect(rtt.number("connections") == 12)
    #expect(rtt.number("round_trips") == 145)
    let rows = rtt.rows("connections_by_stream")
    #expect(rows.reduce(0) { $0 + $1.number("a_count") + $1.number("b_count") } == 145)
    #expect(rows.first?["a_port"] as? Int == 58418)
    #expect(rows.first?["initial_s"] as? Double == 0.000044)
  }
}

/// Numbers that come again with the same seed. SplitMix64.
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

import PacketCore
import Testing

@testable import Protocols

/// Segments of which nothing is to be said are taken in one go: as the steps would take them.
@Suite struct TCPQuietSegmentTests {
  /// A conversation, twice.
  private struct Both: ~Copyable {
    var quick = (low: TCPDirection(), high: TCPDirection())
    var slow = (low: TCPDirection(), high: TCPDirection())
    var quickWaiting = TCPUnacknowledged(limit: 40)
    var slowWaiting = TCPUnacknowledged(limit: 40)

    /// Judges a segment both ways.
    mutating func take(_ segment: TCPSegment, fromHigh: Bool) -> (quick: TCPNote, slow: TCPNote) {
      var notes = (quick: TCPNote(), slow: TCPNote())
      if fromHigh { turn() }
      TCPAnalysis.judge(
        segment, own: &quick.low, peer: &quick.high, initialRoundTrip: 5, waiting: &quickWaiting,
        note: &notes.quick)
      TCPAnalysis.judgeStepByStep(
        segment, own: &slow.low, peer: &slow.high, initialRoundTrip: 5, waiting: &slowWaiting,
        note: &notes.slow)
      if fromHigh { turn() }
      return notes
    }

    /// What both have waiting: every place, and how many are in use.
    var waiting: (quick: String, slow: String) { (Self.text(quickWaiting), Self.text(slowWaiting)) }

    private static func text(_ waiting: borrowing TCPUnacknowledged) -> String {
      var text = "\(waiting.inUse) of \(waiting.places)"
      for place in 0..<waiting.places { text += " \(waiting[UInt32(place) + 1])" }
      return text
    }

    private mutating func turn() {
      quick = (quick.high, quick.low)
      slow = (slow.high, slow.low)
    }
  }

  @Test func theyAreJudgedAsByTheSteps() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("TCPQuietSegmentTests seed \(seed)")
    var lots = SeededNumbers(seed: seed)
    var said = 0
    for _ in 0..<60 {
      var both = Both()
      // Near the wrap-around as often as not.
      var next: [UInt32] = [
        lots.below(2) == 0 ? 1 : .max - 300, lots.below(2) == 0 ? 7 : .max - 90,
      ]
      var acknowledged = next
      let scale = [TCPWindowScale.unknown, TCPWindowScale.unused, 0, 3][lots.below(4)]
      both.quick.low.scale = scale
      both.quick.high.scale = scale
      both.slow = both.quick
      for frame in 1...60 {
        let isHigh = lots.below(2) == 0
        let (own, peer) = isHigh ? (1, 0) : (0, 1)
        let length = UInt32([0, 0, 1, 1, 100, 100, 100, 1460][lots.below(8)])
        var flags: TCPFlags = lots.below(40) == 0 ? [] : .ack
        if lots.below(3) == 0 { flags.insert(.psh) }
        if lots.below(30) == 0 { flags.insert([.syn, .fin, .rst][lots.below(3)]) }
        // Mostly the next octets; now and then others.
        var sequence = next[own]
        switch lots.below(12) {
        case 0: sequence &-= 100
        case 1: sequence &+= 100
        case 2: sequence &-= 1
        default: break
        }
        switch lots.below(4) {
        case 0: acknowledged[peer] = next[peer]
        case 1: acknowledged[peer] = lots.below(8) == 0 ? next[peer] &+ 5 : acknowledged[peer]
        default: break
        }
        let segment = TCPSegment(
          sequence: sequence, acknowledgment: acknowledged[peer], length: length, flags: flags,
          window: UInt32([0, 1, 100, 501, 501, 501, 501, 64240][lots.below(8)]),
          frame: UInt32(frame), time: Int64(frame) * 1_000_000)
        if sequence == next[own] { next[own] &+= length }

        let (quick, slow) = both.take(segment, fromHigh: isHigh)
        if !slow.flags.isEmpty { said += 1 }
        #expect("\(quick)" == "\(slow)")
        let waiting = both.waiting
        guard "\(both.quick)" == "\(both.slow)", waiting.quick == waiting.slow else {
          Issue.record(
            "frame \(frame): \(segment) left \(both.quick) \(waiting.quick), \(both.slow) \(waiting.slow)"
          )
          return
        }
      }
    }
    // Of neither kind too few.
    #expect(said > 300 && said < 3300)
  }
}

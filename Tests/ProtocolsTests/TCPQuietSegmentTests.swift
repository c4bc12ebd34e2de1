import PacketCore
import Testing

@testable import Protocols

/// Segments of which nothing is to be said are taken in one go: as the steps would take them.
@Suite struct TCPQuietSegmentTests {
  /// One end's view of a conversation, twice.
  private struct Both {
    var quick = (low: TCPDirection(), high: TCPDirection())
    var slow = (low: TCPDirection(), high: TCPDirection())
    var quickWaiting = TCPUnacknowledged(limit: 40)
    var slowWaiting = TCPUnacknowledged(limit: 40)
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
      for scale in [TCPWindowScale.unknown, TCPWindowScale.unused, 0, 3].shuffled(using: &lots)
        .prefix(1)
      {
        both.quick.low.scale = scale
        both.slow.low.scale = scale
        both.quick.high.scale = scale
        both.slow.high.scale = scale
      }
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

        var quick = TCPNote()
        var slow = TCPNote()
        if isHigh {
          TCPAnalysis.judge(
            segment, own: &both.quick.high, peer: &both.quick.low, initialRoundTrip: 5,
            waiting: &both.quickWaiting, note: &quick)
          TCPAnalysis.judgeStepByStep(
            segment, own: &both.slow.high, peer: &both.slow.low, initialRoundTrip: 5,
            waiting: &both.slowWaiting, note: &slow)
        } else {
          TCPAnalysis.judge(
            segment, own: &both.quick.low, peer: &both.quick.high, initialRoundTrip: 5,
            waiting: &both.quickWaiting, note: &quick)
          TCPAnalysis.judgeStepByStep(
            segment, own: &both.slow.low, peer: &both.slow.high, initialRoundTrip: 5,
            waiting: &both.slowWaiting, note: &slow)
        }
        if !slow.flags.isEmpty { said += 1 }
        #expect("\(quick)" == "\(slow)")
        guard "\(both.quick)" == "\(both.slow)", "\(both.quickWaiting)" == "\(both.slowWaiting)"
        else {
          Issue.record("frame \(frame): \(segment) left \(both)")
          return
        }
      }
    }
    // Of neither kind too few.
    #expect(said > 300 && said < 3300)
  }
}

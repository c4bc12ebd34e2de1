import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Floods: nothing grows without the key, and nobody is flooded through a receiver.
@Suite struct ReceiverFloodTests {
  private static let damage = CheckedSegment.Verdict.failed(CraftedReason(.badHMAC))

  private static func stranger(_ number: Int) -> SegmentEnds {
    var ends = Making.ends
    ends.source = Address(IPv4Address(UInt32(truncatingIfNeeded: number)))
    ends.sourcePort = UInt16(truncatingIfNeeded: number)
    return ends
  }

  @Test func oneAddressIsAskedAHundredTimesASecond() {
    var script = ReceiverScript()
    var asked = 0
    for _ in 0..<1000 { asked += script.take(Self.damage).answers.count }
    #expect(asked == 100)
    // Whatever port it comes from.
    var ends = Making.ends
    ends.sourcePort = 1
    #expect(script.take(Self.damage, ends: ends).answers.isEmpty)
    // Another address has its own.
    #expect(script.take(Self.damage, ends: Self.stranger(1)).answers.count == 1)
    for _ in 0..<50 {
      script.now = script.now.advanced(byNanoseconds: 10_000_000)
      #expect(script.take(Self.damage).answers.count == 1)
      #expect(script.take(Self.damage).answers.isEmpty)
    }
    // Every one is reported all the same.
    #expect(script.take(Self.damage).row == .damaged(CraftedReason(.badHMAC)))
  }

  @Test func allTogetherAreAskedAThousandTimesASecond() {
    var script = ReceiverScript()
    var asked = 0
    for number in 0..<20_000 {
      asked += script.take(Self.damage, ends: Self.stranger(number)).answers.count
    }
    #expect(asked == 1000)
    script.pass(seconds: 1)
    #expect(script.take(Self.damage).answers.count == 1)
    // Messages are acknowledged all the while.
    #expect(script.take(Making.message()).row == .delivered)
  }

  @Test func strangersTakeNoMemory() {
    var script = ReceiverScript()
    for number in 0..<50_000 {
      let ends = Self.stranger(number)
      _ = script.take(Self.damage, sequence: UInt32(number), ends: ends)
      _ = script.take(.empty(.syn), ends: ends)
      _ = script.take(.foreign, ends: ends)
      _ = script.take(.failed(CraftedReason(.expired)), ends: ends)
      if number % 100 == 0 { script.now = script.now.advanced(byNanoseconds: 100_000_000) }
    }
    let machine = script.machine
    #expect(machine.flows.count <= 2 * 4096)
    #expect(machine.resendRates.count <= 2 * 4096)
    #expect(machine.connecting.count <= 2 * 1024)
    #expect(machine.known.count == 0 && machine.frontiers.count == 0)
    #expect(machine.assemblies.isEmpty && machine.undecided.isEmpty)
  }

  @Test func replaysTakeNoMemory() {
    var script = ReceiverScript()
    _ = script.take(Making.message())
    for number in 0..<20_000 {
      let outcome = script.take(Making.message(), made: 0, ends: Self.stranger(number))
      #expect(outcome.deliveries.isEmpty)
    }
    #expect(script.machine.known.count == 1)
    #expect(script.machine.frontiers.count == 1)
    #expect(script.machine.flows.count <= 2 * 4096)
  }

  @Test func withTheKeyTooThereAreLimits() {
    var script = ReceiverScript {
      $0.mostIDs = 100
      $0.mostRuns = 10
      $0.mostUndecided = 5
    }
    for id in 1...10 as ClosedRange<UInt64> {
      var message = Making.message(id: id)
      message.initialSequence = UInt32(id)
      #expect(script.take(message).row == .delivered)
    }
    var message = Making.message(id: 11)
    message.initialSequence = 11
    #expect(script.take(message).refusal == .full)
    message.initialSequence = 1
    for id in 11...100 as ClosedRange<UInt64> {
      message.id.low = id
      message.sequence &+= 200
      #expect(script.take(message).row == .delivered)
    }
    message.id.low = 101
    message.sequence &+= 200
    #expect(script.take(message).refusal == .full)
    // Time makes room.
    script.pass(seconds: 200)
    script.decision = nil
    for id in 200..<205 as Range<UInt64> {
      message.id.low = id
      message.sequence &+= 200
      #expect(script.take(message).deliveries.count == 1)
    }
    message.id.low = 205
    message.sequence &+= 200
    #expect(script.take(message).refusal == .full)
    // Decisions that never come are not waited for for ever.
    script.pass(seconds: 200)
    _ = script.handle(.timer)
    #expect(!script.machine.hasUndecided)
    #expect(script.machine.known.count == 0)
  }
}

import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Messages in parts: whole or not at all.
@Suite struct ReceiverPartsTests {
  @Test func partsInAnyOrderMakeTheMessage() throws {
    let seed = testSeed("ReceiverPartsTests.anyOrder")
    var numbers = SeededNumbers(seed: seed)
    for round in 0..<50 {
      var script = ReceiverScript()
      let parts = numbers.pick(2...40)
      var left = Array(1...parts).shuffled(using: &numbers)
      var taken: Set<Int> = []
      var delivered: [Delivery] = []
      while let part = left.popLast() {
        let outcome = script.take(script.part(part, of: parts))
        delivered += outcome.deliveries
        let isNew = taken.insert(part).inserted
        #expect(outcome.answer?.kind == .ack)
        #expect(outcome.answer?.part == part)
        #expect(outcome.answer?.parts == taken.count, "round \(round), seed \(seed)")
        #expect(outcome.answers.first?.acknowledgment == UInt32(1000 + part * 200))
        if !isNew { #expect(outcome.row == .duplicate) }
        if isNew, taken.count < parts { #expect(outcome.row == .part(held: taken.count)) }
        if numbers.chance(20) { left.append(numbers.pick(1...parts)) }
      }
      #expect(delivered.count == 1)
      #expect(delivered.first?.text == (1...parts).map { "\($0)" }.joined())
      #expect(delivered.first?.parts == parts)
      #expect(script.machine.assemblies.isEmpty && script.machine.heldOctets == 0)
    }
  }

  @Test func goingBackTakesPartsInOrderOnly() {
    var script = ReceiverScript()
    func part(_ part: Int) -> CraftedMessage { script.part(part, of: 4, wantsOrder: true) }
    // Nothing in order yet, so nothing to acknowledge.
    var outcome = script.take(part(2))
    #expect(outcome.row == .outOfOrder)
    #expect(outcome.answers.isEmpty)
    outcome = script.take(part(1))
    #expect(outcome.row == .part(held: 1))
    outcome = script.take(part(2))
    #expect(outcome.row == .part(held: 2))
    outcome = script.take(part(4))
    #expect(outcome.row == .outOfOrder)
    // For the last in order.
    #expect(outcome.answer?.part == 2)
    #expect(outcome.answer?.parts == 2)
    #expect(outcome.answer?.sequence == 1200)
    #expect(outcome.answers.first?.acknowledgment == 1400)
    outcome = script.take(part(1))
    #expect(outcome.row == .duplicate)
    #expect(outcome.answer?.part == 2)
    _ = script.take(part(3))
    outcome = script.take(part(4))
    #expect(outcome.deliveries.first?.text == "1234")
    #expect(outcome.answer?.parts == 4)
    #expect(outcome.answer?.part == 4)
    #expect(script.take(part(2)).answer?.parts == 4)
  }

  @Test func aMessageThatALaterOneOvertookIsGivenUp() {
    var script = ReceiverScript()
    _ = script.take(script.part(1, of: 3))
    #expect(script.machine.heldOctets > 0)
    #expect(script.take(Making.message(id: 8, sequence: 1600)).row == .delivered)
    #expect(script.take(script.part(2, of: 3)).refusal == .late)
    #expect(script.machine.heldOctets == 0)
    #expect(script.take(script.part(1, of: 3)).refusal == .late)
  }

  @Test func theOrderGoesByTheLastPartAndNotByTheLastToCome() {
    var script = ReceiverScript()
    _ = script.take(script.part(2, of: 2))
    #expect(script.take(script.part(1, of: 2)).row == .delivered)
    #expect(script.take(Making.message(id: 8, sequence: 1200)).refusal == .late)
    #expect(script.take(Making.message(id: 9, sequence: 1400)).row == .delivered)
  }

  @Test func aMessageIsAsYoungAsItsYoungestPart() {
    var script = ReceiverScript()
    _ = script.take(script.part(1, of: 3), made: 0)
    script.pass(seconds: 50)
    _ = script.take(script.part(2, of: 3), made: 50)
    // Given up, and later forgotten.
    for _ in 0..<2 {
      script.pass(seconds: 122)
      _ = script.handle(.timer)
    }
    #expect(script.machine.known.count == 0)
    #expect(script.take(script.part(2, of: 3), made: 50).refusal == .beforeStart)
    #expect(script.take(Making.message(id: 8), made: 51).row == .delivered)
  }

  @Test func partsThatComeTooSlowlyAreGivenUp() {
    var script = ReceiverScript()
    _ = script.take(script.part(1, of: 3))
    // Each part keeps the others.
    script.pass(seconds: 100)
    _ = script.take(script.part(2, of: 3))
    script.pass(seconds: 100)
    _ = script.handle(.timer)
    #expect(script.machine.assemblies.count == 1)
    script.pass(seconds: 30)
    _ = script.handle(.timer)
    #expect(script.machine.assemblies.isEmpty && script.machine.heldOctets == 0)
    #expect(script.take(script.part(3, of: 3)).refusal == .incomplete)
    #expect(script.take(script.part(1, of: 3)).refusal == .incomplete)
  }

  @Test func partsHaveToAgreeOnTheWhole() {
    var script = ReceiverScript()
    _ = script.take(script.part(1, of: 3))
    let outcome = script.take(script.part(2, of: 4))
    #expect(outcome.refusal == .badMessage)
    #expect(outcome.answer?.reason?.text == "bad-message a part of 4≠one of the 3 begun")
    _ = script.take(script.part(2, of: 3))
    #expect(script.take(script.part(3, of: 3)).deliveries.first?.text == "123")
  }

  @Test func aMessageMayBeSoLong() {
    var script = ReceiverScript { $0.longestMessage = 100 }
    let half = String(repeating: "x", count: 50)
    _ = script.take(script.part(1, of: 2, text: half))
    #expect(script.take(script.part(2, of: 2, text: half)).deliveries.first?.text == half + half)
    let next = script.take(script.part(1, of: 2, id: 8, text: half + "x", from: 1400))
    #expect(next.row == .part(held: 1))
    var outcome = script.take(script.part(2, of: 2, id: 8, text: half, from: 1400))
    #expect(outcome.refusal == .tooLong)
    #expect(outcome.answer?.reason?.text == "too-long 101 octets≠100 octets")
    #expect(script.machine.heldOctets == 0)
    outcome = script.take(Making.message(half + half + "x", id: 9, sequence: 2000))
    #expect(outcome.refusal == .tooLong)
  }

  @Test func allTogetherMayHoldSoMuch() {
    var script = ReceiverScript {
      $0.mostOctets = 1000
      $0.mostAssemblies = 3
    }
    let text = String(repeating: "x", count: 236)
    for id in 1...3 as ClosedRange<UInt64> {
      let first = UInt32(id * 1000)
      #expect(
        script.take(script.part(1, of: 5, id: id, text: text, from: first)).row
          == .part(held: 1))
    }
    #expect(script.take(script.part(1, of: 5, id: 4, from: 4000)).refusal == .full)
    #expect(script.take(script.part(2, of: 5, id: 1, from: 1000)).row == .part(held: 2))
    // The part that does not fit takes its message with it, and the others live.
    #expect(script.take(script.part(2, of: 5, id: 2, text: text, from: 2000)).refusal == .full)
    #expect(script.take(script.part(3, of: 5, id: 2, from: 2000)).refusal == .incomplete)
    #expect(script.machine.assemblies.count == 2)
    #expect(script.take(script.part(2, of: 5, id: 3, from: 3000)).row == .part(held: 2))
  }

  @Test func manyPartsTakeNoLonger() {
    // Copying what is held with each part would take minutes.
    var script = ReceiverScript()
    var deliveries: [Delivery] = []
    for part in 1...20_000 {
      deliveries += script.take(script.part(part, of: 20_000, text: "xy")).deliveries
    }
    #expect(deliveries.first?.text.utf8.count == 40_000)
  }
}

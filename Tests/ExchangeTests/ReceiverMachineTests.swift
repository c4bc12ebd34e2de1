import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Single messages: delivered once, in order, acknowledged as often as they come.
@Suite struct ReceiverMachineTests {
  @Test func aMessageIsDeliveredAndAcknowledged() throws {
    var script = ReceiverScript()
    let outcome = script.take(Making.message())
    let delivery = try #require(outcome.deliveries.first)
    #expect(
      delivery
        == Delivery(
          id: Making.message().id, sender: "ada", room: "ABCDEF", text: "hi", ends: Making.ends,
          tries: 1, parts: 1))
    #expect(outcome.row == .delivered)
    #expect(outcome.rows.first?.answer == .ack)
    let answer = try #require(outcome.answers.first)
    #expect(answer.ends == Making.ends.reversed)
    #expect(answer.acknowledgment == 1200)
    #expect(answer.flags == [.psh, .ack])
    #expect(answer.message.kind == .ack)
    #expect(answer.message.id == Making.message().id)
    #expect(answer.message.sender == "bob")
    #expect((answer.message.part, answer.message.parts) == (1, 1))
    #expect(answer.message.sequence == 1000)
    #expect(try CraftedMessage(answer.plain) == answer.message)
  }

  @Test func aDuplicateIsAcknowledgedAgainAndNotDelivered() {
    var script = ReceiverScript()
    let first = script.take(Making.message())
    for _ in 0..<5 {
      let again = script.take(Making.message(), made: 0)
      #expect(again.deliveries.isEmpty)
      #expect(again.row == .duplicate)
      #expect(again.answer == first.answer)
    }
    // From anywhere: a replay is no new message. It is answered, so that nobody learns more.
    var ends = Making.ends
    ends.source = Address(IPv4Address(192, 0, 2, 1))
    #expect(script.take(Making.message(), made: 0, ends: ends).row == .duplicate)
  }

  @Test func answersCountTheirOwnSequenceNumbers() throws {
    var script = ReceiverScript()
    var next: UInt32?
    var starts: Set<UInt32> = []
    for port in [1, 2, 1, 1, 2] as [UInt16] {
      var ends = Making.ends
      ends.sourcePort = port
      let answer = try #require(script.take(Making.message(), made: 0, ends: ends).answers.first)
      if port == 1 {
        #expect(next == nil || answer.sequence == next)
        let token = try Making.token(answer.plain)
        next = answer.sequence &+ UInt32(token.count)
      }
      starts.insert(answer.sequence)
    }
    // Each flow begins behind what its first segment acknowledges.
    #expect(starts.count == 3)
    #expect(starts.min() == 1)
  }

  @Test func anUndecidedMessageIsNotAnsweredUntilItIs() {
    var script = ReceiverScript()
    script.decision = nil
    var outcome = script.take(Making.message())
    #expect(outcome.deliveries.count == 1)
    #expect(outcome.answers.isEmpty && outcome.rows.isEmpty)
    outcome = script.take(Making.message())
    #expect(outcome.deliveries.isEmpty && outcome.answers.isEmpty)
    #expect(outcome.row == .duplicate)
    #expect(script.machine.hasUndecided)
    outcome = script.handle(.decided(Making.message().id, .delivered))
    #expect(outcome.row == .delivered)
    #expect(outcome.answer?.kind == .ack)
    #expect(!script.machine.hasUndecided)
    // Only the first word counts.
    outcome = script.handle(
      .decided(Making.message().id, .refused(CraftedReason(.noRoom))))
    #expect(outcome == .init())
    #expect(script.take(Making.message()).answer?.kind == .ack)
  }

  @Test func aRefusedMessageStaysRefused() throws {
    var script = ReceiverScript()
    script.decision = .refused(CraftedReason(.noRoom, found: "X", expected: "ABCDEF"))
    let outcome = script.take(Making.message())
    #expect(outcome.deliveries.count == 1)
    let answer = try #require(outcome.answers.first)
    #expect(answer.flags == [.fin, .psh, .ack])
    #expect(answer.acknowledgment == 1200)
    #expect(answer.message.reason?.text == "no-room X≠ABCDEF")
    script.decision = .delivered
    #expect(script.take(Making.message()).refusal == .noRoom)
  }

  @Test func damageIsAskedForAgain() throws {
    var script = ReceiverScript()
    let reason = CraftedReason(.badTCPChecksum, found: "0x1454", expected: "0xc91c")
    for count in 1...2 {
      let outcome = script.take(.failed(reason))
      #expect(outcome.row == .damaged(reason))
      #expect(outcome.rows.first?.tries == count)
      let answer = try #require(outcome.answers.first)
      #expect(answer.acknowledgment == 1000)
      #expect(answer.flags == [.psh, .ack])
      #expect(answer.message.kind == .resend)
      #expect(answer.message.id == .none)
      #expect(answer.message.sequence == 1000)
      #expect(answer.message.reason == reason)
    }
    #expect(script.take(Making.message()).deliveries.first?.tries == 3)
  }

  @Test func refusalsAreNotAnsweredWhenDamaged() {
    var script = ReceiverScript()
    let outcome = script.take(.failed(CraftedReason(.badHMAC)), flags: [.fin, .psh, .ack])
    #expect(outcome.answers.isEmpty)
    #expect(outcome.row == .damaged(CraftedReason(.badHMAC)))
  }

  @Test func whatWillNeverBeTakenIsRefused() {
    var script = ReceiverScript()
    for code in [CraftedReason.Code.expired, .fromTheFuture, .badMessage, .wrongSequence] {
      let outcome = script.take(.failed(CraftedReason(code)))
      #expect(outcome.refusal == code)
      #expect(outcome.row == .refused(CraftedReason(code)))
    }
  }

  @Test func afterARestartOlderTokensAreRefused() {
    var script = ReceiverScript()
    #expect(script.take(Making.message(), made: 0).row == .delivered)
    script = ReceiverScript(start: Making.start + 5)
    let outcome = script.take(Making.message(), made: 0)
    #expect(outcome.refusal == .beforeStart)
    #expect(outcome.answer?.reason?.text == "before-start 5 s before≠since the start")
    #expect(script.take(Making.message(id: 8), made: 4).refusal == .beforeStart)
    #expect(script.take(Making.message(id: 9), made: 5).row == .delivered)
  }

  @Test func whatWasForgottenIsNeverTakenAgain() {
    var script = ReceiverScript()
    _ = script.take(Making.message(), made: 0)
    script.pass(seconds: 120)
    // As long as the token may come, and be young enough to somebody, it is known.
    #expect(script.take(Making.message(), made: 0).row == .duplicate)
    script.pass(seconds: 122)
    _ = script.handle(.timer)
    #expect(script.machine.known.count == 0)
    #expect(script.machine.frontiers.count == 0)
    #expect(script.machine.nextTimer == nil)
    // The clock on the wall was set back: the age is no obstacle any more.
    #expect(script.take(Making.message(), made: 0).refusal == .beforeStart)
    #expect(script.take(Making.message(id: 8), made: 1).row == .delivered)
  }

  @Test func anEarlierMessageOfARunIsLate() {
    var script = ReceiverScript()
    #expect(script.take(Making.message(id: 2, sequence: 1400)).row == .delivered)
    #expect(script.take(Making.message(id: 1, sequence: 1000)).refusal == .late)
    // The next one stands right behind it.
    #expect(script.take(Making.message(id: 4, sequence: 1599)).refusal == .late)
    #expect(script.take(Making.message(id: 3, sequence: 1600)).row == .delivered)
    // Known ones are not late.
    #expect(script.take(Making.message(id: 2, sequence: 1400)).row == .duplicate)
    // Another run has its own order.
    var message = Making.message(id: 9, sequence: 500)
    message.initialSequence = 500
    #expect(script.take(message).row == .delivered)
    var ends = Making.ends
    ends.sourcePort = 1
    #expect(script.take(Making.message(id: 10), ends: ends).row == .delivered)
  }

  @Test func theOrderHoldsAroundTheEndOfTheNumbers() {
    var script = ReceiverScript()
    var first = Making.message(id: 1, sequence: .max - 100)
    first.initialSequence = .max - 100
    var second = first
    second.id.low = 2
    second.sequence = first.sequence &+ 200
    #expect(second.sequence < first.sequence)
    #expect(script.take(second).row == .delivered)
    #expect(script.take(first).refusal == .late)
    second.id.low = 3
    second.sequence &+= 200
    #expect(script.take(second).row == .delivered)
  }

  @Test func strangersAreReportedAndNotAnswered() {
    var script = ReceiverScript()
    #expect(script.take(.foreign).row == .foreign)
    #expect(script.take(.foreign).answers.isEmpty)
    var outcome = script.take(.empty(.syn))
    #expect(outcome.row == .connectionAttempt)
    #expect(outcome.answers.isEmpty)
    #expect(script.take(.empty(.syn)) == .init())
    #expect(script.take(.empty([.rst])) == .init())
    var answer = Making.message()
    for kind in [CraftedMessage.Kind.ack, .resend, .refused] {
      answer.kind = kind
      outcome = script.take(answer)
      #expect(outcome.row == .answer)
      #expect(outcome.answers.isEmpty)
    }
  }
}

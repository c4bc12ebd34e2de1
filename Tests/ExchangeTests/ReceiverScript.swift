import Capture
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// A receiver machine that is told what arrives, and what it did about it.
struct ReceiverScript {
  struct Outcome: Equatable {
    var deliveries: [Delivery] = []
    var answers: [ReceiverAnswer] = []
    var rows: [ReceiverRow] = []

    var answer: CraftedMessage? { answers.count == 1 ? answers[0].message : nil }
    var row: ReceiverRow.Outcome? { rows.count == 1 ? rows[0].outcome : nil }
    /// Nothing was delivered, and the answer says why.
    var refusal: CraftedReason.Code? {
      guard deliveries.isEmpty, let answer, answer.kind == .refused else { return nil }
      return answer.reason?.code
    }
  }

  static let second: Int64 = 1_000_000_000

  var machine: ReceiverMachine
  var now = MonotonicTime(nanoseconds: 0)
  /// What becomes of messages at once; nil for later.
  var decision: DeliveryDecision? = .delivered
  /// Octets of every payload.
  var length = 200

  init(_ change: (inout ReceiverSettings) -> Void = { _ in }, start: UInt64 = Making.start) {
    var settings = ReceiverSettings()
    settings.name = "bob"
    change(&settings)
    machine = ReceiverMachine(settings, start: start)
  }

  mutating func pass(seconds: Int64) { now = now.advanced(byNanoseconds: seconds * Self.second) }

  /// A message made at a second after the start arrives; the clock's own second if none is named.
  mutating func take(
    _ message: CraftedMessage, made: Int64? = nil, ends: SegmentEnds = Making.ends
  ) -> Outcome {
    let made = made ?? now.nanoseconds / Self.second
    return take(
      .taken(message, made: UInt64(Int64(Making.start) + made)), sequence: message.sequence,
      ends: ends)
  }

  mutating func take(
    _ verdict: CheckedSegment.Verdict, sequence: UInt32 = 1000, ends: SegmentEnds = Making.ends,
    flags: TCPFlags = [.psh, .ack]
  ) -> Outcome {
    handle(
      .segment(
        CheckedSegment(
          ends: ends, sequence: sequence, acknowledgment: 0, flags: flags,
          payload: 40..<40 + length, verdict: verdict)))
  }

  mutating func handle(_ event: ReceiverEvent) -> Outcome {
    var outcome = Outcome()
    var actions = machine.handle(event, at: now)[...]
    while let action = actions.popFirst() {
      switch action {
      case .deliver(let delivery):
        outcome.deliveries.append(delivery)
        guard let decision else { continue }
        actions.append(
          contentsOf: machine.handle(.decided(delivery.id, decision), at: now))
      case .answer(let answer): outcome.answers.append(answer)
      case .report(let row): outcome.rows.append(row)
      }
    }
    return outcome
  }

  /// A part of a message: as many octets of sequence numbers as payloads have lie between them.
  func part(
    _ part: Int, of parts: Int, id: UInt64 = 7, text: String? = nil, from first: UInt32 = 1000,
    wantsOrder: Bool = false
  ) -> CraftedMessage {
    var message = Making.message(text ?? "\(part)", id: id)
    message.part = part
    message.parts = parts
    message.sequence = first &+ UInt32(part - 1) &* UInt32(length)
    message.wantsOrder = wantsOrder
    return message
  }
}

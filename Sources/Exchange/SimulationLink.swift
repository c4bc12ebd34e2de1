import Capture
import PacketCore

/// A link between a `SenderMachine` and a receiver that knows all parts by their numbers: what is
/// sent waits until the link is free, takes its time to send and to travel, and may be lost.
struct SimulationLink {
  /// What arrives, at one of the ends.
  private struct Arrival {
    var time: Int64
    /// A part, or the answer to one.
    var part: Int
    /// Parts held: of an answer.
    var held: Int
  }

  /// Nothing overtakes anything, so the first in is the first out.
  private struct Line {
    private var arrivals: [Arrival] = []
    private var head = 0

    var first: Arrival? { head < arrivals.count ? arrivals[head] : nil }

    mutating func append(_ arrival: Arrival) { arrivals.append(arrival) }

    mutating func removeFirst() {
      head += 1
      if head > 4096, head > arrivals.count / 2 {
        arrivals.removeSubrange(..<head)
        head = 0
      }
    }
  }

  /// Nanoseconds until all was acknowledged.
  private(set) var elapsed: Int64 = 0
  private(set) var transmissions = 0

  private let trial: WindowTrial
  private var machine: SenderMachine
  private var numbers: SeededNumbers
  private var forward = Line()
  private var back = Line()
  /// When the link has sent what it was given.
  private var isFreeAt: Int64 = 0
  private var has: [Bool]
  private var held = 0
  private var isOver = false

  init(_ trial: WindowTrial, _ settings: SenderSettings) {
    self.trial = trial
    machine = SenderMachine(settings: settings, initialSequence: 0)
    numbers = SeededNumbers(seed: trial.seed)
    has = Array(repeating: false, count: trial.parts)
  }

  /// Sends all parts.
  mutating func run() {
    handle(.begin(lengths: Array(repeating: trial.segment, count: trial.parts)), 0)
    while !isOver, let deadline = machine.deadline?.nanoseconds {
      let arrival = forward.first?.time ?? .max
      let answer = back.first?.time ?? .max
      if answer <= min(arrival, deadline), let first = back.first {
        back.removeFirst()
        take(first)
      } else if arrival <= deadline, let first = forward.first {
        forward.removeFirst()
        receive(first)
      } else {
        handle(.timer, deadline)
      }
    }
  }

  private mutating func handle(_ event: SenderEvent, _ now: Int64) {
    for action in machine.handle(event, at: MonotonicTime(nanoseconds: now)) {
      switch action {
      case .transmit(let part, _, _):
        transmissions += 1
        // What is lost occupies the link all the same.
        isFreeAt = max(isFreeAt, now) + trial.sending
        let luck = Double(numbers.next() >> 11) / Double(1 << 53 as UInt64)
        guard luck >= trial.loss else { continue }
        forward.append(Arrival(time: isFreeAt + trial.delay, part: part, held: 0))
      case .finish:
        isOver = true
        elapsed = now
      case .wake, .attempt, .remark: break
      }
    }
  }

  /// The receiver's end.
  private mutating func receive(_ arrival: Arrival) {
    var part = arrival.part
    if trial.recovery == .goBackN {
      // Only what is next; the last in order is acknowledged.
      if part == held + 1 { held += 1 }
      part = min(part, held)
      guard part > 0 else { return }
    } else if !has[part - 1] {
      has[part - 1] = true
      held += 1
    }
    back.append(Arrival(time: arrival.time + trial.delay, part: part, held: held))
  }

  private mutating func take(_ answer: Arrival) {
    let length = UInt32(truncatingIfNeeded: trial.segment)
    let end = UInt32(truncatingIfNeeded: answer.part) &* length
    handle(
      .answer(
        SenderAnswer(
          .ack, part: answer.part, parts: answer.held, acknowledgment: end,
          sequence: end &- length, ownSequence: 0)), answer.time)
  }
}

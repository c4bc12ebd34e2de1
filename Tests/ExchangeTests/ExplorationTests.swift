import Capture
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// All that a network can do to a few messages, for small bounds: sender and receiver as they are,
/// every order of loss, duplication, overtaking, damage and waiting, depth first. What is never
/// delivered is a packet that waits for ever, so that loss needs no step of its own except to make
/// room.
private struct World {
  struct Bounds: CustomTestStringConvertible {
    var recovery = SenderSettings.Recovery.stopAndWait
    var window = 1
    var parts = [1, 1]
    var retries = 1
    /// Packets under way at once; what comes on top is lost.
    var flight = 3
    /// Packets that may be delivered and stay under way all the same.
    var duplicates = 1

    var testDescription: String {
      "\(recovery), window \(window), parts \(parts), retries \(retries), \(flight) under way"
    }
  }

  /// A packet under way.
  enum Packet: Hashable {
    case segment(message: Int, part: Int, sequence: UInt32, initial: UInt32)
    case answer(
      kind: CraftedMessage.Kind, id: CraftedMessage.ID, part: Int, parts: Int,
      acknowledgment: UInt32, sequence: UInt32, own: UInt32, reason: CraftedReason?)
  }

  /// What decides on all that can still happen.
  struct Key: Hashable {
    struct Message: Hashable {
      var state: String
      var held: [Bool]
    }
    var sender: SenderMachine
    var message: Int
    var messages: [Message]
    var frontier: UInt32?
    var next: UInt32?
    var resend: UInt32?
    var echoes: Int
    var packets: [Packet: Int]
    var duplicates: Int
    var delivered: [Int]
  }

  static let length = 100
  static let ends = SegmentEnds(
    source: Address(IPv4Address(10, 0, 0, 1)), destination: Address(IPv4Address(10, 0, 0, 2)),
    sourcePort: 1, destinationPort: 2)

  let bounds: Bounds
  var sender: SenderMachine
  var receiver: ReceiverMachine
  var packets: [Packet: Int] = [:]
  var now = MonotonicTime(nanoseconds: 0)
  /// The message that is sent, from 0; as many as there are when all is over.
  var message = -1
  var duplicates: Int
  var delivered: [Int] = []
  /// What was said of the messages.
  var outcomes: [Outcome] = []
  var faults: [String] = []

  init(_ bounds: Bounds) throws {
    self.bounds = bounds
    duplicates = bounds.duplicates
    sender = SenderMachine(
      settings: try SenderSettings(
        retries: bounds.retries, window: bounds.window, recovery: bounds.recovery),
      initialSequence: 0x1000)
    receiver = ReceiverMachine(ReceiverSettings(), start: 1000, seed: 1)
    beginNext()
  }

  static func id(_ message: Int) -> CraftedMessage.ID { .init(high: 1, low: UInt64(message)) }

  var isOver: Bool { message == bounds.parts.count }

  var key: Key {
    let flow = receiver.flows[Self.ends]
    let first = segment(0, 1, sender.initialSequence, sender.initialSequence)
    return Key(
      sender: sender, message: message,
      messages: bounds.parts.indices.map { message in
        let assembly = receiver.assemblies[Self.id(message)]
        return Key.Message(
          state: receiver.known[Self.id(message)].map { "\($0.state)" } ?? "",
          held: (1...bounds.parts[message]).map { assembly?.has($0) ?? false })
      },
      frontier: receiver.frontiers[.init(first, first.content)],
      next: flow?.next, resend: flow?.resend, echoes: flow?.echoes ?? 0, packets: packets,
      duplicates: duplicates, delivered: delivered)
  }

  private mutating func beginNext() {
    message += 1
    guard !isOver else { return }
    let lengths = Array(repeating: Self.length, count: bounds.parts[message])
    perform(sender.handle(.begin(lengths: lengths), at: now))
  }

  private mutating func put(_ packet: Packet) {
    guard packets.values.reduce(0, +) < bounds.flight else { return }
    packets[packet, default: 0] += 1
  }

  private mutating func perform(_ actions: [SenderAction]) {
    for action in actions {
      switch action {
      case .transmit(let part, _, let sequence):
        put(
          .segment(
            message: message, part: part, sequence: sequence, initial: sender.initialSequence))
      case .finish(let outcome):
        outcomes.append(outcome)
        if outcome.isDelivered, !delivered.contains(message) {
          faults.append("message \(message) was called delivered")
        }
        beginNext()
      case .wake, .attempt, .remark: break
      }
    }
  }

  private mutating func perform(_ actions: [ReceiverAction]) {
    for action in actions {
      switch action {
      case .deliver(let delivery):
        let message = Int(delivery.id.low)
        if delivered.contains(message) { faults.append("message \(message) came twice") }
        if let last = delivered.last, last > message {
          faults.append("message \(message) came after message \(last)")
        }
        let text = (1...bounds.parts[message]).map { "\(message).\($0) " }.joined()
        if delivery.text != text { faults.append("message \(message) has the wrong text") }
        delivered.append(message)
        perform(receiver.handle(.decided(delivery.id, .delivered), at: now))
      case .answer(let answer):
        put(
          .answer(
            kind: answer.message.kind, id: answer.message.id, part: answer.message.part,
            parts: answer.message.parts, acknowledgment: answer.acknowledgment,
            sequence: answer.message.sequence, own: answer.sequence,
            reason: answer.message.reason))
      case .report: break
      }
    }
  }

  private func segment(
    _ message: Int, _ part: Int, _ sequence: UInt32, _ initial: UInt32, isDamaged: Bool = false
  ) -> CheckedSegment {
    let content = CraftedMessage(
      .message, id: Self.id(message), sender: "ada", text: "\(message).\(part) ", part: part,
      parts: bounds.parts.indices.contains(message) ? bounds.parts[message] : 1,
      initialSequence: initial, sequence: sequence, wantsOrder: bounds.recovery == .goBackN)
    return CheckedSegment(
      ends: Self.ends, sequence: sequence, acknowledgment: 0, flags: [.psh, .ack],
      payload: 40..<40 + Self.length,
      verdict: isDamaged
        ? .failed(CraftedReason(.badTCPChecksum)) : .taken(content, made: 1000))
  }

  /// A step.
  enum Step {
    /// The sender's timer ends.
    case timer
    case deliver(Packet, isDamaged: Bool, staysUnderWay: Bool)
    case lose(Packet)
  }

  var steps: [Step] {
    var steps: [Step] = sender.isActive ? [.timer] : []
    for packet in packets.keys {
      for isDamaged in [false, true] {
        steps.append(.deliver(packet, isDamaged: isDamaged, staysUnderWay: false))
        if duplicates > 0 {
          steps.append(.deliver(packet, isDamaged: isDamaged, staysUnderWay: true))
        }
      }
      // Room for others is wanted only where it is short.
      if packets.values.reduce(0, +) == bounds.flight { steps.append(.lose(packet)) }
    }
    return steps
  }

  mutating func take(_ step: Step) {
    switch step {
    case .timer:
      now = max(now, sender.deadline ?? now)
      perform(sender.handle(.timer, at: now))
    case .lose(let packet): remove(packet)
    case .deliver(let packet, let isDamaged, let staysUnderWay):
      if staysUnderWay { duplicates -= 1 } else { remove(packet) }
      switch packet {
      case .segment(let message, let part, let sequence, let initial):
        let segment = segment(message, part, sequence, initial, isDamaged: isDamaged)
        perform(receiver.handle(.segment(segment), at: now))
      case .answer(
        let kind, let id, let part, let parts, let acknowledgment, let sequence, let own, let reason
      ):
        guard sender.isActive else { return }
        if isDamaged { return perform(sender.handle(.damagedAnswer, at: now)) }
        // As `SendingEnd` does: the id has to be the message's.
        guard id == Self.id(message) || id == .none && kind != .ack else { return }
        perform(
          sender.handle(
            .answer(
              SenderAnswer(
                kind, part: part, parts: parts, acknowledgment: acknowledgment,
                sequence: sequence, ownSequence: own, reason: reason)), at: now))
      }
    }
  }

  private mutating func remove(_ packet: Packet) {
    let count = (packets[packet] ?? 0) - 1
    packets[packet] = count > 0 ? count : nil
  }
}

extension CheckedSegment {
  /// What a segment says that was not damaged.
  fileprivate var content: CraftedMessage {
    if case .taken(let message, _) = verdict { return message }
    return CraftedMessage(.message, id: .none)
  }
}

/// Delivered at most once, in order, said of nothing else, and always an end: in every state there is.
@Suite struct ExplorationTests {
  private struct Result {
    var states = 0
    var steps = 0
    var depth = 0
    /// How the messages ended, as often as there are states in which the last one did.
    var endings: Set<String> = []
    var faults: Set<String> = []
    /// A state that follows from itself: a run without end.
    var hasCircle = false
  }

  /// Goes through all states.
  private func explore(_ bounds: World.Bounds, most: Int) throws -> Result {
    var result = Result()
    // True while the state is on the way to the one that is looked at.
    var seen: [World.Key: Bool] = [:]
    struct Frame {
      var world: World
      var key: World.Key
      var steps: [World.Step]
    }
    let world = try World(bounds)
    var stack = [Frame(world: world, key: world.key, steps: world.steps)]
    seen[world.key] = true
    while !stack.isEmpty, result.states < most {
      guard let step = stack[stack.count - 1].steps.popLast() else {
        seen[stack.removeLast().key] = false
        continue
      }
      var world = stack[stack.count - 1].world
      world.take(step)
      result.steps += 1
      result.faults.formUnion(world.faults)
      let key = world.key
      if let isOnTheWay = seen[key] {
        result.hasCircle = result.hasCircle || isOnTheWay
        continue
      }
      result.states += 1
      if world.isOver {
        result.endings.insert(world.outcomes.map { "\($0.word)" }.joined(separator: " "))
      }
      seen[key] = true
      stack.append(Frame(world: world, key: key, steps: world.steps))
      result.depth = max(result.depth, stack.count)
    }
    return result
  }

  private static let isFull = ProcessInfo.processInfo.environment["NETLAB_FULL"] == "1"

  private static let small: [World.Bounds] = [
    World.Bounds(flight: 2),
    World.Bounds(retries: 2, flight: 2, duplicates: 0),
    World.Bounds(parts: [2, 1], flight: 2, duplicates: 0),
    World.Bounds(recovery: .selectiveRepeat, window: 2, parts: [2, 1], flight: 2, duplicates: 0),
    World.Bounds(recovery: .goBackN, window: 2, parts: [2, 1], flight: 2, duplicates: 0),
  ]
  /// What takes minutes.
  private static let large: [World.Bounds] = [
    World.Bounds(flight: 3),
    World.Bounds(parts: [1, 1, 1], flight: 2),
    World.Bounds(retries: 2, flight: 2),
    World.Bounds(parts: [2, 1], flight: 2),
    World.Bounds(recovery: .selectiveRepeat, window: 2, parts: [2, 1], flight: 2),
    World.Bounds(recovery: .goBackN, window: 2, parts: [2, 1], flight: 2),
    World.Bounds(recovery: .selectiveRepeat, window: 2, parts: [2, 1], flight: 3, duplicates: 0),
    World.Bounds(recovery: .goBackN, window: 2, parts: [2, 1], flight: 3, duplicates: 0),
  ]

  @Test(arguments: isFull ? large : small)
  fileprivate func everyInterleavingKeepsTheLaws(_ bounds: World.Bounds) throws {
    let result = try explore(bounds, most: 8_000_000)
    print(
      "\(bounds.testDescription): \(result.states) states, \(result.steps) steps, depth "
        + "\(result.depth), endings \(result.endings.sorted())")
    #expect(result.faults.isEmpty)
    #expect(!result.hasCircle)
    #expect(result.states < 8_000_000, "not all was looked at")
    // What may happen does happen: otherwise the search would show nothing.
    for word in ["delivered", "no-answer", "damaged"] {
      #expect(result.endings.contains { $0.contains(word) }, "\(word) was not reached")
    }
  }
}

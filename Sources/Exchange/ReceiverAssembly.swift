import Capture
import PacketCore
import Protocols

/// The parts of one message that are here.
struct ReceiverAssembly: Sendable {
  let parts: Int
  let wantsOrder: Bool
  let sender: String
  let room: String?
  private var texts: [Int: String] = [:]
  /// Octets of text.
  private(set) var octets = 0
  /// The sequence number behind its last segment; nil before the first.
  private(set) var end: UInt32?
  /// Tries of the part that was tried most.
  private(set) var tries = 0
  /// The last segment in order: part, sequence number, and the number behind it.
  private(set) var inOrder: (part: Int, sequence: UInt32, end: UInt32)?

  /// What a part costs besides its text, so that empty ones count too.
  private static let overhead = 64

  /// - Parameter message: Any part; what it says of the whole holds.
  init(_ message: CraftedMessage) {
    parts = message.parts
    wantsOrder = message.wantsOrder
    sender = message.sender
    room = message.room
  }

  var held: Int { texts.count }
  var isWhole: Bool { texts.count == parts }
  /// Octets that it is counted with.
  var cost: Int { octets + texts.count * Self.overhead }

  static func cost(of message: CraftedMessage) -> Int { message.text.utf8.count + overhead }

  func has(_ part: Int) -> Bool { texts[part] != nil }

  /// Whether a part belongs to this message: all have to say the same of the whole.
  func fits(_ message: CraftedMessage) -> Bool {
    message.parts == parts && message.sender == sender && message.room == room
  }

  mutating func add(_ message: CraftedMessage, _ segment: CheckedSegment, tries: Int) {
    texts[message.part] = message.text
    octets += message.text.utf8.count
    if let end, segment.end.isBefore(end) {} else { end = segment.end }
    self.tries = max(self.tries, tries)
    if message.part == (inOrder?.part ?? 0) + 1 {
      inOrder = (message.part, segment.sequence, segment.end)
    }
  }

  /// The whole text.
  func text() -> String {
    var text = ""
    text.reserveCapacity(octets)
    for part in 1...max(parts, 1) { text += texts[part] ?? "" }
    return text
  }
}

extension ReceiverMachine {
  private enum Placing {
    /// The assembly stays.
    case stays
    case whole
    case givenUp(CraftedReason)
  }

  /// A part of a message that is being put together.
  mutating func takePart(
    _ segment: CheckedSegment, _ message: CraftedMessage, _ made: UInt64, _ now: MonotonicTime
  ) {
    // Taken out, so that the table of its parts is not copied.
    guard var assembly = assemblies.removeValue(forKey: message.id) else { return }
    heldOctets -= assembly.cost
    switch place(segment, message, in: &assembly) {
    case .stays:
      heldOctets += assembly.cost
      assemblies[message.id] = assembly
    case .whole:
      hand(over: message, text: assembly.text(), segment, of: assembly, made, now)
    case .givenUp(let reason):
      remember(message.id, .refused(reason.code == .full ? .incomplete : reason.code), made, now)
      refuse(segment, message, reason)
    }
  }

  private mutating func place(
    _ segment: CheckedSegment, _ message: CraftedMessage, in assembly: inout ReceiverAssembly
  ) -> Placing {
    guard assembly.fits(message) else {
      refuse(
        segment, message,
        CraftedReason(
          .badMessage, found: "a part of \(message.parts)",
          expected: "one of the \(assembly.parts) begun"))
      return .stays
    }
    if assembly.has(message.part) {
      acknowledgeHeld(segment, message, assembly)
      report(.duplicate, segment, message, answer: .ack)
      return .stays
    }
    if assembly.wantsOrder, message.part != (assembly.inOrder?.part ?? 0) + 1 {
      let isAnswered = acknowledgeHeld(segment, message, assembly)
      report(.outOfOrder, segment, message, answer: isAnswered ? .ack : nil)
      return .stays
    }
    if let reason = obstacle(segment, message, assembly) { return .givenUp(reason) }
    assembly.add(message, segment, tries: tries(segment))
    guard !assembly.isWhole else { return .whole }
    acknowledgeHeld(segment, message, assembly)
    report(.part(held: assembly.held), segment, message, answer: .ack)
    return .stays
  }

  /// Why a part cannot be kept, and the message has to be given up.
  private func obstacle(
    _ segment: CheckedSegment, _ message: CraftedMessage, _ assembly: ReceiverAssembly
  ) -> CraftedReason? {
    if isLate(segment, message) { return late(segment, message) }
    let octets = assembly.octets + message.text.utf8.count
    if octets > settings.longestMessage { return tooLong(octets) }
    if heldOctets + assembly.cost + ReceiverAssembly.cost(of: message) > settings.mostOctets {
      return CraftedReason(.full)
    }
    return nil
  }

  /// Lets go of the parts of a message.
  mutating func giveUp(_ id: CraftedMessage.ID) {
    guard let assembly = assemblies.removeValue(forKey: id) else { return }
    heldOctets -= assembly.cost
  }

  /// The message is whole: out it goes, and everything before it in its run comes too late.
  mutating func hand(
    over message: CraftedMessage, text: String, _ segment: CheckedSegment,
    of assembly: ReceiverAssembly? = nil, _ made: UInt64, _ now: MonotonicTime
  ) {
    let tries = max(assembly?.tries ?? 0, tries(segment))
    guard undecided.count < settings.mostUndecided else {
      remember(message.id, .refused(.full), made, now)
      return refuse(segment, message, CraftedReason(.full))
    }
    let run = Run(segment, message)
    var end = segment.end
    for other in [assembly?.end, frontiers[run]] {
      if let other, end.isBefore(other) { end = other }
    }
    frontiers.set(end, for: run, until: now.advanced(byNanoseconds: lifetime))
    remember(message.id, .undecided, max(made, known[message.id]?.made ?? 0), now)
    var textless = message
    textless.text = ""
    undecided[message.id] = Undecided(segment: segment, message: textless, tries: tries)
    actions.append(
      .deliver(
        Delivery(
          id: message.id, sender: message.sender, room: message.room, text: text,
          ends: segment.ends, tries: tries, parts: message.parts)))
  }

  /// Somebody has said what became of a message.
  mutating func decide(
    _ id: CraftedMessage.ID, _ decision: DeliveryDecision, _ now: MonotonicTime
  ) {
    guard let waiting = undecided.removeValue(forKey: id), let entry = known[id] else { return }
    switch decision {
    case .delivered:
      remember(id, .delivered, entry.made, now)
      // Told first: whoever prints it may find that it cannot be kept, and mute the end.
      report(.delivered, waiting.segment, waiting.message, tries: waiting.tries, answer: .ack)
      acknowledge(waiting.segment, waiting.message, held: waiting.message.parts)
    case .refused(let reason):
      remember(id, .refused(reason.code), entry.made, now)
      refuse(waiting.segment, waiting.message, reason)
    }
  }
}

import Capture
import Cryptography
import PacketCore
import Protocols

/// What a sending end tells while it works: for the rows of tries, the capture file, the lines.
public enum SendingReport: Sendable {
  /// A segment went out.
  ///
  /// - Parameters:
  ///   - packet: As it was handed to the port, before faults.
  ///   - part: From 1.
  ///   - number: Which try of the part, from 1.
  ///   - faults: What faults did to it.
  case sent(packet: [UInt8], part: Int, number: Int, at: Timestamp, faults: [FaultRecord])
  /// The port would not take a packet, and the try counts as lost.
  case notSent(PortFailure, part: Int, number: Int)
  /// A segment arrived from the destination's port.
  case received(Arrival, CheckedSegment)
  /// What became of a try.
  case attempt(Attempt)
  case remark(SenderRemark)
}

/// The sending end above a port: makes the segments that a `SenderMachine` asks for, and reads the
/// answers to it. Waits for nothing, except in `run`. Used from one thread.
public final class SendingEnd {
  private struct Sealed {
    var token: [UInt8]
    var acknowledgment: UInt32
  }

  /// Packets taken in one step: a flood must not keep the timers from being looked at.
  private static let mostPackets = 256

  public let port: any PacketPort
  public let ends: SegmentEnds
  /// Octets of the longest packet.
  public let mtu: Int
  /// Called with everything that happens, in its order.
  public var report: ((SendingReport) -> Void)?
  /// Asked after each packet that was sent: what faults of the port did to it.
  public var faultsOfLastSend: (() -> [FaultRecord])?
  /// How the last message ended; nil while one is under way, and when the port failed.
  public private(set) var outcome: Outcome?

  private let check: SegmentCheck
  private var numbers: any RandomNumberGenerator
  private var machine: SenderMachine
  private var parts: OutgoingParts?
  /// The message is there, but its first segment has not gone out yet.
  private var hasToBegin = false
  /// Tokens of the parts under way: a retry repeats the same octets.
  private var sealed: [Int: Sealed] = [:]
  /// What faults did to the last try of each part under way.
  private var faults: [Int: [FaultRecord]] = [:]
  /// Where the last verified answer ended: what our next segments acknowledge.
  private var answeredEnd: UInt32 = 0

  /// - Parameters:
  ///   - mtu: Octets of the longest packet, from the IP header on.
  ///   - numbers: Where ids, sequence numbers and identifications come from. Has to be one that
  ///     nobody can guess, except in tests.
  public init(
    port: any PacketPort, ends: SegmentEnds, cipher: FernetCipher,
    settings: SenderSettings = .standard, mtu: Int = 1500,
    numbers: any RandomNumberGenerator = SystemRandomNumberGenerator()
  ) {
    self.port = port
    self.ends = ends
    self.mtu = mtu
    var numbers = numbers
    let initialSequence = UInt32(truncatingIfNeeded: numbers.next() >> 32)
    self.numbers = numbers
    check = SegmentCheck(cipher: cipher, port: ends.sourcePort)
    machine = SenderMachine(settings: settings, initialSequence: initialSequence)
  }

  /// The settings that it tries by.
  public var settings: SenderSettings { machine.settings }

  /// Whether a message is under way.
  public var isActive: Bool { hasToBegin || machine.isActive }

  /// A message with an id of its own.
  public func message(from sender: String, room: String? = nil, text: String) -> OutgoingMessage {
    OutgoingMessage(
      id: CraftedMessage.ID(high: numbers.next(), low: numbers.next()), sender: sender, room: room,
      text: text)
  }

  /// Takes a message; its first segment goes out with the next `step`.
  ///
  /// - Returns: The parts that it goes in.
  /// - Throws: `OutgoingFault` when it cannot be sent as it is.
  @discardableResult
  public func begin(_ message: OutgoingMessage) throws(OutgoingFault) -> OutgoingParts {
    guard !isActive else { throw .underWay }
    let parts = try OutgoingParts(
      message, mtu: mtu, family: ends.source.family, initialSequence: machine.initialSequence,
      firstSequence: machine.nextSequence, wantsOrder: settings.recovery == .goBackN)
    self.parts = parts
    sealed.removeAll()
    faults.removeAll()
    outcome = nil
    hasToBegin = true
    return parts
  }

  /// Takes what has arrived and does what is due. Does not wait.
  ///
  /// - Returns: When to call again at the latest; nil when the message is over, and `outcome` says
  ///   how.
  /// - Throws: `PortFailure` when the port can send nothing of it; the message is given up then.
  public func step() throws(PortFailure) -> MonotonicTime? {
    if hasToBegin {
      hasToBegin = false
      try handle(.begin(lengths: parts?.lengths ?? []))
    }
    guard machine.isActive else { return nil }
    var count = 0
    while machine.isActive, count < Self.mostPackets, let arrival = try receive() {
      count += 1
      if let event = event(arrival) { try handle(event) }
    }
    let now = port.now
    if let deadline = machine.deadline, now >= deadline { try handle(.timer) }
    guard let deadline = machine.deadline else { return nil }
    if count == Self.mostPackets { return now }
    return port.nextRelease.map { min($0, deadline) } ?? deadline
  }

  /// Ends the message; not confirmed.
  public func cancel() {
    if hasToBegin {
      hasToBegin = false
      outcome = .cancelled
      return
    }
    for action in machine.handle(.cancel, at: port.now) { note(action) }
  }

  /// Sends the message that was begun, waiting as the port does.
  ///
  /// - Returns: How it ended.
  public func run() throws(PortFailure) -> Outcome {
    while let moment = try step() {
      if try !wait(until: moment) { cancel() }
    }
    return outcome ?? .cancelled
  }

  // MARK: The port

  private func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool {
    do {
      return try port.wait(until: moment)
    } catch {
      abandon()
      throw error
    }
  }

  private func receive() throws(PortFailure) -> Arrival? {
    do {
      return try port.receive()
    } catch {
      abandon()
      throw error
    }
  }

  private func abandon() {
    for action in machine.handle(.cancel, at: port.now) { note(action) }
    outcome = nil
  }

  // MARK: In

  /// What an arrival is to the machine; nil for what is none of its business.
  private func event(_ arrival: Arrival) -> SenderEvent? {
    guard let parts else { return nil }
    let checked = check.judge(
      arrival.packet.span.bytes, now: UInt64(clamping: port.wallClock.seconds),
      isFromThisHost: arrival.isFromThisHost)
    guard checked.ends == ends.reversed else { return nil }
    let message: CraftedMessage
    switch checked.verdict {
    case .taken(let said, _): message = said
    case .foreign: return nil
    case .empty(let flags):
      guard flags.contains(.rst) else { return nil }
      report?(.received(arrival, checked))
      return .reset
    case .failed(let reason):
      // How old an answer is does not matter: it names the segment that it answers, by numbers that
      // nobody could know before. So a host whose clock is wrong can say so.
      if let said = checked.authentic {
        message = said
        break
      }
      report?(.received(arrival, checked))
      return reason.code == .badHMAC
        ? .unverifiable(acknowledgment: checked.acknowledgment) : .damagedAnswer
    }
    report?(.received(arrival, checked))
    // Only of what was damaged the id cannot be read.
    guard message.kind != .message,
      message.id == parts.message.id || message.id == .none && message.kind != .ack
    else { return nil }
    answeredEnd = checked.end
    return .answer(
      SenderAnswer(
        message.kind, part: message.part, parts: message.parts,
        acknowledgment: checked.acknowledgment, sequence: message.sequence,
        ownSequence: checked.sequence, reason: message.reason))
  }

  // MARK: Out

  private func handle(_ event: SenderEvent) throws(PortFailure) {
    for action in machine.handle(event, at: port.now) {
      if case .transmit(let part, let number, _) = action {
        try transmit(part, number)
      } else {
        note(action)
      }
    }
  }

  private func note(_ action: SenderAction) {
    switch action {
    case .transmit, .wake: break
    case .attempt(var attempt):
      attempt.faults = faults[attempt.part] ?? []
      // What was acknowledged never goes again.
      if attempt.answer == .ack { forget(attempt.part) }
      report?(.attempt(attempt))
    case .remark(let remark): report?(.remark(remark))
    case .finish(let outcome): self.outcome = outcome
    }
  }

  private func forget(_ part: Int) {
    sealed[part] = nil
    faults[part] = nil
  }

  private func transmit(_ part: Int, _ number: Int) throws(PortFailure) {
    guard let parts else { return }
    guard let content = sealed[part] ?? seal(part, parts) else {
      abandon()
      throw PortFailure(.system, "the token could not be made: OpenSSL refuses")
    }
    sealed[part] = content
    let segment = CraftedSegment(
      ends: ends, sequence: parts.sequences[part - 1], acknowledgment: content.acknowledgment,
      identification: UInt16(truncatingIfNeeded: numbers.next()), payload: content.token)
    let packet = segment.packet
    let time = port.wallClock
    faults[part] = nil
    do {
      try port.send(packet)
    } catch {
      // "For this packet": the next try may go.
      guard error.kind == .system else {
        abandon()
        throw error
      }
      report?(.notSent(error, part: part, number: number))
      return
    }
    let done = faultsOfLastSend?() ?? []
    if !done.isEmpty { faults[part] = done }
    report?(.sent(packet: packet, part: part, number: number, at: time, faults: done))
  }

  /// A part's token, made when it first goes out, so that it is as young as it can be.
  private func seal(_ part: Int, _ parts: OutgoingParts) -> Sealed? {
    check.cipher.seal(
      parts.plain(part).span.bytes, time: UInt64(clamping: port.wallClock.seconds)
    ).map { Sealed(token: $0, acknowledgment: answeredEnd) }
  }
}

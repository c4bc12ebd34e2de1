import Capture
import Cryptography
import PacketCore
import Protocols

/// What a receiving end tells whoever watches it.
public enum ReceivingEvent: Sendable {
  /// A packet arrived, with what faults did to it; not judged yet.
  case received(Arrival)
  /// An answer went out.
  case sent(packet: [UInt8], time: Timestamp)
  /// An answer did not: nobody is there who could have asked, perhaps.
  case unsent(ReceiverAnswer, PortFailure)
  /// The port failed to receive, this time.
  case unreceived(PortFailure)
  /// What became of a segment.
  case row(ReceiverRow, time: Timestamp)
}

/// A receiver of crafted messages on a port: judges what arrives, hands messages over, sends the
/// answers. Used from one thread; decisions may come from any.
public final class ReceivingEnd {
  /// Takes a message: what became of it, or nil when `decisions` will be told.
  public typealias Deliver = (Delivery) -> DeliveryDecision?

  /// Where late decisions go.
  public let decisions: ReceivingDecisions
  /// Told of everything that happens.
  public var observer: ((ReceivingEvent) -> Void)?
  /// Nothing is answered any more. For an observer that could not keep what it was told: a sender is
  /// not to hear that it was delivered.
  public var isMuted = false

  private let port: any PacketPort
  private let check: SegmentCheck
  private let deliver: Deliver
  private var machine: ReceiverMachine
  private var numbers: SeededNumbers

  /// Packets looked at in one step, so that a flood does not keep the caller from ending it.
  private static let mostAtOnce = 256
  /// Nanoseconds after which decisions are looked for again, and a port that failed.
  private static let pause: Int64 = 10_000_000

  /// - Parameters:
  ///   - check: Judges the segments; its `ttl` and `skew` take the place of the settings'.
  ///   - start: Seconds since 1970: tokens made earlier are refused. Nil for now, by the port's
  ///     clock on the wall.
  ///   - seed: Where IP identifications begin.
  ///   - wake: Called after each late decision, on its thread.
  public init(
    port: any PacketPort, check: SegmentCheck, settings: ReceiverSettings = ReceiverSettings(),
    start: UInt64? = nil, seed: UInt64 = .random(in: 0 ... .max),
    wake: @escaping @Sendable () -> Void = {}, deliver: @escaping Deliver
  ) {
    var settings = settings
    settings.ttl = check.ttl
    settings.skew = check.skew
    self.port = port
    self.check = check
    self.deliver = deliver
    decisions = ReceivingDecisions(wake: wake)
    let start = start ?? UInt64(clamping: port.wallClock.seconds)
    machine = ReceiverMachine(settings, start: start)
    numbers = SeededNumbers(seed: seed)
  }

  /// Does what there is to do. Does not wait.
  ///
  /// - Returns: When to call again though no packet arrives; nil for no need.
  /// - Throws: `PortFailure` when the interface has gone, or the right to use it. Any other failure
  ///   is told to the observer.
  public func step() throws(PortFailure) -> MonotonicTime? {
    settle()
    for _ in 0..<Self.mostAtOnce {
      let arrival: Arrival?
      do {
        arrival = try port.receive()
      } catch {
        guard error.kind != .interface, error.kind != .permission else { throw error }
        observer?(.unreceived(error))
        return port.now.advanced(byNanoseconds: Self.pause)
      }
      guard let arrival else {
        settle()
        return next()
      }
      observer?(.received(arrival))
      let segment = check.judge(
        arrival.packet.span.bytes, now: UInt64(clamping: port.wallClock.seconds),
        isFromThisHost: arrival.isFromThisHost)
      perform(machine.handle(.segment(segment), at: port.now), time: arrival.time)
    }
    // There may be more.
    return port.now
  }

  /// Receives until it is to stop.
  ///
  /// - Parameter stop: Asked before each step.
  /// - Throws: As `step`, and what the port's `wait` throws.
  public func run(until stop: () -> Bool = { false }) throws(PortFailure) {
    while !stop() {
      let next = try step()
      let farAway = port.now.advanced(byNanoseconds: 1_000_000_000)
      guard try port.wait(until: min(next ?? farAway, farAway)) else { return }
    }
  }

  /// What is due by the clock, and what others decided.
  private func settle() {
    let time = port.wallClock
    for (id, decision) in decisions.takeAll() {
      perform(machine.handle(.decided(id, decision), at: port.now), time: time)
    }
    if let timer = machine.nextTimer, timer <= port.now {
      perform(machine.handle(.timer, at: port.now), time: time)
    }
  }

  private func next() -> MonotonicTime? {
    var moments = [machine.nextTimer, port.nextRelease].compactMap { $0 }
    if machine.hasUndecided { moments.append(port.now.advanced(byNanoseconds: Self.pause)) }
    return moments.min()
  }

  private func perform(_ actions: [ReceiverAction], time: Timestamp) {
    for action in actions {
      switch action {
      case .report(let row): observer?(.row(row, time: time))
      case .answer(let answer): send(answer)
      case .deliver(let delivery):
        guard let decision = deliver(delivery) else { continue }
        perform(machine.handle(.decided(delivery.id, decision), at: port.now), time: time)
      }
    }
  }

  private func send(_ answer: ReceiverAnswer) {
    guard !isMuted else { return }
    let time = port.wallClock
    guard
      let token = check.cipher.seal(
        answer.plain.span.bytes, time: UInt64(clamping: time.seconds))
    else {
      let failure = PortFailure(.system, "libcrypto could not seal the answer")
      observer?(.unsent(answer, failure))
      return
    }
    var segment = CraftedSegment(
      ends: answer.ends, sequence: answer.sequence, acknowledgment: answer.acknowledgment,
      identification: UInt16(truncatingIfNeeded: numbers.next() >> 48), payload: token)
    segment.flags = answer.flags
    let packet = segment.packet
    // The network may not lead to whom a stranger says to be: that is no end.
    do {
      try port.send(packet)
      observer?(.sent(packet: packet, time: time))
    } catch {
      observer?(.unsent(answer, error))
    }
  }
}

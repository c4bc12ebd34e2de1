import Capture
import PacketCore

/// A port with faults around it. What is above it cannot tell it from a port on a bad network.
///
/// ```swift
/// let plan = try FaultPlan(["corrupt:tcp.checksum@1,2", "loss:30%/in"])
/// let port = FaultyPort(socket, plan, seed: 1)
/// ```
public final class FaultyPort: PacketPort {
  private let base: any PacketPort
  private let outgoing: FaultLine
  private let incoming: FaultLine
  private var records: [FaultRecord] = []
  /// More may be waiting in the port below than was asked for.
  private var isBehind = false

  /// Is told about every packet of either direction, faults or none: as it went out or came in, or
  /// as it was lost. The place to write a capture.
  public var observer: ((FaultedPacket) -> Void)?

  /// What kept a packet from going out that had been held back, the last time it happened. Nobody
  /// can be told then: `send` was done long before.
  public private(set) var lateFailure: PortFailure?

  /// - Parameters:
  ///   - base: The port that packets go to and come from.
  ///   - plan: The faults.
  ///   - predicates: What the filters of faults mean, by the fault's id. A fault with a filter that
  ///     is not here applies to no packet.
  ///   - seed: The same one, the same faults, packet for packet.
  public init(
    _ base: any PacketPort, _ plan: FaultPlan, predicates: [Int: any PacketPredicate] = [:],
    seed: UInt64
  ) {
    self.base = base
    outgoing = FaultLine(plan, .outgoing, predicates: predicates, seed: seed)
    incoming = FaultLine(plan, .incoming, predicates: predicates, seed: seed)
  }

  public var now: MonotonicTime { base.now }
  public var wallClock: Timestamp { base.wallClock }

  /// What faults did to the packet of the last `send`, or will have done when it goes out: one that
  /// is held back goes on when another one is the last.
  public func takeRecords() -> [FaultRecord] {
    defer { records = [] }
    return records
  }

  /// Sends a packet through the faults. One that is lost or held back was sent, as far as the caller
  /// can know.
  public func send(_ packet: [UInt8]) throws(PortFailure) {
    let now = base.now
    records = outgoing.enter(Arrival(packet: packet, time: base.wallClock), at: now)
    try release(at: now)
  }

  private func release(at now: MonotonicTime) throws(PortFailure) {
    while var packet = outgoing.next(at: now) {
      if !packet.isLost { try sendDamaged(&packet) }
      observer?(packet)
    }
  }

  /// Sends a packet. One that the system does not take because of what a fault made of it is lost,
  /// as it would be at the first router, and the sender goes on.
  private func sendDamaged(_ packet: inout FaultedPacket) throws(PortFailure) {
    do {
      try base.send(packet.arrival.packet)
    } catch {
      let damage = packet.arrival.faults.last { $0.kind == "corrupt" || $0.kind == "cut" }
      guard let damage, error.kind == .system else { throw error }
      packet.isLost = true
      let record = FaultRecord(
        kind: damage.kind, id: damage.id, detail: "not sent: \(error.message)")
      packet.arrival.faults.append(record)
      records.append(record)
    }
  }

  /// Lets go of what was held back long enough.
  private func releaseLate() {
    do {
      try release(at: base.now)
    } catch {
      lateFailure = error
    }
  }

  public func receive() throws(PortFailure) -> Arrival? {
    releaseLate()
    let now = base.now
    isBehind = false
    // A flood of packets that all get lost must not keep the caller from its timers.
    for _ in 0..<1024 {
      while let packet = incoming.next(at: now) {
        observer?(packet)
        if !packet.isLost { return packet.arrival }
      }
      guard let arrival = try base.receive() else { return nil }
      incoming.enter(arrival, at: now)
    }
    isBehind = true
    return nil
  }

  public var nextRelease: MonotonicTime? {
    [incoming.nextRelease, outgoing.nextRelease, base.nextRelease].compactMap { $0 }.min()
  }

  /// Waits as the port below does, and no longer than until a held packet is due, which goes out
  /// then.
  public func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool {
    let first = isBehind ? base.now : nextRelease.map { min($0, moment) } ?? moment
    let goesOn = try base.wait(until: first)
    releaseLate()
    return goesOn
  }
}

import Capture
import PacketCore
import Protocols

/// A packet that came out of a `FaultLine`, or was lost in it.
public struct FaultedPacket: Sendable, Equatable {
  /// The packet as it goes on (or as it was lost), with what was done to it.
  public var arrival: Arrival
  /// It goes nowhere.
  public var isLost: Bool
  public var direction: FaultDirection
}

/// The faults of one direction, as a machine without clock and input or output: packets go in,
/// and come out later, changed, twice or not at all.
///
/// In which order faults act does not depend on the order they were given in: loss, then changes of
/// the octets (`corrupt` and `cut`, in their order), then `duplicate`, `reorder`, `rate`, `delay`.
/// Chance depends on the seed, the fault's number and how many packets the fault has seen, and on
/// nothing else. Whatever is held back is bounded: at `limit` packets, further ones that would have
/// to wait are lost, which their record says.
public final class FaultLine {
  /// Longest time that a packet waits for the ones it is to be behind: 5 seconds.
  public static let patience: Int64 = 5_000_000_000

  private struct Judge {
    let fault: PacketFault
    let predicate: (any PacketPredicate)?
    let seed: UInt64
    /// Packets seen.
    var count = 0
    /// When the line of a rate is free again.
    var free = MonotonicTime(nanoseconds: .min)
    /// When the packets that wait for that line leave it.
    var leaving: [MonotonicTime] = []
  }

  /// A packet on its way through the stages.
  private struct Passage {
    var arrival: Arrival
    let entered: MonotonicTime
    /// Judges whose lines it goes over.
    var rates: [Int] = []
    var delays: [(judge: Int, nanoseconds: Int64)] = []
    var isLost = false
  }

  private struct Held {
    var copies: [Passage]
    var behind: Int
    let until: MonotonicTime
  }

  private var judges: [Judge]
  private let direction: FaultDirection
  private let link: LinkType
  private let limit: Int
  private let isFiltering: Bool
  private var dissector = Dissector(Registry.standard)
  private var dissection = Dissection()
  private var held: [Held] = []
  /// Packets with the moment they come out, the earliest first.
  private var queue: [(due: MonotonicTime, passage: Passage)] = []
  /// What was done to the packet that is entering.
  private var entering: [FaultRecord] = []

  /// - Parameters:
  ///   - plan: Of its faults, those that go `direction` are taken.
  ///   - predicates: What the filters of faults mean, by the fault's id. A fault with a filter that
  ///     is not here applies to no packet.
  ///   - seed: The same one, the same faults.
  ///   - link: What a packet's first octet is the start of.
  ///   - limit: Most packets that are held at a time.
  public init(
    _ plan: FaultPlan, _ direction: FaultDirection, predicates: [Int: any PacketPredicate] = [:],
    seed: UInt64, link: LinkType = .raw, limit: Int = 1000
  ) {
    judges = plan.faults(going: direction).map { fault in
      var numbers = SeededNumbers(seed: seed, part: fault.id)
      return Judge(
        fault: fault, predicate: fault.filter.isEmpty ? nil : predicates[fault.id],
        seed: numbers.next())
    }
    self.direction = direction
    self.link = link
    self.limit = limit
    isFiltering = judges.contains { !$0.fault.filter.isEmpty }
  }

  /// Packets that are held.
  public var count: Int { queue.count + held.reduce(0) { $0 + $1.copies.count } }

  /// When the next packet comes out by itself; nil for never.
  public var nextRelease: MonotonicTime? {
    let first = held.lazy.map(\.until).min()
    guard let due = queue.first?.due else { return first }
    return first.map { min($0, due) } ?? due
  }

  /// Takes the next packet that is ready.
  public func next(at now: MonotonicTime) -> FaultedPacket? {
    if !held.isEmpty { releaseOverdue(now) }
    guard let first = queue.first, first.due <= now else { return nil }
    var passage = queue.removeFirst().passage
    let waited = first.due.nanoseconds &- passage.entered.nanoseconds
    if waited > 0 { passage.arrival.time = passage.arrival.time.later(by: waited) }
    return FaultedPacket(arrival: passage.arrival, isLost: passage.isLost, direction: direction)
  }

  /// Puts a packet in; `next` gives what becomes of it.
  ///
  /// - Returns: What is done to it, also where that shows later only: a delay. Of one that waits to
  ///   be behind others, all but what its way will be like then.
  @discardableResult
  public func enter(_ arrival: Arrival, at now: MonotonicTime) -> [FaultRecord] {
    if !held.isEmpty { releaseOverdue(now) }
    entering.removeAll(keepingCapacity: true)
    let waiting = held.count
    let isUnderWay = admit(Passage(arrival: arrival, entered: now), now)
    let records = entering
    guard isUnderWay else { return records }
    // Whatever was held before this packet is one nearer to its turn.
    for index in 0..<min(waiting, held.count) { held[index].behind -= 1 }
    let ready = held.prefix(waiting).filter { $0.behind <= 0 }
    held.removeAll { $0.behind <= 0 }
    for copies in ready { for copy in copies.copies { ride(copy, now) } }
    return records
  }

  /// Takes a packet through the stages, as far as it goes at once.
  ///
  /// - Returns: False when it is lost by a fault of that kind.
  private func admit(_ passage: Passage, _ now: MonotonicTime) -> Bool {
    guard !judges.isEmpty else {
      finish(passage, now)
      return true
    }
    var passage = passage
    var hits = judge(passage.arrival.packet, now)

    if let hit = hits.first(where: { judges[$0.judge].fault.action == .loss }) {
      lose(passage, hit.judge, "packet \(hit.count)", now)
      return false
    }
    for index in hits.indices { change(&passage, &hits[index]) }
    var copies = [passage]
    for hit in hits {
      guard judges[hit.judge].fault.action == .duplicate else { continue }
      copies.append(passage)
      for index in copies.indices {
        note(&copies[index], hit.judge, "packet \(hit.count), copy \(index + 1)")
      }
    }
    let behind = hits.compactMap { hit -> (judge: Int, behind: Int)? in
      guard case .reorder(let behind) = judges[hit.judge].fault.action else { return nil }
      return (hit.judge, behind)
    }.max { $0.behind < $1.behind }
    if let behind {
      hold(copies, behind, now)
    } else {
      for copy in copies { ride(copy, now) }
    }
    return true
  }

  // MARK: - Judging

  private struct Hit {
    var judge: Int
    /// The packet's number among those that the fault has seen.
    var count: Int
    var numbers: SeededNumbers
  }

  /// Which faults the packet meets. Each judges the packet as it came, whatever the others do.
  private func judge(_ packet: [UInt8], _ now: MonotonicTime) -> [Hit] {
    if isFiltering {
      let header = FrameHeader(
        time: Timestamp(seconds: 0, nanoseconds: 0).later(by: max(now.nanoseconds, 0)),
        capturedLength: packet.count, originalLength: packet.count, linkType: link)
      dissector.dissect(packet.span.bytes, header, into: &dissection)
    }
    var hits: [Hit] = []
    for index in judges.indices {
      let fault = judges[index].fault
      if !fault.filter.isEmpty {
        let predicate = judges[index].predicate
        guard predicate?.matches(dissection, in: packet.span.bytes) ?? false else { continue }
      }
      judges[index].count += 1
      let count = judges[index].count
      guard fault.isAt(count) else { continue }
      var numbers = SeededNumbers(seed: judges[index].seed, part: count)
      if let millionths = fault.millionths, numbers.below(1_000_000) >= millionths { continue }
      var hit = Hit(judge: index, count: count, numbers: numbers)
      hit.numbers = numbers
      hits.append(hit)
    }
    return hits
  }

  private func note(_ passage: inout Passage, _ judge: Int, _ detail: String) {
    let fault = judges[judge].fault
    let record = FaultRecord(kind: fault.action.kind.rawValue, id: fault.id, detail: detail)
    passage.arrival.faults.append(record)
    // Both copies of a doubled packet may be told the same.
    if !entering.contains(record) { entering.append(record) }
  }

  // MARK: - Stages

  private func change(_ passage: inout Passage, _ hit: inout Hit) {
    switch judges[hit.judge].fault.action {
    case .corrupt(let corruption):
      if let detail = corruption.apply(
        to: &passage.arrival.packet, link: link, numbers: &hit.numbers)
      {
        note(&passage, hit.judge, detail)
      }
    case .cut(let octets, let fits):
      let whole = passage.arrival.packet
      guard octets < whole.count else { return }
      passage.arrival.packet = Array(whole[..<octets])
      if fits { FaultChecksums.fitLengths(&passage.arrival.packet, of: whole, link: link) }
      note(
        &passage, hit.judge,
        "\(whole.count) → \(octets) octets" + (fits ? ", lengths made to fit" : ""))
    case .rate: passage.rates.append(hit.judge)
    case .delay(let mean, let jitter):
      // Any moment from `mean - jitter` to `mean + jitter`, never before the packet itself.
      let span = Int(clamping: jitter &* 2 &+ 1)
      let drawn = jitter > 0 ? Int64(hit.numbers.below(span)) - jitter : 0
      passage.delays.append((hit.judge, max(mean + drawn, 0)))
    case .loss, .duplicate, .reorder: break
    }
  }

  private func lose(_ passage: Passage, _ judge: Int, _ detail: String, _ now: MonotonicTime) {
    var passage = passage
    note(&passage, judge, detail)
    passage.isLost = true
    finish(passage, now)
  }

  private func hold(
    _ copies: [Passage], _ fault: (judge: Int, behind: Int), _ now: MonotonicTime
  ) {
    guard count + copies.count <= limit else {
      for copy in copies { lose(copy, fault.judge, full, now) }
      return
    }
    var copies = copies
    for index in copies.indices {
      note(
        &copies[index], fault.judge,
        fault.behind == 1 ? "behind the next packet" : "behind the next \(fault.behind) packets")
    }
    held.append(
      Held(
        copies: copies, behind: fault.behind,
        until: now.advanced(byNanoseconds: Self.patience)))
  }

  private var full: String { "lost: \(limit) packets are held already" }

  /// What was held long enough goes on at the moment when that was so.
  private func releaseOverdue(_ now: MonotonicTime) {
    while let first = held.first, first.until <= now {
      held.removeFirst()
      for copy in first.copies { ride(copy, first.until) }
    }
  }

  /// Over the lines of limited speed, then through the delays: the packet's way from `start` on.
  private func ride(_ passage: Passage, _ start: MonotonicTime) {
    var passage = passage
    var moment = start
    for index in passage.rates {
      guard case .rate(let speed, let backlog) = judges[index].fault.action else { continue }
      judges[index].leaving.removeAll { $0 <= moment }
      guard judges[index].leaving.count < backlog, count < limit else {
        return lose(
          passage, index, "lost: \(judges[index].leaving.count) packets wait already", start)
      }
      let bits = Int64(passage.arrival.packet.count) &* 8
      let (whole, rest) = speed.dividingFullWidth(bits.multipliedFullWidth(by: 1_000_000_000))
      let from = max(judges[index].free, moment)
      let done = from.advanced(byNanoseconds: whole + (rest > 0 ? 1 : 0))
      note(
        &passage, index,
        Self.milliseconds(done.nanoseconds &- moment.nanoseconds)
          + " for \(passage.arrival.packet.count) octets")
      judges[index].free = done
      judges[index].leaving.append(done)
      moment = done
    }
    for delay in passage.delays {
      guard count < limit else { return lose(passage, delay.judge, full, start) }
      note(&passage, delay.judge, "by " + Self.milliseconds(delay.nanoseconds))
      moment = moment.advanced(byNanoseconds: delay.nanoseconds)
    }
    finish(passage, moment)
  }

  /// The packet comes out at `moment`, behind those of the same moment.
  private func finish(_ passage: Passage, _ moment: MonotonicTime) {
    var place = queue.count
    while place > 0, queue[place - 1].due > moment { place -= 1 }
    queue.insert((moment, passage), at: place)
  }

  /// Milliseconds with as many decimals as say something, at most six.
  private static func milliseconds(_ nanoseconds: Int64) -> String {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest != 0 else { return "\(whole) ms" }
    var digits = String(1_000_000 + rest).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits) ms"
  }
}

extension Timestamp {
  /// The moment `nanoseconds` later, which are not negative.
  fileprivate func later(by nanoseconds: Int64) -> Timestamp {
    let sum = Int64(self.nanoseconds) &+ nanoseconds % 1_000_000_000
    return Timestamp(
      seconds: seconds &+ nanoseconds / 1_000_000_000 &+ sum / 1_000_000_000,
      nanoseconds: UInt32(truncatingIfNeeded: sum % 1_000_000_000))
  }
}

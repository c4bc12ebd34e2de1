import Capture
import PacketCore

/// A network in memory, with a clock that goes when it is told to: ports, packets under way between
/// them, and what may happen to them. Nothing in it waits, and the same seed gives the same run.
///
/// Used from one thread.
public final class MemoryNetwork {
  /// What befalls packets between two ports, each with its own luck.
  public struct Conditions: Sendable, Equatable {
    /// Nanoseconds that every packet takes.
    public var delay: Int64 = 1_000_000
    /// Nanoseconds that it may take longer; packets overtake one another then.
    public var jitter: Int64 = 0
    /// Percent of packets that are lost.
    public var loss = 0
    /// Percent of packets that arrive twice.
    public var duplication = 0
    /// Percent of packets that take `reorderDelay` longer.
    public var reordering = 0
    /// Nanoseconds that a reordered packet takes longer.
    public var reorderDelay: Int64 = 5_000_000
    /// Percent of packets of which one bit is turned.
    public var corruption = 0

    public init() {}
  }

  public var conditions = Conditions()
  /// The moment that it is everywhere.
  public private(set) var now: MonotonicTime
  /// Packets that went in.
  public private(set) var sentCount = 0
  /// Packets that found no port with their address.
  public private(set) var strayCount = 0

  private let start: Timestamp
  private var numbers: SeededNumbers
  private var ports: [Address: MemoryPort] = [:]
  private var underWay = MemoryQueue()

  /// - Parameters:
  ///   - seed: Decides on everything that is left to chance.
  ///   - start: What the clocks on the walls show at moment 0.
  public init(seed: UInt64, start: Timestamp = Timestamp(seconds: 1_800_000_000, nanoseconds: 0)) {
    numbers = SeededNumbers(seed: seed)
    now = MonotonicTime(nanoseconds: 0)
    self.start = start
  }

  /// The port with an address; the same one for the same address.
  public func port(_ address: Address) -> MemoryPort {
    if let port = ports[address] { return port }
    let port = MemoryPort(address, in: self)
    ports[address] = port
    return port
  }

  /// When the next packet arrives; nil when none is under way.
  public var nextEvent: MonotonicTime? { underWay.first?.time }

  /// Lets time pass, and packets arrive in the order of their times. Never goes back.
  public func advance(to moment: MonotonicTime) {
    while let next = underWay.first, next.time <= moment {
      underWay.removeFirst()
      now = max(now, next.time)
      ports[next.address]?.put(Arrival(packet: next.packet, time: wallClock))
    }
    now = max(now, moment)
  }

  /// The right time.
  var wallClock: Timestamp {
    let sum = Int64(start.nanoseconds) &+ now.nanoseconds
    return Timestamp(
      seconds: start.seconds &+ sum / 1_000_000_000,
      nanoseconds: UInt32(truncatingIfNeeded: sum % 1_000_000_000))
  }

  func send(_ packet: [UInt8]) throws(PortFailure) {
    sentCount += 1
    guard let destination = Self.destination(packet), ports[destination] != nil else {
      strayCount += 1
      throw PortFailure(.noRoute, "no port of the network has the packet's destination address")
    }
    guard !numbers.chance(conditions.loss) else { return }
    for _ in 0..<(numbers.chance(conditions.duplication) ? 2 : 1) {
      var delay = conditions.delay
      if conditions.jitter > 0 {
        delay &+= Int64(numbers.below(Int(clamping: conditions.jitter)))
      }
      if numbers.chance(conditions.reordering) { delay &+= conditions.reorderDelay }
      var packet = packet
      if !packet.isEmpty, numbers.chance(conditions.corruption) {
        let bit = numbers.below(packet.count * 8)
        packet[bit / 8] ^= 1 << UInt8(truncatingIfNeeded: bit % 8)
      }
      underWay.insert(packet, to: destination, at: now.advanced(byNanoseconds: delay))
    }
  }

  /// RFC 791 section 3.1; RFC 8200 section 3.
  private static func destination(_ packet: [UInt8]) -> Address? {
    func word(_ place: Int) -> UInt64 {
      packet[place..<place + 4].reduce(0) { $0 << 8 | UInt64($1) }
    }
    switch packet.first.map({ $0 >> 4 }) {
    case 4 where packet.count >= 20:
      return Address(IPv4Address(UInt32(truncatingIfNeeded: word(16))))
    case 6 where packet.count >= 40:
      return Address(
        IPv6Address(high: word(24) << 32 | word(28), low: word(32) << 32 | word(36)))
    default: return nil
    }
  }
}

/// One host's place in a network in memory.
public final class MemoryPort: PacketPort {
  public let address: Address
  /// Seconds that this host's clock on the wall is ahead of the right time.
  public var wallOffset: Int64 = 0
  /// What `receive` throws from now on, when set: an interface that has gone.
  public var failure: PortFailure?
  /// What its arrivals say about where they were captured.
  public var isFromThisHost = false

  private let network: MemoryNetwork
  private var arrivals: [Arrival] = []
  private var taken = 0

  init(_ address: Address, in network: MemoryNetwork) {
    self.address = address
    self.network = network
  }

  public var now: MonotonicTime { network.now }

  public var wallClock: Timestamp {
    var time = network.wallClock
    time.seconds &+= wallOffset
    return time
  }

  /// - Throws: `PortFailure` of kind `noRoute` when no port has the packet's destination address.
  public func send(_ packet: [UInt8]) throws(PortFailure) { try network.send(packet) }

  public func receive() throws(PortFailure) -> Arrival? {
    if let failure { throw failure }
    guard taken < arrivals.count else { return nil }
    let arrival = arrivals[taken]
    taken += 1
    if taken == arrivals.count {
      arrivals.removeAll(keepingCapacity: true)
      taken = 0
    }
    return arrival
  }

  /// Lets the network's time pass until the moment, or until the next packet arrives anywhere.
  public func wait(until moment: MonotonicTime) -> Bool {
    guard taken == arrivals.count else { return true }
    network.advance(to: min(moment, network.nextEvent ?? moment))
    return true
  }

  /// Puts a packet where it will be received next, past the network.
  public func put(_ arrival: Arrival) {
    var arrival = arrival
    arrival.time.seconds &+= wallOffset
    arrival.isFromThisHost = isFromThisHost
    arrivals.append(arrival)
  }
}

/// Packets under way, the one that arrives first on top: a binary heap.
private struct MemoryQueue {
  struct Entry {
    var time: MonotonicTime
    /// Those of the same moment arrive as they were sent.
    var order: UInt64
    var address: Address
    var packet: [UInt8]

    func isBefore(_ other: Entry) -> Bool {
      time != other.time ? time < other.time : order < other.order
    }
  }

  private var entries: [Entry] = []
  private var count: UInt64 = 0

  var first: Entry? { entries.first }

  mutating func insert(_ packet: [UInt8], to address: Address, at time: MonotonicTime) {
    entries.append(Entry(time: time, order: count, address: address, packet: packet))
    count += 1
    var place = entries.count - 1
    while place > 0, entries[place].isBefore(entries[(place - 1) / 2]) {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeFirst() {
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var place = 0
    while true {
      var least = place
      for child in [place * 2 + 1, place * 2 + 2]
      where child < entries.count && entries[child].isBefore(entries[least]) {
        least = child
      }
      guard least != place else { return }
      entries.swapAt(place, least)
      place = least
    }
  }
}

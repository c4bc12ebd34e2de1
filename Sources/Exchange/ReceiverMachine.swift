import Capture
import PacketCore
import Protocols

/// The receiver of crafted messages: what to deliver, what to answer, what to say about it.
///
/// Pure: events go in with the moment they happen at, actions come out. Nobody without the key can
/// make it remember more than some thousand ends and addresses, the least used of which go first.
public struct ReceiverMachine: Sendable {
  /// A message id that was seen.
  struct Known: Sendable, Equatable {
    enum State: Sendable, Equatable {
      /// Parts are missing: see `assemblies`.
      case assembling
      /// Handed over, and nobody has said what became of it: see `undecided`.
      case undecided
      case delivered
      case refused(CraftedReason.Code)
    }

    var state: State
    /// When the newest of its tokens was made.
    var made: UInt64
  }

  /// Segments of one sender in their order. Its first sequence number is signed, the rest is not.
  struct Run: Hashable, Sendable {
    var source: Address
    var sourcePort: UInt16
    var destinationPort: UInt16
    var initialSequence: UInt32

    init(_ segment: CheckedSegment, _ message: CraftedMessage) {
      source = segment.ends.source
      sourcePort = segment.ends.sourcePort
      destinationPort = segment.ends.destinationPort
      initialSequence = message.initialSequence
    }
  }

  /// What is remembered of two ends, whoever they say they are.
  struct Flow: Sendable {
    /// The sequence number of the next answer.
    var next: UInt32
    /// The last segment that came damaged, and how often.
    var damaged: UInt32 = 0
    var damagedCount = 0
    /// Where the last RESEND stands, while nothing else was answered since.
    var resend: UInt32?
    /// Segments in a row that cannot be read, and ask for such a RESEND again.
    var echoes = 0
  }

  /// A segment whose answer waits for a decision.
  struct Undecided: Sendable {
    var segment: CheckedSegment
    var message: CraftedMessage
    var tries: Int
  }

  public let settings: ReceiverSettings
  var known = ExpiringTable<CraftedMessage.ID, Known>()
  /// The sequence number below which nothing new is taken.
  var frontiers = ExpiringTable<Run, UInt32>()
  var assemblies: [CraftedMessage.ID: ReceiverAssembly] = [:]
  var heldOctets = 0
  var undecided: [CraftedMessage.ID: Undecided] = [:]
  var flows = RecentTable<SegmentEnds, Flow>(limit: 4096)
  var resendRates = RecentTable<Address, ReceiverRate>(limit: 4096)
  var resendRate = ReceiverRate()
  var connecting = RecentTable<Address, Bool>(limit: 1024)
  /// Tokens made before are not taken: what was delivered before the start is not known, nor what
  /// was forgotten since. While the clock goes forward these are too old anyway.
  var floor: UInt64
  /// Nanoseconds that ids and runs are remembered: while any of their tokens can be young enough.
  let lifetime: Int64
  var actions: [ReceiverAction] = []

  /// - Parameter start: Seconds since 1970 at which the receiver starts; tokens made earlier are
  ///   refused.
  public init(_ settings: ReceiverSettings, start: UInt64) {
    self.settings = settings
    floor = start
    let (sum, isTooLong) = settings.ttl.addingReportingOverflow(settings.skew)
    // A token is young for the whole of its last second. At most a hundred years.
    let seconds = min(isTooLong ? .max : sum, 3_000_000_000) + 1
    lifetime = Int64(seconds) * 1_000_000_000
  }

  /// When `timer` is due; nil for never.
  public var nextTimer: MonotonicTime? {
    [known.nextExpiry, frontiers.nextExpiry].compactMap { $0 }.min()
  }

  /// Whether messages were handed over that nobody has decided on.
  public var hasUndecided: Bool { !undecided.isEmpty }

  /// Takes one event.
  ///
  /// - Parameter now: Not before that of the last event.
  /// - Returns: What is to be done, in this order.
  public mutating func handle(_ event: ReceiverEvent, at now: MonotonicTime) -> [ReceiverAction] {
    forget(now)
    switch event {
    case .segment(let segment): take(segment, now)
    case .decided(let id, let decision): decide(id, decision, now)
    case .timer: break
    }
    defer { actions = [] }
    return actions
  }

  private mutating func forget(_ now: MonotonicTime) {
    while let (id, entry) = known.removeExpired(now) {
      floor = max(floor, entry.made == .max ? .max : entry.made + 1)
      // The parts came too slowly. Those that were acknowledged are not taken back in silence.
      if entry.state == .assembling {
        giveUp(id)
        remember(id, .refused(.incomplete), entry.made, now)
      }
      undecided[id] = nil
    }
    while frontiers.removeExpired(now) != nil {}
  }

  private mutating func take(_ segment: CheckedSegment, _ now: MonotonicTime) {
    switch segment.verdict {
    case .foreign: report(.foreign, segment)
    case .empty(let flags):
      let source = segment.ends.source
      guard flags.contains(.syn), !flags.contains(.ack), connecting[source] == nil else { return }
      connecting[source] = true
      report(.connectionAttempt, segment)
    case .failed(let reason) where reason.code.isDamage:
      let tries = countDamaged(segment)
      let isAsked = askAgain(segment, reason, now)
      report(.damaged(reason), segment, tries: tries, answer: isAsked ? .resend : nil)
    case .failed(let reason):
      if let authentic = segment.authentic, authentic.kind != .message {
        return report(.answer, segment, authentic)
      }
      refuse(segment, segment.authentic, reason)
    case .taken(let message, let made):
      guard message.kind == .message else { return report(.answer, segment, message) }
      take(segment, message, made, now)
    }
  }

  private mutating func take(
    _ segment: CheckedSegment, _ message: CraftedMessage, _ made: UInt64, _ now: MonotonicTime
  ) {
    guard let entry = known[message.id] else {
      return takeNew(segment, message, made, now)
    }
    // Known for longer: this token can come again for a while.
    remember(message.id, entry.state, max(entry.made, made), now)
    switch entry.state {
    case .delivered:
      acknowledge(segment, message, held: message.parts)
      report(.duplicate, segment, message, answer: .ack)
    case .undecided: report(.duplicate, segment, message)
    case .refused(let code): refuse(segment, message, CraftedReason(code))
    case .assembling: takePart(segment, message, made, now)
    }
  }

  private mutating func takeNew(
    _ segment: CheckedSegment, _ message: CraftedMessage, _ made: UInt64, _ now: MonotonicTime
  ) {
    if made < floor {
      let before = CraftedReason(
        .beforeStart, found: "\(floor - made) s before", expected: "since the start")
      return refuse(segment, message, before)
    }
    if isLate(segment, message) { return refuse(segment, message, late(segment, message)) }
    let run = Run(segment, message)
    guard known.count < settings.mostIDs,
      frontiers.count < settings.mostRuns || frontiers[run] != nil
    else { return refuse(segment, message, CraftedReason(.full)) }
    guard message.text.utf8.count <= settings.longestMessage else {
      remember(message.id, .refused(.tooLong), made, now)
      return refuse(segment, message, tooLong(message.text.utf8.count))
    }
    guard message.parts > 1 else {
      return hand(over: message, text: message.text, segment, made, now)
    }
    guard assemblies.count < settings.mostAssemblies else {
      remember(message.id, .refused(.full), made, now)
      return refuse(segment, message, CraftedReason(.full))
    }
    assemblies[message.id] = ReceiverAssembly(message)
    remember(message.id, .assembling, made, now)
    takePart(segment, message, made, now)
  }

  /// Whether a later message of the run was delivered already.
  func isLate(_ segment: CheckedSegment, _ message: CraftedMessage) -> Bool {
    guard let frontier = frontiers[Run(segment, message)] else { return false }
    return segment.sequence.isBefore(frontier)
  }

  func late(_ segment: CheckedSegment, _ message: CraftedMessage) -> CraftedReason {
    let frontier = frontiers[Run(segment, message)] ?? 0
    return CraftedReason(.late, found: String(segment.sequence), expected: String(frontier))
  }

  func tooLong(_ octets: Int) -> CraftedReason {
    CraftedReason(
      .tooLong, found: "\(octets) octets", expected: "\(settings.longestMessage) octets")
  }

  mutating func remember(
    _ id: CraftedMessage.ID, _ state: Known.State, _ made: UInt64, _ now: MonotonicTime
  ) {
    known.set(
      Known(state: state, made: made), for: id, until: now.advanced(byNanoseconds: lifetime))
  }
}

extension UInt32 {
  /// Sequence numbers in a circle: RFC 1982 section 3.2, RFC 9293 section 3.4.
  func isBefore(_ other: UInt32) -> Bool { Int32(bitPattern: self &- other) < 0 }
}

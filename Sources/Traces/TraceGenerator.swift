import PacketCore
import Protocols

/// Makes a trace: frame by frame in the order of time, and the truth about it.
///
/// ```swift
/// var trace = TraceGenerator(options)
/// while let header = trace.next(&octets) { … }
/// // What `trace.takeTruth` gives along the way and at the end is the truth file.
/// ```
///
/// Memory is held for the connections that are under way and for the numbers of remarkable frames.
public struct TraceGenerator: ~Copyable {
  /// The options that the trace is made with.
  public let options: TraceOptions
  /// Frames made so far.
  public private(set) var frameCount = 0

  private var truth: Truth
  private var isFinished = false
  private var streams = 0

  /// Connections under way; a place is nil when it is free.
  private var active: [TracedConnection?] = []
  private var freePlaces: [Int] = []
  /// Times and places of the next frames, the earliest first: a binary heap.
  private var agenda = Agenda()

  // What has not begun yet.
  private var drawn = 0
  private var begun = 0
  private var numbers: SeededNumbers
  private var faultsLeft: [(fault: Fault, count: Int)]
  private var chancesLeft: Int
  private let chances: Int
  private var nextStart: Int64 = 0

  /// - Parameter options: Without a contradiction; what cannot be done is left out.
  public init(_ options: TraceOptions) {
    self.options = options
    truth = Truth(options)
    numbers = SeededNumbers(seed: options.seed ^ 0x7472_6163_6573)
    faultsLeft = Fault.allCases.compactMap { fault in
      options.faults[fault].map { (fault, max($0, 0)) }
    }
    chances = options.chancesPerConnection
    chancesLeft = chances * options.connections
  }

  /// Connections that begin on ports of their own.
  private var roots: Int { max(options.connections - options.reusedPorts, 1) }

  /// Makes the next frame.
  ///
  /// - Parameter octets: Receives what is captured of it.
  /// - Returns: What the capture says about it; nil behind the last.
  public mutating func next(_ octets: inout [UInt8]) -> FrameHeader? {
    while true {
      while begun < roots, agenda.first.map({ nextStart <= $0.time }) ?? true { beginRoot() }
      guard let place = agenda.first?.place, let connection = active[place] else {
        finish()
        return nil
      }
      let frame = connection.take()
      let number = frameCount + 1
      var header: FrameHeader?
      if frame.isCaptured {
        octets = options.octets(of: frame, connection.plan.portsOf)
        header = capture(frame, &octets, number, connection)
      } else {
        connection.miss(frame)
      }
      proceed(connection, place)
      if let header { return header }
    }
  }

  private mutating func capture(
    _ frame: PlannedFrame, _ octets: inout [UInt8], _ number: Int,
    _ connection: TracedConnection
  ) -> FrameHeader {
    frameCount = number
    let length = octets.count
    var findings = frame.findings
    if let limit = options.snapLength, length > limit {
      octets.removeLast(length - limit)
      findings.subtract(.needWholeFrame)
    }
    truth.note(number, findings)
    connection.record(frame, number: number, findings: findings, stream: streams)
    if connection.stream == streams { streams += 1 }
    // To the microsecond, so that every file format says the same.
    let time = frame.time / 1_000 * 1_000
    let (seconds, nanoseconds) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    let sum = UInt32(truncatingIfNeeded: nanoseconds) + options.start.nanoseconds
    return FrameHeader(
      time: Timestamp(
        seconds: options.start.seconds &+ seconds &+ Int64(sum / 1_000_000_000),
        nanoseconds: sum % 1_000_000_000),
      capturedLength: octets.count, originalLength: length, linkType: .ethernet, timeDigits: 6)
  }

  /// After a frame: the connection's next one, or its end.
  private mutating func proceed(_ connection: TracedConnection, _ place: Int) {
    if connection.nextTime == nil, !connection.faultyFrames.isEmpty {
      let reuse = connection.plan.number != connection.plan.portsOf
      truth.note(
        connection.fault?.rawValue ?? (reuse ? "reuse-ports" : "other"),
        stream: connection.stream, connection.faultyFrames)
    }
    if connection.advance(), let time = connection.nextTime {
      return agenda.replaceFirst(time)
    }
    if connection.stream >= 0 {
      let ends = options.ends(of: connection.plan.portsOf)
      truth.note(connection, client: ends.client, server: ends.server)
    }
    agenda.removeFirst()
    active[place] = nil
    freePlaces.append(place)
    if connection.plan.successors > 0 {
      let later = connection.conversation.now + Int64(numbers.pick(1_000...3_000)) * 1_000_000
      begin(
        draw(portsOf: connection.plan.portsOf, successors: connection.plan.successors - 1),
        at: later, avoiding: connection.conversation.client.initial)
    }
  }

  // MARK: - Beginnings

  private mutating func beginRoot() {
    // Ports used again are spread evenly.
    let extra = begun < options.reusedPorts % roots ? 1 : 0
    begun += 1
    let plan = draw(portsOf: drawn, successors: options.reusedPorts / roots + extra)
    let start = nextStart
    nextStart += Int64(numbers.pick(5_000...60_000)) * 1_000
    begin(plan, at: start, avoiding: nil)
  }

  private mutating func begin(
    _ plan: TracedConnection.Plan, at time: Int64, avoiding number: UInt32?
  ) {
    let connection = TracedConnection(
      plan, options, host: options.hostName, at: time, avoiding: number)
    guard connection.advance(), let first = connection.nextTime else { return }
    let place: Int
    if let free = freePlaces.popLast() {
      place = free
      active[place] = connection
    } else {
      place = active.count
      active.append(connection)
    }
    agenda.insert(first, place)
  }

  /// Draws the faults of the next connection: each turn that is left has the same chance of each
  /// fault that is left (Knuth, The Art of Computer Programming 3.4.2, algorithm S).
  private mutating func draw(portsOf root: Int, successors: Int) -> TracedConnection.Plan {
    var plan = TracedConnection.Plan(number: drawn, portsOf: root, successors: successors)
    drawn += 1
    var left = faultsLeft.reduce(0) { $0 + $1.count }
    for turn in 0..<chances {
      defer { chancesLeft -= 1 }
      guard left > 0, numbers.below(chancesLeft) < left else { continue }
      var pick = numbers.below(left)
      for index in faultsLeft.indices {
        if pick < faultsLeft[index].count {
          faultsLeft[index].count -= 1
          plan.faults[turn] = faultsLeft[index].fault
          break
        }
        pick -= faultsLeft[index].count
      }
      left -= 1
    }
    return plan
  }

  // MARK: - The truth

  private mutating func finish() {
    guard !isFinished else { return }
    isFinished = true
    truth.finish(packets: frameCount)
  }

  /// Gives what the truth file has gained since the last time to `body`.
  ///
  /// - Parameter minimum: Octets below which it is left for later.
  public mutating func takeTruth<E: Error>(
    minimum: Int = 1, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    guard truth.text.count >= minimum else { return }
    try truth.text.withBytes(body)
    truth.text.removeAll()
  }
}

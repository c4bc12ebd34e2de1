import COctets
import PacketCore

/// The streams of all connections: puts segments in order, and hands their octets to the protocols
/// above, one message at a time.
///
/// `take` sorts a segment in and notes what there is to do; `resume` does it, called again and again
/// by the dissector, which walks the layers of each message in between.
final class TCPStreams {
  /// What a connection is to the streams, kept beside the connection itself so that a segment that
  /// concerns no stream costs one look.
  struct State: OptionSet, Sendable, BitwiseCopyable {
    let rawValue: UInt8
    /// Octets were seen, and their stream is kept.
    static let isFollowed = State(rawValue: 1)
    /// Nobody reads these octets.
    static let isOpaque = State(rawValue: 2)
    /// Segments wait for one in front of them: acknowledgments matter.
    static let hasEarly = State(rawValue: 4)
  }

  /// What a segment gives to do.
  enum Job {
    /// Octets in order, in the frame.
    case deliver(fromHigh: Bool, Range<Int>)
    /// What waits behind a hole that is closed, or known never to be.
    case release(fromHigh: Bool, upTo: UInt32?)
    /// Octets that were not captured and will not come.
    case gap(fromHigh: Bool, Int)
    /// The direction has said its last, or nothing more of it will come.
    case finish(fromHigh: Bool, StreamEnd)
    /// Everything ends.
    case end(StreamEnd)
  }

  let limits: Limits
  @exclusivity(unchecked) var protocols: [any StreamProtocol.Type] = []
  /// What each place of the table of connections holds.
  struct Slot {
    /// The connection that the state is of: places are used again.
    var number: UInt32
    var state: State
    /// Segments whose octets nobody recognised.
    var strange: UInt8 = 0
    /// The stream; `streams` owns it.
    var followed: Followed?

    /// A stream and its two directions, to be looked at without counting references. All three stand here:
    /// none has to be fetched before the place of another is known.
    struct Followed {
      let stream: Unmanaged<TCPStream>
      let low: Unmanaged<TCPOctets>
      let high: Unmanaged<TCPOctets>

      init(_ stream: TCPStream) {
        self.stream = .passUnretained(stream)
        low = .passUnretained(stream.fromLow)
        high = .passUnretained(stream.fromHigh)
      }

      /// The octets of one direction, lent.
      @inline(__always)
      func withOctets<R>(fromHigh isHigh: Bool, _ body: (TCPOctets) -> R) -> R {
        (isHigh ? high : low)._withUnsafeGuaranteedRef(body)
      }
    }
  }
  @exclusivity(unchecked) var slots: ContiguousArray<Slot> = []
  @exclusivity(unchecked) var streams: ContiguousArray<TCPStream?> = []
  /// Segments are remembered, to hold retransmissions against them.
  @exclusivity(unchecked) var isTracing = true
  /// Packets whose octets wait are kept as traces.
  @exclusivity(unchecked) var keepsPackets = false
  /// Octets held by all streams.
  @exclusivity(unchecked) private(set) var held = 0
  @exclusivity(unchecked) private var oldest: Unmanaged<TCPStream>?
  @exclusivity(unchecked) private var newest: Unmanaged<TCPStream>?

  /// The place that is next when the capture is over.
  @exclusivity(unchecked) var ending = 0

  // The packet in work.
  @exclusivity(unchecked) var current: Unmanaged<TCPStream>?
  /// Keeps a stream that was let go of while its last packet is in work.
  @exclusivity(unchecked) private var retired: TCPStream?
  /// Something may wait that did not before.
  @exclusivity(unchecked) var mayHold = false
  @exclusivity(unchecked) var jobs: [Job] = []
  @exclusivity(unchecked) var nextJob = 0
  @exclusivity(unchecked) var chunk = StreamChunk(range: 0..<0, side: .client)
  @exclusivity(unchecked) var isFromHigh = false
  @exclusivity(unchecked) var frameIsFromHigh = false
  /// The octets in work stand in the direction's own buffer, of which a copy is walked.
  @exclusivity(unchecked) var isBuffered = false
  /// The packet gives nothing to do but the chunk, which stands in it: see `takeNext`.
  @exclusivity(unchecked) var isPlain = false
  /// Index of the TCP layer.
  @exclusivity(unchecked) var layer = 0
  @exclusivity(unchecked) var frame = 0
  /// Frames of the message made last, for those that stand in the same octets.
  @exclusivity(unchecked) var lastFrames: [Int] = []

  init(limits: Limits) { self.limits = limits }

  /// Whether there is anything to do with a segment.
  @inline(__always)
  func concerns(_ note: TCPNote, hasData: Bool, hasEnd: Bool) -> Bool {
    let slot = Int(note.slot)
    guard slot < slots.count, slots[slot].number == note.stream else {
      return hasData && !protocols.isEmpty || hasStream(of: slot)
    }
    let state = slots[slot].state
    if state.contains(.isOpaque) { return false }
    return hasData || hasEnd && state.contains(.isFollowed) || state.contains(.hasEarly)
  }

  /// Whether another connection left a stream in the place.
  private func hasStream(of slot: Int) -> Bool {
    slot < streams.count && streams[slot] != nil
  }

  /// Whether a segment without data, SYN, FIN or RST is nothing to the streams: see `concerns`.
  @inline(__always)
  func ignoresAcknowledgments(_ slot: UInt32, _ number: UInt32) -> Bool {
    let slot = Int(slot)
    guard _fastPath(slot < slots.count), _fastPath(slots[slot].number == number) else {
      return !hasStream(of: slot)
    }
    let state = slots[slot].state
    return state.contains(.isOpaque) || !state.contains(.hasEarly)
  }

  /// Whether a segment is the next of a stream that is read, and none waits for one in front of it: the
  /// bulk of all segments with data. `takeNext` does for it what `take` would.
  @inline(__always)
  func isNext(_ sequence: UInt32, _ slot: UInt32, _ number: UInt32, fromHigh isHigh: Bool) -> Bool {
    let slot = Int(slot)
    guard _fastPath(slot < slots.count), _fastPath(slots[slot].number == number),
      slots[slot].state == .isFollowed,
      let followed = slots[slot].followed
    else { return false }
    return followed.withOctets(fromHigh: isHigh) { $0.next == sequence && $0.isOpen }
      && followed.stream._withUnsafeGuaranteedRef { $0.isRead }
  }

  /// What a connection says will be asked for soon, if it is followed: has it fetched meanwhile.
  @inline(__always)
  func expect(_ slot: UInt32, fromHigh isHigh: Bool) {
    let slot = Int(slot)
    guard _fastPath(slot < slots.count), let followed = slots[slot].followed else { return }
    let octets = UnsafeRawPointer((isHigh ? followed.high : followed.low).toOpaque())
    netlab_prefetch(octets)
    netlab_prefetch(octets + 64)
    netlab_prefetch(followed.stream.toOpaque())
  }

  /// Takes a segment for which `isNext` holds.
  @inline(__always)
  func takeNext(
    _ slot: UInt32, _ sequence: UInt32, _ data: Range<Int>, _ bytes: RawSpan,
    fromHigh isHigh: Bool, at index: Int, in dissection: borrowing Dissection
  ) {
    guard let followed = slots[Int(slot)].followed else { return }
    layer = index
    frame = dissection.frame.number
    current = followed.stream
    isFromHigh = isHigh
    frameIsFromHigh = isHigh
    isBuffered = false
    followed.stream._withUnsafeGuaranteedRef { stream in
      // Asked next, and long not asked: has it fetched meanwhile.
      if let reader = stream.handle { netlab_prefetch(reader.object.toOpaque()) }
      followed.withOctets(fromHigh: isHigh) { own in
        own.next = sequence &+ UInt32(truncatingIfNeeded: data.count)
        if isTracing { own.trace(sequence, bytes.extracting(data)) }
        isPlain = own.waiting == 0
        guard _fastPath(isPlain) else {
          // Behind octets that wait for these.
          mayHold = true
          chunk.range = 0..<0
          return jobs.append(.deliver(fromHigh: isHigh, data))
        }
        chunk = StreamChunk(
          range: data, buffer: 0, side: stream.side(fromHigh: isHigh),
          sideIsKnown: stream.sideIsKnown, time: dissection.frame.time, position: own.consumed,
          isMidStream: own.isMidStream, isLast: false)
      }
    }
  }

  /// Whether a protocol reads what the segment's connection says.
  func isReading(_ note: TCPNote) -> Bool {
    followed(note)?.stream._withUnsafeGuaranteedRef { $0.isRead } ?? false
  }

  /// Where a segment belongs that is no part of a stream.
  func context(of note: TCPNote, _ tcp: TCP) -> StreamContext {
    StreamContext(
      number: note.stream, side: tcp.sourcePort < tcp.destinationPort ? .server : .client,
      direction: note.isFromHigh ? 1 : 0, sourcePort: tcp.sourcePort,
      destinationPort: tcp.destinationPort)
  }

  /// The stream of a connection, where there is one.
  func followed(_ note: TCPNote) -> Slot.Followed? {
    let slot = Int(note.slot)
    return slot < slots.count && slots[slot].number == note.stream ? slots[slot].followed : nil
  }

  /// A stream for a connection that has none; that of another connection in its place ends.
  func begin(_ note: TCPNote, _ ends: Endpoints, _ tcp: TCP, in dissection: inout Dissection)
    -> TCPStream
  {
    let slot = Int(note.slot)
    while slots.count <= slot {
      slots.append(Slot(number: .max, state: [], followed: nil))
      streams.append(nil)
    }
    if let known = streams[slot] {
      known.reader?.end(.replaced, from: nil, into: &dissection)
      if known.reader != nil { dissection.add(known.verdict(.replaced)) }
      forget(known)
    }
    let isHigh = note.isFromHigh
    let stream = TCPStream(
      number: note.stream, slot: note.slot,
      ends: isHigh ? Endpoints(source: ends.destination, destination: ends.source) : ends,
      lowPort: isHigh ? tcp.destinationPort : tcp.sourcePort,
      highPort: isHigh ? tcp.sourcePort : tcp.destinationPort)
    if let opener = note.opener { stream.learn(.client, fromHigh: opener == .high) }
    streams[slot] = stream
    let strange = slots[slot].number == note.stream ? slots[slot].strange : 0
    slots[slot] = Slot(
      number: note.stream, state: .isFollowed, strange: strange, followed: Slot.Followed(stream))
    return stream
  }

  // MARK: Memory

  /// Counts what the stream holds now, and gives up idle ones when all together hold too much.
  ///
  /// - Returns: The streams that were given up.
  func count(_ stream: TCPStream, holding now: Int) -> [TCPStream] {
    guard now != 0 || stream.counted != 0 else { return [] }
    held += now - stream.counted
    if stream.counted != 0 { unlink(stream) }
    stream.counted = now
    if now != 0 { putInFront(stream) }
    guard held > limits.streamOctets else { return [] }
    var given: [TCPStream] = []
    while held > limits.streamOctets, let idle = oldest?.takeUnretainedValue() {
      given.append(idle)
      forget(idle)
      slots[Int(idle.slot)].state = .isOpaque
    }
    return given
  }

  /// Lets go of a stream.
  func forget(_ stream: TCPStream) {
    if stream.counted != 0 {
      held -= stream.counted
      unlink(stream)
      stream.counted = 0
    }
    slots[Int(stream.slot)].state = []
    slots[Int(stream.slot)].followed = nil
    // The packet in work may be the stream's last, and let go of it twice.
    if let last = streams[Int(stream.slot)] { retired = last }
    streams[Int(stream.slot)] = nil
  }

  // The order is kept by `streams`, which own them: nothing here counts references.

  private func putInFront(_ stream: TCPStream) {
    let this = Unmanaged.passUnretained(stream)
    stream.older = newest
    stream.newer = nil
    newest?._withUnsafeGuaranteedRef { $0.newer = this }
    newest = this
    if oldest == nil { oldest = this }
  }

  private func unlink(_ stream: TCPStream) {
    let (older, newer) = (stream.older, stream.newer)
    if let older { older._withUnsafeGuaranteedRef { $0.newer = newer } } else { oldest = newer }
    if let newer { newer._withUnsafeGuaranteedRef { $0.older = older } } else { newest = older }
    stream.older = nil
    stream.newer = nil
  }
}

/// The remarks about streams.
enum TCPStreamFinding {
  static let conflict = FindingKind(
    "tcp.stream.conflict", "Retransmission with other octets than the first time", .error,
    .reassemble)
  static let gap = FindingKind(
    "tcp.stream.gap", "Octets of the stream were not captured", .warning, .reassemble
  ) { count, position in ": \(count) at octet \(position)" }
  static let givenUp = FindingKind(
    "tcp.stream.given_up", "Streams hold too much: an idle one is followed no more", .warning,
    .reassemble
  ) { stream, _ in " (stream \(stream))" }
  static let tooLong = FindingKind(
    "tcp.stream.too_long", "The stream holds more than is kept: it is followed no more", .warning,
    .reassemble)
  static let lost = FindingKind(
    "tcp.stream.lost", "The stream cannot be read from here on", .warning, .reassemble
  ) { position, _ in " (octet \(position))" }
  static let afterEnd = FindingKind(
    "tcp.stream.after_fin", "Octets after the end of the stream", .warning, .reassemble)

  static let all = [conflict, gap, givenUp, tooLong, lost, afterEnd]
}

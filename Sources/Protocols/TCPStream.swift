import PacketCore

/// A connection as two streams of octets, and the protocol that reads them.
final class TCPStream {
  // What every segment asks for stands together, see `TCPOctets`.
  /// `tcp.stream`.
  let number: UInt32
  /// Its place among the connections.
  let slot: UInt32
  /// The octets that the lower end of the connection's key sent, and those of the higher end.
  let fromLow: TCPOctets
  let fromHigh: TCPOctets
  /// The same, to be looked at without counting references.
  private let handles: (low: Unmanaged<TCPOctets>, high: Unmanaged<TCPOctets>)
  // One thread walks; the check at run time would find nothing.
  @exclusivity(unchecked) var reader: (any StreamProtocol)? {
    didSet {
      handle = reader.map { Reader(type: type(of: $0), object: .passUnretained($0)) }
      mayHaveMore = reader.map { type(of: $0).makesMore } ?? false
    }
  }
  /// The reader, to be called without counting references; `reader` owns it.
  struct Reader {
    let type: any StreamProtocol.Type
    let object: Unmanaged<AnyObject>
  }
  @exclusivity(unchecked) private(set) var handle: Reader?
  var isRead: Bool { handle != nil }
  @exclusivity(unchecked) var mayHaveMore = false
  @exclusivity(unchecked) var lowSide: Side
  @exclusivity(unchecked) var sideIsKnown = false
  let lowPort: UInt16
  let highPort: UInt16
  /// Octets that it holds, as last counted, and its neighbours among those that hold some, oldest
  /// first.
  @exclusivity(unchecked) var counted = 0
  @exclusivity(unchecked) var older: Unmanaged<TCPStream>?
  @exclusivity(unchecked) var newer: Unmanaged<TCPStream>?

  let ends: Endpoints
  @exclusivity(unchecked) var readerName = ""
  /// The capture saw the connection begin.
  @exclusivity(unchecked) var hasHandshake = false
  @exclusivity(unchecked) var endedBy: Side?

  /// - Parameters:
  ///   - ends: The lower end of the key first.
  init(number: UInt32, slot: UInt32, ends: Endpoints, lowPort: UInt16, highPort: UInt16) {
    self.number = number
    self.slot = slot
    self.ends = ends
    self.lowPort = lowPort
    self.highPort = highPort
    fromLow = TCPOctets()
    fromHigh = TCPOctets()
    handles = (.passUnretained(fromLow), .passUnretained(fromHigh))
    // Until something shows who is who: servers have the lower port numbers.
    lowSide = lowPort < highPort ? .server : .client
  }

  /// Whether the reader has a message that needs no more octets.
  @inline(__always)
  var hasMore: Bool { mayHaveMore && (handle.map { $0.type.hasMore($0.object) } ?? false) }

  @inline(__always)
  func octets(fromHigh isHigh: Bool) -> TCPOctets { isHigh ? fromHigh : fromLow }

  /// The octets of one direction, lent.
  @inline(__always)
  func withOctets<R>(fromHigh isHigh: Bool, _ body: (TCPOctets) -> R) -> R {
    (isHigh ? handles.high : handles.low)._withUnsafeGuaranteedRef(body)
  }

  @inline(__always)
  func side(fromHigh isHigh: Bool) -> Side { isHigh ? lowSide.other : lowSide }

  /// `side` sent what came from the given end.
  func learn(_ side: Side, fromHigh isHigh: Bool) {
    lowSide = isHigh ? side.other : side
    sideIsKnown = true
  }

  /// Octets held now.
  var held: Int {
    handles.low._withUnsafeGuaranteedRef { $0.held }
      + handles.high._withUnsafeGuaranteedRef { $0.held }
      + (handle.map { $0.type.heldOctets(of: $0.object) } ?? 0)
  }

  /// Whether segments wait for one in front of them.
  @inline(__always)
  var hasEarly: Bool {
    handles.low._withUnsafeGuaranteedRef { !$0.early.isEmpty }
      || handles.high._withUnsafeGuaranteedRef { !$0.early.isEmpty }
  }

  /// The connection, judged.
  func verdict(_ end: StreamEnd) -> ConnectionVerdict {
    let isLowClient = lowSide == .client
    let (client, server) = isLowClient ? (fromLow, fromHigh) : (fromHigh, fromLow)
    let missing = fromLow.missing + fromHigh.missing
    return ConnectionVerdict(
      stream: number, client: isLowClient ? ends.source : ends.destination,
      clientPort: isLowClient ? lowPort : highPort,
      server: isLowClient ? ends.destination : ends.source,
      serverPort: isLowClient ? highPort : lowPort, protocolName: readerName,
      isComplete: hasHandshake && missing == 0 && (end == .fin || end == .rst)
        && fromLow.waiting == 0 && fromHigh.waiting == 0,
      missing: missing, messages: (client.messages, server.messages), end: end,
      endedBy: endedBy, closing: reader?.closing)
  }
}

/// One direction of a connection as octets in the order of their sequence numbers.
final class TCPOctets {
  /// A segment that came before those in front of it.
  struct Early {
    var sequence: UInt32
    var octets: [UInt8]
    var frame: Int
    var offset: Int
  }

  /// A segment that was taken, to hold a retransmission against it.
  struct Trace {
    var sequence: UInt32 = 0
    var count: UInt32 = 0
    var hash: UInt64 = 0
  }

  // What every segment asks for stands together: a connection's next segment comes long after the
  // processor's cache has forgotten it, and each line of it costs.
  /// The next sequence number, when it is known.
  @exclusivity(unchecked) var next: UInt32 = 0
  @exclusivity(unchecked) var hasNext = false
  /// Nothing more can be read.
  @exclusivity(unchecked) var isLost = false
  @exclusivity(unchecked) var hasEnded = false
  /// The first octets were not captured.
  @exclusivity(unchecked) var isMidStream = true
  /// Where FIN stands, once one was seen.
  @exclusivity(unchecked) var finish: UInt32?
  /// What waits was handed over as the last there is.
  @exclusivity(unchecked) var hasOfferedLast = false
  /// Octets in order that wait for the rest of their message, and how many: the count stands here,
  /// and not only in front of the octets, where every segment would have to look for it.
  @exclusivity(unchecked) private(set) var buffer: [UInt8] = []
  @exclusivity(unchecked) private(set) var waiting = 0
  /// Octets that messages were made of, gaps included.
  @exclusivity(unchecked) var consumed: UInt64 = 0
  /// Messages made.
  @exclusivity(unchecked) var messages = 0
  @exclusivity(unchecked) private var traceCount = 0

  /// The packets of the octets that no message was made of yet.
  @exclusivity(unchecked) var pieces: [StreamPiece] = []
  /// Octets that must be there before the reader is asked again.
  @exclusivity(unchecked) var needed = 1
  @exclusivity(unchecked) var early: [Early] = []
  @exclusivity(unchecked) var earlyOctets = 0
  /// Frames of the parts of a message that is not complete, and its octets.
  @exclusivity(unchecked) var openFrames: [Int] = []
  @exclusivity(unchecked) var openOctets = 0
  /// The packets in question, when they are kept.
  @exclusivity(unchecked) var packets: [PacketTrace] = []
  /// Octets that were not captured.
  @exclusivity(unchecked) var missing: UInt64 = 0
  @exclusivity(unchecked) private var traces: InlineArray<8, Trace> = .init(repeating: Trace())

  /// Whether nothing has ended: the next segment is no more than its octets.
  @inline(__always)
  var isOpen: Bool { hasNext && !isLost && !hasEnded && finish == nil }

  /// Octets held; a kept packet counts for about as many as it takes.
  var held: Int { waiting + earlyOctets + packets.count * 512 }

  /// Drops everything that waits.
  func giveUp() {
    isLost = true
    consumed &+= UInt64(waiting)
    buffer = []
    waiting = 0
    pieces = []
    early = []
    earlyOctets = 0
    openFrames = []
    packets = []
  }

  /// Takes octets in order that stand in a frame, behind those that wait.
  func append(_ bytes: RawSpan, _ range: Range<Int>, frame: Int, offset: Int) {
    pieces.append(
      StreamPiece(
        position: consumed &+ UInt64(waiting), count: range.count, frame: frame,
        offset: offset, isRepeated: false))
    bytes.extracting(range).withUnsafeBytes { buffer.append(contentsOf: $0) }
    waiting = buffer.count
  }

  /// The first `count` waiting octets belong to messages now.
  func drop(_ count: Int) {
    guard count > 0 else { return }
    consumed &+= UInt64(count)
    waiting = max(waiting - count, 0)
    if waiting == 0 {
      buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 14)
      pieces.removeAll(keepingCapacity: true)
      return
    }
    buffer.removeSubrange(..<count)
    pieces.removeAll { $0.position &+ UInt64($0.count) <= consumed }
  }

  /// Frames that hold any of the waiting octets `range`, retransmissions included, ascending; none where
  /// it is the given one alone.
  func frames(_ range: Range<Int>, besides frame: Int) -> [Int] {
    let from = consumed &+ UInt64(range.lowerBound)
    let to = consumed &+ UInt64(range.upperBound)
    var frames: [Int] = []
    frames.reserveCapacity(pieces.count)
    var isAscending = true
    for piece in pieces where piece.position < to && piece.position &+ UInt64(piece.count) > from {
      if let last = frames.last, piece.frame <= last { isAscending = false }
      frames.append(piece.frame)
    }
    if !isAscending { frames = frames.ascending }
    return frames.count == 1 && frames[0] == frame ? [] : frames
  }

  /// Remembers a segment that was taken.
  @inline(__always)
  func trace(_ sequence: UInt32, _ octets: RawSpan) {
    traces[traceCount & 7] = Trace(
      sequence: sequence, count: UInt32(truncatingIfNeeded: octets.byteCount),
      hash: Self.hash(octets))
    traceCount &+= 1
  }

  /// Whether the segment was taken before with other octets; false where that is not known.
  func differs(_ sequence: UInt32, _ octets: RawSpan) -> Bool {
    for index in 0..<min(traceCount, 8)
    where traces[index].sequence == sequence && traces[index].count == octets.byteCount {
      return traces[index].hash != Self.hash(octets)
    }
    return false
  }

  /// Not for keys: tells segments apart that ought to be equal. A sum of products, none of which waits for
  /// the one before it; each pair of words has numbers of its own, so that their order counts.
  ///
  /// In steps of 32 octets, as the checksum before it: a processor that saw that one's steps knows how many
  /// there will be.
  @inline(__always)
  private static func hash(_ octets: RawSpan) -> UInt64 {
    let count = octets.byteCount
    guard count >= 32 else { return hashOfFew(octets) }
    let last = count &- 32
    var state = UInt64(truncatingIfNeeded: count)
    var place: UInt64 = 0x9E37_79B9_7F4A_7C15
    var at = 0
    while at < last {
      state &+= products(octets, at, place)
      place &+= step
      at &+= 32
    }
    // The last octets, some of them for the second time.
    return state &+ products(octets, last, place)
  }

  /// Between the numbers of one pair of words and the next but one.
  private static let step: UInt64 = 0xBF58_476D_1CE4_E5B9

  /// Of two pairs of words.
  @inline(__always)
  private static func products(_ octets: RawSpan, _ at: Int, _ place: UInt64) -> UInt64 {
    product(octets, at, place) &+ product(octets, at &+ 16, place ^ 0x94D0_49BB_1331_11EB)
  }

  @inline(__always)
  private static func product(_ octets: RawSpan, _ at: Int, _ place: UInt64) -> UInt64 {
    let first = octets.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
    let second = octets.unsafeLoadUnaligned(fromUncheckedByteOffset: at &+ 8, as: UInt64.self)
    let product = (first ^ place).multipliedFullWidth(by: second &+ place)
    // And the words themselves: a factor that is zero, as a sender may choose it, would hide the other.
    return (product.high ^ product.low) &+ first &+ (second &<< 32 | second &>> 32)
  }

  @inline(never)
  private static func hashOfFew(_ octets: RawSpan) -> UInt64 {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: octets.byteCount)
    for at in 0..<octets.byteCount {
      let octet = octets.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      state = (state ^ UInt64(octet)) &* 0x94D0_49BB_1331_11EB
    }
    return state
  }
}

extension [Int] {
  /// Sorted, each once.
  var ascending: [Int] {
    // Nearly always they are, as packets come.
    if zip(self, dropFirst()).allSatisfy({ $0 < $1 }) { return self }
    var result: [Int] = []
    for frame in sorted() where result.last != frame { result.append(frame) }
    return result
  }
}

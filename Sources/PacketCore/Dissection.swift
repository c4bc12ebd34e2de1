import Synchronization

/// What is known about one packet: where its layers are, their notes and findings, and how far the
/// dissection got. One value is reused packet after packet, and lent to who reads it.
public struct Dissection: ~Copyable, Sendable {
  /// What the capture says about the frame.
  public internal(set) var frame: FrameHeader
  /// The interface the frame was captured on, the field `frame.interface_name`; empty when unknown.
  public var interfaceName = ""
  /// Comments of the frame in a pcapng file, the fields `frame.comment`.
  public var comments: [String] = [] { didSet { hasRareParts = true } }
  /// When the first frame of the capture was seen, the frame before this one, and the one shown
  /// before this one; each the frame's own time when there was none.
  public var firstTime: Timestamp
  public var previousTime: Timestamp
  public var previousDisplayedTime: Timestamp

  /// The layers, outermost first; the first is the frame itself.
  @inlinable public var layers: LayerRecords { records }
  @usableFromInline var records = LayerRecords()
  /// What was found wrong or worth a remark, in the order of the layers.
  public internal(set) var findings: [Finding] = [] { didSet { hasRareParts = true } }
  /// One of them is that a checksum is wrong: the receiver threw the packet away.
  public private(set) var hasBadChecksum = false
  /// Why the walk ended before the packet did, and in which protocol.
  public internal(set) var failure: Failure?
  /// Source and destination as the innermost addressed layer names them.
  @inlinable public var endpoints: Endpoints { ends }
  @usableFromInline var ends = Endpoints.none
  /// The layer that names the packet in the columns.
  @inlinable public var speaker: Int { speaking }
  @usableFromInline var speaking = 0

  /// Octets that layers stand in and that are not the frame's own, buffer 1 first.
  @usableFromInline var ownBuffers = PacketBuffers()
  /// Where the walk goes on when it is done here, when that is somewhere; nearly always it is one
  /// place, and an array would cost more than all the rest.
  @usableFromInline
  var continuation = Continuation(buffer: 0, range: 0..<0, type: .nothing, isAside: false)
  @usableFromInline var isContinued = false
  /// Places that come after that one.
  var furtherContinuations: [Continuation] = [] { didSet { hasRareParts = true } }
  /// The payload of the layer just read is walked elsewhere.
  @usableFromInline var goesElsewhere = false
  /// That elsewhere is a stream.
  @usableFromInline var hasStream = false
  /// The reader of a stream has made a message for which it holds no more than before, nor less: it need not
  /// be asked (`StreamProtocol.heldOctets`). Taken back by whoever asks readers.
  public var holdsAsBefore = false
  /// The layer whose stream is not used up: its place in the registry.
  var unfinished: Int?

  /// What the messages of the packet are, in the order of the stream.
  public internal(set) var messages = Messages()
  /// Frames of those messages that took more than one packet.
  var messagePackets: [Int] = [] { didSet { hasRareParts = true } }
  /// What is kept of the packets that carried them besides this one, by index of the message.
  var messageTraces: [(message: Int, packets: [PacketTrace])] = [] {
    didSet { hasRareParts = true }
  }
  /// The number of the last message with this frame number.
  var numbered = 0
  /// The walk is in the last of them.
  var isMessageOpen = false
  /// The stream that the walk is in, for layers of messages.
  public var stream = StreamContext()
  /// How connections ended, those that this packet ended.
  public internal(set) var verdicts: [ConnectionVerdict] = [] { didSet { hasRareParts = true } }

  /// Something was put into what few packets have: each packet is asked for all of that in one.
  private var hasRareParts = false

  @usableFromInline var notesCount = 0
  @usableFromInline var currentBuffer: UInt16 = 0
  @usableFromInline var currentSpace = PayloadType.Space.nothing
  /// True while the octets are a part of the text of a layer before.
  @usableFromInline var isAside = false
  /// True while the octets are a packet that this packet quotes.
  @usableFromInline var isQuoting = false
  /// False walks every layer by itself: see `Dissector.init`.
  @usableFromInline var takesShortcuts = true
  /// Nothing. A struct with an atomic in it stands in memory only, and is lent by its address; all of
  /// this one would be copied each time that a packet is printed.
  private let anchor = Atomic<Bool>(false)

  /// A dissection that stopped early: the protocol that could not be read, and why.
  public struct Failure: Sendable {
    public let type: any ErasedLayer.Type
    public let error: ParseError
    /// The buffer that the error's offset counts in.
    public let buffer: UInt16
    /// True when the broken packet is one that this packet quotes.
    public let isQuoted: Bool
    /// True when the broken layer is among the layers all the same, with what could be read.
    public let isRecorded: Bool
  }

  public init() {
    frame = FrameHeader(capturedLength: 0, originalLength: 0, linkType: .null)
    firstTime = frame.time
    previousTime = frame.time
    previousDisplayedTime = frame.time
  }

  /// Forgets the last packet.
  @inline(__always)
  mutating func begin(_ frame: FrameHeader, number: Int) {
    self.frame = frame
    self.frame.number = number
    records.removeAll()
    if ownBuffers.count > 0 { forgetBuffers() }
    if !messages.isEmpty { messages.removeAll() }
    if _slowPath(hasRareParts) { forgetRareParts() }
    failure = nil
    ends = .none
    speaking = 0
    isContinued = false
    numbered = 0
    isMessageOpen = false
    unfinished = nil
    stream = StreamContext()
    goesElsewhere = false
    hasStream = false
    isAside = false
    notesCount = 0
    currentBuffer = 0
    currentSpace = .nothing
    isQuoting = false
  }

  @inline(__always)
  private mutating func forgetBuffers() {
    if _slowPath(!isKnownUniquelyReferenced(&ownBuffers)) { ownBuffers = PacketBuffers() }
    ownBuffers.removeAll()
  }

  @inline(never)
  private mutating func forgetRareParts() {
    // Each asked for by itself: removing nothing costs as much as removing something.
    if !findings.isEmpty {
      findings.removeAll(keepingCapacity: true)
      hasBadChecksum = false
    }
    if !verdicts.isEmpty { verdicts.removeAll(keepingCapacity: true) }
    if !comments.isEmpty { comments.removeAll(keepingCapacity: true) }
    if !messagePackets.isEmpty { messagePackets.removeAll(keepingCapacity: true) }
    if !messageTraces.isEmpty { messageTraces.removeAll(keepingCapacity: true) }
    if !furtherContinuations.isEmpty { furtherContinuations.removeAll(keepingCapacity: true) }
    hasRareParts = false
  }

  /// Records a layer that a stream protocol has read.
  ///
  /// - Parameters:
  ///   - header: Its header in `buffer`; the payload follows, up to `end`.
  ///   - missing: Octets of the payload that were on the wire but are not here.
  /// - Returns: Its index.
  @inlinable
  public mutating func record<L: Layer>(
    _ type: L.Type, header: Range<Int>, end: Int, buffer: UInt16, missing: Int = 0
  ) -> Int {
    currentBuffer = buffer
    currentSpace = .message
    return push(
      type, start: header.lowerBound, headerEnd: header.upperBound, end: end,
      reportedEnd: end &+ missing)
  }

  /// The packet belongs to a stream: `ErasedLayer.resume` is called for this layer until it says
  /// that there is nothing more.
  @inlinable
  public mutating func resumeStream() {
    goesElsewhere = true
    hasStream = true
  }

  /// What follows the layer's header is its own to show: nothing walks it, and it is not data that
  /// nobody claims.
  @inlinable public mutating func keepPayload() { goesElsewhere = true }

  /// Records a layer and returns its index.
  @inlinable
  mutating func push<L: Layer>(
    _ type: L.Type, start: Int, headerEnd: Int, end: Int, reportedEnd: Int
  ) -> Int {
    let index = append(
      type, start: start, headerEnd: headerEnd, end: end, reportedEnd: reportedEnd,
      buffer: currentBuffer, isQuoted: isQuoting)
    if L.summarizes, !isQuoting, !isAside { speaking = index }
    return index
  }

  @inlinable @inline(__always)
  mutating func append<L: Layer>(
    _ type: L.Type, start: Int, headerEnd: Int, end: Int, reportedEnd: Int, buffer: UInt16,
    isQuoted: Bool
  ) -> Int {
    let index = records.count
    records.append(
      LayerRecord(
        type: type, start: start, headerLength: headerEnd &- start,
        payloadLength: max(end &- headerEnd, 0), missing: max(reportedEnd &- end, 0),
        buffer: buffer, space: currentSpace, isQuoted: isQuoted, hasRemarks: L.hasRemarks))
    return index
  }

  /// Names the packet's two ends; a quoted packet's ends do not count.
  @inlinable
  public mutating func setEndpoints(source: Address, destination: Address) {
    guard !isQuoting else { return }
    // One after the other: both in one value would be put together in memory first.
    ends.source = source
    ends.destination = destination
  }

  /// What follows is a packet that this one quotes, not traffic of its own.
  @inlinable public mutating func quoteWhatFollows() { isQuoting = true }

  /// Adds a remark of the layer at `index`.
  ///
  /// - Parameters:
  ///   - kind: One that the layer's schema declares.
  ///   - found: The value in the packet, for kinds that name one.
  ///   - expected: The value that would have been right, for kinds that name one.
  ///   - words: The same where they are no numbers, with a separator in front.
  public mutating func add(
    _ kind: FindingKind, at index: Int, found: UInt64 = 0, expected: UInt64 = 0,
    words: String = ""
  ) {
    findings.append(
      Finding(kind: kind, layer: index, found: found, expected: expected, words: words))
    if kind.severity == .error, kind.group == .checksum { hasBadChecksum = true }
  }

  /// A connection has ended.
  public mutating func add(_ verdict: ConnectionVerdict) { verdicts.append(verdict) }

  /// A layer could not be read: what there is of it becomes the last record.
  mutating func fail(
    _ type: any ErasedLayer.Type, _ error: ParseError, _ bytes: RawSpan, start: Int, end: Int,
    reportedEnd: Int
  ) {
    func part(_ end: Int) -> LayerRecord {
      LayerRecord(
        type: type, start: start, headerLength: max(end &- start, 0), payloadLength: 0,
        missing: max(reportedEnd &- end, 0), buffer: currentBuffer, space: currentSpace,
        isQuoted: isQuoting, isPart: true)
    }
    let whole = part(end)
    // Of a header that is wrong, not short, nothing can be believed.
    records.append(type.canBeCompleted(bytes, whole) ? whole : part(start))
    failure = Failure(
      type: type, error: error, buffer: currentBuffer, isQuoted: isQuoting, isRecorded: false)
    add(error.reason == .cut ? .cut : .malformed, at: max(layers.count - 1, 0))
  }

  /// The layer at `index` ends before its header does. Unlike a layer that throws, it stays, and
  /// shows what could be read.
  public mutating func stop(_ error: ParseError, at index: Int) {
    guard records.indices.contains(index) else { return }
    failure = Failure(
      type: records[index].type, error: error, buffer: currentBuffer, isQuoted: isQuoting,
      isRecorded: true)
    add(error.reason == .cut ? .cut : .malformed, at: index)
  }

  /// Keeps a layer's note.
  @inlinable @inline(__always)
  public mutating func setNote<Note: BitwiseCopyable>(_ note: Note, at index: Int) {
    noteRoom(Note.self).initialize(to: note)
    keepNote(Note.self, at: index)
  }

  /// Room for a note, to be written where it will stand: one that is copied when it is done makes the
  /// processor wait for each of the parts that it has just written.
  ///
  /// - Returns: Memory that holds nothing yet; good until the next note.
  @inlinable @inline(__always)
  public mutating func noteRoom<Note: BitwiseCopyable>(
    _ type: Note.Type
  ) -> UnsafeMutablePointer<Note> {
    if _slowPath(notesCount &+ Self.words(of: type) > records.places.noteWords) {
      records.places.growNotes(notesCount)
    }
    return (records.places.notes + notesCount &* 8).bindMemory(to: Note.self, capacity: 1)
  }

  /// Keeps the note that was written to `noteRoom` as that of a layer.
  @inlinable @inline(__always)
  public mutating func keepNote<Note: BitwiseCopyable>(_ type: Note.Type, at index: Int) {
    guard records.indices.contains(index) else { return }
    records.places.records[index].note = UInt32(truncatingIfNeeded: notesCount)
    notesCount &+= Self.words(of: type)
  }

  @inlinable @inline(__always)
  static func words<Note: BitwiseCopyable>(of type: Note.Type) -> Int {
    (MemoryLayout<Note>.size &+ 7) / 8
  }

  /// The note that a layer left, of the type that its protocol declares.
  @inlinable
  public func note<L: Layer>(of layer: L.Type, _ record: LayerRecord) -> L.Note? {
    guard record.note != LayerRecord.noNote else { return nil }
    // A record of another dissection may claim any place.
    let offset = Int(record.note) &* 8
    guard offset &+ MemoryLayout<L.Note>.size <= records.places.noteWords &* 8 else { return nil }
    return records.places.notes.loadUnaligned(fromByteOffset: offset, as: L.Note.self)
  }

  /// The innermost layer of a protocol that is not quoted.
  public func last<L: Layer>(_ type: L.Type) -> LayerRecord? {
    layers.last { $0.is(L.self) && !$0.isQuoted }
  }

  /// The innermost value of a protocol, decoded.
  ///
  /// - Parameter frame: The frame's octets.
  public func decode<L: Layer>(_ type: L.Type, in frame: RawSpan) -> L? {
    guard let record = last(type) else { return nil }
    return withBytes(of: record.buffer, frame: frame) { bytes in L.decode(record, in: bytes) }
  }
}

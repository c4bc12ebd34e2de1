@testable import PacketCore
@testable import Protocols

/// Feeds octets to HTTP as a connection would, and keeps what the messages were.
struct HTTPScript {
  /// One message, as far as it does not depend on how the octets came.
  struct Row: Equatable {
    var side: Side
    var line: String
    var body: [UInt8]
    var octets: Int
    var findings: [String]
    /// The octets of packets of its body, each a message of its own.
    var packets: [[UInt8]] = []
    var session: UInt64 = 0
  }

  private(set) var rows: [Row] = []
  private let kept = KeptDissection()
  private(set) var dissection: Dissection {
    _read { yield kept.dissection }
    nonmutating _modify { yield &kept.dissection }
  }
  private(set) var upgraded: WebSocketStream?
  private(set) var isLost: [Side: Bool] = [:]
  private let stream: HTTPStream
  private var waiting: [Side: [UInt8]] = [.client: [], .server: []]
  private var open: [Side: Int] = [.client: 0, .server: 0]
  private var frame = 0

  init(limits: Limits = Limits()) { stream = HTTPStream(limits: limits) }

  var held: Int { stream.heldOctets }

  /// The findings of all messages, by name.
  var findings: [String] { rows.flatMap(\.findings) }

  mutating func send(_ side: Side, _ text: String, isLast: Bool = false) {
    send(side, Array(text.utf8), isLast: isLast)
  }

  /// One segment.
  mutating func send(_ side: Side, _ octets: [UInt8], isLast: Bool = false, midStream: Bool = false)
  {
    begin()
    guard isLost[side] != true, upgraded == nil else { return }
    var all = (waiting[side] ?? []) + octets
    waiting[side] = []
    var at = 0
    // Every call takes something, or is the last.
    for _ in 0..<all.count * 2 + 1000 where at < all.count || stream.hasMore {
      let chunk = StreamChunk(
        range: at..<all.count, side: side, time: Timestamp(seconds: Int64(frame), nanoseconds: 0),
        isMidStream: midStream, isLast: isLast)
      let taken = step(all, chunk)
      guard let taken else {
        waiting[side] = Array(all[at...])
        return
      }
      at += taken
    }
    all = []
  }

  /// A hole in one direction, and the octets that waited before it.
  mutating func lose(_ side: Side, _ octets: Int) {
    begin()
    let unseen = octets + (waiting[side]?.count ?? 0)
    waiting[side] = []
    if !stream.gap(unseen, from: side, into: &dissection) { isLost[side] = true }
    drain(side)
  }

  mutating func end(_ side: Side, _ how: StreamEnd = .fin) {
    if let rest = waiting[side], !rest.isEmpty {
      waiting[side] = []
      send(side, rest, isLast: true)
    }
    begin()
    stream.end(how, from: side, into: &dissection)
    drain(side)
  }

  private mutating func drain(_ side: Side) {
    for _ in 0..<100 where stream.hasMore { _ = step([], StreamChunk(range: 0..<0, side: side)) }
  }

  private mutating func begin() {
    frame += 1
    var dissector = Dissector(Registry([HTTP.self]))
    dissector.dissect(
      [UInt8]().span.bytes,
      FrameHeader(capturedLength: 0, originalLength: 0, linkType: .ethernet), into: &dissection)
  }

  /// - Returns: Octets taken; nil when more are needed or the direction is lost.
  private mutating func step(_ octets: [UInt8], _ chunk: StreamChunk) -> Int? {
    let first = dissection.layers.count
    let findings = dissection.findings.count
    dissection.stream = StreamContext()
    let side = chunk.side
    switch stream.consume(octets.span.bytes, chunk, into: &dissection) {
    case .message(let count):
      add(octets, first, findings, side, count)
      return count
    case .lastPart(let count):
      add(octets, first, findings, side, (open[side] ?? 0) + count)
      open[side] = 0
      return count
    case .part(let count, _):
      open[side, default: 0] += count
      return count
    case .upgrade(let count, let next):
      add(octets, first, findings, side, count)
      upgraded = next as? WebSocketStream
      return octets.count - chunk.range.lowerBound
    case .more:
      if let place = dissection.takeContinuation(), !rows.isEmpty {
        rows[rows.count - 1].packets.append(bytes(place.buffer, place.range, octets))
        rows[rows.count - 1].session = dissection.stream.session
      }
      return 0
    case .needMore: return nil
    case .lost:
      isLost[side] = true
      return nil
    }
  }

  private func bytes(_ buffer: UInt16, _ range: Range<Int>, _ frame: [UInt8]) -> [UInt8] {
    dissection.withBytes(of: buffer, frame: frame.span.bytes) { Array([UInt8]($0)[range]) }
  }

  private mutating func add(
    _ octets: [UInt8], _ first: Int, _ findings: Int, _ side: Side, _ count: Int
  ) {
    _ = dissection.takeContinuation()
    let record = dissection.layers[first]
    var columns = Columns()
    dissection.withBytes(of: record.buffer, frame: octets.span.bytes) {
      HTTP.summarize($0, record, in: dissection, into: &columns)
    }
    var body: [UInt8] = []
    if let note = dissection.note(of: HTTP.self, record) {
      let start = Int(note.bodyStart)
      body = bytes(note.bodyBuffer, start..<start + Int(note.bodyCount), octets)
    }
    rows.append(
      Row(
        side: side, line: columns.info.string, body: body, octets: count,
        findings: dissection.findings[findings...].map(\.kind.name),
        session: dissection.stream.session))
  }

  /// Every field of the message made last.
  func fields(_ octets: [UInt8]) -> [FieldItem] {
    guard let record = dissection.layers.last(where: { $0.is(HTTP.self) }) else { return [] }
    var sink = FieldSink()
    dissection.withBytes(of: record.buffer, frame: octets.span.bytes) {
      HTTP.collect($0, record, in: dissection, into: &sink)
    }
    return sink.items
  }
}

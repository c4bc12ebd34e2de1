import PacketCore

/// HTTP/1.1 on a stream: requests and responses with their bodies, in both directions. RFC 9112.
public final class HTTPStream: StreamProtocol {
  public static let name = "http"
  public static let makesMore = true

  /// One direction's place in its messages. A class: one of two structs, chosen by side, could not be
  /// lent without a coroutine and its memory.
  final class Direction {
    enum State {
      case head
      /// A head is looked for: what came before is not known.
      case searching
      case body
      /// What follows is another protocol's, or nobody's.
      case lost
    }
    // One thread walks; the check at run time would find nothing.
    @exclusivity(unchecked) var state = State.head
    /// Octets of a head that hold no end of it.
    @exclusivity(unchecked) var scanned = 0
    @exclusivity(unchecked) var transfer: HTTPTransfer?
    /// The stream ended, or has a hole: the message is shown as far as it came.
    @exclusivity(unchecked) var isOver = false
    @exclusivity(unchecked) var messages: UInt32 = 0
  }

  /// Packets of a body that was read, each a message of its own.
  struct Packets {
    var buffer: UInt16
    var range: Range<Int>
    var version: UInt8
    var carrier: Int
    var session: UInt64
    /// Packets that are still taken.
    var left = HTTPStream.longestPayload
  }

  /// Packets of one body: a body of 16 MB has room for millions, each with a row of its own.
  static let longestPayload = 1 << 14

  let limits: Limits
  let client = Direction()
  let server = Direction()
  /// Requests without an answer, oldest first.
  @exclusivity(unchecked) var requests: [HTTPExchange] = []
  /// Frames of the last request and the last response; 0 for none.
  @exclusivity(unchecked) var lastRequest: UInt64 = 0
  @exclusivity(unchecked) var lastResponse: UInt64 = 0
  @exclusivity(unchecked) var packets: Packets?
  /// The 101 that ends HTTP on this connection.
  @exclusivity(unchecked) var answer: WebSocketAnswer?
  @exclusivity(unchecked) var hasBegun = false
  @exclusivity(unchecked) var isMidStream = false
  static let longestQueue = 256

  public init(limits: Limits) { self.limits = limits }

  public var closing: StreamClosing? { nil }

  public var heldOctets: Int {
    (client.transfer?.kept.count ?? 0) + (server.transfer?.kept.count ?? 0)
      + requests.count &* 256
  }

  public var hasMore: Bool { packets != nil || client.isOver || server.isOver }

  subscript(side: Side) -> Direction { side == .client ? client : server }

  public func consume(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    if packets != nil, let step = nextPacket(bytes, chunk, into: &dissection) { return step }
    let side = chunk.side
    if self[side].isOver { return finishEarly(side, into: &dissection) }
    if chunk.range.isEmpty {
      return self[side.other].isOver ? finishEarly(side.other, into: &dissection) : .needMore(1)
    }
    if !hasBegun {
      hasBegun = true
      isMidStream = chunk.isMidStream
    }
    switch self[side].state {
    case .lost: return .lost
    case .body: return body(bytes, chunk, into: &dissection)
    case .head, .searching: return head(bytes, chunk, into: &dissection)
    }
  }

  public func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    isMidStream = true
    self[side].scanned = 0
    switch self[side].state {
    case .lost: return false
    case .head, .searching: self[side].state = .searching
    case .body:
      guard var transfer = self[side].transfer else { return false }
      transfer.faults.insert(.bodyGap)
      transfer.keepsBody = false
      switch transfer.framing {
      case .length(let left) where octets <= left:
        transfer.framing = .length(left - octets)
        transfer.count &+= octets
        self[side].isOver = octets == left
      case .end: transfer.count &+= octets
      case .length, .chunked, .none:
        // Where the body ends is not known any more.
        self[side].isOver = true
      }
      self[side].transfer = transfer
      if self[side].isOver { self[side].state = .searching }
    }
    return true
  }

  public func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {
    for one in [Side.client, .server] where side == nil || side == one {
      guard self[one].transfer != nil else { continue }
      // RFC 9112 section 8: a message without a length is complete when the connection was closed.
      if case .end = self[one].transfer?.framing, how == .fin {
      } else {
        self[one].transfer?.faults.insert(.bodyCut)
      }
      self[one].isOver = true
    }
  }

  // MARK: Heads

  private enum HeadStep {
    case step(StreamStep)
    case head(HTTPHead)
    /// Octets that make a message although they are no whole head.
    case broken(Int, HTTPFaults)
  }

  private func head(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let found = bytes.withUnsafeBytes { all in
      findHead(UnsafeRawBufferPointer(rebasing: all[chunk.range]), chunk)
    }
    switch found {
    case .step(let step):
      announce(bytes, chunk.range, into: &dissection)
      return step
    case .broken(let count, let faults):
      let start = chunk.range.lowerBound
      let index = dissection.record(
        HTTP.self, header: start..<start + count, end: start + count, buffer: chunk.buffer)
      var all = faults
      if !faults.contains(.notHTTP) {
        bytes.withUnsafeBytes {
          all.formUnion(
            HTTPHead(UnsafeRawBufferPointer(rebasing: $0[start..<start + count])).faults)
        }
      }
      HTTP.report(all, at: index, into: &dissection)
      self[chunk.side].scanned = 0
      return .message(count)
    case .head(let head): return begin(head, bytes, chunk, into: &dissection)
    }
  }

  private func findHead(_ octets: UnsafeRawBufferPointer, _ chunk: StreamChunk) -> HeadStep {
    let side = chunk.side
    let first = HTTPHead.leadingLines(octets)
    let beginning = HTTPHead.beginning(of: UnsafeRawBufferPointer(rebasing: octets[first...]))
    let isSearching = self[side].state == .searching || !hasSeenHead(side) && chunk.isMidStream
    if beginning == .no || isSearching && !Self.isLikely(octets, first) {
      if isSearching {
        // Shown as what it is; a head may begin behind any line.
        let count = Self.nextLikely(octets) ?? octets.count
        return .broken(count, [])
      }
      // What a client says before the answer to its Upgrade is the other protocol's already.
      if requests.last?.asksForUpgrade == true, side == .client,
        octets.count < limits.headOctets, !chunk.isLast
      {
        return .step(.needMore(octets.count + 1))
      }
      self[side].state = .lost
      return .broken(octets.count, .notHTTP)
    }
    var scanned = self[side].scanned
    guard let length = HTTPHead.end(of: octets, scanned: &scanned), length <= limits.headOctets
    else {
      self[side].scanned = scanned
      if octets.count > limits.headOctets {
        self[side].state = .lost
        return .broken(limits.headOctets, .headTooLong)
      }
      if chunk.isLast { return .broken(octets.count, .headCut) }
      return .step(.needMore(octets.count + 1))
    }
    self[side].scanned = 0
    self[side].state = .head
    return .head(HTTPHead(UnsafeRawBufferPointer(rebasing: octets[..<length])))
  }

  /// Leaves the first line of a message that is not complete for the packet's line.
  private func announce(_ bytes: RawSpan, _ range: Range<Int>, into dissection: inout Dissection) {
    dissection.stream.isWaiting = true
    let line = bytes.withUnsafeBytes { all -> Range<Int>? in
      let octets = UnsafeRawBufferPointer(rebasing: all[range])
      let start = HTTPHead.leadingLines(octets)
      guard start < octets.count, let end = octets[start...].firstIndex(of: 10) else { return nil }
      return range.lowerBound + start..<range.lowerBound + end
    }
    guard let line else { return }
    var text = TextBuffer(capacity: 128)
    bytes.withUnsafeBytes { octets in
      let end = line.last.map { octets[$0] == 13 } ?? false ? line.dropLast() : line
      HTTP.appendVisible(octets, end, to: &text)
    }
    text.append(" ")
    text.withBytes { octets in
      let origin = BufferOrigin(.decoded, of: 0, 0..<0)
      dissection.stream.lineBuffer = dissection.addBuffer(octets.bytes, origin) ?? 0
    }
  }

  private func hasSeenHead(_ side: Side) -> Bool { self[side].messages > 0 }

  // MARK: Bodies

  /// A head is complete: finds out what its body is, and takes that too when it is all there.
  private func begin(
    _ head: HTTPHead, _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let side = chunk.side
    let start = chunk.range.lowerBound
    let headRange = start..<start + head.length
    self[side].messages &+= 1
    var transfer = HTTPTransfer(head: head, framing: .none, keepsBody: false)
    transfer.faults = head.faults
    if head.kind == .request {
      transfer.exchange = ask(head, bytes, headRange, chunk, &transfer.faults, dissection)
    } else {
      transfer.exchange = answer(head, &transfer.faults)
    }
    transfer.number = self[side].messages
    transfer.framing = framing(of: head, transfer.exchange)
    let rest = headRange.upperBound..<chunk.range.upperBound
    let (taken, isDone) = bytes.withUnsafeBytes { transfer.take($0, rest) }
    let total = head.length + taken
    if !isDone, chunk.isLast {
      if case .end = transfer.framing {} else { transfer.faults.insert(.bodyCut) }
    }
    if isDone || chunk.isLast {
      let body = headRange.upperBound..<headRange.upperBound + taken
      let index = finish(
        transfer, bytes, headRange, body, chunk.buffer, side, chunk.time, into: &dissection)
      if head.code == 101,
        let next = switchProtocols(
          transfer, bytes, headRange, index, into: &dissection)
      {
        return .upgrade(total, to: next)
      }
      return .message(total)
    }
    transfer.keepsBody = isOfInterest(transfer, bytes, start)
    transfer.kept = [UInt8](
      bytes.extracting(start..<start + head.length + (transfer.keepsBody ? taken : 0)))
    Self.addPieces(
      start..<start + transfer.kept.count, of: chunk.buffer, at: 0, to: &transfer.pieces, dissection
    )
    self[side].transfer = transfer
    self[side].state = .body
    announce(bytes, chunk.range, into: &dissection)
    return .part(total, isShown: false)
  }

  /// RFC 9112 section 6.3: how the end of a message is told.
  private func framing(of head: HTTPHead, _ exchange: HTTPExchange?) -> HTTPTransfer.Framing {
    if head.kind == .response {
      if exchange?.method == .head || head.code / 100 == 1 || head.code == 204
        || head.code == 304
      {
        return .none
      }
      if exchange?.method == .connect, head.code / 100 == 2 { return .none }
    }
    if head.traits.contains(.transferEncoding) {
      if head.transferCodings.endsChunked { return .chunked(HTTPChunks()) }
      if head.kind == .response { return .end }
    }
    if head.contentLength >= 0 {
      return head.contentLength == 0 ? .none : .length(head.contentLength)
    }
    return head.kind == .response ? .end : .none
  }

  /// Octets of a body that began in an earlier packet.
  private func body(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep {
    let side = chunk.side
    guard var transfer = self[side].transfer else {
      self[side].state = .lost
      return .lost
    }
    // Not copied while it grows.
    self[side].transfer = nil
    let (taken, isDone) = bytes.withUnsafeBytes { transfer.take($0, chunk.range) }
    let start = chunk.range.lowerBound
    if transfer.keepsBody {
      let room = limits.messageOctets - (transfer.kept.count - transfer.head.length)
      if taken > room {
        transfer.faults.insert(.bodyTooLong)
        transfer.keepsBody = false
      }
      let count = max(min(taken, room), 0)
      let at = transfer.kept.count
      bytes.extracting(start..<start + count).withUnsafeBytes {
        transfer.kept.append(contentsOf: $0)
      }
      Self.addPieces(
        start..<start + count, of: chunk.buffer, at: at, to: &transfer.pieces, dissection)
    }
    guard isDone || chunk.isLast else {
      dissection.stream.isWaiting = true
      if case .chunked = transfer.framing {
        // How long it is nobody knows, as while its head came.
        announce(transfer.kept.span.bytes, 0..<transfer.head.length, into: &dissection)
      }
      self[side].transfer = transfer
      return .part(taken, isShown: false)
    }
    if !isDone {
      if case .end = transfer.framing {} else { transfer.faults.insert(.bodyCut) }
    }
    finishKept(transfer, side, chunk.time, into: &dissection)
    return .lastPart(taken)
  }
}

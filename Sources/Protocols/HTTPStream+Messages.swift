import PacketCore

extension HTTPStream {
  // MARK: Requests and their answers

  /// Remembers a request.
  func ask(
    _ head: HTTPHead, _ bytes: RawSpan, _ range: Range<Int>, _ chunk: StreamChunk,
    _ faults: inout HTTPFaults, _ dissection: borrowing Dissection
  ) -> HTTPExchange {
    let start = range.lowerBound
    let target = start + head.uri.lowerBound..<start + head.uri.upperBound
    let host = start + head.host.lowerBound..<start + head.host.upperBound
    var exchange = HTTPExchange(
      method: head.method, number: self[chunk.side].messages,
      frame: UInt64(truncatingIfNeeded: dissection.frame.number), time: chunk.time,
      address: Self.address(bytes, target, host), offer: nil,
      engineIO: EngineIORequest(bytes, target: target),
      asksForUpgrade: head.traits.contains(.upgrade) || head.method == .connect)
    if head.traits.contains(.webSocket) {
      let octets = [UInt8](bytes.extracting(range))
      exchange.offer = WebSocketOffer(octets, head)
    }
    if requests.count < Self.longestQueue {
      requests.append(exchange)
    } else {
      faults.insert(.tooManyRequests)
    }
    return exchange
  }

  /// The request that a response answers; a final one takes it from the queue.
  func answer(_ head: HTTPHead, _ faults: inout HTTPFaults) -> HTTPExchange? {
    guard let first = requests.first else {
      if !isMidStream { faults.insert(.unasked) }
      return nil
    }
    // RFC 9110 section 15.2: 1xx responses come before the answer, except that 101 is one.
    if head.code / 100 != 1 || head.code == 101 { requests.removeFirst() }
    return first
  }

  /// `http://host/path`, for a target in origin form; otherwise the target itself.
  private static func address(_ bytes: RawSpan, _ target: Range<Int>, _ host: Range<Int>)
    -> [UInt8]
  {
    bytes.withUnsafeBytes { octets in
      guard !host.isEmpty, target.first.map({ octets[$0] == 0x2f }) ?? false else {
        return [UInt8](octets[target])
      }
      var address: [UInt8] = [0x68, 0x74, 0x74, 0x70, 0x3a, 0x2f, 0x2f]
      address.reserveCapacity(7 + host.count + target.count)
      address.append(contentsOf: octets[host])
      address.append(contentsOf: octets[target])
      return address
    }
  }

  // MARK: What a message is

  /// Records a message and says where the walk goes on.
  ///
  /// - Returns: Index of its layer.
  func finish(
    _ transfer: HTTPTransfer, _ bytes: RawSpan, _ headRange: Range<Int>, _ body: Range<Int>,
    _ buffer: UInt16, _ side: Side, _ time: Timestamp, into dissection: inout Dissection
  ) -> Int {
    self[side].state = .head
    var faults = transfer.faults
    let index = dissection.record(
      HTTP.self, header: headRange, end: body.upperBound, buffer: buffer,
      missing: max(transfer.count - body.count, 0))
    var note = HTTP.Note()
    note.number = transfer.number
    if transfer.count > 0 { note.traits |= HTTP.Note.hasBody }
    let isRequest = transfer.head.kind == .request
    if let exchange = transfer.exchange {
      if isRequest {
        // Its frame is the one that completes it.
        if let place = requests.firstIndex(where: { $0.number == exchange.number }) {
          requests[place].frame = UInt64(truncatingIfNeeded: dissection.frame.number)
          requests[place].time = time
        }
      } else {
        note.requestFrame = exchange.frame
        note.responseTime = time.nanoseconds(since: exchange.time)
      }
      let origin = BufferOrigin(.decoded, of: buffer, headRange)
      if !isRequest, !exchange.address.isEmpty,
        let place = dissection.addBuffer(exchange.address.span.bytes, origin)
      {
        note.addressBuffer = place
        note.addressCount = UInt32(truncatingIfNeeded: exchange.address.count)
      }
    }
    if case .chunked(let chunks) = transfer.framing {
      note.traits |= HTTP.Note.isChunked
      if chunks.isBroken { self[side].state = .lost }
    }
    if transfer.exchange?.method == .connect, transfer.head.code / 100 == 2 {
      // RFC 9110 section 9.3.6: from here on a tunnel.
      client.state = .lost
      server.state = .lost
    }

    let place = decode(transfer, bytes, body, buffer, &faults, into: &dissection)
    if HTTPBodyKind.isEncoded(transfer, faults) { note.traits |= HTTP.Note.isOpaque }
    note.bodyBuffer = place.buffer
    note.bodyStart = UInt32(truncatingIfNeeded: place.range.lowerBound)
    note.bodyCount = UInt32(truncatingIfNeeded: place.range.count)
    if place.buffer == buffer {
      goOn(bytes, transfer, bytes, headRange, place, index, &note, into: &dissection)
    } else {
      dissection.reading(place.buffer) { inner, dissection in
        goOn(inner, transfer, bytes, headRange, place, index, &note, into: &dissection)
      }
    }
    if let offer = transfer.exchange?.offer {
      if isRequest {
        note.traits |= HTTP.Note.isUpgrade
        offer.report(at: index, into: &dissection)
      } else if transfer.head.code == 101 {
        note.traits |= HTTP.Note.isUpgrade
        let answer = WebSocketAnswer(to: offer, bytes.extracting(headRange))
        answer.report(offer, at: index, &note, into: &dissection)
        self.answer = answer
      } else if transfer.head.code / 100 != 1 {
        // RFC 6455 section 4.1: anything else is handled as HTTP; 1xx may come before.
        note.traits |= HTTP.Note.isRefused
        dissection.add(HTTPUpgrade.refused, at: index, found: UInt64(transfer.head.code))
      }
    } else if !isRequest, transfer.head.code == 101, transfer.head.traits.contains(.webSocket),
      !isMidStream
    {
      dissection.add(HTTPUpgrade.unasked, at: index)
    }
    HTTP.report(faults, at: index, into: &dissection)
    dissection.setNote(note, at: index)
    return index
  }

  /// Octets in a buffer.
  struct Place {
    var buffer: UInt16
    var range: Range<Int>
  }

  /// Undoes chunks and codings, each in a buffer of its own.
  private func decode(
    _ transfer: HTTPTransfer, _ bytes: RawSpan, _ body: Range<Int>, _ buffer: UInt16,
    _ faults: inout HTTPFaults, into dissection: inout Dissection
  ) -> Place {
    var place = Place(buffer: buffer, range: body)
    guard !body.isEmpty else { return place }
    if case .chunked = transfer.framing {
      place = Self.joinChunks(bytes, place, into: &dissection)
    }
    let codings =
      transfer.head.transferCodings.undoing.filter { $0 != .chunked }
      + transfer.head.contentCodings.undoing
    for coding in codings {
      guard coding == .gzip || coding == .deflate, !place.range.isEmpty else { break }
      let limit = limits.inflatedOctets
      let range = place.range
      let result =
        place.buffer == buffer
        ? HTTPInflation.inflate(bytes.extracting(range), coding, limit: limit)
        : dissection.reading(place.buffer) { inner, _ in
          HTTPInflation.inflate(inner.extracting(range), coding, limit: limit)
        }
      faults.formUnion(result.faults)
      let origin = BufferOrigin(.inflated, of: place.buffer, range)
      guard let next = dissection.addBuffer(result.octets.span.bytes, origin) else { break }
      place = Place(buffer: next, range: 0..<result.octets.count)
    }
    return place
  }

  private static func joinChunks(
    _ bytes: RawSpan, _ body: Place, into dissection: inout Dissection
  ) -> Place {
    var runs: [Range<Int>] = []
    var chunks = HTTPChunks()
    bytes.withUnsafeBytes { octets in
      _ = chunks.take(octets, body.range, onData: { runs.append($0) })
    }
    var joined: [UInt8] = []
    joined.reserveCapacity(chunks.total)
    var pieces: [BufferPiece] = []
    for run in runs {
      addPieces(run, of: body.buffer, at: joined.count, to: &pieces, dissection)
      bytes.extracting(run).withUnsafeBytes { joined.append(contentsOf: $0) }
    }
    let origin = BufferOrigin(.joined, of: body.buffer, body.range)
    guard let buffer = dissection.addBuffer(joined.span.bytes, origin) else { return body }
    for piece in pieces { dissection.addPiece(piece, of: buffer) }
    return Place(buffer: buffer, range: 0..<joined.count)
  }

  /// Says what the body is: packets of Engine.IO, or octets for another layer.
  private func goOn(
    _ body: RawSpan, _ transfer: HTTPTransfer, _ bytes: RawSpan, _ head: Range<Int>,
    _ place: Place, _ index: Int, _ note: inout HTTP.Note, into dissection: inout Dissection
  ) {
    let engineIO = transfer.exchange?.engineIO
    if let engineIO, engineIO.isPolling {
      note.traits |= HTTP.Note.isPolling
      var session = engineIO.session
      let isResponse = transfer.head.kind == .response
      if session == 0, isResponse { session = EngineIOSession.named(in: body, place.range) }
      dissection.stream.session = session
      // The answer to a POST is the word "ok", and an error's body is none of Engine.IO's either.
      let carries =
        isResponse
        ? transfer.exchange?.method == .get && transfer.head.code == 200
        : transfer.head.method == .post
      if carries, !engineIO.isWrapped, !place.range.isEmpty {
        packets = Packets(
          buffer: place.buffer, range: place.range, version: engineIO.version, carrier: index,
          session: session)
        return
      }
    } else if let engineIO {
      dissection.stream.session = engineIO.session
    }
    guard !place.range.isEmpty, !note.has(HTTP.Note.isOpaque) else { return }
    let type =
      head.lowerBound + transfer.head.contentType.lowerBound..<head.lowerBound
      + transfer.head.contentType.upperBound
    if let kind = HTTPBodyKind.of(bytes, type: type, body, place.range) {
      dissection.continueIn(place.buffer, place.range, as: kind)
    }
  }

  /// Whether the octets of a body are worth keeping until it is complete.
  func isOfInterest(_ transfer: HTTPTransfer, _ bytes: RawSpan, _ start: Int) -> Bool {
    if transfer.exchange?.engineIO?.isPolling == true { return true }
    let type = transfer.head.contentType
    return HTTPBodyKind.isText(bytes, type: start + type.lowerBound..<start + type.upperBound)
  }

  /// The next packet of a polling body.
  func nextPacket(
    _ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection
  ) -> StreamStep? {
    guard let waiting = packets else { return nil }
    packets = nil
    let found: (packet: Range<Int>, next: Int, isBinary: Bool)?
    if waiting.buffer == 0 {
      guard chunk.buffer == 0 else { return nil }
      found = EngineIOPayload.next(
        in: bytes, from: waiting.range.lowerBound, to: waiting.range.upperBound,
        version: waiting.version)
    } else {
      found = dissection.reading(waiting.buffer) { octets, _ in
        EngineIOPayload.next(
          in: octets, from: waiting.range.lowerBound, to: waiting.range.upperBound,
          version: waiting.version)
      }
    }
    guard let found else { return nil }
    if found.next < waiting.range.upperBound {
      var rest = waiting
      rest.range = found.next..<waiting.range.upperBound
      packets = rest
    }
    dissection.stream.session = waiting.session
    dissection.continueIn(
      waiting.buffer, found.packet, as: found.isBinary ? .engineIOBinary : .engineIO)
    return .more(found.packet.count, carrier: waiting.carrier)
  }

  /// The protocol that a 101 response switches to; nil for one that is not known.
  func switchProtocols(
    _ transfer: HTTPTransfer, _ bytes: RawSpan, _ head: Range<Int>, _ index: Int,
    into dissection: inout Dissection
  ) -> (any StreamProtocol)? {
    guard transfer.head.traits.contains(.webSocket) else {
      client.state = .lost
      server.state = .lost
      return nil
    }
    let answer = answer ?? WebSocketAnswer(to: nil, bytes.extracting(head))
    return WebSocketStream(negotiation: answer.negotiation(transfer.exchange), limits: limits)
  }

  /// Where octets stand on the wire, for a buffer that they are copied to.
  static func addPieces(
    _ range: Range<Int>, of buffer: UInt16, at place: Int, to pieces: inout [BufferPiece],
    _ dissection: Dissection
  ) {
    guard let found = dissection.wire(range, of: buffer) else { return }
    for piece in found {
      let start = piece.range.lowerBound - range.lowerBound + place
      pieces.append(
        BufferPiece(
          start..<start + piece.range.count, frame: piece.frame, offset: piece.offset))
    }
  }

  // MARK: Messages that end early

  /// The message will not be complete: it is shown as far as it came.
  func finishEarly(_ side: Side, into dissection: inout Dissection) -> StreamStep {
    self[side].isOver = false
    guard let transfer = self[side].transfer else { return .needMore(1) }
    self[side].transfer = nil
    let state = self[side].state
    finishKept(transfer, side, dissection.frame.time, into: &dissection)
    if state == .searching { self[side].state = .searching }
    return .lastPart(0)
  }

  func finishKept(
    _ transfer: HTTPTransfer, _ side: Side, _ time: Timestamp, into dissection: inout Dissection
  ) {
    let origin = BufferOrigin(.reassembled, of: 0, 0..<0)
    guard let buffer = dissection.addBuffer(transfer.kept.span.bytes, origin) else { return }
    for piece in transfer.pieces { dissection.addPiece(piece, of: buffer) }
    let head = transfer.head.length
    dissection.reading(buffer) { bytes, dissection in
      _ = finish(
        transfer, bytes, 0..<head, head..<transfer.kept.count, buffer, side, time,
        into: &dissection)
    }
  }
}

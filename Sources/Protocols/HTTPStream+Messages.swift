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
    let exchange = HTTPExchange(
      head, frame: UInt64(truncatingIfNeeded: dissection.frame.number), time: chunk.time,
      previous: lastRequest, address: Self.address(bytes, target, host),
      offer: head.traits.contains(.webSocket)
        ? WebSocketOffer(bytes.extracting(range), head) : nil,
      engineIO: EngineIORequest(bytes, target: target))
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
    let frame = UInt64(truncatingIfNeeded: dissection.frame.number)
    note.previousRequest = transfer.exchange?.previous ?? lastRequest
    if isRequest {
      lastRequest = frame
    } else {
      note.previousResponse = lastResponse
      lastResponse = frame
    }
    if let exchange = transfer.exchange {
      if isRequest {
        // Its frame is the one that completes it.
        exchange.frame = frame
        exchange.time = time
      } else {
        note.requestFrame = exchange.frame
        note.responseTime = time.nanoseconds(since: exchange.time)
      }
      let origin = BufferOrigin(.decoded, of: buffer, headRange)
      let address = exchange.address
      if !isRequest, !address.isEmpty,
        let place = dissection.addBuffer(address.span.bytes, origin)
      {
        note.addressBuffer = place
        note.addressCount = UInt32(truncatingIfNeeded: address.count)
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
    if transfer.head.contentCodings.isBrotli { note.traits |= HTTP.Note.isBrotli }
    reportCoding(transfer, at: index, into: &dissection)
    note.bodyBuffer = place.buffer
    note.bodyStart = UInt32(truncatingIfNeeded: place.range.lowerBound)
    note.bodyCount = UInt32(truncatingIfNeeded: place.range.count)
    if place.buffer == buffer {
      goOn(bytes, transfer, bytes, headRange, place, index, &note, &faults, into: &dissection)
    } else {
      dissection.reading(place.buffer) { inner, dissection in
        goOn(inner, transfer, bytes, headRange, place, index, &note, &faults, into: &dissection)
      }
    }
    if let offer = transfer.exchange?.offer {
      if isRequest {
        note.traits |= HTTP.Note.isUpgrade
        offer.report(at: index, into: &dissection)
      } else if transfer.head.code == 101 {
        note.traits |= HTTP.Note.isUpgrade
        let octets = bytes.extracting(headRange)
        let answer = WebSocketAnswer(to: offer, octets, transfer.head)
        answer.report(offer, octets, transfer.head, at: index, &note, into: &dissection)
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
    let answer = answer ?? WebSocketAnswer(to: nil, bytes.extracting(head), transfer.head)
    return WebSocketStream(negotiation: answer.negotiation(transfer.exchange), limits: limits)
  }

  /// Where octets stand on the wire, for a buffer that they are copied to.
  static func addPieces(
    _ range: Range<Int>, of buffer: UInt16, at place: Int, to pieces: inout [BufferPiece],
    _ dissection: borrowing Dissection
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

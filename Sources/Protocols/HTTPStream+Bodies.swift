import PacketCore

// What the octets of a body are, and where the walk goes on in them.
extension HTTPStream {
  /// Octets in a buffer.
  struct Place {
    var buffer: UInt16
    var range: Range<Int>
  }

  /// Undoes chunks and codings, each in a buffer of its own.
  func decode(
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
    // Both in the order of the body, and walked side by side: a hostile body has a chunk in six octets.
    let source = dissection.wire(body.range, of: body.buffer) ?? []
    var first = 0
    for run in runs {
      while first < source.count, source[first].range.upperBound <= run.lowerBound { first += 1 }
      var next = first
      while next < source.count, source[next].range.lowerBound < run.upperBound {
        let (from, part) = (source[next], source[next].range.clamped(to: run))
        let start = joined.count + part.lowerBound - run.lowerBound
        pieces.append(
          BufferPiece(
            start..<start + part.count, frame: from.frame,
            offset: from.offset + part.lowerBound - from.range.lowerBound))
        next += 1
      }
      bytes.extracting(run).withUnsafeBytes { joined.append(contentsOf: $0) }
    }
    let origin = BufferOrigin(.joined, of: body.buffer, body.range)
    guard let buffer = dissection.addBuffer(joined.span.bytes, origin) else { return body }
    for piece in pieces { dissection.addPiece(piece, of: buffer) }
    return Place(buffer: buffer, range: 0..<joined.count)
  }

  /// A coding that is not undone, of a body that is there: nobody should take the octets for the text.
  func reportCoding(
    _ transfer: HTTPTransfer, at index: Int, into dissection: inout Dissection
  ) {
    guard transfer.count > 0, let name = Self.foreignCoding(transfer)?.foreignName else { return }
    dissection.add(HTTP.notDecoded, at: index, words: ": \(name)")
  }

  private static func foreignCoding(_ transfer: HTTPTransfer) -> HTTPCodings.Coding? {
    transfer.head.transferCodings.foreign ?? transfer.head.contentCodings.foreign
  }

  /// Says what the body is: packets of Engine.IO, or octets for another layer.
  func goOn(
    _ body: RawSpan, _ transfer: HTTPTransfer, _ bytes: RawSpan, _ head: Range<Int>,
    _ place: Place, _ index: Int, _ note: inout HTTP.Note, _ faults: inout HTTPFaults,
    into dissection: inout Dissection
  ) {
    let engineIO = transfer.exchange?.engineIO
    if let engineIO, engineIO.isPolling {
      note.traits |= HTTP.Note.isPolling
      dissection.stream.session = engineIO.session
      // The answer to a POST is the word "ok", and an error's body is none of Engine.IO's either.
      let isResponse = transfer.head.kind == .response
      let carries =
        isResponse
        ? transfer.exchange?.method == .get && transfer.head.code == 200
        : transfer.head.method == .post
      if carries, !place.range.isEmpty, Self.foreignCoding(transfer) == nil {
        return goOn(body, engineIO, isResponse, place, index, &faults, into: &dissection)
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

  /// The packets of a polling body are next.
  private func goOn(
    _ body: RawSpan, _ request: EngineIORequest, _ isResponse: Bool, _ place: Place, _ index: Int,
    _ faults: inout HTTPFaults, into dissection: inout Dissection
  ) {
    var place = place
    var session = request.session
    if request.isWrapped {
      let unwrapped =
        isResponse
        ? EngineIOPayload.body(ofCall: body, place.range)
        : EngineIOPayload.body(ofForm: body, place.range)
      let origin = BufferOrigin(.decoded, of: place.buffer, place.range)
      guard let unwrapped, let buffer = dissection.addBuffer(unwrapped.span.bytes, origin) else {
        faults.insert(.badJSONP)
        return
      }
      place = Place(buffer: buffer, range: 0..<unwrapped.count)
      if session == 0, isResponse {
        session = EngineIOSession.named(in: unwrapped.span.bytes, place.range)
      }
    } else if session == 0, isResponse {
      session = EngineIOSession.named(in: body, place.range)
    }
    dissection.stream.session = session
    packets = Packets(
      buffer: place.buffer, range: place.range, version: request.version, carrier: index,
      session: session)
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
    if found.next < waiting.range.upperBound, waiting.left > 1 {
      var rest = waiting
      rest.left -= 1
      rest.range = found.next..<waiting.range.upperBound
      packets = rest
    } else if found.next < waiting.range.upperBound {
      dissection.add(
        HTTP.tooManyPackets, at: waiting.carrier,
        found: UInt64(waiting.range.upperBound - found.next))
    }
    dissection.stream.session = waiting.session
    dissection.continueIn(
      waiting.buffer, found.packet, as: found.isBinary ? .engineIOBinary : .engineIO)
    return .more(found.packet.count, carrier: waiting.carrier)
  }
}

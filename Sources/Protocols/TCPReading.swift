import PacketCore

/// How a stream finds its reader, and what becomes of the octets that the reader is given.
extension TCPStreams {
  // MARK: Recognition

  /// Octets that a stream may need before anybody can say what it is.
  private static let recognitionLimit = 4096
  /// Segments of a stream that is joined in the middle, of which one may begin a message.
  private static let recognitionSegments: UInt8 = 16

  func recognise(
    _ stream: TCPStream, _ own: TCPOctets, _ bytes: RawSpan, into dissection: inout Dissection
  ) {
    var isPossible = false
    for kind in protocols {
      switch kind.recognise(bytes, chunk) {
      case .no: continue
      case .perhaps: isPossible = true
      case .yes(let side):
        if let side { stream.learn(side, fromHigh: isFromHigh) }
        chunk.side = stream.side(fromHigh: isFromHigh)
        chunk.sideIsKnown = stream.sideIsKnown
        stream.reader = kind.init(limits: limits)
        stream.readerName = kind.name
        own.needed = 1
        return
      }
    }
    if isPossible, chunk.range.count < Self.recognitionLimit, !chunk.isLast {
      return wait(for: chunk.range.count + 1, own, bytes, in: &dissection)
    }
    let data = isBuffered ? 0..<0 : chunk.range
    own.drop(own.waiting)
    chunk.range = 0..<0
    isBuffered = false
    if !data.isEmpty { asData(data, &dissection) }
    let slot = Int(stream.slot)
    slots[slot].strange &+= 1
    guard own.isMidStream, slots[slot].strange < Self.recognitionSegments else {
      forget(stream)
      slots[slot].state = .isOpaque
      return
    }
    // Nothing is kept for the next segment but their number: captures are full of such connections.
    if stream.held == 0 { forget(stream) }
  }

  /// The octets are nobody's: shown as they are.
  func asData(_ range: Range<Int>, _ dissection: inout Dissection) {
    dissection.continueIn(0, range, as: .nothing)
  }

  // MARK: Steps

  /// Lets the reader take one message.
  ///
  /// - Returns: Whether layers were recorded that are to be walked now.
  func step(
    _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) -> Bool {
    guard let reader = stream.handle else {
      chunk.range = 0..<0
      return false
    }
    let first = dissection.layers.count
    dissection.stream = context(stream, isFromHigh)
    let chunk = chunk
    let step =
      chunk.buffer == 0
      ? reader.type.consume(bytes, chunk, by: reader.object, into: &dissection)
      : dissection.reading(chunk.buffer) { bytes, dissection in
        reader.type.consume(bytes, chunk, by: reader.object, into: &dissection)
      }
    return stream.withOctets(fromHigh: isFromHigh) {
      take(step, stream, $0, from: first, bytes, into: &dissection)
    }
  }

  /// Lets the reader take a message from a segment about which there is nothing else to do: the bulk
  /// of all steps. Nothing in it counts references, and what is not a whole message is left to
  /// `take`.
  ///
  /// - Returns: As `step`.
  @inline(__always)
  func plainStep(
    _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) -> Bool {
    guard let reader = stream.handle else { return step(stream, bytes, into: &dissection) }
    let first = dissection.layers.count
    let isHigh = isFromHigh
    dissection.stream = context(stream, isHigh)
    dissection.holdsAsBefore = false
    let step = reader.type.consume(bytes, chunk, by: reader.object, into: &dissection)
    guard case .message(let count) = step, _fastPath(count > 0 && count <= chunk.range.count) else {
      isPlain = false
      mayHold = true
      return stream.withOctets(fromHigh: isHigh) {
        take(step, stream, $0, from: first, bytes, into: &dissection)
      }
    }
    if _slowPath(!dissection.holdsAsBefore) { mayHold = true }
    if _slowPath(!lastFrames.isEmpty) { lastFrames.removeAll() }
    chunk.position &+= UInt64(count)
    chunk.range = chunk.range.lowerBound &+ count..<chunk.range.upperBound
    stream.withOctets(fromHigh: isHigh) { own in
      own.consumed = chunk.position
      own.messages &+= 1
    }
    dissection.beginMessageAlone(from: first, octets: count)
    return true
  }

  /// What becomes of a step.
  ///
  /// - Returns: Whether layers were recorded that are to be walked now.
  private func take(
    _ step: StreamStep, _ stream: TCPStream, _ own: TCPOctets, from first: Int, _ bytes: RawSpan,
    into dissection: inout Dissection
  ) -> Bool {
    switch step {
    case .message(let count):
      guard advance(count, own, in: &dissection) else { return false }
      own.messages &+= 1
      dissection.beginMessage(from: first, octets: count, frames: lastFrames)
      addTraces(own, to: &dissection)
      return true
    case .lastPart(let count):
      guard advance(count, own, in: &dissection) else { return false }
      own.messages &+= 1
      // A FIN may complete a message; what only breaks one off is none of its packets.
      let breaksOff = count == 0 && own.finish == nil
      let last = lastFrames.isEmpty && !breaksOff ? [frame] : lastFrames
      let frames = (own.openFrames + last).ascending
      lastFrames = frames.count == 1 && frames[0] == frame ? [] : frames
      dissection.beginMessage(
        from: first, octets: own.openOctets + count, frames: lastFrames)
      addTraces(own, to: &dissection)
      own.openFrames.removeAll()
      own.openOctets = 0
      return true
    case .part(let count, let isShown):
      guard advance(count, own, in: &dissection) else { return false }
      let known = own.openFrames.count
      if !lastFrames.isEmpty {
        own.openFrames += lastFrames
      } else if own.openFrames.last != frame {
        own.openFrames.append(frame)
      }
      // Each time there are twice as many: a download is one message, and all of its packets are its.
      if known > 64, known.leadingZeroBitCount != own.openFrames.count.leadingZeroBitCount {
        own.openFrames = own.openFrames.ascending
      }
      own.openOctets += count
      if isShown {
        dissection.beginMessage(from: first, octets: count, frames: lastFrames, isWhole: false)
      }
      return isShown
    case .more(let count, let carrier):
      own.messages &+= 1
      dissection.beginMessage(from: first, octets: count, frames: lastFrames, carrier: carrier)
      dissection.repeatTraces()
      return true
    case .upgrade(let count, let next):
      guard advance(count, own, in: &dissection) else { return false }
      own.messages &+= 1
      dissection.beginMessage(from: first, octets: count, frames: lastFrames)
      addTraces(own, to: &dissection)
      stream.reader = next
      stream.readerName = type(of: next).name
      stream.fromLow.needed = 1
      stream.fromHigh.needed = 1
      return true
    case .needMore(let count):
      if isBuffered { own.drop(chunk.range.lowerBound) }
      isBuffered = false
      wait(for: count, own, bytes, in: &dissection)
      return false
    case .lost:
      let position = own.consumed &+ UInt64(isBuffered ? chunk.range.lowerBound : 0)
      dissection.add(TCPStreamFinding.lost, at: layer, found: position)
      let data = isBuffered ? 0..<0 : chunk.range
      own.giveUp()
      chunk.range = 0..<0
      isBuffered = false
      if !data.isEmpty { asData(data, &dissection) }
      return dissection.layers.count > first
    }
  }

  /// Moves over octets that the reader took, and finds out which frames they stood in.
  ///
  /// - Returns: False when it claims what is not there; nothing is read of the direction then.
  func advance(_ count: Int, _ own: TCPOctets, in dissection: inout Dissection) -> Bool {
    // The end of a stream, or a hole, ends a message too: nothing is taken then.
    guard count > 0 || chunk.range.isEmpty, count <= chunk.range.count else {
      giveUp(own, 0..<0, TCPStreamFinding.lost, in: &dissection)
      return false
    }
    if count == 0 {
      lastFrames.removeAll()
      return true
    }
    let start = chunk.range.lowerBound
    if isBuffered {
      lastFrames = own.frames(start..<start + count, besides: frame)
      chunk.position &+= UInt64(count)
    } else {
      if !lastFrames.isEmpty { lastFrames.removeAll() }
      own.consumed &+= UInt64(count)
      chunk.position = own.consumed
    }
    chunk.range = start + count..<chunk.range.upperBound
    return true
  }

  /// The chunk stood in the direction's own buffer, and is used up.
  func endChunk(_ stream: TCPStream) {
    let own = stream.octets(fromHigh: isFromHigh)
    own.drop(own.waiting)
    own.needed = 1
    isBuffered = false
  }

  /// The chunk's octets wait for more.
  func wait(
    for count: Int, _ own: TCPOctets, _ bytes: RawSpan, in dissection: inout Dissection
  ) {
    defer { chunk.range = 0..<0 }
    guard count > chunk.range.count, count <= limits.directionOctets else {
      return giveUp(own, 0..<0, TCPStreamFinding.tooLong, in: &dissection)
    }
    own.needed = count
    mayHold = true
    dissection.stream.isWaiting = true
    // Octets of the buffer are there already.
    guard chunk.buffer == 0 else { return isBuffered = false }
    own.append(bytes, chunk.range, frame: frame, offset: chunk.range.lowerBound)
  }

  func giveUp(
    _ own: TCPOctets, _ data: Range<Int>, _ why: FindingKind, in dissection: inout Dissection
  ) {
    dissection.add(why, at: layer, found: own.consumed)
    own.giveUp()
    chunk.range = 0..<0
    isBuffered = false
    if !data.isEmpty { asData(data, &dissection) }
  }
}

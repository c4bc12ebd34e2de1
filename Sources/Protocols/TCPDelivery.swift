import PacketCore

extension TCPStreams {
  /// Does the next thing that the packet in work gives to do, up to one message.
  ///
  /// - Returns: False when nothing is left to do.
  func resume(_ bytes: RawSpan, into dissection: inout Dissection) -> Bool {
    guard let stream = current else { return false }
    return stream._withUnsafeGuaranteedRef { resume($0, bytes, into: &dissection) }
  }

  private func resume(
    _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) -> Bool {
    while true {
      if !chunk.range.isEmpty || stream.hasMore {
        if step(stream, bytes, into: &dissection) {
          return !chunk.range.isEmpty || nextJob < jobs.count || mayEnd(stream)
            || stream.hasMore || isBuffered || rest(stream, bytes, in: &dissection)
        }
        continue
      }
      if isBuffered { endChunk(stream) }
      guard nextJob < jobs.count else {
        if mayEnd(stream), scheduleEnd(stream) { continue }
        return rest(stream, bytes, in: &dissection)
      }
      nextJob += 1
      start(jobs[nextJob - 1], stream, bytes, into: &dissection)
    }
  }

  /// The packet is done with.
  ///
  /// - Returns: False, always.
  @inline(__always)
  private func rest(
    _ stream: TCPStream, _ bytes: RawSpan, in dissection: inout Dissection
  ) -> Bool {
    if !jobs.isEmpty { jobs.removeAll(keepingCapacity: true) }
    nextJob = 0
    current = nil
    if keepsPackets { keepPacket(stream, bytes, in: &dissection) }
    // A compressed stream's reader takes its memory with a message, not with what waits.
    guard mayHold || stream.counted != 0 || stream.isTimeToCount else { return false }
    mayHold = false
    if streams[Int(stream.slot)] === stream, stream.counted != 0 || stream.held != 0 {
      settle(stream, in: &dissection)
    }
    return false
  }

  /// Keeps the packet while its octets wait, and lets go of those whose octets do not.
  private func keepPacket(
    _ stream: TCPStream, _ bytes: RawSpan, in dissection: inout Dissection
  ) {
    for own in [stream.fromLow, stream.fromHigh] {
      if own.buffer.isEmpty, own.early.isEmpty, own.openFrames.isEmpty {
        if !own.packets.isEmpty { own.packets = [] }
      } else if bytes.byteCount > 0, own.packets.last?.frame != frame,
        own.pieces.last?.frame == frame || own.openFrames.last == frame
          || own.early.contains(where: { $0.frame == frame })
      {
        own.packets.append(dissection.trace(upTo: layer, bytes))
      }
    }
  }

  /// Says which packets carried the message begun last.
  private func addTraces(_ own: TCPOctets, to dissection: inout Dissection) {
    guard keepsPackets, !lastFrames.isEmpty else { return }
    let packets = own.packets.filter { $0.frame != frame && lastFrames.contains($0.frame) }
    if !packets.isEmpty { dissection.addTraces(packets) }
  }

  private func settle(_ stream: TCPStream, in dissection: inout Dissection) {
    if stream.fromLow.early.isEmpty, stream.fromHigh.early.isEmpty {
      slots[Int(stream.slot)].state.remove(.hasEarly)
    }
    for number in count(stream) {
      dissection.add(TCPStreamFinding.givenUp, at: layer, found: UInt64(number))
    }
  }

  // MARK: Ends

  @inline(__always)
  private func mayEnd(_ stream: TCPStream) -> Bool {
    stream.fromLow.finish != nil || stream.fromHigh.finish != nil
  }

  /// A direction whose FIN has come into its turn ends; the connection does when both have.
  private func scheduleEnd(_ stream: TCPStream) -> Bool {
    for isHigh in [false, true] {
      let octets = stream.octets(fromHigh: isHigh)
      guard let finish = octets.finish, !octets.hasEnded, octets.next == finish || octets.isLost
      else { continue }
      octets.hasEnded = true
      if stream.endedBy == nil { stream.endedBy = stream.side(fromHigh: isHigh) }
      jobs.append(.finish(fromHigh: isHigh, .fin))
      if stream.octets(fromHigh: !isHigh).hasEnded { jobs.append(.end(.fin)) }
      return true
    }
    return false
  }

  /// The capture is over: one stream after the other ends, up to one message a call.
  ///
  /// - Returns: False when no stream is left.
  func endCapture(into dissection: inout Dissection) -> Bool {
    if current == nil {
      while ending < streams.count, streams[ending] == nil { ending += 1 }
      guard ending < streams.count else { return false }
      current = streams[ending].map { Unmanaged.passUnretained($0) }
      if let stream = streams[ending] {
        dissection.setEndpoints(source: stream.ends.source, destination: stream.ends.destination)
        frameIsFromHigh = false
      }
      frame = dissection.frame.number
      layer = 0
      jobs = [.end(.capture)]
    }
    let nothing: [UInt8] = []
    _ = resume(nothing.span.bytes, into: &dissection)
    return true
  }

  // MARK: Jobs

  private func start(
    _ job: Job, _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) {
    switch job {
    case .deliver(let isHigh, let range): deliver(range, isHigh, stream, bytes, into: &dissection)
    case .release(let isHigh, let limit):
      let own = stream.octets(fromHigh: isHigh)
      guard !own.isLost else { return }
      let hole = release(own, upTo: limit, in: &dissection)
      if hole > 0 {
        jobs.insert(contentsOf: [.gap(fromHigh: isHigh, hole), job], at: nextJob)
      }
      hand(own, isHigh, stream, into: &dissection)
    case .gap(let isHigh, let hole): pass(hole, isHigh, stream, into: &dissection)
    case .finish(let isHigh, let how):
      let own = stream.octets(fromHigh: isHigh)
      if !own.buffer.isEmpty, !own.hasOfferedLast, !own.isLost {
        // What waits for more that will not come may be something all the same.
        own.hasOfferedLast = true
        jobs.insert(job, at: nextJob)
        hand(own, isHigh, stream, isLast: true, into: &dissection)
        chunk.isCut = how == .capture
        return
      }
      isFromHigh = isHigh
      chunk = self.chunk(0..<0, 0, own, stream, isHigh, dissection.frame.time)
      dissection.stream = context(stream, isHigh)
      stream.reader?.end(how, from: dissection.stream.side, into: &dissection)
      // Of what the end broke off there may be something to say.
      stream.mayHaveMore = true
      own.consumed &+= UInt64(own.buffer.count)
    case .end(let how):
      if how != .fin, flush(stream) {
        // First what waits behind holes, then the end.
        jobs.append(job)
        return
      }
      if how != .fin, !isFinished(stream) {
        for isHigh in [false, true] where !stream.octets(fromHigh: isHigh).hasEnded {
          stream.octets(fromHigh: isHigh).hasEnded = true
          jobs.append(.finish(fromHigh: isHigh, how))
        }
        jobs.append(job)
        return
      }
      dissection.stream = context(stream, false)
      if stream.reader != nil { dissection.verdicts.append(stream.verdict(how)) }
      if streams[Int(stream.slot)] === stream { forget(stream) }
    }
  }

  private func isFinished(_ stream: TCPStream) -> Bool {
    stream.fromLow.hasEnded && stream.fromHigh.hasEnded
  }

  /// Schedules the release of everything that still waits for a segment.
  private func flush(_ stream: TCPStream) -> Bool {
    var found = false
    for isHigh in [false, true] {
      guard let last = stream.octets(fromHigh: isHigh).early.last else { continue }
      jobs.append(.release(fromHigh: isHigh, upTo: last.sequence))
      found = true
    }
    return found
  }

  /// Octets in order from the frame: read where they stand when nothing waits in front of them.
  private func deliver(
    _ range: Range<Int>, _ isHigh: Bool, _ stream: TCPStream, _ bytes: RawSpan,
    into dissection: inout Dissection
  ) {
    let own = stream.octets(fromHigh: isHigh)
    guard !own.isLost else { return asData(range, &dissection) }
    guard own.buffer.isEmpty else {
      own.append(bytes, range, frame: frame, offset: range.lowerBound)
      if own.buffer.count > limits.directionOctets {
        return giveUp(own, range, TCPStreamFinding.tooLong, in: &dissection)
      }
      return hand(own, isHigh, stream, into: &dissection)
    }
    isFromHigh = isHigh
    isBuffered = false
    chunkStart = range.lowerBound
    chunk = self.chunk(range, 0, own, stream, isHigh, dissection.frame.time)
    if stream.reader == nil { recognise(stream, own, bytes, into: &dissection) }
  }

  /// Octets that wait, handed over when there are as many as the reader asked for.
  private func hand(
    _ own: TCPOctets, _ isHigh: Bool, _ stream: TCPStream, isLast: Bool = false,
    into dissection: inout Dissection
  ) {
    guard own.buffer.count >= own.needed || own.finish == own.next || isLast,
      !own.buffer.isEmpty
    else {
      if !own.buffer.isEmpty { dissection.stream.isWaiting = true }
      return
    }
    let origin = BufferOrigin(.reassembled, of: 0, 0..<0)
    guard let buffer = dissection.addBuffer(own.buffer.span.bytes, origin) else { return }
    for piece in own.pieces where !piece.isRepeated {
      let start = Int(truncatingIfNeeded: piece.position &- own.consumed)
      let part = (start..<start + piece.count).clamped(to: 0..<own.buffer.count)
      guard !part.isEmpty else { continue }
      dissection.addPiece(
        BufferPiece(part, frame: piece.frame, offset: piece.offset + part.lowerBound - start),
        of: buffer)
    }
    isFromHigh = isHigh
    isBuffered = true
    chunkStart = 0
    chunk = self.chunk(
      0..<own.buffer.count, buffer, own, stream, isHigh, dissection.frame.time)
    if isLast { chunk.isLast = true }
    if stream.reader == nil {
      dissection.reading(buffer) { bytes, dissection in
        recognise(stream, own, bytes, into: &dissection)
      }
    }
  }

  @inline(__always)
  private func chunk(
    _ range: Range<Int>, _ buffer: UInt16, _ own: TCPOctets, _ stream: TCPStream, _ isHigh: Bool,
    _ time: Timestamp
  ) -> StreamChunk {
    StreamChunk(
      range: range, buffer: buffer, side: stream.side(fromHigh: isHigh),
      sideIsKnown: stream.sideIsKnown, time: time, position: own.consumed,
      isMidStream: own.isMidStream, isLast: own.finish == own.next)
  }

  @inline(__always)
  private func context(_ stream: TCPStream, _ isHigh: Bool) -> StreamContext {
    var context = StreamContext()
    context.number = stream.number
    context.side = stream.side(fromHigh: isHigh)
    context.direction = isHigh ? 1 : 0
    context.isReversed = isHigh != frameIsFromHigh
    context.sourcePort = isHigh ? stream.highPort : stream.lowPort
    context.destinationPort = isHigh ? stream.lowPort : stream.highPort
    return context
  }

  /// A hole: the reader is told of everything that it will not see, what waited included.
  private func pass(
    _ hole: Int, _ isHigh: Bool, _ stream: TCPStream, into dissection: inout Dissection
  ) {
    let own = stream.octets(fromHigh: isHigh)
    dissection.add(
      TCPStreamFinding.gap, at: layer, found: UInt64(hole),
      expected: own.consumed &+ UInt64(own.buffer.count))
    own.missing &+= UInt64(hole)
    own.next &+= UInt32(truncatingIfNeeded: hole)
    let unseen = own.buffer.count + hole
    own.drop(own.buffer.count)
    own.consumed &+= UInt64(hole)
    own.needed = 1
    own.isMidStream = true
    // The reader may have more to say about it: not about an earlier packet's chunk.
    isFromHigh = isHigh
    isBuffered = false
    chunk = self.chunk(0..<0, 0, own, stream, isHigh, dissection.frame.time)
    dissection.stream = context(stream, isHigh)
    if let reader = stream.reader,
      !reader.gap(unseen, from: dissection.stream.side, into: &dissection)
    {
      own.giveUp()
    }
  }

  // MARK: Recognition

  /// Octets that a stream may need before anybody can say what it is.
  private static let recognitionLimit = 4096
  /// Segments of a stream that is joined in the middle, of which one may begin a message.
  private static let recognitionSegments: UInt8 = 16

  private func recognise(
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
    own.drop(own.buffer.count)
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
  private func asData(_ range: Range<Int>, _ dissection: inout Dissection) {
    dissection.continueIn(0, range, as: .nothing)
  }

  // MARK: Steps

  /// Lets the reader take one message.
  ///
  /// - Returns: Whether layers were recorded that are to be walked now.
  private func step(
    _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) -> Bool {
    guard let reader = stream.reader else {
      chunk.range = 0..<0
      return false
    }
    let own = stream.octets(fromHigh: isFromHigh)
    let first = dissection.layers.count
    dissection.stream = context(stream, isFromHigh)
    let step: StreamStep
    if chunk.buffer == 0 {
      step = reader.consume(bytes, chunk, into: &dissection)
    } else {
      let chunk = chunk
      step = dissection.reading(chunk.buffer) { bytes, dissection in
        reader.consume(bytes, chunk, into: &dissection)
      }
    }
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
      lastFrames = frames == [frame] ? [] : frames
      dissection.beginMessage(
        from: first, octets: own.openOctets + count, frames: lastFrames)
      addTraces(own, to: &dissection)
      own.openFrames.removeAll()
      own.openOctets = 0
      return true
    case .part(let count, let isShown):
      guard advance(count, own, in: &dissection) else { return false }
      own.openFrames += lastFrames.isEmpty ? [frame] : lastFrames
      if own.openFrames.count > 64 { own.openFrames = own.openFrames.ascending }
      own.openOctets += count
      if isShown {
        dissection.beginMessage(from: first, octets: count, frames: lastFrames, isWhole: false)
      }
      return isShown
    case .more(let count, let carrier):
      own.messages &+= 1
      dissection.beginMessage(from: first, octets: count, frames: lastFrames, carrier: carrier)
      addTraces(own, to: &dissection)
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
  private func advance(_ count: Int, _ own: TCPOctets, in dissection: inout Dissection) -> Bool {
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
      let frames = own.frames(start..<start + count)
      lastFrames = frames == [frame] ? [] : frames
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
  private func endChunk(_ stream: TCPStream) {
    let own = stream.octets(fromHigh: isFromHigh)
    own.drop(own.buffer.count)
    own.needed = 1
    isBuffered = false
  }

  /// The chunk's octets wait for more.
  private func wait(
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

  private func giveUp(
    _ own: TCPOctets, _ data: Range<Int>, _ why: FindingKind, in dissection: inout Dissection
  ) {
    dissection.add(why, at: layer, found: own.consumed)
    own.giveUp()
    chunk.range = 0..<0
    isBuffered = false
    if !data.isEmpty { asData(data, &dissection) }
  }
}

import PacketCore

extension TCPStreams {
  /// Does the next thing that the packet in work gives to do, up to one message.
  ///
  /// - Returns: False when nothing is left to do.
  func resume(_ bytes: RawSpan, into dissection: inout Dissection) -> Bool {
    guard let stream = current else { return false }
    return stream._withUnsafeGuaranteedRef { stream in
      guard _fastPath(isPlain) else { return resume(stream, bytes, into: &dissection) }
      guard !chunk.range.isEmpty else {
        isPlain = false
        return stream.mayHaveMore
          ? resume(stream, bytes, into: &dissection) : rest(stream, bytes, in: &dissection)
      }
      if _fastPath(plainStep(stream, bytes, into: &dissection)) {
        // Asked again only where there is something to say.
        if !chunk.range.isEmpty || stream.mayHaveMore || !isPlain { return true }
        isPlain = false
        return rest(stream, bytes, in: &dissection)
      }
      return resume(stream, bytes, into: &dissection)
    }
  }

  func resume(
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
  func rest(
    _ stream: TCPStream, _ bytes: RawSpan, in dissection: inout Dissection
  ) -> Bool {
    if _slowPath(!jobs.isEmpty) { jobs.removeAll(keepingCapacity: true) }
    nextJob = 0
    current = nil
    if _slowPath(keepsPackets) { keepPacket(stream, bytes, in: &dissection) }
    guard _slowPath(mayHold || stream.counted != 0) else { return false }
    mayHold = false
    let held = stream.held
    if stream.counted != 0 || held != 0, streams[Int(stream.slot)] === stream {
      settle(stream, holding: held, in: &dissection)
    }
    return false
  }

  /// Keeps the packet while its octets wait, and lets go of those whose octets do not.
  func keepPacket(
    _ stream: TCPStream, _ bytes: RawSpan, in dissection: inout Dissection
  ) {
    for own in [stream.fromLow, stream.fromHigh] {
      if own.waiting == 0, own.early.isEmpty, own.openFrames.isEmpty {
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
  func addTraces(_ own: TCPOctets, to dissection: inout Dissection) {
    guard keepsPackets, !lastFrames.isEmpty else { return }
    let named = Set(lastFrames)
    let packets = own.packets.filter { $0.frame != frame && named.contains($0.frame) }
    if !packets.isEmpty { dissection.addTraces(packets) }
  }

  /// - Parameter held: Octets that the stream holds now.
  func settle(_ stream: TCPStream, holding held: Int, in dissection: inout Dissection) {
    if !stream.hasEarly {
      slots[Int(stream.slot)].state.remove(.hasEarly)
    }
    for idle in count(stream, holding: held) {
      dissection.add(TCPStreamFinding.givenUp, at: layer, found: UInt64(idle.number))
      guard let reader = idle.reader else { continue }
      let present = dissection.stream
      dissection.stream = context(idle, false)
      reader.end(.idle, from: nil, into: &dissection)
      dissection.stream = present
      dissection.add(idle.verdict(.idle))
    }
  }

  // MARK: Ends

  @inline(__always)
  func mayEnd(_ stream: TCPStream) -> Bool {
    stream.fromLow.finish != nil || stream.fromHigh.finish != nil
  }

  /// A direction whose FIN has come into its turn ends; the connection does when both have.
  func scheduleEnd(_ stream: TCPStream) -> Bool {
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
      isPlain = false
      jobs = [.end(.capture)]
    }
    let nothing: [UInt8] = []
    _ = resume(nothing.span.bytes, into: &dissection)
    return true
  }

  // MARK: Jobs

  func start(
    _ job: Job, _ stream: TCPStream, _ bytes: RawSpan, into dissection: inout Dissection
  ) {
    switch job {
    case .deliver(let isHigh, let range):
      stream.withOctets(fromHigh: isHigh) {
        deliver(range, $0, isHigh, stream, bytes, into: &dissection)
      }
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
      if own.waiting > 0, !own.hasOfferedLast, !own.isLost {
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
      own.consumed &+= UInt64(own.waiting)
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
      if stream.reader != nil { dissection.add(stream.verdict(how)) }
      if streams[Int(stream.slot)] === stream { forget(stream) }
    }
  }

  private func isFinished(_ stream: TCPStream) -> Bool {
    stream.fromLow.hasEnded && stream.fromHigh.hasEnded
  }

  /// Schedules the release of everything that still waits for a segment.
  func flush(_ stream: TCPStream) -> Bool {
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
    _ range: Range<Int>, _ own: TCPOctets, _ isHigh: Bool, _ stream: TCPStream, _ bytes: RawSpan,
    into dissection: inout Dissection
  ) {
    guard !own.isLost else { return asData(range, &dissection) }
    guard own.waiting == 0 else {
      own.append(bytes, range, frame: frame, offset: range.lowerBound)
      if own.waiting > limits.directionOctets {
        return giveUp(own, range, TCPStreamFinding.tooLong, in: &dissection)
      }
      return hand(own, isHigh, stream, into: &dissection)
    }
    isFromHigh = isHigh
    isBuffered = false
    chunk = self.chunk(range, 0, own, stream, isHigh, dissection.frame.time)
    if stream.reader == nil { recognise(stream, own, bytes, into: &dissection) }
  }

  /// Octets that wait, handed over when there are as many as the reader asked for.
  func hand(
    _ own: TCPOctets, _ isHigh: Bool, _ stream: TCPStream, isLast: Bool = false,
    into dissection: inout Dissection
  ) {
    guard own.waiting >= own.needed || own.finish == own.next || isLast,
      own.waiting > 0
    else {
      if own.waiting > 0 { dissection.stream.isWaiting = true }
      return
    }
    let origin = BufferOrigin(.reassembled, of: 0, 0..<0)
    guard let buffer = dissection.addBuffer(own.buffer.span.bytes, origin) else { return }
    dissection.addPieces(own.pieces, from: own.consumed, count: own.waiting, of: buffer)
    isFromHigh = isHigh
    isBuffered = true
    chunk = self.chunk(
      0..<own.waiting, buffer, own, stream, isHigh, dissection.frame.time)
    if isLast { chunk.isLast = true }
    if stream.reader == nil {
      dissection.reading(buffer) { bytes, dissection in
        recognise(stream, own, bytes, into: &dissection)
      }
    }
  }

  @inline(__always)
  func chunk(
    _ range: Range<Int>, _ buffer: UInt16, _ own: TCPOctets, _ stream: TCPStream, _ isHigh: Bool,
    _ time: Timestamp
  ) -> StreamChunk {
    StreamChunk(
      range: range, buffer: buffer, side: stream.side(fromHigh: isHigh),
      sideIsKnown: stream.sideIsKnown, time: time, position: own.consumed,
      isMidStream: own.isMidStream, isLast: own.finish == own.next)
  }

  @inline(__always)
  func context(_ stream: TCPStream, _ isHigh: Bool) -> StreamContext {
    StreamContext(
      number: stream.number, side: stream.side(fromHigh: isHigh), direction: isHigh ? 1 : 0,
      isReversed: isHigh != frameIsFromHigh,
      sourcePort: isHigh ? stream.highPort : stream.lowPort,
      destinationPort: isHigh ? stream.lowPort : stream.highPort)
  }

  /// A hole: the reader is told of everything that it will not see, what waited included.
  func pass(
    _ hole: Int, _ isHigh: Bool, _ stream: TCPStream, into dissection: inout Dissection
  ) {
    let own = stream.octets(fromHigh: isHigh)
    dissection.add(
      TCPStreamFinding.gap, at: layer, found: UInt64(hole),
      expected: own.consumed &+ UInt64(own.waiting))
    own.missing &+= UInt64(hole)
    own.next &+= UInt32(truncatingIfNeeded: hole)
    let unseen = own.waiting + hole
    own.drop(own.waiting)
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
}

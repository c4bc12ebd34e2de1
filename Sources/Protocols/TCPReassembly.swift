import PacketCore

/// A segment as the streams see it.
struct StreamSegment {
  var sequence: UInt32
  var acknowledgment: UInt32
  var flags: TCPFlags
  /// The octets of data in the frame.
  var data: Range<Int>
  /// Octets of data that were on the wire but not captured.
  var missing: Int
  var fromHigh: Bool

  /// The number of the direction's first octet.
  var first: UInt32
  /// The capture has the SYN of this direction, and both.
  var sawBeginning: Bool
  var sawHandshake: Bool

  /// The number after the last octet of data.
  var end: UInt32 { sequence &+ UInt32(truncatingIfNeeded: data.count &+ missing) }
}

extension TCPStreams {
  /// Sorts a segment into its stream, and notes what there is to do.
  func take(
    _ segment: StreamSegment, _ stream: TCPStream, _ bytes: RawSpan, at index: Int,
    in dissection: inout Dissection
  ) {
    layer = index
    frame = dissection.frame.number
    current = Unmanaged.passUnretained(stream)
    mayHold = true
    isPlain = false
    frameIsFromHigh = segment.fromHigh
    stream.withOctets(fromHigh: segment.fromHigh) {
      take(segment, stream, $0, bytes, in: &dissection)
    }
  }

  private func take(
    _ segment: StreamSegment, _ stream: TCPStream, _ own: TCPOctets, _ bytes: RawSpan,
    in dissection: inout Dissection
  ) {
    if segment.flags.contains(.ack) { acknowledged(segment, stream) }
    if !own.hasNext { begin(segment, stream, own) }
    if !own.isLost, segment.data.count &+ segment.missing > 0 {
      if own.hasEnded {
        dissection.add(TCPStreamFinding.afterEnd, at: layer)
      } else {
        order(segment, stream, own, bytes, in: &dissection)
      }
    }
    if segment.flags.contains(.fin), own.finish == nil { own.finish = segment.end }
    if segment.flags.contains(.rst) {
      if stream.endedBy == nil { stream.endedBy = stream.side(fromHigh: segment.fromHigh) }
      jobs.append(.end(.rst))
    }
  }

  /// The first segment of a direction: its numbers begin behind the SYN, or with the first octet
  /// that was captured.
  private func begin(_ segment: StreamSegment, _ stream: TCPStream, _ own: TCPOctets) {
    own.hasNext = true
    // Octets that nobody recognised were not kept: the stream begins anew behind them.
    let isAnew = slots[Int(stream.slot)].strange > 0
    own.next = isAnew ? segment.sequence : segment.first
    own.isMidStream = isAnew || !segment.sawBeginning
    stream.hasHandshake = segment.sawHandshake
  }

  /// The other side has what it acknowledges: what is missing of it here was not captured, and will
  /// not come.
  private func acknowledged(_ segment: StreamSegment, _ stream: TCPStream) {
    let isDue = stream.withOctets(fromHigh: !segment.fromHigh) { peer in
      !peer.early.isEmpty && segment.acknowledgment.isAtLeast(peer.early[0].sequence)
    }
    guard isDue else { return }
    jobs.append(.release(fromHigh: !segment.fromHigh, upTo: segment.acknowledgment))
  }

  private func order(
    _ segment: StreamSegment, _ stream: TCPStream, _ own: TCPOctets, _ bytes: RawSpan,
    in dissection: inout Dissection
  ) {
    var data = segment.data
    var sequence = segment.sequence
    let ahead = Int32(bitPattern: sequence &- own.next)
    if ahead < 0 {
      let known = min(-Int(ahead), data.count)
      compare(segment, own, bytes, known, in: &dissection)
      if segment.end.isAtMost(own.next) { return }
      // RFC 9293 section 3.10.7.4: the octets that are new are taken, the others were taken before.
      data = data.lowerBound + known..<data.upperBound
      sequence = own.next
    }
    if ahead > 0 {
      if data.isEmpty { return }
      keep(sequence, data, own, bytes, in: &dissection)
      if own.early.count == 1 { slots[Int(stream.slot)].state.insert(.hasEarly) }
      if own.earlyOctets > limits.directionOctets || isOneWay(stream, segment, own) {
        jobs.append(.release(fromHigh: segment.fromHigh, upTo: own.early.last?.sequence))
      }
      return
    }
    own.next = sequence &+ UInt32(truncatingIfNeeded: data.count)
    if isTracing { own.trace(segment.sequence, bytes.extracting(segment.data)) }
    jobs.append(.deliver(fromHigh: segment.fromHigh, data))
    if segment.missing > 0 {
      // The capture cut the segment: its end is known never to come.
      jobs.append(.release(fromHigh: segment.fromHigh, upTo: segment.end))
    } else if !own.early.isEmpty {
      jobs.append(.release(fromHigh: segment.fromHigh, upTo: nil))
    }
  }

  /// Nobody acknowledges, and so nobody will say what was lost: patience ends at a thousand segments.
  private func isOneWay(_ stream: TCPStream, _ segment: StreamSegment, _ own: TCPOctets) -> Bool {
    own.early.count > 1024 && !stream.octets(fromHigh: !segment.fromHigh).hasNext
  }

  /// A segment whose first `known` octets were here before. Differing octets are a finding, where
  /// the first ones are still known.
  private func compare(
    _ segment: StreamSegment, _ own: TCPOctets, _ bytes: RawSpan, _ known: Int,
    in dissection: inout Dissection
  ) {
    let octets = bytes.extracting(segment.data)
    var differs = own.differs(segment.sequence, octets)
    // The place of the segment's first octet among those that wait.
    let behind = Int(own.next &- segment.sequence)
    let at = own.waiting - behind
    var overlapping = 0
    for index in 0..<known where at + index >= 0 && at + index < own.waiting {
      overlapping += 1
      if own.buffer[at + index] != octets.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
        differs = true
      }
    }
    if overlapping > 0 {
      own.pieces.append(
        StreamPiece(
          position: own.consumed &+ UInt64(max(at, 0)), count: overlapping, frame: frame,
          offset: segment.data.lowerBound + max(-at, 0), isRepeated: true))
    }
    if differs { dissection.add(TCPStreamFinding.conflict, at: layer) }
  }

  /// Keeps a segment that came too early, in the order of the numbers.
  private func keep(
    _ sequence: UInt32, _ data: Range<Int>, _ own: TCPOctets, _ bytes: RawSpan,
    in dissection: inout Dissection
  ) {
    let octets = [UInt8](bytes.extracting(data))
    var place = own.early.count
    while place > 0, own.early[place - 1].sequence.isAfter(sequence) { place -= 1 }
    if place > 0, own.early[place - 1].sequence == sequence {
      let known = own.early[place - 1].octets
      let common = min(known.count, octets.count)
      if known[..<common] != octets[..<common] {
        dissection.add(TCPStreamFinding.conflict, at: layer)
      }
      // The same again, nothing more: the first one counts, this one is named beside it.
      if known.count >= octets.count {
        own.early.insert(
          TCPOctets.Early(
            sequence: sequence, octets: [], frame: frame, offset: data.lowerBound), at: place)
        return
      }
    }
    own.early.insert(
      TCPOctets.Early(
        sequence: sequence, octets: octets, frame: frame, offset: data.lowerBound), at: place)
    own.earlyOctets += octets.count
    dissection.stream.isWaiting = true
  }

  /// Moves what came early behind the octets in order, as far as it joins them.
  ///
  /// - Returns: Octets missing before the next early segment, when they are known never to come.
  func release(_ own: TCPOctets, upTo limit: UInt32?, in dissection: inout Dissection) -> Int {
    var used = 0
    defer {
      own.early.removeFirst(used)
      own.earlyOctets = own.early.reduce(0) { $0 + $1.octets.count }
    }
    while used < own.early.count {
      let first = own.early[used]
      if first.sequence.isAfter(own.next) {
        guard let limit, limit.isAtLeast(first.sequence) else { return 0 }
        return Int(first.sequence &- own.next)
      }
      used += 1
      let known = Int(own.next &- first.sequence)
      join(first, known, own, in: &dissection)
    }
    guard let limit, limit.isAfter(own.next) else { return 0 }
    return Int(limit &- own.next)
  }

  private func join(
    _ early: TCPOctets.Early, _ known: Int, _ own: TCPOctets, in dissection: inout Dissection
  ) {
    let octets = early.octets
    let at = own.waiting - known
    for index in 0..<min(known, octets.count) where at + index >= 0 {
      if own.buffer[at + index] != octets[index] {
        dissection.add(TCPStreamFinding.conflict, at: layer)
        break
      }
    }
    if known < octets.count {
      own.append(
        octets.span.bytes, known..<octets.count, frame: early.frame, offset: early.offset + known)
      own.next = early.sequence &+ UInt32(truncatingIfNeeded: octets.count)
    } else if known > 0 || octets.isEmpty {
      own.pieces.append(
        StreamPiece(
          position: own.consumed &+ UInt64(max(at, 0)),
          count: octets.isEmpty ? max(own.waiting - at, 1) : octets.count,
          frame: early.frame, offset: early.offset, isRepeated: true))
    }
  }
}

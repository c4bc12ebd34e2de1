import PacketCore

extension WebSocketStream {
  /// Fewer octets than a header.
  @inline(never)
  func wait(
    forHeader bytes: RawSpan, _ chunk: StreamChunk, _ direction: WebSocketDirection
  ) -> StreamStep {
    var needed = 2
    if chunk.range.count >= 2 {
      needed = WebSocket.headerLength(
        bytes.unsafeLoad(fromByteOffset: chunk.range.lowerBound &+ 1, as: UInt8.self))
    }
    direction.awaited = chunk.range.count
    direction.frame = nil
    direction.frameEnd = 0
    return .needMore(needed)
  }

  /// A header, and not all of its payload.
  @inline(never)
  func wait(
    for frame: WebSocket, _ headerEnd: Int, _ end: Int, _ chunk: StreamChunk,
    _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> StreamStep {
    let start = chunk.range.lowerBound
    guard chunk.isLast else {
      direction.awaited = chunk.range.count
      direction.frame = frame
      direction.frameEnd = chunk.position &+ UInt64(end &- start)
      return .needMore(end &- start)
    }
    direction.awaited = 0
    let index = dissection.record(
      WebSocket.self, header: start..<headerEnd, end: chunk.range.upperBound, buffer: chunk.buffer,
      missing: end &- chunk.range.upperBound)
    var note = WebSocket.Note()
    note.state = .unreadable
    dissection.setNote(note, at: index)
    dissection.add(
      WebSocket.truncated, at: index, found: UInt64(chunk.range.count),
      expected: UInt64(end &- start))
    // What the sender said next is not known where only the capture ends.
    guard !chunk.isCut else { return .part(chunk.range.count, isShown: true) }
    direction.forgetMessage()
    return .lastPart(chunk.range.count)
  }

  /// A frame that is not waited for: its payload is passed over.
  @inline(never)
  func begin(
    tooLong frame: WebSocket, _ headerEnd: Int, _ chunk: StreamChunk,
    _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> StreamStep {
    let start = chunk.range.lowerBound
    // Where all of it is here, its last octet is left to end it.
    let here = min(UInt64(chunk.range.upperBound &- headerEnd), frame.length &- 1)
    let end = headerEnd &+ Int(here)
    let rules = check(frame, chunk, direction)
    let index = dissection.record(
      WebSocket.self, header: start..<headerEnd, end: end, buffer: chunk.buffer,
      missing: Int(min(frame.length &- here, UInt64(UInt32.max))))
    report(rules, frame, at: index, &dissection)
    dissection.add(
      WebSocketRule.tooLong.kind, at: index, found: frame.length, expected: longest)
    if !frame.opcode.isControl {
      if frame.opcode != .continuation { direction.forgetMessage() }
      direction.assembly.begin(frame)
      direction.assembly.isDamaged = true
      direction.assembly.octets = []
      direction.pieces = []
    }
    var note = WebSocket.Note()
    note.state = .unreadable
    note.opcode = frame.opcode
    dissection.setNote(note, at: index)
    direction.awaited = 0
    direction.frame = frame
    direction.hasBegun = true
    direction.frameEnd = chunk.position &+ UInt64(headerEnd &- start) &+ frame.length
    direction.isCalm = false
    // A length with its top bit set has no end that a stream could reach.
    guard frame.length < 1 << 62 else {
      direction.place = .nowhere
      return .message(chunk.range.count)
    }
    direction.place = .payload
    return .part(end &- start, isShown: true)
  }

  /// RFC 6455 section 5.5.1: "The application MUST NOT send any more data frames after sending a Close
  /// frame." These octets are not even frames (a server that answers in HTTP): they are shown as the
  /// frame that they would be, and nothing is made of them.
  @inline(never)
  func giveUpBehindClose(
    _ headerEnd: Int, _ chunk: StreamChunk, _ dissection: inout Dissection
  ) -> StreamStep {
    let index = dissection.record(
      WebSocket.self, header: chunk.range.lowerBound..<headerEnd, end: chunk.range.upperBound,
      buffer: chunk.buffer)
    var note = WebSocket.Note()
    note.state = .behindClose
    dissection.setNote(note, at: index)
    dissection.add(WebSocketRule.afterClose.kind, at: index)
    return .lost
  }

  /// Finds back to a frame's beginning; nil when one is here.
  @inline(never)
  func regain(
    _ bytes: RawSpan, _ chunk: StreamChunk, _ direction: WebSocketDirection,
    _ dissection: inout Dissection
  ) -> StreamStep? {
    switch direction.place {
    case .frame: return nil
    case .payload: return pass(chunk, direction, &dissection)
    case .unknown: return search(bytes, chunk, direction)
    case .nowhere: return .lost
    }
  }

  /// Passes over a payload that is not kept; its frame is shown once it is over.
  private func pass(
    _ chunk: StreamChunk, _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> StreamStep? {
    let rest =
      direction.frameEnd > chunk.position ? direction.frameEnd &- chunk.position : 0
    guard rest > 0 else {
      direction.place = .frame
      direction.hasGap = true
      endDamaged(direction)
      return nil
    }
    guard rest <= UInt64(chunk.range.count) else {
      return .part(chunk.range.count, isShown: false)
    }
    direction.place = .frame
    guard let frame = direction.frame else { return .part(Int(rest), isShown: false) }
    let index = show(frame, direction, &dissection)
    if direction.hasGap, let index { dissection.add(WebSocket.missing, at: index) }
    direction.hasGap = false
    let isEnd = frame.isFinal || frame.opcode.isControl
    if !frame.opcode.isControl { endDamaged(direction) }
    guard index != nil else { return .part(Int(rest), isShown: false) }
    return isEnd ? .lastPart(Int(rest)) : .part(Int(rest), isShown: true)
  }

  /// A frame whose payload was not kept is over.
  private func endDamaged(_ direction: WebSocketDirection) {
    if direction.frame?.isFinal ?? true { direction.forgetMessage() }
    direction.inflation?.forget()
    direction.hasMissedCompressed = true
    direction.isCalm = false
  }

  /// Records a frame by its header alone, which stands in a buffer of its own.
  private func show(
    _ frame: WebSocket, _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> Int? {
    var writer = ByteWriter()
    frame.write(to: &writer)
    let header = writer.bytes
    let origin = BufferOrigin(.reassembled, of: 0, 0..<0)
    guard let buffer = dissection.addBuffer(header.span.bytes, origin) else { return nil }
    let index = dissection.record(
      WebSocket.self, header: 0..<header.count, end: header.count, buffer: buffer,
      missing: Int(min(frame.length, UInt64(UInt32.max))))
    var note = WebSocket.Note()
    note.state = .unreadable
    let isContinued = frame.opcode == .continuation
    note.opcode = isContinued ? direction.assembly.opcode : frame.opcode
    note.fragments = UInt32(truncatingIfNeeded: max(direction.assembly.fragments, 1))
    dissection.setNote(note, at: index)
    return index
  }

  /// Looks for the next frame behind octets that are missing.
  private func search(
    _ bytes: RawSpan, _ chunk: StreamChunk, _ direction: WebSocketDirection
  ) -> StreamStep? {
    let end = chunk.range.upperBound
    for start in chunk.range.prefix(2048) {
      let found = Self.plausible(bytes, start..<end, isWhole: true)
      guard case .yes(let side) = found, side == nil || side == chunk.side || !chunk.sideIsKnown
      else { continue }
      direction.place = .frame
      direction.searched = 0
      return start == chunk.range.lowerBound
        ? nil : .part(start &- chunk.range.lowerBound, isShown: false)
    }
    direction.searched &+= chunk.range.count
    return direction.searched > 1 << 20 ? .lost : .part(chunk.range.count, isShown: false)
  }

  public func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    forgetPlainSides()
    let direction = direction(side)
    direction.hasGap = true
    direction.isCalm = false
    direction.inflation?.forget()
    direction.hasMissedCompressed = true
    if direction.assembly.isInsideMessage {
      direction.assembly.isDamaged = true
      direction.assembly.octets = []
      direction.pieces = []
    }
    if direction.place == .payload || direction.place == .nowhere { return true }
    // A frame whose length is known ends where it says.
    if direction.awaited > 0, let frame = direction.frame {
      direction.place = .payload
      if !frame.opcode.isControl {
        if frame.opcode != .continuation { direction.forgetMessage() }
        direction.assembly.begin(frame)
        direction.assembly.isDamaged = true
      }
    } else {
      direction.place = .unknown
      direction.forgetMessage()
    }
    direction.awaited = 0
    return true
  }

  public func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {
    // The capture's end says nothing about the stream's.
    guard how == .fin || how == .rst else { return }
    forgetPlainSides()
    if side != .server { end(client) }
    if side != .client { end(server) }
  }

  public var hasMore: Bool { client.isBrokenOff || server.isBrokenOff }

  private func end(_ direction: WebSocketDirection) {
    let isInside = direction.awaited > 0 || direction.place == .payload
    direction.isBrokenOff =
      direction.frame != nil && direction.place != .nowhere
      && (isInside || direction.assembly.isInsideMessage)
  }

  /// A frame or a message whose rest never came is shown as far as it is known.
  @inline(never)
  func showBrokenOff(_ chunk: StreamChunk, into dissection: inout Dissection) -> StreamStep {
    let direction = client.isBrokenOff ? client : server
    guard direction.isBrokenOff, let frame = direction.frame else { return .needMore(1) }
    direction.isBrokenOff = false
    let isInside = direction.awaited > 0 || direction.place == .payload
    direction.awaited = 0
    direction.place = .frame
    guard let index = show(frame, direction, &dissection) else { return .lastPart(0) }
    if isInside {
      dissection.add(
        WebSocket.truncated, at: index, found: 0,
        expected: UInt64(frame.headerLength) &+ frame.length)
    } else {
      dissection.add(WebSocket.unfinished, at: index)
    }
    direction.forgetMessage()
    return .lastPart(0)
  }
}

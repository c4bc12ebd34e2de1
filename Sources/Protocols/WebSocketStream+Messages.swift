import PacketCore

extension WebSocketStream {
  /// A frame that is more than a whole message in plain: control, fragment, compressed, or against
  /// the rules. All of it is here, and its layer is recorded.
  @inline(never)
  func take(
    _ frame: WebSocket, at index: Int, _ payload: Range<Int>, _ bytes: RawSpan,
    _ chunk: StreamChunk, _ direction: WebSocketDirection,
    _ dissection: inout Dissection
  ) -> StreamStep {
    let count = payload.upperBound &- chunk.range.lowerBound
    var rules = check(frame, chunk, direction)
    if rules.contains(.continuationWithoutStart), hasMissed(direction) {
      // It was begun where nobody looked.
      rules.subtract(WebSocketRules(.continuationWithoutStart))
      direction.hasGap = true
    }
    direction.hasBegun = true
    direction.frame = frame
    if direction.hasGap {
      direction.hasGap = false
      dissection.add(WebSocket.missing, at: index)
    }
    settle(direction)
    report(rules, frame, at: index, &dissection)
    var note = WebSocket.Note()
    note.mayCompress = compression == .agreed
    note.opcode = frame.opcode
    note.buffer = chunk.buffer
    var content = payload
    if frame.isMasked, !payload.isEmpty {
      let unmasked = dissection.addBuffer(
        payload.count, BufferOrigin(.unmasked, of: chunk.buffer, payload)
      ) { _ = WebSocketMasking.apply(frame.maskingKey, from: bytes, payload, to: &$0) }
      guard let unmasked else { return .message(count) }
      note.buffer = unmasked
      content = 0..<payload.count
    }
    note.start = UInt32(truncatingIfNeeded: content.lowerBound)
    note.count = UInt32(truncatingIfNeeded: content.count)
    guard frame.opcode == .continuation || frame.opcode == .text || frame.opcode == .binary else {
      if frame.opcode == .close {
        close(bytes, note, at: index, from: chunk.side, direction, &dissection)
        settle(direction)
      }
      dissection.setNote(note, at: index)
      return .message(count)
    }
    // Nothing is known of what it goes on with, so nothing is known of it.
    if frame.opcode == .continuation, !direction.assembly.isInsideMessage {
      note.state = .unreadable
      dissection.setNote(note, at: index)
      return .message(count)
    }
    return takeData(frame, at: index, note, count, bytes, chunk, direction, &dissection)
  }

  /// The rules that a frame breaks, its payload not looked at.
  func check(
    _ frame: WebSocket, _ chunk: StreamChunk, _ direction: WebSocketDirection
  ) -> WebSocketRules {
    direction.assembly.check(
      frame, from: chunk.sideIsKnown ? chunk.side : nil, compression,
      definesReserved: definesReserved)
  }

  /// Whether frames of this direction were not captured.
  private func hasMissed(_ direction: WebSocketDirection) -> Bool {
    direction.hasGap || (negotiation == nil && !direction.hasBegun)
  }

  func report(
    _ rules: WebSocketRules, _ frame: WebSocket, at index: Int, _ dissection: inout Dissection
  ) {
    guard !rules.isEmpty else { return }
    for rule in WebSocketRule.allCases where rules.contains(rule) {
      let found = rule == .reservedOpcode ? UInt64(frame.opcode.rawValue) : frame.length
      dissection.add(rule.kind, at: index, found: found)
    }
  }

  /// A frame of a message: the whole of it, or a fragment.
  private func takeData(
    _ frame: WebSocket, at index: Int, _ read: WebSocket.Note, _ count: Int, _ bytes: RawSpan,
    _ chunk: StreamChunk, _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> StreamStep {
    var note = read
    if frame.opcode != .continuation { direction.forgetMessage() }
    direction.assembly.begin(frame)
    let kind = direction.assembly.opcode
    note.opcode = kind
    note.fragments = UInt32(truncatingIfNeeded: direction.assembly.fragments)
    let isCompressed =
      direction.assembly.isCompressed && compression != .refused && !definesReserved
    let isWhole = frame.isFinal && note.fragments == 1
    if kind == .text, !isCompressed, !direction.assembly.isDamaged {
      checkText(isLast: frame.isFinal, bytes, note, at: index, direction, &dissection)
    }
    if !isWhole { keep(bytes, note, at: index, direction, &dissection) }
    guard frame.isFinal else {
      direction.isCalm = false
      note.state = .fragment
      if isCompressed { note.compressed = note.count }
      dissection.setNote(note, at: index)
      return .part(count, isShown: true)
    }
    let isText = kind == .text && direction.assembly.text.isComplete
    let isDamaged = direction.assembly.isDamaged
    if !isWhole, !isDamaged { join(&note, chunk, direction, &dissection) }
    direction.forgetMessage()
    settle(direction)
    finish(
      &note, isText: isText, isCompressed: isCompressed, isDamaged: isDamaged, at: index, bytes,
      chunk, direction, &dissection)
    return isWhole ? .message(count) : .lastPart(count)
  }

  /// The message is complete: inflates it, and says what it is.
  private func finish(
    _ note: inout WebSocket.Note, isText: Bool, isCompressed: Bool, isDamaged: Bool, at index: Int,
    _ bytes: RawSpan, _ chunk: StreamChunk, _ direction: WebSocketDirection,
    _ dissection: inout Dissection
  ) {
    var isText = isText
    if isDamaged {
      note.state = .unreadable
      if isCompressed {
        note.compressed = note.count
        direction.inflation?.forget()
      }
    } else if isCompressed {
      isText = inflate(&note, at: index, bytes, from: chunk.side, direction, &dissection)
    }
    dissection.setNote(note, at: index)
    guard note.state == .read else { return }
    let range = Int(note.start)..<Int(note.start) &+ Int(note.count)
    let kind = note.opcode
    let type = dissection.withBytes(of: note.buffer, frame: bytes) {
      following($0, range, kind, isText: isText)
    }
    if type != .nothing { dissection.continueIn(note.buffer, range, as: type) }
  }

  private func checkText(
    isLast: Bool, _ bytes: RawSpan, _ note: WebSocket.Note, at index: Int,
    _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) {
    var check = direction.assembly.text
    let wasValid = check.isValid
    let range = Int(note.start)..<Int(note.start) &+ Int(note.count)
    dissection.withBytes(of: note.buffer, frame: bytes) { check.take($0, range) }
    direction.assembly.text = check
    // Of octets marked as compressed that were not to be, nothing is expected.
    guard !direction.assembly.isCompressed else { return }
    if isLast ? wasValid && !check.isComplete : wasValid && !check.isValid {
      dissection.add(WebSocketRule.text.kind, at: index)
    }
  }

  /// Keeps a fragment, if the message may become that long.
  private func keep(
    _ bytes: RawSpan, _ note: WebSocket.Note, at index: Int, _ direction: WebSocketDirection,
    _ dissection: inout Dissection
  ) {
    guard !direction.assembly.isDamaged else { return }
    guard UInt64(direction.assembly.octetCount) <= longest else {
      giveUp(at: index, direction, &dissection)
      return
    }
    let range = Int(note.start)..<Int(note.start) &+ Int(note.count)
    let wire = direction.remembersPlaces ? dissection.wire(range, of: note.buffer) : nil
    dissection.withBytes(of: note.buffer, frame: bytes) {
      direction.keep($0.extracting(range.clamped(to: 0..<$0.byteCount)), at: wire)
    }
  }

  /// The message is longer than is put together.
  func giveUp(
    at index: Int, _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) {
    dissection.add(
      WebSocketRule.tooLong.kind, at: index, found: UInt64(direction.assembly.octetCount),
      expected: longest)
    direction.assembly.isDamaged = true
    direction.assembly.octets = []
    direction.pieces = []
  }

  /// Puts the fragments together in a buffer of their own.
  private func join(
    _ note: inout WebSocket.Note, _ chunk: StreamChunk, _ direction: WebSocketDirection,
    _ dissection: inout Dissection
  ) {
    let origin = BufferOrigin(.joined, of: chunk.buffer, chunk.range)
    let octets = direction.assembly.octets
    guard let buffer = dissection.addBuffer(octets.span.bytes, origin) else {
      note.state = .unreadable
      return
    }
    for piece in direction.pieces { dissection.addPiece(piece, of: buffer) }
    note.buffer = buffer
    note.start = 0
    note.count = UInt32(truncatingIfNeeded: octets.count)
  }

  /// Inflates the message that `note` names, and makes it name what comes out.
  ///
  /// - Returns: Whether that is UTF-8.
  private func inflate(
    _ note: inout WebSocket.Note, at index: Int, _ bytes: RawSpan, from side: Side,
    _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) -> Bool {
    let inflation = inflation(direction, from: side)
    let range = Int(note.start)..<Int(note.start) &+ Int(note.count)
    note.compressed = note.count
    let outcome = dissection.withBytes(of: note.buffer, frame: bytes) {
      inflation.inflate($0, range)
    }
    switch outcome {
    case .whole: break
    case .tooLong:
      dissection.add(
        WebSocketRule.inflatedTooLong.kind, at: index, found: UInt64(note.compressed),
        expected: UInt64(max(limits.inflatedOctets, 0)))
    case .damaged: dissection.add(WebSocketRule.inflate.kind, at: index)
    case .dependent: dissection.add(WebSocket.lostContext, at: index)
    }
    let origin = BufferOrigin(.inflated, of: note.buffer, range)
    var isText = false
    guard outcome == .whole,
      let buffer = inflation.withOctets({ octets in
        isText = UTF8Check.isText(octets, 0..<octets.byteCount)
        note.inflated = UInt32(truncatingIfNeeded: octets.byteCount)
        return dissection.addBuffer(octets, origin)
      })
    else {
      note.state = .unreadable
      inflation.release()
      return false
    }
    inflation.release()
    note.buffer = buffer
    note.start = 0
    note.count = note.inflated
    if note.opcode == .text, !isText { dissection.add(WebSocketRule.text.kind, at: index) }
    return isText
  }

  /// The direction's inflation, made with the first message that needs it.
  private func inflation(_ direction: WebSocketDirection, from side: Side) -> PerMessageInflation {
    if let there = direction.inflation { return there }
    // Without the handshake the largest window reads what every smaller one wrote, and a context
    // that is kept though nobody refers to it does no harm.
    let agreed = negotiation?.deflate ?? PerMessageDeflate()
    let made = PerMessageInflation(
      windowBits: agreed.windowBits(of: side), takesOver: agreed.takesOver(side),
      isPartial: negotiation == nil || direction.hasMissedCompressed, limit: limits.inflatedOctets)
    direction.inflation = made
    return made
  }

  /// A Close frame: what it says is the verdict's, and it is checked.
  private func close(
    _ bytes: RawSpan, _ note: WebSocket.Note, at index: Int, from side: Side,
    _ direction: WebSocketDirection, _ dissection: inout Dissection
  ) {
    direction.assembly.close()
    let body = Int(note.start)..<Int(note.start) &+ Int(note.count)
    var code: UInt16?
    var reason = ""
    let rules = dissection.withBytes(of: note.buffer, frame: bytes) { octets in
      let rules = WebSocketAssembly.checkClose(octets, body)
      if body.count >= 2 {
        code = UInt16(
          bigEndian: octets.unsafeLoadUnaligned(fromByteOffset: body.lowerBound, as: UInt16.self))
        reason = octets.withUnsafeBytes { String(decoding: $0[body.dropFirst(2)], as: UTF8.self) }
      }
      return rules
    }
    for rule in WebSocketRule.allCases where rules.contains(rule) {
      dissection.add(rule.kind, at: index, found: UInt64(code ?? 0))
    }
    if let first = closing {
      if first.side != side { closing?.isAnswered = true }
    } else {
      closing = StreamClosing(side: side, code: code, reason: reason, isAnswered: false)
    }
  }
}

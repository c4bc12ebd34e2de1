import PacketCore

extension SocketIO {
  /// What earlier packets of the session say about this one.
  func judge(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, _ memory: SocketIOMemory,
    _ note: inout Note
  ) {
    let side = dissection.stream.side
    let (session, isFromOpen, version) = Self.session(at: index, dissection)
    note.session = session
    if !memory.waiting.isEmpty { checkWaiting(at: index, in: &dissection, memory, note.session) }
    let tag = namespace.isEmpty ? Self.mainTag : namespaceTag
    switch octet {
    case 0x32, 0x35:
      Self.checkConnected(
        memory, note.session, tag, side, isFromOpen, version, at: index, &dissection)
      if ackDigits > 0 {
        memory.asked.insert(
          note.session, askTag(tag, side),
          SocketIOMemory.Asked(
            frame: UInt32(truncatingIfNeeded: dissection.frame.number),
            time: dissection.frame.time.nanoseconds(since: dissection.firstTime)))
      }
    case 0x33, 0x36:
      Self.checkConnected(
        memory, note.session, tag, side, isFromOpen, version, at: index, &dissection)
      if ackDigits > 0 { answer(memory, tag, side, isFromOpen, at: index, in: &dissection, &note) }
    case 0x30, 0x31, 0x34: change(memory, note.session, tag, side, at: index, in: &dissection)
    default: break
    }
    if type?.isBinary == true, attachments > 0 {
      wait(bytes, at: index, in: &dissection, memory, &note)
    }
  }

  /// The session of a packet, whether it was seen from its beginning, and the protocol's revision.
  @inline(__always)
  static func session(
    at index: Int, _ dissection: borrowing Dissection
  ) -> (key: UInt64, isFromOpen: Bool, version: UInt8) {
    if index > 0, dissection.layers[index &- 1].is(EngineIO.self),
      let outer = dissection.note(of: EngineIO.self, dissection.layers[index &- 1])
    {
      return (outer.key, outer.isFromOpen, outer.version)
    }
    return (EngineIOSession.key(dissection.stream), false, 0)
  }

  /// The number of the main namespace.
  static let mainTag: UInt64 = 1

  /// A number for the namespace, without a query.
  private var namespaceTag: UInt64 {
    let octets = namespace
    let end = octets.firstIndex(of: 0x3f) ?? octets.count
    if end == 1 { return Self.mainTag }
    return EngineIOSession.hash(octets.span.bytes, 0..<end)
  }

  /// Events of one side are numbered apart from those of the other.
  private func askTag(_ tag: UInt64, _ asker: Side) -> UInt64 {
    (tag &* 0x9E37_79B9_7F4A_7C15 ^ ack) &* 2 | UInt64(asker.rawValue)
  }

  /// "If the server does not receive a CONNECT packet first, then it MUST close the connection". A
  /// server may speak before it grants what was asked. In revision 4 clients are connected to the main
  /// namespace without asking.
  @inline(__always)
  static func checkConnected(
    _ memory: SocketIOMemory, _ session: UInt64, _ tag: UInt64, _ side: Side, _ isFromOpen: Bool,
    _ version: UInt8, at index: Int, _ dissection: inout Dissection
  ) {
    guard let state = memory.namespaces.find(session, tag) else {
      if isFromOpen, version == 4 { dissection.add(notConnected, at: index) }
      return
    }
    let known = state.pointee
    if _slowPath(known.disconnected & (1 &<< side.rawValue) != 0) {
      dissection.add(disconnected, at: index)
    }
  }

  private func change(
    _ memory: SocketIOMemory, _ session: UInt64, _ tag: UInt64, _ side: Side, at index: Int,
    in dissection: inout Dissection
  ) {
    let state =
      memory.namespaces.find(session, tag)
      ?? memory.namespaces.insert(session, tag, SocketIOMemory.Namespace())
    switch type {
    case .connect:
      state.pointee.disconnected = 0
      if side == .client { state.pointee.isAsked = true } else { state.pointee.isGranted = true }
    case .connectError:
      if side == .client { dissection.add(Self.errorFromClient, at: index) }
    case .disconnect: state.pointee.disconnected |= 1 &<< side.rawValue
    default: break
    }
  }

  private func answer(
    _ memory: SocketIOMemory, _ tag: UInt64, _ side: Side, _ isFromOpen: Bool, at index: Int,
    in dissection: inout Dissection, _ note: inout Note
  ) {
    guard let event = memory.asked.find(note.session, askTag(tag, side.other)) else {
      if isFromOpen { dissection.add(Self.ackUnasked, at: index) }
      return
    }
    if event.pointee.isAnswered { dissection.add(Self.ackTwice, at: index) }
    event.pointee.isAnswered = true
    note.eventFrame = event.pointee.frame
    note.elapsed =
      dissection.frame.time.nanoseconds(since: dissection.firstTime) &- event.pointee.time
  }

  /// A packet comes while another of this side waits for attachments: the rest of those is lost.
  private func checkWaiting(
    at index: Int, in dissection: inout Dissection, _ memory: SocketIOMemory, _ session: UInt64
  ) {
    let direction = SocketIOMemory.Direction(
      session: session, side: dissection.stream.side.rawValue)
    guard let packet = memory.waiting[direction] else { return }
    dissection.add(
      Self.attachmentsMissing, at: index, found: UInt64(packet.wanted - packet.attachments.count),
      expected: UInt64(truncatingIfNeeded: packet.frame))
    memory.giveUp(direction)
  }

  private func wait(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, _ memory: SocketIOMemory,
    _ note: inout Note
  ) {
    let record = dissection.layers[index]
    let range = record.range
    let packet = SocketIOMemory.Waiting(
      frame: dissection.frame.number, number: 0, header: [UInt8](bytes.extracting(range)),
      headerPieces: dissection.wire(range, of: record.buffer) ?? [], wanted: Int(attachments),
      octets: range.count)
    let direction = SocketIOMemory.Direction(
      session: note.session, side: dissection.stream.side.rawValue)
    if memory.wait(packet, direction) {
      note.isWaiting = true
    } else {
      dissection.add(Self.tooMuchWaits, at: index)
    }
  }
}

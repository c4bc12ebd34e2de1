import PacketCore

/// An Engine.IO message that is a Socket.IO event of the main namespace in the plain form, and perhaps
/// one of the chat: the bulk of all messages, three layers read in one go.
enum PlainEvent: Shortcut {
  static let way: [(number: PayloadType, layer: any ErasedLayer.Type)] = [
    (.engineIO, EngineIO.self), (.socketIO, SocketIO.self), (.chatEvent, Chat.self),
  ]

  static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memories: UnsafePointer<Unmanaged<AnyObject>>
  ) -> PayloadType? {
    var note = SocketIO.Note()
    guard dissection.mayTakeShortcut, start >= 0, end &- start > 2, end <= bytes.byteCount,
      // A message, an event.
      bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt16.self).littleEndian
        == 0x3234,
      note.content.readPlain(bytes, start &+ 2..<end), note.content.defect == .none,
      memories[1]._withUnsafeGuaranteedRef({
        unsafeDowncast($0, to: SocketIOMemory.self).isAtRest
      })
    else { return nil }

    let outer = dissection.record(
      EngineIO.self, as: .message, header: start..<start &+ 1, end: end, reportedEnd: reportedEnd)
    let session = memories[0]._withUnsafeGuaranteedRef {
      EngineIO.takeMessage(
        at: outer, in: &dissection, unsafeDowncast($0, to: EngineIOSessions.self))
    }
    let index = dissection.record(
      SocketIO.self, as: .message, header: start &+ 1..<start &+ 2, end: end,
      reportedEnd: reportedEnd)
    note.session = session.key
    memories[1]._withUnsafeGuaranteedRef {
      SocketIO.checkConnected(
        unsafeDowncast($0, to: SocketIOMemory.self), session.key, SocketIO.mainTag,
        dissection.stream.side, session.isFromOpen, session.version, at: index, &dissection)
    }
    dissection.setNote(note, at: index)
    var last = index
    if note.content.chat.kind != .none {
      last = dissection.record(
        Chat.self, as: .message, header: start &+ 2..<start &+ 2, end: end,
        reportedEnd: reportedEnd)
      dissection.setNote(Chat.Note(parts: note.content.chat), at: last)
    }
    return SocketIO.keepPayload(
      bytes, hasToken: note.content.hasToken, of: dissection.layers[last], in: &dissection)
  }
}

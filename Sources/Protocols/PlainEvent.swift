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
    guard
      _fastPath(
        dissection.mayTakeShortcut && start >= 0 && end &- start > 2 && end <= bytes.byteCount),
      // A message, an event.
      bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt16.self).littleEndian
        == 0x3234
    else { return nil }
    let key = expect(dissection.stream, memories)
    let note = dissection.noteRoom(SocketIO.Note.self)
    note.initialize(to: SocketIO.Note())
    guard
      _fastPath(
        note.pointee.content.readPlain(bytes, start &+ 2..<end)
          && note.pointee.content.defect == .none),
      memories[1]._withUnsafeGuaranteedRef({
        unsafeDowncast($0, to: SocketIOMemory.self).isAtRest
      })
    else { return nil }

    let outer = dissection.record(
      EngineIO.self, as: .message, header: start..<start &+ 1, end: end, reportedEnd: reportedEnd)
    let index = dissection.record(
      SocketIO.self, as: .message, header: start &+ 1..<start &+ 2, end: end,
      reportedEnd: reportedEnd)
    note.pointee.session = key
    let (chat, hasToken) = (note.pointee.content.chat, note.pointee.content.hasToken)
    dissection.keepNote(SocketIO.Note.self, at: index)
    let session = memories[0]._withUnsafeGuaranteedRef {
      EngineIO.takeMessage(
        key, at: outer, in: &dissection, unsafeDowncast($0, to: EngineIOSessions.self))
    }.pointee
    memories[1]._withUnsafeGuaranteedRef {
      SocketIO.checkConnected(
        unsafeDowncast($0, to: SocketIOMemory.self), key, SocketIO.mainTag,
        dissection.stream.side, session.isFromOpen, session.version, at: index, &dissection)
    }
    var last = index
    if chat.kind != .none {
      last = dissection.record(
        Chat.self, as: .message, header: start &+ 2..<start &+ 2, end: end,
        reportedEnd: reportedEnd)
      dissection.setNote(Chat.Note(parts: chat), at: last)
    }
    return SocketIO.keepPayload(
      bytes, hasToken: hasToken, of: dissection.layers[last], in: &dissection)
  }

  /// What is known of the session will be asked for once the event is read: has it fetched meanwhile.
  ///
  /// - Returns: The session's key.
  @inline(__always)
  private static func expect(
    _ stream: StreamContext, _ memories: UnsafePointer<Unmanaged<AnyObject>>
  ) -> UInt64 {
    let key = memories[0]._withUnsafeGuaranteedRef { memory in
      let sessions = unsafeDowncast(memory, to: EngineIOSessions.self)
      let key = sessions.key(stream)
      sessions.sessions.expect(key)
      return key
    }
    memories[1]._withUnsafeGuaranteedRef {
      unsafeDowncast($0, to: SocketIOMemory.self).namespaces.expect(key, SocketIO.mainTag)
    }
    return key
  }
}

import Cryptography
import PacketCore

extension EngineIO {
  /// Everything but a message in text.
  func inspectControl(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: EngineIOSessions
  ) {
    var note = Note()
    let side = dissection.stream.side
    var key = memory.key(dissection.stream)
    if type == .open { key = readOpen(bytes, at: index, in: &dissection, memory, key, &note) }
    let session = memory.session(key)
    note.key = key
    note.session = session.pointee.number
    if session.pointee.closed & (1 &<< side.rawValue) != 0 {
      dissection.add(Self.afterClose, at: index)
    }
    let now = EngineIOSessions.Asked(
      frame: UInt32(truncatingIfNeeded: dissection.frame.number),
      time: dissection.frame.time.nanoseconds(since: dissection.firstTime))
    switch type {
    case .open: break
    case .close: session.pointee.closed |= 1 &<< side.rawValue
    case .ping: takePing(now, side, &session.pointee, at: index, in: &dissection)
    case .pong: takePong(now, side, &session.pointee, at: index, in: &dissection, &note)
    case .upgrade:
      if side == .server { dissection.add(Self.upgradeFromServer, at: index) }
      if session.pointee.isFromOpen, !session.pointee.isProbed {
        dissection.add(Self.upgradeWithoutProbe, at: index)
      }
    case .noop: break
    case .message: decodeBinary(bytes, at: index, in: &dissection, session.pointee.version)
    case nil: dissection.add(Self.unknownType, at: index, found: UInt64(octet))
    }
    if !data.isEmpty, type == .close || type == .upgrade || type == .noop {
      dissection.add(Self.unexpectedData, at: index)
    }
    note.version = session.pointee.version
    note.isFromOpen = session.pointee.isFromOpen
    dissection.setNote(note, at: index)
  }

  /// - Returns: The key of the session that it opens.
  private func readOpen(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, _ memory: EngineIOSessions,
    _ key: UInt64, _ note: inout Note
  ) -> UInt64 {
    var key = key
    let record = dissection.layers[index]
    let stream = dissection.stream
    if stream.side == .client { dissection.add(Self.openFromClient, at: index) }
    let start = Int(record.start) &+ 1
    var scanner = JSONScanner(start..<record.range.upperBound)
    let open = EngineIOOpen(bytes, &scanner)
    if let open, stream.session == 0 {
      // A WebSocket without a sid carries its session alone. A polling response opens one that other
      // connections name.
      if index == 0 || !dissection.layers[index &- 1].is(WebSocket.self) {
        key = EngineIOSession.hash(bytes, open.sid)
        memory.opened(key, on: stream.number)
      }
    }
    let before = memory.count
    let session = memory.session(key)
    if memory.count == before {
      dissection.add(Self.lateOpen, at: index)
    } else {
      session.pointee.isFromOpen = true
    }
    if let open {
      // Servers of revision 3 do not tell maxPayload.
      if open.maxPayload != nil { session.pointee.version = 4 }
    } else {
      note.fault = scanner.fault
      note.faultOffset = UInt32(truncatingIfNeeded: scanner.position &- start)
      dissection.add(
        Self.badOpen, at: index, found: UInt64(note.fault.rawValue),
        expected: UInt64(note.faultOffset))
    }
    return key
  }

  private var isProbe: Bool { data.elementsEqual("probe".utf8) }

  private func takePing(
    _ now: EngineIOSessions.Asked, _ side: Side, _ session: inout EngineIOSessions.Session,
    at index: Int, in dissection: inout Dissection
  ) {
    if isProbe {
      session.probe = now
      if side == .server { dissection.add(Self.pingFromWrongSide, at: index) }
      return
    }
    // Revision 4: "the ping packets are now sent by the server"; revision 3: by the client.
    if side == .client {
      session.clientPing = now
      if session.version == 4 { dissection.add(Self.pingFromWrongSide, at: index) }
      if session.version == 0 { session.version = 3 }
    } else {
      session.serverPing = now
      if session.version == 3 { dissection.add(Self.pingFromWrongSide, at: index) }
      if session.version == 0 { session.version = 4 }
    }
  }

  private func takePong(
    _ now: EngineIOSessions.Asked, _ side: Side, _ session: inout EngineIOSessions.Session,
    at index: Int, in dissection: inout Dissection, _ note: inout Note
  ) {
    var asked: EngineIOSessions.Asked
    if isProbe {
      asked = session.probe
      session.probe.frame = 0
      session.isProbed = true
    } else if side == .client {
      asked = session.serverPing
      session.serverPing.frame = 0
    } else {
      asked = session.clientPing
      session.clientPing.frame = 0
    }
    if asked.frame == 0 {
      // Of a capture that began in the middle, nobody knows whether it was asked.
      if session.isFromOpen { dissection.add(Self.pongWithoutPing, at: index) }
    } else {
      note.pingFrame = asked.frame
      note.elapsed = now.time &- asked.time
    }
  }

  /// `b` and base64: what it stands for goes on as a binary message does. Revision 3 puts the packet
  /// type between the two.
  private func decodeBinary(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, _ version: UInt8
  ) {
    let record = dissection.layers[index]
    var range = record.payload
    if version != 4, range.count % 4 == 1,
      bytes.unsafeLoad(fromByteOffset: range.lowerBound, as: UInt8.self) &- 0x30 < 7
    {
      range = range.lowerBound &+ 1..<range.upperBound
    }
    do throws(Base64.Fault) {
      let data = try Base64.decode(bytes.extracting(range), padding: .optional).octets
      if let buffer = dissection.addBuffer(
        data.span.bytes, BufferOrigin(.decoded, of: record.buffer, range))
      {
        return dissection.continueIn(buffer, 0..<data.count, as: .socketIOAttachment)
      }
    } catch {
      dissection.add(
        Self.badBase64, at: index,
        found: UInt64(truncatingIfNeeded: range.lowerBound &+ error.offset &- Int(record.start)))
    }
    dissection.keepPayload()
  }
}

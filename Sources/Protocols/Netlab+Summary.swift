import PacketCore

extension Netlab {
  /// What the token says, once a key has opened it.
  enum Plain {
    /// Nobody has opened it.
    case closed
    case message(CraftedMessage)
    /// It was made with the key, and is no message all the same.
    case fault(CraftedMessage.Fault)

    var message: CraftedMessage? {
      if case .message(let message) = self { return message }
      return nil
    }
  }

  /// The plaintext of the token that stands behind the layer.
  static func plain(_ record: LayerRecord, in dissection: borrowing Dissection) -> Plain {
    let start = record.payload.lowerBound
    for layer in dissection.layers
    where layer.is(Fernet.self) && layer.buffer == record.buffer && Int(layer.start) == start {
      guard let note = dissection.note(of: Fernet.self, layer), note.buffer > 0 else { break }
      let nothing: [UInt8] = []
      let octets = dissection.withBytes(of: note.buffer, frame: nothing.span.bytes) { [UInt8]($0) }
      do throws(CraftedMessage.Fault) {
        return .message(try CraftedMessage(octets))
      } catch {
        return .fault(error)
      }
    }
    return .closed
  }

  /// The kind: what the token says, else what the numbers do.
  static func kind(_ note: Note, _ plain: Plain) -> Kind {
    plain.message.map { Kind($0.kind) } ?? note.kind
  }

  /// The message that an answer speaks of: its sequence number, and the frame of its last try, 0 for
  /// one that was not captured. Nil where nothing is known, and in messages.
  static func answered(_ note: Note, _ plain: Plain) -> (sequence: UInt32, frame: UInt32)? {
    if let message = plain.message {
      guard message.kind != .message else { return nil }
      let known = [note.ended, note.begun]
      return known.first { $0.frame != 0 && $0.sequence == message.sequence }
        ?? (message.sequence, 0)
    }
    switch note.kind {
    case .message, .answer: return nil
    case .resend: return note.begun.frame != 0 ? note.begun : nil
    case .ack, .refused: return note.ended.frame != 0 ? note.ended : nil
    }
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "netlab"
    columns.info.append("netlab ")
    guard let note = dissection.note(of: Netlab.self, record) else {
      columns.info.append("segment")
      return
    }
    let plain = Self.plain(record, in: dissection)
    let kind = Self.kind(note, plain)
    columns.info.append(kind.title)
    if kind == .message {
      columns.info.append(" seq=")
      columns.info.append(UInt64(note.sequence))
      if note.attempt > 0 {
        columns.info.append(" try ")
        columns.info.append(UInt64(note.attempt))
      }
      columns.info.append(" len=")
      columns.info.append(UInt64(note.length))
    } else {
      if let reason = plain.message?.reason {
        columns.info.append(" ")
        columns.info.append(line: reason.text)
      }
      if let answered = Self.answered(note, plain) {
        columns.info.append(" seq=")
        columns.info.append(UInt64(answered.sequence))
        if answered.frame > 0 {
          columns.info.append(" [frame ")
          columns.info.append(UInt64(answered.frame))
          columns.info.append("]")
        }
      }
    }
    if note.isDamaged { columns.info.append(" damaged") }
    switch plain {
    case .closed: break
    case .message(let message): Self.append(message, to: &columns.info)
    case .fault(let fault):
      columns.info.append(" {")
      columns.info.append(line: fault.text)
      columns.info.append("}")
    }
  }

  private static func append(_ message: CraftedMessage, to info: inout TextBuffer) {
    if message.parts > 1 || message.part > 1 {
      info.append(" part ")
      info.append(UInt64(message.part))
      switch message.kind {
      case .message: info.append("/")
      // The receiver says how many it has, not how many there are.
      default: info.append(", has ")
      }
      info.append(UInt64(message.parts))
    }
    if message.id != .none {
      info.append(" id=")
      info.append(line: message.id.text)
    }
    guard message.kind == .message else { return }
    if let room = message.room {
      info.append(" room ")
      info.append(quoted: room)
    }
    info.append(" ")
    info.append(quoted: message.sender)
    info.append(": ")
    info.append(quoted: message.text)
  }
}

extension TextBuffer {
  /// Foreign text in quotation marks, see `append(quoted:atMost:)`.
  fileprivate mutating func append(quoted text: String) {
    append(quoted: Array(text.utf8).span.bytes, atMost: 256)
  }

  /// Foreign text so that the line stays one.
  fileprivate mutating func append(line text: String) {
    let octets = Array(text.utf8)
    appendLine(octets.span.bytes, 0..<octets.count)
  }
}

import PacketCore

extension WebSocket {
  /// Gives `body` what the frame says: its payload, unmasked, or the whole message that it completes.
  ///
  /// - Parameter bytes: The buffer of the layer's record.
  func withContent<R>(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    _ body: (RawSpan, Range<Int>) -> R
  ) -> R {
    if let note = dissection.note(of: WebSocket.self, record), note.buffer > 0 {
      let range = Int(note.start)..<Int(note.start) &+ Int(note.count)
      return dissection.withBytes(of: note.buffer, frame: bytes) { body($0, range) }
    }
    guard isMasked else { return body(bytes, record.payload) }
    // Nobody has unmasked it: a record without its stream.
    var octets = [UInt8](bytes.extracting(record.payload.clamped(to: 0..<bytes.byteCount)))
    WebSocketMasking.apply(maskingKey, to: &octets)
    return body(octets.span.bytes, 0..<octets.count)
  }

  /// What the message is; a continuation frame does not say so itself.
  func messageOpcode(_ note: Note?) -> WebSocketOpcode {
    guard let note, opcode == .continuation, note.state != .fragment else { return opcode }
    return note.opcode
  }

  static func name(_ opcode: WebSocketOpcode) -> StaticString {
    switch opcode {
    case .continuation: "Continuation"
    case .text: "Text"
    case .binary: "Binary"
    case .close: "Close"
    case .ping: "Ping"
    case .pong: "Pong"
    default: "Unknown Opcode"
    }
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "WebSocket"
    columns.info.append("WebSocket ")
    guard !columns.isCompatible else {
      columns.info.append(opcode == .close ? "Connection Close" : Self.name(opcode))
      columns.info.append(isFinal ? " [FIN] " : "[FRAGMENT]  ")
      if isMasked { columns.info.append("[MASKED]") }
      return
    }
    let note = dissection.note(of: WebSocket.self, record)
    if note?.state == .behindClose {
      columns.info.append(UInt64(record.headerLength &+ record.payloadLength))
      columns.info.append(" bytes after Close")
      return
    }
    let kind = messageOpcode(note)
    columns.info.append(Self.name(kind))
    if !kind.isDefined {
      columns.info.append(byte: 32)
      columns.info.append(kind.rawValue)
    }
    if note?.state == .unreadable {
      Self.append(length, to: &columns.info)
    } else {
      withContent(bytes, record, in: dissection) { content, range in
        switch kind {
        // A part of a compressed message is no text yet.
        case .text where note?.state != .fragment || note?.compressed == 0:
          Self.append(text: content, range, to: &columns.info)
        case .close:
          guard range.count >= 2 else { return }
          let code = content.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: UInt16.self)
          columns.info.append(byte: 32)
          columns.info.append(UInt16(bigEndian: code))
          if range.count > 2 { Self.append(text: content, range.dropFirst(2), to: &columns.info) }
        default: if !range.isEmpty { Self.append(UInt64(range.count), to: &columns.info) }
        }
      }
    }
    if !isFinal { columns.info.append(" [fragment]") }
    Self.append(remarks: note, to: &columns.info)
  }

  private static func append(text: RawSpan, _ range: Range<Int>, to info: inout TextBuffer) {
    info.append(byte: 32)
    info.append(quoted: text, range)
  }

  private static func append(_ octets: UInt64, to info: inout TextBuffer) {
    info.append(byte: 32)
    info.append(octets)
    if octets == 1 { info.append(" byte") } else { info.append(" bytes") }
  }

  public static var hasRemarks: Bool { true }

  public static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    append(remarks: dissection.note(of: WebSocket.self, record), to: &columns.info)
  }

  /// ` [compressed 45→48]`, ` [fragmented ×2]`: how the message came.
  private static func append(remarks note: Note?, to info: inout TextBuffer) {
    guard let note, note.state != .fragment else { return }
    if note.compressed > 0 {
      info.append(" [compressed ")
      info.append(note.compressed)
      if note.state == .read {
        info.append("→")
        info.append(note.inflated)
      }
      info.append("]")
    }
    if note.fragments > 1 {
      info.append(" [fragmented ×")
      info.append(note.fragments)
      info.append("]")
    }
  }
}

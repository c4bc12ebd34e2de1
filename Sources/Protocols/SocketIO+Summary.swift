import PacketCore

extension SocketIO {
  /// An event of the main namespace in the plain form is written without decoding its header.
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    let first = Int(record.start)
    guard record.headerLength == 1, record.payloadLength > 0, first < bytes.byteCount,
      bytes.unsafeLoad(fromUncheckedByteOffset: first, as: UInt8.self) == 0x32,
      let content = dissection.note(of: SocketIO.self, record)?.content, content.isPlain
    else {
      guard let layer = decode(record, in: bytes) else { return }
      return layer.summarize(bytes, record, in: dissection, into: &columns)
    }
    columns.protocolName = "Socket.IO"
    columns.info.append("Socket.IO EVENT / ")
    // `"name",{...}` as it stands, with a space for the comma.
    let start = content.event.range.lowerBound &- 1
    let comma = columns.info.count &+ content.event.range.upperBound &+ 1 &- start
    columns.info.append(bytes.extracting(start..<content.arguments.range.upperBound))
    columns.info.replace(at: comma, with: 0x20)
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Socket.IO"
    guard let type, let note = dissection.note(of: SocketIO.self, record) else {
      columns.info.append("Socket.IO [unknown packet type] ")
      return columns.info.appendLine(bytes, record.range)
    }
    if octet == 0x32 {
      columns.info.append("Socket.IO EVENT ")
    } else {
      columns.info.append("Socket.IO ")
      columns.info.append(type.name)
      columns.info.append(" ")
    }
    if namespace.isEmpty {
      columns.info.append("/")
    } else {
      columns.info.appendLine(namespace.span.bytes, 0..<namespace.count)
    }
    let content = note.content
    if content.defect != .none, content.defect.hidesContent {
      writeAck(into: &columns.info)
      if record.payloadLength > 0 {
        columns.info.append(" ")
        columns.info.appendLine(bytes, record.payload)
      }
      columns.info.append(" [malformed]")
      return
    }
    switch type {
    case .event:
      writeEvent(bytes, content, into: &columns.info)
      writeArguments(bytes, content, into: &columns.info)
      writeAck(into: &columns.info)
    case .ack:
      writeAck(into: &columns.info)
      columns.info.append(" ")
      columns.info.appendLine(bytes, record.payload)
    case .binaryEvent, .binaryAck:
      if type == .binaryEvent { writeEvent(bytes, content, into: &columns.info) }
      writeAck(into: &columns.info)
      columns.info.append(" attachments=")
      columns.info.append(attachments)
      if note.isWaiting {
        columns.info.append(" [waiting]")
      } else {
        columns.info.append(" ")
        columns.info.append(note.attachmentOctets)
        columns.info.append(" bytes")
      }
    case .connect:
      if content.value.isPresent {
        columns.info.append(" sid=")
        columns.info.appendLine(bytes, content.value.range)
      } else if content.argumentCount > 0 {
        columns.info.append(" ")
        columns.info.appendLine(bytes, content.arguments.range)
      }
    case .connectError:
      columns.info.append(" ")
      let place = content.value.isPresent ? content.value : content.arguments
      columns.info.appendLine(bytes, place.range)
    case .disconnect:
      if record.payloadLength > 0 {
        columns.info.append(" ")
        columns.info.appendLine(bytes, record.payload)
      }
    }
  }

  @inline(__always)
  private func writeEvent(
    _ bytes: RawSpan, _ content: SocketIOContent, into text: inout TextBuffer
  ) {
    guard content.event.isPresent else { return }
    let name = content.event.range
    let isText = bytes.unsafeLoad(fromByteOffset: name.lowerBound &- 1, as: UInt8.self) == 0x22
    text.append(" ")
    // With its quotes.
    text.appendLine(
      bytes, isText ? name.lowerBound &- 1..<name.upperBound &+ 1 : name)
  }

  /// One object or array stands for itself; anything else in the brackets of a list.
  @inline(__always)
  private func writeArguments(
    _ bytes: RawSpan, _ content: SocketIOContent, into text: inout TextBuffer
  ) {
    guard content.argumentCount > 0 else { return }
    let isAlone = content.argumentCount == 1 && content.isContainer
    text.append(" ")
    if !isAlone { text.append("[") }
    text.appendLine(bytes, content.arguments.range)
    if !isAlone { text.append("]") }
  }

  @inline(__always)
  private func writeAck(into text: inout TextBuffer) {
    guard ackDigits > 0 else { return }
    text.append(" ack=")
    text.append(ack)
  }
}

extension SocketIODefect {
  /// Nothing of the payload can be shown by its parts.
  var hidesContent: Bool {
    switch self {
    case .invalidJSON, .payloadNotAnArray, .emptyPayload, .noEventName, .payloadNotAnObject,
      .noPayload:
      true
    default: false
    }
  }
}

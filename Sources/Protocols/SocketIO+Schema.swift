import PacketCore

extension SocketIO {
  static let invalid = FindingKind(
    "sio.malformed", "Malformed packet", .error, .malformed
  ) { found, _ in
    ": " + (SocketIODefect(rawValue: UInt8(truncatingIfNeeded: found)) ?? .none).words
  }
  static let badJSON = FindingKind(
    "sio.json.malformed", "The payload is not valid JSON", .error, .malformed
  ) { found, offset in
    let fault = JSONFault(rawValue: UInt8(truncatingIfNeeded: found)) ?? .none
    return ": \(fault.words) at octet \(offset) of the packet"
  }
  static let reservedEvent = FindingKind(
    "sio.event.reserved", "The event's name is one that the libraries keep for themselves",
    .warning,
    .protocolError)
  static let notConnected = FindingKind(
    "sio.not_connected", "Packet of a namespace that no CONNECT asked for", .warning,
    .protocolError)
  static let disconnected = FindingKind(
    "sio.disconnected", "Packet of a namespace that the sender has disconnected from", .warning,
    .protocolError)
  static let errorFromClient = FindingKind(
    "sio.connect_error.from_client", "CONNECT_ERROR from the client", .warning, .protocolError)
  static let ackUnasked = FindingKind(
    "sio.ack.unasked", "Acknowledgment that no event asked for", .warning, .protocolError)
  static let ackTwice = FindingKind(
    "sio.ack.twice", "The event was acknowledged before", .warning, .protocolError)
  static let attachmentsMissing = FindingKind(
    "sio.attachments.missing", "Attachments of an earlier packet are missing", .warning,
    .reassemble
  ) { count, frame in ": \(count) of frame \(frame)" }
  static let tooMuchWaits = FindingKind(
    "sio.attachments.too_many", "The packet does not wait for its attachments: beyond the limit",
    .warning, .reassemble)

  /// The text at a place in the JSON.
  private static func text(
    _ name: String, _ title: String, _ part: @escaping @Sendable (SocketIO, Note) -> TextPlace
  ) -> Field<SocketIO> {
    .texts(name, title) { layer, _, record, dissection, add in
      guard let note = dissection.note(of: SocketIO.self, record) else { return }
      let place = part(layer, note)
      if place.isPresent { add(place.range) }
    }
  }

  private static func generated(
    _ name: String, _ title: String, _ type: FieldType,
    _ value: @escaping @Sendable (Note) -> FieldValue?
  ) -> Field<SocketIO> {
    .derived(name, title, type) { _, record, dissection in
      dissection.note(of: SocketIO.self, record).flatMap(value)
    }
  }

  /// Octets of the count and its hyphen.
  private var countLength: Int { attachmentDigits > 0 ? Int(attachmentDigits) + 1 : 0 }

  public static let schema = Schema<SocketIO>(
    "sio", "Socket.IO", "Socket.IO protocol revision 5", column: "Socket.IO",
    fields: [
      .list(
        "sio.type", "Packet Type", .unsigned, bits: 8,
        label: { value in
          PacketType(rawValue: UInt8(truncatingIfNeeded: value)).map { $0.name.description }
        }
      ) { layer, _, _, add in
        if let type = layer.type { add(.unsigned(UInt64(type.rawValue)), 0..<1) }
      },
      .number(
        "sio.attachments", "Attachments", bits: 32,
        at: { 1..<1 + Int($0.attachmentDigits) }
      ) { $0.attachmentDigits > 0 ? $0.attachments : nil },
      .list("sio.nsp", "Namespace", .string) { layer, _, _, add in
        guard !layer.namespace.isEmpty else { return add(.string("/"), nil) }
        let start = 1 + layer.countLength
        add(
          .string(String(decoding: layer.namespace, as: UTF8.self)),
          start..<start + layer.namespace.count)
      },
      .number(
        "sio.ack", "Acknowledgment ID", bits: 64,
        at: { layer in
          let start = 1 + layer.countLength + layer.namespace.count + (layer.hasComma ? 1 : 0)
          return start..<start + Int(layer.ackDigits)
        }
      ) { $0.ackDigits > 0 ? $0.ack : nil },
      text("sio.event", "Event") { _, note in note.content.event },
      .texts("sio.arg", "Argument", isVerbatim: true) { layer, bytes, record, dissection, add in
        guard let content = dissection.note(of: SocketIO.self, record)?.content,
          layer.type != .connect, layer.type != .connectError, content.defect != .invalidJSON,
          content.argumentCount > 0
        else { return }
        var scanner = JSONScanner(content.arguments.range)
        repeat {
          scanner.skipSpace(bytes)
          let start = scanner.position
          guard scanner.skipValue(bytes) else { return }
          add(start..<scanner.position)
          scanner.skipSpace(bytes)
          guard scanner.peek(bytes) == 0x2c else { return }
          scanner.position += 1
        } while true
      },
      .texts("sio.data", "Data", isVerbatim: true) { _, _, record, _, add in
        if record.payloadLength > 0 { add(record.payload) }
      },
      text("sio.sid", "Session ID") { layer, note in
        layer.type == .connect ? note.content.value : TextPlace()
      },
      text("sio.error", "Error Message") { layer, note in
        guard layer.type == .connectError, note.content.value.count >= 2 else { return TextPlace() }
        let value = note.content.value.range
        return TextPlace(value.lowerBound + 1..<value.upperBound - 1)
      },
      generated("sio.event_in", "Event in frame", .unsigned) {
        $0.eventFrame > 0 ? .unsigned(UInt64($0.eventFrame)) : nil
      },
      generated("sio.ack.time", "Time since the event", .duration) {
        $0.eventFrame > 0 ? .duration($0.elapsed) : nil
      },
      generated("sio.attachments.length", "Attachment octets", .unsigned) {
        $0.firstAttachment > 0 ? .unsigned(UInt64($0.attachmentOctets)) : nil
      },
      .list(
        "sio.attachment", "Attachment", .octets, isGenerated: true,
        in: { layer, bytes, record, dissection, add in
          guard let note = dissection.note(of: SocketIO.self, record), note.firstAttachment > 0
          else { return }
          for number in 0..<Int(layer.attachments) {
            let buffer = Int(note.firstAttachment) + number
            guard buffer <= dissection.bufferCount else { return }
            dissection.withBytes(of: UInt16(truncatingIfNeeded: buffer), frame: bytes) {
              add(.octets([UInt8]($0)), nil)
            }
          }
        }),
    ],
    findings: [
      invalid, badJSON, reservedEvent, notConnected, disconnected, errorFromClient, ackUnasked,
      ackTwice, attachmentsMissing, tooMuchWaits,
    ],
    heading: { layer, _, _, text in
      text.append(", ")
      text.append(layer.type?.name ?? "unknown packet type")
    })
}

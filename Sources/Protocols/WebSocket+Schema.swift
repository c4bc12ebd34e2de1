import PacketCore

extension WebSocket {
  /// RFC 6455 section 11.8, in Wireshark's words.
  static let opcodes: ValueNames = [
    0: "Continuation", 1: "Text", 2: "Binary", 8: "Connection Close", 9: "Ping", 10: "Pong",
  ]

  /// The payload's place, from the layer's first octet.
  private static func payload(_ record: LayerRecord) -> Range<Int>? {
    guard record.payloadLength > 0 else { return nil }
    let start = Int(record.headerLength)
    return start..<start &+ Int(record.payloadLength)
  }

  /// A value of the content, present for one kind of message.
  private static func content(
    _ name: String, _ title: String, _ type: FieldType, of kind: WebSocketOpcode, from first: Int,
    bits: Int = 0, label: (@Sendable (UInt64) -> String?)? = nil, children: [Field<WebSocket>] = [],
    _ read: @escaping @Sendable (RawSpan, Range<Int>) -> FieldValue?
  ) -> Field<WebSocket> {
    .computed(name, title, type, bits: bits, label: label, children: children) {
      layer, bytes, record, dissection in
      let note = dissection.note(of: WebSocket.self, record)
      guard layer.messageOpcode(note) == kind, note?.state ?? .read == .read,
        layer.isFinal || kind.isControl
      else { return nil }
      let found: FieldValue? = layer.withContent(bytes, record, in: dissection) { content, range in
        range.count > first ? read(content, range.dropFirst(first)) : nil
      }
      guard let found else { return nil }
      // Of a whole message in one frame the place is known; of others it is many, or none.
      let isHere = (note?.fragments ?? 1) == 1 && (note?.compressed ?? 0) == 0
      return (found, isHere ? payload(record)?.dropFirst(first) : nil)
    }
  }

  private static func octets(
    _ name: String, _ title: String, of kind: WebSocketOpcode
  ) -> Field<WebSocket> {
    content(name, title, .octets, of: kind, from: 0) { bytes, range in
      .octets([UInt8](bytes.extracting(range.clamped(to: 0..<bytes.byteCount))))
    }
  }

  private static func text(
    _ name: String, _ title: String, of kind: WebSocketOpcode, from first: Int = 0
  ) -> Field<WebSocket> {
    content(name, title, .string, of: kind, from: first) { bytes, range in
      .string(
        bytes.withUnsafeBytes {
          String(decoding: $0[range.clamped(to: 0..<$0.count)], as: UTF8.self)
        })
    }
  }

  /// A number of the note, absent where it is 0.
  private static func noted(
    _ name: String, _ title: String, unit: String = "",
    _ read: @escaping @Sendable (Note) -> UInt32
  ) -> Field<WebSocket> {
    .derived(name, title, .unsigned, bits: 32, unit: unit) { _, record, dissection in
      guard let note = dissection.note(of: WebSocket.self, record), read(note) > 0 else {
        return nil
      }
      return .unsigned(UInt64(read(note)))
    }
  }

  private static let headerFields: [Field<WebSocket>] = [
    .flag("websocket.fin", "Fin", at: 0..<1, mask: 0x80, words: ("True", "False")) { $0.isFinal },
    .number("websocket.rsv", "Reserved", at: 0..<1, mask: 0x70, base: .hexadecimal) {
      $0.reserved
    },
    .derived(
      "websocket.pmc", "Per-Message Compressed", .boolean, bits: 1, at: { _ in 0..<1 },
      label: { $0 == 0 ? "False" : "True" }
    ) { layer, record, dissection in
      guard let note = dissection.note(of: WebSocket.self, record), note.mayCompress else {
        return nil
      }
      return .boolean(layer.rsv1)
    },
    .number(
      "websocket.opcode", "Opcode", at: 0..<1, mask: 0x0f,
      label: { (opcodes[$0] ?? "Unknown").description }
    ) { $0.opcode.rawValue },
    .flag("websocket.mask", "Mask", at: 1..<2, mask: 0x80, words: ("True", "False")) {
      $0.isMasked
    },
    .number("websocket.payload_length", "Payload length", at: 1..<2, mask: 0x7f) {
      $0.maskAndLength & 0x7f
    },
    .number(
      "websocket.payload_length_ext_16", "Extended Payload length (16 bits)", bits: 16,
      at: { $0.maskAndLength & 0x7f == 126 ? 2..<4 : nil }
    ) { $0.maskAndLength & 0x7f == 126 ? $0.length : nil },
    .number(
      "websocket.payload_length_ext_64", "Extended Payload length (64 bits)", bits: 64,
      at: { $0.maskAndLength & 0x7f == 127 ? 2..<10 : nil }
    ) { $0.maskAndLength & 0x7f == 127 ? $0.length : nil },
    .octets("websocket.masking_key", "Masking-Key") {
      $0.isMasked ? $0.headerLength &- 4..<$0.headerLength : nil
    },
  ]

  private static let payloadFields: [Field<WebSocket>] = [
    .computed("websocket.masked_payload", "Masked payload", .label) { layer, _, record, _ in
      layer.isMasked ? payload(record).map { (.present, $0) } : nil
    },
    .computed(
      "websocket.payload", "Payload", .label,
      children: [
        .computed("websocket.payload.continue", "Continue", .octets) {
          layer, bytes, record, dissection in
          guard dissection.note(of: WebSocket.self, record)?.state == .fragment,
            let place = payload(record)
          else { return nil }
          let octets: [UInt8] = layer.withContent(bytes, record, in: dissection) { content, range in
            [UInt8](content.extracting(range.clamped(to: 0..<content.byteCount)))
          }
          return (.octets(octets), place)
        },
        text("websocket.payload.text", "Text", of: .text),
        octets("websocket.payload.binary", "Binary", of: .binary),
        .computed(
          "websocket.payload.close", "Close", .label,
          children: [
            content(
              "websocket.payload.close.status_code", "Status code", .unsigned, of: .close, from: 0,
              bits: 16, label: { (WebSocketCloseCode.names[$0] ?? "Unknown").description }
            ) { bytes, range in
              guard range.count >= 2 else { return nil }
              let code = bytes.unsafeLoadUnaligned(
                fromByteOffset: range.lowerBound, as: UInt16.self)
              return .unsigned(UInt64(UInt16(bigEndian: code)))
            },
            text("websocket.payload.close.reason", "Reason", of: .close, from: 2),
          ]
        ) { layer, _, record, _ in
          layer.opcode == .close ? payload(record).map { (.present, $0) } : nil
        },
        octets("websocket.payload.ping", "Ping", of: .ping),
        octets("websocket.payload.pong", "Pong", of: .pong),
      ]
    ) { _, _, record, dissection in
      if let place = payload(record) { return (.present, place) }
      // RFC 6455 section 5.4 lets the last fragment be empty: the message that it completes is not.
      guard let note = dissection.note(of: WebSocket.self, record), note.state == .read,
        note.fragments > 1, note.count > 0
      else { return nil }
      return (.present, nil)
    },
  ]

  /// What no octet of the frame says.
  private static let messageFields: [Field<WebSocket>] = [
    .derived("websocket.from", "Masked as by", .string) { layer, _, _ in
      .string(layer.isMasked ? "client" : "server")
    },
    .derived("websocket.fragment.count", "Fragment count", .unsigned, bits: 32) {
      _, record, dissection in
      guard let note = dissection.note(of: WebSocket.self, record), note.state != .fragment,
        note.fragments > 1
      else { return nil }
      return .unsigned(UInt64(note.fragments))
    },
    .derived(
      "websocket.message.opcode", "Message", .unsigned, bits: 4,
      label: { (opcodes[$0] ?? "Unknown").description }
    ) { layer, record, dissection in
      guard layer.opcode == .continuation,
        let note = dissection.note(of: WebSocket.self, record), note.opcode != .continuation
      else { return nil }
      return .unsigned(UInt64(note.opcode.rawValue))
    },
    .derived(
      "websocket.reassembled.length", "Reassembled websocket Payload length", .unsigned, bits: 32,
      unit: "bytes"
    ) { _, record, dissection in
      guard let note = dissection.note(of: WebSocket.self, record), note.state == .read,
        note.fragments > 1
      else { return nil }
      return .unsigned(UInt64(note.compressed > 0 ? note.compressed : note.count))
    },
    noted("websocket.compressed_length", "Compressed length", unit: "bytes") { $0.compressed },
    noted("websocket.inflated_length", "Inflated length", unit: "bytes") { $0.inflated },
  ]

  public static let schema = Schema<WebSocket>(
    "websocket", "WebSocket", "RFC 6455", column: "WebSocket",
    fields: headerFields + payloadFields + messageFields,
    findings: WebSocketRule.kinds + observed,
    heading: { layer, record, dissection, text in
      let note = dissection.note(of: WebSocket.self, record)
      text.append(", ")
      text.append(name(layer.messageOpcode(note)))
      text.append(", Length: ")
      text.append(layer.length)
    })

  /// What only somebody who looks on can miss.
  static let observed = [truncated, unfinished, missing, lostContext]

  static let truncated = FindingKind(
    "websocket.truncated", "Stream ends inside the frame", .warning, .malformed
  ) { ": \($0) of \($1) bytes" }
  static let unfinished = FindingKind(
    "websocket.unfinished", "Stream ends before the last fragment of the message", .warning,
    .malformed)
  static let missing = FindingKind(
    "websocket.missing", "Bytes of the message were not captured", .warning, .reassemble)
  static let lostContext = FindingKind(
    "websocket.lost_context", "Compressed message refers to earlier ones that are not known",
    .warning, .protocolError)
}

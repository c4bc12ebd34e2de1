import PacketCore

extension EngineIO {
  static let unknownType = FindingKind(
    "eio.type.unknown", "Unknown packet type", .error, .malformed
  ) { found, _ in " 0x" + String(found, radix: 16) }
  static let badOpen = FindingKind(
    "eio.open.malformed", "The handshake cannot be read", .error, .malformed
  ) { found, offset in
    let fault = JSONFault(rawValue: UInt8(truncatingIfNeeded: found)) ?? .none
    return ": \(fault.words) at octet \(offset) of its data"
  }
  static let openFromClient = FindingKind(
    "eio.open.from_client", "Open packet from the client", .warning, .protocolError)
  static let lateOpen = FindingKind(
    "eio.open.late", "Open packet in a session that had packets before", .warning, .protocolError)
  static let afterClose = FindingKind(
    "eio.after_close", "Packet after the sender's close packet", .warning, .protocolError)
  static let pongWithoutPing = FindingKind(
    "eio.pong.unasked", "Pong without a ping", .warning, .protocolError)
  static let pingFromWrongSide = FindingKind(
    "eio.ping.side", "Ping from the side that does not send pings in this revision", .warning,
    .protocolError)
  static let upgradeFromServer = FindingKind(
    "eio.upgrade.from_server", "Upgrade packet from the server", .warning, .protocolError)
  static let upgradeWithoutProbe = FindingKind(
    "eio.upgrade.without_probe", "Upgrade packet without an answered probe", .warning,
    .protocolError)
  static let unexpectedData = FindingKind(
    "eio.data.unexpected", "Data in a packet that has none", .note, .protocolError)
  static let badBase64 = FindingKind(
    "eio.base64.malformed", "Malformed base64", .error, .malformed
  ) { found, _ in " at octet \(found)" }

  /// A value of an open packet.
  private static func open(
    _ name: String, _ title: String, unit: String = "",
    place: @escaping @Sendable (EngineIOOpen) -> Range<Int>,
    _ value: @escaping @Sendable (EngineIOOpen) -> UInt64?
  ) -> Field<EngineIO> {
    .list(name, title, .unsigned) { layer, _, _, add in
      guard let open = layer.handshake, let number = value(open) else { return }
      let place = place(open)
      add(.unsigned(number), place.lowerBound &+ 1..<place.upperBound &+ 1)
    }
  }

  /// The values of the open packet, their places counted in the data.
  var handshake: EngineIOOpen? {
    type == .open ? EngineIOOpen(data.span.bytes, 0..<data.count) : nil
  }

  public static let schema = Schema<EngineIO>(
    "eio", "Engine.IO", "Engine.IO protocol revision 4", column: "Engine.IO",
    fields: [
      .list(
        "eio.type", "Packet Type", .unsigned, bits: 8,
        label: { value in
          PacketType(rawValue: UInt8(truncatingIfNeeded: value)).map { $0.name.description }
        }
      ) { layer, _, _, add in
        if let type = layer.type { add(.unsigned(UInt64(type.rawValue)), 0..<1) }
      },
      .list("eio.sid", "Session ID", .string) { layer, _, _, add in
        guard let open = layer.handshake else { return }
        add(
          .string(JSONText.decode(layer.data.span.bytes, open.sid)),
          open.sid.lowerBound &+ 1..<open.sid.upperBound &+ 1)
      },
      .list("eio.upgrades", "Upgrades", .string) { layer, _, _, add in
        guard let open = layer.handshake else { return }
        let bytes = layer.data.span.bytes
        var scanner = JSONScanner(open.upgrades)
        var isFirst = true
        guard scanner.enterArray(bytes) else { return }
        while scanner.nextElement(bytes, &isFirst) {
          guard let name = scanner.string(bytes) else { return }
          add(
            .string(JSONText.decode(bytes, name)),
            name.lowerBound &+ 1..<name.upperBound &+ 1)
        }
      },
      open("eio.ping_interval", "Ping Interval (ms)", place: { $0.places.interval }) {
        $0.pingInterval
      },
      open("eio.ping_timeout", "Ping Timeout (ms)", place: { $0.places.timeout }) {
        $0.pingTimeout
      },
      open("eio.max_payload", "Maximum Payload (bytes)", place: { $0.places.payload }) {
        $0.maxPayload
      },
      .list("eio.data", "Data", .string) { layer, _, _, add in
        guard !layer.data.isEmpty else { return }
        add(.string(String(decoding: layer.data, as: UTF8.self)), 1..<layer.data.count &+ 1)
      },
      .derived("eio.probe", "Probe", .boolean) { layer, _, _ in
        guard layer.type == .ping || layer.type == .pong else { return nil }
        return .boolean(layer.data.elementsEqual("probe".utf8))
      },
      .derived("eio.session", "Session", .unsigned) { _, record, dissection in
        dissection.note(of: EngineIO.self, record).map { .unsigned(UInt64($0.session)) }
      },
      .derived("eio.version", "Protocol Revision", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: EngineIO.self, record), note.version > 0 else {
          return nil
        }
        return .unsigned(UInt64(note.version))
      },
      .derived("eio.ping_in", "Ping in frame", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: EngineIO.self, record), note.pingFrame > 0 else {
          return nil
        }
        return .unsigned(UInt64(note.pingFrame))
      },
      .derived("eio.pong_time", "Time since the ping", .duration) { _, record, dissection in
        guard let note = dissection.note(of: EngineIO.self, record), note.pingFrame > 0 else {
          return nil
        }
        return .duration(note.elapsed)
      },
    ],
    findings: [
      unknownType, badOpen, openFromClient, lateOpen, afterClose, pongWithoutPing,
      pingFromWrongSide, upgradeFromServer, upgradeWithoutProbe, unexpectedData, badBase64,
    ],
    heading: { layer, _, _, text in
      text.append(", ")
      text.append(layer.type?.name ?? "unknown packet type")
    })
}

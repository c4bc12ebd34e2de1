import PacketCore
import Testing

@testable import Protocols

/// The endpoints' codecs, against packets that python-engineio and python-socketio wrote.
@Suite struct SocketIOPacketTests {
  struct Line: Sendable {
    var kind: String
    var asked: JSONValue
    var text: [UInt8]
    var attachments: [[UInt8]]
  }

  static let table: [Line] = {
    let file = CaptureFolder.text("truth/socketio-packets.txt")
    return file.split(separator: "\n").compactMap { row in
      let cells = row.split(separator: "\t", omittingEmptySubsequences: false)
      guard cells.count >= 3, let asked = try? JSONValue(Array(cells[1].utf8)),
        case .string(let text)? = try? JSONValue(Array(cells[2].utf8))
      else { return nil }
      return Line(
        kind: String(cells[0]), asked: octets(asked),
        // The library's own text is ASCII, and the separator.
        text: Array(text.utf8), attachments: cells[3...].map { hex(String($0)) })
    }
  }()

  static func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] * 16 + digits[$0 + 1])
    }
  }

  /// `{"hex": …}` as octets.
  static func octets(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map(octets))
    case .object(let members):
      if case .string(let text)? = value["hex"] { return .binary(hex(text)) }
      return .object(members.map { .init($0.name, octets($0.value)) })
    default: return value
    }
  }

  static func elements(_ value: JSONValue) -> [JSONValue] {
    if case .array(let elements) = value { return elements }
    return []
  }

  static func number(_ value: JSONValue) -> Int? {
    if case .number(let text) = value { return Int(text) }
    return nil
  }

  static func engineIO(_ asked: JSONValue) -> EngineIOPacket? {
    let parts = elements(asked)
    guard parts.count == 2,
      let type = number(parts[0]).flatMap({ EngineIO.PacketType(rawValue: UInt8($0)) })
    else { return nil }
    switch parts[1] {
    case .null: return EngineIOPacket(type)
    case .string(let text): return EngineIOPacket(type, text.utf8)
    case .binary(let octets): return EngineIOPacket(binary: octets)
    case let value:
      var writer = JSONWriter()
      var none: [[UInt8]] = []
      writer.write(value, attachments: &none)
      return EngineIOPacket(type, writer.bytes)
    }
  }

  static func socketIO(_ asked: JSONValue) -> SocketIOPacket? {
    let parts = elements(asked)
    guard parts.count == 4,
      let type = number(parts[0]).flatMap({ SocketIO.PacketType(rawValue: UInt8($0)) })
    else { return nil }
    var packet = SocketIOPacket(type, id: number(parts[3]).map { UInt64($0) })
    if case .string(let name) = parts[2] { packet.namespace = name }
    if parts[1] != .null { packet.data = parts[1] }
    return packet
  }

  @Test func theTableIsThere() {
    #expect(Self.table.filter { $0.kind == "eio" }.count == 12)
    #expect(Self.table.filter { $0.kind == "payload" }.count == 3)
    #expect(Self.table.filter { $0.kind == "sio" }.count == 23)
  }

  @Test(arguments: table.filter { $0.kind == "eio" })
  func engineIOAsPython(_ line: Line) throws {
    let packet = try #require(Self.engineIO(line.asked))
    #expect(packet.text() == line.text)
    #expect(try EngineIOPacket(text: line.text) == packet)
    #expect(try EngineIOPacket(message: packet.message(), isBinary: packet.isBinary) == packet)
    for version in [3, 4] {
      #expect(try EngineIOPacket(text: packet.text(version: version), version: version) == packet)
      let message = packet.message(version: version)
      #expect(
        try EngineIOPacket(message: message, isBinary: packet.isBinary, version: version) == packet)
    }
  }

  @Test(arguments: table.filter { $0.kind == "payload" })
  func payloadsAsPython(_ line: Line) throws {
    let packets = Self.elements(line.asked).compactMap(Self.engineIO)
    #expect(EngineIOPayload.encode(packets) == line.text)
    #expect(try EngineIOPayload.decode(line.text) == packets)
    let old = EngineIOPayload.encode(packets, version: 3)
    #expect(try EngineIOPayload.decode(old, version: 3) == packets)
  }

  @Test(arguments: table.filter { $0.kind == "sio" })
  func socketIOAsPython(_ line: Line) throws {
    let packet = try #require(Self.socketIO(line.asked))
    let encoded = packet.encoded
    #expect(encoded.attachments == line.attachments)
    // Python escapes what is not ASCII; nobody has to.
    if !line.text.contains(0x5c) { #expect(encoded.text == line.text) }
    for (text, attachments) in [(line.text, line.attachments), encoded] {
      var decoder = SocketIODecoder()
      var whole = try decoder.take(text: text)
      for attachment in attachments {
        #expect(whole == nil)
        #expect(decoder.isWaiting)
        whole = try decoder.take(binary: attachment)
      }
      #expect(Self.same(whole, packet))
      #expect(!decoder.isWaiting)
    }
  }

  /// Numbers by value: the table's were written by another writer.
  static func same(_ one: SocketIOPacket?, _ other: SocketIOPacket) -> Bool {
    func plain(_ value: JSONValue) -> JSONValue {
      switch value {
      case .number(let text): .number(Double(text).map { "\($0)" } ?? text)
      case .array(let elements): .array(elements.map(plain))
      case .object(let members): .object(members.map { .init($0.name, plain($0.value)) })
      default: value
      }
    }
    guard var one else { return false }
    var other = other
    one.data = one.data.map(plain)
    other.data = other.data.map(plain)
    return one == other
  }

  @Test(
    arguments: [
      ("", .unknownType), ("9", .unknownType), ("abc", .unknownType), ("2", .noPayload),
      ("2{}", .payloadNotAnArray), ("2abc[\"a\"]", .invalidJSON), ("2[]", .emptyPayload),
      ("2[{}]", .noEventName), ("2[\"connect\"]", .reservedEvent),
      ("2[\"disconnecting\"]", .reservedEvent), ("2[\"a\"", .invalidJSON),
      ("2[\"a\"]x", .invalidJSON), ("2[\"a\",]", .invalidJSON), ("3[]", .noAckID),
      ("31{}", .payloadNotAnArray), ("31", .noPayload), ("0[]", .payloadNotAnObject),
      ("0\"x\"", .payloadNotAnObject), ("0{", .invalidJSON), ("1{}", .unexpectedPayload),
      ("4", .noPayload), ("4[]", .payloadNotAnObject), ("5[\"a\"]", .noAttachmentCount),
      ("51[\"a\"]", .noAttachmentCount), ("51-[\"a\"]", .missingPlaceholder),
      ("51-[\"a\",{\"_placeholder\":true,\"num\":1}]", .badPlaceholder),
      ("51-[\"a\",{\"_placeholder\":true,\"num\":-1}]", .badPlaceholder),
      ("51-[\"a\",{\"_placeholder\":true}]", .badPlaceholder),
      ("51-[\"a\",\"{\\\"_placeholder\\\":true,\\\"num\\\":0}\"]", .missingPlaceholder),
      ("599999-[\"a\"]", .missingPlaceholder), ("61-[{\"_placeholder\":true,\"num\":0}]", .noAckID),
      ("2/chat", .noPayload), ("2/chat,", .noPayload),
    ] as [(String, SocketIODefect)])
  func refusals(_ text: String, _ defect: SocketIODefect) {
    var decoder = SocketIODecoder()
    #expect(throws: defect) { try decoder.take(text: Array(text.utf8)) }
    // The inspector names the same rule.
    guard !text.isEmpty else { return }
    var conversation = EngineIOConversation()
    conversation.server("4" + text)
    let names = conversation.findings.filter { $0.hasPrefix("sio.") }
    switch defect {
    case .invalidJSON: #expect(names.contains("sio.json.malformed"))
    case .reservedEvent: #expect(names.contains("sio.event.reserved"))
    default:
      #expect(conversation.remarks.contains("Malformed packet: \(defect.words)"))
    }
  }

  @Test func attachmentsOutOfPlace() throws {
    var decoder = SocketIODecoder(mostAttachments: 2)
    #expect(throws: SocketIODefect.unexpectedAttachment) { try decoder.take(binary: [1]) }
    let text = Array("51-[\"a\",{\"_placeholder\":true,\"num\":0}]".utf8)
    #expect(try decoder.take(text: text) == nil)
    #expect(throws: SocketIODefect.unexpectedAttachment) {
      try decoder.take(text: Array("2[\"b\"]".utf8))
    }
    #expect(try decoder.take(text: Array("2[\"b\"]".utf8)) == .event("b"))
    let many = SocketIOPacket.event("c", [.binary([1]), .binary([2]), .binary([3])]).encoded.text
    #expect(throws: SocketIODefect.tooManyAttachments) { try decoder.take(text: many) }
  }

  @Test(
    arguments: [
      ("", .empty), ("x", .unknownType(0x78)), ("7", .unknownType(0x37)), ("b===", .badBase64),
      ("bA", .badBase64), ("bAA*A", .badBase64), ("bAAAA=", .badBase64),
    ] as [(String, EngineIOError)])
  func engineIORefusals(_ text: String, _ error: EngineIOError) {
    #expect(throws: error) { try EngineIOPacket(text: Array(text.utf8)) }
  }

  @Test func oldBodies() throws {
    // Lengths count UTF-16 code units: the wave is two.
    #expect(
      try EngineIOPayload.decode(Array("4:4ä👋2:40".utf8), version: 3)
        == [.init(.message, "ä👋".utf8), .init(.message, "0".utf8)])
    for body in ["3:4ä👋", "5:4", "x:4", ":4", "4", "99999999999999999999:4"] {
      #expect(throws: EngineIOError.badLength) {
        try EngineIOPayload.decode(Array(body.utf8), version: 3)
      }
    }
    let octets: [UInt8] = [0, 3, 0xff] + Array("40a".utf8) + [1, 1, 0, 0xff, 4] + Array(0..<9)
    #expect(
      try EngineIOPayload.decode(octets, version: 3)
        == [.init(.message, "0a".utf8), .init(binary: Array(0..<9))])
    #expect(throws: EngineIOError.badLength) {
      try EngineIOPayload.decode([1, 9, 0xff, 4], version: 3)
    }
    #expect(throws: EngineIOError.empty) { try EngineIOPayload.decode(Array("4a\u{1e}".utf8)) }
  }

  @Test func handshake() throws {
    let packet = EngineIOPacket.open(sid: "a\"b", upgrades: ["websocket"])
    var conversation = EngineIOConversation()
    conversation.take(1, .server, packet.message())
    #expect(conversation.values("eio.sid") == ["a\"b"])
    #expect(conversation.values("eio.upgrades") == ["websocket"])
    #expect(conversation.values("eio.ping_interval") == ["25000"])
    #expect(conversation.values("eio.ping_timeout") == ["20000"])
    #expect(conversation.values("eio.max_payload") == ["1000000"])
    #expect(conversation.findings == [])
  }
}

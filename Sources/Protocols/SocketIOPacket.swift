import PacketCore

/// One Socket.IO packet, as an endpoint sends and receives it. Plays both roles, does no I/O.
public struct SocketIOPacket: Equatable, Sendable {
  /// EVENT and ACK stand for their binary forms too: which it is follows from the data.
  public var type: SocketIO.PacketType
  public var namespace: String
  /// The acknowledgment id.
  public var id: UInt64?
  /// Octets in it are sent as attachments.
  public var data: JSONValue?

  public init(
    _ type: SocketIO.PacketType, namespace: String = "/", id: UInt64? = nil,
    data: JSONValue? = nil
  ) {
    self.type = type
    self.namespace = namespace
    self.id = id
    self.data = data
  }

  /// An event.
  public static func event(
    _ name: String, _ arguments: [JSONValue] = [], namespace: String = "/", id: UInt64? = nil
  ) -> SocketIOPacket {
    SocketIOPacket(
      .event, namespace: namespace, id: id, data: .array([.string(name)] + arguments))
  }

  /// The answer to an event.
  public static func ack(
    _ id: UInt64, _ arguments: [JSONValue] = [], namespace: String = "/"
  ) -> SocketIOPacket {
    SocketIOPacket(.ack, namespace: namespace, id: id, data: .array(arguments))
  }

  /// The refusal of a connection.
  public static func connectError(_ message: String, namespace: String = "/") -> SocketIOPacket {
    SocketIOPacket(.connectError, namespace: namespace, data: ["message": .string(message)])
  }

  /// The text of the packet and its attachments: the data of one Engine.IO message in text, and of
  /// binary ones that follow it.
  public var encoded: (text: [UInt8], attachments: [[UInt8]]) {
    var attachments: [[UInt8]] = []
    var writer = JSONWriter()
    if let data { writer.write(data, attachments: &attachments) }
    var kind = type
    if !attachments.isEmpty {
      if type == .event { kind = .binaryEvent }
      if type == .ack { kind = .binaryAck }
    }
    let header = SocketIO(
      kind, namespace: namespace, ack: id,
      attachments: kind.isBinary ? UInt32(truncatingIfNeeded: attachments.count) : nil)
    var octets = ByteWriter()
    header.write(to: &octets)
    octets.write(writer.bytes)
    return (octets.bytes, attachments)
  }
}

/// Puts Socket.IO packets together from Engine.IO messages of one direction, and refuses what is
/// against the rules: those that the inspector's findings name.
public struct SocketIODecoder: Sendable {
  /// Attachments of one packet at most.
  public let mostAttachments: Int
  private var waiting: (packet: SocketIOPacket, wanted: Int)?
  private var attachments: [[UInt8]] = []

  /// - Parameter mostAttachments: Attachments of one packet at most.
  public init(mostAttachments: Int = 1024) { self.mostAttachments = mostAttachments }

  /// Attachments are still to come.
  public var isWaiting: Bool { waiting != nil }

  /// Takes the data of a text message.
  ///
  /// - Returns: The packet; nil when attachments follow.
  /// - Throws: `SocketIODefect`, the rule that it breaks.
  public mutating func take(text: [UInt8]) throws(SocketIODefect) -> SocketIOPacket? {
    guard waiting == nil else {
      waiting = nil
      throw .unexpectedAttachment
    }
    let (header, content, payload) = try Self.read(text)
    if content.defect != .none { throw content.defect }
    guard let type = header.type else { throw .unknownType }
    var data: JSONValue?
    if !payload.isEmpty {
      do {
        data = try JSONValue(Array(text[payload]))
      } catch {
        throw .invalidJSON
      }
    }
    let name = header.namespace.isEmpty ? "/" : String(decoding: header.namespace, as: UTF8.self)
    var packet = SocketIOPacket(
      type == .binaryEvent ? .event : type == .binaryAck ? .ack : type, namespace: name,
      id: header.ackDigits > 0 ? header.ack : nil, data: data)
    guard type.isBinary else { return packet }
    guard header.attachments <= UInt32(mostAttachments) else { throw .tooManyAttachments }
    attachments = []
    guard header.attachments > 0 else {
      packet.data = data.map { Self.reconstruct($0, []) }
      return packet
    }
    waiting = (packet, Int(header.attachments))
    return nil
  }

  /// Reads an event without attachments, its JSON validated and left as text.
  ///
  /// - Returns: A packet whose data is the event's name alone, and the JSON array; nil for anything else
  ///   and for what is wrong, which `take` says.
  public static func event(_ text: [UInt8]) -> (packet: SocketIOPacket, payload: [UInt8])? {
    guard text.first == 0x32, let (header, content, range) = try? read(text),
      content.defect == .none, !content.event.range.isEmpty || content.event.isPresent,
      text[content.event.range.lowerBound - 1] == 0x22
    else { return nil }
    let namespace =
      header.namespace.isEmpty ? "/" : String(decoding: header.namespace, as: UTF8.self)
    let name = JSONText.decode(text.span.bytes, content.event.range)
    return (
      SocketIOPacket(
        .event, namespace: namespace, id: header.ackDigits > 0 ? header.ack : nil,
        data: .string(name)), Array(text[range])
    )
  }

  private static func read(
    _ text: [UInt8]
  ) throws(SocketIODefect) -> (SocketIO, SocketIOContent, Range<Int>) {
    let bytes = text.span.bytes
    var reader = ByteReader(bytes)
    guard let header = try? SocketIO(reading: &reader) else { throw .unknownType }
    let payload = reader.offset..<text.count
    return (header, SocketIOContent(header, bytes, payload), payload)
  }

  /// Takes the data of a binary message.
  ///
  /// - Returns: The packet, when this was its last attachment.
  /// - Throws: `SocketIODefect.unexpectedAttachment` when no packet waits for it.
  public mutating func take(binary octets: [UInt8]) throws(SocketIODefect) -> SocketIOPacket? {
    guard let (header, wanted) = waiting else { throw .unexpectedAttachment }
    var packet = header
    attachments.append(octets)
    guard attachments.count == wanted else { return nil }
    packet.data = packet.data.map { Self.reconstruct($0, attachments) }
    waiting = nil
    attachments = []
    return packet
  }

  /// The value with octets in the places of their placeholders.
  private static func reconstruct(_ value: JSONValue, _ attachments: [[UInt8]]) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map { reconstruct($0, attachments) })
    case .object(let members):
      if value["_placeholder"] == .bool(true), case .number(let text)? = value["num"],
        let number = Int(text), attachments.indices.contains(number)
      {
        return .binary(attachments[number])
      }
      return .object(members.map { .init($0.name, reconstruct($0.value, attachments)) })
    default: return value
    }
  }
}

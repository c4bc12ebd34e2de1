import Cryptography
import PacketCore

/// What an endpoint refuses an Engine.IO packet or payload for.
public enum EngineIOError: Error, Equatable, Sendable {
  /// A text message without octets.
  case empty
  /// The first octet is no packet type.
  case unknownType(UInt8)
  /// Base64 that is none.
  case badBase64
  /// A length of a revision 3 payload that is none, or more than there is.
  case badLength
}

/// One Engine.IO packet, as an endpoint sends and receives it. Plays both roles, does no I/O.
public struct EngineIOPacket: Equatable, Sendable {
  public var type: EngineIO.PacketType
  public var data: [UInt8]
  /// The data are octets and not text; only messages have such.
  public var isBinary: Bool

  /// A packet with text.
  public init(_ type: EngineIO.PacketType, _ text: some Sequence<UInt8> = []) {
    self.type = type
    data = Array(text)
    isBinary = false
  }

  /// A message with octets.
  public init(binary octets: [UInt8]) {
    type = .message
    data = octets
    isBinary = true
  }

  /// The handshake that a server opens a session with.
  ///
  /// - Parameters:
  ///   - pingInterval: Milliseconds.
  ///   - pingTimeout: Milliseconds.
  ///   - maxPayload: Octets of a polling body at most; nil in revision 3.
  public static func open(
    sid: String, upgrades: [String] = [], pingInterval: Int = 25000, pingTimeout: Int = 20000,
    maxPayload: Int? = 1_000_000
  ) -> EngineIOPacket {
    var members: [JSONValue.Member] = [
      .init("sid", .string(sid)), .init("upgrades", .array(upgrades.map { .string($0) })),
      .init("pingInterval", .number(String(pingInterval))),
      .init("pingTimeout", .number(String(pingTimeout))),
    ]
    if let maxPayload { members.append(.init("maxPayload", .number(String(maxPayload)))) }
    var writer = JSONWriter()
    var none: [[UInt8]] = []
    writer.write(.object(members), attachments: &none)
    return EngineIOPacket(.open, writer.bytes)
  }

  /// The data of the WebSocket message that carries it: a binary message where `isBinary`, otherwise
  /// text.
  public func message(version: Int = 4) -> [UInt8] {
    if isBinary { return version == 3 ? [type.rawValue] + data : data }
    return [0x30 + type.rawValue] + data
  }

  /// Reads the data of a WebSocket message.
  ///
  /// - Throws: `EngineIOError` when it is none of the packets that the specification names.
  public init(message octets: [UInt8], isBinary: Bool, version: Int = 4) throws(EngineIOError) {
    guard isBinary else {
      try self.init(text: octets, version: version)
      return
    }
    guard version == 3 else {
      self.init(binary: octets)
      return
    }
    guard let first = octets.first else { throw .empty }
    guard let type = EngineIO.PacketType(rawValue: first) else { throw .unknownType(first) }
    self.init(type, octets.dropFirst())
    self.isBinary = true
  }

  /// The text of one packet, base64 for octets.
  public func text(version: Int = 4) -> [UInt8] {
    guard isBinary else { return message(version: version) }
    var text: [UInt8] = [EngineIO.binary]
    if version == 3 { text.append(0x30 + type.rawValue) }
    text += Base64.encode(Array(data))
    return text
  }

  /// Reads the text of one packet.
  public init(text octets: [UInt8], version: Int = 4) throws(EngineIOError) {
    guard let first = octets.first else { throw .empty }
    guard first == EngineIO.binary else {
      guard let type = EngineIO.PacketType(rawValue: first &- 0x30) else {
        throw .unknownType(first)
      }
      self.init(type, octets.dropFirst())
      return
    }
    var text = octets.dropFirst()
    var type = EngineIO.PacketType.message
    if version == 3 {
      guard let digit = text.popFirst() else { throw .empty }
      guard let named = EngineIO.PacketType(rawValue: digit &- 0x30) else {
        throw .unknownType(digit)
      }
      type = named
    }
    let digits = Array(text)
    guard let decoded = try? Base64.decode(digits, padding: .optional) else { throw .badBase64 }
    self.init(binary: decoded.octets)
    self.type = type
  }
}

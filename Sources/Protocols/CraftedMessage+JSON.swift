import PacketCore

extension CraftedMessage {
  /// Why a plaintext is no message of the exchange.
  public enum Fault: Error, Equatable, Sendable {
    /// Not one JSON object; what is wrong stands at the octet.
    case json(at: Int)
    /// A version that is not known.
    case version
    /// A member is missing, or has a value that it may not have.
    case member(StaticString)

    /// A sentence without a full stop.
    public var text: String {
      switch self {
      case .json(let offset): "the plaintext is no JSON object (octet \(offset))"
      case .version: "the plaintext has no version that is known"
      case .member(let name): "the plaintext's \"\(name)\" is missing or wrong"
      }
    }

    public static func == (left: Fault, right: Fault) -> Bool { left.text == right.text }
  }

  /// Reads a token's plaintext.
  public init(_ plain: [UInt8]) throws(Fault) {
    let bytes = plain.span.bytes
    let members = try CraftedMembers(bytes)
    guard members[.v].number(bytes) == UInt64(Self.version) else { throw .version }
    guard let kind = Kind.allCases.first(where: { members[.kind].isString(bytes, $0.word) }) else {
      throw .member("kind")
    }
    self.kind = kind
    guard let id = members[.id].id(bytes) else { throw .member("id") }
    self.id = id
    guard let sender = members[.sender].string(bytes) else { throw .member("sender") }
    self.sender = sender
    room = members[.room].string(bytes)
    guard room != nil || members[.room].isEmpty || members[.room].isLiteral(bytes, "null") else {
      throw .member("room")
    }
    guard let text = members[.text].string(bytes) else { throw .member("text") }
    self.text = text
    guard let parts = members[.parts].number(bytes), parts <= Self.mostParts else {
      throw .member("parts")
    }
    guard let part = members[.part].number(bytes), part <= Self.mostParts,
      kind != .message || part >= 1 && part <= parts
    else { throw .member("part") }
    self.part = Int(part)
    self.parts = Int(parts)
    guard let initial = members[.isn].number(bytes).flatMap({ UInt32(exactly: $0) }) else {
      throw .member("isn")
    }
    initialSequence = initial
    guard let sequence = members[.seq].number(bytes).flatMap({ UInt32(exactly: $0) }) else {
      throw .member("seq")
    }
    self.sequence = sequence
    wantsOrder = members[.ordered].isLiteral(bytes, "true")
    guard let code = members[.reason].string(bytes) else {
      reason = nil
      return
    }
    guard let known = CraftedReason.Code(word: code) else { throw .member("reason") }
    reason = CraftedReason(
      known, found: members[.found].string(bytes) ?? "",
      expected: members[.expected].string(bytes) ?? "")
  }

  /// The plaintext: JSON on one line, the members in the order in which they are read best.
  public var json: [UInt8] {
    var writer = JSONWriter()
    writer.write("{\"v\":")
    writer.write(Self.version)
    writer.write(",\"kind\":\"")
    writer.write(kind.word)
    writer.write("\",\"id\":\"")
    writer.write(raw: id.text.utf8)
    writer.write("\",\"sender\":")
    writer.write(string: sender)
    if let room {
      writer.write(",\"room\":")
      writer.write(string: room)
    }
    writer.write(",\"text\":")
    writer.write(string: text)
    writer.write(",\"part\":")
    writer.write(part)
    writer.write(",\"parts\":")
    writer.write(parts)
    writer.write(",\"isn\":")
    writer.write(initialSequence)
    writer.write(",\"seq\":")
    writer.write(sequence)
    if wantsOrder { writer.write(",\"ordered\":true") }
    if let reason {
      writer.write(",\"reason\":\"")
      writer.write(reason.code.word)
      writer.write("\"")
      if !reason.found.isEmpty || !reason.expected.isEmpty {
        writer.write(",\"found\":")
        writer.write(string: reason.found)
        writer.write(",\"expected\":")
        writer.write(string: reason.expected)
      }
    }
    writer.write("}")
    return writer.bytes
  }
}

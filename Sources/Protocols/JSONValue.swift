import PacketCore

/// A JSON value, and the octets that Socket.IO sends as attachments beside the text.
public indirect enum JSONValue: Sendable, Equatable {
  /// A member of an object; names may repeat, and keep their order.
  public struct Member: Sendable, Equatable {
    public var name: String
    public var value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  case null
  case bool(Bool)
  /// The number as it is written, so that none loses digits.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])
  /// Octets that JSON has no form for.
  case binary([UInt8])

  /// A text that is no JSON value.
  public struct Failure: Error, Equatable, Sendable {
    public var fault: JSONFault
    /// Octets before what is wrong.
    public var offset: Int
  }

  /// Reads a text.
  ///
  /// - Throws: `Failure` when it is not one valid JSON value and nothing else.
  public init(_ text: [UInt8]) throws(Failure) {
    var scanner = JSONScanner(0..<text.count)
    // Validates everything, depth included, before anything is built.
    guard scanner.skipValue(text.span.bytes), scanner.isAtEnd(text.span.bytes) else {
      throw Failure(fault: scanner.fault, offset: scanner.position)
    }
    scanner = JSONScanner(0..<text.count)
    self = Self.read(text.span.bytes, &scanner)
  }

  /// Reads one value of a text that is valid; no deeper than `JSONScanner.depthLimit` therefore.
  private static func read(_ bytes: RawSpan, _ scanner: inout JSONScanner) -> JSONValue {
    scanner.skipSpace(bytes)
    let start = scanner.position
    var isFirst = true
    switch scanner.peek(bytes) {
    case 0x7b:
      _ = scanner.enterObject(bytes)
      var members: [Member] = []
      while let name = scanner.nextMember(bytes, &isFirst) {
        members.append(Member(JSONText.decode(bytes, name), read(bytes, &scanner)))
      }
      return .object(members)
    case 0x5b:
      _ = scanner.enterArray(bytes)
      var elements: [JSONValue] = []
      while scanner.nextElement(bytes, &isFirst) { elements.append(read(bytes, &scanner)) }
      return .array(elements)
    case 0x22: return scanner.string(bytes).map { .string(JSONText.decode(bytes, $0)) } ?? .null
    case 0x74:
      _ = scanner.skipValue(bytes)
      return .bool(true)
    case 0x66:
      _ = scanner.skipValue(bytes)
      return .bool(false)
    case 0x6e:
      _ = scanner.skipValue(bytes)
      return .null
    default:
      _ = scanner.skipValue(bytes)
      return .number(
        String(decoding: [UInt8](bytes.extracting(start..<scanner.position)), as: UTF8.self))
    }
  }

  /// The value of the first member of this name; nil where there is none, or this is no object.
  public subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// Whether octets stand anywhere in it.
  public var holdsBinary: Bool {
    switch self {
    case .binary: true
    case .array(let elements): elements.contains { $0.holdsBinary }
    case .object(let members): members.contains { $0.value.holdsBinary }
    default: false
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral text: String) { self = .string(text) }
  public init(integerLiteral number: Int) { self = .number(String(number)) }
  public init(booleanLiteral flag: Bool) { self = .bool(flag) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { Member($0.0, $0.1) })
  }
}

extension JSONWriter {
  /// A value as JSON text.
  ///
  /// - Parameter attachments: Receives octets, for which placeholders are written:
  ///   `{"_placeholder":true,"num":0}`.
  public mutating func write(_ value: JSONValue, attachments: inout [[UInt8]]) {
    switch value {
    case .null: write("null")
    case .bool(let flag): write(flag ? "true" : "false")
    case .number(let text): write(raw: text.utf8)
    case .string(let text): write(string: text)
    case .array(let elements):
      write("[")
      for (position, element) in elements.enumerated() {
        if position > 0 { write(",") }
        write(element, attachments: &attachments)
      }
      write("]")
    case .object(let members):
      write("{")
      for (position, member) in members.enumerated() {
        if position > 0 { write(",") }
        write(string: member.name)
        write(":")
        write(member.value, attachments: &attachments)
      }
      write("}")
    case .binary(let octets):
      write("{\"_placeholder\":true,\"num\":")
      write(attachments.count)
      write("}")
      attachments.append(octets)
    }
  }
}

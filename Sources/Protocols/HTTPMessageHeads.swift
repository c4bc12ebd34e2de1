import PacketCore

/// A request's head to be written: crafted conversations are made of these. RFC 9112 section 3.
public struct HTTPRequestHead: Sendable, Equatable {
  public var method: String
  /// The target as it stands in the request line.
  public var target: String
  public var version: String
  /// Name and value of each header field, in their order; written exactly as they are.
  public var fields: [(name: String, value: String)]

  public init(
    _ method: String = "GET", _ target: String = "/", version: String = "HTTP/1.1",
    fields: [(name: String, value: String)] = []
  ) {
    self.method = method
    self.target = target
    self.version = version
    self.fields = fields
  }

  /// Writes the head, the empty line included; what it says is not checked.
  public func write(to writer: inout ByteWriter) {
    writer.write("\(method) \(target) \(version)\r\n".utf8)
    HTTPFieldLines.write(fields, to: &writer)
  }

  public static func == (left: HTTPRequestHead, right: HTTPRequestHead) -> Bool {
    left.method == right.method && left.target == right.target && left.version == right.version
      && HTTPFieldLines.areEqual(left.fields, right.fields)
  }
}

/// A response's head to be written. RFC 9112 section 4.
public struct HTTPResponseHead: Sendable, Equatable {
  /// The status code, three digits.
  public var code: Int
  /// The words behind it.
  public var phrase: String
  public var version: String
  /// Name and value of each header field, in their order; written exactly as they are.
  public var fields: [(name: String, value: String)]

  /// - Parameter phrase: IANA's words for the code where nil.
  public init(
    _ code: Int, _ phrase: String? = nil, version: String = "HTTP/1.1",
    fields: [(name: String, value: String)] = []
  ) {
    self.code = code
    self.phrase = phrase ?? HTTPStatus.words[code]?.description ?? ""
    self.version = version
    self.fields = fields
  }

  /// The answer that accepts a WebSocket: RFC 6455 section 4.2.2.
  ///
  /// - Parameters:
  ///   - key: The request's Sec-WebSocket-Key.
  ///   - fields: Further fields, such as the subprotocol.
  /// - Returns: Nil when the machine's OpenSSL refuses SHA-1.
  public static func accepting(
    webSocketKey key: String, fields: [(name: String, value: String)] = []
  ) -> HTTPResponseHead? {
    guard let accept = HTTPUpgrade.accept(for: Array(key.utf8)) else { return nil }
    let own: [(name: String, value: String)] = [
      ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept),
    ]
    return HTTPResponseHead(101, fields: own + fields)
  }

  /// Writes the head, the empty line included; what it says is not checked.
  public func write(to writer: inout ByteWriter) {
    writer.write("\(version) \(code) \(phrase)\r\n".utf8)
    HTTPFieldLines.write(fields, to: &writer)
  }

  public static func == (left: HTTPResponseHead, right: HTTPResponseHead) -> Bool {
    left.code == right.code && left.phrase == right.phrase && left.version == right.version
      && HTTPFieldLines.areEqual(left.fields, right.fields)
  }
}

private enum HTTPFieldLines {
  static func write(_ fields: [(name: String, value: String)], to writer: inout ByteWriter) {
    for field in fields { writer.write("\(field.name): \(field.value)\r\n".utf8) }
    writer.write("\r\n".utf8)
  }

  static func areEqual(
    _ left: [(name: String, value: String)], _ right: [(name: String, value: String)]
  ) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0 == $1 }
  }
}

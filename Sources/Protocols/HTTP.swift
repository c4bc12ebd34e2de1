import PacketCore

/// The head of one HTTP/1.1 request or response: start line and header fields. RFC 9110, RFC 9112.
///
/// ```
/// start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
/// ```
public struct HTTP: Layer {
  /// The head as it stands on the wire, the empty line included.
  public let octets: [UInt8]
  let head: HTTPHead

  /// What the conversation says about the message.
  public struct Note: BitwiseCopyable, Sendable {
    /// Frame that completed the request that this response answers; 0 where none was seen.
    public var requestFrame: UInt64 = 0
    /// Frame that completed the request before it: before this one, or before the one that is answered.
    var previousRequest: UInt64 = 0
    /// Frame that completed the response before this one; 0 for none, and in a request.
    var previousResponse: UInt64 = 0
    /// Nanoseconds since that of the request.
    public var responseTime: Int64 = 0
    /// The how manieth request or response of its connection this is, from 1.
    public var number: UInt32 = 0
    /// The body with all codings undone.
    var bodyBuffer: UInt16 = 0
    var bodyStart: UInt32 = 0
    var bodyCount: UInt32 = 0
    /// The address that was asked for, in a buffer of its own; 0 where it is not known.
    var addressBuffer: UInt16 = 0
    var addressCount: UInt32 = 0
    var traits: UInt8 = 0
    /// The 20 octets that Sec-WebSocket-Accept ought to be the Base64 of.
    var accept: (UInt64, UInt64, UInt32) = (0, 0, 0)

    static let isPolling: UInt8 = 1
    static let hasBody: UInt8 = 2
    static let hasAccept: UInt8 = 4
    static let isRefused: UInt8 = 8
    static let isChunked: UInt8 = 16
    static let isUpgrade: UInt8 = 32
    /// A coding was not undone: what the body is cannot be seen.
    static let isOpaque: UInt8 = 64
    /// Brotli alone, which tshark undoes.
    static let isBrotli: UInt8 = 128

    func has(_ trait: UInt8) -> Bool { traits & trait != 0 }
  }

  public static let carriedBy: [PayloadType] = []

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let length = HTTP.headLength(reader.rest())
    octets = try reader.array(length)
    head = octets.withUnsafeBytes { HTTPHead($0) }
  }

  /// Octets of the head that stands at the start of `rest`: all of them where it has no end.
  private static func headLength(_ rest: RawSpan) -> Int {
    rest.withUnsafeBytes { octets in
      let first = HTTPHead.leadingLines(octets)
      guard HTTPHead.beginning(of: UnsafeRawBufferPointer(rebasing: octets[first...])) == .yes
      else { return octets.count }
      var scanned = 0
      return HTTPHead.end(of: octets, scanned: &scanned) ?? octets.count
    }
  }

  public func write(to writer: inout ByteWriter) { writer.write(octets) }

  public static func == (left: HTTP, right: HTTP) -> Bool { left.octets == right.octets }

  public var isRequest: Bool { head.kind == .request }
  public var isResponse: Bool { head.kind == .response }
  /// The request's method; empty in a response.
  public var method: String { isRequest ? text(head.start..<head.methodEnd) : "" }
  /// The request's target as it stands in the request line; empty in a response.
  public var target: String { isRequest ? text(head.uri) : "" }
  /// The status code; 0 in a request.
  public var code: Int { head.code }
  /// The words behind the status code.
  public var phrase: String { isResponse ? text(head.phrase) : "" }

  /// The value of a header field, several of one name joined by ", " (RFC 9110 section 5.3).
  ///
  /// - Parameter name: In any case.
  public func value(of name: String) -> String? {
    let wanted = name.lowercased()
    var found: String?
    eachField { field, octets in
      guard HTTPText.string(octets, field.name).lowercased() == wanted else { return }
      let value = HTTPText.string(octets, field.value)
      found = found.map { $0 + ", " + value } ?? value
    }
    return found
  }

  func text(_ range: Range<Int>) -> String { String(decoding: octets[range], as: UTF8.self) }

  /// Calls back with each line of the head behind the first.
  func eachField(_ body: (HTTPHead.FieldLine, UnsafeRawBufferPointer) -> Void) {
    guard head.kind != .other else { return }
    octets.withUnsafeBytes { octets in
      var at = head.lineEnd
      while at < octets.count, octets[at] != 10 { at += 1 }
      HTTPHead.eachField(octets, from: min(at + 1, octets.count)) { body($0, octets) }
    }
  }
}

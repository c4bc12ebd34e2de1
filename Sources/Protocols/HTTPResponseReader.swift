/// A response as a client takes it: the head and the whole body.
public struct HTTPReceivedResponse: Sendable, Equatable {
  public var head: HTTPResponseHead
  public var body: [UInt8]

  /// The value of the first field of this name, in any case; nil for none.
  public func value(of name: String) -> String? {
    let wanted = name.lowercased()
    return head.fields.first { $0.name.lowercased() == wanted }?.value
  }

  /// Whether a field that is a list holds this word, in any case. RFC 9110 section 5.6.1.
  public func list(_ name: String, holds word: String) -> Bool {
    let (wanted, word) = (name.lowercased(), word.lowercased())
    return head.fields.contains { field in
      field.name.lowercased() == wanted
        && field.value.split(separator: ",").contains {
          $0.trimmingSpaces.lowercased() == word
        }
    }
  }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var rest = self
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return rest
  }
}

/// Why an answer is not taken.
public enum HTTPResponseFault: Error, Equatable, Sendable {
  /// It does not begin like HTTP/1.
  case notHTTP
  /// The head contradicts itself, or breaks a rule that its length or its meaning hang on.
  case badHead
  case headTooLong, bodyTooLong
  case badChunk
  /// The connection ended before the response did.
  case cut
}

/// Reads the one response to a request, as a client does: strictly, and no more than the limits.
/// No I/O. RFC 9112.
public struct HTTPResponseReader {
  private let headOctets: Int
  private let bodyOctets: Int
  private var octets: [UInt8] = []
  private var scanned = 0
  private var response: HTTPReceivedResponse?
  private var framing = Framing.none
  private var isDone = false

  private enum Framing {
    case none, untilClose
    case counted(Int)
    case chunked(HTTPChunks)
  }

  /// - Parameters:
  ///   - headOctets: Octets of the head at most.
  ///   - bodyOctets: Octets of the body at most.
  public init(headOctets: Int = 64 << 10, bodyOctets: Int) {
    self.headOctets = headOctets
    self.bodyOctets = bodyOctets
  }

  /// What came behind the response: after 101, the first octets of the new protocol.
  public var rest: [UInt8] { isDone ? octets : [] }

  /// Octets as they come from the connection, cut anywhere.
  ///
  /// - Returns: The response, once, when it is whole; a 101 with its head.
  public mutating func take(
    _ more: [UInt8]
  ) throws(HTTPResponseFault) -> HTTPReceivedResponse? {
    octets += more
    guard !isDone else { return nil }
    while response == nil {
      guard let head = try takeHead() else { return nil }
      // RFC 9110 section 15.2: "A client MUST be able to parse one or more 1xx responses received
      // prior to a final response"; 101 is the last of its protocol.
      if head.code / 100 != 1 || head.code == 101 {
        response = HTTPReceivedResponse(head: head, body: [])
      }
    }
    return try takeBody()
  }

  /// The connection ended: the end of a body that has no length.
  public mutating func end() throws(HTTPResponseFault) -> HTTPReceivedResponse? {
    guard !isDone else { return nil }
    guard let response, case .untilClose = framing else { throw .cut }
    isDone = true
    return response
  }

  private mutating func takeHead() throws(HTTPResponseFault) -> HTTPResponseHead? {
    var scanned = self.scanned
    let (beginning, end) = octets.withUnsafeBytes { bytes in
      let start = HTTPHead.leadingLines(bytes)
      return (
        HTTPHead.beginning(of: UnsafeRawBufferPointer(rebasing: bytes[start...])),
        HTTPHead.end(of: bytes, scanned: &scanned)
      )
    }
    self.scanned = scanned
    guard beginning != .no else { throw .notHTTP }
    guard (end ?? octets.count) <= headOctets else { throw .headTooLong }
    guard let end else { return nil }
    let (head, written) = octets.withUnsafeBytes { bytes in
      let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<end])
      let head = HTTPHead(bytes)
      return (head, Self.head(bytes, head))
    }
    octets.removeFirst(end)
    self.scanned = 0
    guard head.kind == .response else { throw .notHTTP }
    // What leaves two readings of where the response ends, or is no response line, is refused.
    guard head.faults.isDisjoint(with: Self.refused) else { throw .badHead }
    frame(head)
    if case .counted(let count) = framing, count > bodyOctets { throw .bodyTooLong }
    return written
  }

  private static let refused: HTTPFaults = [
    .version, .badLength, .lengthConflict, .codingAndLength, .codingInOldVersion, .chunkedNotLast,
    .unknownCoding, .spaceBeforeColon, .fieldName, .fieldValue, .noColon, .folded,
  ]

  /// RFC 9112 section 6.3: what ends the body.
  private mutating func frame(_ head: HTTPHead) {
    if head.code / 100 == 1 || head.code == 204 || head.code == 304 {
      framing = .none
    } else if head.transferCodings.endsChunked {
      framing = .chunked(HTTPChunks())
    } else if head.contentLength >= 0 {
      framing = .counted(head.contentLength)
    } else {
      framing = .untilClose
    }
  }

  private static func head(_ bytes: UnsafeRawBufferPointer, _ head: HTTPHead) -> HTTPResponseHead {
    var fields: [(name: String, value: String)] = []
    var line = head.lineEnd
    while line < bytes.count, bytes[line] != 10 { line += 1 }
    HTTPHead.eachField(bytes, from: min(line + 1, bytes.count)) { field in
      fields.append(
        (HTTPText.string(bytes, field.name), HTTPText.string(bytes, field.value)))
    }
    return HTTPResponseHead(
      head.code, HTTPText.string(bytes, head.phrase),
      version: HTTPText.string(bytes, head.version), fields: fields)
  }

  private mutating func takeBody() throws(HTTPResponseFault) -> HTTPReceivedResponse? {
    switch framing {
    case .none: isDone = true
    case .counted(let count):
      guard octets.count >= count else { return nil }
      response?.body = Array(octets[..<count])
      octets.removeFirst(count)
      isDone = true
    case .untilClose:
      guard (response?.body.count ?? 0) + octets.count <= bodyOctets else { throw .bodyTooLong }
      response?.body += octets
      octets = []
      return nil
    case .chunked(var chunks):
      var data: [UInt8] = []
      let used = octets.withUnsafeBytes { bytes in
        chunks.take(bytes, 0..<bytes.count) { data += bytes[$0] }
      }
      octets.removeFirst(used)
      framing = .chunked(chunks)
      guard !chunks.isBroken else { throw .badChunk }
      guard chunks.total <= bodyOctets else { throw .bodyTooLong }
      response?.body += data
      isDone = chunks.isDone
    }
    return isDone ? response : nil
  }
}

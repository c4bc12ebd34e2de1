import Cryptography
import PacketCore

extension HTTP {
  /// One field that a head may have: its declaration and its level.
  private enum Line: Int, CaseIterable {
    case request, response, chat
    case method, uri, path, query, parameter, requestVersion
    case responseVersion, code, codeWords, phrase
    case requestLine, responseLine, unknown, contentLength, cookiePair

    var info: FieldInfo {
      switch self {
      case .request: FieldInfo("http.request", "Request", .boolean, isHidden: true)
      case .response: FieldInfo("http.response", "Response", .boolean, isHidden: true)
      case .chat: FieldInfo("http.chat", "Formatted text", .label)
      case .method: FieldInfo("http.request.method", "Request Method", .string)
      case .uri: FieldInfo("http.request.uri", "Request URI", .string)
      case .path: FieldInfo("http.request.uri.path", "Request URI Path", .string)
      case .query: FieldInfo("http.request.uri.query", "Request URI Query", .string)
      case .parameter:
        FieldInfo("http.request.uri.query.parameter", "Request URI Query Parameter", .string)
      case .requestVersion: FieldInfo("http.request.version", "Request Version", .string)
      case .responseVersion: FieldInfo("http.response.version", "Response Version", .string)
      case .code: FieldInfo("http.response.code", "Status Code", .unsigned, bits: 16)
      case .codeWords:
        FieldInfo("http.response.code.desc", "Status Code Description", .string, isGenerated: true)
      case .phrase: FieldInfo("http.response.phrase", "Response Phrase", .string)
      case .requestLine: FieldInfo("http.request.line", "Request line", .string, isHidden: true)
      case .responseLine: FieldInfo("http.response.line", "Response line", .string, isHidden: true)
      case .unknown: FieldInfo("http.header", "Header", .string)
      case .contentLength:
        FieldInfo("http.content_length", "Content length", .unsigned, bits: 64, isGenerated: true)
      case .cookiePair: FieldInfo("http.cookie_pair", "Cookie pair", .string)
      }
    }

    var depth: Int {
      switch self {
      case .request, .response, .chat, .requestLine, .responseLine, .unknown: 0
      case .path, .query: 2
      case .parameter: 3
      case .method, .uri, .requestVersion, .responseVersion, .code, .codeWords, .phrase,
        .contentLength, .cookiePair:
        1
      }
    }
  }

  private static let lines: [(info: FieldInfo, depth: Int)] =
    Line.allCases.map { ($0.info, $0.depth) }
    + HTTPFieldName.allCases.map {
      (FieldInfo($0.filterName, $0.title, .string), 0)
    }

  private typealias Add = (Int, FieldValue, Range<Int>?, String?) -> Void

  private func emit(_ add: Add) {
    guard head.kind != .other else { return }
    octets.withUnsafeBytes { octets in
      func put(_ line: Line, _ place: Range<Int>) {
        add(line.rawValue, .string(HTTPText.string(octets, place)), place, nil)
      }
      let first = head.start..<head.lineEnd
      var end = head.lineEnd
      while end < octets.count, octets[end] != 10 { end += 1 }
      end = min(end + 1, octets.count)
      add(isRequest ? Line.request.rawValue : Line.response.rawValue, .boolean(true), nil, nil)
      add(
        Line.chat.rawValue, .present, first.lowerBound..<end,
        HTTP.visible(octets, first.lowerBound..<end))
      if isRequest {
        put(.method, head.start..<head.methodEnd)
        put(.uri, head.uri)
        emitTarget(octets, put)
        put(.requestVersion, head.version)
      } else {
        put(.responseVersion, head.version)
        if head.code > 0 {
          let place = head.version.upperBound + 1..<head.version.upperBound + 4
          add(Line.code.rawValue, .unsigned(UInt64(head.code)), place, nil)
          if let words = HTTPStatus.words[head.code] {
            add(Line.codeWords.rawValue, .string(words.description), nil, nil)
          }
        }
        put(.phrase, head.phrase)
      }
      eachField { field, octets in
        let line = HTTP.visible(octets, field.line)
        let name = UnsafeRawBufferPointer(
          rebasing: octets[HTTPText.trimmed(octets, field.name)])
        let known = field.name.isEmpty ? nil : HTTPFieldName.find(name)
        if let known {
          let position = Line.allCases.count + Int(known.rawValue)
          add(position, .string(HTTPText.string(octets, field.value)), field.line, line)
          if known == .contentLength, let number = HTTPText.number(octets, field.value) {
            add(Line.contentLength.rawValue, .unsigned(UInt64(number)), nil, nil)
          }
          if known == .cookie { emitCookies(octets, field.value, put) }
        } else {
          var end = field.line.upperBound
          while end > field.line.lowerBound, octets[end - 1] == 10 || octets[end - 1] == 13 {
            end -= 1
          }
          add(
            Line.unknown.rawValue, .string(HTTPText.string(octets, field.line.lowerBound..<end)),
            field.line, line)
        }
        add(
          isRequest ? Line.requestLine.rawValue : Line.responseLine.rawValue,
          .string(HTTPText.string(octets, field.line)), field.line, nil)
      }
    }
  }

  /// The parts of a target that has a query.
  private func emitTarget(_ octets: UnsafeRawBufferPointer, _ put: (Line, Range<Int>) -> Void) {
    guard let question = octets[head.uri].firstIndex(of: 0x3f) else { return }
    put(.path, head.uri.lowerBound..<question)
    put(.query, question + 1..<head.uri.upperBound)
    Self.each(0x26, octets, question + 1..<head.uri.upperBound) { put(.parameter, $0) }
  }

  private func emitCookies(
    _ octets: UnsafeRawBufferPointer, _ value: Range<Int>, _ put: (Line, Range<Int>) -> Void
  ) {
    Self.each(0x3b, octets, value) { put(.cookiePair, HTTPText.trimmed(octets, $0)) }
  }

  private static func each(
    _ separator: UInt8, _ octets: UnsafeRawBufferPointer, _ range: Range<Int>,
    _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    for at in range where octets[at] == separator {
      body(start..<at)
      start = at + 1
    }
    if start < range.upperBound { body(start..<range.upperBound) }
  }

  /// A field that the note decides on.
  private static func noted(
    _ name: String, _ title: String, _ type: FieldType, isHidden: Bool = false,
    _ read: @escaping @Sendable (HTTP, Note, borrowing Dissection) -> FieldValue?
  ) -> Field<HTTP> {
    .derived(name, title, type) { layer, record, dissection in
      guard let note = dissection.note(of: HTTP.self, record) else { return nil }
      return read(layer, note, dissection)
    }
  }

  private static let nothing: [UInt8] = []

  /// Text in one of the dissection's own buffers.
  private static func text(
    _ buffer: UInt16, _ range: Range<Int>, _ dissection: borrowing Dissection
  ) -> String? {
    guard buffer > 0, Int(buffer) <= dissection.bufferCount else { return nil }
    return dissection.withBytes(of: buffer, frame: nothing.span.bytes) { bytes in
      guard range.upperBound <= bytes.byteCount else { return nil }
      return bytes.withUnsafeBytes { HTTPText.string($0, range) }
    }
  }

  private static let fileData = [
    (info: FieldInfo("http.file_data", "File Data", .string), depth: 0)
  ]

  public static let schema = Schema<HTTP>(
    "http", "Hypertext Transfer Protocol", "RFC 9112", column: "HTTP",
    fields: [
      .lines(lines) { layer, _, _, _, add in layer.emit(add) },
      .derived("http.request.full_uri", "Full request URI", .string) { layer, _, _ in
        layer.isRequest ? .string(layer.address) : nil
      },
      noted("http.request_number", "HTTP request", .unsigned) { layer, note, _ in
        layer.isRequest && note.number > 0 ? .unsigned(UInt64(note.number)) : nil
      },
      noted("http.response_number", "HTTP response", .unsigned) { layer, note, _ in
        layer.isResponse && note.number > 0 ? .unsigned(UInt64(note.number)) : nil
      },
      noted("http.time", "Time since request", .duration) { _, note, _ in
        note.requestFrame > 0 ? .duration(note.responseTime) : nil
      },
      noted("http.prev_request_in", "Prev request in frame", .unsigned) { _, note, _ in
        note.previousRequest > 0 ? .unsigned(note.previousRequest) : nil
      },
      noted("http.prev_response_in", "Prev response in frame", .unsigned) { _, note, _ in
        note.previousResponse > 0 ? .unsigned(note.previousResponse) : nil
      },
      // Only of what came before: which frame answers a request is known when it has come, and what was
      // shown of the request live must be what is shown of a file. `http.response_in` and
      // `http.next_request_in` are for two passes, in Wireshark as well.
      noted("http.request_in", "Request in frame", .unsigned) { _, note, _ in
        note.requestFrame > 0 ? .unsigned(note.requestFrame) : nil
      },
      noted("http.response_for.uri", "Request URI", .string) { _, note, dissection in
        text(note.addressBuffer, 0..<Int(note.addressCount), dissection).map { .string($0) }
      },
      noted("http.upgrade.accept.expected", "Sec-WebSocket-Accept that the key asks for", .string) {
        _, note, _ in
        note.has(Note.hasAccept) ? .string(note.expectedAccept) : nil
      },
      noted("http.upgrade.refused_by", "WebSocket refused with", .unsigned) { layer, note, _ in
        note.has(Note.isRefused) ? .unsigned(UInt64(layer.code)) : nil
      },
      chunks,
      .lines(fileData) { _, bytes, record, dissection, add in
        guard let note = dissection.note(of: HTTP.self, record), note.bodyCount > 0 else { return }
        let range = Int(note.bodyStart)..<Int(note.bodyStart) + Int(note.bodyCount)
        let line = "File Data: \(note.bodyCount) bytes"
        if note.bodyBuffer == record.buffer {
          guard range.upperBound <= bytes.byteCount else { return }
          let text = bytes.withUnsafeBytes { HTTPText.string($0, range) }
          let start = Int(record.start)
          add(0, .string(text), range.lowerBound - start..<range.upperBound - start, line)
        } else if let text = text(note.bodyBuffer, range, dissection) {
          add(0, .string(text), nil, line)
        }
      },
    ], findings: faultKinds + [notDecoded, tooManyPackets] + HTTPUpgrade.findings)

  /// The whole address that a request asks for.
  var address: String {
    guard head.uri.first.map({ octets[$0] == 0x2f }) ?? false, !head.host.isEmpty else {
      return text(head.uri)
    }
    return "http://" + text(head.host) + text(head.uri)
  }
}

extension HTTP.Note {
  /// What Sec-WebSocket-Accept ought to be.
  var expectedAccept: String {
    var octets: [UInt8] = []
    withUnsafeBytes(of: accept.0) { octets += $0 }
    withUnsafeBytes(of: accept.1) { octets += $0 }
    withUnsafeBytes(of: accept.2) { octets += $0 }
    return String(decoding: Base64.encode(octets), as: UTF8.self)
  }
}

/// The status codes of IANA's registry.
enum HTTPStatus {
  static let words: ValueNames = [
    100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-authoritative Information",
    204: "No Content", 205: "Reset Content", 206: "Partial Content", 207: "Multi-Status",
    208: "Already Reported", 226: "IM Used", 300: "Multiple Choices", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 305: "Use Proxy",
    307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Time-out",
    409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
    413: "Request Entity Too Large", 414: "Request-URI Too Long", 415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable", 417: "Expectation Failed", 418: "I'm a teapot",
    421: "Misdirected Request", 422: "Unprocessable Entity", 423: "Locked",
    424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required",
    428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Time-out", 505: "HTTP Version not supported",
    506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
    510: "Not Extended", 511: "Network Authentication Required",
  ]
}

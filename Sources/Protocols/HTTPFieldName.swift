/// The header fields that have a name of their own among the display filter's fields.
enum HTTPFieldName: UInt8, CaseIterable {
  case accept, acceptEncoding, acceptLanguage, authorization, cacheControl, connection
  case contentEncoding, contentLength, contentType, cookie, date, host, http2Settings
  case lastModified, location, proxyAuthenticate, proxyAuthorization, referer
  case secWebSocketAccept, secWebSocketExtensions, secWebSocketKey, secWebSocketProtocol
  case secWebSocketVersion, server, setCookie, transferEncoding, upgrade, userAgent
  case wwwAuthenticate, xForwardedFor

  /// The name in the head, lower case.
  var text: StaticString {
    switch self {
    case .accept: "accept"
    case .acceptEncoding: "accept-encoding"
    case .acceptLanguage: "accept-language"
    case .authorization: "authorization"
    case .cacheControl: "cache-control"
    case .connection: "connection"
    case .contentEncoding: "content-encoding"
    case .contentLength: "content-length"
    case .contentType: "content-type"
    case .cookie: "cookie"
    case .date: "date"
    case .host: "host"
    case .http2Settings: "http2-settings"
    case .lastModified: "last-modified"
    case .location: "location"
    case .proxyAuthenticate: "proxy-authenticate"
    case .proxyAuthorization: "proxy-authorization"
    case .referer: "referer"
    case .secWebSocketAccept: "sec-websocket-accept"
    case .secWebSocketExtensions: "sec-websocket-extensions"
    case .secWebSocketKey: "sec-websocket-key"
    case .secWebSocketProtocol: "sec-websocket-protocol"
    case .secWebSocketVersion: "sec-websocket-version"
    case .server: "server"
    case .setCookie: "set-cookie"
    case .transferEncoding: "transfer-encoding"
    case .upgrade: "upgrade"
    case .userAgent: "user-agent"
    case .wwwAuthenticate: "www-authenticate"
    case .xForwardedFor: "x-forwarded-for"
    }
  }

  /// The title in the tree.
  var title: String {
    switch self {
    case .acceptEncoding: "Accept Encoding"
    case .http2Settings: "HTTP2-Settings"
    case .secWebSocketAccept: "Sec-WebSocket-Accept"
    case .secWebSocketExtensions: "Sec-WebSocket-Extensions"
    case .secWebSocketKey: "Sec-WebSocket-Key"
    case .secWebSocketProtocol: "Sec-WebSocket-Protocol"
    case .secWebSocketVersion: "Sec-WebSocket-Version"
    case .wwwAuthenticate: "WWW-Authenticate"
    default:
      text.description.split(separator: "-").map { word in
        word.prefix(1).uppercased() + word.dropFirst()
      }.joined(separator: "-")
    }
  }

  /// The name in filters, Wireshark's.
  var filterName: String {
    switch self {
    case .contentLength: "http.content_length_header"
    default: "http." + String(text.description.map { $0 == "-" ? "_" : $0 })
    }
  }

  /// The field of this name, in any case (RFC 9110 section 5.1).
  static func find(_ name: UnsafeRawBufferPointer) -> HTTPFieldName? {
    guard name.count >= 4, name.count <= 24 else { return nil }
    func named(_ field: HTTPFieldName) -> HTTPFieldName? {
      HTTPText.equals(name, field.text) ? field : nil
    }
    switch (name.count, name[0] | 0x20) {
    case (4, 0x64): return named(.date)
    case (4, 0x68): return named(.host)
    case (6, 0x61): return named(.accept)
    case (6, 0x63): return named(.cookie)
    case (6, 0x73): return named(.server)
    case (7, 0x72): return named(.referer)
    case (7, 0x75): return named(.upgrade)
    case (8, 0x6c): return named(.location)
    case (10, 0x63): return named(.connection)
    case (10, 0x73): return named(.setCookie)
    case (10, 0x75): return named(.userAgent)
    case (12, 0x63): return named(.contentType)
    case (13, 0x61): return named(.authorization)
    case (13, 0x63): return named(.cacheControl)
    case (13, 0x6c): return named(.lastModified)
    case (14, 0x63): return named(.contentLength)
    case (14, 0x68): return named(.http2Settings)
    case (15, 0x61): return named(.acceptEncoding) ?? named(.acceptLanguage)
    case (15, 0x78): return named(.xForwardedFor)
    case (16, 0x63): return named(.contentEncoding)
    case (16, 0x77): return named(.wwwAuthenticate)
    case (17, 0x73): return named(.secWebSocketKey)
    case (17, 0x74): return named(.transferEncoding)
    case (18, 0x70): return named(.proxyAuthenticate)
    case (19, 0x70): return named(.proxyAuthorization)
    case (20, 0x73): return named(.secWebSocketAccept)
    case (21, 0x73): return named(.secWebSocketVersion)
    case (22, 0x73): return named(.secWebSocketProtocol)
    case (24, 0x73): return named(.secWebSocketExtensions)
    default: return nil
    }
  }
}

/// Octets of a head as text.
enum HTTPText {
  /// Whether octets are a word, ASCII letters in any case.
  ///
  /// - Parameter word: Lower case.
  static func equals(_ octets: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    let count = octets.count
    guard count == word.utf8CodeUnitCount, let found = octets.baseAddress else { return false }
    let wanted = UnsafeRawPointer(word.utf8Start)
    guard count >= 8 else {
      for at in 0..<count {
        let octet = found.load(fromByteOffset: at, as: UInt8.self)
        if !differsInCase(octet, wanted.load(fromByteOffset: at, as: UInt8.self)) { return false }
      }
      return true
    }
    // Eight at a time, the last of them perhaps twice.
    var at = 0
    while true {
      let octets = found.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      if !differsInCase(octets, wanted.loadUnaligned(fromByteOffset: at, as: UInt64.self)) {
        return false
      }
      if at == count &- 8 { return true }
      at = min(at &+ 8, count &- 8)
    }
  }

  /// Whether octets differ from those of a lower-case word by no more than the case of its letters,
  /// which among what words have alone stand above 0x40: their bit 0x20 may be missing.
  @inline(__always)
  private static func differsInCase<Word: FixedWidthInteger & UnsignedInteger>(
    _ octets: Word, _ wanted: Word
  ) -> Bool {
    let letters = Word.max / 0xff &* 0x40
    return (octets ^ wanted) & ~((wanted & letters) &>> 1) == 0
  }

  /// Whether octets begin with a word, ASCII letters in any case.
  static func begins(_ octets: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard octets.count >= count else { return false }
    return equals(UnsafeRawBufferPointer(rebasing: octets[..<count]), word)
  }

  /// RFC 9110 section 5.6.2: the characters of a token.
  static func isToken(_ octet: UInt8) -> Bool {
    octet < 64
      ? lowTokens >> UInt64(octet) & 1 != 0
      : octet < 128 && highTokens >> UInt64(octet & 63) & 1 != 0
  }
  /// "!#$%&'*+-." and digits.
  private static let lowTokens: UInt64 = 0x03ff_6cfa_0000_0000
  /// Letters and "^_`|~".
  private static let highTokens: UInt64 = 0x57ff_ffff_c7ff_fffe

  /// Whether any of the octets may not stand in a field's value.
  static func hasForbidden(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
    let bytes = octets.bytes
    var at = range.lowerBound
    while at < range.upperBound {
      let isPlain =
        range.upperBound >= 16 && OctetMarks.unclean(bytes, at, range.upperBound) == 0
      if isPlain {
        at += 16
        continue
      }
      for place in at..<min(at + 16, range.upperBound) where isForbidden(octets[place]) {
        return true
      }
      at += 16
    }
    return false
  }

  /// RFC 9110 section 5.5: what may not stand in a field's value.
  static func isForbidden(_ octet: UInt8) -> Bool {
    octet < 0x20 && octet != 0x09 || octet == 0x7f
  }

  static func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }

  /// Calls back with each element of a comma-separated list, spaces around it left out; empty ones
  /// are none (RFC 9110 section 5.6.1.2). Commas inside quotes do not count.
  static func eachElement(
    _ octets: UnsafeRawBufferPointer, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    var isQuoted = false
    for at in range.lowerBound...range.upperBound {
      let isEnd = at == range.upperBound
      if !isEnd, octets[at] == 0x22 { isQuoted.toggle() }
      guard isEnd || octets[at] == 0x2c && !isQuoted else { continue }
      let element = trimmed(octets, start..<at)
      if !element.isEmpty { body(element) }
      start = at + 1
    }
  }

  /// Without the spaces at both ends.
  static func trimmed(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, isSpace(octets[low]) || octets[low] == 0x0d || octets[low] == 0x0a {
      low &+= 1
    }
    while low < high,
      isSpace(octets[high &- 1]) || octets[high &- 1] == 0x0d
        || octets[high &- 1] == 0x0a
    {
      high &-= 1
    }
    return low..<high
  }

  /// A decimal number with nothing else; nil for anything else, and above 2^62.
  static func number(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    guard !range.isEmpty else { return nil }
    var value = 0
    for at in range {
      let digit = octets[at] &- 0x30
      guard digit < 10, value < 1 << 58 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }

  /// Text for a person, ill-formed UTF-8 repaired.
  static func string(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
    String(decoding: octets[range], as: UTF8.self)
  }
}

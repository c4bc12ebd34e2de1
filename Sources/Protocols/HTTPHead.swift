/// Where the parts of a request's or response's head stand, and what it says about its body: one
/// pass over the octets, nothing copied. RFC 9112 sections 2 to 6.
///
/// Offsets count from the first octet of the head.
struct HTTPHead: Equatable {
  /// Octets of the head, the empty line included.
  var length = 0
  /// First octet of the start line; empty lines may stand before it.
  var start = 0
  /// End of the start line, its line ending left out.
  var lineEnd = 0
  var kind = Kind.other
  var method = Method.other
  /// Of a request: `start..<methodEnd`.
  var methodEnd = 0
  var uri = 0..<0
  var version = 0..<0
  /// Of a response; 0 otherwise.
  var code = 0
  var phrase = 0..<0
  /// 10 for HTTP/1.0, 11 for HTTP/1.1; 0 for none that is known.
  var versionNumber = 0

  var host = 0..<0
  var contentType = 0..<0
  /// Value of a request's Sec-WebSocket-Key, of a response's Sec-WebSocket-Accept.
  var webSocketKey = 0..<0
  /// -1 for none.
  var contentLength = -1
  var transferCodings = HTTPCodings()
  var contentCodings = HTTPCodings()
  var traits: Traits = []
  var faults: HTTPFaults = []

  enum Kind { case request, response, other }
  enum Method { case get, head, post, connect, other }

  struct Traits: OptionSet {
    let rawValue: UInt16
    static let host = Traits(rawValue: 1)
    static let upgrade = Traits(rawValue: 2)
    /// Something about WebSocket.
    static let webSocket = Traits(rawValue: 4)
    static let close = Traits(rawValue: 8)
    static let transferEncoding = Traits(rawValue: 16)
    static let folded = Traits(rawValue: 32)
    static let contentType = Traits(rawValue: 128)
    /// No empty line ends the head.
    static let isOpen = Traits(rawValue: 64)
    /// Upgrade names websocket.
    static let upgradesToWebSocket = Traits(rawValue: 256)
    /// Connection names Upgrade.
    static let connectionUpgrade = Traits(rawValue: 512)
    /// There is a Sec-WebSocket-Key, in a response a Sec-WebSocket-Accept.
    static let webSocketKey = Traits(rawValue: 1024)
    /// Sec-WebSocket-Version is 13.
    static let webSocketVersion = Traits(rawValue: 2048)
    /// About WebSocket more than those, or one of them twice.
    static let webSocketMore = Traits(rawValue: 4096)
  }

  /// Whether a request for WebSocket, or its answer, has what it must have and nothing else about
  /// WebSocket: then all that is left to judge is `webSocketKey`. RFC 6455 sections 4.1 and 4.2.2.
  var isPlainUpgrade: Bool {
    guard !traits.contains(.webSocketMore) else { return false }
    let both: Traits = [.upgradesToWebSocket, .connectionUpgrade, .webSocketKey]
    return kind == .response
      ? traits.isSuperset(of: both)
      : traits.isSuperset(of: both.union([.host, .webSocketVersion])) && method == .get
        && versionNumber >= 11
  }

  /// Looks for the end of the head that begins with `octets`.
  ///
  /// - Parameter scanned: Octets that hold no end, from an earlier call; brought up to date.
  /// - Returns: Octets of the head, the empty line included; nil when it is not there yet.
  static func end(of octets: UnsafeRawBufferPointer, scanned: inout Int) -> Int? {
    var at = leadingLines(octets)
    guard at < octets.count else { return nil }
    if scanned > at { at = scanned }
    while let line = octets.first(10, in: at..<octets.count) {
      let next = line + 1
      // RFC 9112 section 2.1: an empty line ends the head.
      if next < octets.count {
        if octets[next] == 10 { return next + 1 }
        if octets[next] == 13 {
          guard next + 1 < octets.count else {
            scanned = line
            return nil
          }
          if octets[next + 1] == 10 { return next + 2 }
        }
        at = next
      } else {
        scanned = line
        return nil
      }
    }
    scanned = octets.count
    return nil
  }

  /// RFC 9112 section 2.2: empty lines before the start line are passed over.
  static func leadingLines(_ octets: UnsafeRawBufferPointer) -> Int {
    var at = 0
    while at < octets.count {
      if octets[at] == 10 {
        at += 1
      } else if octets[at] == 13, at + 1 < octets.count, octets[at + 1] == 10 {
        at += 2
      } else {
        break
      }
    }
    return at
  }

  enum Beginning { case no, perhaps, yes }

  /// Octets of the longest method that is taken for one.
  private static let longestMethod = 32

  /// Whether octets begin like a start line: `HTTP/`, or a token, one space and something visible.
  static func beginning(of octets: UnsafeRawBufferPointer) -> Beginning {
    var at = 0
    let limit = min(octets.count, longestMethod)
    while at < limit, HTTPText.isToken(octets[at]) { at += 1 }
    // A lone CR may be half of an empty line.
    if at == 0 { return octets.isEmpty || octets.count == 1 && octets[0] == 13 ? .perhaps : .no }
    guard at < octets.count else { return octets.count < longestMethod ? .perhaps : .no }
    switch octets[at] {
    case 0x20:
      guard at + 1 < octets.count else { return .perhaps }
      return octets[at + 1] > 0x20 && octets[at + 1] != 0x7f ? .yes : .no
    case 0x2f:
      return at == 4
        && HTTPText.begins(UnsafeRawBufferPointer(rebasing: octets[..<4]), "http") ? .yes : .no
    default: return .no
    }
  }

  /// - Parameter octets: All of the head, and nothing behind it.
  init(_ octets: UnsafeRawBufferPointer) {
    guard let fields = readStart(octets), kind != .other else { return }
    readFields(octets, from: fields)
    if !traits.contains(.isOpen) { check() }
  }

  /// Where the start line of a request or response stands, without its line ending; nil for anything else.
  static func startLine(of octets: UnsafeRawBufferPointer) -> Range<Int>? {
    let start = leadingLines(octets)
    guard beginning(of: UnsafeRawBufferPointer(rebasing: octets[start...])) == .yes else {
      return nil
    }
    var at = start
    return line(octets, &at)?.range ?? start..<octets.count
  }

  /// - Returns: Where the fields begin; nil where the start line has no end.
  private mutating func readStart(_ octets: UnsafeRawBufferPointer) -> Int? {
    length = octets.count
    start = Self.leadingLines(octets)
    if start > 0 { faults.insert(.leadingLines) }
    var at = start
    guard let line = Self.line(octets, &at) else {
      lineEnd = octets.count
      traits.insert(.isOpen)
      readStartLine(octets)
      return nil
    }
    if line.isBare { faults.insert(.bareLineFeed) }
    lineEnd = line.range.upperBound
    readStartLine(octets)
    return at
  }

  /// The next line and whether a bare LF ends it; nil where no line ends.
  static func line(
    _ octets: UnsafeRawBufferPointer, _ at: inout Int
  ) -> (range: Range<Int>, isBare: Bool)? {
    let first = at
    guard at < octets.count, let feed = octets.first(10, in: at..<octets.count) else { return nil }
    at = feed + 1
    // RFC 9112 section 2.2: a recipient MAY recognise a single LF as a line terminator.
    let isBare = feed == first || octets[feed - 1] != 13
    return (first..<(isBare ? feed : feed - 1), isBare)
  }

  private mutating func readStartLine(_ octets: UnsafeRawBufferPointer) {
    guard Self.beginning(of: UnsafeRawBufferPointer(rebasing: octets[start...])) == .yes else {
      return
    }
    let line = UnsafeRawBufferPointer(rebasing: octets[start..<lineEnd])
    if HTTPText.hasForbidden(octets, start..<lineEnd) { faults.insert(.startLine) }
    if HTTPText.begins(line, "http/") { return readStatusLine(octets) }
    // RFC 9112 section 3: method SP request-target SP HTTP-version
    var at = start
    while at < lineEnd, HTTPText.isToken(octets[at]) { at += 1 }
    methodEnd = at
    kind = .request
    switch at - start {
    case 3 where octets[start] == 0x47 && octets[start + 1] == 0x45 && octets[start + 2] == 0x54:
      method = .get
    case 4 where HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[start..<at]), "head"):
      method = .head
    case 4 where HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[start..<at]), "post"):
      method = .post
    case 7 where HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[start..<at]), "connect"):
      method = .connect
    default: break
    }
    var target = at + 1
    while target < lineEnd, octets[target] == 0x20 {
      faults.insert(.startLine)
      target += 1
    }
    var space = lineEnd
    while space > target, octets[space - 1] != 0x20 { space -= 1 }
    if space > target {
      uri = target..<space - 1
      version = space..<lineEnd
      readVersion(octets)
    } else {
      // HTTP/0.9, which nobody speaks: a method and a target.
      uri = target..<lineEnd
      version = lineEnd..<lineEnd
      faults.insert(.startLine)
    }
    if uri.isEmpty || octets.first(0x20, in: uri) != nil { faults.insert(.startLine) }
  }

  /// RFC 9112 section 4: HTTP-version SP status-code SP [ reason-phrase ]
  private mutating func readStatusLine(_ octets: UnsafeRawBufferPointer) {
    kind = .response
    var at = start
    while at < lineEnd, octets[at] != 0x20 { at += 1 }
    version = start..<at
    readVersion(octets)
    let digits = at + 1
    at = digits
    while at < lineEnd, at < digits + 4, octets[at] &- 0x30 < 10 {
      code = code * 10 + Int(octets[at] - 0x30)
      at += 1
    }
    if at != digits + 3 || code < 100 { faults.insert(.startLine) }
    if at < lineEnd, octets[at] == 0x20 {
      phrase = at + 1..<lineEnd
    } else {
      // The space belongs there even when no phrase follows.
      phrase = min(at, lineEnd)..<lineEnd
      faults.insert(.startLine)
    }
  }

  private mutating func readVersion(_ octets: UnsafeRawBufferPointer) {
    guard version.count == 8,
      HTTPText.begins(UnsafeRawBufferPointer(rebasing: octets[version]), "http/"),
      octets[version.lowerBound + 6] == 0x2e
    else {
      faults.insert(.version)
      return
    }
    let major = octets[version.lowerBound + 5] &- 0x30
    let minor = octets[version.lowerBound + 7] &- 0x30
    guard major == 1, minor < 10 else {
      faults.insert(.version)
      return
    }
    // RFC 9110 section 2.5: a higher minor version is read as the highest that is known.
    versionNumber = minor == 0 ? 10 : 11
    if octets[version.lowerBound] != 0x48 { faults.insert(.version) }
  }
}

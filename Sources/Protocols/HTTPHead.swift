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
    length = octets.count
    start = Self.leadingLines(octets)
    if start > 0 { faults.insert(.leadingLines) }
    var at = start
    guard let line = Self.line(octets, &at) else {
      lineEnd = octets.count
      traits.insert(.isOpen)
      readStartLine(octets)
      return
    }
    if line.isBare { faults.insert(.bareLineFeed) }
    lineEnd = line.range.upperBound
    readStartLine(octets)
    guard kind != .other else { return }
    readFields(octets, from: at)
    if !traits.contains(.isOpen) { check() }
  }

  /// The next line and whether a bare LF ends it; nil where no line ends.
  private static func line(
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
    for octet in line where HTTPText.isForbidden(octet) {
      faults.insert(.startLine)
      break
    }
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
    if uri.isEmpty || octets[uri].contains(0x20) { faults.insert(.startLine) }
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

  /// One line of a head, with the lines that continue it.
  struct FieldLine {
    /// All of it, its line ending included.
    var line: Range<Int>
    /// Empty where the line has no colon.
    var name: Range<Int>
    var value: Range<Int>
    var isFolded = false
    var isBare = false
  }

  /// Calls back with each field, up to the empty line.
  ///
  /// - Returns: Whether there was an empty line.
  @discardableResult
  static func eachField(
    _ octets: UnsafeRawBufferPointer, from first: Int, _ body: (FieldLine) -> Void
  ) -> Bool {
    var at = first
    while true {
      let start = at
      guard let line = line(octets, &at) else { return false }
      if line.range.isEmpty { return true }
      var end = line.range.upperBound
      var field = FieldLine(line: start..<at, name: start..<start, value: start..<end)
      field.isBare = line.isBare
      while at < octets.count, HTTPText.isSpace(octets[at]) {
        // RFC 9112 section 5.2: a line that begins with a space continues the one before.
        guard let more = Self.line(octets, &at) else { return false }
        end = more.range.upperBound
        field.isFolded = true
        field.isBare = field.isBare || more.isBare
      }
      field.line = start..<at
      if let colon = octets.first(0x3a, in: start..<start + line.range.count) {
        field.name = start..<colon
        field.value = HTTPText.trimmed(octets, colon + 1..<end)
      } else {
        field.value = start..<end
      }
      body(field)
    }
  }

  private mutating func readFields(_ octets: UnsafeRawBufferPointer, from first: Int) {
    var head = self
    let isWhole = Self.eachField(octets, from: first) { head.read($0, octets) }
    self = head
    if !isWhole { traits.insert(.isOpen) }
  }

  private mutating func read(_ field: FieldLine, _ octets: UnsafeRawBufferPointer) {
    if field.isBare { faults.insert(.bareLineFeed) }
    if field.isFolded { faults.insert(.folded) }
    var name = field.name
    guard !name.isEmpty else {
      faults.insert(.noColon)
      return
    }
    // RFC 9112 section 5.1: a server MUST reject a request with whitespace before the colon.
    while let last = name.last, HTTPText.isSpace(octets[last]) {
      name = name.dropLast()
      faults.insert(.spaceBeforeColon)
    }
    for at in name where !HTTPText.isToken(octets[at]) {
      faults.insert(.fieldName)
      break
    }
    if !field.isFolded {
      for at in field.value where HTTPText.isForbidden(octets[at]) {
        faults.insert(.fieldValue)
        break
      }
    }
    guard let known = HTTPFieldName.find(UnsafeRawBufferPointer(rebasing: octets[name])) else {
      return
    }
    let value = field.value
    switch known {
    case .host:
      if traits.contains(.host) { faults.insert(.hostRepeated) }
      traits.insert(.host)
      host = value
    case .contentType:
      traits.insert(.contentType)
      contentType = value
    case .contentLength: readLength(octets, value)
    case .transferEncoding:
      traits.insert(.transferEncoding)
      HTTPText.eachElement(octets, value) { transferCodings.add(octets, $0) }
    case .contentEncoding: HTTPText.eachElement(octets, value) { contentCodings.add(octets, $0) }
    case .connection:
      HTTPText.eachElement(octets, value) {
        if HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[$0]), "close") {
          traits.insert(.close)
        }
      }
    case .upgrade:
      traits.insert(.upgrade)
      HTTPText.eachElement(octets, value) {
        if HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[$0]), "websocket") {
          traits.insert(.webSocket)
        }
      }
    case .secWebSocketKey, .secWebSocketAccept, .secWebSocketVersion, .secWebSocketProtocol,
      .secWebSocketExtensions:
      traits.insert(.webSocket)
    default: break
    }
  }

  /// RFC 9110 section 8.6: a list of one number repeated may be taken for the number; anything else
  /// is an error that a recipient must not recover from.
  private mutating func readLength(_ octets: UnsafeRawBufferPointer, _ value: Range<Int>) {
    if value.isEmpty { faults.insert(.badLength) }
    HTTPText.eachElement(octets, value) { element in
      guard let number = HTTPText.number(octets, element) else {
        faults.insert(.badLength)
        return
      }
      if contentLength >= 0 {
        faults.insert(contentLength == number ? .lengthRepeated : .lengthConflict)
      } else {
        contentLength = number
      }
    }
  }

  /// What the fields say about one another.
  private mutating func check() {
    if kind == .request, versionNumber == 11, !traits.contains(.host) {
      faults.insert(.hostMissing)
    }
    if traits.contains(.transferEncoding) {
      // RFC 9112 section 6.3: Transfer-Encoding overrides; such a message might be an attempt at
      // request smuggling.
      if contentLength >= 0 { faults.insert(.codingAndLength) }
      if versionNumber == 10 { faults.insert(.codingInOldVersion) }
      if transferCodings.hasUnknown { faults.insert(.unknownCoding) }
      if transferCodings.isChunked, !transferCodings.endsChunked { faults.insert(.chunkedNotLast) }
      if kind == .request, !transferCodings.endsChunked { faults.insert(.chunkedNotLast) }
    }
    if kind == .response, code / 100 == 1 || code == 204,
      contentLength >= 0 || traits.contains(.transferEncoding)
    {
      faults.insert(.bodyForbidden)
    }
  }
}

/// The codings of a Transfer-Encoding or Content-Encoding, in the order in which they were applied.
struct HTTPCodings: Equatable {
  enum Coding: UInt8 { case none, gzip, deflate, chunked, unknown }
  /// Four bits a coding, the last applied lowest.
  private var packed: UInt32 = 0
  private(set) var count = 0

  mutating func add(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) {
    var end = range.lowerBound
    while end < range.upperBound, HTTPText.isToken(octets[end]) { end += 1 }
    let name = UnsafeRawBufferPointer(rebasing: octets[range.lowerBound..<end])
    if HTTPText.equals(name, "identity") { return }
    let coding: Coding =
      if HTTPText.equals(name, "chunked") {
        .chunked
      } else if HTTPText.equals(name, "gzip") || HTTPText.equals(name, "x-gzip") {
        // RFC 9110 section 8.4.1.3: x-gzip is the same.
        .gzip
      } else if HTTPText.equals(name, "deflate") {
        .deflate
      } else {
        .unknown
      }
    guard count < 8 else { return }
    packed = packed << 4 | UInt32(coding.rawValue)
    count += 1
  }

  /// The codings, the last applied first.
  var undoing: [Coding] {
    (0..<count).map { Coding(rawValue: UInt8(packed >> UInt32($0 * 4) & 15)) ?? .unknown }
  }
  var isEmpty: Bool { count == 0 }
  var endsChunked: Bool { packed & 15 == UInt32(Coding.chunked.rawValue) }
  var isChunked: Bool { contains(.chunked) }
  var hasUnknown: Bool { contains(.unknown) }

  private func contains(_ coding: Coding) -> Bool {
    var rest = packed
    while rest != 0 {
      if rest & 15 == UInt32(coding.rawValue) { return true }
      rest >>= 4
    }
    return false
  }
}

extension UnsafeRawBufferPointer {
  /// The first place of an octet in `range`, found eight octets at a time.
  fileprivate func first(_ octet: UInt8, in range: Range<Int>) -> Int? {
    var at = range.lowerBound
    let end = Swift.min(range.upperBound, count)
    let pattern = UInt64(octet) &* 0x0101_0101_0101_0101
    while at &+ 8 <= end {
      let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ pattern
      // The highest bit of each octet that is zero; exact for the lowest of them.
      let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if zeros != 0 { return at &+ zeros.trailingZeroBitCount &>> 3 }
      at &+= 8
    }
    while at < end {
      if self[at] == octet { return at }
      at &+= 1
    }
    return nil
  }
}

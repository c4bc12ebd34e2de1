import COctets

extension HTTPHead {
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

  mutating func readFields(_ octets: UnsafeRawBufferPointer, from first: Int) {
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
    if !field.isFolded, HTTPText.hasForbidden(octets, field.value) { faults.insert(.fieldValue) }
    guard let known = HTTPFieldName.find(UnsafeRawBufferPointer(rebasing: octets[name])) else {
      for at in name where !HTTPText.isToken(octets[at]) {
        faults.insert(.fieldName)
        break
      }
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
        let element = UnsafeRawBufferPointer(rebasing: octets[$0])
        if HTTPText.equals(element, "close") { traits.insert(.close) }
        if HTTPText.equals(element, "upgrade") { traits.insert(.connectionUpgrade) }
      }
    case .upgrade:
      traits.insert(.upgrade)
      HTTPText.eachElement(octets, value) {
        if HTTPText.equals(UnsafeRawBufferPointer(rebasing: octets[$0]), "websocket") {
          traits.formUnion([.webSocket, .upgradesToWebSocket])
        }
      }
    case .secWebSocketKey, .secWebSocketAccept, .secWebSocketVersion, .secWebSocketProtocol,
      .secWebSocketExtensions:
      traits.insert(.webSocket)
      readWebSocket(known, value, octets)
    default: break
    }
  }

  private mutating func readWebSocket(
    _ name: HTTPFieldName, _ value: Range<Int>, _ octets: UnsafeRawBufferPointer
  ) {
    let trait: Traits
    switch (name, kind) {
    case (.secWebSocketKey, .request), (.secWebSocketAccept, .response):
      trait = .webSocketKey
      webSocketKey = value
    case (.secWebSocketVersion, .request)
    where value.count == 2 && octets[value.lowerBound] == 0x31
      && octets[value.lowerBound + 1] == 0x33:
      trait = .webSocketVersion
    default: trait = .webSocketMore
    }
    if !traits.insert(trait).inserted { traits.insert(.webSocketMore) }
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
  mutating func check() {
    if kind == .request, versionNumber == 11, !traits.contains(.host) {
      faults.insert(.hostMissing)
    }
    if traits.contains(.transferEncoding) {
      // RFC 9112 section 6.3: Transfer-Encoding overrides; such a message might be an attempt at
      // request smuggling.
      if contentLength >= 0 { faults.insert(.codingAndLength) }
      if versionNumber == 10 { faults.insert(.codingInOldVersion) }
      if transferCodings.foreign != nil { faults.insert(.unknownCoding) }
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

extension UnsafeRawBufferPointer {
  /// The first place of an octet in `range`.
  @inline(__always)
  func first(_ octet: UInt8, in range: Range<Int>) -> Int? {
    let inside = range.clamped(to: 0..<count)
    guard let start = baseAddress, !inside.isEmpty else { return nil }
    let found = netlab_find_octet(start + inside.lowerBound, octet, inside.count)
    return found < inside.count ? inside.lowerBound + found : nil
  }
}

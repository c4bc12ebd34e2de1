import PacketCore

extension HTTPStream {
  /// A method that is known, or a line that ends in HTTP/1.x, or a status line.
  public static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition {
    let count = chunk.range.count
    guard count > 0, chunk.range.upperBound <= bytes.byteCount else { return .perhaps }
    let first = bytes.unsafeLoad(fromByteOffset: chunk.range.lowerBound, as: UInt8.self)
    // Nearly everything else ends here.
    guard first &- 0x41 < 26 || first == 13 || first == 10 else { return .no }
    return bytes.withUnsafeBytes {
      recognise(UnsafeRawBufferPointer(rebasing: $0[chunk.range]))
    }
  }

  private static func recognise(_ octets: UnsafeRawBufferPointer) -> StreamRecognition {
    let first = HTTPHead.leadingLines(octets)
    let start = UnsafeRawBufferPointer(rebasing: octets[first...])
    switch HTTPHead.beginning(of: start) {
    case .no: return .no
    case .perhaps: return start.first == 13 || mayBeginLikely(start) ? .perhaps : .no
    case .yes: break
    }
    if HTTPText.begins(start, "http/") {
      guard start.count >= 8 else { return .perhaps }
      return start[5] == 0x31 && start[6] == 0x2e ? .yes(.server) : .no
    }
    // RTSP, SIP, SMTP and others look alike: the end of the line tells, when it is there.
    guard let end = start.firstIndex(of: 10) else {
      guard isKnownMethod(start), start.count <= 8192 else { return .no }
      return isPath(start) ? .yes(.client) : .perhaps
    }
    let line = UnsafeRawBufferPointer(rebasing: start[..<end])
    var last = end
    while last > 0, line[last - 1] == 13 || line[last - 1] == 0x20 { last -= 1 }
    // A version that is none, behind a method that is one, is for a finding.
    let prefix: StaticString = isKnownMethod(start) ? "http/" : "http/1."
    var word = last
    while word > 0, line[word - 1] != 0x20 { word -= 1 }
    return HTTPText.begins(UnsafeRawBufferPointer(rebasing: line[word..<last]), prefix)
      ? .yes(.client) : .no
  }

  /// The target begins with a slash.
  private static func isPath(_ start: UnsafeRawBufferPointer) -> Bool {
    guard let space = start.firstIndex(of: 0x20), space + 1 < start.count else { return false }
    return start[space + 1] == 0x2f
  }

  /// Methods of RFC 9110 section 9 and RFC 5789, WebDAV's and UPnP's.
  private static let methods: [StaticString] = [
    "get ", "head ", "post ", "put ", "delete ", "connect ", "options ", "trace ", "patch ",
    "propfind ", "proppatch ", "mkcol ", "copy ", "move ", "lock ", "unlock ", "report ",
    "search ", "subscribe ", "unsubscribe ", "notify ", "m-search ", "checkout ", "merge ",
    "mkactivity ", "http/1.",
  ]

  private static func isKnownMethod(_ octets: UnsafeRawBufferPointer) -> Bool {
    guard octets[0] & 0x20 == 0 else { return false }
    return methods.contains { HTTPText.begins(octets, $0) }
  }

  /// Whether octets are the beginning of a known method.
  private static func mayBeginLikely(_ octets: UnsafeRawBufferPointer) -> Bool {
    methods.contains { method in
      let count = min(octets.count, method.utf8CodeUnitCount)
      return (0..<count).allSatisfy {
        octets[$0] | 0x20 == method.utf8Start[$0] | 0x20
      }
    }
  }

  /// Whether a head begins at `first`, as far as a few octets tell: for places where one may not.
  static func isLikely(_ octets: UnsafeRawBufferPointer, _ first: Int) -> Bool {
    recognise(UnsafeRawBufferPointer(rebasing: octets[first...])) != .no
  }

  /// The start of the first line behind the first that a head may begin with.
  static func nextLikely(_ octets: UnsafeRawBufferPointer) -> Int? {
    var at = 0
    while let feed = octets[at...].firstIndex(of: 10) {
      at = feed + 1
      guard at < octets.count else { return nil }
      switch recognise(UnsafeRawBufferPointer(rebasing: octets[at...])) {
      case .yes: return at
      case .no, .perhaps: continue
      }
    }
    return nil
  }
}

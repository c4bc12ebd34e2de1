import PacketCore

/// One chunk of a chunked body, where it stands. RFC 9112 section 7.1.
struct HTTPChunk: Equatable {
  /// The size, its extensions, and the end of the line.
  var line: Range<Int>
  /// Octets of data that the line announces.
  var size: Int
  /// The data, as far as they are there.
  var data: Range<Int>
  /// The end of line behind the data; empty where it is not there, and of the last chunk.
  var boundary: Range<Int>

  var place: Range<Int> { line.lowerBound..<boundary.upperBound }
}

/// A chunked body taken apart, for whoever wants to see the chunks themselves.
struct HTTPChunkList {
  /// Chunks that are kept at most: a hostile body has one in six octets, and each is four lines.
  static let longest = 1 << 14

  private(set) var chunks: [HTTPChunk] = []
  /// Chunks behind those that are kept.
  private(set) var left = 0
  /// The trailer fields, line endings included, without the empty line behind them.
  private(set) var trailer = 0..<0

  init(_ octets: UnsafeRawBufferPointer, _ body: Range<Int>) {
    var reader = HTTPChunks()
    var chunk = HTTPChunk(line: 0..<0, size: 0, data: 0..<0, boundary: 0..<0)
    var at = body.lowerBound
    // Where the line began that is being read.
    var start = at
    while at < body.upperBound {
      let before = reader.state
      // One octet at a time tells where lines end; data are passed over at once.
      let step = before == .data ? min(reader.left, body.upperBound - at) : 1
      at = reader.take(octets, at..<at + step, onData: { _ in })
      switch (before, reader.state) {
      case (.size, .data), (.sizeEnd, .data):
        chunk = HTTPChunk(line: start..<at, size: reader.left, data: at..<at, boundary: at..<at)
      case (.size, .trailer), (.sizeEnd, .trailer):
        // RFC 9112 section 7.1: the last chunk has size 0, and no data.
        keep(HTTPChunk(line: start..<at, size: 0, data: at..<at, boundary: at..<at))
        trailer = at..<at
      case (.data, _):
        chunk.data = chunk.line.upperBound..<at
        chunk.boundary = at..<at
        if at == body.upperBound { keep(chunk) }
      case (.dataEnd, .size):
        chunk.boundary = chunk.data.upperBound..<at
        keep(chunk)
        start = at
      case (.dataEnd, _) where reader.isBroken || at == body.upperBound: keep(chunk)
      case (.trailerLine, .trailer): trailer = trailer.lowerBound..<at
      default: break
      }
      if reader.isBroken || reader.isDone { return }
    }
    if reader.state == .data, chunk.data.isEmpty { keep(chunk) }
  }

  private mutating func keep(_ chunk: HTTPChunk) {
    if chunks.count < Self.longest { chunks.append(chunk) } else { left += 1 }
  }
}

extension HTTP {
  private enum Line: Int, CaseIterable {
    case body, chunk, size, data, boundary, trailer

    var info: FieldInfo {
      switch self {
      case .body: FieldInfo("http.chunked", "Chunked body", .label)
      case .chunk: FieldInfo("http.chunk", "Chunk", .label)
      case .size: FieldInfo("http.chunk_size", "Chunk size", .unsigned, bits: 32)
      case .data: FieldInfo("http.chunk_data", "Chunk data", .octets)
      case .boundary: FieldInfo("http.chunk_boundary", "Chunk boundary", .octets)
      case .trailer: FieldInfo("http.chunked_trailer_part", "trailer-part", .string)
      }
    }

    var depth: Int {
      switch self {
      case .body: 0
      case .chunk, .trailer: 1
      case .size, .data, .boundary: 2
      }
    }
  }

  /// The chunks of a body as they stand on the wire, and the trailer fields behind them: Wireshark's
  /// names and, in the tree, Wireshark's words.
  static let chunks: Field<HTTP> = .lines(Line.allCases.map { ($0.info, $0.depth) }) {
    _, bytes, record, dissection, add in
    guard dissection.note(of: HTTP.self, record)?.has(Note.isChunked) == true,
      record.payloadLength > 0, record.payload.upperBound <= bytes.byteCount
    else { return }
    let start = Int(record.start)
    func put(_ line: Line, _ value: FieldValue, _ place: Range<Int>, _ text: String? = nil) {
      add(
        line.rawValue, value, place.lowerBound - start..<place.upperBound - start, text)
    }
    bytes.withUnsafeBytes { octets in
      let list = HTTPChunkList(octets, record.payload)
      // Of requests, too: Wireshark's word for both.
      put(.body, .present, record.payload, "HTTP chunked response")
      for chunk in list.chunks {
        let count = chunk.size == 1 ? "1 octet" : "\(chunk.size) octets"
        put(
          .chunk, .present, chunk.place,
          chunk.size == 0 ? "End of chunked encoding" : "Data chunk (\(count))")
        put(.size, .unsigned(UInt64(chunk.size)), chunk.line, "Chunk size: \(count)")
        if !chunk.data.isEmpty { put(.data, .octetsInPlace, chunk.data) }
        if !chunk.boundary.isEmpty { put(.boundary, .octetsInPlace, chunk.boundary) }
      }
      if list.left > 0 {
        put(
          .chunk, .present, record.payload,
          "\(list.left) more chunks, which are not listed")
      }
      if !list.trailer.isEmpty {
        put(
          .trailer, .string(HTTPText.string(octets, list.trailer)), list.trailer,
          "trailer-part: \(HTTP.visible(octets, list.trailer))")
      }
    }
  }
}

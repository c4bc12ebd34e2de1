/// The codings of a Transfer-Encoding or Content-Encoding, in the order in which they were applied.
struct HTTPCodings: Equatable {
  enum Coding: UInt8 {
    case none, gzip, deflate, chunked
    // Those that are not undone.
    case compress, brotli, zstandard, unknown

    /// What to call a coding that is not undone; nil for the others.
    var foreignName: StaticString? {
      switch self {
      case .none, .gzip, .deflate, .chunked: nil
      case .compress: "compress (LZW, RFC 9110 section 8.4.1.1)"
      case .brotli: "br (Brotli, RFC 7932)"
      case .zstandard: "zstd (Zstandard, RFC 8878)"
      case .unknown: "a coding of unknown name"
      }
    }
  }
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
      } else if HTTPText.equals(name, "br") {
        .brotli
      } else if HTTPText.equals(name, "zstd") {
        .zstandard
      } else if HTTPText.equals(name, "compress") || HTTPText.equals(name, "x-compress") {
        .compress
      } else {
        .unknown
      }
    guard count < 8 else {
      // Nobody applies so many: what they come to is not known.
      packed = packed & ~15 | UInt32(Coding.unknown.rawValue)
      return
    }
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
  /// Brotli, and nothing else.
  var isBrotli: Bool { count == 1 && packed == UInt32(Coding.brotli.rawValue) }
  /// The coding that cannot be undone and is met first; nil where all can.
  var foreign: Coding? { isEmpty ? nil : undoing.first { $0.foreignName != nil } }

  private func contains(_ coding: Coding) -> Bool {
    var rest = packed
    while rest != 0 {
      if rest & 15 == UInt32(coding.rawValue) { return true }
      rest >>= 4
    }
    return false
  }
}

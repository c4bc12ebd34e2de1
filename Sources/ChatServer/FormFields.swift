import SocketServer

/// The fields of a form, `application/x-www-form-urlencoded`. URL Standard section 5.1.
struct FormFields {
  private let pairs: [(name: String, value: String)]

  init(_ body: [UInt8]) {
    pairs = body.split(separator: 0x26, maxSplits: 64).map { pair in
      let parts = pair.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false)
      return (Self.decode(parts[0]), parts.count > 1 ? Self.decode(parts[1]) : "")
    }
  }

  /// The first value of this name; nil where there is none. A button has a name, but no value.
  subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// What is not UTF-8 becomes U+FFFD.
  private static func decode(_ text: ArraySlice<UInt8>) -> String {
    String(decoding: PercentEncoding.decode(text, plusIsSpace: true), as: UTF8.self)
  }
}

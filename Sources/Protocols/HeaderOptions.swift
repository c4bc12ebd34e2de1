import PacketCore

/// The options of an IPv4 or TCP header: at most 40 octets, kept in the value itself so that
/// decoding a header allocates nothing.
public struct HeaderOptions: Sendable, Equatable {
  var storage: InlineArray<40, UInt8>
  /// Octets in use, 0 to 40.
  public private(set) var count: Int

  /// - Parameter octets: At most 40; what is beyond is left out.
  public init(_ octets: [UInt8] = []) {
    storage = InlineArray(repeating: 0)
    count = min(octets.count, 40)
    for index in 0..<count { storage[index] = octets[index] }
  }

  /// Reads `count` octets, 0 to 40.
  /// - Throws: `ParseError` when fewer are left.
  init(reading reader: inout ByteReader, count: Int) throws(ParseError) {
    storage = InlineArray(repeating: 0)
    self.count = 0
    guard count > 0 else { return }
    let octets = try reader.slice(min(count, 40))
    self.count = octets.byteCount
    for index in 0..<self.count {
      storage[index] = octets.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
  }

  func write(to writer: inout ByteWriter) {
    for index in 0..<count { writer.write(storage[index]) }
  }

  /// The octet at `index`, 0 when the options are shorter.
  public subscript(index: Int) -> UInt8 { index < count ? storage[index] : 0 }

  /// Compares the octets in use.
  public static func == (left: HeaderOptions, right: HeaderOptions) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.storage[index] != right.storage[index] { return false }
    return true
  }
}

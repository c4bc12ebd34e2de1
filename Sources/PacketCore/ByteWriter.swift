/// Octets being written, network byte order: what `ByteReader` reads.
public struct ByteWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// - Parameter capacity: Octets that there is room for at once.
  public init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// Appends an integer, most significant octet first.
  public mutating func write<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends octets as they are.
  public mutating func write(_ octets: some Sequence<UInt8>) {
    bytes.append(contentsOf: octets)
  }
}

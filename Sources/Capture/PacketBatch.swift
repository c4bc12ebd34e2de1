import CLinux
import Glibc

/// Packets that go out together: up to 64 in one system call, in one buffer that is used again.
public struct PacketBatch: ~Copyable {
  /// Packets that one system call takes.
  public static var capacity: Int { Int(NETLAB_SEND_MANY) }

  /// Octets set aside for each packet.
  public let stride: Int
  /// Packets in it.
  public private(set) var count = 0
  let octets: UnsafeMutableRawBufferPointer
  var lengths = [UInt32](repeating: 0, count: PacketBatch.capacity)

  /// - Parameter longest: Octets of the longest packet.
  public init(longest: Int) {
    // Whole cache lines: each packet begins at one.
    stride = (max(longest, 1) + 63) & ~63
    octets = .allocate(byteCount: stride * Self.capacity, alignment: 64)
    octets.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { octets.deallocate() }

  public var isFull: Bool { count == Self.capacity }

  /// Forgets the packets; what they left in the buffer stays.
  public mutating func removeAll() { count = 0 }

  /// Adds a packet, unless the batch is full.
  ///
  /// - Parameter write: Fills its place, which holds what an earlier packet left there, and says
  ///   how many octets it wrote.
  @inlinable
  public mutating func append(_ write: (UnsafeMutableRawBufferPointer) -> Int) {
    guard let place = nextPlace() else { return }
    finish(length: write(place))
  }

  /// Adds a packet that is there already, cut off where its place ends.
  public mutating func append(_ packet: [UInt8]) {
    append { place in
      packet.withUnsafeBytes { bytes in
        let count = min(bytes.count, place.count)
        place.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
      }
    }
  }

  @usableFromInline
  func nextPlace() -> UnsafeMutableRawBufferPointer? {
    guard !isFull else { return nil }
    return UnsafeMutableRawBufferPointer(
      rebasing: octets[(count * stride)..<((count + 1) * stride)])
  }

  @usableFromInline
  mutating func finish(length: Int) {
    lengths[count] = UInt32(clamping: min(length, stride))
    count += 1
  }

  /// Hands all to the kernel: sendmmsg(2). An error ends it; the packets before it are out.
  ///
  /// - Parameters:
  ///   - address: A socket address; nil where the socket is bound.
  ///   - patience: Says the error number afterwards.
  /// - Returns: Whether all went out.
  func send(
    over descriptor: Int32, to address: UnsafeRawPointer?, _ length: socklen_t,
    patience: inout SendPatience
  ) -> Bool {
    guard let start = octets.baseAddress else { return true }
    var sent = 0
    while sent < count {
      let taken = lengths.withUnsafeBufferPointer { lengths in
        netlab_send_many(
          descriptor, start + sent * stride, stride, lengths.baseAddress.map { $0 + sent },
          Int32(count - sent), address, length)
      }
      if taken > 0 {
        sent += Int(taken)
        patience = SendPatience()
      } else if !patience.mayRetry(descriptor) {
        return false
      }
    }
    return true
  }
}

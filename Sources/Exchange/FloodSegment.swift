import PacketCore

/// One segment, made again and again with the next sequence number and IP identification, straight
/// into a buffer that is used again. Both checksums are computed anew from the octets, as a sender
/// of single packets does.
struct FloodSegment: Sendable {
  /// Link header and packet, the sums zero.
  private let octets: [UInt8]
  private let ip: Int
  private let tcp: Int
  private let isIPv6: Bool
  private var sequence: UInt32
  private let step: UInt32
  private var identification: UInt16

  /// - Parameters:
  ///   - segment: The first one.
  ///   - linkHeader: What stands before each packet.
  init(_ segment: CraftedSegment, linkHeader: [UInt8] = []) {
    var octets = linkHeader + segment.packet
    isIPv6 = segment.ends.source.family == .ipv6
    ip = linkHeader.count
    tcp = ip + (isIPv6 ? 40 : 20)
    for place in [tcp + 16, tcp + 17] + (isIPv6 ? [] : [ip + 10, ip + 11]) { octets[place] = 0 }
    self.octets = octets
    sequence = segment.sequence
    identification = segment.identification
    // A segment without payload still wants to be told from the one before it.
    step = max(UInt32(truncatingIfNeeded: segment.payload.count), 1)
  }

  /// Octets of a frame.
  var length: Int { octets.count }

  /// Makes the next one.
  ///
  /// - Parameter place: At least `length` octets.
  /// - Returns: Octets written; 0 when the place is too small.
  mutating func write(to place: UnsafeMutableRawBufferPointer) -> Int {
    guard place.count >= octets.count else { return 0 }
    octets.withUnsafeBytes { place.copyMemory(from: $0) }
    place.storeBytes(of: sequence.bigEndian, toByteOffset: tcp &+ 4, as: UInt32.self)
    sequence &+= step
    let bytes = UnsafeRawBufferPointer(place).bytes
    // RFC 9293, 3.1: the pseudo-header is addresses, protocol and TCP length.
    var sum = InternetChecksum()
    if isIPv6 {
      sum.add(bytes.extracting((ip &+ 8)..<(ip &+ 40)))
    } else {
      place.storeBytes(of: identification.bigEndian, toByteOffset: ip &+ 4, as: UInt16.self)
      identification &+= 1
      var header = InternetChecksum()
      header.add(bytes.extracting(ip..<tcp))
      place.storeBytes(of: header.value.bigEndian, toByteOffset: ip &+ 10, as: UInt16.self)
      sum.add(bytes.extracting((ip &+ 12)..<(ip &+ 20)))
    }
    sum.add(UInt16(6))
    sum.add(UInt32(truncatingIfNeeded: octets.count &- tcp))
    sum.add(bytes.extracting(tcp..<octets.count))
    place.storeBytes(of: sum.value.bigEndian, toByteOffset: tcp &+ 16, as: UInt16.self)
    return octets.count
  }
}

import PacketCore

/// Internet Protocol version 4. RFC 791.
public struct IPv4: Layer {
  /// Version in the upper four bits (always 4), header length in 32-bit words in the lower four.
  public var versionAndLength: UInt8
  /// Differentiated services code point (RFC 2474) and ECN (RFC 3168).
  public var differentiatedServices: UInt8
  /// Octets of header and payload together.
  public var totalLength: UInt16
  public var identification: UInt16
  /// Three flag bits and the fragment offset in units of eight octets.
  public var flagsAndOffset: UInt16
  public var timeToLive: UInt8
  public var `protocol`: UInt8
  public var checksum: UInt16
  public var source: IPv4Address
  public var destination: IPv4Address
  /// The options, padding included; 0 to 40 octets.
  public var options: HeaderOptions

  public typealias Note = ChecksumVerdict

  public static let carriedBy: [PayloadType] = [
    .etherType(0x0800), .ipProtocol(4), .ipVersion(4), .linkType(.ipv4),
  ]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    let start = reader.offset
    versionAndLength = try reader.read()
    guard versionAndLength >> 4 == 4 else {
      throw ParseError(.invalid, at: start, detail: "the IP version is not 4")
    }
    guard versionAndLength & 15 >= 5 else {
      throw ParseError(.invalid, at: start, detail: "the header is shorter than 20 octets")
    }
    differentiatedServices = try reader.read()
    totalLength = try reader.read()
    identification = try reader.read()
    flagsAndOffset = try reader.read()
    timeToLive = try reader.read()
    `protocol` = try reader.read()
    checksum = try reader.read()
    source = IPv4Address(try reader.read())
    destination = IPv4Address(try reader.read())
    options = try HeaderOptions(reading: &reader, count: (Int(versionAndLength & 15) - 5) * 4)
    reader.trim(toRemaining: Int(totalLength) - headerLength)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(versionAndLength)
    writer.write(differentiatedServices)
    writer.write(totalLength)
    writer.write(identification)
    writer.write(flagsAndOffset)
    writer.write(timeToLive)
    writer.write(`protocol`)
    writer.write(checksum)
    writer.write(source.value)
    writer.write(destination.value)
    options.write(to: &writer)
  }

  /// Octets of the header, options included.
  public var headerLength: Int { Int(versionAndLength & 15) * 4 }
  public var payloadType: PayloadType { .ipProtocol(`protocol`) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.setEndpoints(source: Address(source), destination: Address(destination))
    var total = InternetChecksum()
    total.add(bytes.extracting(dissection.layers[index].header))
    dissection.setNote(
      ChecksumVerdict(found: checksum, total: total, pseudoHeader: nil), at: index)
    return payloadType
  }

  public static let schema = Schema<IPv4>(
    "ip", "Internet Protocol Version 4", "RFC 791", column: "IPv4",
    fields: [
      .number("ip.version", "Version", at: 0..<1, mask: 0xf0) { $0.versionAndLength >> 4 },
      .number("ip.len", "Total Length", at: 2..<4) { $0.totalLength },
      .ipv4("ip.src", "Source Address", at: 12..<16) { $0.source },
      .ipv4("ip.dst", "Destination Address", at: 16..<20) { $0.destination },
      .either("ip.addr", "Source or Destination Address", of: "ip.src", "ip.dst"),
    ])
}

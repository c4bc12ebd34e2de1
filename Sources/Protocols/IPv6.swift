import PacketCore

/// Internet Protocol version 6. RFC 8200 section 3.
///
/// ```
/// |Version| Traffic Class |           Flow Label                  |
/// |         Payload Length        |  Next Header  |   Hop Limit   |
/// |                       Source Address, 16                      |
/// |                    Destination Address, 16                    |
/// ```
public struct IPv6: Layer {
  /// Version (4 bits), traffic class (8), flow label (20).
  public var versionClassFlow: UInt32
  /// Octets behind this header, extension headers included; 0 for a jumbogram (RFC 2675) and in
  /// packets captured before segmentation offload.
  public var payloadLength: UInt16
  /// The header that follows, an IANA protocol number.
  public var nextHeader: UInt8
  /// Routers that the packet may still cross.
  public var hopLimit: UInt8
  /// The sender.
  public var source: IPv6Address
  /// The receiver, or with a routing header that is not used up the next stop.
  public var destination: IPv6Address

  public typealias Note = IPNote

  public static let carriedBy: [PayloadType] = [
    .etherType(0x86dd), .ipProtocol(41), .ipVersion(6), .linkType(.ipv6),
  ]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    versionClassFlow = try reader.read()
    payloadLength = try reader.read()
    nextHeader = try reader.read()
    hopLimit = try reader.read()
    source = IPv6Address(high: try reader.read(), low: try reader.read())
    destination = IPv6Address(high: try reader.read(), low: try reader.read())
    if version != 6 {
      reader.trim(toRemaining: 0)
    } else if payloadLength != 0 {
      reader.trim(toRemaining: Int(payloadLength))
    }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(versionClassFlow)
    writer.write(payloadLength)
    writer.write(nextHeader)
    writer.write(hopLimit)
    writer.write(source.high)
    writer.write(source.low)
    writer.write(destination.high)
    writer.write(destination.low)
  }

  /// Always 6.
  public var version: UInt32 { versionClassFlow &>> 28 }
  /// Differentiated services code point and ECN.
  public var trafficClass: UInt8 { UInt8(truncatingIfNeeded: versionClassFlow &>> 20) }
  /// Number that packets of one flow have in common; 0 for none.
  public var flowLabel: UInt32 { versionClassFlow & 0xf_ffff }
  public var payloadType: PayloadType { version == 6 ? .ipProtocol(nextHeader) : .nothing }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.setNote(IPNote(timeToLive: hopLimit), at: index)
    guard version == 6 else {
      dissection.add(Self.bogusVersion, at: index)
      return .nothing
    }
    dissection.setEndpoints(source: Address(source), destination: Address(destination))
    let record = dissection.layers[index]
    if Int(payloadLength) > record.reportedPayloadLength {
      dissection.add(
        Self.lengthExceedsFrame, at: index, found: UInt64(payloadLength),
        expected: UInt64(record.reportedPayloadLength))
    } else if payloadLength == 0, nextHeader != 0, record.reportedPayloadLength > 0 {
      dissection.add(Self.lengthZero, at: index)
    }
    return payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "IPv6"
    if version != 6 {
      columns.info.append("Bogus IPv6 version (")
      columns.info.append(version)
      columns.info.append(", must be 6)")
    } else {
      Self.summarizeNext(nextHeader, into: &columns)
    }
  }

  /// What is said of a packet whose last header names a protocol that nobody knows.
  static func summarizeNext(_ nextHeader: UInt8, into columns: inout Columns) {
    columns.protocolName = "IPv6"
    if nextHeader == 59 {
      columns.info.append("IPv6 no next header")
      return
    }
    columns.info.append("Unknown IP Protocol: ")
    columns.info.append(IPProtocolNumbers.name(nextHeader))
    columns.info.append(" (")
    columns.info.append(nextHeader)
    columns.info.append(")")
  }

  static let bogusVersion = FindingKind(
    "ipv6.bogus_ipv6_version", "Bogus IP version", .error, .malformed)
  static let lengthExceedsFrame = FindingKind(
    "ipv6.plen_exceeds_framing", "IPv6 payload length does not match expected framing length",
    .warning, .protocolError
  ) { ": \($0), \($1) octets are there" }
  static let lengthZero = FindingKind(
    "ipv6.plen_zero",
    "IPv6 payload length equals 0 (maybe because of \"TCP segmentation offload\" (TSO))", .note,
    .protocolError)

  public static let schema = Schema<IPv6>(
    "ipv6", "Internet Protocol Version 6", "RFC 8200", column: "IPv6",
    fields: [
      .number("ipv6.version", "Version", at: 0..<1, mask: 0xf0) { $0.version },
      .number(
        "ipv6.tclass", "Traffic Class", at: 0..<4, mask: 0x0ff0_0000, base: .hexadecimal,
        children: [
          .number(
            "ipv6.tclass.dscp", "Differentiated Services Codepoint", at: 0..<4, mask: 0x0fc0_0000,
            label: ServiceClasses.codePoints.label
          ) { $0.trafficClass >> 2 },
          .number(
            "ipv6.tclass.ecn", "Explicit Congestion Notification", at: 0..<4, mask: 0x0030_0000,
            label: ServiceClasses.congestion.label
          ) { $0.trafficClass & 3 },
        ]
      ) { $0.trafficClass },
      .number("ipv6.flow", "Flow Label", at: 1..<4, mask: 0xf_ffff, base: .hexadecimal) {
        $0.flowLabel
      },
      .number("ipv6.plen", "Payload Length", at: 4..<6, unit: "bytes") { $0.payloadLength },
      .number("ipv6.nxt", "Next Header", at: 6..<7, label: IPProtocolNumbers.label) {
        $0.nextHeader
      },
      .number("ipv6.hlim", "Hop Limit", at: 7..<8) { $0.hopLimit },
      .ipv6("ipv6.src", "Source Address", at: 8..<24) { $0.source },
      .ipv6("ipv6.dst", "Destination Address", at: 24..<40) { $0.destination },
      // The version of either IP is found under IPv4's name, as in Wireshark.
      .either("ip.version", "Version", of: "ipv6.version"),
      .either("ipv6.addr", "Source or Destination Address", of: "ipv6.src", "ipv6.dst"),
    ]
      + IPv6Option.shared.map { part in
        .either(
          "ipv6.opt.\(part.name)", part.title, of: "ipv6.hopopts.opt.\(part.name)",
          "ipv6.dstopts.opt.\(part.name)")
      }, findings: [bogusVersion, lengthExceedsFrame, lengthZero],
    heading: { layer, _, _, text in
      text.append(", Src: ")
      text.append(layer.source)
      text.append(", Dst: ")
      text.append(layer.destination)
    })
}

import PacketCore

/// Addresses to visit on the way. RFC 8200 section 4.4; type 0 RFC 5095 (deprecated), type 2
/// RFC 6275, type 4 (segment routing) RFC 8754.
///
/// ```
/// |  Next Header  |  Hdr Ext Len  |  Routing Type | Segments Left |
/// |                      type-specific data                       |
/// ```
public struct IPv6Routing: Layer {
  /// The header that follows.
  public var nextHeader: UInt8
  /// Octets of the whole header in units of eight, the first eight not counted.
  public var length: UInt8
  /// What the rest of the header means.
  public var type: UInt8
  /// Addresses still to be visited.
  public var segmentsLeft: UInt8
  /// What stands behind the first four octets.
  public var data: [UInt8]

  public static let carriedBy: [PayloadType] = [.ipProtocol(43)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    nextHeader = try reader.read()
    length = try reader.read()
    type = try reader.read()
    segmentsLeft = try reader.read()
    data = try reader.array(Int(length) * 8 + 4)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(nextHeader)
    writer.write(length)
    writer.write(type)
    writer.write(segmentsLeft)
    writer.write(data)
  }

  public var payloadType: PayloadType { .ipProtocol(nextHeader) }

  /// The addresses in the order of the header, with their places.
  public var addresses: [(place: Range<Int>, address: IPv6Address)] {
    guard type == 0 || type == 2 || type == 4 else { return [] }
    // RFC 8754 section 2: a segment list ends at Last Entry; type-length-values may follow.
    let limit = type == 4 ? Int(data.first ?? 0) + 1 : .max
    return stride(from: 4, to: data.count - 15, by: 16).prefix(limit).map { at in
      let high = data[at..<at + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let low = data[at + 8..<at + 16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return (at + 4..<at + 20, IPv6Address(high: high, low: low))
    }
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    if type == 0 { dissection.add(Self.deprecated, at: index) }
    let addresses = addresses
    if type == 0 || type == 2 || type == 4 {
      // Of a segment list's n entries at most n - 1 can be left: the last is the present one.
      if Int(segmentsLeft) > addresses.count - (type == 4 ? 1 : 0) {
        dissection.add(
          Self.invalidSegmentsLeft, at: index, found: UInt64(segmentsLeft),
          expected: UInt64(addresses.count))
      }
      if segmentsLeft > 0,
        // RFC 8200 8.1: the pseudo-header holds the final destination. RFC 8754 section 2: segments
        // are encoded in reverse, the first entry is the last segment.
        let final = type == 4 ? addresses.first : addresses.last
      {
        dissection.setEndpoints(
          source: dissection.endpoints.source, destination: Address(final.address))
      }
    }
    return payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    IPv6.summarizeNext(nextHeader, into: &columns)
  }

  static let types: ValueNames = [
    0: "Source Route", 1: "Nimrod", 2: "Type 2 Routing", 3: "RPL Source Route",
    4: "Segment Routing", 5: "Compact Routing Header 16", 6: "Compact Routing Header 32",
    253: "Experiment 1", 254: "Experiment 2",
  ]
  static let deprecated = FindingKind(
    "ipv6.routing.deprecated", "Routing header type is deprecated", .note, .protocolError)
  static let invalidSegmentsLeft = FindingKind(
    "ipv6.routing.invalid_segleft",
    "IPv6 Routing Header segments left field must not exceed address count", .error, .protocolError
  ) { ": \($0), \($1) addresses" }

  private static func addressList(_ name: String, _ title: String, type: UInt8) -> Field<
    IPv6Routing
  > {
    .list(name, title, .ipv6) { layer, _, _, emit in
      guard layer.type == type else { return }
      for (place, address) in layer.addresses { emit(.ipv6(address), place) }
    }
  }

  public static let schema = Schema<IPv6Routing>(
    "ipv6.routing", "Routing Header for IPv6", "RFC 8200", column: "IPv6",
    fields: [
      .number("ipv6.routing.nxt", "Next Header", at: 0..<1, label: IPProtocolNumbers.label) {
        $0.nextHeader
      },
      .number("ipv6.routing.len", "Length", at: 1..<2) { $0.length },
      .derived("ipv6.routing.len_oct", "Length", .unsigned, bits: 16) { layer, _, _ in
        .unsigned(UInt64(layer.length) * 8 + 8)
      },
      .number("ipv6.routing.type", "Type", at: 2..<3, label: types.label) { $0.type },
      .number("ipv6.routing.segleft", "Segments Left", at: 3..<4) { $0.segmentsLeft },
      .octets("ipv6.routing.src.reserved", "Reserved") { $0.type == 0 ? 4..<8 : nil },
      addressList("ipv6.routing.src.addr", "Address", type: 0),
      .octets("ipv6.routing.mipv6.reserved", "Reserved") { $0.type == 2 ? 4..<8 : nil },
      addressList("ipv6.routing.mipv6.home_address", "Home Address", type: 2),
      .number("ipv6.routing.srh.last_entry", "Last Entry", bits: 8, at: { _ in 4..<5 }) {
        $0.type == 4 ? $0.data.first : nil
      },
      .number(
        "ipv6.routing.srh.flags", "Flags", bits: 8, base: .hexadecimal, at: { _ in 5..<6 }
      ) { $0.type == 4 ? $0.data[1] : nil },
      .octets("ipv6.routing.srh.tag", "Tag") { $0.type == 4 ? 6..<8 : nil },
      addressList("ipv6.routing.srh.addr", "Address", type: 4),
      .octets("ipv6.routing.unknown_data", "Type-Specific Data") {
        $0.type == 0 || $0.type == 2 || $0.type == 4 ? nil : 4..<4 + $0.data.count
      },
    ], findings: [deprecated, invalidSegmentsLeft],
    heading: { layer, _, _, text in
      text.append(" (")
      text.append(types[layer.type] ?? "Unknown")
      text.append(")")
    })
}

import PacketCore

/// Options for the packet's destination. RFC 8200 section 4.6.
public struct IPv6DestinationOptions: Layer {
  /// Next header, length and options.
  public var options: IPv6Options

  public static let carriedBy: [PayloadType] = [.ipProtocol(60)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    options = try IPv6Options(reading: &reader)
  }

  public func write(to writer: inout ByteWriter) { options.write(to: &writer) }

  public var payloadType: PayloadType { .ipProtocol(options.nextHeader) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    // RFC 6275 section 6.3: checksums are computed with the home address as source.
    if let home = options.homeAddress {
      dissection.setEndpoints(
        source: Address(home), destination: dissection.endpoints.destination)
    }
    var isBroken = false
    options.each { option, _ in isBroken = isBroken || option.isBroken }
    if isBroken { dissection.add(Self.invalidOption, at: index) }
    return payloadType
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    IPv6.summarizeNext(options.nextHeader, into: &columns)
  }

  static let invalidOption = FindingKind(
    "ipv6.dstopts.opt.invalid_len", "Invalid IPv6 option length", .error, .malformed)

  public static let schema = Schema<IPv6DestinationOptions>(
    "ipv6.dstopts", "Destination Options for IPv6", "RFC 8200", column: "IPv6",
    fields: [
      .number("ipv6.dstopts.nxt", "Next Header", at: 0..<1, label: IPProtocolNumbers.label) {
        $0.options.nextHeader
      },
      .number("ipv6.dstopts.len", "Length", at: 1..<2) { $0.options.length },
      .derived("ipv6.dstopts.len_oct", "Length", .unsigned, bits: 16) { layer, _, _ in
        .unsigned(UInt64(layer.options.size))
      },
      .items(
        "ipv6.dstopts.opt", "IPv6 Option", of: IPv6Option.fields("ipv6.dstopts"),
        heading: { IPv6Option.names[$0.type]?.description ?? "Unknown IPv6 Option (\($0.type))" }
      ) { layer, emit in layer.options.each(emit) },
    ], findings: [invalidOption])
}

import PacketCore

/// Options for every router on the way. RFC 8200 section 4.3.
public struct IPv6HopByHop: Layer {
  /// Next header, length and options.
  public var options: IPv6Options

  public static let carriedBy: [PayloadType] = [.ipProtocol(0)]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    options = try IPv6Options(reading: &reader)
  }

  public func write(to writer: inout ByteWriter) { options.write(to: &writer) }

  public var payloadType: PayloadType { .ipProtocol(options.nextHeader) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    // RFC 8200 4.1: it "is restricted to appear immediately after an IPv6 header only".
    if index == 0 || !dissection.layers[index - 1].is(IPv6.self) {
      dissection.add(Self.notFirst, at: index)
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

  static let notFirst = FindingKind(
    "ipv6.hopopts.not_first",
    "IPv6 Hop-by-Hop extension header must appear immediately after IPv6 header", .warning,
    .protocolError)
  static let invalidOption = FindingKind(
    "ipv6.hopopts.opt.invalid_len", "Invalid IPv6 option length", .error, .malformed)

  public static let schema = Schema<IPv6HopByHop>(
    "ipv6.hopopts", "IPv6 Hop-by-Hop Option", "RFC 8200", column: "IPv6",
    fields: [
      .number("ipv6.hopopts.nxt", "Next Header", at: 0..<1, label: IPProtocolNumbers.label) {
        $0.options.nextHeader
      },
      .number("ipv6.hopopts.len", "Length", at: 1..<2) { $0.options.length },
      .derived("ipv6.hopopts.len_oct", "Length", .unsigned, bits: 16) { layer, _, _ in
        .unsigned(UInt64(layer.options.size))
      },
      .items(
        "ipv6.hopopts.opt", "IPv6 Option", of: IPv6Option.fields("ipv6.hopopts"),
        heading: { IPv6Option.names[$0.type]?.description ?? "Unknown IPv6 Option (\($0.type))" }
      ) { layer, emit in layer.options.each(emit) },
    ], findings: [notFirst, invalidOption])
}

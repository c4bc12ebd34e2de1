import PacketCore

/// A service provider's VLAN tag ("QinQ"). IEEE 802.1ad; the layout of an 802.1Q tag with an
/// EtherType of its own.
public struct ProviderBridge: Layer {
  /// Priority (3 bits), drop eligible indicator (1), service VLAN identifier (12).
  public var tag: UInt16
  /// EtherType of what follows.
  public var type: UInt16

  public static let carriedBy: [PayloadType] = [.etherType(0x88a8)]

  /// A tag with these fields.
  public init(tag: UInt16, type: UInt16) {
    self.tag = tag
    self.type = type
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    tag = try reader.read()
    type = try reader.read()
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(tag)
    writer.write(type)
  }

  public var payloadType: PayloadType { type <= 1500 ? LLC.asPayload : .etherType(type) }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "802.1ad"
    columns.info.append("PRI: ")
    columns.info.append(tag >> 13)
    columns.info.append("  DROP: ")
    columns.info.append(tag >> 12 & 1)
    columns.info.append("  ID: ")
    columns.info.append(tag & 0xfff)
  }

  public static let schema = Schema<ProviderBridge>(
    "ieee8021ad", "IEEE 802.1ad", "IEEE 802.1ad", column: "802.1ad",
    fields: [
      .number("ieee8021ad.priority", "Priority", at: 0..<2, mask: 0xe000) { $0.tag >> 13 },
      .number("ieee8021ad.dei", "DEI", at: 0..<2, mask: 0x1000) { $0.tag >> 12 & 1 },
      .number("ieee8021ad.id", "ID", at: 0..<2, mask: 0x0fff) { $0.tag & 0xfff },
      .number(
        "ieee8021ad.etype", "Type", at: 2..<4, base: .hexadecimal, label: EtherTypes.names.label
      ) { $0.type },
    ],
    heading: { layer, _, _, text in
      text.append(", ID: ")
      text.append(layer.tag & 0xfff)
    })
}

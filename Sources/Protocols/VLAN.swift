import PacketCore

/// A VLAN tag. IEEE 802.1Q clause 9.6.
///
/// ```
/// +---------------+-------+------------------------+-------------+
/// | priority, 3   | DEI,1 | VLAN identifier, 12    | type, 16    |
/// +---------------+-------+------------------------+-------------+
/// ```
public struct VLAN: Layer {
  /// Priority (3 bits), drop eligible indicator (1), VLAN identifier (12).
  public var tag: UInt16
  /// EtherType of what follows, or up to 1500 the octets of LLC data.
  public var type: UInt16

  public static let carriedBy: [PayloadType] = [.etherType(0x8100), .etherType(0x9100)]

  /// A tag with these fields.
  public init(tag: UInt16, type: UInt16) {
    self.tag = tag
    self.type = type
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    tag = try reader.read()
    type = try reader.read()
    if isLength { reader.trim(toRemaining: Int(type)) }
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(tag)
    writer.write(type)
  }

  /// Whether the type field is the length of LLC data.
  public var isLength: Bool { type <= 1500 }
  /// 0 to 7, the highest last.
  public var priority: UInt16 { tag >> 13 }
  /// Whether the frame may be dropped first.
  public var isDropEligible: Bool { tag & 0x1000 != 0 }
  /// 1 to 4094; 0 for a tag that only gives a priority.
  public var identifier: UInt16 { tag & 0xfff }
  public var payloadType: PayloadType { isLength ? LLC.asPayload : .etherType(type) }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "VLAN"
    summarizeTag(into: &columns)
  }

  public func summarizePart(_ count: Int, into columns: inout Columns) {
    if count >= 2 { summarizeTag(into: &columns) }
  }

  private func summarizeTag(into columns: inout Columns) {
    columns.info.append("PRI: ")
    columns.info.append(priority)
    columns.info.append(isDropEligible ? "  DEI: 1  ID: " : "  DEI: 0  ID: ")
    columns.info.append(identifier)
  }

  /// IEEE 802.1Q table I-2.
  static let priorities: ValueNames = [
    0: "Best Effort (default)", 1: "Background", 2: "Excellent Effort",
    3: "Critical Applications", 4: "Video, < 100ms latency and jitter",
    5: "Voice, < 10ms latency and jitter", 6: "Internetwork Control", 7: "Network Control",
  ]

  public static let schema = Schema<VLAN>(
    "vlan", "802.1Q Virtual LAN", "IEEE 802.1Q", column: "VLAN",
    fields: [
      .number(
        "vlan.priority", "Priority", at: 0..<2, mask: 0xe000, label: priorities.label
      ) { $0.priority },
      .flag("vlan.dei", "DEI", at: 0..<2, mask: 0x1000) { $0.isDropEligible },
      .number("vlan.id", "ID", at: 0..<2, mask: 0x0fff) { $0.identifier },
      .number(
        "vlan.etype", "Type", bits: 16, base: .hexadecimal, label: EtherTypes.names.label,
        at: { _ in 2..<4 }
      ) { $0.isLength ? nil : $0.type },
      .number("vlan.len", "Length", bits: 16, at: { _ in 2..<4 }) { $0.isLength ? $0.type : nil },
      .octets("vlan.trailer", "Trailer") { _, bytes, record, dissection in
        FrameTail(behind: record, bytes, dissection)?.trailer
      },
    ],
    heading: { layer, _, _, text in
      text.append(", PRI: ")
      text.append(layer.priority)
      text.append(layer.isDropEligible ? ", DEI: 1, ID: " : ", DEI: 0, ID: ")
      text.append(layer.identifier)
    })
}

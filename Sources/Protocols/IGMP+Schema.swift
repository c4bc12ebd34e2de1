import PacketCore

extension IGMP {
  static let types: ValueNames = [
    0x11: "Membership Query", 0x12: "Membership Report", 0x13: "DVMRP Protocol",
    0x14: "PIM Routing Message", 0x16: "Membership Report", 0x17: "Leave Group",
    0x1e: "Traceroute Response", 0x1f: "Traceroute Query or Request", 0x22: "Membership Report",
  ]
  static let recordTypes: ValueNames = [
    1: "Mode Is Include", 2: "Mode Is Exclude", 3: "Change To Include Mode",
    4: "Change To Exclude Mode", 5: "Allow New Sources", 6: "Block Old Sources",
  ]

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = version == 1 ? "IGMPv1" : version == 2 ? "IGMPv2" : "IGMPv3"
    columns.info.append(Self.types[type] ?? "Unknown Type")
    switch type {
    case 0x11 where version > 1:
      if group.value == 0 {
        columns.info.append(", general")
      } else {
        columns.info.append(", specific for group ")
        columns.info.append(group)
      }
      let sources = sources
      if !sources.isEmpty {
        columns.info.append(", sources {")
        Self.append(sources.map(\.address), into: &columns.info)
      }
    case 0x16:
      columns.info.append(" group ")
      columns.info.append(group)
    case 0x17:
      columns.info.append(" ")
      columns.info.append(group)
    case 0x22:
      var text = TextBuffer(capacity: 256)
      let isWhole = eachRecord { record, _ in Self.append(record, into: &text) }
      columns.info.append(text)
      if !isWhole { columns.info.append("[Malformed Packet]") }
    default: break
    }
  }

  /// " / Join group 224.1.2.3 for any sources".
  private static func append(_ record: GroupRecord, into text: inout TextBuffer) {
    guard (1...6).contains(record.type) else { return }
    let hasSources = !record.sources.isEmpty
    switch record.type {
    case 1, 3:
      text.append(hasSources ? " / Join group " : " / Leave group ")
      text.append(record.group)
      if !hasSources { return }
      text.append(record.type == 1 ? " for sources in {" : " for source {")
    case 2, 4:
      text.append(" / Join group ")
      text.append(record.group)
      text.append(hasSources ? ", for source not {" : " for any sources")
      if !hasSources { return }
    default:
      text.append(" / Group ")
      text.append(record.group)
      text.append(record.type == 5 ? ", new source {" : ", block source {")
    }
    append(record.sources, into: &text)
  }

  private static func append(_ addresses: [IPv4Address], into text: inout TextBuffer) {
    for (index, address) in addresses.enumerated() {
      if index > 0 { text.append(", ") }
      text.append(address)
    }
    text.append("}")
  }

  private static let recordFields: [Field<GroupRecord>] = [
    .number("igmp.record_type", "Record Type", at: 0..<1, label: recordTypes.label) { $0.type },
    .number("igmp.aux_data_len", "Aux Data Len", at: 1..<2) { $0.auxiliaryLength },
    .number("igmp.record.num_src", "Num Src", at: 2..<4) { $0.sourceCount },
    .ipv4("igmp.record.maddr", "Multicast Address", at: 4..<8) { $0.group },
    .list("igmp.record.saddr", "Source Address", .ipv4) { record, _, _, emit in
      for (index, source) in record.sources.enumerated() {
        emit(.ipv4(source), 8 + index * 4..<12 + index * 4)
      }
    },
    .octets("igmp.aux_data", "Aux Data") { 8 + $0.sources.count * 4..<$0.size },
  ]

  public static let schema = Schema<IGMP>(
    "igmp", "Internet Group Management Protocol", "RFC 3376", column: "IGMP",
    fields: [
      .derived("igmp.version", "IGMP Version", .unsigned, bits: 8) { layer, _, _ in
        .unsigned(UInt64(layer.version))
      },
      .number("igmp.type", "Type", at: 0..<1, base: .hexadecimal, label: types.label) { $0.type },
      .number("igmp.max_resp", "Max Resp Time", bits: 16, at: { _ in 1..<2 }) {
        $0.version > 1 && !$0.isReport3 ? $0.responseTime : nil
      },
      .number("igmp.checksum", "Checksum", at: 2..<4, base: .hexadecimal) { $0.checksum },
      .derived(
        "igmp.checksum.status", "Checksum Status", .unsigned, bits: 8,
        label: ChecksumWords.statuses.label
      ) { _, record, dissection in
        dissection.note(of: IGMP.self, record).map { .unsigned(UInt64($0.status.rawValue)) }
      },
      .derived("igmp.group.maddr", "Multicast Address", .ipv4, at: { _ in 4..<8 }) {
        layer, _, _ in layer.isReport3 ? nil : .ipv4(layer.group)
      },
      .number("igmp.num_grp_recs", "Num Group Records", bits: 16, at: { _ in 6..<8 }) {
        $0.isReport3 ? UInt16(truncatingIfNeeded: $0.group.value) : nil
      },
      .derived("igmp.s", "S", .boolean, at: { _ in 8..<9 }) { layer, _, _ in
        layer.isQuery3 ? layer.number(at: 0, 1).map { .boolean($0 & 8 != 0) } : nil
      },
      .number("igmp.qrv", "QRV", bits: 3, at: { _ in 8..<9 }) {
        $0.isQuery3 ? $0.number(at: 0, 1).map { $0 & 7 } : nil
      },
      .number("igmp.qqic", "QQIC", bits: 8, at: { _ in 9..<10 }) {
        $0.isQuery3 ? $0.number(at: 1, 1) : nil
      },
      .number("igmp.query.num_src", "Num Src", bits: 16, at: { _ in 10..<12 }) {
        $0.isQuery3 ? $0.number(at: 2, 2) : nil
      },
      .list("igmp.query.saddr", "Source Address", .ipv4) { layer, _, _, emit in
        for (place, address) in layer.sources { emit(.ipv4(address), place) }
      },
      .items(
        "igmp.record", "Group Record", of: recordFields,
        heading: { "Group Record: \(recordTypes[$0.type]?.description ?? "Unknown \($0.type)")" }
      ) { layer, emit in layer.eachRecord(emit) },
      .either("igmp.maddr", "Multicast Address", of: "igmp.group.maddr", "igmp.record.maddr"),
      .either("igmp.saddr", "Source Address", of: "igmp.query.saddr", "igmp.record.saddr"),
      .either("igmp.num_src", "Num Src", of: "igmp.query.num_src", "igmp.record.num_src"),
    ], findings: [badChecksum])
}

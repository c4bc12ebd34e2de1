import PacketCore

/// One record of a version 2 listener report. RFC 3810 section 5.2.
struct ListenerRecord: Sendable, Equatable {
  var type: UInt8
  var auxiliaryLength: UInt8
  var group: IPv6Address
  var sources: [IPv6Address]
  var sourceCount: UInt16
  var size: Int
}

extension ICMPv6 {
  /// Goes through the records of a version 2 listener report.
  func eachRecord(_ emit: (ListenerRecord, Range<Int>) -> Void) {
    guard type == 143 else { return }
    var at = 0
    for _ in 0..<sequence {
      guard let type = number(at: at, 1), let auxiliary = number(at: at + 1, 1),
        let count = number(at: at + 2, 2), at + 20 <= body.count
      else { return }
      let sourcesEnd = at + 20 + Int(count) * 16
      guard sourcesEnd <= body.count else { return }
      let end = min(sourcesEnd + Int(auxiliary) * 4, body.count)
      emit(
        ListenerRecord(
          type: UInt8(truncatingIfNeeded: type),
          auxiliaryLength: UInt8(truncatingIfNeeded: auxiliary), group: address(at: at + 4),
          sources: stride(from: at + 20, to: sourcesEnd, by: 16).map { address(at: $0) },
          sourceCount: UInt16(truncatingIfNeeded: count), size: end - at), at + 8..<end + 8)
      at = end
    }
  }

  private static let recordFields: [Field<ListenerRecord>] = [
    .number("icmpv6.mldr.mar.record_type", "Record Type", at: 0..<1, label: recordTypes.label) {
      $0.type
    },
    .number("icmpv6.mldr.mar.aux_data_len", "Aux Data Len", at: 1..<2) { $0.auxiliaryLength },
    .number("icmpv6.mldr.mar.nb_sources", "Number of Sources", at: 2..<4) { $0.sourceCount },
    .ipv6("icmpv6.mldr.mar.multicast_address", "Multicast Address", at: 4..<20) { $0.group },
    .list("icmpv6.mldr.mar.source_address", "Source Address", .ipv6) { record, _, _, emit in
      for (index, source) in record.sources.enumerated() {
        emit(.ipv6(source), 20 + index * 16..<36 + index * 16)
      }
    },
    .octets("icmpv6.mldr.mar.auxiliary_data", "Auxiliary Data") {
      20 + $0.sources.count * 16..<$0.size
    },
  ]

  private static func bit(
    _ name: String, _ title: String, type: UInt8, at place: Range<Int>, _ mask: UInt32
  ) -> Field<ICMPv6> {
    .derived(name, title, .boolean, at: { _ in place }) { layer, _, _ in
      layer.type == type ? .boolean(layer.rest & mask != 0) : nil
    }
  }

  private static func target(_ name: String, type: UInt8) -> Field<ICMPv6> {
    .derived(name, "Target Address", .ipv6, at: { _ in 8..<24 }) { layer, _, _ in
      layer.type == type ? .ipv6(layer.address(at: 0)) : nil
    }
  }

  /// A version 2 query is longer than a version 1 query. RFC 3810 section 8.1.
  private var isQuery2: Bool { type == 130 && body.count >= 20 }
  /// Milliseconds. RFC 3810 section 5.1.3: from 32768 on a floating-point number.
  private var responseCode: UInt32 {
    let code = UInt32(identifier)
    return code < 32768 ? code : (code & 0xfff | 0x1000) << ((code >> 12 & 7) + 3)
  }
  private var isListener1: Bool { (130...132).contains(type) && !isQuery2 }

  private static let echoAndErrorFields: [Field<ICMPv6>] = [
    .number("icmpv6.type", "Type", at: 0..<1, label: types.label) { $0.type },
    .number("icmpv6.code", "Code", at: 1..<2) { $0.code }
      .named { codes(of: $0.type)?.label(UInt64($0.code)) },
    .number("icmpv6.checksum", "Checksum", at: 2..<4, base: .hexadecimal) { $0.checksum },
    .derived(
      "icmpv6.checksum.status", "Checksum Status", .unsigned, bits: 8,
      label: ChecksumWords.statuses.label
    ) { _, record, dissection in
      dissection.note(of: ICMPv6.self, record).map {
        .unsigned(UInt64($0.verdict.status.rawValue))
      }
    },
    .octets("icmpv6.reserved", "Reserved") {
      switch $0.type {
      case 1, 3, 133, 135, 137: 4..<8
      case 143: 4..<6
      default: $0.isListener1 || $0.isQuery2 ? 6..<8 : nil
      }
    },
    .number("icmpv6.mtu", "MTU", bits: 32, at: { _ in 4..<8 }) { $0.type == 2 ? $0.rest : nil },
    .number("icmpv6.pointer", "Pointer", bits: 32, at: { _ in 4..<8 }) {
      $0.type == 4 ? $0.rest : nil
    },
    .number(
      "icmpv6.echo.identifier", "Identifier", bits: 16, base: .hexadecimal, at: { _ in 4..<6 }
    ) { $0.isEcho ? $0.identifier : nil },
    .number("icmpv6.echo.sequence_number", "Sequence", bits: 16, at: { _ in 6..<8 }) {
      $0.isEcho ? $0.sequence : nil
    },
    .derived("icmpv6.resp_to", "Response To", .unsigned) { _, record, dissection in
      guard let note = dissection.note(of: ICMPv6.self, record), note.requestFrame != 0 else {
        return nil
      }
      return .unsigned(note.requestFrame)
    },
    // In milliseconds, as Wireshark has it.
    .derived("icmpv6.resptime", "Response Time", .floating, unit: "ms") { _, record, dissection in
      guard let note = dissection.note(of: ICMPv6.self, record), note.requestFrame != 0 else {
        return nil
      }
      return .floating(Double(note.responseTime) / 1e6)
    },
  ]

  private static let neighborFields: [Field<ICMPv6>] = [
    .number("icmpv6.nd.ra.cur_hop_limit", "Cur hop limit", bits: 8, at: { _ in 4..<5 }) {
      $0.type == 134 ? $0.rest >> 24 : nil
    },
    .number(
      "icmpv6.nd.ra.flag", "Flags", bits: 8, base: .hexadecimal, at: { _ in 5..<6 },
      children: [
        bit(
          "icmpv6.nd.ra.flag.m", "Managed address configuration", type: 134, at: 5..<6, 0x80_0000),
        bit("icmpv6.nd.ra.flag.o", "Other configuration", type: 134, at: 5..<6, 0x40_0000),
        bit("icmpv6.nd.ra.flag.h", "Home Agent", type: 134, at: 5..<6, 0x20_0000),
        .number(
          "icmpv6.nd.ra.flag.prf", "Prf (Default Router Preference)", bits: 2,
          label: preferences.label, at: { _ in 5..<6 }
        ) { $0.rest >> 19 & 3 },
        bit("icmpv6.nd.ra.flag.p", "Proxy", type: 134, at: 5..<6, 0x04_0000),
      ]
    ) { $0.type == 134 ? $0.rest >> 16 & 0xff : nil },
    .number("icmpv6.nd.ra.router_lifetime", "Router lifetime (s)", bits: 16, at: { _ in 6..<8 }) {
      $0.type == 134 ? $0.sequence : nil
    },
    .number("icmpv6.nd.ra.reachable_time", "Reachable time (ms)", bits: 32, at: { _ in 8..<12 }) {
      $0.type == 134 ? $0.number(at: 0, 4) : nil
    },
    .number("icmpv6.nd.ra.retrans_timer", "Retrans timer (ms)", bits: 32, at: { _ in 12..<16 }) {
      $0.type == 134 ? $0.number(at: 4, 4) : nil
    },
    target("icmpv6.nd.ns.target_address", type: 135),
    .number(
      "icmpv6.nd.na.flag", "Flags", bits: 32, base: .hexadecimal, at: { _ in 4..<8 },
      children: [
        bit("icmpv6.nd.na.flag.r", "Router", type: 136, at: 4..<8, 0x8000_0000),
        bit("icmpv6.nd.na.flag.s", "Solicited", type: 136, at: 4..<8, 0x4000_0000),
        bit("icmpv6.nd.na.flag.o", "Override", type: 136, at: 4..<8, 0x2000_0000),
      ]
    ) { $0.type == 136 ? $0.rest : nil },
    target("icmpv6.nd.na.target_address", type: 136),
    target("icmpv6.nd.rd.target_address", type: 137),
    .derived(
      "icmpv6.rd.na.destination_address", "Destination Address", .ipv6, at: { _ in 24..<40 }
    ) { layer, _, _ in layer.type == 137 ? .ipv6(layer.address(at: 16)) : nil },
    .items(
      "icmpv6.opt", "ICMPv6 Option", of: NeighborOption.fields,
      heading: {
        "ICMPv6 Option (\(optionTypes[$0.type]?.description ?? "Unknown \($0.type)"))"
      }
    ) { layer, emit in layer.eachOption(emit) },
  ]

  private static let listenerFields: [Field<ICMPv6>] = [
    .number(
      "icmpv6.mld.maximum_response_delay", "Maximum Response Delay [ms]", bits: 16,
      at: { _ in 4..<6 }
    ) { $0.isListener1 ? $0.identifier : nil },
    .number(
      "icmpv6.mld.maximum_response_code", "Maximum Response Code", bits: 32, at: { _ in 4..<6 }
    ) { $0.isQuery2 ? $0.responseCode : nil },
    .derived("icmpv6.mld.multicast_address", "Multicast Address", .ipv6, at: { _ in 8..<24 }) {
      layer, _, _ in
      layer.isListener1 || layer.isQuery2 ? .ipv6(layer.address(at: 0)) : nil
    },
    .number("icmpv6.mld.flag", "Flags", bits: 8, base: .hexadecimal, at: { _ in 24..<25 }) {
      $0.isQuery2 ? $0.number(at: 16, 1) : nil
    },
    .number("icmpv6.mld.qqi", "QQIC (Querier's Query Interval Code)", bits: 8, at: { _ in 25..<26 })
    { $0.isQuery2 ? $0.number(at: 17, 1) : nil },
    .number("icmpv6.mld.nb_sources", "Number of Sources", bits: 16, at: { _ in 26..<28 }) {
      $0.isQuery2 ? $0.number(at: 18, 2) : nil
    },
    .list("icmpv6.mld.source_address", "Source Address", .ipv6) { layer, _, _, emit in
      guard layer.isQuery2 else { return }
      for at in stride(from: 20, to: layer.body.count - 15, by: 16) {
        emit(.ipv6(layer.address(at: at)), at + 8..<at + 24)
      }
    },
    .number(
      "icmpv6.mldr.nb_mcast_records", "Number of Multicast Address Records", bits: 16,
      at: { _ in 6..<8 }
    ) { $0.type == 143 ? $0.sequence : nil },
    .items(
      "icmpv6.mldr.mar", "Multicast Address Record", of: recordFields,
      heading: {
        "Multicast Address Record \(recordTypes[$0.type]?.description ?? "Unknown \($0.type)")"
      }
    ) { layer, emit in layer.eachRecord(emit) },
  ]

  public static let schema = Schema<ICMPv6>(
    "icmpv6", "Internet Control Message Protocol v6", "RFC 4443", column: "ICMPv6",
    fields: echoAndErrorFields + neighborFields + listenerFields,
    findings: [badChecksum, invalidOptionLength])
}

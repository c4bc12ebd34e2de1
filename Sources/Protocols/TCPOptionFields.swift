import PacketCore

/// An option with the number that its edges count from: what its fields are read from.
struct TCPOptionItem: Sendable {
  let option: TCPOption
  let base: UInt32
  /// The first block reports octets received twice.
  let isDuplicateSack: Bool
}

extension TCP {
  /// Filter name and title of every kind, in the order of `kind(of:)`.
  private static let kinds: [(number: UInt8, name: String, title: String)] = [
    (TCPOption.Kind.end, "eol", "End of Option List (EOL)"),
    (TCPOption.Kind.noOperation, "nop", "No-Operation (NOP)"),
    (TCPOption.Kind.maximumSegmentSize, "mss", "Maximum segment size"),
    (TCPOption.Kind.windowScale, "wscale", "Window scale"),
    (TCPOption.Kind.sackPermitted, "sack_perm", "SACK permitted"),
    (TCPOption.Kind.sack, "sack", "SACK"),
    (TCPOption.Kind.echo, "echo", "Echo"),
    (TCPOption.Kind.echoReply, "echoreply", "Echo reply"),
    (TCPOption.Kind.timestamps, "timestamp", "Timestamps"),
    (TCPOption.Kind.connectionCount, "cc", "CC"),
    (TCPOption.Kind.connectionCountNew, "ccnew", "CC.NEW"),
    (TCPOption.Kind.connectionCountEcho, "ccecho", "CC.ECHO"),
    (TCPOption.Kind.md5, "md5", "TCP MD5 signature"),
    (TCPOption.Kind.userTimeout, "user_to", "User Timeout"),
    (TCPOption.Kind.authentication, "ao", "TCP AO"),
    (TCPOption.Kind.multipath, "mptcp", "Multipath TCP"),
    (TCPOption.Kind.fastOpen, "tfo", "TCP Fast Open"),
    (TCPOption.Kind.accurateECN0, "acc_ecn", "Accurate ECN"),
    (TCPOption.Kind.experiment1, "experimental", "Experimental"),
  ]

  private static func kind(of item: TCPOptionItem) -> Int {
    let kind =
      switch item.option.kind {
      case TCPOption.Kind.accurateECN1: TCPOption.Kind.accurateECN0
      case TCPOption.Kind.experiment2: TCPOption.Kind.experiment1
      default: item.option.kind
      }
    return kinds.firstIndex { $0.number == kind } ?? kinds.count
  }

  static let optionsField = Field<TCP>.options(
    "tcp.options", "TCP Options",
    at: { $0.octetsPresent == 20 ? 20..<20 + $0.options.count : nil },
    kinds: kinds.map { ("tcp.options." + $0.name, "TCP Option - " + $0.title) }
      + [("tcp.options.unknown", "TCP Option - Unknown")],
    of: itemFields, kind: kind, heading: heading
  ) { tcp, dissection, record, emit in
    let note = dissection.note(of: TCP.self, record) ?? TCPNote()
    var walk = TCPOptionWalk(tcp.options)
    var hasEnded = false
    while let option = walk.next(), option.trouble == .none {
      if hasEnded, option.kind != TCPOption.Kind.end { return }
      hasEnded = option.kind == TCPOption.Kind.end
      let isTwice = option.kind == TCPOption.Kind.sack && tcp.isDuplicateSack(option, note)
      emit(
        TCPOptionItem(option: option, base: note.acknowledgmentBase, isDuplicateSack: isTwice),
        20 + option.offset..<20 + option.offset + option.length)
    }
  }

  private static func heading(_ item: TCPOptionItem) -> String {
    let option = item.option
    guard option.isReadable else { return "" }
    switch option.kind {
    case TCPOption.Kind.maximumSegmentSize: return ": \(option.word(2)) bytes"
    case TCPOption.Kind.windowScale:
      return ": \(option.octet(2)) (multiply by \(1 << Int(option.shift)))"
    case TCPOption.Kind.sack:
      return (0..<option.blockCount).map {
        " \(option.long(2 + 8 * $0) &- item.base)-\(option.long(6 + 8 * $0) &- item.base)"
      }.joined()
    case TCPOption.Kind.timestamps: return ": TSval \(option.long(2)), TSecr \(option.long(6))"
    case TCPOption.Kind.echo, TCPOption.Kind.echoReply: return ": \(option.long(2))"
    default: return ""
    }
  }

  /// A number that options of the given kinds hold.
  private static func value(
    _ name: String, _ title: String, of kinds: UInt8..., at place: Range<Int>,
    _ read: @escaping @Sendable (TCPOptionItem) -> UInt32
  ) -> Field<TCPOptionItem> {
    .number(name, title, bits: place.count * 8, at: { _ in place }) { item in
      item.option.isReadable && kinds.contains(item.option.kind) ? read(item) : nil
    }
  }

  /// One edge of each block; -T fields lists them all.
  private static func edges(
    _ name: String, _ title: String, from start: Int
  ) -> Field<TCPOptionItem> {
    .list(name, title, .unsigned, bits: 32) { item, _, _, emit in
      guard item.option.kind == TCPOption.Kind.sack else { return }
      for block in 0..<item.option.blockCount {
        let place = start + 8 * block
        emit(.unsigned(UInt64(item.option.long(place) &- item.base)), place..<place + 4)
      }
    }
  }

  private static func duplicateEdge(
    _ name: String, _ title: String, at place: Range<Int>
  ) -> Field<TCPOptionItem> {
    .number(name, title, bits: 32, at: { _ in place }) { item in
      item.isDuplicateSack ? item.option.long(place.lowerBound) &- item.base : nil
    }
  }

  private static func counter(
    _ name: String, _ title: String, order0: Int, order1: Int
  ) -> Field<TCPOptionItem> {
    @Sendable func place(_ item: TCPOptionItem) -> Range<Int>? {
      guard let counters = item.option.congestionCounters else { return nil }
      let start = counters.place.lowerBound + 3 * (counters.isOrder0 ? order0 : order1)
      return start + 3 <= counters.place.upperBound ? start..<start + 3 : nil
    }
    return .number(name, title, bits: 24, at: place) { item in
      place(item).map { item.option.counter($0.lowerBound) }
    }
  }

  private static let itemFields: [Field<TCPOptionItem>] = [
    .number("tcp.option_kind", "Kind", bits: 8, at: { _ in 0..<1 }) { $0.option.kind },
    .number("tcp.option_len", "Length", bits: 8, at: { _ in 1..<2 }) { item in
      item.option.hasLength ? item.option.octet(1) : nil
    },
    value(
      "tcp.options.mss_val", "MSS Value", of: TCPOption.Kind.maximumSegmentSize, at: 2..<4
    ) { UInt32($0.option.word(2)) },
    value(
      "tcp.options.wscale.shift", "Shift count", of: TCPOption.Kind.windowScale, at: 2..<3
    ) { UInt32($0.option.octet(2)) },
    value(
      "tcp.options.wscale.multiplier", "Multiplier", of: TCPOption.Kind.windowScale, at: 2..<3
    ) { 1 << UInt32($0.option.shift) },
    edges("tcp.options.sack_le", "TCP SACK Left Edge", from: 2),
    edges("tcp.options.sack_re", "TCP SACK Right Edge", from: 6),
    .derived("tcp.options.sack.count", "TCP SACK Count", .unsigned, bits: 8) { item, _, _ in
      item.option.kind == TCPOption.Kind.sack ? .unsigned(UInt64(item.option.blockCount)) : nil
    },
    duplicateEdge("tcp.options.sack.dsack_le", "TCP D-SACK Left Edge", at: 2..<6),
    duplicateEdge("tcp.options.sack.dsack_re", "TCP D-SACK Right Edge", at: 6..<10),
    value(
      "tcp.options.echo_value", "TCP Echo Option", of: TCPOption.Kind.echo,
      TCPOption.Kind.echoReply, at: 2..<6
    ) { $0.option.long(2) },
    value(
      "tcp.options.timestamp.tsval", "Timestamp value", of: TCPOption.Kind.timestamps, at: 2..<6
    ) { $0.option.long(2) },
    value(
      "tcp.options.timestamp.tsecr", "Timestamp echo reply", of: TCPOption.Kind.timestamps,
      at: 6..<10
    ) { $0.option.long(6) },
    value(
      "tcp.options.cc_value", "TCP CC Option", of: TCPOption.Kind.connectionCount,
      TCPOption.Kind.connectionCountNew, TCPOption.Kind.connectionCountEcho, at: 2..<6
    ) { $0.option.long(2) },
    .octets("tcp.options.md5.digest", "MD5 digest") { item in
      item.option.kind == TCPOption.Kind.md5 && item.option.isReadable ? 2..<18 : nil
    },
    .derived(
      "tcp.options.user_to_granularity", "Granularity", .boolean, at: { _ in 2..<4 }
    ) { item, _, _ in
      item.option.kind == TCPOption.Kind.userTimeout && item.option.isReadable
        ? .boolean(item.option.octet(2) & 0x80 != 0) : nil
    },
    value(
      "tcp.options.user_to_val", "User Timeout", of: TCPOption.Kind.userTimeout, at: 2..<4
    ) { UInt32($0.option.word(2) & 0x7fff) },
    value(
      "tcp.options.ao.keyid", "AO KeyID", of: TCPOption.Kind.authentication, at: 2..<3
    ) { UInt32($0.option.octet(2)) },
    value(
      "tcp.options.ao.rnextkeyid", "AO RNextKeyID", of: TCPOption.Kind.authentication, at: 3..<4
    ) { UInt32($0.option.octet(3)) },
    .octets("tcp.options.ao.mac", "AO MAC") { item in
      item.option.kind == TCPOption.Kind.authentication && item.option.length > 4
        ? 4..<item.option.length : nil
    },
    value(
      "tcp.options.mptcp.subtype", "Multipath TCP subtype", of: TCPOption.Kind.multipath,
      at: 2..<3
    ) { UInt32($0.option.octet(2) >> 4) },
    .derived(
      "tcp.options.tfo.request", "Fast Open Cookie Request", .label, at: { _ in 0..<2 }
    ) { item, _, _ in item.option.cookie?.isEmpty == true ? .present : nil },
    .octets("tcp.options.tfo.cookie", "Fast Open Cookie") { $0.option.cookie },
    counter(
      "tcp.options.acc_ecn.ee0b", "Accurate ECN Echo ECT(0) Byte Counter", order0: 0, order1: 2),
    counter("tcp.options.acc_ecn.eceb", "Accurate ECN Echo CE Byte Counter", order0: 1, order1: 1),
    counter(
      "tcp.options.acc_ecn.ee1b", "Accurate ECN Echo ECT(1) Byte Counter", order0: 2, order1: 0),
    .number(
      "tcp.options.experimental.exid", "Experiment Identifier", bits: 16, base: .hexadecimal,
      at: { _ in 2..<4 }
    ) { item in item.option.isExperiment ? item.option.word(2) : nil },
    .octets("tcp.options.experimental.data", "Data") { item in
      guard item.option.isExperiment, item.option.cookie == nil,
        item.option.congestionCounters == nil
      else { return nil }
      return 4..<item.option.length
    },
    .octets("tcp.options.unknown.payload", "Payload") { item in
      let isUnknown = kind(of: item) == kinds.count
      return isUnknown && item.option.length > 2 ? 2..<item.option.length : nil
    },
  ]
}

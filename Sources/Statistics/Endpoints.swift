import PacketCore

/// One end of conversations.
private struct EndpointKey: TableKey {
  var address: Address
  var port: UInt16

  var hash: UInt64 {
    var hash = (address.low ^ address.high &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
    hash ^= hash &>> 32 ^ UInt64(port)
    return hash &* 0x94D0_49BB_1331_11EB
  }
}

/// What one end sent and was sent.
private struct Endpoint {
  var sent = Traffic()
  var received = Traffic()
  var total: Traffic { sent + received }
}

extension Conversations {
  /// Writes how much each end sent and received: the sum of its conversations, tshark's
  /// `-z endpoints,…`. A packet that an end sends to itself counts twice.
  func writeEndpoints(_ kind: ConversationKind, to report: any Report) throws {
    let table = table(kind)
    var ends = BoundedTable<EndpointKey, Endpoint>(limit: table.table.count * 2)
    func add(_ address: Address, _ port: UInt16, sent: Traffic, received: Traffic) {
      let key = EndpointKey(address: address, port: port)
      guard let position = ends.position(of: key, orAppend: Endpoint()) else { return }
      ends[position].sent = ends[position].sent + sent
      ends[position].received = ends[position].received + received
    }
    for (key, conversation) in table.table.entries {
      let both = key.ends
      add(
        both.source, both.sourcePort, sent: conversation.fromLow, received: conversation.fromHigh)
      add(
        both.destination, both.destinationPort, sent: conversation.fromHigh,
        received: conversation.fromLow)
    }
    let entries = ends.entries
    let order = entries.indices.sorted {
      let (one, other) = (entries[$0].value.total.octets, entries[$1].value.total.octets)
      return one != other ? one > other : $0 < $1
    }
    let columns = Table(
      kind.rawValue, "\(kind.title) endpoints",
      lines: [
        .words("end", "end", hasPort: kind.hasPorts), .number("packets_sent", "sent"),
        .number("octets_sent", "octets"), .number("packets_received", "received"),
        .number("octets_received", "octets"), .number("packets", "packets"),
        .number("octets", "octets"),
      ])
    try report.table(columns, count: order.count) { index, add in
      let (key, end) = entries[order[index]]
      add(.end(key.address, port: kind.hasPorts ? key.port : nil))
      add(.number(end.sent.packets))
      add(.number(end.sent.octets))
      add(.number(end.received.packets))
      add(.number(end.received.octets))
      add(.number(end.total.packets))
      add(.number(end.total.octets))
    }
    writeLeftOut(table, to: report)
  }
}

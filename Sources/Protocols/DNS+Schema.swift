import PacketCore

extension DNS {
  private static func bit(_ name: String, _ title: String, _ mask: UInt64) -> Field<DNS> {
    .flag(name, title, at: 2..<4, mask: mask) { UInt64($0.flags) & mask != 0 }
  }

  /// A bit that only responses have a meaning for.
  private static func responseBit(_ name: String, _ title: String, _ mask: UInt16) -> Field<DNS> {
    .derived(name, title, .boolean, at: { _ in 2..<4 }) { layer, _, _ in
      // RFC 6840 section 5.7: a query may set AD, to ask for it.
      layer.isResponse || mask == 0x20 && layer.flags & mask != 0
        ? .boolean(layer.flags & mask != 0) : nil
    }
  }

  private static func count(
    _ name: String, _ title: String, at place: Range<Int>, isUpdate: Bool,
    _ read: @escaping @Sendable (DNS) -> UInt16
  ) -> Field<DNS> {
    .number(name, title, bits: 16, at: { _ in place }) {
      ($0.operation == 5) == isUpdate ? read($0) : nil
    }
  }

  private static let headerFields: [Field<DNS>] = [
    .number("dns.id", "Transaction ID", at: 0..<2, base: .hexadecimal) { $0.identifier },
    .number(
      "dns.flags", "Flags", at: 2..<4, base: .hexadecimal,
      children: [
        bit("dns.flags.response", "Response", 0x8000),
        .number(
          "dns.flags.opcode", "Opcode", at: 2..<4, mask: 0x7800, label: DNSWords.operations.label
        ) { $0.operation },
        responseBit("dns.flags.authoritative", "Authoritative", 0x0400),
        bit("dns.flags.truncated", "Truncated", 0x0200),
        bit("dns.flags.recdesired", "Recursion desired", 0x0100),
        responseBit("dns.flags.recavail", "Recursion available", 0x0080),
        bit("dns.flags.z", "Z", 0x0040),
        responseBit("dns.flags.authenticated", "Answer authenticated", 0x0020),
        bit("dns.flags.checkdisable", "Non-authenticated data", 0x0010),
        .number(
          "dns.flags.rcode", "Reply code", bits: 4, label: DNSWords.replyCodes.label,
          at: { _ in 2..<4 }
        ) { $0.isResponse ? $0.replyCode : nil },
      ]
    ) { $0.flags },
    count("dns.count.queries", "Questions", at: 4..<6, isUpdate: false) { $0.questionCount },
    // RFC 2136 section 2: an update's sections have other names.
    count("dns.count.zones", "Zones", at: 4..<6, isUpdate: true) { $0.questionCount },
    count("dns.count.answers", "Answer RRs", at: 6..<8, isUpdate: false) { $0.answerCount },
    count("dns.count.prerequisites", "Prerequisites", at: 6..<8, isUpdate: true) {
      $0.answerCount
    },
    count("dns.count.auth_rr", "Authority RRs", at: 8..<10, isUpdate: false) {
      $0.authorityCount
    },
    count("dns.count.updates", "Updates", at: 8..<10, isUpdate: true) { $0.authorityCount },
    .number("dns.count.add_rr", "Additional RRs", at: 10..<12) { $0.additionalCount },
  ]

  private static let questionFields: [Field<DNSQuestion>] = [
    .derived("dns.qry.name", "Name", .string, at: { 0..<$0.nameEnd - $0.start }) {
      question, _, _ in question.name.map { .string($0.text) }
    },
    .derived("dns.qry.name.len", "Name Length", .unsigned) { question, _, _ in
      question.name.map { .unsigned(UInt64($0.length)) }
    },
    .derived("dns.count.labels", "Label Count", .unsigned) { question, _, _ in
      question.name.map { .unsigned(UInt64($0.labels)) }
    },
    .number(
      "dns.qry.type", "Type", bits: 16, label: DNSWords.types.label,
      at: { $0.nameEnd - $0.start..<$0.nameEnd - $0.start + 2 }
    ) { $0.type },
    .number(
      "dns.qry.class", "Class", bits: 16, base: .hexadecimal, label: DNSWords.classes.label,
      at: { $0.nameEnd - $0.start + 2..<$0.nameEnd - $0.start + 4 }
    ) { $0.isMulticast ? $0.classWord & 0x7fff : $0.classWord },
    .derived(
      "dns.qry.qu", "\"QU\" question", .boolean,
      at: { $0.nameEnd - $0.start + 2..<$0.nameEnd - $0.start + 4 }
    ) { question, _, _ in
      question.isMulticast ? .boolean(question.classWord & 0x8000 != 0) : nil
    },
  ]

  /// Calls back with each question and its place. The ports are not known here, so the top bit of
  /// a class is taken for multicast DNS's where a header is one of its: number 0.
  private func eachQuestion(_ emit: (DNSQuestion, Range<Int>) -> Void) {
    walk(
      isMulticast: identifier == 0,
      onQuestion: {
        emit($0, $0.start + 12..<$0.end + 12)
        return true
      }, onRecord: { _ in false })
  }

  private func eachRecord(_ emit: (DNSRecord, Range<Int>) -> Void) {
    walk(
      isMulticast: identifier == 0, onQuestion: { _ in true },
      onRecord: {
        emit($0, $0.start + 12..<$0.end + 12)
        return true
      })
  }

  private static func heading(_ record: DNSRecord) -> String {
    var text = TextBuffer(capacity: 128)
    switch record.section {
    case .answer: text.append("Answer: ")
    case .authority: text.append("Authoritative nameserver: ")
    case .additional: text.append("Additional record: ")
    }
    text.append(record.name?.text ?? "<unreadable>")
    text.append(": type ")
    DNSWords.appendType(record.type, into: &text)
    if !record.isOption, let name = DNSWords.classes[record.classWord & 0x7fff] {
      text.append(", class ")
      text.append(name)
    }
    text.append(",")
    if !record.summarize(into: &text) { text.append(" <cut>") }
    return text.string
  }

  public static let schema = Schema<DNS>(
    "dns", "Domain Name System", "RFC 1035", column: "DNS",
    fields: headerFields + [
      .items(
        "dns.query", "Query", of: questionFields,
        heading: { question in
          var text = TextBuffer(capacity: 128)
          text.append("Query: ")
          text.append(question.name?.text ?? "<unreadable>")
          text.append(": type ")
          DNSWords.appendType(question.type, into: &text)
          return text.string
        }
      ) { layer, emit in layer.eachQuestion(emit) },
      .items("dns.rr", "Resource record", of: DNSRecord.fields, heading: heading) { layer, emit in
        layer.eachRecord(emit)
      },
      .derived("dns.response_to", "Request In", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: DNS.self, record), note.requestFrame != 0 else {
          return nil
        }
        return .unsigned(note.requestFrame)
      },
      .derived("dns.time", "Time", .duration) { _, record, dissection in
        guard let note = dissection.note(of: DNS.self, record), note.requestFrame != 0 else {
          return nil
        }
        return .duration(note.responseTime)
      },
      .derived(
        "dns.retransmit_request_in", "Retransmitted request. Original request in", .unsigned
      ) { _, record, dissection in
        guard let note = dissection.note(of: DNS.self, record), note.repeatedRequest != 0 else {
          return nil
        }
        return .unsigned(note.repeatedRequest)
      },
      .derived(
        "dns.retransmit_response_in", "Retransmitted response. Original response in", .unsigned
      ) { _, record, dissection in
        guard let note = dissection.note(of: DNS.self, record), note.repeatedResponse != 0 else {
          return nil
        }
        return .unsigned(note.repeatedResponse)
      },
      .derived("dns.retransmission", "Retransmission", .boolean) { _, record, dissection in
        guard let note = dissection.note(of: DNS.self, record),
          note.repeatedRequest != 0 || note.repeatedResponse != 0
        else { return nil }
        return .boolean(true)
      },
    ], findings: [extraneous, repeatedQuery, repeatedResponse],
    heading: { layer, _, _, text in
      text.append(layer.isResponse ? " (response)" : " (query)")
    })
}

import PacketCore

extension DNSRecord {
  /// A name in the data of one type of record.
  private static func name(
    _ field: String, _ title: String, type kind: UInt16, at offset: Int
  ) -> Field<DNSRecord> {
    .derived(
      field, title, .string,
      at: { record in
        record.name(at: offset).map {
          record.place(offset, $0.end - record.data.lowerBound - offset)
        }
      }
    ) { record, _, _ in
      record.type == kind ? record.name(at: offset).map { .string($0.text) } : nil
    }
  }

  /// A number in the data of one type of record.
  private static func number(
    _ field: String, _ title: String, type kind: UInt16, at offset: Int, _ count: Int,
    base: FieldBase = .decimal
  ) -> Field<DNSRecord> {
    .number(
      field, title, bits: count * 8, base: base, at: { $0.place(offset, count) }
    ) { $0.type == kind ? $0.number(at: offset, count) : nil }
  }

  /// A number in a zone's start of authority, behind its two names. RFC 1035 section 3.3.13.
  private static func authority(
    _ field: String, _ title: String, _ index: Int
  ) -> Field<DNSRecord> {
    .number(
      field, title, bits: 32,
      at: { record in record.authorityNumbers.map { record.place($0 + index * 4, 4) } }
    ) { record in
      record.authorityNumbers.flatMap { record.number(at: $0 + index * 4, 4) }
    }
  }

  private var authorityMailbox: (offset: Int, name: DNSName)? {
    guard type == 6, let server = name(at: 0) else { return nil }
    let offset = server.end - data.lowerBound
    return name(at: offset).map { (offset, $0) }
  }

  private var authorityNumbers: Int? {
    authorityMailbox.map { $0.name.end - data.lowerBound }
  }

  /// A part of a service's name, `_service._protocol.name`. RFC 2782.
  private static func serviceName(
    _ field: String, _ title: String, _ part: Int
  ) -> Field<DNSRecord> {
    .derived(field, title, .string, at: { 0..<$0.nameEnd - $0.start }) { record, _, _ in
      guard record.type == 33, let name = record.name else { return nil }
      let parts = name.text.split(separator: ".", maxSplits: 2)
      return part < parts.count ? .string(String(parts[part])) : nil
    }
  }

  private static func text(_ octets: ArraySlice<UInt8>) -> FieldValue {
    var buffer = TextBuffer(capacity: 64)
    for octet in octets { buffer.appendEscaped(octet) }
    return .string(buffer.string)
  }

  private static func strings(
    _ field: String, _ title: String, type kind: UInt16
  ) -> [Field<DNSRecord>] {
    [
      .list("\(field).length", "\(title) Length", .unsigned) { record, _, _, emit in
        guard record.type == kind else { return }
        for (at, octets) in record.strings() {
          emit(.unsigned(UInt64(octets.count)), record.place(at, 1))
        }
      },
      .list(field, title, .string) { record, _, _, emit in
        guard record.type == kind else { return }
        for (at, octets) in record.strings() {
          emit(text(octets), record.place(at + 1, octets.count))
        }
      },
    ]
  }

  /// Parameters of a service binding: key, place of the value in the data. RFC 9460 section 2.2.
  private var parameters: [(key: UInt64, at: Int, count: Int)] {
    guard type == 64 || type == 65, let target = name(at: 2) else { return [] }
    var found: [(UInt64, Int, Int)] = []
    var at = target.end - data.lowerBound
    while let key = number(at: at, 2), let length = number(at: at + 2, 2),
      at + 4 + Int(length) <= data.count
    {
      found.append((key, at + 4, Int(length)))
      at += 4 + Int(length)
    }
    return found
  }

  private static func word(
    _ field: String, _ title: String, base: FieldBase = .decimal, at offset: Int, _ count: Int,
    label: (@Sendable (UInt64) -> String?)? = nil,
    _ read: @escaping @Sendable (DNSRecord) -> UInt32?
  ) -> Field<DNSRecord> {
    .number(
      field, title, bits: count * 8, base: base, label: label,
      at: { $0.nameEnd - $0.start + offset..<$0.nameEnd - $0.start + offset + count }, read)
  }

  static let fields: [Field<DNSRecord>] =
    headerFields + addressAndNameFields + strings("dns.txt", "TXT", type: 16)
    + strings("dns.spf", "SPF", type: 99) + serviceFields + certificationFields + [
      .octets("dns.data", "Data") { record in
        DNSWords.types[record.type] == nil ? record.place(0, record.data.count) : nil
      },
      .octets("dns.rdata", "Data") { record in
        DNSWords.types[record.type] == nil || known.contains(record.type)
          ? nil : record.place(0, record.data.count)
      },
    ]

  /// Types whose data has fields of its own.
  private static let known: Set<UInt16> = [
    1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 47, 64, 65, 99, 257,
  ]

  private static let headerFields: [Field<DNSRecord>] = [
    .derived("dns.resp.name", "Name", .string, at: { 0..<$0.nameEnd - $0.start }) {
      record, _, _ in record.type == 33 ? nil : record.name.map { .string($0.text) }
    },
    serviceName("dns.srv.service", "Service", 0),
    serviceName("dns.srv.proto", "Protocol", 1),
    serviceName("dns.srv.name", "Name", 2),
    word("dns.resp.type", "Type", at: 0, 2, label: DNSWords.types.label) { UInt32($0.type) },
    word(
      "dns.resp.class", "Class", base: .hexadecimal, at: 2, 2, label: DNSWords.classes.label
    ) {
      $0.isOption ? nil : UInt32($0.isMulticast ? $0.classWord & 0x7fff : $0.classWord)
    },
    .derived(
      "dns.resp.cache_flush", "Cache flush", .boolean,
      at: { $0.nameEnd - $0.start + 2..<$0.nameEnd - $0.start + 4 }
    ) { record, _, _ in
      record.isMulticast && !record.isOption ? .boolean(record.classWord & 0x8000 != 0) : nil
    },
    word("dns.resp.ttl", "Time to live", at: 4, 4) { $0.isOption ? nil : $0.timeToLive },
    // RFC 6891 section 6.1.3: an OPT record's class and time to live have other meanings.
    word("dns.rr.udp_payload_size", "UDP payload size", at: 2, 2) {
      $0.isOption ? UInt32($0.classWord) : nil
    },
    word(
      "dns.resp.ext_rcode", "Higher bits in extended RCODE", base: .hexadecimal, at: 4, 1
    ) { $0.isOption ? $0.timeToLive >> 24 : nil },
    word("dns.resp.edns0_version", "EDNS0 version", at: 5, 1) {
      $0.isOption ? $0.timeToLive >> 16 & 0xff : nil
    },
    word("dns.resp.z", "Z", base: .hexadecimal, at: 6, 2) {
      $0.isOption ? $0.timeToLive & 0xffff : nil
    },
    .derived(
      "dns.resp.z.do", "DO bit", .boolean,
      at: { $0.nameEnd - $0.start + 6..<$0.nameEnd - $0.start + 8 }
    ) { record, _, _ in record.isOption ? .boolean(record.timeToLive & 0x8000 != 0) : nil },
    word("dns.resp.len", "Data length", at: 8, 2) { UInt32($0.data.count) },
    .list("dns.opt.code", "Option Code", .unsigned) { record, _, _, emit in
      for (code, at, _) in record.options { emit(.unsigned(code), record.place(at - 4, 2)) }
    },
    .list("dns.opt.len", "Option Length", .unsigned) { record, _, _, emit in
      for (_, at, count) in record.options {
        emit(.unsigned(UInt64(count)), record.place(at - 2, 2))
      }
    },
    .list("dns.opt.data", "Option Data", .octets) { record, _, _, emit in
      for (_, at, count) in record.options where count > 0 {
        emit(.octetsInPlace, record.place(at, count))
      }
    },
  ]

  /// Options of an OPT record: code, place of the data. RFC 6891 section 6.1.2.
  private var options: [(code: UInt64, at: Int, count: Int)] {
    guard isOption else { return [] }
    var found: [(UInt64, Int, Int)] = []
    var at = 0
    while let code = number(at: at, 2), let length = number(at: at + 2, 2),
      at + 4 + Int(length) <= data.count
    {
      found.append((code, at + 4, Int(length)))
      at += 4 + Int(length)
    }
    return found
  }

  private static let addressAndNameFields: [Field<DNSRecord>] = [
    .derived("dns.a", "Address", .ipv4, at: { $0.place(0, 4) }) { record, _, _ in
      record.type == 1
        ? record.number(at: 0, 4).map { .ipv4(IPv4Address(UInt32(truncatingIfNeeded: $0))) } : nil
    },
    .derived("dns.aaaa", "AAAA Address", .ipv6, at: { $0.place(0, 16) }) { record, _, _ in
      guard record.type == 28, let high = record.number(at: 0, 8),
        let low = record.number(at: 8, 8)
      else { return nil }
      return .ipv6(IPv6Address(high: high, low: low))
    },
    name("dns.ns", "Name Server", type: 2, at: 0),
    name("dns.cname", "CNAME", type: 5, at: 0),
    name("dns.ptr.domain_name", "Domain Name", type: 12, at: 0),
    name("dns.dname", "Dname", type: 39, at: 0),
    name("dns.nsec.next_domain_name", "Next Domain Name", type: 47, at: 0),
    number("dns.mx.preference", "Preference", type: 15, at: 0, 2),
    name("dns.mx.mail_exchange", "Mail Exchange", type: 15, at: 2),
    number("dns.srv.priority", "Priority", type: 33, at: 0, 2),
    number("dns.srv.weight", "Weight", type: 33, at: 2, 2),
    number("dns.srv.port", "Port", type: 33, at: 4, 2),
    name("dns.srv.target", "Target", type: 33, at: 6),
    name("dns.soa.mname", "Primary name server", type: 6, at: 0),
    .derived(
      "dns.soa.rname", "Responsible authority's mailbox", .string,
      at: { record in
        record.authorityMailbox.map {
          record.place($0.offset, $0.name.end - record.data.lowerBound - $0.offset)
        }
      }
    ) { record, _, _ in record.authorityMailbox.map { .string($0.name.text) } },
    authority("dns.soa.serial_number", "Serial Number", 0),
    authority("dns.soa.refresh_interval", "Refresh Interval", 1),
    authority("dns.soa.retry_interval", "Retry Interval", 2),
    authority("dns.soa.expire_limit", "Expire limit", 3),
    authority("dns.soa.minimum_ttl", "Minimum TTL", 4),
  ]

  private static let serviceFields: [Field<DNSRecord>] = [
    .number("dns.svcb.svcpriority", "SvcPriority", bits: 16, at: { $0.place(0, 2) }) {
      $0.type == 64 || $0.type == 65 ? $0.number(at: 0, 2) : nil
    },
    .derived(
      "dns.svcb.targetname", "TargetName", .string,
      at: { record in
        record.name(at: 2).map { record.place(2, $0.end - record.data.lowerBound - 2) }
      }
    ) { record, _, _ in
      record.type == 64 || record.type == 65 ? record.name(at: 2).map { .string($0.text) } : nil
    },
    .list(
      "dns.svcb.svcparam.key", "SvcParamKey", .unsigned, label: DNSWords.serviceKeys.label
    ) { record, _, _, emit in
      for (key, at, _) in record.parameters { emit(.unsigned(key), record.place(at - 4, 2)) }
    },
    .list("dns.svcb.svcparam.value.length", "SvcParamValue length", .unsigned) {
      record, _, _, emit in
      for (_, at, count) in record.parameters {
        emit(.unsigned(UInt64(count)), record.place(at - 2, 2))
      }
    },
    .list("dns.svcb.svcparam.alpn", "ALPN", .string) { record, _, _, emit in
      for (key, at, count) in record.parameters where key == 1 {
        for (place, octets) in record.strings(from: at) where place < at + count {
          emit(text(octets), record.place(place + 1, octets.count))
        }
      }
    },
    .list("dns.svcb.svcparam.port", "Port", .unsigned) { record, _, _, emit in
      for (key, at, _) in record.parameters where key == 3 {
        if let port = record.number(at: at, 2) { emit(.unsigned(port), record.place(at, 2)) }
      }
    },
    .list("dns.svcb.svcparam.ipv4hint.ip", "IP", .ipv4) { record, _, _, emit in
      for (key, at, count) in record.parameters where key == 4 {
        for offset in stride(from: at, to: at + count - 3, by: 4) {
          guard let address = record.number(at: offset, 4) else { continue }
          emit(
            .ipv4(IPv4Address(UInt32(truncatingIfNeeded: address))), record.place(offset, 4))
        }
      }
    },
    .list("dns.svcb.svcparam.ipv6hint.ip", "IP", .ipv6) { record, _, _, emit in
      for (key, at, count) in record.parameters where key == 6 {
        for offset in stride(from: at, to: at + count - 15, by: 16) {
          guard let high = record.number(at: offset, 8), let low = record.number(at: offset + 8, 8)
          else { continue }
          emit(.ipv6(IPv6Address(high: high, low: low)), record.place(offset, 16))
        }
      }
    },
    .list("dns.svcb.svcparam.value", "SvcParamValue", .octets) { record, _, _, emit in
      for (key, at, count) in record.parameters where ![1, 3, 4, 6].contains(key) && count > 0 {
        emit(.octetsInPlace, record.place(at, count))
      }
    },
  ]

  /// RFC 8659 section 4.1.
  private static let certificationFields: [Field<DNSRecord>] = [
    number("dns.caa.flags", "CAA Flags", type: 257, at: 0, 1, base: .hexadecimal),
    number("dns.caa.tag_length", "Tag length", type: 257, at: 1, 1),
    .derived("dns.caa.tag", "Tag", .string, at: { $0.place(2, $0.certificationTag?.count ?? 0) }) {
      record, _, _ in record.certificationTag.map(text)
    },
    .derived(
      "dns.caa.value", "Value", .string,
      at: { record in
        let tag = record.certificationTag?.count ?? 0
        return record.place(2 + tag, record.data.count - 2 - tag)
      }
    ) { record, _, _ in
      record.certificationTag.map { text(record.body[$0.endIndex..<record.data.upperBound]) }
    },
  ]

  private var certificationTag: ArraySlice<UInt8>? {
    guard type == 257, let length = number(at: 1, 1), Int(length) + 2 <= data.count else {
      return nil
    }
    let from = data.lowerBound + 2
    return body[from..<from + Int(length)]
  }
}

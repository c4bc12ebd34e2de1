import PacketCore

extension DNS {
  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    let variant = Self.variant(of: dissection.speaker, bytes, dissection)
    columns.protocolName =
      switch variant {
      case .dns: "DNS"
      case .multicast: "MDNS"
      case .local: "LLMNR"
      }
    let start = columns.info.count
    writeOperation(into: &columns.info)
    writeRecords(isMulticast: variant == .multicast, record.missing > 0, into: &columns.info)
    columns.info.truncate(to: start + Self.longestSummary)
  }

  public func summarizePart(_ count: Int, into columns: inout Columns) {
    if count >= 4 { writeOperation(into: &columns.info) }
  }

  /// Wireshark's longest Info column; a message of 64 KiB may hold thousands of long names.
  private static let longestSummary = 4095

  /// "Standard query response 0x1234 No such name".
  func writeOperation(into text: inout TextBuffer) {
    if let name = DNSWords.operations[operation] {
      text.append(name)
    } else {
      text.append("Unknown operation (")
      text.append(operation)
      text.append(")")
    }
    if isResponse { text.append(" response") }
    text.append(" 0x")
    text.append(hex: UInt64(identifier), digits: 4)
    guard isResponse, replyCode != 0 else { return }
    text.append(" ")
    writeReplyCode(into: &text)
  }

  func writeReplyCode(into text: inout TextBuffer) {
    if let name = DNSWords.replyCodes[replyCode] {
      text.append(name)
    } else {
      text.append("Unknown error (")
      text.append(replyCode)
      text.append(")")
    }
  }

  private func writeRecords(isMulticast: Bool, _ isCut: Bool, into text: inout TextBuffer) {
    // A closure cannot write into an inout buffer that its caller holds, so the records' text is
    // made in one of its own.
    var scratch = TextBuffer(capacity: 256)
    var isBroken = false
    let outcome = walk(
      isMulticast: isMulticast,
      onQuestion: { question in
        let mark = scratch.count
        scratch.append(" ")
        DNSWords.appendType(question.type, into: &scratch)
        scratch.append(" ")
        guard
          DNSName.walk(body.span.bytes, from: question.start, base: -12, into: &scratch) != nil
        else {
          scratch.truncate(to: mark)
          isBroken = true
          return false
        }
        if isMulticast {
          scratch.append(
            question.classWord & 0x8000 != 0 ? ", \"QU\" question" : ", \"QM\" question")
        }
        return scratch.count <= Self.longestSummary
      },
      onRecord: { record in
        // The owner's name is not shown, but a message in which it cannot be read is broken.
        let mark = scratch.count
        guard DNSName.walk(body.span.bytes, from: record.start, base: -12, into: &scratch) != nil
        else {
          scratch.truncate(to: mark)
          isBroken = true
          return false
        }
        scratch.truncate(to: mark)
        scratch.append(" ")
        DNSWords.appendType(record.type, into: &scratch)
        if isMulticast, !record.isOption, record.classWord & 0x8000 != 0 {
          scratch.append(", cache flush")
        }
        // RFC 2136 section 2.4: an update may name records without their data.
        if !(operation == 5 && record.data.isEmpty), !record.summarize(into: &scratch) {
          isBroken = true
          return false
        }
        return scratch.count <= Self.longestSummary
      })
    if case .broken = outcome { isBroken = true }
    text.append(scratch)
    if isBroken {
      text.append(isCut ? "[Packet size limited during capture]" : "[Malformed Packet]")
    }
  }
}

/// Numbers of the Domain Name System and their names. IANA, "Domain Name System (DNS) Parameters".
enum DNSWords {
  static let operations: ValueNames = [
    0: "Standard query", 1: "Inverse query", 2: "Server status request",
    4: "Zone change notification", 5: "Dynamic update", 6: "DNS Stateful operations (DSO)",
  ]
  static let replyCodes: ValueNames = [
    0: "No error", 1: "Format error", 2: "Server failure", 3: "No such name",
    4: "Not implemented", 5: "Refused", 6: "Name exists", 7: "RRset exists",
    8: "RRset does not exist", 9: "Not authoritative", 10: "Name out of zone",
    11: "DSO-Type not implemented",
  ]
  static let classes: ValueNames = [1: "IN", 2: "CS", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"]

  /// The mnemonics that zone files use.
  static let types: ValueNames = [
    0: "Unused", 1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG",
    9: "MR", 10: "NULL", 11: "WKS", 12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT",
    17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN", 21: "RT", 22: "NSAP", 23: "NSAP-PTR",
    24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT", 31: "EID",
    32: "NIMLOC", 33: "SRV", 34: "ATMA", 35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6",
    39: "DNAME", 40: "SINK", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY",
    46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM",
    52: "TLSA", 55: "HIP", 57: "RKEY", 58: "TALINK", 59: "CDS", 60: "CDNSKEY",
    61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB", 65: "HTTPS", 99: "SPF",
    100: "UINFO", 101: "UID", 102: "GID", 103: "UNSPEC", 104: "NID", 105: "L32", 106: "L64",
    107: "LP", 108: "EUI48", 109: "EUI64", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR",
    253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI", 257: "CAA", 32768: "TA", 32769: "DLV",
  ]

  static func appendType(_ type: UInt16, into text: inout TextBuffer) {
    if let name = types[type] {
      text.append(name)
    } else {
      text.append("Unknown (")
      text.append(type)
      text.append(")")
    }
  }

  /// RFC 9460 section 14.3.2.
  static let serviceKeys: ValueNames = [
    0: "mandatory", 1: "alpn", 2: "no-default-alpn", 3: "port", 4: "ipv4hint", 5: "ech",
    6: "ipv6hint",
  ]
}

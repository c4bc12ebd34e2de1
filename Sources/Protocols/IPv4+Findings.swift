import PacketCore

extension IPv4 {
  static let badChecksum = FindingKind("ip.checksum_bad.expert", "Bad checksum", .error, .checksum)
  {
    found, expected in
    var text = TextBuffer(capacity: 64)
    text.append(" [should be 0x")
    text.append(hex: expected, digits: 4)
    text.append("]")
    return text.string
  }
  static let bogusVersion = FindingKind(
    "ip.bogus_ip_version", "Bogus IP version", .error, .protocolError)
  static let bogusHeaderLength = FindingKind(
    "ip.bogus_header_length", "Bogus IP header length", .error, .protocolError)
  static let bogusLength = FindingKind(
    "ip.bogus_ip_length", "Bogus IP length", .error, .protocolError
  ) { ": \($0), \($1) octets are there" }
  static let timeToLiveTooSmall = FindingKind(
    "ip.ttl.too_small", "\"Time To Live\" is small", .note, .sequence
  ) { found, _ in ": \(found)" }
  static let timeToLiveLocal = FindingKind(
    "ip.ttl.lncb", "\"Time To Live\" of a packet sent to the Local Network Control Block", .note,
    .sequence
  ) { ": \($0), not \($1) (RFC 5771 section 4)" }
  static let fourNoOperations = FindingKind(
    "ip.nop", "4 NOP in a row - a router may have removed some options", .warning, .protocolError)
  static let invalidOptionLength = FindingKind(
    "ip.opt.len.invalid", "Invalid length for option", .warning, .protocolError
  ) { ": type \($0) with \($1) octets" }
  static let overlap = FindingKind(
    "ip.fragment.overlap", "Fragment overlap", .note, .reassemble)
  static let conflictingOverlap = FindingKind(
    "ip.fragment.overlap.conflict", "Conflicting data in fragment overlap", .error, .reassemble)
  static let fragmentTooLong = FindingKind(
    "ip.fragment.toolongfragment", "Fragment too long", .error, .reassemble)
  static let multipleTails = FindingKind(
    "ip.fragment.multipletails", "Multiple tail fragments found", .error, .reassemble)

  func addDefect(at index: Int, to dissection: inout Dissection) {
    switch defect {
    case .version: dissection.add(Self.bogusVersion, at: index)
    case .headerLength: dissection.add(Self.bogusHeaderLength, at: index)
    case .totalLength:
      dissection.add(
        Self.bogusLength, at: index, found: UInt64(totalLength), expected: UInt64(headerLength))
    case .none: break
    }
  }

  /// A small Time to Live on its way to one host, or not the right one for a local group.
  func inspectTimeToLive(at index: Int, in dissection: inout Dissection) {
    if destination.value >> 8 == 0xe0_0000 {
      // RFC 5771 section 4: 224.0.0.0/24 is never forwarded, whatever the Time to Live; routing
      // protocols send 1. RFC 6762 section 11 (mDNS) and RFC 5798 section 5.1.1.3 (VRRP) say 255.
      let expected: UInt8 =
        switch destination.value & 0xff {
        case 18, 102, 251: 255
        default: 1
        }
      if timeToLive != expected {
        dissection.add(
          Self.timeToLiveLocal, at: index, found: UInt64(timeToLive), expected: UInt64(expected))
      }
    } else if destination.value >> 28 != 14, timeToLive < 5, `protocol` != 103 {
      dissection.add(Self.timeToLiveTooSmall, at: index, found: UInt64(timeToLive))
    }
  }
}

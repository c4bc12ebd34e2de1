import PacketCore

extension ICMP {
  /// IANA, "ICMP Type Numbers"; the words are Wireshark's, since summaries print them.
  static let types: ValueNames = [
    0: "Echo (ping) reply", 1: "Reserved", 2: "Reserved", 3: "Destination unreachable",
    4: "Source quench (flow control)", 5: "Redirect", 6: "Alternate host address",
    8: "Echo (ping) request", 9: "Router advertisement", 10: "Router solicitation",
    11: "Time-to-live exceeded", 12: "Parameter problem", 13: "Timestamp request",
    14: "Timestamp reply", 15: "Information request", 16: "Information reply",
    17: "Address mask request", 18: "Address mask reply", 19: "Reserved (for security)",
    30: "Traceroute", 31: "Datagram Conversion Error", 32: "Mobile Host Redirect",
    33: "IPv6 Where-Are-You", 34: "IPv6 I-Am-Here", 35: "Mobile Registration Request",
    36: "Mobile Registration Reply", 37: "Domain Name Request", 38: "Domain Name Reply",
    39: "SKIP", 40: "Photuris", 41: "Experimental mobility protocols",
    42: "Extended Echo request", 43: "Extended Echo reply",
  ]

  static let unreachableCodes: ValueNames = [
    0: "Network unreachable", 1: "Host unreachable", 2: "Protocol unreachable",
    3: "Port unreachable", 4: "Fragmentation needed", 5: "Source route failed",
    6: "Destination network unknown", 7: "Destination host unknown", 8: "Source host isolated",
    9: "Network administratively prohibited", 10: "Host administratively prohibited",
    11: "Network unreachable for TOS", 12: "Host unreachable for TOS",
    13: "Communication administratively filtered", 14: "Host precedence violation",
    15: "Precedence cutoff in effect",
  ]
  static let redirectCodes: ValueNames = [
    0: "Redirect for network", 1: "Redirect for host", 2: "Redirect for TOS and network",
    3: "Redirect for TOS and host",
  ]
  static let timeExceededCodes: ValueNames = [
    0: "Time to live exceeded in transit", 1: "Fragment reassembly time exceeded",
  ]
  static let parameterCodes: ValueNames = [
    0: "Pointer indicates the error", 1: "Required option missing", 2: "Bad length",
  ]
  static let advertisementCodes: ValueNames = [
    0: "Normal router advertisement", 16: "Does not route common traffic",
  ]
  static let alternateHostCodes: ValueNames = [0: "Alternate address for host"]
  static let photurisCodes: ValueNames = [
    0: "Bad SPI", 1: "Authentication failed", 2: "Decompression failed", 3: "Decryption failed",
    4: "Need authentication", 5: "Need authorization",
  ]
  static let extendedRequestCodes: ValueNames = [0: "No error"]
  static let extendedReplyCodes: ValueNames = [
    0: "No error", 1: "Malformed query", 2: "No such interface", 3: "No such table entry",
    4: "Multiple interfaces satisfy query",
  ]

  /// The names of a type's codes, for types that have any.
  static func codes(of type: UInt8) -> ValueNames? {
    switch type {
    case 3: unreachableCodes
    case 5: redirectCodes
    case 6: alternateHostCodes
    case 9: advertisementCodes
    case 11: timeExceededCodes
    case 12: parameterCodes
    case 40: photurisCodes
    case 42: extendedRequestCodes
    case 43: extendedReplyCodes
    default: nil
    }
  }

  static let badChecksum = FindingKind(
    "icmp.checksum_bad", "Bad checksum", .warning, .checksum, detail: IPv4.badChecksum.detail)

  public static let schema = Schema<ICMP>(
    "icmp", "Internet Control Message Protocol", "RFC 792", column: "ICMP",
    fields: [
      .number("icmp.type", "Type", at: 0..<1, label: types.label) { $0.type },
      .number("icmp.code", "Code", at: 1..<2) { $0.code }
        .named { codes(of: $0.type)?.label(UInt64($0.code)) },
      .number("icmp.checksum", "Checksum", at: 2..<4, base: .hexadecimal) { $0.checksum },
      .derived(
        "icmp.checksum.status", "Checksum Status", .unsigned, bits: 8,
        label: ChecksumWords.statuses.label
      ) { _, record, dissection in
        dissection.note(of: ICMP.self, record).map {
          .unsigned(UInt64($0.verdict.status.rawValue))
        }
      },
      .number("icmp.ident", "Identifier (BE)", bits: 16, at: { _ in 4..<6 }) {
        $0.hasIdentifier || $0.isExtendedEcho ? $0.identifier : nil
      },
      .number("icmp.ident_le", "Identifier (LE)", bits: 16, at: { _ in 4..<6 }) {
        $0.hasIdentifier || $0.isExtendedEcho ? $0.identifier.byteSwapped : nil
      },
      .number("icmp.seq", "Sequence Number (BE)", bits: 16, at: { _ in 6..<8 }) {
        $0.hasIdentifier ? $0.sequence : nil
      },
      .number("icmp.seq_le", "Sequence Number (LE)", bits: 16, at: { _ in 6..<8 }) {
        $0.hasIdentifier ? $0.sequence.byteSwapped : nil
      },
      .octets("icmp.unused", "Unused") {
        switch $0.type {
        case 4: 4..<8
        case 12: 5..<8
        // With a length (RFC 4884) or an MTU (RFC 1191) less is unused.
        case 3, 11: $0.rest >> 16 & 0xff != 0 ? 4..<5 : $0.isTooBig ? 4..<6 : 4..<8
        default: nil
        }
      },
      // RFC 4884 section 4: octets of the quoted packet in words of four, 0 without extensions.
      .number("icmp.length", "Length", bits: 8, at: { _ in 5..<6 }) {
        let length = $0.rest >> 16 & 0xff
        return length != 0 && ($0.type == 3 || $0.type == 11 || $0.type == 12) ? length : nil
      },
      // RFC 1191 section 4.
      .number("icmp.mtu", "MTU of next hop", bits: 16, at: { _ in 6..<8 }) {
        $0.isTooBig ? $0.sequence : nil
      },
      .number("icmp.pointer", "Pointer", bits: 8, at: { _ in 4..<5 }) {
        $0.type == 12 ? $0.rest >> 24 : nil
      },
      .derived("icmp.redir_gw", "Gateway Address", .ipv4, at: { _ in 4..<8 }) { layer, _, _ in
        layer.type == 5 ? .ipv4(IPv4Address(layer.rest)) : nil
      },
      .number("icmp.num_addrs", "Number of addresses", bits: 8, at: { _ in 4..<5 }) {
        $0.type == 9 ? $0.rest >> 24 : nil
      },
      .number("icmp.addr_entry_size", "Address entry size", bits: 8, at: { _ in 5..<6 }) {
        $0.type == 9 ? $0.rest >> 16 & 0xff : nil
      },
      .number("icmp.lifetime", "Lifetime", bits: 16, at: { _ in 6..<8 }) {
        $0.type == 9 ? $0.sequence : nil
      },
      .list("icmp.router_address", "Router address", .ipv4) { layer, _, _, emit in
        for (place, address, _) in layer.eachRouter { emit(.ipv4(address), place..<place + 4) }
      },
      .list("icmp.pref_level", "Preference level", .signed, bits: 32) { layer, _, _, emit in
        for (place, _, preference) in layer.eachRouter {
          emit(.signed(Int64(preference)), place + 4..<place + 8)
        }
      },
      .number("icmp.originate_timestamp", "Originate Timestamp", bits: 32, at: { _ in 8..<12 }) {
        $0.hasTimes ? $0.originateTime : nil
      },
      .number("icmp.receive_timestamp", "Receive Timestamp", bits: 32, at: { _ in 12..<16 }) {
        $0.hasTimes ? $0.receiveTime : nil
      },
      .number("icmp.transmit_timestamp", "Transmit Timestamp", bits: 32, at: { _ in 16..<20 }) {
        $0.hasTimes ? $0.transmitTime : nil
      },
      .derived("icmp.address_mask", "Address Mask", .ipv4, at: { _ in 8..<12 }) { layer, _, _ in
        layer.type == 17 || layer.type == 18 ? .ipv4(layer.mask) : nil
      },
      .derived("icmp.resp_to", "Request frame", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: ICMP.self, record), note.requestFrame != 0 else {
          return nil
        }
        return .unsigned(note.requestFrame)
      },
      // In milliseconds, as Wireshark has it.
      .derived("icmp.resptime", "Response time", .floating, unit: "ms") { _, record, dissection in
        guard let note = dissection.note(of: ICMP.self, record), note.requestFrame != 0 else {
          return nil
        }
        return .floating(Double(note.responseTime) / 1e6)
      },
    ], findings: [badChecksum])

  private var isTooBig: Bool { type == 3 && code == 4 }
  private var hasTimes: Bool { type == 13 || type == 14 }

  /// Routers of an advertisement: place in the message, address, preference.
  private var eachRouter: [(Int, IPv4Address, Int32)] {
    stride(from: 0, to: routers.count - 7, by: 8).map { at in
      let words = routers[at..<at + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return (
        8 + at, IPv4Address(UInt32(truncatingIfNeeded: words >> 32)),
        Int32(truncatingIfNeeded: words)
      )
    }
  }
}

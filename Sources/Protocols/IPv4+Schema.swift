import PacketCore

/// Words for the type of service octet, which IPv4 and IPv6 share.
enum ServiceClasses {
  /// RFC 2474, 2597, 3246, 5865, 8622.
  static let codePoints: ValueNames = [
    0: "Default", 1: "Lower Effort", 8: "Class Selector 1", 10: "Assured Forwarding 11",
    12: "Assured Forwarding 12", 14: "Assured Forwarding 13", 16: "Class Selector 2",
    18: "Assured Forwarding 21", 20: "Assured Forwarding 22", 22: "Assured Forwarding 23",
    24: "Class Selector 3", 26: "Assured Forwarding 31", 28: "Assured Forwarding 32",
    30: "Assured Forwarding 33", 32: "Class Selector 4", 34: "Assured Forwarding 41",
    36: "Assured Forwarding 42", 38: "Assured Forwarding 43", 40: "Class Selector 5",
    44: "Voice Admit", 46: "Expedited Forwarding", 48: "Class Selector 6",
    56: "Class Selector 7",
  ]
  /// RFC 3168 section 5.
  static let congestion: ValueNames = [
    0: "Not ECN-Capable Transport", 1: "ECN-Capable Transport codepoint '01'",
    2: "ECN-Capable Transport codepoint '10'", 3: "Congestion Experienced",
  ]
}

/// The words of `*.checksum.status`; Wireshark's numbers, and ours above them.
enum ChecksumWords {
  static let statuses: ValueNames = [
    0: "Bad", 1: "Good", 2: "Unverified", 3: "Not present", 4: "Illegal",
    5: "Offloaded (not computed yet)",
  ]
}

extension IPv4 {
  public static let schema = Schema<IPv4>(
    "ip", "Internet Protocol Version 4", "RFC 791", column: "IPv4",
    fields: headerFields + [
      .either("ip.addr", "Source or Destination Address", of: "ip.src", "ip.dst"),
      .derived(
        "ip.cur_rt", "Current Route", .ipv4, at: { _ in 16..<20 }
      ) { layer, _, _ in
        layer.finalDestination == layer.destination ? nil : .ipv4(layer.destination)
      },
      .group(
        "ip.opts", "Options", at: { $0.options.count > 0 ? 20..<20 + $0.options.count : nil },
        children: [
          .items("ip.opt", "IP Option", of: IPv4Option.fields, heading: \.heading) {
            layer, emit in
            layer.options.eachIPv4Option { emit($0, 20 + $0.start..<20 + $0.end) }
          }
        ]),
    ] + reassemblyFields,
    findings: [
      badChecksum, bogusVersion, bogusHeaderLength, bogusLength, timeToLiveTooSmall,
      timeToLiveLocal, fourNoOperations, invalidOptionLength, overlap, conflictingOverlap,
      fragmentTooLong, multipleTails,
    ],
    heading: { layer, _, _, text in
      guard layer.defect == .none else { return }
      text.append(", Src: ")
      text.append(layer.source)
      text.append(", Dst: ")
      text.append(layer.finalDestination)
    })

  private static let headerFields: [Field<IPv4>] = [
    .number("ip.version", "Version", at: 0..<1, mask: 0xf0) { $0.versionAndLength >> 4 },
    // In octets, as Wireshark has it; the packet holds words of four.
    .number("ip.hdr_len", "Header Length", bits: 8, unit: "bytes", at: { _ in 0..<1 }) {
      UInt8(truncatingIfNeeded: $0.headerLength)
    },
    .number(
      "ip.dsfield", "Differentiated Services Field", at: 1..<2, base: .hexadecimal,
      children: [
        .number(
          "ip.dsfield.dscp", "Differentiated Services Codepoint", at: 1..<2, mask: 0xfc,
          label: ServiceClasses.codePoints.label
        ) { $0.differentiatedServices >> 2 },
        .number(
          "ip.dsfield.ecn", "Explicit Congestion Notification", at: 1..<2, mask: 0x03,
          label: ServiceClasses.congestion.label
        ) { $0.differentiatedServices & 3 },
      ]
    ) { $0.differentiatedServices },
    .number("ip.len", "Total Length", at: 2..<4, unit: "bytes") { $0.totalLength },
    .number("ip.id", "Identification", at: 4..<6, base: .hexadecimalAndDecimal) {
      $0.identification
    },
    .number(
      "ip.flags", "Flags", at: 6..<7, mask: 0xe0, base: .hexadecimal,
      children: [
        .flag("ip.flags.rb", "Reserved bit", at: 6..<7, mask: 0x80) {
          $0.flagsAndOffset & 0x8000 != 0
        },
        .flag("ip.flags.df", "Don't fragment", at: 6..<7, mask: 0x40) {
          $0.flagsAndOffset & 0x4000 != 0
        },
        .flag("ip.flags.mf", "More fragments", at: 6..<7, mask: 0x20) { $0.moreFragments },
      ]
    ) { $0.flagsAndOffset >> 13 },
    // In units of eight octets, as in the packet.
    .number("ip.frag_offset", "Fragment Offset", at: 6..<8, mask: 0x1fff) {
      $0.flagsAndOffset & 0x1fff
    },
    .number("ip.ttl", "Time to Live", at: 8..<9) { $0.timeToLive },
    .number("ip.proto", "Protocol", at: 9..<10, label: IPProtocolNumbers.label) { $0.protocol },
    .number("ip.checksum", "Header Checksum", at: 10..<12, base: .hexadecimal) { $0.checksum },
    .derived(
      "ip.checksum.status", "Header checksum status", .unsigned, bits: 8,
      label: ChecksumWords.statuses.label
    ) { layer, record, dissection in
      dissection.note(of: IPv4.self, record).map { .unsigned(UInt64($0.verdict.status.rawValue)) }
    },
    .derived(
      "ip.checksum_calculated", "Calculated Checksum", .unsigned, base: .hexadecimal, bits: 16
    ) { layer, record, dissection in
      guard let verdict = dissection.note(of: IPv4.self, record)?.verdict,
        verdict.status == .good || verdict.status == .bad
      else { return nil }
      return .unsigned(UInt64(verdict.expected))
    },
    .ipv4("ip.src", "Source Address", at: 12..<16) { $0.source },
    .ipv4("ip.dst", "Destination Address", at: 16..<20) { $0.destination },
  ]

  private static let reassemblyFields: [Field<IPv4>] = [
    .derived("ip.fragment.count", "Fragment count", .unsigned) { _, record, dissection in
      guard let note = dissection.note(of: IPv4.self, record), note.fragmentCount > 0 else {
        return nil
      }
      return .unsigned(UInt64(note.fragmentCount))
    },
    .derived("ip.reassembled.length", "Reassembled IPv4 length", .unsigned, unit: "bytes") {
      _, record, dissection in
      guard let note = dissection.note(of: IPv4.self, record), note.fragmentCount > 0 else {
        return nil
      }
      return .unsigned(UInt64(note.reassembledLength))
    },
  ]
}

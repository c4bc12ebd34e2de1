import PacketCore

/// An option of a neighbour discovery message. RFC 4861 section 4.6.
///
/// ```
/// +---------+-----------------------------+------------------- - -
/// | type, 1 | length in units of eight, 1 | data
/// +---------+-----------------------------+------------------- - -
/// ```
public struct NeighborOption: Sendable, Equatable {
  /// What the option is.
  public var type: UInt8
  /// Octets of the option in units of eight, type and length included.
  public var length: UInt8
  /// What stands behind the length octet.
  public var data: [UInt8]
  /// The length is zero or reaches behind the message.
  public var isBroken: Bool

  func number(at offset: Int, _ count: Int) -> UInt64? {
    guard offset + count <= data.count else { return nil }
    return data[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  func address(at offset: Int) -> IPv6Address? {
    guard let high = number(at: offset, 8), let low = number(at: offset + 8, 8) else { return nil }
    return IPv6Address(high: high, low: low)
  }

  private func address(of kind: UInt8) -> Range<Int>? {
    type == kind ? 2..<2 + data.count : nil
  }

  /// RFC 2464 section 6: the address of an Ethernet fills the option.
  private static func linkAddress(
    _ name: String, _ title: String, _ kind: UInt8
  ) -> Field<NeighborOption> {
    .derived(name, title, .mac, at: { _ in 2..<8 }) { option, _, _ in
      guard option.type == kind, option.data.count == 6 else { return nil }
      return option.number(at: 0, 6).map { .mac(MACAddress($0)) }
    }
  }

  private func flag(_ kind: UInt8, at offset: Int, _ mask: UInt64) -> FieldValue? {
    guard type == kind, let octet = number(at: offset, 1) else { return nil }
    return .boolean(octet & mask != 0)
  }

  private func prefix(_ offset: Int, _ count: Int) -> UInt64? {
    type == 3 ? number(at: offset, count) : nil
  }

  /// RFC 4191 section 2.3: the prefix may be cut to what its length needs.
  private var routePrefix: IPv6Address? {
    guard type == 24, data.count >= 6 else { return nil }
    let octets = Array(data[6...].prefix(16))
    let full = octets + Array(repeating: 0, count: 16 - octets.count)
    return IPv6Address(
      high: full[0..<8].reduce(0) { $0 << 8 | UInt64($1) },
      low: full[8..<16].reduce(0) { $0 << 8 | UInt64($1) })
  }

  static let fields: [Field<NeighborOption>] = [
    .number("icmpv6.opt.type", "Type", at: 0..<1, label: ICMPv6.optionTypes.label) { $0.type },
    .number("icmpv6.opt.length", "Length", at: 1..<2) { $0.length },
    linkAddress("icmpv6.opt.src_linkaddr", "Source Link-layer address", 1),
    linkAddress("icmpv6.opt.target_linkaddr", "Target Link-layer address", 2),
    .either(
      "icmpv6.opt.linkaddr", "Link-layer address", of: "icmpv6.opt.src_linkaddr",
      "icmpv6.opt.target_linkaddr"),
    .number("icmpv6.opt.prefix.length", "Prefix Length", bits: 8, at: { _ in 2..<3 }) {
      $0.type == 3 || $0.type == 24 ? $0.number(at: 0, 1) : nil
    },
    .number(
      "icmpv6.opt.prefix.flag", "Flag", bits: 8, base: .hexadecimal, at: { _ in 3..<4 },
      children: [
        .derived("icmpv6.opt.prefix.flag.l", "On-link flag(L)", .boolean, at: { _ in 3..<4 }) {
          option, _, _ in option.flag(3, at: 1, 0x80)
        },
        .derived(
          "icmpv6.opt.prefix.flag.a", "Autonomous address-configuration flag(A)", .boolean,
          at: { _ in 3..<4 }
        ) { option, _, _ in option.flag(3, at: 1, 0x40) },
        .derived("icmpv6.opt.prefix.flag.r", "Router address flag(R)", .boolean, at: { _ in 3..<4 })
        { option, _, _ in option.flag(3, at: 1, 0x20) },
      ]
    ) { $0.prefix(1, 1) },
    .number("icmpv6.opt.prefix.valid_lifetime", "Valid Lifetime", bits: 32, at: { _ in 4..<8 }) {
      $0.prefix(2, 4)
    },
    .number(
      "icmpv6.opt.prefix.preferred_lifetime", "Preferred Lifetime", bits: 32, at: { _ in 8..<12 }
    ) { $0.prefix(6, 4) },
    .derived(
      "icmpv6.opt.prefix", "Prefix", .ipv6,
      at: { $0.type == 3 ? 16..<32 : 8..<2 + max($0.data.count, 6) }
    ) { option, _, _ in
      option.type == 3
        ? option.address(at: 14).map { .ipv6($0) } : option.routePrefix.map { .ipv6($0) }
    },
    .octets("icmpv6.opt.redirected_packet", "Redirected Packet") {
      $0.type == 4 && $0.data.count > 6 ? 8..<2 + $0.data.count : nil
    },
    .number("icmpv6.opt.mtu", "MTU", bits: 32, at: { _ in 4..<8 }) {
      $0.type == 5 ? $0.number(at: 2, 4) : nil
    },
    .octets("icmpv6.opt.nonce", "Nonce") { $0.address(of: 14) },
    .number(
      "icmpv6.opt.route_info.flag.route_preference", "Route Preference", bits: 2,
      label: ICMPv6.preferences.label, at: { _ in 3..<4 }
    ) { $0.type == 24 ? $0.number(at: 1, 1).map { $0 >> 3 & 3 } : nil },
    .number("icmpv6.opt.route_lifetime", "Route Lifetime", bits: 32, at: { _ in 4..<8 }) {
      $0.type == 24 ? $0.number(at: 2, 4) : nil
    },
    .number("icmpv6.opt.rdnss.lifetime", "Lifetime", bits: 32, at: { _ in 4..<8 }) {
      $0.type == 25 ? $0.number(at: 2, 4) : nil
    },
    .list("icmpv6.opt.rdnss", "Recursive DNS Servers", .ipv6) { option, _, _, emit in
      guard option.type == 25 else { return }
      for at in stride(from: 6, to: option.data.count - 15, by: 16) {
        if let address = option.address(at: at) { emit(.ipv6(address), at + 2..<at + 18) }
      }
    },
    .number("icmpv6.opt.dnssl.lifetime", "Lifetime", bits: 32, at: { _ in 4..<8 }) {
      $0.type == 31 ? $0.number(at: 2, 4) : nil
    },
    .list("icmpv6.opt.dnssl", "Domain Names", .string) { option, _, _, emit in
      guard option.type == 31 else { return }
      var at = 6
      while at < option.data.count, option.data[at] != 0 {
        guard let name = DNSName(in: option.data, at: at) else { return }
        emit(.string(name.text), at + 2..<name.end + 2)
        at = name.end
      }
    },
    .octets("icmpv6.opt.data", "Data") {
      switch $0.type {
      case 1, 2: $0.data.count == 6 ? nil : 2..<2 + $0.data.count
      case 3, 4, 5, 14, 24, 25, 31: nil
      default: 2..<2 + $0.data.count
      }
    },
  ]
}

extension ICMPv6 {
  /// Goes through a neighbour discovery message's options up to the first that cannot be.
  func eachOption(_ body: (NeighborOption, Range<Int>) -> Void) {
    guard (133...137).contains(type) else { return }
    let octets = self.body
    var at = fixedLength
    while at + 1 < octets.count {
      let length = octets[at + 1]
      // RFC 4861 4.6: "Nodes MUST silently discard an ND packet that contains an option with
      // length zero."
      let wanted = at + Int(length) * 8
      let end = min(max(wanted, at + 2), octets.count)
      let isBroken = length == 0 || wanted > octets.count
      body(
        NeighborOption(
          type: octets[at], length: length, data: Array(octets[at + 2..<end]),
          isBroken: isBroken), at + 8..<end + 8)
      if isBroken { return }
      at = wanted
    }
  }
}

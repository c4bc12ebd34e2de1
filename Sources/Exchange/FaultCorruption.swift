import PacketCore

extension FaultCorruption {
  /// Changes a packet.
  ///
  /// - Parameters:
  ///   - link: What the packet's first octet is the start of.
  ///   - numbers: Where chance comes from.
  /// - Returns: What was done; nil when the packet has no such place, or says already what it was to
  ///   say.
  func apply(
    to packet: inout [UInt8], link: LinkType, numbers: inout SeededNumbers
  ) -> String? {
    guard !packet.isEmpty else { return nil }
    let places = FaultPlaces(packet, link: link)
    let place: FaultPlaces.Place
    let name: String
    switch target {
    case .packet: (place, name) = (.init(packet.indices), "packet")
    case .payload: (place, name) = (.init(places.payload), "payload")
    case .field(let field):
      guard let found = places.place(of: field) else { return nil }
      (place, name) = (found, field)
    }
    guard !place.octets.isEmpty else { return nil }
    let before = packet
    var detail: String?
    switch change {
    case .any: detail = change(place, name, &packet, link, &numbers)
    case .bit(let bit): detail = flip(bit, of: place, name, places, &packet, &numbers)
    case .swap16: detail = Self.swap(in: place.octets, name, &packet, &numbers)
    case .number(let number): detail = Self.write(number, at: place, name, &packet)
    case .octets(let octets):
      for (index, octet) in zip(place.octets, octets) { packet[index] = octet }
      detail = Self.difference(before, packet, place, name)
    }
    guard packet != before, let detail else { return nil }
    guard fits else { return detail }
    FaultChecksums.fit(&packet, link: link)
    return detail + ", checksums made to fit"
  }

  // MARK: - Kinds of changes

  /// Another value, one that the checksums tell from the old one.
  private func change(
    _ place: FaultPlaces.Place, _ name: String, _ packet: inout [UInt8], _ link: LinkType,
    _ numbers: inout SeededNumbers
  ) -> String? {
    let before = packet
    for _ in 0..<32 {
      packet = before
      if let old = place.number(in: packet) {
        let width = place.mask.reduce(0) { $0 + $1.nonzeroBitCount }
        let value = width >= 64 ? numbers.next() : numbers.next() >> UInt64(64 - max(width, 1))
        guard value != old else { continue }
        place.write(value, to: &packet)
      } else {
        let octet = place.octets.lowerBound + numbers.below(place.octets.count)
        packet[octet] ^= UInt8(truncatingIfNeeded: numbers.pick(1...255))
      }
      // RFC 1624: 0x0000 and 0xffff are the same to a sum.
      guard !Self.sumsAreEqual(before, packet) else { continue }
      // A sum that looks unfinished is not called wrong.
      if name.hasSuffix(".checksum"),
        !FaultPlaces(packet, link: link).unfinishedChecksums.isEmpty
      {
        continue
      }
      break
    }
    return Self.difference(before, packet, place, name)
  }

  private static func sumsAreEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    var first = InternetChecksum()
    first.add(one.span.bytes)
    var second = InternetChecksum()
    second.add(other.span.bytes)
    return first.folded == second.folded
  }

  private func flip(
    _ bit: Int?, of place: FaultPlaces.Place, _ name: String, _ places: borrowing FaultPlaces,
    _ packet: inout [UInt8], _ numbers: inout SeededNumbers
  ) -> String? {
    let bits = place.bits
    guard !bits.isEmpty else { return nil }
    let chosen = bit ?? numbers.below(bits.count)
    guard chosen < bits.count else { return nil }
    let (octet, mask) = bits[chosen]
    let old = packet[octet]
    packet[octet] ^= mask
    let field = places.name(of: octet, bit: mask).flatMap { $0 == name ? nil : $0 }
    return "\(name) bit \(chosen) (octet \(octet)\(field.map { ", " + $0 } ?? "")) "
      + "\(Self.hex([old])) → \(Self.hex([packet[octet]]))"
  }

  private static func swap(
    in octets: Range<Int>, _ name: String, _ packet: inout [UInt8],
    _ numbers: inout SeededNumbers
  ) -> String? {
    let count = octets.count / 2
    func word(_ index: Int) -> [UInt8] {
      let at = octets.lowerBound + 2 * index
      return [packet[at], packet[at + 1]]
    }
    // The ends of a payload often decide on what it is taken for, so the middle comes first.
    for range in [count / 4..<count - count / 4, 0..<count] where range.count >= 2 {
      let first = range.lowerBound + numbers.below(range.count)
      let others = range.filter { word($0) != word(first) }
      guard !others.isEmpty else { continue }
      let second = others[numbers.below(others.count)]
      let (low, high) = (min(first, second), max(first, second))
      let (one, other) = (word(low), word(high))
      let (here, there) = (octets.lowerBound + 2 * low, octets.lowerBound + 2 * high)
      packet.replaceSubrange(here..<here + 2, with: other)
      packet.replaceSubrange(there..<there + 2, with: one)
      return "\(name) words \(low) and \(high) swapped: \(hex(one)) ↔ \(hex(other))"
    }
    return nil
  }

  private static func write(
    _ number: UInt64, at place: FaultPlaces.Place, _ name: String, _ packet: inout [UInt8]
  ) -> String? {
    let before = packet
    place.write(number / max(place.unit, 1), to: &packet)
    return difference(before, packet, place, name)
  }

  // MARK: - Words

  private static func difference(
    _ before: [UInt8], _ after: [UInt8], _ place: FaultPlaces.Place, _ name: String
  ) -> String? {
    if let old = place.number(in: before), let new = place.number(in: after) {
      let width = place.mask.reduce(0) { $0 + $1.nonzeroBitCount }
      func text(_ number: UInt64) -> String {
        let number = number &* place.unit
        switch place.style {
        case .decimal: return "\(number)"
        case .ipv4:
          return [24, 16, 8, 0].map { "\(number >> UInt64($0) & 0xff)" }.joined(separator: ".")
        case .hexadecimal: break
        }
        let digits = String(number, radix: 16)
        let missing = max((width + 3) / 4 - digits.count, 0)
        return "0x" + String(repeating: "0", count: missing) + digits
      }
      return "\(name) \(text(old)) → \(text(new))"
    }
    guard let first = place.octets.first(where: { before[$0] != after[$0] }),
      let last = place.octets.last(where: { before[$0] != after[$0] })
    else { return nil }
    let shown = first...min(last, first + 7)
    return "\(name) octet \(first - place.octets.lowerBound) "
      + "\(hex(before[shown])) → \(hex(after[shown]))\(last > shown.upperBound ? " …" : "")"
  }

  private static func hex(_ octets: some Sequence<UInt8>) -> String {
    octets.reduce("0x") { $0 + ($1 < 16 ? "0" : "") + String($1, radix: 16) }
  }
}

/// Checksums and lengths of a packet that was damaged, made to fit what it is now.
enum FaultChecksums {
  /// Makes every checksum right that can be verified.
  static func fit(_ packet: inout [UInt8], link: LinkType) {
    // A sum that happens to look unfinished is not looked at: it is made wrong first.
    for _ in 0..<3 {
      let places = FaultPlaces(packet, link: link)
      for place in places.unfinishedChecksums {
        place.write((place.number(in: packet) ?? 0) ^ 1, to: &packet)
      }
      for (place, expected) in places.wrongChecksums { place.write(expected, to: &packet) }
      if places.unfinishedChecksums.isEmpty { return }
    }
  }

  /// Makes the headers state the length that a packet has whose end is missing.
  ///
  /// - Parameter whole: The packet before that.
  static func fitLengths(_ packet: inout [UInt8], of whole: [UInt8], link: LinkType) {
    let places = FaultPlaces(whole, link: link)
    for name in ["ip.len", "ipv6.plen", "udp.length"] {
      guard let place = places.place(of: name), place.octets.upperBound <= packet.count,
        let stated = place.number(in: whole)
      else { continue }
      // All three count up to the packet's end, so they shrink by what is missing there.
      let missing = UInt64(whole.count - packet.count)
      place.write(stated > missing ? stated - missing : 0, to: &packet)
    }
    fit(&packet, link: link)
  }
}

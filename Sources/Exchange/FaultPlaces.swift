import PacketCore
import Protocols

/// One packet dissected by itself, for faults: where its fields and its payload stand.
struct FaultPlaces: ~Copyable {
  /// How a value is written.
  enum Style {
    case decimal, hexadecimal, ipv4
  }

  /// Some bits of some octets of the packet.
  struct Place: Equatable {
    var octets: Range<Int>
    /// The bits that count, one octet each.
    var mask: [UInt8]
    /// How a value is written.
    var style = Style.hexadecimal
    /// What one step of the stored number counts: 4 for a header length in words that is named in
    /// octets.
    var unit: UInt64 = 1

    init(_ octets: Range<Int>) {
      self.octets = octets
      mask = Array(repeating: 0xff, count: octets.count)
    }

    /// The bits of the place, in the packet's order: octet and the one bit in it.
    var bits: [(octet: Int, bit: UInt8)] {
      var bits: [(octet: Int, bit: UInt8)] = []
      for (offset, mask) in mask.enumerated() {
        for shift in 0..<8 where mask & (0x80 >> UInt8(shift)) != 0 {
          bits.append((octets.lowerBound + offset, 0x80 >> UInt8(shift)))
        }
      }
      return bits
    }

    /// The number that stands there; nil when it has more than 64 bits.
    func number(in packet: [UInt8]) -> UInt64? {
      guard octets.count <= 8, !octets.isEmpty else { return nil }
      let wide = zip(packet[octets], mask).reduce(UInt64(0)) { $0 << 8 | UInt64($1.0 & $1.1) }
      return wide >> shift
    }

    /// Writes a number, as many bits of it as there are.
    func write(_ number: UInt64, to packet: inout [UInt8]) {
      guard octets.count <= 8, !octets.isEmpty else { return }
      var rest = number << shift
      for (octet, mask) in zip(octets, mask).reversed() {
        packet[octet] = packet[octet] & ~mask | UInt8(truncatingIfNeeded: rest) & mask
        rest >>= 8
      }
    }

    private var shift: UInt64 {
      var shift: UInt64 = 0
      for octet in mask.reversed() {
        if octet != 0 { return shift + UInt64(octet.trailingZeroBitCount) }
        shift += 8
      }
      return 0
    }
  }

  /// The fields that stand in the packet's own octets, outermost first.
  private(set) var items: [(layer: Int, item: FieldItem)] = []
  /// The octets behind the innermost TCP, UDP or else IP header.
  private(set) var payload: Range<Int>
  private var statuses: [(layer: Int, status: ChecksumStatus)] = []
  private var dissection = Dissection()
  private let packet: [UInt8]

  /// - Parameter link: What the packet's first octet is the start of.
  init(_ packet: [UInt8], link: LinkType) {
    self.packet = packet
    var dissector = Dissector(Registry.standard)
    let header = FrameHeader(
      capturedLength: packet.count, originalLength: packet.count, linkType: link)
    dissector.dissect(packet.span.bytes, header, into: &dissection)
    var sink = FieldSink()
    payload = 0..<packet.count
    for (index, record) in dissection.layers.enumerated()
    where record.buffer == 0 && !record.isQuoted {
      sink.items.removeAll(keepingCapacity: true)
      record.type.collect(packet.span.bytes, record, in: dissection, into: &sink)
      for item in sink.items {
        if item.field.name.hasSuffix(".checksum.status"), case .unsigned(let number) = item.value,
          let status = ChecksumStatus(rawValue: UInt8(truncatingIfNeeded: number))
        {
          statuses.append((index, status))
        }
        guard item.buffer == 0, let place = item.place, !place.isEmpty,
          place.lowerBound >= 0, place.upperBound <= packet.count
        else { continue }
        items.append((index, item))
      }
      let carries =
        record.is(IPv4.self) || record.is(IPv6.self) || record.is(TCP.self) || record.is(UDP.self)
      if carries, !record.isPart, record.payload.upperBound <= packet.count {
        payload = record.payload
      }
    }
  }

  /// Names that stand for several fields, such as `ip.addr`.
  private static let aliases: [String: [String]] = {
    var aliases: [String: [String]] = [:]
    for layer in Registry.standard.layers {
      for field in layer.description.fields where !field.info.members.isEmpty {
        aliases[field.info.name, default: []] += field.info.members
      }
    }
    return aliases
  }()

  /// Where the field stands that the name means; nil when the packet has none.
  func place(of name: String) -> Place? {
    let names = Self.aliases[name] ?? [name]
    guard let found = items.first(where: { names.contains($0.item.field.name) }) else { return nil }
    return place(of: found.item)
  }

  private func place(of item: FieldItem) -> Place {
    var place = Place(item.place ?? 0..<0)
    switch (item.field.type, item.field.base) {
    case (.ipv4, _): place.style = .ipv4
    case (.unsigned, .decimal), (.signed, .decimal), (.boolean, _): place.style = .decimal
    default: place.style = .hexadecimal
    }
    if let mask = Self.mask(of: item) {
      place.mask = mask
      return place
    }
    // A number that is not what its octets say stands in those bits of them that other fields leave
    // over: a header length, in words, beside a version or flags.
    guard case .unsigned(let value) = item.value, let whole = place.number(in: packet),
      whole != value
    else { return place }
    var narrow = place
    for (_, other) in items where other.buffer == item.buffer && other.field !== item.field {
      guard let mask = Self.mask(of: other), let octets = other.place else { continue }
      for (octet, mask) in zip(octets, mask) where narrow.octets.contains(octet) {
        narrow.mask[octet - narrow.octets.lowerBound] &= ~mask
      }
    }
    guard let stored = narrow.number(in: packet), stored > 0, stored != whole,
      value % stored == 0
    else { return place }
    narrow.unit = value / stored
    return narrow
  }

  private static func mask(of item: FieldItem) -> [UInt8]? {
    guard let place = item.place, let mask = item.field.mask, place.count <= 8 else { return nil }
    return place.map { octet in
      UInt8(truncatingIfNeeded: mask >> UInt64((place.upperBound - 1 - octet) * 8))
    }
  }

  // MARK: - Checksums

  /// Checksums that are wrong, each with the value that would be right.
  var wrongChecksums: [(place: Place, expected: UInt64)] {
    dissection.findings.compactMap { finding in
      guard finding.kind.group == .checksum, let place = checksum(at: finding.layer) else {
        return nil
      }
      return (place, finding.expected)
    }
  }

  /// Checksums that pass for not computed yet.
  var unfinishedChecksums: [Place] {
    items.indices.compactMap { index in
      let (layer, item) = items[index]
      guard item.field.name.hasSuffix(".checksum"),
        statuses.contains(where: { $0.layer == layer && $0.status == .offloaded })
      else { return nil }
      return place(of: item)
    }
  }

  private func checksum(at layer: Int) -> Place? {
    items.first { $0.layer == layer && $0.item.field.name.hasSuffix(".checksum") }
      .map { place(of: $0.item) }
  }

  /// The name of the narrowest field that a bit belongs to; nil when it belongs to none.
  func name(of octet: Int, bit: UInt8) -> String? {
    var best: (name: String, size: Int)?
    for (_, item) in items {
      guard let octets = item.place, octets.contains(octet), item.value != .present else {
        continue
      }
      let mask = Self.mask(of: item)
      if let mask, mask[octet - octets.lowerBound] & bit == 0 { continue }
      let size = mask.map { $0.reduce(0) { $0 + $1.nonzeroBitCount } } ?? octets.count * 8
      if size <= best?.size ?? .max { best = (item.field.name, size) }
    }
    return best?.name
  }
}

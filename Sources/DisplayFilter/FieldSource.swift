import PacketCore

/// Where values of one name come from.
enum FieldSource: Sendable {
  /// A field that a protocol declares; `isFixed` when its place counts from the layer's first
  /// octet in every packet.
  case field(any ErasedLayer.Type, FieldInfo, isFixed: Bool)
  /// A protocol: header and payload.
  case layer(any ErasedLayer.Type, FieldInfo)
  /// A kind of remark.
  case finding(FindingKind)
  /// What all remarks have in common.
  case expert(ExpertField)

  /// What the values look like.
  var info: FieldInfo {
    switch self {
    case .field(_, let info, _): info
    case .layer(_, let info): info
    case .finding(let kind): kind.field
    case .expert(let part): part.info
    }
  }

  /// How to read the values without decoding the layer, where that gives the same.
  var load: DirectLoad? {
    guard case .field(let layer, let info, isFixed: true) = self else { return nil }
    return DirectLoad(info, of: layer)
  }

  /// The protocol, where the values are part of a layer.
  var layer: (any ErasedLayer.Type)? {
    switch self {
    case .field(let type, _, _), .layer(let type, _): type
    default: nil
    }
  }
}

/// The fields of every finding, in Wireshark's names and numbers (`epan/proto.h`).
enum ExpertField: Sendable, CaseIterable {
  case expert, severity, group, message

  private static let infos: [FieldInfo] = [
    FieldInfo("_ws.expert", "Expert Info", .label, isGenerated: true),
    FieldInfo(
      "_ws.expert.severity", "Severity level", .unsigned, base: .hexadecimal, bits: 32,
      isGenerated: true, label: { number in severities.first { $0.number == number }?.name }),
    FieldInfo(
      "_ws.expert.group", "Group", .unsigned, base: .hexadecimal, bits: 32, isGenerated: true,
      label: { number in groups.first { $0.number == number }?.name }),
    FieldInfo("_ws.expert.message", "Message", .string, isGenerated: true),
  ]

  var info: FieldInfo {
    switch self {
    case .expert: Self.infos[0]
    case .severity: Self.infos[1]
    case .group: Self.infos[2]
    case .message: Self.infos[3]
    }
  }

  static let severities: [(number: UInt64, name: String)] = [
    (0x100000, "Comment"), (0x200000, "Chat"), (0x400000, "Note"), (0x600000, "Warning"),
    (0x800000, "Error"),
  ]
  static let groups: [(number: UInt64, name: String)] = [
    (0x0100_0000, "Checksum"), (0x0200_0000, "Sequence"), (0x0600_0000, "Reassemble"),
    (0x0700_0000, "Malformed"), (0x0900_0000, "Protocol"),
  ]

  static func number(_ severity: FindingKind.Severity) -> UInt64 {
    switch severity {
    case .comment: 0x100000
    case .chat: 0x200000
    case .note: 0x400000
    case .warning: 0x600000
    case .error: 0x800000
    }
  }

  func value(_ finding: Finding) -> FieldValue {
    switch self {
    case .expert: return .present
    case .severity: return .unsigned(Self.number(finding.kind.severity))
    case .group:
      let name = finding.kind.group.rawValue
      return .unsigned(Self.groups.first { $0.name == name }?.number ?? 0)
    case .message: return .string(finding.text)
    }
  }
}

/// How to read a field's value straight from the packet: no decoding, no allocation.
struct DirectLoad: Sendable {
  /// The layer's protocol.
  let layer: ObjectIdentifier
  /// Octets from the layer's first.
  let offset: Int
  /// 1 to 8, or 16 for an IPv6 address.
  let width: Int
  let mask: UInt64
  let shift: UInt64

  /// The masked value; nil where the octets are not there. Not for 16 octets.
  @inline(__always)
  func number(_ bytes: RawSpan, _ record: LayerRecord) -> UInt64? {
    let at = Int(record.start) &+ offset
    let count = bytes.byteCount
    // Of a layer that could not be read only what it has itself counts.
    if record.isPart, offset &+ width > Int(record.headerLength) { return nil }
    var word: UInt64
    if at &+ 8 <= count {
      // One load whatever the width: octets beyond it are shifted out.
      word = UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
      word &>>= UInt64(truncatingIfNeeded: (8 &- width) &* 8)
    } else {
      guard at &+ width <= count else { return nil }
      word = 0
      for index in at..<at &+ width {
        word = word &<< 8 | UInt64(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
      }
    }
    return (word & mask) &>> shift
  }

  /// The value as filters compare it.
  func value(_ bytes: RawSpan, _ record: LayerRecord, boolean: Bool) -> Int128? {
    if width == 16 {
      let at = Int(record.start) &+ offset
      if record.isPart, offset &+ 16 > Int(record.headerLength) { return nil }
      guard at &+ 16 <= bytes.byteCount else { return nil }
      let high = bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
      let low = bytes.unsafeLoadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)
      return Value.order(IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))
    }
    guard let number = number(bytes, record) else { return nil }
    return boolean ? (number != 0 ? 1 : 0) : Int128(number)
  }
}

extension DirectLoad {
  /// - Returns: Nil when the field has no place of its own in the layer, or its octets are not
  ///   its value.
  init?(_ info: FieldInfo, of layer: any ErasedLayer.Type) {
    guard let place = info.place, place.lowerBound >= 0, place.lowerBound < 1 << 16 else {
      return nil
    }
    switch info.type {
    case .unsigned, .boolean: guard (1...8).contains(place.count) else { return nil }
    case .ipv4: guard place.count == 4, info.mask == nil else { return nil }
    case .mac: guard place.count == 6, info.mask == nil else { return nil }
    case .ipv6: guard place.count == 16, info.mask == nil else { return nil }
    default: return nil
    }
    guard info.mask != 0 else { return nil }
    self.layer = ObjectIdentifier(layer)
    offset = place.lowerBound
    width = place.count
    let all: UInt64 = place.count >= 8 ? .max : 1 << UInt64(place.count * 8) - 1
    mask = info.mask ?? all
    shift = UInt64(info.mask?.trailingZeroBitCount ?? 0)
  }
}

extension Finding {
  /// The severity and the group as Wireshark counts them: `_ws.expert.severity`, `_ws.expert.group`.
  public var expertNumbers: (severity: UInt64, group: UInt64) {
    let name = kind.group.rawValue
    return (
      ExpertField.number(kind.severity),
      ExpertField.groups.first { $0.name == name }?.number ?? 0
    )
  }
}

import PacketCore
import Protocols

// `corrupt:TARGET[=VALUE][+fit]`, where a target may be any field that stands in a packet.
extension FaultParser {
  /// What stands behind `corrupt:`.
  func corruption(_ part: Range<Int>) throws(FaultError) -> FaultCorruption {
    let (body, fits) = fit(part)
    let equals = octets[body].firstIndex(of: UInt8(ascii: "="))
    let nameRange = body.lowerBound..<(equals ?? body.upperBound)
    var name = string(nameRange)
    let valueRange = equals.map { $0 + 1..<body.upperBound }
    func take(_ suffix: String) -> Bool {
      if name == suffix {
        name = ""
      } else if name.hasSuffix("." + suffix) {
        name.removeLast(suffix.utf8.count + 1)
      } else {
        return false
      }
      return true
    }
    var change = FaultCorruption.Change.any
    if take("bit") {
      var bit: Int?
      if let valueRange {
        guard let number = Self.whole(string(valueRange)) else {
          throw fail("A bit is a number, and the first is 0.", valueRange)
        }
        bit = number
      }
      change = .bit(bit)
    } else if take("swap16") {
      guard valueRange == nil else { throw fail("swap16 takes no value.", body) }
      change = .swap16
    }
    if name.isEmpty || name == "payload" {
      if change == .any, let valueRange {
        throw fail(
          "Only a field takes a value.", valueRange, ["payload.bit=12", "payload.swap16"])
      }
      return FaultCorruption(
        name.isEmpty ? .packet : .payload, change == .any ? .bit(nil) : change, fits: fits)
    }
    let fields = try fields(name, nameRange)
    if change == .any, let valueRange { change = try fieldValue(fields, valueRange) }
    return FaultCorruption(.field(name), change, fits: fits)
  }

  // MARK: - Fields

  /// Every field of every protocol that stands in the octets of a packet.
  private static let catalog: [String: [FieldInfo]] = {
    var catalog: [String: [FieldInfo]] = [:]
    for layer in Registry.standard.layers where layer.filterName.description != "frame" {
      for entry in layer.description.fields {
        guard entry.info.place != nil || !entry.info.isGenerated else { continue }
        catalog[entry.info.name, default: []].append(entry.info)
      }
    }
    return catalog
  }()

  private func fields(_ name: String, _ range: Range<Int>) throws(FaultError) -> [FieldInfo] {
    guard let found = Self.catalog[name] else {
      let isKnown = Registry.standard.layers.contains {
        $0.filterName.description == name
          || $0.description.fields.contains { $0.info.name == name }
      }
      let near = nearestWords(
        to: name, among: Self.catalog.keys.sorted() + ["payload", "payload.bit", "payload.swap16"])
      let protocolName = name.split(separator: ".").first.map(String.init) ?? name
      throw fail(
        isKnown
          ? "\(name) stands in no octets of a packet." : "There is no field named \(name).",
        range, near.filter { $0 != name }, command: "netlab fields \(protocolName)")
    }
    // A name for several fields takes what they take.
    return found.flatMap { info in
      info.members.isEmpty ? [info] : info.members.flatMap { Self.catalog[$0] ?? [] }
    }
  }

  private func fieldValue(
    _ fields: [FieldInfo], _ range: Range<Int>
  ) throws(FaultError) -> FaultCorruption.Change {
    let word = string(range)
    switch fields.first?.type {
    case .octets, .mac, .string, .ipv6:
      let digits = Array(word.utf8.filter { $0 != UInt8(ascii: ":") })
      let pairs = stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
      let octets = pairs.compactMap { $0 }
      guard !digits.isEmpty, digits.count % 2 == 0, octets.count == pairs.count else {
        throw fail("Octets are written in hexadecimal: 0a:1b:2c.", range)
      }
      return .octets(octets)
    case .ipv4:
      let parts = word.split(separator: ".", omittingEmptySubsequences: false)
      let octets = parts.compactMap { UInt8($0) }
      guard parts.count == 4, octets.count == 4 else {
        throw fail("An IPv4 address is written as 10.0.0.1.", range)
      }
      return .octets(octets)
    default:
      let words: [String: UInt64] = ["true": 1, "false": 0]
      let number =
        words[word]
        ?? (word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word))
      guard let number else { throw fail("A value is a number: 1, 0x1f.", range) }
      // A bit field's width, or that of its octets.
      let bits = fields.map { $0.bits > 0 ? $0.bits : 64 }.max() ?? 64
      guard bits >= 64 || number >> UInt64(bits) == 0 else {
        throw fail("The field has \(bits) bit\(bits == 1 ? "" : "s").", range)
      }
      return .number(number)
    }
  }
}

import Console
import PacketCore

/// One `-d` rule: octets that a number of a lower layer names are decoded as a protocol.
struct DecodeAs {
  private let types: [PayloadType]
  private let name: String
  private let rule: String

  private static let spaces: [(selector: String, space: PayloadType.Space)] = [
    ("tcp.port", .tcpPort), ("udp.port", .udpPort), ("ip.proto", .ipProtocol),
    ("ethertype", .etherType), ("llc.dsap", .llcSAP), ("wtap_encap", .linkType),
  ]

  /// - Parameter rule: `tcp.port==8080,PROTO`; a range `8080-8089` or `8080:10` for the number.
  /// - Throws: `Failure` when it cannot be understood.
  init(_ rule: String) throws {
    self.rule = rule
    guard let comma = rule.lastIndex(of: ","), let equals = rule.firstRange(of: "==") else {
      throw Failure(
        .usage, "-d wants SELECTOR==VALUE,PROTOCOL, not '\(rule)'",
        remedy: "for example -d udp.port==5300,dns")
    }
    let selector = rule[..<equals.lowerBound].trimmingBlanks
    guard let space = Self.spaces.first(where: { $0.selector == selector })?.space else {
      throw Failure(
        .usage, "-d knows no selector '\(selector)'",
        remedy: "one of " + Self.spaces.map(\.selector).joined(separator: ", "))
    }
    name = rule[rule.index(after: comma)...].trimmingBlanks
    let numbers = rule[equals.upperBound..<comma].trimmingBlanks
    guard let range = Self.range(numbers) else {
      throw Failure(.usage, "-d wants a number or a range such as 8080-8089, not '\(numbers)'")
    }
    types = range.map { PayloadType(space, $0) }
  }

  private static func range(_ text: String) -> ClosedRange<UInt16>? {
    func number(_ part: Substring) -> UInt16? {
      part.hasPrefix("0x") ? UInt16(part.dropFirst(2), radix: 16) : UInt16(part)
    }
    if let dash = text.firstIndex(of: "-") {
      guard let first = number(text[..<dash]), let last = number(text[text.index(after: dash)...]),
        first <= last
      else { return nil }
      return first...last
    }
    if let colon = text.firstIndex(of: ":") {
      guard let first = number(text[..<colon]),
        let count = number(text[text.index(after: colon)...]),
        count > 0, Int(first) + Int(count) - 1 <= 0xffff
      else { return nil }
      return first...(first + (count - 1))
    }
    return number(text[...]).map { $0...$0 }
  }

  /// Binds the numbers to the protocol.
  /// - Throws: `Failure` when there is no such protocol.
  func apply(to registry: inout Registry) throws {
    for type in types where !registry.decode(type, as: name) {
      throw Failure(
        .usage, "-d names no protocol that netlab knows: '\(name)'",
        remedy: "`netlab fields` lists the protocols")
    }
  }
}

extension StringProtocol {
  /// Without blanks at both ends.
  var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

import PacketCore

/// A value written in a filter, as the field that it is compared with understands it.
enum Literal {
  /// Numbers: one, those of a prefix, or those that bear a label.
  case numbers([ClosedRange<Int128>])
  case octets([UInt8])
  case real(Double)

  /// Reads `node` as a value of a field.
  ///
  /// - Parameters:
  ///   - kind: The field's type.
  ///   - info: The field, whose width bounds numbers and whose labels name them; nil for results
  ///     of computations.
  init(_ node: FilterSyntax, as kind: ValueKind, _ info: FieldInfo?) throws(Fault) {
    do throws(Fault) {
      switch node.kind {
      case .word(let word): self = try Literal.word(word, kind, info)
      case .string(let octets): self = try Literal.string(octets, kind, info)
      case .character(let octet): self = try Literal.character(octet, kind, info)
      default: throw Fault("A value was expected here.")
      }
    } catch {
      throw error.at(node.range)
    }
  }

  private static func one(_ number: Int128) -> Literal { .numbers([number...number]) }

  private static func word(
    _ word: String, _ kind: ValueKind, _ info: FieldInfo?
  ) throws(Fault) -> Literal {
    switch kind {
    case .unsigned, .signed: return try number(word, kind, info)
    case .boolean: return one(try boolean(word, info))
    case .ipv4:
      let (text, length) = try AddressLiteral.prefix(word, bits: 32, family: "IPv4")
      guard let address = AddressLiteral.ipv4(text) else {
        throw Fault("\"\(word)\" is not a valid IPv4 address.")
      }
      let rest = length == 0 ? UInt32.max : (1 << UInt32(32 - length)) &- 1
      return .numbers([Int128(address & ~rest)...Int128(address | rest)])
    case .ipv6:
      let (text, length) = try AddressLiteral.prefix(word, bits: 128, family: "IPv6")
      guard let address = AddressLiteral.ipv6(text) else {
        throw Fault("\"\(word)\" is not a valid IPv6 address.")
      }
      let rest = length == 0 ? UInt128.max : (1 << UInt128(128 - length)) &- 1
      return .numbers([order(address & ~rest)...order(address | rest)])
    case .mac:
      guard let address = AddressLiteral.mac(word) else {
        let count = AddressLiteral.octets(word)?.count ?? 6
        let what =
          count < 6
          ? "contains too few bytes to be"
          : count > 6
            ? "contains too many bytes to be" : "is not"
        throw Fault("\"\(word)\" \(what) a valid Ethernet address.")
      }
      return one(Int128(address))
    case .octets:
      guard let octets = AddressLiteral.octets(word) else {
        throw Fault(
          "\"\(word)\" is not a valid byte string; write text in quotes.",
          suggestions: ["\"\(word)\""])
      }
      return .octets(octets)
    case .string: return .octets(Array(word.utf8))
    case .time:
      guard let time = TimeLiteral.seconds(word) ?? TimeLiteral.date(word) else {
        throw invalidTime(word)
      }
      return one(time)
    case .duration:
      guard let seconds = TimeLiteral.seconds(word) else {
        throw Fault("\"\(word)\" is not a valid number of seconds.")
      }
      return one(seconds)
    case .floating:
      guard let number = Double(word), number.isFinite else {
        throw Fault("\"\(word)\" is not a valid number.")
      }
      return .real(number)
    case .none: throw Fault("A label has no value to compare with.")
    }
  }

  private static func order(_ address: UInt128) -> Int128 {
    Int128(truncatingIfNeeded: address ^ UInt128(1) << 127)
  }

  private static func invalidTime(_ text: String) -> Fault {
    Fault(
      "\"\(text)\" is not a valid absolute time. Example: \"2026-11-22 21:26:53.2\" or "
        + "\"Nov 22, 2026 21:26:53\".")
  }

  private static func string(
    _ octets: [UInt8], _ kind: ValueKind, _ info: FieldInfo?
  ) throws(Fault) -> Literal {
    let text = String(decoding: octets, as: UTF8.self)
    switch kind {
    case .octets, .string: return .octets(octets)
    case .unsigned, .signed, .boolean:
      if kind == .boolean, let flag = truth(text) { return one(flag) }
      if let label = info?.label { return .numbers(try labelled(text, label, info)) }
      throw notFromString(text, kind, suggestion: wholeNumber(text) != nil)
    case .time:
      guard let time = TimeLiteral.date(text) else { throw invalidTime(text) }
      return one(time)
    default:
      let fits = (try? word(text, kind, info)) != nil
      throw notFromString(text, kind, suggestion: fits)
    }
  }

  private static func notFromString(_ text: String, _ kind: ValueKind, suggestion: Bool) -> Fault {
    let title = kind.title.prefix(1).uppercased() + kind.title.dropFirst()
    return Fault(
      "\(title) cannot be converted from a string (\"\(text)\").",
      suggestions: suggestion ? [text] : [])
  }

  private static func character(
    _ octet: UInt8, _ kind: ValueKind, _ info: FieldInfo?
  ) throws(Fault) -> Literal {
    switch kind {
    case .unsigned, .signed: return try bounded(Int128(octet), "\(octet)", kind, info)
    case .octets, .string: return .octets([octet])
    default:
      throw Fault("A character constant is not a valid \(kind.title).")
    }
  }

  private static func number(
    _ word: String, _ kind: ValueKind, _ info: FieldInfo?
  ) throws(Fault) -> Literal {
    let isNegative = word.utf8.first == 45
    let digits = isNegative ? word.dropFirst() : word[...]
    if let magnitude = wholeNumber(digits) {
      let value = isNegative ? -Int128(magnitude) : Int128(magnitude)
      return try bounded(value, word, kind, info)
    }
    if let first = digits.utf8.first, (48...57).contains(first) {
      let isLong = digits.utf8.allSatisfy { (48...57).contains($0) }
      throw Fault(
        isLong && first != 48
          ? "\"\(word)\" does not fit 64 bits." : "\"\(word)\" is not a valid number.")
    }
    if let label = info?.label { return .numbers(try labelled(word, label, info)) }
    throw Fault("\"\(word)\" is not a valid number.")
  }

  /// Holds a number against the width of the field.
  private static func bounded(
    _ value: Int128, _ word: String, _ kind: ValueKind, _ info: FieldInfo?
  ) throws(Fault) -> Literal {
    guard let info else { return one(value) }
    let bits = UInt32(min(FieldIndex.width(of: info) ?? 64, 64))
    let limit = Int128(1) << Int128(kind == .signed ? bits - 1 : bits)
    let least = kind == .signed ? -limit : 0
    if value >= limit {
      throw Fault("\"\(word)\" too big for this field, maximum \(limit - 1).")
    }
    if value < least {
      throw Fault("\"\(word)\" too small for this field, minimum \(least).")
    }
    return one(value)
  }

  private static func truth(_ word: String) -> Int128? {
    switch word.lowercased() {
    case "true", "set": 1
    case "false", "not set": 0
    default: nil
    }
  }

  private static func boolean(_ word: String, _ info: FieldInfo?) throws(Fault) -> Int128 {
    if let flag = truth(word) { return flag }
    if let number = wholeNumber(word) { return number != 0 ? 1 : 0 }
    if let label = info?.label, let range = try labelled(word, label, info).first {
      return range.lowerBound
    }
    throw Fault(
      "\"\(word)\" is not true or false.", suggestions: ["true", "false", "1", "0"])
  }

  /// The numbers whose label is `word`, whatever its case.
  private static func labelled(
    _ word: String, _ label: @Sendable (UInt64) -> String?, _ info: FieldInfo?
  ) throws(Fault) -> [ClosedRange<Int128>] {
    let wanted = word.lowercased()
    var names: [String] = []
    var found: [ClosedRange<Int128>] = []
    func look(_ numbers: some Sequence<UInt64>) {
      for number in numbers {
        guard let name = label(number) else { continue }
        if name.lowercased() == wanted {
          found.append(Int128(number)...Int128(number))
        } else if names.count < 256 {
          names.append(name)
        }
      }
    }
    look(0...255)
    // Most named numbers are small; port numbers and EtherTypes are not.
    if found.isEmpty, info.flatMap({ FieldIndex.width(of: $0) }) ?? 64 > 8 { look(256...65535) }
    if found.isEmpty {
      look(ExpertField.severities.map(\.number) + ExpertField.groups.map(\.number))
    }
    guard !found.isEmpty else {
      let near = nearestWords(to: word, among: names)
      throw Fault(
        "\"\(word)\" cannot be found among the possible values for \(info?.name ?? "this").",
        suggestions: (near.isEmpty ? Array(names.prefix(6)) : near).map { "\"\($0)\"" })
    }
    return found
  }
}

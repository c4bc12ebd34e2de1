import PacketCore

/// The types that the filter language distinguishes. All that have an order, except octets,
/// strings and floating numbers, are compared as one kind of integer (`Value.number`).
enum ValueKind: Sendable, Equatable {
  case unsigned, signed, boolean, ipv4, ipv6, mac
  /// A byte sequence: protocols and slices too.
  case octets
  case string
  /// A date, in nanoseconds since 1970.
  case time
  /// Seconds in the language, nanoseconds here.
  case duration
  case floating
  /// No value.
  case none

  init(_ type: FieldType) {
    switch type {
    case .unsigned: self = .unsigned
    case .signed: self = .signed
    case .boolean: self = .boolean
    case .ipv4: self = .ipv4
    case .ipv6: self = .ipv6
    case .mac: self = .mac
    case .octets: self = .octets
    case .string: self = .string
    case .absoluteTime, .epochTime: self = .time
    case .duration: self = .duration
    case .label: self = .none
    case .floating: self = .floating
    }
  }

  /// In Wireshark's words, which its manual and users know.
  var title: String {
    switch self {
    case .unsigned: "unsigned integer"
    case .signed: "signed integer"
    case .boolean: "Boolean"
    case .ipv4: "IPv4 address"
    case .ipv6: "IPv6 address"
    case .mac: "Ethernet or other MAC address"
    case .octets: "byte sequence"
    case .string: "character string"
    case .time: "date and time"
    case .duration: "time offset"
    case .floating: "floating point number"
    case .none: "label"
    }
  }

  var isInteger: Bool { self == .unsigned || self == .signed }
  /// Kinds whose values are octets when they run.
  var isText: Bool { self == .octets || self == .string }
  /// Kinds whose octets can be sliced and searched.
  var hasOctets: Bool {
    switch self {
    case .octets, .string, .ipv4, .ipv6, .mac: true
    default: false
    }
  }

  /// Octets of the address kinds.
  var addressLength: Int {
    switch self {
    case .ipv4: 4
    case .mac: 6
    case .ipv6: 16
    default: 0
    }
  }

  /// Whether values of the two kinds can be compared with each other.
  func isComparable(to other: ValueKind) -> Bool {
    if self == .none || other == .none { return false }
    return self == other || isInteger && other.isInteger || isText && other.isText
  }
}

/// A value while a filter runs.
enum Value: Sendable {
  /// Integers, booleans, addresses, times in nanoseconds.
  case number(Int128)
  case real(Double)
  /// Octets that stand in a buffer of the packet.
  case place(Range<Int>, buffer: UInt16)
  case octets([UInt8])
  /// The field is there and has no value.
  case present

  /// An IPv6 address as a number: the top bit flipped keeps the order in a signed type.
  static func order(_ address: IPv6Address) -> Int128 {
    Int128(
      truncatingIfNeeded: UInt128(address.high) << 64 | UInt128(address.low)
        ^ UInt128(1) << 127)
  }

  /// The inverse of `order`.
  static func address(_ order: Int128) -> IPv6Address {
    let bits = UInt128(truncatingIfNeeded: order) ^ UInt128(1) << 127
    return IPv6Address(
      high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
  }

  /// Nanoseconds since 1970.
  static func nanoseconds(_ time: Timestamp) -> Int128 {
    Int128(time.seconds) * 1_000_000_000 + Int128(time.nanoseconds)
  }

  init(_ item: FieldItem) {
    switch item.value {
    case .present: self = .present
    case .unsigned(let number): self = .number(Int128(number))
    case .signed(let number): self = .number(Int128(number))
    case .boolean(let flag): self = .number(flag ? 1 : 0)
    case .ipv4(let address): self = .number(Int128(address.value))
    case .ipv6(let address): self = .number(Value.order(address))
    case .mac(let address): self = .number(Int128(address.value))
    case .octetsInPlace: self = .place(item.place ?? 0..<0, buffer: item.buffer)
    case .octets(let octets): self = .octets(octets)
    case .string(let text): self = .octets(Array(text.utf8))
    case .time(let time): self = .number(Value.nanoseconds(time))
    case .duration(let nanoseconds): self = .number(Int128(nanoseconds))
    case .floating(let number): self = .real(number)
    }
  }
}

/// What a field is, apart from any packet: its name in filters, its title in the tree, its type and
/// the way it is shown. One instance stands for one declaration; identity is equality.
public final class FieldInfo: Sendable {
  /// The name in display filters and `-e`: Wireshark's where it has one.
  public let name: String
  /// The title in the tree.
  public let title: String
  public let type: FieldType
  /// How numbers are shown.
  public let base: FieldBase
  /// The bits of the octets at `place` that are the value; nil for all of them.
  public let mask: UInt64?
  /// Bits of the value, which decide on its hexadecimal digits; 0 when that is of no interest.
  public let bits: Int
  /// A name for a value, when it has one.
  public let label: (@Sendable (UInt64) -> String?)?
  /// What the number counts, written behind it in the tree: "bytes"; empty for nothing.
  public let unit: String
  /// Where the value stands, in octets from the layer's first, when that never varies.
  public let place: Range<Int>?
  /// True for values that no octets of the packet hold.
  public let isGenerated: Bool
  /// Names of fields whose values this one stands for (`ip.addr`); empty for a field of its own.
  public let members: [String]
  /// True for values that the tree leaves out, since another line shows them already.
  public let isHidden: Bool

  public init(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal,
    mask: UInt64? = nil, bits: Int = 0, place: Range<Int>? = nil, isGenerated: Bool = false,
    members: [String] = [], unit: String = "", isHidden: Bool = false,
    label: (@Sendable (UInt64) -> String?)? = nil
  ) {
    self.isHidden = isHidden
    self.name = name
    self.title = title
    self.type = type
    self.base = base
    self.mask = mask
    self.bits = bits
    self.place = place
    self.isGenerated = isGenerated
    self.members = members
    self.label = label
    self.unit = unit
  }
}

/// The types that field values have.
public enum FieldType: String, Sendable, CaseIterable {
  case unsigned, signed, boolean, ipv4, ipv6, mac, octets, string
  /// A date and time; shown as a date.
  case absoluteTime
  /// A date and time; shown as seconds since 1970.
  case epochTime
  /// A difference between two times, in seconds.
  case duration
  /// No value: the field is there or not.
  case label
  case floating
}

/// How a number is shown.
public enum FieldBase: Sendable {
  case decimal
  /// `0x` and as many digits as the field is wide.
  case hexadecimal
  /// Hexadecimal, then decimal in parentheses, in the tree; hexadecimal elsewhere.
  case hexadecimalAndDecimal
}

/// A field's value in one packet.
public enum FieldValue: Sendable, Equatable {
  /// A field that has no value but is there.
  case present
  case unsigned(UInt64)
  case signed(Int64)
  case boolean(Bool)
  case ipv4(IPv4Address)
  case ipv6(IPv6Address)
  case mac(MACAddress)
  /// The octets at the item's own place in its buffer.
  case octetsInPlace
  /// Octets that stand in no buffer.
  case octets([UInt8])
  case string(String)
  case time(Timestamp)
  /// Nanoseconds.
  case duration(Int64)
  case floating(Double)
}

/// One field of one packet: a line of the tree, a value for a filter.
public struct FieldItem: Sendable {
  public let field: FieldInfo
  public let value: FieldValue
  /// The octets it was read from, in its buffer; nil for generated values.
  public let place: Range<Int>?
  public let buffer: UInt16
  /// Levels below the layer's own line, 0 for its fields.
  public let depth: Int
  /// What its line of the tree says instead of title and value: an option, a record.
  public internal(set) var line: String?

  /// An item that no schema emitted, such as a finding or a whole protocol.
  public init(
    field: FieldInfo, value: FieldValue, place: Range<Int>?, buffer: UInt16, depth: Int,
    line: String? = nil
  ) {
    self.field = field
    self.value = value
    self.place = place
    self.buffer = buffer
    self.depth = depth
    self.line = line
  }
}

/// Receives the fields of a layer: all of them as a flat tree, or only one field's values.
public struct FieldSink: Sendable {
  /// What was received, in the order of the tree. The buffer is reused.
  public var items: [FieldItem] = []
  /// The only field that is asked for; nil for all.
  public let wanted: FieldInfo?

  var base = 0
  var buffer: UInt16 = 0
  var depth = 0
  /// End of the buffer: a field whose octets are not there is not there.
  var limit = Int.max
  /// Only fields that stand in the packet: nothing that follows from a layer is known of one that
  /// could not be read.
  var isPart = false

  public init(wanted: FieldInfo? = nil) { self.wanted = wanted }

  @usableFromInline
  mutating func begin(at offset: Int, buffer: UInt16, limit: Int, isPart: Bool = false) {
    base = offset
    self.isPart = isPart
    self.limit = limit
    depth = 0
    self.buffer = buffer
  }

  func wants(_ field: FieldInfo) -> Bool { wanted == nil || wanted === field }

  mutating func add(
    _ field: FieldInfo, _ value: FieldValue, at place: Range<Int>?,
    line: @autoclosure () -> String? = nil
  ) {
    guard wants(field) else { return }
    let absolute = place.map { $0.lowerBound &+ base..<$0.upperBound &+ base }
    if let absolute, absolute.upperBound > limit { return }
    if isPart, absolute == nil { return }
    items.append(
      FieldItem(
        field: field, value: value, place: absolute, buffer: buffer, depth: depth, line: line()))
  }
}

/// The declaration of one field of `Value`: a layer, or an item that a layer holds several of (a
/// TCP option, a DNS record). Everything that shows or tests fields works off these.
public struct Field<Value>: Sendable {
  /// Emits the values of one packet.
  public typealias Emit =
    @Sendable (Value, RawSpan, LayerRecord, borrowing Dissection, inout FieldSink) -> Void
  /// Adds a value at a place counted from the layer's (or item's) first octet.
  public typealias Add = (FieldValue, Range<Int>?) -> Void

  public let info: FieldInfo
  let emit: Emit
  /// Everything declared below, depth first.
  let descendants: [(info: FieldInfo, depth: Int)]

  init(_ info: FieldInfo, descendants: [(FieldInfo, Int)] = [], emit: @escaping Emit) {
    self.info = info
    self.emit = emit
    self.descendants = descendants
  }
}

extension Field {
  private static func below(_ children: [Field<Value>]) -> [(FieldInfo, Int)] {
    children.flatMap { [($0.info, 1)] + $0.descendants.map { ($0.info, $0.depth + 1) } }
  }

  private static func emitAll(
    _ children: [Field<Value>], _ value: Value, _ bytes: RawSpan, _ record: LayerRecord,
    _ dissection: borrowing Dissection, _ sink: inout FieldSink
  ) {
    guard !children.isEmpty else { return }
    sink.depth += 1
    for child in children { child.emit(value, bytes, record, dissection, &sink) }
    sink.depth -= 1
  }

  /// A number in the header at a place that never varies.
  ///
  /// - Parameters:
  ///   - place: Octets from the layer's first.
  ///   - mask: The bits of those octets that are the value, network byte order; shifted down to
  ///     bit 0 by whoever reads. Nil for all.
  ///   - children: Fields that are parts of this one, such as flags.
  ///   - read: The value of the decoded layer.
  public static func number<N: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ title: String, at place: Range<Int>, mask: UInt64? = nil,
    base: FieldBase = .decimal, unit: String = "",
    label: (@Sendable (UInt64) -> String?)? = nil, children: [Field<Value>] = [],
    _ read: @escaping @Sendable (Value) -> N
  ) -> Field {
    let bits = mask?.nonzeroBitCount ?? (place.count * 8)
    let info = FieldInfo(
      name, title, .unsigned, base: base, mask: mask, bits: bits, place: place, unit: unit,
      label: label)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      sink.add(info, .unsigned(UInt64(truncatingIfNeeded: read(value))), at: place)
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// A number at a place that depends on the layer, or that not every packet has (nil).
  public static func number<N: FixedWidthInteger & SendableMetatype>(
    _ name: String, _ title: String, bits: Int, base: FieldBase = .decimal, unit: String = "",
    label: (@Sendable (UInt64) -> String?)? = nil,
    at place: @escaping @Sendable (Value) -> Range<Int>?,
    children: [Field<Value>] = [], _ read: @escaping @Sendable (Value) -> N?
  ) -> Field {
    let info = FieldInfo(
      name, title, .unsigned, base: base, bits: bits, unit: unit, label: label)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      guard let number = read(value) else { return }
      sink.add(info, .unsigned(UInt64(truncatingIfNeeded: number)), at: place(value))
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// One bit.
  ///
  /// - Parameter words: What the tree says of a bit that is set and one that is not.
  public static func flag(
    _ name: String, _ title: String, at place: Range<Int>, mask: UInt64,
    words: (set: String, clear: String)? = nil, _ read: @escaping @Sendable (Value) -> Bool
  ) -> Field {
    var label: (@Sendable (UInt64) -> String?)?
    if let words { label = { $0 == 0 ? words.clear : words.set } }
    let info = FieldInfo(name, title, .boolean, mask: mask, bits: 1, place: place, label: label)
    return Field(info) { value, _, _, _, sink in
      sink.add(info, .boolean(read(value)), at: place)
    }
  }

  /// An Ethernet address in the header.
  public static func mac(
    _ name: String, _ title: String, at place: Range<Int>, children: [Field<Value>] = [],
    _ read: @escaping @Sendable (Value) -> MACAddress
  ) -> Field {
    let info = FieldInfo(name, title, .mac, place: place)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      sink.add(info, .mac(read(value)), at: place)
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// An IPv4 address in the header.
  public static func ipv4(
    _ name: String, _ title: String, at place: Range<Int>,
    _ read: @escaping @Sendable (Value) -> IPv4Address
  ) -> Field {
    let info = FieldInfo(name, title, .ipv4, place: place)
    return Field(info) { value, _, _, _, sink in sink.add(info, .ipv4(read(value)), at: place) }
  }

  /// An IPv6 address in the header.
  public static func ipv6(
    _ name: String, _ title: String, at place: Range<Int>,
    _ read: @escaping @Sendable (Value) -> IPv6Address
  ) -> Field {
    let info = FieldInfo(name, title, .ipv6, place: place)
    return Field(info) { value, _, _, _, sink in sink.add(info, .ipv6(read(value)), at: place) }
  }

  /// The same field, whose value the tree names in words that another field decides on; by its
  /// number where `words` gives nil.
  public func named(_ words: @escaping @Sendable (Value) -> String?) -> Field {
    let field = self
    let info = info
    return Field(info, descendants: descendants) { value, bytes, record, dissection, sink in
      let position = sink.items.count
      field.emit(value, bytes, record, dissection, &sink)
      guard position < sink.items.count, case .unsigned(let number) = sink.items[position].value,
        let words = words(value)
      else { return }
      sink.items[position].line = "\(info.title): \(words) (\(number))"
    }
  }

  /// Octets as they stand in the packet; absent where `place` is nil or empty.
  public static func octets(
    _ name: String, _ title: String, at place: @escaping @Sendable (Value) -> Range<Int>?
  ) -> Field {
    let info = FieldInfo(name, title, .octets)
    return Field(info) { value, _, _, _, sink in
      guard let place = place(value), !place.isEmpty else { return }
      sink.add(info, .octetsInPlace, at: place)
    }
  }

  /// Octets whose place follows from the layer's record and its neighbours, such as a trailer
  /// behind what the next layer took; absent where `place` is nil or empty.
  public static func octets(
    _ name: String, _ title: String,
    in place: @escaping @Sendable (Value, RawSpan, LayerRecord, borrowing Dissection) -> Range<Int>?
  ) -> Field {
    let info = FieldInfo(name, title, .octets)
    return Field(info) { value, bytes, record, dissection, sink in
      guard let place = place(value, bytes, record, dissection), !place.isEmpty else { return }
      sink.add(info, .octetsInPlace, at: place)
    }
  }

  /// A value of any type that follows from the layer, its record and the dissection; absent where
  /// `read` gives nil.
  ///
  /// - Parameters:
  ///   - place: The octets that it was read from; nil for a generated value.
  ///   - isGenerated: Whether the tree shows it in brackets; nil when the place decides.
  public static func derived(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal, bits: Int = 0,
    unit: String = "", isGenerated: Bool? = nil,
    at place: (@Sendable (Value) -> Range<Int>?)? = nil,
    label: (@Sendable (UInt64) -> String?)? = nil, children: [Field<Value>] = [],
    _ read: @escaping @Sendable (Value, LayerRecord, borrowing Dissection) -> FieldValue?
  ) -> Field {
    let info = FieldInfo(
      name, title, type, base: base, bits: bits, isGenerated: isGenerated ?? (place == nil),
      unit: unit, label: label)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      guard let found = read(value, record, dissection) else { return }
      sink.add(info, found, at: place?(value))
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// A value that is read from octets behind the header, or from another buffer (a payload that was
  /// unmasked, joined or inflated); absent where `read` gives nil.
  ///
  /// - Parameter read: The value, and its place, counted from the layer's first octet; nil for one
  ///   that stands in no octets of the layer's buffer.
  public static func computed(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal, bits: Int = 0,
    unit: String = "", label: (@Sendable (UInt64) -> String?)? = nil, children: [Field<Value>] = [],
    _ read:
      @escaping @Sendable (Value, RawSpan, LayerRecord, borrowing Dissection) -> (
        FieldValue, Range<Int>?
      )?
  ) -> Field {
    let info = FieldInfo(name, title, type, base: base, bits: bits, unit: unit, label: label)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      guard let (found, place) = read(value, bytes, record, dissection) else { return }
      sink.add(info, found, at: place)
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// A line of the tree that holds other fields and has no value of its own; absent where `place`
  /// is nil.
  public static func group(
    _ name: String, _ title: String, at place: @escaping @Sendable (Value) -> Range<Int>?,
    children: [Field<Value>]
  ) -> Field {
    let info = FieldInfo(name, title, .label)
    return Field(info, descendants: below(children)) { value, bytes, record, dissection, sink in
      guard let place = place(value) else { return }
      sink.add(info, .present, at: place)
      emitAll(children, value, bytes, record, dissection, &sink)
    }
  }

  /// The octets behind the header, as far as they were captured; absent when there are none.
  public static func payload(_ name: String, _ title: String) -> Field {
    let info = FieldInfo(name, title, .octets)
    return Field(info) { _, _, record, _, sink in
      guard record.payloadLength > 0 else { return }
      let start = Int(record.headerLength)
      sink.add(info, .octetsInPlace, at: start..<start &+ Int(record.payloadLength))
    }
  }

  /// A name for several fields at once: `ip.addr` for `ip.src` and `ip.dst`.
  public static func either(_ name: String, _ title: String, of members: String...) -> Field {
    Field(FieldInfo(name, title, .label, members: members)) { _, _, _, _, _ in }
  }
}

/// The declaration of one field of `Value`: a layer, or an item that a layer holds several of (a
/// TCP option, a DNS record). Everything that shows or tests fields works off these.
public struct Field<Value>: Sendable {
  /// Emits the values of one packet.
  public typealias Emit =
    @Sendable (Value, RawSpan, LayerRecord, Dissection, inout FieldSink) -> Void
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
    _ dissection: Dissection, _ sink: inout FieldSink
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
    in place: @escaping @Sendable (Value, RawSpan, LayerRecord, Dissection) -> Range<Int>?
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
    _ read: @escaping @Sendable (Value, LayerRecord, Dissection) -> FieldValue?
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
      @escaping @Sendable (Value, RawSpan, LayerRecord, Dissection) -> (
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

  /// A field with any number of values.
  ///
  /// - Parameter each: Calls its last argument once a value.
  public static func list(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal, bits: Int = 0,
    label: (@Sendable (UInt64) -> String?)? = nil, isGenerated: Bool = false,
    _ each: @escaping @Sendable (Value, RawSpan, Dissection, Add) -> Void
  ) -> Field {
    let info = FieldInfo(
      name, title, type, base: base, bits: bits, isGenerated: isGenerated, label: label)
    return Field(info) { value, bytes, _, dissection, sink in
      each(value, bytes, dissection) { found, place in sink.add(info, found, at: place) }
    }
  }

  /// A field with any number of values that follow from the layer's record too: from its payload, or
  /// from what `inspect` noted.
  ///
  /// - Parameter each: Calls its last argument once a value.
  public static func list(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal, bits: Int = 0,
    label: (@Sendable (UInt64) -> String?)? = nil, isGenerated: Bool = false,
    in each: @escaping @Sendable (Value, RawSpan, LayerRecord, Dissection, Add) -> Void
  ) -> Field {
    let info = FieldInfo(
      name, title, type, base: base, bits: bits, isGenerated: isGenerated, label: label)
    return Field(info) { value, bytes, record, dissection, sink in
      each(value, bytes, record, dissection) { found, place in
        sink.add(info, found, at: place)
      }
    }
  }

  /// Any number of items, each a line of the tree with fields of its own (options, records).
  ///
  /// - Parameters:
  ///   - item: The fields of one item; their places count from the item's first octet.
  ///   - title: The text of one item's line; the field's title where nil.
  ///   - each: Calls its last argument once an item, with the item's place in the layer.
  public static func items<Item>(
    _ name: String, _ title: String, of item: [Field<Item>],
    heading: (@Sendable (Item) -> String)? = nil,
    _ each: @escaping @Sendable (Value, (Item, Range<Int>) -> Void) -> Void
  ) -> Field {
    let info = FieldInfo(name, title, .label)
    let below = item.flatMap { [($0.info, 1)] + $0.descendants.map { ($0.info, $0.depth + 1) } }
    return Field(info, descendants: below) { value, bytes, record, dissection, sink in
      each(value) { one, place in
        sink.add(info, .present, at: place, line: heading?(one) ?? title)
        let base = sink.base
        sink.base += place.lowerBound
        sink.depth += 1
        for field in item { field.emit(one, bytes, record, dissection, &sink) }
        sink.depth -= 1
        sink.base = base
      }
    }
  }

  /// Lines nested as deep as the packet has them, such as the objects and arrays of a JSON text.
  ///
  /// - Parameters:
  ///   - kinds: Name, title and type of every kind of line; the first gives the field its name.
  ///   - each: Calls its last argument once a line, in the order of the tree: position of its kind in
  ///     `kinds`, level below the layer's line, value, place in the layer, and the line's text where
  ///     title and value are not enough.
  public static func outline(
    kinds: [(name: String, title: String, type: FieldType, isGenerated: Bool)],
    _ each:
      @escaping @Sendable (
        Value, Dissection, (Int, Int, FieldValue, Range<Int>?, String?) -> Void
      ) -> Void
  ) -> Field {
    let infos = kinds.map { FieldInfo($0.name, $0.title, $0.type, isGenerated: $0.isGenerated) }
    let below = infos.dropFirst().map { ($0, 1) }
    return Field(infos[0], descendants: below) { value, _, _, dissection, sink in
      let level = sink.depth
      each(value, dissection) { kind, depth, found, place, line in
        sink.depth = level + depth
        sink.add(infos[kind], found, at: place, line: line)
      }
      sink.depth = level
    }
  }

  /// Octets that hold items of several kinds (header options): each item is a line of the tree under
  /// the name of its kind, with fields of its own, in the order of the packet.
  ///
  /// - Parameters:
  ///   - place: All the octets; absent where nil or empty.
  ///   - kinds: Name and title of every kind.
  ///   - item: The fields that items have; their places count from the item's first octet.
  ///   - kind: Position of an item's kind in `kinds`.
  ///   - heading: What stands behind the title on an item's line.
  ///   - each: Calls its last argument once an item, with the item's place in the layer.
  public static func options<Item>(
    _ name: String, _ title: String, at place: @escaping @Sendable (Value) -> Range<Int>?,
    kinds: [(name: String, title: String)], of item: [Field<Item>],
    kind: @escaping @Sendable (Item) -> Int, heading: @escaping @Sendable (Item) -> String,
    _ each: @escaping @Sendable (Value, Dissection, LayerRecord, (Item, Range<Int>) -> Void) -> Void
  ) -> Field {
    let info = FieldInfo(name, title, .octets)
    let lines = kinds.map { FieldInfo($0.name, $0.title, .octets) }
    var below = lines.map { ($0, 1) }
    below += item.flatMap { [($0.info, 2)] + $0.descendants.map { ($0.info, $0.depth + 2) } }
    return Field(info, descendants: below) { value, bytes, record, dissection, sink in
      guard let place = place(value), !place.isEmpty else { return }
      sink.add(info, .octetsInPlace, at: place, line: "\(title): (\(place.count) bytes)")
      sink.depth += 1
      each(value, dissection, record) { one, place in
        let line = lines[kind(one)]
        sink.add(line, .octetsInPlace, at: place, line: line.title + heading(one))
        let base = sink.base
        sink.base += place.lowerBound
        sink.depth += 1
        for field in item { field.emit(one, bytes, record, dissection, &sink) }
        sink.depth -= 1
        sink.base = base
      }
      sink.depth -= 1
    }
  }

  /// Fields whose order and number the packet decides, such as the lines of a head in text.
  ///
  /// - Parameters:
  ///   - infos: Every field that may come, each with its level below the layer's line; the first has
  ///     level 0.
  ///   - each: Calls its last argument once a value: the field's position in `infos`, the value, its
  ///     place in the layer, and what the line of the tree says instead of title and value.
  public static func lines(
    _ infos: [(info: FieldInfo, depth: Int)],
    _ each:
      @escaping @Sendable (
        Value, RawSpan, LayerRecord, Dissection, (Int, FieldValue, Range<Int>?, String?) -> Void
      ) -> Void
  ) -> Field {
    Field(infos[0].info, descendants: Array(infos.dropFirst())) {
      value, bytes, record, dissection, sink in
      let outer = sink.depth
      each(value, bytes, record, dissection) { position, found, place, line in
        sink.depth = outer + infos[position].depth
        sink.add(infos[position].info, found, at: place, line: line)
      }
      sink.depth = outer
    }
  }

  /// A name for several fields at once: `ip.addr` for `ip.src` and `ip.dst`.
  public static func either(_ name: String, _ title: String, of members: String...) -> Field {
    Field(FieldInfo(name, title, .label, members: members)) { _, _, _, _, _ in }
  }
}

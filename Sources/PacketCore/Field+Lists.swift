// Fields of which the packet decides how many values there are.
extension Field {
  /// A field with any number of values.
  ///
  /// - Parameter each: Calls its last argument once a value.
  public static func list(
    _ name: String, _ title: String, _ type: FieldType, base: FieldBase = .decimal, bits: Int = 0,
    label: (@Sendable (UInt64) -> String?)? = nil, isGenerated: Bool = false,
    _ each: @escaping @Sendable (Value, RawSpan, borrowing Dissection, Add) -> Void
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
    in each: @escaping @Sendable (Value, RawSpan, LayerRecord, borrowing Dissection, Add) -> Void
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
        Value, borrowing Dissection, (Int, Int, FieldValue, Range<Int>?, String?) -> Void
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
    _ each:
      @escaping @Sendable (Value, borrowing Dissection, LayerRecord, (Item, Range<Int>) -> Void) ->
      Void
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
        Value, RawSpan, LayerRecord, borrowing Dissection,
        (Int, FieldValue, Range<Int>?, String?) -> Void
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
}

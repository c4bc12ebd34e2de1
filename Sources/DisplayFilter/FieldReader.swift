import PacketCore

/// The values of one name in packet after packet: what `-e` prints and what a filter compares.
public struct FieldReader: Sendable {
  let name: String
  let sources: [FieldSource]
  let kind: ValueKind
  /// The layers meant by `#`, counted among those of one protocol; nil for all.
  var layers: [SliceRange]?

  init(_ entry: FieldIndex.Entry, layers: [SliceRange]? = nil) {
    name = entry.name
    sources = entry.sources
    kind = entry.kind
    self.layers = layers
  }

  /// Appends every occurrence to `items`, layer after layer, outermost first; within a layer in
  /// the order of the names that an alias stands for.
  ///
  /// - Parameters:
  ///   - dissection: The packet.
  ///   - frame: The frame's octets.
  public func read(
    _ dissection: borrowing Dissection, in frame: RawSpan, into items: inout [FieldItem]
  ) {
    for index in dissection.layers.indices {
      let record = dissection.layers[index]
      for source in sources {
        guard let layer = source.layer, ObjectIdentifier(layer) == ObjectIdentifier(record.type),
          includes(index, in: dissection)
        else { continue }
        switch source {
        case .field(_, let info, _):
          var sink = FieldSink(wanted: info)
          dissection.withBytes(of: record.buffer, frame: frame) { bytes in
            layer.collect(bytes, record, in: dissection, into: &sink)
          }
          items += sink.items
        default:
          items.append(
            FieldItem(
              field: source.info, value: .octetsInPlace, place: record.range,
              buffer: record.buffer, depth: 0))
        }
      }
    }
    for source in sources where source.layer == nil {
      for finding in dissection.findings {
        switch source {
        case .finding(let kind) where kind === finding.kind:
          items.append(
            FieldItem(field: kind.field, value: .present, place: nil, buffer: 0, depth: 0))
        case .expert(let part):
          items.append(
            FieldItem(
              field: part.info, value: part.value(finding), place: nil, buffer: 0, depth: 0))
        default: break
        }
      }
    }
  }

  /// Whether the layer at `index` is among those that `#` names.
  func includes(_ index: Int, in dissection: borrowing Dissection) -> Bool {
    guard let layers else { return true }
    let type = ObjectIdentifier(dissection.layers[index].type)
    var number = 0
    var count = 0
    for (position, record) in dissection.layers.enumerated()
    where ObjectIdentifier(record.type) == type {
      count += 1
      if position == index { number = count }
    }
    return layers.contains { $0.includes(layer: number, of: count) }
  }
}

extension FieldIndex {
  /// A reader of all values of `name`, which may end in a layer number (`ip.src#2`); nil when
  /// there is no such name.
  public func reader(_ name: String) -> FieldReader? {
    guard let hash = name.utf8.firstIndex(of: 35) else {
      return entry(name).map { FieldReader($0) }
    }
    guard let entry = entry(String(name[..<hash])) else { return nil }
    var lexer = FilterLexer(Array(name[hash...].utf8.dropFirst())) { _ in false }
    guard let layers = try? lexer.layerNumbers(), lexer.position == lexer.text.count else {
      return nil
    }
    return FieldReader(entry, layers: layers)
  }

  /// Every occurrence of `name` in a packet. For packet after packet keep a `reader`.
  public func values(
    of name: String, in dissection: borrowing Dissection, frame: RawSpan
  ) -> [FieldItem] {
    var items: [FieldItem] = []
    reader(name)?.read(dissection, in: frame, into: &items)
    return items
  }
}

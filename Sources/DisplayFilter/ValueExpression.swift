import PacketCore

/// What computes values from a packet: a field, perhaps cut, combined or counted. Names and types
/// are settled; running it cannot fail, only yield nothing.
indirect enum ValueExpression: Sendable {
  case field(BoundField)
  case constant(Value)
  case arithmetic(Arithmetic, ValueExpression, ValueExpression, ValueKind)
  case negate(ValueExpression)
  case absolute(ValueExpression)
  /// The octets of an address.
  case octets(ValueExpression, ValueKind)
  case slice(ValueExpression, [SliceRange])
  case length(ValueExpression)
  /// The octets of a number, known beforehand: only its presence varies.
  case width(ValueExpression, Int)
  /// How often the field occurs; nothing when it does not.
  case count(BoundField)
  case uppercased(ValueExpression)
  case lowercased(ValueExpression)
  /// The text of a number or address.
  case text(ValueExpression, ValueKind)
  /// The largest (or smallest) of all values; nothing when an argument has none.
  case extreme([ValueExpression], largest: Bool)
}

/// A field ready to be read: its sources, and for each the way to read it without decoding.
struct BoundField: Sendable {
  let reader: FieldReader
  let loads: [DirectLoad?]
  /// Nil for the default; the tests switch direct loads off to compare.
  init(_ reader: FieldReader, direct: Bool = true) {
    self.reader = reader
    loads = reader.sources.map { direct ? $0.load : nil }
  }
}

extension BoundField {
  /// Hands each value to `body` until that returns false.
  func visit(
    _ dissection: Dissection, _ frame: RawSpan, _ body: (Value) -> Bool
  ) -> Bool {
    for index in dissection.layers.indices {
      let record = dissection.layers[index]
      let type = ObjectIdentifier(record.type)
      for position in reader.sources.indices {
        guard let layer = reader.sources[position].layer, ObjectIdentifier(layer) == type,
          reader.layers == nil || reader.includes(index, in: dissection)
        else { continue }
        if case .layer = reader.sources[position] {
          guard body(.place(record.range, buffer: record.buffer)) else { return false }
        } else if let load = loads[position] {
          let value = dissection.withBytes(of: record.buffer, frame: frame) {
            load.value($0, record, boolean: reader.kind == .boolean)
          }
          if let value, !body(.number(value)) { return false }
        } else {
          guard collect(layer, position, record, dissection, frame, body) else { return false }
        }
      }
    }
    return visitFindings(dissection, body)
  }

  private func collect(
    _ layer: any ErasedLayer.Type, _ position: Int, _ record: LayerRecord,
    _ dissection: Dissection, _ frame: RawSpan, _ body: (Value) -> Bool
  ) -> Bool {
    var sink = FieldSink(wanted: reader.sources[position].info)
    dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      layer.collect(bytes, record, in: dissection, into: &sink)
    }
    for item in sink.items where !body(Value(item)) { return false }
    return true
  }

  private func visitFindings(_ dissection: Dissection, _ body: (Value) -> Bool) -> Bool {
    guard !dissection.findings.isEmpty else { return true }
    for source in reader.sources where source.layer == nil {
      for finding in dissection.findings {
        switch source {
        case .finding(let kind) where kind === finding.kind:
          guard body(.present) else { return false }
        case .expert(let part):
          let item = FieldItem(
            field: part.info, value: part.value(finding), place: nil, buffer: 0, depth: 0)
          guard body(Value(item)) else { return false }
        default: break
        }
      }
    }
    return true
  }
}

extension Value {
  /// Gives the octets of a text or byte value to `body`; none for other values.
  func withOctets<R>(
    _ dissection: Dissection, _ frame: RawSpan, _ body: (RawSpan) -> R
  ) -> R {
    switch self {
    case .place(let range, let buffer):
      return dissection.withBytes(of: buffer, frame: frame) { bytes in
        let start = min(max(range.lowerBound, 0), bytes.byteCount)
        return body(bytes.extracting(start..<min(max(range.upperBound, start), bytes.byteCount)))
      }
    case .octets(let octets): return body(octets.span.bytes)
    default:
      let none: [UInt8] = []
      return body(none.span.bytes)
    }
  }
}

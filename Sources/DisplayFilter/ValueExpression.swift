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
final class BoundField: Sendable {
  let reader: FieldReader
  let loads: [DirectLoad?]
  /// The sources that are layers or stand in them, as plain words.
  private let places: [Place]
  private let isBoolean: Bool
  private let hasFindings: Bool

  private struct Place {
    var type: ObjectIdentifier
    /// The source.
    var position: Int
    /// The whole layer is the value.
    var isLayer: Bool
    var load: DirectLoad?
  }

  /// - Parameter direct: False makes every field be decoded; the tests compare the two.
  init(_ reader: FieldReader, direct: Bool = true) {
    self.reader = reader
    loads = reader.sources.map { direct ? $0.load : nil }
    var places: [Place] = []
    for (position, source) in reader.sources.enumerated() {
      guard let layer = source.layer else { continue }
      var isLayer = false
      if case .layer = source { isLayer = true }
      places.append(
        Place(
          type: ObjectIdentifier(layer), position: position, isLayer: isLayer,
          load: loads[position]))
    }
    self.places = places
    isBoolean = reader.kind == .boolean
    hasFindings = places.count < reader.sources.count
  }
}

extension BoundField {
  /// Hands each value to `body` until that returns false.
  func visit(
    _ dissection: borrowing Dissection, _ frame: RawSpan, _ body: (Value) -> Bool
  ) -> Bool {
    let records = dissection.layers
    for index in records.indices {
      let type = ObjectIdentifier(records[index].type)
      for place in places where place.type == type {
        guard reader.layers == nil || reader.includes(index, in: dissection) else { continue }
        let record = records[index]
        if place.isLayer {
          guard body(.place(record.range, buffer: record.buffer)) else { return false }
        } else if let load = place.load {
          let value =
            record.buffer == 0
            ? load.value(frame, record, boolean: isBoolean)
            : dissection.withBytes(of: record.buffer, frame: frame) {
              load.value($0, record, boolean: isBoolean)
            }
          if let value, !body(.number(value)) { return false }
        } else {
          guard collect(record, place.position, dissection, frame, body) else { return false }
        }
      }
    }
    return !hasFindings || visitFindings(dissection, body)
  }

  private func collect(
    _ record: LayerRecord, _ position: Int, _ dissection: borrowing Dissection, _ frame: RawSpan,
    _ body: (Value) -> Bool
  ) -> Bool {
    var sink = FieldSink(wanted: reader.sources[position].info)
    dissection.withBytes(of: record.buffer, frame: frame) { bytes in
      record.type.collect(bytes, record, in: dissection, into: &sink)
    }
    for item in sink.items where !body(Value(item)) { return false }
    return true
  }

  private func visitFindings(_ dissection: borrowing Dissection, _ body: (Value) -> Bool) -> Bool {
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
    _ dissection: borrowing Dissection, _ frame: RawSpan, _ body: (RawSpan) -> R
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

/// All that is declared about a protocol: the one place its names and fields come from.
public struct Schema<L: Layer>: Sendable {
  /// The name in filters and `frame.protocols`.
  public let name: StaticString
  /// The full name, as the tree shows it.
  public let title: StaticString
  /// The specification.
  public let reference: StaticString
  /// The Protocol column.
  public let column: StaticString
  /// The fields, in the order of the tree.
  public let fields: [Field<L>]
  /// The remarks that the protocol can make.
  public let findings: [FindingKind]
  /// Writes the rest of the layer's line in the tree, after the title.
  public let heading: (@Sendable (L, LayerRecord, borrowing Dissection, inout TextBuffer) -> Void)?
  /// The same without the protocol's type.
  public let description: LayerDescription

  /// - Parameters:
  ///   - name: Wireshark's filter name, lower case.
  ///   - title: Wireshark's full name.
  ///   - reference: "RFC 768", or the specification's name.
  ///   - column: What the Protocol column says.
  public init(
    _ name: StaticString, _ title: StaticString, _ reference: StaticString, column: StaticString,
    fields: [Field<L>], findings: [FindingKind] = [],
    heading: (@Sendable (L, LayerRecord, borrowing Dissection, inout TextBuffer) -> Void)? = nil
  ) {
    self.name = name
    self.title = title
    self.reference = reference
    self.column = column
    self.fields = fields
    self.findings = findings
    self.heading = heading
    var flat: [LayerDescription.Entry] = []
    for field in fields {
      flat.append(.init(info: field.info, depth: 0))
      flat += field.descendants.map { .init(info: $0.info, depth: $0.depth) }
    }
    description = LayerDescription(
      name: name.description, title: title.description, reference: reference.description,
      column: column.description, fields: flat, findings: findings)
  }

  /// Hands the layer's fields to `sink`.
  public func collect(
    _ layer: L, _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into sink: inout FieldSink
  ) {
    guard let wanted = sink.wanted else {
      for field in fields { field.emit(layer, bytes, record, dissection, &sink) }
      return
    }
    for field in fields
    where field.info === wanted || field.descendants.contains(where: { $0.info === wanted }) {
      field.emit(layer, bytes, record, dissection, &sink)
    }
  }
}

/// A protocol as the tools see it, without its type: names, fields, findings.
public struct LayerDescription: Sendable {
  /// One declared field and its level below the layer's line.
  public struct Entry: Sendable {
    public let info: FieldInfo
    public let depth: Int
  }

  public let name: String
  public let title: String
  public let reference: String
  public let column: String
  /// Every declared field, depth first, aliases included.
  public let fields: [Entry]
  public let findings: [FindingKind]
}

/// What the registry and the tools call through a protocol's metatype, whichever protocol it is.
///
/// Every requirement has its one implementation below, inlinable, so that each protocol gets a
/// version specialised for itself and no generic code runs through an opened existential. A
/// protocol conforms to `Layer` and is given these.
public protocol ErasedLayer: Sendable {
  /// Reads one layer, records it, inspects it, and says what follows.
  ///
  /// - Parameter memory: The protocol's `Memory`, which the caller keeps alive.
  /// - Throws: `ParseError` from the layer's own reading; nothing is recorded then.
  static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) throws(ParseError) -> PayloadType

  /// Fills the Protocol and Info columns from the layer that `record` stands for.
  static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns)

  /// Hands the layer's fields to `sink`: all of them, or the one it wants.
  static func collect(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: Dissection, into sink: inout FieldSink)

  /// Appends the layer's line in the tree: its title and the values that matter most.
  static func writeHeading(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: Dissection, into text: inout TextBuffer)

  /// Decodes the layer from its buffer and writes it again: equal to the octets it came from.
  static func rewrite(_ bytes: RawSpan, _ record: LayerRecord) -> [UInt8]?

  /// Name, title, specification and fields without the protocol's type.
  static var description: LayerDescription { get }
  /// What the Protocol column says about packets whose innermost layer this is.
  static var column: StaticString { get }
  /// The numbers of lower layers that lead here.
  static var carriedBy: [PayloadType] { get }
  /// Whether the layer may name the packet in the columns.
  static var summarizes: Bool { get }
  /// A new, empty memory.
  static func makeMemory(_ limits: Limits) -> AnyObject
}

extension Layer {
  @inlinable
  public static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) throws(ParseError) -> PayloadType {
    var reader = ByteReader(bytes, from: start, to: end, reportedEnd: reportedEnd)
    let layer = try Self(reading: &reader)
    let index = dissection.push(
      Self.self, start: start, headerEnd: reader.offset, end: reader.end,
      reportedEnd: reader.reportedEnd)
    guard !dissection.isQuoting else { return layer.payloadType }
    return memory._withUnsafeGuaranteedRef {
      layer.inspect(
        bytes, at: index, in: &dissection, memory: unsafeDowncast($0, to: Memory.self))
    }
  }

  @inlinable
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard let layer = decode(record, in: bytes) else { return }
    layer.summarize(bytes, record, in: dissection, into: &columns)
  }

  @inlinable
  public static func collect(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: Dissection, into sink: inout FieldSink
  ) {
    guard let layer = decode(record, in: bytes) else { return }
    sink.begin(at: Int(record.start), buffer: record.buffer, limit: bytes.byteCount)
    schema.collect(layer, bytes, record, in: dissection, into: &sink)
  }

  @inlinable
  public static func writeHeading(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: Dissection, into text: inout TextBuffer
  ) {
    text.append(schema.title)
    guard let heading = schema.heading, let layer = decode(record, in: bytes) else { return }
    heading(layer, record, dissection, &text)
  }

  @inlinable
  public static func rewrite(_ bytes: RawSpan, _ record: LayerRecord) -> [UInt8]? {
    guard let layer = decode(record, in: bytes) else { return nil }
    var writer = ByteWriter()
    layer.write(to: &writer)
    return writer.bytes
  }

  /// The layer that `record` stands for, decoded from its buffer.
  @inlinable @inline(__always)
  public static func decode(_ record: LayerRecord, in bytes: RawSpan) -> Self? {
    let end = record.range.upperBound
    var reader = ByteReader(
      bytes, from: Int(record.start), to: end, reportedEnd: end &+ Int(record.missing))
    return try? Self(reading: &reader)
  }

  public static var column: StaticString { schema.column }

  public static var description: LayerDescription { schema.description }

  public static func makeMemory(_ limits: Limits) -> AnyObject { Memory(limits: limits) }
}

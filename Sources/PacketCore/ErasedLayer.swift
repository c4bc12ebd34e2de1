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

  /// Takes the next message from the stream that the packet belongs to: records its layers and says
  /// where the walk goes on. Called again and again for a packet in which `walk` called
  /// `Dissection.hasStream`.
  ///
  /// - Parameter frame: The frame's octets.
  /// - Returns: False when the stream has nothing more for this packet.
  static func resume(
    _ frame: RawSpan, into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) -> Bool

  /// The capture is over: what still waits is given up, up to one message a call.
  ///
  /// - Returns: False when nothing waits any more.
  static func endCapture(into dissection: inout Dissection, memory: Unmanaged<AnyObject>) -> Bool

  /// Fills the Protocol and Info columns from the layer that `record` stands for.
  static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns)

  /// Adds to the Info column what this layer has to say although another one names the message:
  /// that it was compressed, in fragments, encrypted. With a space in front.
  static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns)

  /// Writes what stands in front of a packet's messages in the Info column: that the segment was sent
  /// again, that it was overtaken. Asked only where there is a finding.
  static func preface(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns)

  /// Whether a layer that ends before its header does could be read with zeros behind it.
  static func canBeCompleted(_ bytes: RawSpan, _ record: LayerRecord) -> Bool

  /// Adds to the Info column what can be said of a layer that ends before its header does.
  static func summarizePart(
    _ bytes: RawSpan, _ record: LayerRecord, into columns: inout Columns)

  /// Hands the layer's fields to `sink`: all of them, or the one it wants.
  static func collect(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into sink: inout FieldSink)

  /// Appends the layer's line in the tree: its title and the values that matter most.
  static func writeHeading(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into text: inout TextBuffer)

  /// Decodes the layer from its buffer and writes it again: equal to the octets it came from.
  static func rewrite(_ bytes: RawSpan, _ record: LayerRecord) -> [UInt8]?

  /// Name, title, specification and fields without the protocol's type.
  static var description: LayerDescription { get }
  /// The name in filters and `frame.protocols`.
  static var filterName: StaticString { get }
  /// What the Protocol column says about packets whose innermost layer this is.
  static var column: StaticString { get }
  /// The numbers of lower layers that lead here.
  static var carriedBy: [PayloadType] { get }
  /// Whether the layer may name the packet in the columns.
  static var summarizes: Bool { get }
  /// Whether `remark` or `preface` may have something to say, of a layer that left a note: only such
  /// are asked.
  static var hasRemarks: Bool { get }
  /// Whether tshark 4.0 has the protocol: lines that are to equal its own name only such.
  static var isInWireshark: Bool { get }
  /// A new, empty memory.
  static func makeMemory(_ limits: Limits) -> any LayerMemory
  /// 64-bit words that a note takes.
  static var noteWords: Int { get }
}

extension Layer {
  @inlinable
  public static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) throws(ParseError) -> PayloadType {
    try walkDecoded(
      bytes, from: start, to: end, reportedEnd: reportedEnd, into: &dissection, memory: memory)
  }

  /// The walk of every layer: a protocol whose packets nearly all look alike may read those in a way
  /// of its own, and leaves the others to this one.
  @inlinable
  public static func walkDecoded(
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

  public static var isInWireshark: Bool { true }

  @inlinable public static var hasRemarks: Bool { false }

  @inlinable
  public static func remark(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {}

  @inlinable
  public static func preface(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {}

  public static var noteWords: Int { (MemoryLayout<Note>.size &+ 7) / 8 }

  public static func resume(
    _ frame: RawSpan, into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) -> Bool { false }

  public static func endCapture(
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) -> Bool { false }

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
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into sink: inout FieldSink
  ) {
    if record.isPart { return collectPart(bytes, record, in: dissection, into: &sink) }
    guard let layer = decode(record, in: bytes) else { return }
    sink.begin(at: Int(record.start), buffer: record.buffer, limit: bytes.byteCount)
    schema.collect(layer, bytes, record, in: dissection, into: &sink)
  }

  @inlinable
  public static func writeHeading(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into text: inout TextBuffer
  ) {
    text.append(schema.title)
    guard !record.isPart, let heading = schema.heading, let layer = decode(record, in: bytes) else {
      return
    }
    heading(layer, record, dissection, &text)
  }

  @inlinable
  public static func rewrite(_ bytes: RawSpan, _ record: LayerRecord) -> [UInt8]? {
    guard !record.isPart, let layer = decode(record, in: bytes) else { return nil }
    var writer = ByteWriter()
    layer.write(to: &writer)
    return writer.bytes
  }

  public static func canBeCompleted(_ bytes: RawSpan, _ record: LayerRecord) -> Bool {
    decodeAll(completed(record, in: bytes).span.bytes, from: Int(record.start)) != nil
  }

  public static func summarizePart(
    _ bytes: RawSpan, _ record: LayerRecord, into columns: inout Columns
  ) {
    let octets = completed(record, in: bytes)
    guard let layer = decodeAll(octets.span.bytes, from: Int(record.start)) else { return }
    layer.summarizePart(Int(record.headerLength), into: &columns)
  }

  /// The fields of a layer that ends before its header does: it is read with zeros behind it, and
  /// what those gave is left out.
  @usableFromInline
  static func collectPart(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into sink: inout FieldSink
  ) {
    let octets = completed(record, in: bytes)
    let completed = octets.span.bytes
    guard let layer = decodeAll(completed, from: Int(record.start)) else { return }
    sink.begin(
      at: Int(record.start), buffer: record.buffer, limit: record.range.upperBound, isPart: true)
    schema.collect(layer, completed, record, in: dissection, into: &sink)
  }

  /// The octets up to the layer's end and as many zeros as any header needs.
  private static func completed(_ record: LayerRecord, in bytes: RawSpan) -> [UInt8] {
    let end = min(record.range.upperBound, bytes.byteCount)
    return (0..<end).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
      + [UInt8](repeating: 0, count: 256)
  }

  private static func decodeAll(_ bytes: RawSpan, from start: Int) -> Self? {
    var reader = ByteReader(bytes, from: start, to: bytes.byteCount, reportedEnd: bytes.byteCount)
    return try? Self(reading: &reader)
  }

  /// The layer that `record` stands for, decoded from its buffer.
  @inlinable @inline(__always)
  public static func decode(_ record: LayerRecord, in bytes: RawSpan) -> Self? {
    let end = record.range.upperBound
    var reader = ByteReader(
      bytes, from: Int(record.start), to: end, reportedEnd: end &+ Int(record.missing))
    return try? Self(reading: &reader)
  }

  public static var filterName: StaticString { schema.name }

  public static var column: StaticString { schema.column }

  public static var description: LayerDescription { schema.description }

  public static func makeMemory(_ limits: Limits) -> any LayerMemory { Memory(limits: limits) }
}

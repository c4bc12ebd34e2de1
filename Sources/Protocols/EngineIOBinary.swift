import PacketCore

/// A binary Engine.IO message: a WebSocket binary message as it is, without a type octet. Engine.IO
/// protocol revision 4; revision 3 has the packet type in front, as the number and not its digit.
public struct EngineIOBinary: Layer {
  public typealias Memory = EngineIOSessions
  public typealias Note = EngineIO.Note

  public static let carriedBy: [PayloadType] = [.engineIOBinary]
  public static var isInWireshark: Bool { false }

  public init() {}

  public init(reading reader: inout ByteReader) throws(ParseError) {}

  public func write(to writer: inout ByteWriter) {}

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: EngineIOSessions
  ) -> PayloadType {
    var note = Note()
    memory.take(memory.key(dissection.stream), dissection.stream.side, &note)
    if note.version == EngineIOSessions.closed {
      note.version = memory.session(note.key).pointee.version
      dissection.add(Self.afterClose, at: index)
    }
    dissection.setNote(note, at: index)
    let record = dissection.layers[index]
    var range = record.payload
    // Servers of revision 4 tell their maxPayload; one that opened the session without is an old one.
    let isOld = note.version == 3 || note.version == 0 && note.isFromOpen
    if isOld, !range.isEmpty,
      bytes.unsafeLoad(fromByteOffset: range.lowerBound, as: UInt8.self) == 4
    {
      range = range.lowerBound &+ 1..<range.upperBound
    }
    dissection.continueIn(record.buffer, range, as: .socketIOAttachment)
    return .nothing
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Engine.IO"
    columns.info.append("Engine.IO message binary ")
    columns.info.append(UInt64(record.reportedPayloadLength))
    columns.info.append(" bytes")
  }

  static let afterClose = FindingKind(
    "eio_binary.after_close", "Message after the sender's close packet", .warning, .protocolError)

  public static let schema = Schema<EngineIOBinary>(
    "eio_binary", "Engine.IO Binary Message", "Engine.IO protocol revision 4",
    column: "Engine.IO",
    fields: [
      .payload("eio_binary.data", "Data"),
      .derived("eio_binary.session", "Session", .unsigned) { _, record, dissection in
        dissection.note(of: EngineIOBinary.self, record).map { .unsigned(UInt64($0.session)) }
      },
    ],
    findings: [afterClose])
}

import PacketCore

/// An attachment of a Socket.IO packet: the data of a binary Engine.IO message. The packet's text came
/// before; with the last attachment the packet is whole, and is shown here.
public struct SocketIOAttachment: Layer {
  public typealias Memory = SocketIOMemory

  /// Which attachment of which packet.
  public struct Note: BitwiseCopyable, Sendable {
    /// Frame of the packet's text; 0 when no packet waits for it.
    var frame: UInt32 = 0
    /// From 1.
    var number: UInt32 = 0
    var wanted: UInt32 = 0
  }

  public static let carriedBy: [PayloadType] = [.socketIOAttachment]
  public static var isInWireshark: Bool { false }

  public init() {}

  public init(reading reader: inout ByteReader) throws(ParseError) {}

  public func write(to writer: inout ByteWriter) {}

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: SocketIOMemory
  ) -> PayloadType {
    let record = dissection.layers[index]
    dissection.keepPayload()
    var note = Note()
    var session = EngineIOSession.key(dissection.stream)
    if index > 0 {
      let outer = dissection.layers[index &- 1]
      if outer.is(EngineIO.self) || outer.is(EngineIOBinary.self) {
        // Both leave the same kind of note.
        session = dissection.note(of: EngineIO.self, outer)?.key ?? session
      }
    }
    let direction = SocketIOMemory.Direction(
      session: session, side: dissection.stream.side.rawValue)
    guard var packet = memory.waiting[direction] else {
      dissection.add(Self.unexpected, at: index)
      dissection.setNote(note, at: index)
      return .nothing
    }
    packet.attachments.append(
      (
        [UInt8](bytes.extracting(record.payload)),
        dissection.wire(record.payload, of: record.buffer) ?? []
      ))
    packet.octets += record.payload.count
    note.frame = UInt32(truncatingIfNeeded: packet.frame)
    note.number = UInt32(truncatingIfNeeded: packet.attachments.count)
    note.wanted = UInt32(truncatingIfNeeded: packet.wanted)
    dissection.setNote(note, at: index)
    memory.giveUp(direction)
    if packet.octets > memory.octetLimit {
      dissection.add(SocketIOAttachment.tooMuchWaits, at: index)
    } else if packet.attachments.count < packet.wanted {
      memory.resume(packet, direction)
    } else {
      join(packet, session, in: &dissection, memory)
    }
    return .nothing
  }

  /// The packet's text and its attachments, each in a buffer of its own.
  private func join(
    _ packet: SocketIOMemory.Waiting, _ session: UInt64, in dissection: inout Dissection,
    _ memory: SocketIOMemory
  ) {
    let origin = BufferOrigin(.joined, of: 0, 0..<0)
    guard let buffer = dissection.addBuffer(packet.header.span.bytes, origin) else { return }
    for piece in packet.headerPieces {
      dissection.addPiece(piece.moved(to: packet.headerPieces), of: buffer)
    }
    var first: UInt16 = 0
    var octets = 0
    for attachment in packet.attachments {
      guard let place = dissection.addBuffer(attachment.octets.span.bytes, origin) else { return }
      if first == 0 { first = place }
      for piece in attachment.pieces {
        dissection.addPiece(piece.moved(to: attachment.pieces), of: place)
      }
      octets += attachment.octets.count
    }
    memory.assembled = SocketIOMemory.Assembled(
      buffer: buffer, firstAttachment: first, octets: octets, session: session)
    dissection.continueIn(buffer, 0..<packet.header.count, as: .socketIO)
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Socket.IO"
    let note = dissection.note(of: SocketIOAttachment.self, record) ?? Note()
    columns.info.append("Socket.IO attachment ")
    if note.frame > 0 {
      columns.info.append(note.number)
      columns.info.append("/")
      columns.info.append(note.wanted)
      columns.info.append(" of frame ")
      columns.info.append(note.frame)
      columns.info.append(" ")
    }
    columns.info.append(UInt64(record.payloadLength))
    columns.info.append(" bytes")
  }

  static let unexpected = FindingKind(
    "sio_attachment.unexpected", "Binary message that no Socket.IO packet waits for", .note,
    .protocolError)
  static let tooMuchWaits = FindingKind(
    "sio_attachment.too_much", "The packet is given up: its attachments are larger than the limit",
    .warning, .reassemble)

  public static let schema = Schema<SocketIOAttachment>(
    "sio_attachment", "Socket.IO Attachment", "Socket.IO protocol revision 5",
    column: "Socket.IO",
    fields: [
      .payload("sio_attachment.data", "Data"),
      .derived("sio_attachment.packet_in", "Packet in frame", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: SocketIOAttachment.self, record), note.frame > 0 else {
          return nil
        }
        return .unsigned(UInt64(note.frame))
      },
      .derived("sio_attachment.number", "Number", .unsigned) { _, record, dissection in
        guard let note = dissection.note(of: SocketIOAttachment.self, record), note.frame > 0 else {
          return nil
        }
        return .unsigned(UInt64(note.number) - 1)
      },
    ],
    findings: [unexpected, tooMuchWaits])
}

extension SocketIOMemory {
  /// Makes a packet wait on, under its old number.
  func resume(_ packet: Waiting, _ direction: Direction) {
    makeRoom(packet.octets, sparing: direction)
    waitingOctets += packet.octets
    waiting[direction] = packet
  }
}

extension BufferPiece {
  /// The piece, counted from the beginning of the first of `pieces`.
  fileprivate func moved(to pieces: [BufferPiece]) -> BufferPiece {
    let start = pieces.first?.range.lowerBound ?? 0
    return BufferPiece(
      range.lowerBound - start..<range.upperBound - start, frame: frame, offset: offset)
  }
}

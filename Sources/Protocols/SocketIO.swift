import PacketCore

/// A Socket.IO packet: the data of an Engine.IO message. Socket.IO protocol revision 5; revision 4,
/// of servers before version 3, is recognised.
///
/// ```
/// <packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON payload]
/// ```
///
/// What stands before the JSON is the header; the JSON is the layer's payload and its own to show.
public struct SocketIO: Layer {
  /// The packet types, one decimal digit each.
  public enum PacketType: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case connect, disconnect, event, ack, connectError, binaryEvent, binaryAck

    /// The specification's word.
    public var name: StaticString {
      switch self {
      case .connect: "CONNECT"
      case .disconnect: "DISCONNECT"
      case .event: "EVENT"
      case .ack: "ACK"
      case .connectError: "CONNECT_ERROR"
      case .binaryEvent: "BINARY_EVENT"
      case .binaryAck: "BINARY_ACK"
      }
    }

    /// Attachments may follow it.
    public var isBinary: Bool { self == .binaryEvent || self == .binaryAck }
  }

  /// The first octet, a digit.
  public var octet: UInt8
  /// Digits of the count of attachments; a hyphen follows them. 0 when there is no count.
  public var attachmentDigits: UInt8 = 0
  /// Digits of the acknowledgment id; 0 when there is none.
  public var ackDigits: UInt8 = 0
  /// A comma ends the namespace.
  public var hasComma = false
  /// Binary attachments that follow, in Engine.IO messages of their own.
  public var attachments: UInt32 = 0
  /// The acknowledgment id.
  public var ack: UInt64 = 0
  /// The namespace as it stands; empty for the main namespace, `/`, which is left out.
  public var namespace: [UInt8] = []

  public typealias Memory = SocketIOMemory

  /// What the JSON holds, and what earlier packets say about this one.
  public struct Note: BitwiseCopyable, Sendable {
    var content = SocketIOContent()
    /// Nanoseconds from the event to this acknowledgment.
    var elapsed: Int64 = 0
    /// What tells the session from others.
    var session: UInt64 = 0
    /// Frame of the event that this acknowledges; 0 for none.
    var eventFrame: UInt32 = 0
    /// Octets of all attachments together.
    var attachmentOctets: UInt32 = 0
    /// The first of the buffers that hold the attachments; 0 for none.
    var firstAttachment: UInt16 = 0
    /// The attachments are still to come.
    var isWaiting = false
  }

  public static let carriedBy: [PayloadType] = [.socketIO]
  public static var isInWireshark: Bool { false }

  /// A header.
  ///
  /// - Parameters:
  ///   - namespace: "/" is left out, as the specification has it.
  ///   - ack: The acknowledgment id.
  ///   - attachments: For binary packets.
  public init(
    _ type: PacketType, namespace: String = "/", ack: UInt64? = nil, attachments: UInt32? = nil
  ) {
    octet = 0x30 + type.rawValue
    if namespace != "/", !namespace.isEmpty {
      self.namespace = Array(namespace.utf8)
      hasComma = true
    }
    if let ack {
      self.ack = ack
      ackDigits = UInt8(truncatingIfNeeded: TextBuffer.digits(of: ack))
    }
    if let attachments {
      self.attachments = attachments
      attachmentDigits = UInt8(truncatingIfNeeded: TextBuffer.digits(of: UInt64(attachments)))
    }
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    octet = try reader.read()
    // Nearly always the JSON is next.
    let next = Self.octet(reader, after: 0)
    if next == 0x5b || next == 0x7b { return }
    if octet == 0x35 || octet == 0x36, let (count, digits) = Self.number(reader, most: 9),
      Self.octet(reader, after: digits) == 0x2d
    {
      attachments = UInt32(truncatingIfNeeded: count)
      attachmentDigits = UInt8(truncatingIfNeeded: digits)
      try reader.skip(digits &+ 1)
    }
    if Self.octet(reader, after: 0) == 0x2f {
      var count = 1
      while count < reader.remaining, Self.octet(reader, after: count) != 0x2c { count &+= 1 }
      namespace = try reader.array(count)
      if reader.remaining > 0 {
        hasComma = true
        try reader.skip(1)
      }
    }
    if let (id, digits) = Self.number(reader, most: 18) {
      ack = id
      ackDigits = UInt8(truncatingIfNeeded: digits)
      try reader.skip(digits)
    }
  }

  /// The octet so many behind the next; 0 where there is none.
  @inline(__always)
  private static func octet(_ reader: borrowing ByteReader, after distance: Int) -> UInt8 {
    (try? reader.peek(UInt8.self, after: distance)) ?? 0
  }

  /// The decimal number that is next, and its digits; nil when there is none.
  @inline(__always)
  private static func number(
    _ reader: borrowing ByteReader, most: Int
  ) -> (value: UInt64, digits: Int)? {
    var value: UInt64 = 0
    var digits = 0
    while digits < most {
      let digit = octet(reader, after: digits) &- 0x30
      guard digit < 10 else { break }
      value = value &* 10 &+ UInt64(digit)
      digits &+= 1
    }
    return digits > 0 ? (value, digits) : nil
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(octet)
    if attachmentDigits > 0 {
      writer.write(Self.digits(UInt64(attachments), attachmentDigits))
      writer.write(UInt8(0x2d))
    }
    writer.write(namespace)
    if hasComma { writer.write(UInt8(0x2c)) }
    writer.write(Self.digits(ack, ackDigits))
  }

  /// Leading zeros included.
  private static func digits(_ number: UInt64, _ count: UInt8) -> [UInt8] {
    guard count > 0 else { return [] }
    let text = Array(String(number).utf8)
    return [UInt8](repeating: 0x30, count: max(Int(count) - text.count, 0)) + text
  }

  /// The packet's type; nil for an octet that is none.
  public var type: PacketType? { PacketType(rawValue: octet &- 0x30) }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: SocketIOMemory
  ) -> PayloadType {
    let record = dissection.layers[index]
    var note = Note()
    note.content = SocketIOContent(self, bytes, record.payload)
    if note.content.defect != .none { report(note.content, record, at: index, in: &dissection) }
    if memory.assembled != nil, memory.take(record.buffer, &note) {
      // The whole of a packet that came in parts: its header was judged when it came.
    } else {
      judge(bytes, at: index, in: &dissection, memory, &note)
    }
    dissection.setNote(note, at: index)
    if note.content.chat.kind != .none, note.content.defect == .none, !note.isWaiting {
      return .chatEvent
    }
    return Self.keepPayload(bytes, hasToken: note.content.hasToken, of: record, in: &dissection)
  }

  /// The JSON is the layer's own to show; the walk goes on in encrypted words alone.
  @inline(__always)
  static func keepPayload(
    _ bytes: RawSpan, hasToken: Bool, of record: LayerRecord, in dissection: inout Dissection
  ) -> PayloadType {
    dissection.keepPayload()
    if hasToken { FernetCandidates.walk(bytes, record.payload, record.buffer, &dissection) }
    return .nothing
  }

  private func report(
    _ content: SocketIOContent, _ record: LayerRecord, at index: Int,
    in dissection: inout Dissection
  ) {
    let offset = UInt64(truncatingIfNeeded: Int(content.faultOffset) &- Int(record.start))
    switch content.defect {
    case .invalidJSON:
      dissection.add(
        Self.badJSON, at: index, found: UInt64(content.fault.rawValue), expected: offset)
    case .reservedEvent: dissection.add(Self.reservedEvent, at: index)
    default:
      dissection.add(Self.invalid, at: index, found: UInt64(content.defect.rawValue))
    }
  }
}

import Cryptography
import PacketCore

/// An Engine.IO packet in text: the data of a WebSocket text message, or of one packet in the body
/// of a polling request. Engine.IO protocol revision 4; revision 3 is recognised.
///
/// ```
/// <packet type>[<data>]        0 open, 1 close, 2 ping, 3 pong, 4 message, 5 upgrade, 6 noop
/// b<base64>                    a binary message, where the transport carries text only
/// ```
public struct EngineIO: Layer {
  /// The packet types, one decimal digit each.
  public enum PacketType: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case open, close, ping, pong, message, upgrade, noop

    /// The specification's word.
    public var name: StaticString {
      switch self {
      case .open: "open"
      case .close: "close"
      case .ping: "ping"
      case .pong: "pong"
      case .message: "message"
      case .upgrade: "upgrade"
      case .noop: "noop"
      }
    }
  }

  /// The first octet: a digit, or `b` for a binary message in base64.
  public var octet: UInt8
  /// What follows it, unless it is a message: that is for Socket.IO.
  public var data: [UInt8]

  public typealias Memory = EngineIOSessions

  /// What the session's earlier packets say about this one.
  public struct Note: BitwiseCopyable, Sendable {
    /// What tells the session from others.
    var key: UInt64 = 0
    /// Nanoseconds from the ping to this pong.
    var elapsed: Int64 = 0
    /// Number of the session, from 0.
    var session: UInt32 = 0
    /// Frame of the ping that this pong answers; 0 for none.
    var pingFrame: UInt32 = 0
    /// Offset of what is wrong in the data.
    var faultOffset: UInt32 = 0
    /// The protocol's revision, 3 or 4; 0 while nothing showed it.
    var version: UInt8 = 0
    /// Why the open packet's data cannot be read.
    var fault = JSONFault.none
    /// The session was seen from its beginning.
    var isFromOpen = false
  }

  public static let carriedBy: [PayloadType] = [.engineIO]
  public static var isInWireshark: Bool { false }

  static let binary: UInt8 = 0x62  // b

  /// A packet with this data; a message's data follows as another layer.
  public init(_ type: PacketType, data: [UInt8] = []) {
    octet = 0x30 + type.rawValue
    self.data = type == .message ? [] : data
  }

  public init(reading reader: inout ByteReader) throws(ParseError) {
    octet = try reader.read()
    let isMessage = octet == 0x34 || octet == Self.binary
    data = isMessage || reader.remaining == 0 ? [] : try reader.array(reader.remaining)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(octet)
    writer.write(data)
  }

  /// The packet's type; nil for an octet that is none.
  public var type: PacketType? { Self.type(octet) }

  private static func type(_ octet: UInt8) -> PacketType? {
    octet == binary ? .message : PacketType(rawValue: octet &- 0x30)
  }

  public var payloadType: PayloadType { octet == 0x34 ? .socketIO : .nothing }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: EngineIOSessions
  ) -> PayloadType {
    guard octet == 0x34 else {
      inspectControl(bytes, at: index, in: &dissection, memory: memory)
      return .nothing
    }
    _ = Self.takeMessage(memory.key(dissection.stream), at: index, in: &dissection, memory)
    return .socketIO
  }

  /// A message is one octet and what Socket.IO makes of the rest: leaves the note.
  ///
  /// - Parameter key: That of the session.
  /// - Returns: The note where it stands, good until the next one.
  @inline(__always)
  static func takeMessage(
    _ key: UInt64, at index: Int, in dissection: inout Dissection, _ memory: EngineIOSessions
  ) -> UnsafePointer<Note> {
    let note = dissection.noteRoom(Note.self)
    note.initialize(to: Note())
    memory.take(key, dissection.stream.side, &note.pointee)
    if _slowPath(note.pointee.version == EngineIOSessions.closed) {
      memory.noteClosed(at: index, in: &dissection, &note.pointee)
    }
    dissection.keepNote(Note.self, at: index)
    return UnsafePointer(note)
  }

  /// Writes the packet's type and its data, which is not copied for it.
  public static func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    guard record.headerLength > 0, record.range.upperBound <= bytes.byteCount else { return }
    let octet = bytes.unsafeLoad(fromByteOffset: Int(record.start), as: UInt8.self)
    columns.protocolName = "Engine.IO"
    columns.info.append("Engine.IO ")
    guard let type = type(octet) else {
      columns.info.append("[unknown packet type] ")
      columns.info.appendLine(bytes, record.header)
      return
    }
    columns.info.append(type.name)
    let range = Int(record.start) &+ 1..<record.range.upperBound
    switch type {
    case .open:
      guard let open = EngineIOOpen(bytes, range) else {
        columns.info.append(" ")
        return columns.info.appendLine(bytes, range)
      }
      open.write(bytes, into: &columns.info)
    case .message:
      guard octet == binary else { return }
      columns.info.append(" binary")
      guard let data = try? Base64.decode(bytes.extracting(range), padding: .optional).octets else {
        return
      }
      columns.info.append(" ")
      columns.info.append(UInt64(data.count))
      columns.info.append(" bytes")
    default:
      guard !range.isEmpty else { return }
      columns.info.append(" (")
      columns.info.appendLine(bytes, range)
      columns.info.append(")")
    }
  }
}

/// The data of an open packet, the handshake: where its values stand.
struct EngineIOOpen {
  /// Between the quotes.
  var sid: Range<Int>
  /// The array, brackets included; empty when there is none.
  var upgrades = 0..<0
  /// Milliseconds.
  var pingInterval: UInt64?
  /// Milliseconds.
  var pingTimeout: UInt64?
  /// Octets of a polling body at most.
  var maxPayload: UInt64?
  /// The members' places, name to value, for the fields.
  var places: (interval: Range<Int>, timeout: Range<Int>, payload: Range<Int>) = (
    0..<0, 0..<0, 0..<0
  )

  /// Nil when it is not an object with a `sid`.
  init?(_ bytes: RawSpan, _ range: Range<Int>) {
    var scanner = JSONScanner(range)
    self.init(bytes, &scanner)
  }

  /// - Parameter scanner: Says what is wrong when the result is nil.
  init?(_ bytes: RawSpan, _ scanner: inout JSONScanner) {
    sid = 0..<0
    var isFirst = true
    guard scanner.enterObject(bytes) else { return nil }
    while let name = scanner.nextMember(bytes, &isFirst) {
      let start = scanner.position
      guard scanner.skipValue(bytes) else { return nil }
      let place = start..<scanner.position
      if bytes.holds("sid", at: name) {
        guard bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) == 0x22 else {
          scanner.fail(.notAString, at: start)
          return nil
        }
        sid = start &+ 1..<place.upperBound &- 1
      } else if bytes.holds("upgrades", at: name) {
        upgrades = place
      } else if bytes.holds("pingInterval", at: name) {
        pingInterval = bytes.decimal(place)
        places.interval = place
      } else if bytes.holds("pingTimeout", at: name) {
        pingTimeout = bytes.decimal(place)
        places.timeout = place
      } else if bytes.holds("maxPayload", at: name) {
        maxPayload = bytes.decimal(place)
        places.payload = place
      }
    }
    guard scanner.fault == .none, scanner.isAtEnd(bytes) else { return nil }
    guard !sid.isEmpty else {
      scanner.fail(.unexpectedEnd, at: scanner.end)
      return nil
    }
  }

  func write(_ bytes: RawSpan, into text: inout TextBuffer) {
    text.append(" sid=")
    text.appendLine(bytes, sid)
    if let pingInterval {
      text.append(" pingInterval=")
      text.append(pingInterval)
    }
    if let pingTimeout {
      text.append(" pingTimeout=")
      text.append(pingTimeout)
    }
    if let maxPayload {
      text.append(" maxPayload=")
      text.append(maxPayload)
    }
  }
}

extension RawSpan {
  /// Whether exactly these octets stand at a place.
  @inline(__always)
  func holds(_ text: StaticString, at range: Range<Int>) -> Bool {
    let count = text.utf8CodeUnitCount
    guard range.count == count, range.upperBound <= byteCount else { return false }
    let from = range.lowerBound
    for offset in 0..<count
    where unsafeLoad(fromUncheckedByteOffset: from &+ offset, as: UInt8.self)
      != text.utf8Start[offset]
    {
      return false
    }
    return true
  }

  /// A decimal number of 1 to 18 digits and nothing else.
  func decimal(_ range: Range<Int>) -> UInt64? {
    guard (1...18).contains(range.count), range.upperBound <= byteCount else { return nil }
    var value: UInt64 = 0
    for at in range {
      let digit = unsafeLoad(fromByteOffset: at, as: UInt8.self) &- 0x30
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    return value
  }
}

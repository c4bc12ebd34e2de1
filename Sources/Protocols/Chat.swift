import PacketCore

/// An event of the bundled chat, in the payload of a Socket.IO packet: a JSON array whose first
/// element is the event's name.
///
/// A member emits `message` with `{"message": text}`; the room receives it with the sender's name.
/// An empty sender marks a notice of the server: that somebody entered or left.
public struct Chat: Layer {
  /// What an event means.
  public enum Kind: UInt8, Sendable, BitwiseCopyable, CaseIterable {
    case none, message, joined, left, notice, error, join, leave

    var name: StaticString {
      switch self {
      case .none: "none"
      case .message: "message"
      case .joined: "joined"
      case .left: "left"
      case .notice: "notice"
      case .error: "error"
      case .join: "join"
      case .leave: "leave"
      }
    }
  }

  /// Where the parts stand.
  public struct Note: BitwiseCopyable, Sendable {
    var parts = ChatParts()
  }

  public static let carriedBy: [PayloadType] = [.chatEvent]
  public static var isInWireshark: Bool { false }
  /// The packet's line is Socket.IO's.
  public static var summarizes: Bool { false }

  public init() {}

  public init(reading reader: inout ByteReader) throws(ParseError) {}

  public func write(to writer: inout ByteWriter) {}

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    let record = dissection.layers[index]
    let content =
      Self.content(before: index, dissection)
      ?? SocketIOContent(SocketIO(.event), bytes, record.range)
    dissection.setNote(Note(parts: content.chat), at: index)
    return SocketIO.keepPayload(
      bytes, hasToken: content.hasToken, of: dissection.layers[index], in: &dissection)
  }

  /// What Socket.IO, the layer below, has read already.
  private static func content(
    before index: Int, _ dissection: borrowing Dissection
  ) -> SocketIOContent? {
    guard index > 0, dissection.layers[index &- 1].is(SocketIO.self) else { return nil }
    return dissection.note(of: SocketIO.self, dissection.layers[index &- 1])?.content
  }

  public func summarize(
    _ bytes: RawSpan, _ record: LayerRecord, in dissection: borrowing Dissection,
    into columns: inout Columns
  ) {
    columns.protocolName = "Socket.IO"
    columns.info.append("Chat ")
    columns.info.append((dissection.note(of: Chat.self, record)?.parts.kind ?? .none).name)
  }

  private static func text(
    _ name: String, _ title: String, _ part: @escaping @Sendable (ChatParts) -> TextPlace
  ) -> Field<Chat> {
    .texts(name, title) { _, _, record, dissection, add in
      guard let parts = dissection.note(of: Chat.self, record)?.parts else { return }
      let place = part(parts)
      if place.isPresent { add(place.range) }
    }
  }

  public static let schema = Schema<Chat>(
    "chat", "Chat", "The bundled chat's events", column: "Socket.IO",
    fields: [
      .derived(
        "chat.kind", "Kind", .unsigned, bits: 8,
        label: { value in
          Kind(rawValue: UInt8(truncatingIfNeeded: value)).map { $0.name.description }
        }
      ) { _, record, dissection in
        dissection.note(of: Chat.self, record).map { .unsigned(UInt64($0.parts.kind.rawValue)) }
      },
      text("chat.room", "Room") { $0.room },
      text("chat.sender", "Sender") { $0.sender },
      text("chat.message", "Message") { $0.kind == .message ? $0.text : TextPlace() },
      text("chat.notice", "Notice") { parts in
        switch parts.kind {
        case .joined, .left, .notice: parts.text
        default: TextPlace()
        }
      },
      text("chat.member", "Member") { $0.member },
      text("chat.error", "Error") { $0.kind == .error ? $0.text : TextPlace() },
    ],
    heading: { _, record, dissection, text in
      guard let parts = dissection.note(of: Chat.self, record)?.parts else { return }
      text.append(", ")
      text.append(parts.kind.name)
    })
}

/// The parts of a chat event, each between the quotes of its JSON string.
struct ChatParts: BitwiseCopyable, Sendable {
  var room = TextPlace()
  var sender = TextPlace()
  var text = TextPlace()
  /// Who entered or left.
  var member = TextPlace()
  var kind = Chat.Kind.none

  init() {}

  /// Up to eight octets as a number, the first lowest.
  @inline(__always)
  private static func word(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
    let start = range.lowerBound
    guard _fastPath(start &+ 8 <= bytes.byteCount) else { return slowWord(bytes, range) }
    let word = UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: start, as: UInt64.self))
    return word & (UInt64.max &>> UInt64((8 &- range.count) &* 8))
  }

  @inline(never)
  private static func slowWord(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
    var word: UInt64 = 0
    for at in range.reversed() {
      word = word &<< 8 | UInt64(bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self))
    }
    return word
  }

  /// What an event with this name may mean.
  @inline(__always)
  static func kind(_ bytes: RawSpan, _ event: TextPlace) -> Chat.Kind {
    guard event.count >= 4, event.count <= 7 else { return .none }
    switch word(bytes, event.range) {
    case 0x65_6761_7373_656d: return .message
    case 0x6e69_6f6a: return .join
    case 0x65_7661_656c: return .leave
    case 0x6465_6e69_6f6a: return .joined
    case 0x7466_656c: return .left
    case 0x72_6f72_7265: return .error
    default: return .none
    }
  }

  /// Reads an event's first argument.
  ///
  /// - Returns: False when it is not valid JSON.
  @inline(__always)
  mutating func read(
    _ bytes: RawSpan, _ scanner: inout JSONScanner, _ event: Chat.Kind
  ) -> Bool {
    guard scanner.peek(bytes) == 0x7b else { return readPlain(bytes, &scanner, event) }
    _ = scanner.enterObject(bytes)
    var isFirst = true
    var isError = false
    while let name = scanner.nextMember(bytes, &isFirst) {
      guard name.count >= 4, name.count <= 7, scanner.peek(bytes) == 0x22 else {
        guard scanner.skipValue(bytes) else { return false }
        continue
      }
      guard let value = scanner.string(bytes) else { return false }
      take(bytes, name, value, &isError)
    }
    guard scanner.fault == .none else { return false }
    settle(bytes, event, isError)
    return true
  }

  /// `send("text")` of the libraries is a `message` with a string; a room may be named by a string.
  private mutating func readPlain(
    _ bytes: RawSpan, _ scanner: inout JSONScanner, _ event: Chat.Kind
  ) -> Bool {
    guard scanner.peek(bytes) == 0x22 else { return scanner.skipValue(bytes) }
    guard let value = scanner.string(bytes) else { return false }
    kind = event
    if event == .message || event == .error {
      text = TextPlace(value)
    } else {
      room = TextPlace(value)
    }
    return true
  }

  /// A member whose value is a string, its name four to seven octets long.
  @inline(__always)
  mutating func take(
    _ bytes: RawSpan, _ name: Range<Int>, _ value: Range<Int>, _ isError: inout Bool
  ) {
    switch Self.word(bytes, name) {
    case 0x65_6761_7373_656d, 0x7478_6574: text = TextPlace(value)  // message, text
    case 0x7265_646e_6573, 0x7265_7375, 0x656d_616e: sender = TextPlace(value)  // sender user name
    case 0x6d6f_6f72, 0x6564_6f63: room = TextPlace(value)  // room, code
    case 0x72_6f72_7265:  // error
      text = TextPlace(value)
      isError = true
    default: break
    }
  }

  /// Says what the event is, of which all members were taken.
  @inline(__always)
  mutating func settle(_ bytes: RawSpan, _ event: Chat.Kind, _ isError: Bool) {
    if isError || event == .error {
      if text.isPresent { kind = .error }
    } else if event != .message {
      if room.isPresent || sender.isPresent { kind = event }
      if event == .joined || event == .left { member = sender }
    } else if text.isPresent {
      kind = .message
      if sender.isPresent, sender.count == 0 { readNotice(bytes) }
    }
  }

  /// "(name) entered the chat", "(name) left the chat".
  private mutating func readNotice(_ bytes: RawSpan) {
    kind = .notice
    let range = text.range
    guard range.count > 2, bytes.holds("(", at: range.lowerBound..<range.lowerBound &+ 1) else {
      return
    }
    let endings: [(Chat.Kind, StaticString)] = [
      (.joined, ") entered the chat"), (.left, ") left the chat"),
    ]
    for (kind, ending) in endings {
      let start = range.upperBound &- ending.utf8CodeUnitCount
      guard start > range.lowerBound, bytes.holds(ending, at: start..<range.upperBound) else {
        continue
      }
      self.kind = kind
      member = TextPlace(range.lowerBound &+ 1..<start)
    }
  }
}

/// Strings in JSON text that look like Fernet tokens.
enum FernetCandidates {
  /// Characters of the shortest text that is meant as a token.
  static let shortest = Fernet.shortestMeant
  /// Tokens of one packet that are followed.
  private static let most = 16

  /// Has the walk go on in every such string.
  ///
  /// - Parameter range: Valid JSON text.
  static func walk(
    _ bytes: RawSpan, _ range: Range<Int>, _ buffer: UInt16, _ dissection: inout Dissection
  ) {
    var at = range.lowerBound
    let end = min(range.upperBound, bytes.byteCount)
    var count = 0
    while at < end, count < most {
      guard bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self) == 0x22 else {
        at &+= 1
        continue
      }
      var scanner = JSONScanner(at..<end)
      guard let text = scanner.string(bytes) else { return }
      at = scanner.position
      scanner.skipSpace(bytes)
      // A member's name is no token.
      guard Fernet.isMeantAsToken(bytes, text), scanner.peek(bytes) != 0x3a else { continue }
      dissection.continueIn(buffer, text, as: .fernet, isAside: true)
      count += 1
    }
  }
}

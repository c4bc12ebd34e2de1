import PacketCore

/// What is wrong with a Socket.IO packet by itself: the rules that the inspector reports and an
/// endpoint refuses packets by.
public enum SocketIODefect: UInt8, Error, BitwiseCopyable, Sendable, CaseIterable {
  case none
  case unknownType, noAttachmentCount, noPayload, payloadNotAnArray, emptyPayload, noEventName
  case reservedEvent, payloadNotAnObject, unexpectedPayload, noAckID, invalidJSON
  case badPlaceholder, missingPlaceholder, tooManyAttachments, unexpectedAttachment

  /// What is said about it.
  public var words: String {
    switch self {
    case .none: "sound"
    case .unknownType: "unknown packet type"
    case .noAttachmentCount: "no count of attachments in a binary packet"
    case .noPayload: "no payload"
    case .payloadNotAnArray: "the payload is not an array"
    case .emptyPayload: "the payload is an empty array"
    case .noEventName: "the payload does not begin with the event's name"
    case .reservedEvent: "the event's name is reserved"
    case .payloadNotAnObject: "the payload is not an object"
    case .unexpectedPayload: "a payload where there is none"
    case .noAckID: "no acknowledgment id"
    case .invalidJSON: "the payload is not valid JSON"
    case .badPlaceholder: "a placeholder names an attachment that there is not"
    case .missingPlaceholder: "an attachment has no placeholder"
    case .tooManyAttachments: "more attachments than are followed"
    case .unexpectedAttachment: "an attachment that no packet waits for"
    }
  }
}

/// Octets of a buffer, small enough for a note.
struct TextPlace: BitwiseCopyable, Sendable {
  var start: UInt32 = 0
  var count: UInt32 = 0

  init() {}

  @inline(__always)
  init(_ range: Range<Int>) {
    start = UInt32(truncatingIfNeeded: range.lowerBound)
    count = UInt32(truncatingIfNeeded: range.count)
  }

  /// 0 for none: text has a quote in front.
  var isPresent: Bool { start > 0 }
  var range: Range<Int> { Int(start)..<Int(start) &+ Int(count) }

  /// Counted from a layer's first octet.
  func range(from start: UInt32) -> Range<Int> {
    let first = Int(self.start) &- Int(start)
    return first..<first &+ Int(count)
  }
}

/// Where the parts of a packet's JSON stand, found in one pass that also validates it.
struct SocketIOContent: BitwiseCopyable, Sendable {
  /// The event's name, between the quotes.
  var event = TextPlace()
  /// From the first octet of the first argument to the last of the last.
  var arguments = TextPlace()
  /// CONNECT: the sid between the quotes. CONNECT_ERROR: the message, quotes included.
  var value = TextPlace()
  /// Arguments, the event's name not counted; elements of an acknowledgment.
  var argumentCount: UInt32 = 0
  /// Where the JSON is invalid, in the buffer.
  var faultOffset: UInt32 = 0
  var defect = SocketIODefect.none
  var fault = JSONFault.none
  /// The first argument is an object or an array.
  var isContainer = false
  /// The text is in the form of `readPlain`: it can stand in a line as it is.
  var isPlain = false
  /// A string may be a Fernet token.
  var hasToken = false
  /// What the event means in the bundled chat.
  var chat = ChatParts()

  init() {}

  /// - Parameters:
  ///   - range: The payload.
  ///   - isPlainTried: False reads the common form in the general way too; for comparison.
  init(_ layer: SocketIO, _ bytes: RawSpan, _ range: Range<Int>, isPlainTried: Bool = true) {
    if isPlainTried, layer.octet == 0x32, readPlain(bytes, range) { return }
    var scanner = JSONScanner(range)
    switch layer.octet {
    case 0x32: readEvent(bytes, &scanner)
    case 0x33:
      if layer.ackDigits == 0 { defect = .noAckID }
      readAck(bytes, &scanner)
    default: readOther(layer, bytes, &scanner)
    }
    hasToken = scanner.hasToken
    if scanner.fault != .none {
      fault = scanner.fault
      faultOffset = UInt32(truncatingIfNeeded: scanner.position)
      if defect == .none { defect = .invalidJSON }
    }
  }

  private mutating func readOther(
    _ layer: SocketIO, _ bytes: RawSpan, _ scanner: inout JSONScanner
  ) {
    switch layer.type {
    case .connect: readConnect(bytes, &scanner)
    case .connectError: readError(bytes, &scanner)
    case .disconnect:
      if scanner.position < scanner.end { defect = .unexpectedPayload }
    case .binaryEvent:
      if layer.attachmentDigits == 0 { defect = .noAttachmentCount }
      readEvent(bytes, &scanner)
      checkPlaceholders(layer, bytes, scanner)
    case .binaryAck:
      if layer.attachmentDigits == 0 { defect = .noAttachmentCount }
      if layer.ackDigits == 0 { defect = .noAckID }
      readAck(bytes, &scanner)
      checkPlaceholders(layer, bytes, scanner)
    case .event, .ack: break
    case nil: defect = .unknownType
    }
  }

  /// "The payload is mandatory and MUST be a non-empty array."
  @inline(__always)
  private mutating func readEvent(_ bytes: RawSpan, _ scanner: inout JSONScanner) {
    guard enter(bytes, &scanner) else { return }
    var isFirst = true
    guard scanner.nextElement(bytes, &isFirst) else {
      if scanner.fault == .none, scanner.isAtEnd(bytes), defect == .none { defect = .emptyPayload }
      return
    }
    if let name = scanner.string(bytes) {
      event = TextPlace(name)
      if Self.isReserved(bytes, name), defect == .none { defect = .reservedEvent }
    } else {
      // The JavaScript parser takes a number for a name.
      let octet = scanner.peek(bytes)
      let start = scanner.position
      guard scanner.fault == .none, scanner.skipValue(bytes) else { return }
      if octet == 0x2d || octet &- 0x30 < 10 {
        event = TextPlace(start..<scanner.position)
      } else if defect == .none {
        defect = .noEventName
      }
    }
    readElements(bytes, &scanner, ChatParts.kind(bytes, event))
  }

  /// "The payload is mandatory and MUST be an array (possibly empty)."
  private mutating func readAck(_ bytes: RawSpan, _ scanner: inout JSONScanner) {
    guard enter(bytes, &scanner) else { return }
    var isFirst = true
    guard scanner.nextElement(bytes, &isFirst) else {
      if scanner.fault == .none { _ = scanner.isAtEnd(bytes) }
      return
    }
    isContainer = false
    let start = scanner.position
    guard scanner.skipValue(bytes) else { return }
    arguments = TextPlace(start..<scanner.position)
    argumentCount = 1
    readElements(bytes, &scanner, .none)
    isContainer = false
  }

  @inline(__always)
  private mutating func enter(_ bytes: RawSpan, _ scanner: inout JSONScanner) -> Bool {
    guard scanner.position < scanner.end else {
      if defect == .none { defect = .noPayload }
      return false
    }
    if scanner.peek(bytes) == 0x5b {
      scanner.position &+= 1
      return true
    }
    // Valid JSON all the same, or not even that.
    if scanner.skipValue(bytes), scanner.isAtEnd(bytes), defect == .none {
      defect = .payloadNotAnArray
    }
    return false
  }

  /// What follows the first element.
  @inline(__always)
  private mutating func readElements(
    _ bytes: RawSpan, _ scanner: inout JSONScanner, _ chatKind: Chat.Kind
  ) {
    var isFirst = false
    while scanner.nextElement(bytes, &isFirst) {
      let start = scanner.position
      if argumentCount == 0 {
        let octet = scanner.peek(bytes)
        isContainer = octet == 0x7b || octet == 0x5b
        arguments.start = UInt32(truncatingIfNeeded: start)
        if chatKind != .none {
          guard chat.read(bytes, &scanner, chatKind) else { return }
        } else {
          guard scanner.skipValue(bytes) else { return }
        }
      } else {
        guard scanner.skipValue(bytes) else { return }
      }
      argumentCount &+= 1
      arguments.count = UInt32(truncatingIfNeeded: scanner.position) &- arguments.start
    }
    if scanner.fault == .none { _ = scanner.isAtEnd(bytes) }
  }

  /// Revision 5: an object or nothing. The server's holds the sid.
  private mutating func readConnect(_ bytes: RawSpan, _ scanner: inout JSONScanner) {
    guard scanner.position < scanner.end else { return }
    arguments = TextPlace(scanner.position..<scanner.end)
    guard scanner.peek(bytes) == 0x7b else {
      if scanner.skipValue(bytes), scanner.isAtEnd(bytes) { defect = .payloadNotAnObject }
      return
    }
    if let place = member("sid", bytes, &scanner), place.count >= 2,
      bytes.unsafeLoad(fromByteOffset: place.lowerBound, as: UInt8.self) == 0x22
    {
      value = TextPlace(place.lowerBound &+ 1..<place.upperBound &- 1)
    }
  }

  /// Revision 5: an object with a message; revision 4: a string.
  private mutating func readError(_ bytes: RawSpan, _ scanner: inout JSONScanner) {
    guard scanner.position < scanner.end else {
      defect = .noPayload
      return
    }
    arguments = TextPlace(scanner.position..<scanner.end)
    switch scanner.peek(bytes) {
    case 0x7b:
      if let place = member("message", bytes, &scanner) { value = TextPlace(place) }
    case 0x22:
      let start = scanner.position
      guard scanner.skipValue(bytes) else { return }
      value = TextPlace(start..<scanner.position)
      _ = scanner.isAtEnd(bytes)
    default:
      if scanner.skipValue(bytes), scanner.isAtEnd(bytes) { defect = .payloadNotAnObject }
    }
  }

  /// The value of a member of the object that is all of the text.
  private mutating func member(
    _ wanted: StaticString, _ bytes: RawSpan, _ scanner: inout JSONScanner
  ) -> Range<Int>? {
    guard scanner.enterObject(bytes) else { return nil }
    var isFirst = true
    var found: Range<Int>?
    argumentCount = 0
    while let name = scanner.nextMember(bytes, &isFirst) {
      let start = scanner.position
      guard scanner.skipValue(bytes) else { return nil }
      argumentCount &+= 1
      if bytes.holds(wanted, at: name) { found = start..<scanner.position }
    }
    guard scanner.fault == .none, scanner.isAtEnd(bytes) else { return nil }
    return found
  }

  /// Each attachment has a placeholder, and each placeholder an attachment.
  private mutating func checkPlaceholders(
    _ layer: SocketIO, _ bytes: RawSpan, _ scanner: JSONScanner
  ) {
    guard defect == .none, scanner.fault == .none, layer.attachmentDigits > 0 else { return }
    let count = SocketIOPlaceholders.count(
      bytes, Int(arguments.start)..<Int(arguments.start) &+ Int(arguments.count),
      attachments: layer.attachments)
    guard let count else {
      defect = .badPlaceholder
      return
    }
    if count < Int(layer.attachments) { defect = .missingPlaceholder }
  }

  /// Names that the libraries keep for themselves.
  static func isReserved(_ bytes: RawSpan, _ name: Range<Int>) -> Bool {
    switch name.count {
    case 7: bytes.holds("connect", at: name)
    case 10: bytes.holds("disconnect", at: name)
    case 11: bytes.holds("newListener", at: name)
    case 13: bytes.holds("connect_error", at: name) || bytes.holds("disconnecting", at: name)
    case 14: bytes.holds("removeListener", at: name)
    default: false
    }
  }
}

import PacketCore

extension SocketIO {
  /// An event of the main namespace in the plain form, while no packet waits for attachments, is read
  /// without making a value of its header.
  public static func walk(
    _ bytes: RawSpan, from start: Int, to end: Int, reportedEnd: Int,
    into dissection: inout Dissection, memory: Unmanaged<AnyObject>
  ) throws(ParseError) -> PayloadType {
    var note = Note()
    guard start >= 0, start < end, end <= bytes.byteCount,
      bytes.unsafeLoad(fromUncheckedByteOffset: start, as: UInt8.self) == 0x32,
      note.content.readPlain(bytes, start &+ 1..<end), note.content.defect == .none,
      memory._withUnsafeGuaranteedRef({ unsafeDowncast($0, to: Memory.self).isAtRest }),
      let index = dissection.recordHere(
        SocketIO.self, header: start..<start &+ 1, end: end, reportedEnd: reportedEnd)
    else {
      return try walkDecoded(
        bytes, from: start, to: end, reportedEnd: reportedEnd, into: &dissection, memory: memory)
    }
    let (session, isFromOpen, version) = session(at: index, dissection)
    note.session = session
    memory._withUnsafeGuaranteedRef {
      checkConnected(
        unsafeDowncast($0, to: Memory.self), session, mainTag, dissection.stream.side, isFromOpen,
        version, at: index, &dissection)
    }
    dissection.setNote(note, at: index)
    if note.content.chat.kind != .none { return .chatEvent }
    return keepPayload(
      bytes, hasToken: note.content.hasToken, of: dissection.layers[index], in: &dissection)
  }
}

extension SocketIOContent {
  /// Reads an event in the form that nearly all have, in one go: `["name",{"key":"text","key":12}]`
  /// without whitespace, escapes, nesting or anything but ASCII. What it accepts is valid JSON, and
  /// it finds what the general reader would; names long enough for a Fernet token are left to that
  /// one.
  ///
  /// - Returns: False for any other text, of which nothing is taken then.
  @inline(__always)
  mutating func readPlain(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    let (start, end) = (range.lowerBound, range.upperBound)
    guard end &- start >= 8, end >= 16, end <= bytes.byteCount,
      Self.pair(bytes, start) == 0x225b, Self.pair(bytes, end &- 2) == 0x5d7d
    else { return false }
    // The object's closing bracket: every octet looked at below lies before it or is it. Of the
    // places where strings stop each must be a quote that the form has there.
    let last = end &- 2
    var stops = StopPlaces(from: start &+ 2, to: end)
    let name = start &+ 2..<stops.next(bytes)
    let first = name.upperBound &+ 2
    guard first < last, name.count < FernetCandidates.shortest else { return false }
    let kind = ChatParts.kind(bytes, TextPlace(name))
    switch Self.long(bytes, name.upperBound) {
    case 0x227b_2c22:  // ",{"
      guard stops.next(bytes) == first &+ 1,
        readMembers(bytes, from: first &+ 1, to: last, end, kind, &stops)
      else { return false }
    case 0x7d7b_2c22:  // ",{}
      guard first &+ 1 == last, stops.next(bytes) == end else { return false }
      chat.settle(bytes, kind, false)
    default: return false
    }
    event = TextPlace(name)
    arguments = TextPlace(first..<last &+ 1)
    argumentCount = 1
    isContainer = true
    isPlain = true
    if kind == .none, Self.isReserved(bytes, name) { defect = .reservedEvent }
    return true
  }

  /// - Parameters:
  ///   - start: Place of the first name's opening quote, which `stops` has passed.
  ///   - last: Place of the bracket that closes the object.
  ///   - end: End of the text: where `stops` ends.
  @inline(__always)
  private mutating func readMembers(
    _ bytes: RawSpan, from start: Int, to last: Int, _ end: Int, _ kind: Chat.Kind,
    _ stops: inout StopPlaces
  ) -> Bool {
    var parts = ChatParts()
    var isError = false
    var hasToken = false
    var quote = start
    while true {
      let key = quote &+ 1..<stops.next(bytes)
      let value = key.upperBound &+ 2
      guard value < last, key.count < FernetCandidates.shortest,
        Self.pair(bytes, key.upperBound) == 0x3a22
      else { return false }
      var next = stops.next(bytes)
      let behind: Int
      if next == value {
        guard Self.octet(bytes, value) == 0x22 else { return false }
        let text = value &+ 1..<stops.next(bytes)
        guard text.upperBound < last, Self.octet(bytes, text.upperBound) == 0x22 else {
          return false
        }
        if kind != .none, key.count >= 4, key.count <= 7 {
          parts.take(bytes, key, text, &isError)
        }
        if text.count >= FernetCandidates.shortest,
          Fernet.begins(bytes, at: text.lowerBound, text.upperBound)
        {
          hasToken = true
        }
        behind = text.upperBound &+ 1
        next = stops.next(bytes)
      } else {
        // A number reaches to the comma before the next name, or to the bracket.
        behind = next == end ? last : next &- 1
        guard Self.isNumber(bytes, value..<behind) else { return false }
      }
      if next == end {
        guard behind == last else { return false }
        break
      }
      guard next == behind &+ 1, Self.pair(bytes, behind) == 0x222c else { return false }
      quote = next
    }
    if kind != .none { parts.settle(bytes, kind, isError) }
    chat = parts
    self.hasToken = hasToken
    return true
  }

  /// Whether these are the digits of a number up to 16 of them long, without a zero in front.
  @inline(__always)
  private static func isNumber(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    guard !range.isEmpty, range.count <= 16, range.upperBound >= 16 else { return false }
    // The last sixteen octets, moved so that the first digit is the lowest.
    let last = bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: range.upperBound &- 16, as: UInt128.self)
    let word =
      UInt128(littleEndian: last) &>> UInt128(truncatingIfNeeded: (16 &- range.count) &* 8)
    let sixes: UInt128 = 0x0606_0606_0606_0606_0606_0606_0606_0606
    let upper: UInt128 = 0xf0f0_f0f0_f0f0_f0f0_f0f0_f0f0_f0f0_f0f0
    let threes: UInt128 = 0x3030_3030_3030_3030_3030_3030_3030_3030
    let used = UInt128.max &>> UInt128(truncatingIfNeeded: (16 &- range.count) &* 8)
    // A digit has 3 in its upper half, and still has it when 6 is added.
    let wrong = (word & upper ^ threes) | (((word & ~upper) &+ sixes) & upper)
    guard wrong & used == 0 else { return false }
    return range.count == 1 || UInt8(truncatingIfNeeded: word) != 0x30
  }

  @inline(__always)
  private static func octet(_ bytes: RawSpan, _ at: Int) -> UInt8 {
    bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
  }

  /// Two octets, the first in the lower half.
  @inline(__always)
  private static func pair(_ bytes: RawSpan, _ at: Int) -> UInt16 {
    UInt16(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt16.self))
  }

  /// Four octets, the first lowest.
  @inline(__always)
  private static func long(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    UInt32(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt32.self))
  }
}

import PacketCore

extension Netlab {
  public static let schema = Schema<Netlab>(
    "netlab", "netlab Exchange", "netlab send, netlab receive", column: "netlab",
    fields: numberFields + tokenFields,
    findings: [sentBefore, isRefused],
    heading: { _, record, dissection, text in
      guard let note = dissection.note(of: Netlab.self, record) else { return }
      text.append(", ")
      text.append(kind(note, plain(record, in: dissection)).title)
      guard note.attempt > 0 else { return }
      text.append(", Try: ")
      text.append(UInt64(note.attempt))
    })

  /// What TCP's numbers tell.
  private static let numberFields: [Field<Netlab>] = [
    noted(
      "netlab.kind", "Kind", bits: 8,
      label: { Kind(rawValue: UInt8(truncatingIfNeeded: $0))?.word.description }
    ) { UInt64(kind($0, $1).rawValue) },
    noted("netlab.seq", "Sequence Number (raw)") { note, plain in
      kind(note, plain) == .message ? UInt64(note.sequence) : nil
    },
    noted("netlab.try", "Try") { note, _ in note.attempt > 0 ? UInt64(note.attempt) : nil },
    noted("netlab.first", "First try in frame") { note, _ in
      note.attempt > 1 ? UInt64(note.firstFrame) : nil
    },
    noted("netlab.answers", "Answers frame") { note, plain in
      answered(note, plain).flatMap { $0.frame > 0 ? UInt64($0.frame) : nil }
    },
    noted("netlab.answers.seq", "Answers sequence number (raw)") { note, plain in
      answered(note, plain).map { UInt64($0.sequence) }
    },
    noted("netlab.len", "Token Length", unit: "bytes") { note, _ in UInt64(note.length) },
    .derived("netlab.damaged", "Damaged on the way", .boolean, isGenerated: true) {
      _, record, dissection in
      dissection.note(of: Netlab.self, record).map { .boolean($0.isDamaged) }
    },
    .lines([bits]) { _, bytes, record, _, add in
      let octets = record.payload.clamped(to: 0..<bytes.byteCount)
        .map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
      add(0, .string(ChannelCoding.text(of: octets)), nil, nil)
    },
  ]

  /// The channel coding: the token's octets as a row of bits. Thousands of them, so that they are for
  /// those who ask, and no line of the tree.
  private static let bits = (
    info: FieldInfo("netlab.bits", "Bits", .string, isGenerated: true, isHidden: true), depth: 0
  )

  /// What the token says, with the key.
  private static let tokenFields: [Field<Netlab>] = [
    text("netlab.id", "Id") { $0.id == .none ? nil : $0.id.text },
    text("netlab.sender", "Sender") { $0.sender },
    text("netlab.room", "Room") { $0.room },
    text("netlab.text", "Text") { $0.kind == .message ? $0.text : nil },
    number("netlab.part", "Part") { $0.part > 0 ? $0.part : nil },
    number("netlab.parts", "Parts") { $0.kind == .message ? $0.parts : nil },
    number("netlab.held", "Parts that the receiver has") { $0.kind == .ack ? $0.parts : nil },
    number("netlab.isn", "First Sequence Number of the run (raw)") {
      $0.kind == .message ? Int($0.initialSequence) : nil
    },
    .derived("netlab.ordered", "In order only", .boolean) { _, record, dissection in
      guard let message = plain(record, in: dissection).message, message.kind == .message else {
        return nil
      }
      return .boolean(message.wantsOrder)
    },
    text("netlab.reason", "Reason") { $0.reason?.code.word.description },
    text("netlab.reason.found", "Found") { message in
      message.reason.flatMap { $0.found.isEmpty ? nil : $0.found }
    },
    text("netlab.reason.expected", "Expected") { message in
      message.reason.flatMap { $0.expected.isEmpty ? nil : $0.expected }
    },
    .derived("netlab.fault", "No message", .string) { _, record, dissection in
      guard case .fault(let fault) = plain(record, in: dissection) else { return nil }
      return .string(fault.text)
    },
  ]

  private static func noted(
    _ name: String, _ title: String, bits: Int = 32, unit: String = "",
    label: (@Sendable (UInt64) -> String?)? = nil,
    _ read: @escaping @Sendable (Note, Plain) -> UInt64?
  ) -> Field<Netlab> {
    .derived(name, title, .unsigned, bits: bits, unit: unit, label: label) {
      _, record, dissection in
      guard let note = dissection.note(of: Netlab.self, record) else { return nil }
      return read(note, plain(record, in: dissection)).map { .unsigned($0) }
    }
  }

  private static func text(
    _ name: String, _ title: String, _ read: @escaping @Sendable (CraftedMessage) -> String?
  ) -> Field<Netlab> {
    .derived(name, title, .string) { _, record, dissection in
      plain(record, in: dissection).message.flatMap(read).map { .string($0) }
    }
  }

  private static func number(
    _ name: String, _ title: String, _ read: @escaping @Sendable (CraftedMessage) -> Int?
  ) -> Field<Netlab> {
    .derived(name, title, .unsigned, bits: 32) { _, record, dissection in
      plain(record, in: dissection).message.flatMap(read)
        .map { .unsigned(UInt64(truncatingIfNeeded: $0)) }
    }
  }
}

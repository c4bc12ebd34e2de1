import PacketCore

/// What the objects of `-T jsonl` have in common. Every object of a stream is described in the
/// schema that `netlab schema` prints; who adds a key here adds it there.
public struct JSONLine: ~Copyable {
  /// The text of the second that the last object stood in: date and clock.
  private var clock = TextBuffer(capacity: 64)
  private var second: Int64?

  public init() {}

  /// The first object.
  public static func header(tool: String, source: String, into text: inout TextBuffer) {
    text.append("{\"type\":\"header\",\"schema\":\"netlab/1\",\"tool\":")
    text.append(json: tool)
    text.append(",\"source\":")
    text.append(json: source)
    text.append("}\n")
  }

  /// When: RFC 3339 with nine digits, and the same as two integers, as nanoseconds since 1970 fit
  /// in no JSON number.
  public mutating func append(_ time: Timestamp, to text: inout TextBuffer) {
    if second != time.seconds {
      second = time.seconds
      clock.removeAll()
      clock.append(rfc3339: time)
      // Up to the point: ten characters of decimals and the Z stand behind.
      clock.truncate(to: clock.count - 11)
    }
    text.append(",\"ts\":\"")
    text.append(clock)
    text.append(".")
    text.append(UInt64(time.nanoseconds / 10), zeroPaddedTo: 8)
    text.append(byte: 48 + UInt8(truncatingIfNeeded: time.nanoseconds % 10))
    text.append("Z\",\"ts_s\":")
    text.append(time.seconds)
    text.append(",\"ts_nsec\":")
    text.append(UInt64(time.nanoseconds))
  }

  static func append(
    _ key: StaticString, _ address: Address, to text: inout TextBuffer
  ) {
    guard address.family != .none else { return }
    text.append(key)
    text.append(address)
    text.append("\"")
  }

  /// A member with the id N.k of each whole message.
  static func append(messagesOf dissection: borrowing Dissection, to text: inout TextBuffer) {
    let messages = dissection.messages
    guard messages.contains(where: \.isWhole) else { return }
    text.append(",\"messages\":[")
    var isFirst = true
    for message in messages where message.isWhole {
      text.append(isFirst ? "\"" : ",\"")
      isFirst = false
      text.append(UInt64(dissection.frame.number))
      text.append(".")
      text.append(UInt64(message.number))
      text.append("\"")
    }
    text.append("]")
  }

  /// The names of layers, outermost first, as elements of an array.
  static func append(
    layer index: Int, of dissection: borrowing Dissection, _ isFirst: inout Bool,
    to text: inout TextBuffer
  ) {
    if isFirst { text.append("\"") } else { text.append(",\"") }
    isFirst = false
    text.append(dissection.layers[index].type.filterName)
    text.append("\"")
  }

  /// What was found about those layers that `isWanted` names.
  static func append(
    findingsOf dissection: borrowing Dissection, to text: inout TextBuffer,
    where isWanted: (Int) -> Bool
  ) {
    let findings = dissection.findings
    guard !findings.isEmpty else { return }
    var isFirst = true
    for finding in findings where isWanted(finding.layer) {
      if isFirst { text.append(",\"findings\":[") } else { text.append(",") }
      isFirst = false
      text.append("{\"name\":")
      text.append(json: finding.kind.name)
      text.append(",\"severity\":")
      switch finding.kind.severity {
      case .comment: text.append("\"comment\"")
      case .chat: text.append("\"chat\"")
      case .note: text.append("\"note\"")
      case .warning: text.append("\"warning\"")
      case .error: text.append("\"error\"")
      }
      text.append(",\"layer\":\"")
      text.append(dissection.layers[finding.layer].type.filterName)
      text.append("\",\"text\":")
      text.append(json: finding.text)
      text.append("}")
    }
    if !isFirst { text.append("]") }
  }
}

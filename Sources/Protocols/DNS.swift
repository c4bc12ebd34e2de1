import PacketCore

/// Domain Name System. RFC 1035 section 4.1; multicast DNS RFC 6762, LLMNR RFC 4795.
///
/// ```
/// |                      ID                       |
/// |QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |
/// |  questions, answers, authorities, additional: 2 octets each count  |
/// |  questions; answer, authority and additional records               |
/// ```
public struct DNS: Layer {
  /// Number that a request and its response have in common.
  public var identifier: UInt16
  /// Response, operation, flags and reply code.
  public var flags: UInt16
  /// Questions; zones in an update.
  public var questionCount: UInt16
  /// Answer records; prerequisites in an update.
  public var answerCount: UInt16
  /// Authority records; updates in an update.
  public var authorityCount: UInt16
  /// Additional records.
  public var additionalCount: UInt16
  /// Everything behind the header's twelve octets.
  public var body: [UInt8]

  public typealias Memory = DNSTransactions

  /// What the message before this one has to say.
  public struct Note: BitwiseCopyable, Sendable {
    /// Frame of the request that this response answers; 0 where none was seen.
    public var requestFrame: UInt64 = 0
    /// Nanoseconds since that frame.
    public var responseTime: Int64 = 0
    /// Frame of the request, or of the response, that this one repeats; 0 where it repeats none.
    public var repeatedRequest: UInt64 = 0
    /// Frame of the response that this one repeats; 0 where it repeats none.
    public var repeatedResponse: UInt64 = 0
    /// The message ends before its records do.
    var isBroken = false
    /// And the capture cut it.
    var isCut = false
  }

  static let multicastPort: UInt16 = 5353
  static let localPort: UInt16 = 5355
  public static let carriedBy: [PayloadType] = [
    .udpPort(53), .udpPort(multicastPort), .udpPort(localPort),
  ]

  public init(reading reader: inout ByteReader) throws(ParseError) {
    identifier = try reader.read()
    flags = try reader.read()
    questionCount = try reader.read()
    answerCount = try reader.read()
    authorityCount = try reader.read()
    additionalCount = try reader.read()
    body = try reader.array(reader.remaining)
  }

  public func write(to writer: inout ByteWriter) {
    writer.write(identifier)
    writer.write(flags)
    writer.write(questionCount)
    writer.write(answerCount)
    writer.write(authorityCount)
    writer.write(additionalCount)
    writer.write(body)
  }

  /// Whether this is a response.
  public var isResponse: Bool { flags & 0x8000 != 0 }
  /// What is asked for: 0 a standard query.
  public var operation: UInt16 { flags >> 11 & 15 }
  /// What became of the request: 0 no error.
  public var replyCode: UInt16 { flags & 15 }

  /// The variants that share the format; they differ by port.
  enum Variant { case dns, multicast, local }

  /// Which of the variants a message is: the port of the two that led here.
  static func variant(of index: Int, _ bytes: RawSpan, _ dissection: borrowing Dissection)
    -> Variant
  {
    guard index > 0 else { return .dns }
    let carrier = dissection.layers[index - 1]
    guard carrier.is(UDP.self), carrier.buffer == dissection.layers[index].buffer,
      let udp = UDP.decode(carrier, in: bytes)
    else { return .dns }
    let low = min(udp.sourcePort, udp.destinationPort)
    let known = [53, multicastPort, localPort]
    switch known.contains(low) ? low : max(udp.sourcePort, udp.destinationPort) {
    case multicastPort: return .multicast
    case localPort: return .local
    default: return .dns
    }
  }

  /// How far a walk over the message came.
  enum Outcome { case whole(end: Int), broken }

  /// Goes through the questions and records in order, until one of the two says stop.
  ///
  /// - Parameters:
  ///   - isMulticast: The top bit of each class is a flag.
  ///   - onQuestion: Called once a question.
  ///   - onRecord: Called once a record.
  @discardableResult
  func walk(
    isMulticast: Bool, onQuestion: (DNSQuestion) -> Bool, onRecord: (DNSRecord) -> Bool
  ) -> Outcome {
    var at = 0
    for _ in 0..<questionCount {
      guard let nameEnd = skipName(at), nameEnd + 4 <= body.count else { return .broken }
      let question = DNSQuestion(
        body: body, start: at, nameEnd: nameEnd, type: word(nameEnd), classWord: word(nameEnd + 2),
        isMulticast: isMulticast)
      guard onQuestion(question) else { return .whole(end: question.end) }
      at = question.end
    }
    for (count, section) in [
      (answerCount, DNSRecord.Section.answer), (authorityCount, .authority),
      (additionalCount, .additional),
    ] {
      for _ in 0..<count {
        guard let nameEnd = skipName(at), nameEnd + 10 <= body.count else { return .broken }
        let length = Int(word(nameEnd + 8))
        let start = nameEnd + 10
        let isWhole = start + length <= body.count
        let record = DNSRecord(
          body: body, section: section, start: at, nameEnd: nameEnd,
          data: start..<min(start + length, body.count), type: word(nameEnd),
          classWord: word(nameEnd + 2),
          timeToLive: UInt32(word(nameEnd + 4)) << 16 | UInt32(word(nameEnd + 6)),
          isMulticast: isMulticast)
        guard onRecord(record) else { return .whole(end: record.end) }
        guard isWhole else { return .broken }
        at = record.end
      }
    }
    return .whole(end: at)
  }

  private func word(_ at: Int) -> UInt16 { UInt16(body[at]) << 8 | UInt16(body[at + 1]) }

  /// Offset behind the name at `start`, whatever it points to; nil where the message ends first.
  private func skipName(_ start: Int) -> Int? {
    var at = start
    while at < body.count {
      let length = Int(body[at])
      if length == 0 { return at + 1 }
      if length & 0xc0 == 0xc0 { return at + 2 <= body.count ? at + 2 : nil }
      guard length & 0xc0 == 0 else { return nil }
      at += length + 1
    }
    return nil
  }

  public func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: DNSTransactions
  ) -> PayloadType {
    var note = Note()
    switch walk(isMulticast: false, onQuestion: { _ in true }, onRecord: { _ in true }) {
    case .broken:
      note.isBroken = true
      note.isCut = dissection.layers[index].missing > 0
      dissection.add(note.isCut ? .cut : .malformed, at: index)
    case .whole(let end):
      if end < body.count { dissection.add(Self.extraneous, at: index) }
    }
    memory.match(self, bytes, at: index, &dissection, &note)
    if note.repeatedRequest != 0 {
      dissection.add(Self.repeatedQuery, at: index, found: note.repeatedRequest)
    }
    if note.repeatedResponse != 0 {
      dissection.add(Self.repeatedResponse, at: index, found: note.repeatedResponse)
    }
    dissection.setNote(note, at: index)
    return .nothing
  }

  static let extraneous = FindingKind(
    "dns.extraneous", "Extraneous data", .note, .protocolError)
  static let repeatedQuery = FindingKind(
    "dns.retransmit_request", "DNS query retransmission", .warning, .sequence
  ) { frame, _ in ". Original request in frame \(frame)" }
  static let repeatedResponse = FindingKind(
    "dns.retransmit_response", "DNS response retransmission", .warning, .sequence
  ) { frame, _ in ". Original response in frame \(frame)" }
}

/// Requests and the responses that were seen to them, by conversation and transaction number.
public final class DNSTransactions: LayerMemory {
  private struct Transaction {
    var time: Timestamp
    // Frames in four octets, since there are many of them.
    var request: UInt32
    var response: UInt32
  }
  private var transactions: FlowTable<UInt64, Transaction>
  /// A request this much later with the same number is a new one.
  private static let retransmissionTime: Int64 = 5_000_000_000

  public init(limits: Limits) { transactions = FlowTable(limit: limits.exchanges) }

  func match(
    _ message: DNS, _ bytes: RawSpan, at index: Int, _ dissection: inout Dissection,
    _ note: inout DNS.Note
  ) {
    guard index > 0, dissection.layers[index - 1].is(UDP.self),
      let udp = UDP.decode(dissection.layers[index - 1], in: bytes)
    else { return }
    let key = FlowKey(
      dissection.endpoints, udp.sourcePort, udp.destinationPort, dissection.frame.point)
    let tag = UInt64(message.identifier) | 1 << 16
    let frame = UInt32(truncatingIfNeeded: dissection.frame.number)
    let now = dissection.frame.time
    let known = transactions[key, tag]
    if !message.isResponse {
      if let known, known.response == 0,
        now.nanoseconds(since: known.time) <= Self.retransmissionTime
      {
        note.repeatedRequest = UInt64(known.request)
      } else {
        transactions[key, tag] = Transaction(time: now, request: frame, response: 0)
      }
      return
    }
    guard var transaction = known else { return }
    if transaction.response == 0 {
      note.requestFrame = UInt64(transaction.request)
      note.responseTime = now.nanoseconds(since: transaction.time)
      transaction.response = frame
      transactions[key, tag] = transaction
    } else {
      note.repeatedResponse = UInt64(transaction.response)
    }
  }
}

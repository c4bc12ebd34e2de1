import PacketCore

/// The forms of `netlab messages`: what stands before, between and after rows.
public protocol RowPrinter: AnyObject {
  /// Whether rows show what the analysis of TCP finds.
  var showsAnalysis: Bool { get }
  func begin(into text: inout TextBuffer)
  /// One row.
  ///
  /// - Parameters:
  ///   - dissection: That of the frame that completes the message; of the message alone when the form
  ///     `wantsMessage`.
  ///   - frame: The frame's octets.
  func print(
    _ row: Row, _ dissection: borrowing Dissection, _ frame: RawSpan,
    into text: inout TextBuffer)
  func end(into text: inout TextBuffer)
  /// Whether the form looks at fields, and must not see those of the packet's other messages.
  var wantsMessage: Bool { get }
}

extension RowPrinter {
  public var wantsMessage: Bool { false }
  public func begin(into text: inout TextBuffer) {}
  public func end(into text: inout TextBuffer) {}
}

/// Messages in a form that packets have (`-T fields`, `json`, `ek`): each as if it were a packet with
/// the layers of the frame that completes it and its own. Verdicts have none of these forms.
public final class MessagesAsPackets: RowPrinter {
  private let form: any PacketPrinter

  public init(_ form: any PacketPrinter) { self.form = form }

  public var wantsMessage: Bool { true }
  public func begin(into text: inout TextBuffer) { form.begin(into: &text) }
  public func end(into text: inout TextBuffer) { form.end(into: &text) }

  public func print(
    _ row: Row, _ dissection: borrowing Dissection, _ frame: RawSpan,
    into text: inout TextBuffer
  ) {
    guard row.kind == .message else { return }
    form.print(dissection, frame, into: &text)
  }
}

/// N.k: frame N completes the message, as its k-th.
public struct MessageID: Equatable, Sendable {
  public var frame: Int
  public var part: Int

  /// - Parameter text: `16.2`; nil when it is none.
  public init?(_ text: String) {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count == 2, let frame = Int(words[0]), let part = Int(words[1]), frame > 0, part > 0
    else { return nil }
    self.frame = frame
    self.part = part
  }
}

extension RowPrinter {
  public var showsAnalysis: Bool { false }
}

/// One row a message: goes through the messages of each packet, asks the filter about each of them,
/// and hands the rows to one of the forms.
public final class MessagePrinter: PacketPrinter {
  private let rows: any RowPrinter
  private let filter: (any PacketPredicate)?
  /// Asked for each message; looking at the filter itself would copy it.
  private let hasFilter: Bool
  private let hasVerdicts: Bool
  private let formWantsMessage: Bool
  private let only: MessageID?
  // Used by one thread only: for all of these.
  /// The message asked for was there.
  @exclusivity(unchecked) public private(set) var isFound = false
  private let row = Row()
  @exclusivity(unchecked) private var view = Dissection()
  @exclusivity(unchecked) private var shown = Dissection()

  /// - Parameters:
  ///   - rows: The form.
  ///   - filter: Which messages are wanted; it looks at a message's layers and at those of every
  ///     packet that the message names.
  ///   - verdicts: Whether connections are judged at their ends.
  ///   - only: The one message that is wanted.
  public init(
    _ rows: any RowPrinter, filter: (any PacketPredicate)? = nil, verdicts: Bool = true,
    only: MessageID? = nil
  ) {
    self.rows = rows
    self.only = only
    self.filter = filter
    hasFilter = filter != nil
    hasVerdicts = verdicts
    formWantsMessage = rows.wantsMessage
  }

  public var wantsEnd: Bool { true }
  public var wantsMessagesOnly: Bool { true }
  public var asksAboutPackets: Bool { filter != nil }
  public var showsAnalysis: Bool { filter != nil || rows.showsAnalysis }
  public func begin(into text: inout TextBuffer) { rows.begin(into: &text) }
  public func end(into text: inout TextBuffer) { rows.end(into: &text) }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    guard !dissection.messages.isEmpty || !dissection.verdicts.isEmpty else { return }
    let count = dissection.messages.count
    // A row looks through all findings of what it is handed: among many messages, that is its own view.
    let isCrowded = count > 64 && !dissection.findings.isEmpty
    let wantsView = formWantsMessage || isCrowded
    let order = _slowPath(hasFilter || wantsView) ? FindingOrder(dissection) : nil
    for index in 0..<count {
      let message = dissection.messages[index]
      guard _fastPath(message.isWhole) else { continue }
      if let only {
        guard only.frame == dissection.frame.number, only.part == message.number else { continue }
        isFound = true
      }
      if _slowPath(hasFilter), let filter {
        if message.isAlone(in: dissection) {
          guard filter.matches(dissection, in: frame) else { continue }
        } else if let order {
          view.show(message, of: dissection, findings: order)
          guard filter.matches(view, in: frame) else { continue }
        }
      }
      if _slowPath(wantsView), let order, !message.isAlone(in: dissection) {
        shown.show(message, of: dissection, findings: order, packets: false)
        row.fill(shown.messages[0], shown, frame)
        rows.print(row, shown, frame, into: &text)
      } else {
        row.fill(message, dissection, frame)
        rows.print(row, dissection, frame, into: &text)
      }
    }
    guard hasVerdicts, !dissection.verdicts.isEmpty, !hasFilter, only == nil else {
      return
    }
    for verdict in dissection.verdicts {
      row.fill(verdict, dissection)
      rows.print(row, dissection, frame, into: &text)
    }
  }
}

/// `netlab messages` as text: id, time, from → to, protocol, octets, packets when there are several,
/// and what the message says.
public final class MessageLinePrinter: RowPrinter {
  private let time: TimeFormat
  private let isASCII: Bool
  private let isColoured: Bool
  private let width: Int?
  /// Used by one thread only.
  @exclusivity(unchecked) private var second = WrittenSecond()

  /// - Parameters:
  ///   - time: What the time column counts from.
  ///   - ascii: `->` instead of the arrow.
  ///   - coloured: Whether the terminal's colours are used.
  ///   - width: The terminal's, to which lines are cut; nil where nothing is cut.
  public init(
    time: TimeFormat = .relative, ascii: Bool = false, coloured: Bool = false, width: Int? = nil
  ) {
    self.time = time
    isASCII = ascii
    isColoured = coloured
    self.width = width
  }

  public func print(
    _ row: Row, _ dissection: borrowing Dissection, _ frame: RawSpan,
    into text: inout TextBuffer
  ) {
    let first = text.count
    var ends = first
    if _slowPath(!writePlainStart(row, dissection, &ends, &text)) {
      writeStart(row, dissection, &ends, &text)
    }
    let start = text.count
    text.append(row.columns.protocolName)
    text.append(byte: 32)
    if row.kind == .message {
      text.append(UInt64(row.octets))
      text.append(byte: 32)
      if _slowPath(!row.packets.isEmpty) { text.append(packets: row.packets) }
    }
    text.append(row.columns.info)
    // The rule that a message breaks is named behind it, with colours or without.
    let alarm = _slowPath(isColoured || !dissection.findings.isEmpty) ? alarm(row, dissection) : nil
    if let words = alarm?.words {
      text.append(" [")
      text.append(words)
      text.append("]")
    }
    if let width { text.fit(from: first, to: width) }
    if _slowPath(isColoured) {
      if let alarm {
        text.colour(alarm.colour, from: first, to: text.count)
      } else if row.kind == .message {
        // From the end, as each moves what stands behind it.
        if let tint = Colour(protocolName: row.columns.protocolName) {
          text.colour(tint, from: start, to: text.count)
        }
        text.colour(row.side == .client ? .client : .server, from: ends, to: start - 1)
      }
    }
    text.append(byte: 10)
  }

  /// Id, time and ends.
  ///
  /// - Parameter ends: Receives where the ends begin.
  private func writeStart(
    _ row: Row, _ dissection: borrowing Dissection, _ ends: inout Int, _ text: inout TextBuffer
  ) {
    var start = text.count
    if row.kind == .message {
      text.append(UInt64(row.frame))
      text.append(".")
      text.append(UInt64(row.part))
    } else {
      text.append("-")
    }
    text.alignRight(from: start, to: 7)
    text.append(byte: 32)
    start = text.count
    text.append(time: dissection, as: time)
    text.alignRight(from: start, to: 10)
    text.append(byte: 32)
    start = text.count
    ends = start
    text.append(row.ends.source, port: row.sourcePort)
    text.alignRight(from: start, to: 15)
    if isASCII { text.append(" -> ") } else { text.append(" → ") }
    start = text.count
    text.append(row.ends.destination, port: row.destinationPort)
    text.append(byte: 32, times: 15 &- (text.count &- start))
    text.append(byte: 32)
  }

  /// The same of nearly all rows: IPv4, seconds since the first frame, in microseconds.
  ///
  /// - Returns: False for another row, of which nothing was written.
  @inline(__always)
  private func writePlainStart(
    _ row: Row, _ dissection: borrowing Dissection, _ ends: inout Int, _ text: inout TextBuffer
  ) -> Bool {
    guard
      _fastPath(
        time == .relative && row.kind == .message && row.frame < 100_000_000 && row.part < 10
          && row.ends.source.family == .ipv4 && row.ends.destination.family == .ipv4 && !isASCII
          && dissection.hasPlainTime)
    else { return false }
    let nanoseconds = row.time.nanoseconds(since: dissection.firstTime)
    guard _fastPath(nanoseconds >= 0 && nanoseconds < 100_000_000 * 1_000_000_000) else {
      return false
    }
    let before = text.count
    text.extend(atMost: 128) { cursor in
      let start = cursor.mark
      cursor.write(UInt32(truncatingIfNeeded: row.frame), alignedTo: 5)
      cursor.write(byte: 0x2e)
      cursor.write(byte: UInt8(truncatingIfNeeded: 0x30 &+ row.part))
      cursor.write(byte: 32)
      cursor.write(plainTime: nanoseconds, &second)
      cursor.write(byte: 32)
      ends = before &+ (cursor.mark - start)
      cursor.write(
        IPv4Address(UInt32(truncatingIfNeeded: row.ends.source.low)), port: row.sourcePort,
        rightAlignedTo: 15)
      cursor.write(" → ")
      let destination = cursor.mark
      cursor.write(
        IPv4Address(UInt32(truncatingIfNeeded: row.ends.destination.low)),
        port: row.destinationPort, rightAlignedTo: 0)
      cursor.pad(from: destination, to: 15)
      cursor.write(byte: 32)
    }
    return true
  }

  private func alarm(_ row: Row, _ dissection: borrowing Dissection) -> Alarm? {
    if let verdict = row.verdict, row.kind == .verdict {
      return verdict.isComplete && verdict.end != .rst ? nil : Alarm(colour: .warning)
    }
    let (layers, carrier) = (row.layers, row.carrier)
    return Alarm(dissection) { layers.contains($0) || $0 == carrier }
  }
}

extension TextBuffer {
  /// `[14,16-18] `: the packets of a message that took several.
  mutating func append(packets: [Int]) {
    append("[")
    var index = 0
    while index < packets.count {
      var last = index
      while last + 1 < packets.count, packets[last + 1] == packets[last] + 1 { last += 1 }
      if index > 0 { append(",") }
      append(UInt64(packets[index]))
      if last > index {
        append(last > index + 1 ? "-" : ",")
        append(UInt64(packets[last]))
      }
      index = last + 1
    }
    append("] ")
  }
}

import PacketCore

/// The forms of `netlab messages`: what stands before, between and after rows.
public protocol RowPrinter: AnyObject {
  /// Whether rows show what the analysis of TCP finds.
  var showsAnalysis: Bool { get }
  func begin(into text: inout TextBuffer)
  func print(_ row: borrowing Row, _ dissection: borrowing Dissection, into text: inout TextBuffer)
  func end(into text: inout TextBuffer)
}

extension RowPrinter {
  public var showsAnalysis: Bool { false }
}

/// One row a message: goes through the messages of each packet, asks the filter about each of them,
/// and hands the rows to one of the forms.
public final class MessagePrinter: PacketPrinter {
  private let rows: any RowPrinter
  private let filter: (any PacketPredicate)?
  private let hasVerdicts: Bool
  // Used by one thread only.
  @exclusivity(unchecked) private var row = Row()
  @exclusivity(unchecked) private var view = Dissection()

  /// - Parameters:
  ///   - rows: The form.
  ///   - filter: Which messages are wanted; it looks at a message's layers and at those of every
  ///     packet that the message names.
  ///   - verdicts: Whether connections are judged at their ends.
  public init(
    _ rows: any RowPrinter, filter: (any PacketPredicate)? = nil, verdicts: Bool = true
  ) {
    self.rows = rows
    self.filter = filter
    hasVerdicts = verdicts
  }

  public var wantsEnd: Bool { true }
  public var asksAboutPackets: Bool { filter != nil }
  public var showsAnalysis: Bool { filter != nil || rows.showsAnalysis }
  public func begin(into text: inout TextBuffer) { rows.begin(into: &text) }
  public func end(into text: inout TextBuffer) { rows.end(into: &text) }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    let messages = dissection.messages
    for message in messages where message.isWhole {
      if let filter {
        if message.isAlone(in: dissection) {
          guard filter.matches(dissection, in: frame) else { continue }
        } else {
          view.show(message, of: dissection)
          guard filter.matches(view, in: frame) else { continue }
        }
      }
      row.fill(message, dissection, frame)
      rows.print(row, dissection, into: &text)
    }
    guard hasVerdicts, !dissection.verdicts.isEmpty, filter == nil else { return }
    for verdict in dissection.verdicts {
      row.fill(verdict, dissection)
      rows.print(row, dissection, into: &text)
    }
  }
}

/// `netlab messages` as text: id, time, from → to, protocol, octets, packets when there are several,
/// and what the message says.
public final class MessageLinePrinter: RowPrinter {
  private let time: TimeFormat
  private let isASCII: Bool
  @exclusivity(unchecked) private var end = TextBuffer(capacity: 64)

  /// - Parameters:
  ///   - time: What the time column counts from.
  ///   - ascii: `->` instead of the arrow.
  public init(time: TimeFormat = .relative, ascii: Bool = false) {
    self.time = time
    isASCII = ascii
  }

  public func begin(into text: inout TextBuffer) {}
  public func end(into text: inout TextBuffer) {}

  public func print(
    _ row: borrowing Row, _ dissection: borrowing Dissection, into text: inout TextBuffer
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
    text.append(row.ends.source, port: row.sourcePort)
    text.alignRight(from: start, to: 15)
    if isASCII { text.append(" -> ") } else { text.append(" → ") }
    start = text.count
    text.append(row.ends.destination, port: row.destinationPort)
    text.append(byte: 32, times: 15 &- (text.count &- start))
    text.append(byte: 32)
    text.append(row.columns.protocolName)
    text.append(byte: 32)
    if row.kind == .message {
      text.append(UInt64(row.octets))
      text.append(byte: 32)
      if !row.packets.isEmpty { text.append(packets: row.packets) }
    }
    text.append(row.columns.info)
    text.append(byte: 10)
  }
}

extension TextBuffer {
  /// An address with its port: `10.0.0.33:5000`, `[2001:db8::1]:5000`.
  public mutating func append(_ address: Address, port: UInt16) {
    if address.family == .ipv6 {
      append("[")
      append(address)
      append("]")
    } else {
      append(address)
    }
    append(":")
    append(UInt64(port))
  }

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

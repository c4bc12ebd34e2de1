import ChatClient
import Exchange
import PacketCore
import Projection
import Protocols

/// What `netlab receive` prints: one form of it.
protocol ReceivePrinter {
  /// Before the first packet.
  mutating func begin(_ place: String, into text: inout TextBuffer)
  /// What became of a segment.
  ///
  /// - Parameters:
  ///   - received: The whole text, when the segment made a message whole.
  ///   - faults: What was done to the segment on its way in.
  mutating func print(
    _ row: ReceiverRow, at time: Timestamp, text received: String?, faults: [FaultRecord],
    into text: inout TextBuffer)
  /// Something happened that is about no segment.
  mutating func print(remark: String, into text: inout TextBuffer)
  /// After the last packet.
  mutating func end(into text: inout TextBuffer)
}

/// `netlab receive` for people: each message, or why it was refused.
struct ReceiveTextPrinter: ReceivePrinter {
  private let isColoured: Bool
  private let isQuiet: Bool
  private var start: Timestamp?

  /// - Parameter isQuiet: Print messages alone.
  init(isColoured: Bool, isQuiet: Bool) {
    self.isColoured = isColoured
    self.isQuiet = isQuiet
  }

  mutating func begin(_ place: String, into text: inout TextBuffer) {
    if isQuiet { return }
    text.append("Receiving crafted messages on \(place). Ctrl-C ends it.\n")
  }

  mutating func print(
    _ row: ReceiverRow, at time: Timestamp, text received: String?, faults: [FaultRecord],
    into text: inout TextBuffer
  ) {
    if isQuiet, row.outcome != .delivered { return }
    let start = self.start ?? time
    self.start = start
    text.append(seconds: time.nanoseconds(since: start), digits: 6)
    text.append("  ")
    text.append(end: row.ends.source, row.ends.sourcePort)
    text.append("  ")
    append(row, received, to: &text)
    if row.tries > 1 { text.append(" (try \(row.tries))") }
    text.append(bracedFaults: faults)
    text.append("\n")
  }

  private func append(
    _ row: ReceiverRow, _ received: String?, to text: inout TextBuffer
  ) {
    let answer = row.answer.map { ", answered " + $0.word.description.uppercased() } ?? ""
    switch row.outcome {
    case .delivered:
      let sender = TerminalText.escaped(row.message?.sender ?? "")
      let room = row.message?.room.map { "[\(TerminalText.escaped($0))] " } ?? ""
      if isColoured { text.append("\u{1B}[32m") }
      text.append(room + (sender.isEmpty ? "" : sender + ": "))
      if isColoured { text.append("\u{1B}[0m") }
      text.append(TerminalText.escaped(received ?? ""))
    case .part(let held):
      text.append("part \(row.message?.part ?? 0), \(held) of \(row.message?.parts ?? 0) are here")
    case .duplicate: text.append("again\(answer)")
    case .outOfOrder: text.append("a part out of order, not kept\(answer)")
    case .damaged(let reason): alarm("damaged: " + reason.text + answer, to: &text)
    case .refused(let reason): alarm("refused: " + reason.text + answer, to: &text)
    case .foreign: text.append("no crafted message: \(row.length) octets that are no token")
    case .connectionAttempt:
      text.append(
        "a TCP client tries to connect; nobody listens here, only crafted messages arrive")
    case .answer: text.append("an answer, for which nobody asked")
    }
  }

  private func alarm(_ words: String, to text: inout TextBuffer) {
    if isColoured { text.append("\u{1B}[31m") }
    text.append(words)
    if isColoured { text.append("\u{1B}[0m") }
  }

  mutating func print(remark: String, into text: inout TextBuffer) {
    if isQuiet { return }
    text.append(remark)
    text.append("\n")
  }

  mutating func end(into text: inout TextBuffer) {}
}

/// `netlab receive -T raw`: the texts of the messages, octet by octet.
struct ReceiveRawPrinter: ReceivePrinter {
  mutating func begin(_ place: String, into text: inout TextBuffer) {}
  mutating func print(
    _ row: ReceiverRow, at time: Timestamp, text received: String?, faults: [FaultRecord],
    into text: inout TextBuffer
  ) {
    if let received { text.append(received) }
  }
  mutating func print(remark: String, into text: inout TextBuffer) {}
  mutating func end(into text: inout TextBuffer) {}
}

/// `netlab receive -T jsonl`: one object a segment.
final class ReceiveJSONPrinter: ReceivePrinter {
  private let tool: String
  private var segments = 0
  private var delivered = 0
  private var line = JSONLine()

  init(tool: String) { self.tool = tool }

  func begin(_ place: String, into text: inout TextBuffer) {
    JSONLine.header(tool: tool, source: place, into: &text)
  }

  func print(
    _ row: ReceiverRow, at time: Timestamp, text received: String?, faults: [FaultRecord],
    into text: inout TextBuffer
  ) {
    segments += 1
    text.append("{\"type\":\"received\"")
    line.append(time, to: &text)
    text.append(",\"source\":\"")
    text.append(row.ends.source)
    text.append("\",\"source_port\":\(row.ends.sourcePort),\"destination\":\"")
    text.append(row.ends.destination)
    text.append("\",\"destination_port\":\(row.ends.destinationPort),\"seq\":\(row.sequence)")
    text.append(",\"length\":\(row.length),\"verdict\":\"")
    text.append(row.outcome.word)
    text.append("\"")
    if let message = row.message { append(message, to: &text) }
    if let received {
      delivered += 1
      text.append(",\"text\":")
      text.append(json: received)
    }
    if let reason = row.outcome.reason { text.append(reason: reason) }
    if let answer = row.answer {
      text.append(",\"answer\":\"")
      text.append(answer.word)
      text.append("\"")
    }
    if row.tries > 1 { text.append(",\"tries\":\(row.tries)") }
    text.append(faults: faults)
    text.append("}\n")
  }

  private func append(_ message: CraftedMessage, to text: inout TextBuffer) {
    text.append(",\"id\":\"\(message.id.text)\",\"sender\":")
    text.append(json: message.sender)
    if let room = message.room {
      text.append(",\"room\":")
      text.append(json: room)
    }
    text.append(",\"part\":\(message.part),\"parts\":\(message.parts)")
  }

  func print(remark: String, into text: inout TextBuffer) {
    text.append("{\"type\":\"exchange_remark\",\"text\":")
    text.append(json: remark)
    text.append("}\n")
  }

  func end(into text: inout TextBuffer) {
    text.append("{\"type\":\"end\",\"segments\":\(segments),\"delivered\":\(delivered)}\n")
  }
}

extension ReceiverRow.Outcome {
  /// The word in machine-readable output.
  var word: StaticString {
    switch self {
    case .delivered: "delivered"
    case .part: "part"
    case .duplicate: "duplicate"
    case .outOfOrder: "out-of-order"
    case .damaged: "damaged"
    case .refused: "refused"
    case .foreign: "foreign"
    case .connectionAttempt: "connection-attempt"
    case .answer: "answer"
    }
  }

  /// Why the segment was not taken.
  var reason: CraftedReason? {
    switch self {
    case .damaged(let reason), .refused(let reason): reason
    default: nil
    }
  }
}

extension TextBuffer {
  /// `10.0.0.21:12345`, `[::1]:5000`.
  mutating func append(end address: Address, _ port: UInt16) {
    if address.ipv6 != nil { append("[") }
    append(address)
    append(address.ipv6 != nil ? "]:" : ":")
    append(UInt64(port))
  }
}

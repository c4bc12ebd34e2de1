import Exchange
import PacketCore
import Projection
import Protocols

/// What `netlab send` prints: one form of it.
protocol SendPrinter {
  /// Before the first segment.
  mutating func begin(_ sending: SendDescription, into text: inout TextBuffer)
  /// A try is over.
  mutating func print(_ attempt: Attempt, into text: inout TextBuffer)
  /// Something was seen that changes nothing.
  mutating func print(_ remark: SenderRemark, into text: inout TextBuffer)
  /// It is over.
  mutating func end(_ outcome: Outcome, into text: inout TextBuffer)
}

/// What is being sent, and from where to where.
struct SendDescription {
  var ends: SegmentEnds
  var id: CraftedMessage.ID
  var parts: Int
  /// The moment of the port's clock that both clocks were read at.
  var start: MonotonicMoment
  /// The seed of the faults, when there are any.
  var seed: UInt64?
}

/// `netlab send` for people: the tries that tell something, and how it ended.
struct SendTextPrinter: SendPrinter {
  private let isColoured: Bool
  private let isASCII: Bool
  private var start = MonotonicMoment()
  private var parts = 1

  init(isColoured: Bool, isASCII: Bool = false) {
    self.isColoured = isColoured
    self.isASCII = isASCII
  }

  mutating func begin(_ sending: SendDescription, into text: inout TextBuffer) {
    start = sending.start
    parts = sending.parts
    guard let seed = sending.seed else { return }
    text.append("faults with seed \(seed)\n")
  }

  mutating func print(_ attempt: Attempt, into text: inout TextBuffer) {
    // That all went well at once is said by the last line.
    guard attempt.number > 1 || attempt.answer != .ack || !attempt.faults.isEmpty else { return }
    if parts > 1 { text.append("part \(attempt.part) of \(parts), ") }
    text.append("try \(attempt.number) at ")
    text.append(seconds: attempt.sent.nanoseconds &- start.monotonic.nanoseconds, digits: 3)
    text.append(": ")
    append(attempt, to: &text)
    if let answered = attempt.answered {
      text.append(" after ")
      text.append(shortMilliseconds: answered.nanoseconds &- attempt.sent.nanoseconds)
    }
    text.append(bracedFaults: attempt.faults)
    text.append("\n")
  }

  private func append(_ attempt: Attempt, to text: inout TextBuffer) {
    let words: String =
      switch attempt.answer {
      case .none: "no answer"
      case .ack: "ACK"
      case .resend: "RESEND " + (attempt.reason?.text ?? "")
      case .refused: "REFUSED " + (attempt.reason?.text ?? "")
      case .unverifiable: "an answer that cannot be verified"
      }
    let colour: StaticString = attempt.answer == .ack ? "\u{1B}[32m" : "\u{1B}[31m"
    if isColoured { text.append(colour) }
    text.append(words)
    if isColoured { text.append("\u{1B}[0m") }
  }

  mutating func print(_ remark: SenderRemark, into text: inout TextBuffer) {
    text.append(remark.text)
    text.append("\n")
  }

  mutating func end(_ outcome: Outcome, into text: inout TextBuffer) {
    // What went wrong is told on stderr.
    guard outcome.isDelivered else { return }
    text.append(outcome.text)
    text.append("\n")
  }
}

/// `netlab send -T jsonl`: one object a try.
final class SendJSONPrinter: SendPrinter {
  private let tool: String
  private let destination: String
  private var start = MonotonicMoment()
  private var attempts = 0
  private var line = JSONLine()

  init(tool: String, destination: String) {
    self.tool = tool
    self.destination = destination
  }

  func begin(_ sending: SendDescription, into text: inout TextBuffer) {
    start = sending.start
    JSONLine.header(tool: tool, source: destination, into: &text)
    text.append("{\"type\":\"sending\",\"source\":\"")
    text.append(sending.ends.source)
    text.append("\",\"source_port\":\(sending.ends.sourcePort),\"destination\":\"")
    text.append(sending.ends.destination)
    text.append("\",\"destination_port\":\(sending.ends.destinationPort),\"id\":\"")
    text.append(sending.id.text)
    text.append("\",\"parts\":\(sending.parts)")
    if let seed = sending.seed { text.append(",\"seed\":\(seed)") }
    text.append("}\n")
  }

  func print(_ attempt: Attempt, into text: inout TextBuffer) {
    attempts += 1
    text.append("{\"type\":\"attempt\"")
    line.append(start.time(of: attempt.sent), to: &text)
    text.append(",\"part\":\(attempt.part),\"try\":\(attempt.number),\"seq\":\(attempt.sequence)")
    text.append(",\"length\":\(attempt.octets)")
    text.append(faults: attempt.faults)
    text.append(",\"answer\":\"")
    text.append(attempt.answer.word)
    text.append("\"")
    if let answered = attempt.answered {
      text.append(",\"answered_after_ns\":\(answered.nanoseconds &- attempt.sent.nanoseconds)")
    }
    if let reason = attempt.reason { text.append(reason: reason) }
    text.append("}\n")
  }

  func print(_ remark: SenderRemark, into text: inout TextBuffer) {
    text.append("{\"type\":\"exchange_remark\",\"text\":")
    text.append(json: remark.text)
    text.append("}\n")
  }

  func end(_ outcome: Outcome, into text: inout TextBuffer) {
    text.append("{\"type\":\"exchange_outcome\",\"outcome\":\"")
    text.append(outcome.word)
    text.append("\",\"exit_code\":\(outcome.exitCode.rawValue),\"text\":")
    text.append(json: outcome.text)
    if case .refused(let reason?) = outcome { text.append(reason: reason) }
    text.append("}\n{\"type\":\"end\",\"attempts\":\(attempts)}\n")
  }
}

extension TextBuffer {
  /// What faults did, behind all else of a line: `  {corrupt tcp.checksum 0xd73f → 0x79eb}`.
  mutating func append(bracedFaults faults: [FaultRecord]) {
    for fault in faults { append("  {\(fault.kind) \(fault.detail)}") }
  }
}

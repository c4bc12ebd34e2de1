import DisplayFilter
import PacketCore

/// Holds an assertion against a capture: counts what its filters match, and keeps the first matches
/// of each as evidence.
public final class AssertionCheck: PacketPrinter {
  /// What one count came to.
  public struct Result: Sendable {
    /// Matches.
    public var number = 0
    /// The first of them: frames, or ids of messages N.k.
    public var evidence: [(frame: Int, part: Int)] = []
  }

  public let assertion: Assertion
  /// One for each of the assertion's counts.
  public private(set) var results: [Result]
  private var view = Dissection()
  private let asksAboutMessages: Bool

  /// Matches of a count that are named.
  private static let evidenceLimit = 20

  public init(_ assertion: Assertion) {
    self.assertion = assertion
    results = assertion.counts.map { _ in Result() }
    asksAboutMessages = assertion.counts.contains { $0.subject == .messages }
  }

  public var wantsEnd: Bool { asksAboutMessages }
  public var asksAboutPackets: Bool { asksAboutMessages }

  /// Whether it holds of what was seen.
  public var holds: Bool { assertion.holds(results.map(\.number)) }

  public func print(
    _ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer
  ) {
    let order = asksAboutMessages ? FindingOrder(dissection) : nil
    for (index, count) in assertion.counts.enumerated() {
      switch count.subject {
      case .packets:
        // The end of the capture is no packet.
        guard dissection.frame.originalLength > 0 || frame.byteCount > 0,
          count.filter.matches(dissection, in: frame)
        else { continue }
        note(index, dissection.frame.number, 0)
      case .messages:
        let messages = dissection.messages
        for message in messages where message.isWhole {
          if message.isAlone(in: dissection) {
            guard count.filter.matches(dissection, in: frame) else { continue }
          } else if let order {
            view.show(message, of: dissection, findings: order)
            guard count.filter.matches(view, in: frame) else { continue }
          }
          note(index, dissection.frame.number, message.number)
        }
      }
    }
  }

  private func note(_ index: Int, _ frame: Int, _ part: Int) {
    results[index].number += 1
    if results[index].evidence.count < Self.evidenceLimit {
      results[index].evidence.append((frame, part))
    }
  }

  /// The outcome in words: whether it holds, and each count with its evidence.
  public func write(to text: inout TextBuffer) {
    text.append(holds ? "holds: " : "does not hold: ")
    text.append(assertion.text)
    text.append("\n")
    for (count, result) in zip(assertion.counts, results) {
      text.append("  ")
      text.append(count.text)
      text.append(" = ")
      text.append(UInt64(result.number))
      text.append(
        result.number == 1
          ? (count.subject == .packets ? " packet" : " message")
          : count.subject == .packets ? " packets" : " messages")
      for (position, match) in result.evidence.enumerated() {
        text.append(position == 0 ? ": " : ", ")
        Self.append(match, to: &text)
      }
      if result.number > result.evidence.count, !result.evidence.isEmpty { text.append(", …") }
      text.append("\n")
    }
  }

  /// The outcome as one JSON object and a newline.
  public func writeJSON(to text: inout TextBuffer) {
    text.append("{\"type\":\"assertion\",\"text\":")
    text.append(json: assertion.text)
    text.append(holds ? ",\"holds\":true,\"counts\":[" : ",\"holds\":false,\"counts\":[")
    for (index, result) in results.enumerated() {
      if index > 0 { text.append(",") }
      text.append("{\"text\":")
      text.append(json: assertion.counts[index].text)
      text.append(",\"of\":")
      text.append(json: assertion.counts[index].subject.rawValue)
      text.append(",\"number\":")
      text.append(UInt64(result.number))
      text.append(",\"evidence\":[")
      for (position, match) in result.evidence.enumerated() {
        if position > 0 { text.append(",") }
        text.append("\"")
        Self.append(match, to: &text)
        text.append("\"")
      }
      text.append("]}")
    }
    text.append("]}\n")
  }

  private static func append(_ match: (frame: Int, part: Int), to text: inout TextBuffer) {
    text.append(UInt64(match.frame))
    guard match.part > 0 else { return }
    text.append(".")
    text.append(UInt64(match.part))
  }
}

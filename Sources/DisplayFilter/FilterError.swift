/// Why a text is not a display filter: what is wrong, where, and what to try instead.
public struct FilterError: Error, Equatable, Sendable {
  /// The filter's text.
  public let text: String
  /// The fault, in octets of the text's UTF-8; empty at the end of the text.
  public let range: Range<Int>
  /// A sentence with its full stop.
  public let message: String
  /// Names or values that may have been meant, the nearest first.
  public let suggestions: [String]
  /// A command that shows more; empty when there is none.
  public let command: String

  /// - Parameters:
  ///   - message: A sentence with its full stop.
  ///   - text: The filter.
  ///   - range: The fault, in octets of the text's UTF-8.
  ///   - suggestions: What may have been meant, the nearest first.
  ///   - command: A command that shows more.
  public init(
    _ message: String, text: String, range: Range<Int>, suggestions: [String] = [],
    command: String = ""
  ) {
    self.text = text
    self.range = range
    self.message = message
    self.suggestions = suggestions
    self.command = command
  }

  /// Most columns of the filter that are shown on either side of the fault.
  private static let window = 60

  /// The message, the text with a caret line under the fault, and what to try; no final newline.
  public func describe() -> String {
    var lines = [message]
    lines += excerpt()
    if !suggestions.isEmpty {
      lines.append("Did you mean: " + suggestions.joined(separator: ", "))
    }
    if !command.isEmpty { lines.append("Try: " + command) }
    return lines.joined(separator: "\n")
  }

  /// The text around the fault, control characters blanked so that one scalar is one column.
  private func excerpt() -> [String] {
    guard !text.isEmpty else { return [] }
    var line: [Unicode.Scalar] = []
    var caretStart = 0
    var caretEnd = 0
    var offset = 0
    for scalar in text.unicodeScalars {
      if offset < range.lowerBound { caretStart += 1 }
      if offset < range.upperBound { caretEnd += 1 }
      offset += UTF8.width(scalar)
      let isControl = scalar.value < 32 || (0x7f..<0xa0).contains(scalar.value)
      line.append(isControl ? " " : scalar)
    }
    caretEnd = max(caretEnd, caretStart + 1)
    let from = max(caretStart - Self.window, 0)
    let to = min(max(from, min(caretEnd, caretStart + Self.window) + Self.window), line.count)
    var shown = String.UnicodeScalarView()
    shown.append(contentsOf: line[min(from, to)..<to])
    let lead = from > 0 ? "…" : ""
    let carets = min(caretEnd, max(to, caretStart + 1)) - caretStart
    return [
      "    " + lead + String(shown) + (to < line.count ? "…" : ""),
      "    " + String(repeating: " ", count: lead.count + caretStart - from) + "^"
        + String(repeating: "~", count: carets - 1),
    ]
  }
}

extension UTF8 {
  /// Octets of a scalar.
  fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
    scalar.value < 0x80 ? 1 : scalar.value < 0x800 ? 2 : scalar.value < 0x10000 ? 3 : 4
  }
}

/// A fault before the text that it belongs to is known: what parsers of literals throw.
struct Fault: Error {
  var message: String
  /// Nil when the fault is the whole of what was parsed.
  var range: Range<Int>?
  var suggestions: [String] = []
  var command = ""

  init(
    _ message: String, _ range: Range<Int>? = nil, suggestions: [String] = [],
    command: String = ""
  ) {
    self.message = message
    self.range = range
    self.suggestions = suggestions
    self.command = command
  }

  /// The same fault at `range`, unless it names a place of its own.
  func at(_ range: Range<Int>) -> Fault {
    var fault = self
    if fault.range == nil { fault.range = range }
    return fault
  }
}

/// What went wrong outside the packets: an interface, a file, a filter. Always one sentence, and
/// what to do next.
public struct CaptureError: Error, Equatable, Sendable {
  /// Decides on the exit code.
  public enum Kind: Sendable {
    /// No such interface, or it went away.
    case interface
    /// A file that is missing, empty, foreign or contradicts itself.
    case file
    /// A capture filter that libpcap does not take.
    case filter
    /// The right to do it is missing; the remedy is always given.
    case permission
    /// Reading failed half-way.
    case read
    /// Writing failed (a full disk).
    case write
  }

  /// What kind of thing went wrong.
  public let kind: Kind
  /// One sentence without a full stop, naming the file or interface.
  public private(set) var message: String
  /// What to do next: a sentence or a command; empty when there is nothing.
  public let remedy: String
  /// True when whoever was reading the output went away, which ends a program quietly.
  public let isClosedPipe: Bool

  /// - Parameters:
  ///   - kind: Decides on the exit code.
  ///   - message: One sentence without a full stop, naming the file or interface.
  ///   - remedy: What to do next; empty when there is nothing.
  ///   - isClosedPipe: Whoever was reading the output went away.
  public init(_ kind: Kind, _ message: String, remedy: String = "", isClosedPipe: Bool = false) {
    self.kind = kind
    self.message = message
    self.remedy = remedy
    self.isClosedPipe = isClosedPipe
  }

  /// Adds to the sentence how far one had come.
  mutating func append(_ text: String) { message += text }
}

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

  public let kind: Kind
  /// One sentence without a full stop, naming the file or interface.
  public let message: String
  /// What to do next: a sentence or a command; empty when there is nothing.
  public let remedy: String

  public init(_ kind: Kind, _ message: String, remedy: String = "") {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }
}

/// What is wrong with a key file, in one sentence, and what to do next. Holds nothing of the key.
public struct KeyFileError: Error, Equatable, Sendable {
  /// Decides on the exit code.
  public enum Kind: Sendable {
    /// There is no such file.
    case missing
    /// Others may read it, it is not one's own, or one may not read it oneself.
    case permission
    /// It cannot be read.
    case unreadable
    /// It holds no key.
    case malformed
    /// It is there already, where a new one was to be.
    case exists
    /// It cannot be written.
    case unwritable
  }

  public let kind: Kind
  /// One sentence without a full stop, naming the file.
  public let message: String
  /// What to do next: a sentence or a command; empty when there is nothing.
  public let remedy: String

  init(_ kind: Kind, _ message: String, remedy: String = "") {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }
}

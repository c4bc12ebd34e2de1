import Capture

/// Every exit code of netlab, in one place.
package enum ExitStatus: Int32, CaseIterable {
  /// What was asked for was done.
  case done = 0
  /// The thing asked did not hold (`assert`).
  case no = 1
  /// No such interface, or it went away.
  case interface = 2
  /// A file that is missing, empty, foreign or contradicts itself.
  case file = 3
  /// A filter that cannot be understood.
  case filter = 4
  /// The right to do it is missing; the remedy is always said.
  case permission = 5
  /// Reading failed half-way.
  case read = 14
  /// Writing failed.
  case write = 15
  /// The other end did not answer.
  case noAnswer = 20
  /// The other end refuses for good; its reason is said.
  case refused = 21
  /// The message arrived damaged at every try.
  case damaged = 22
  /// The command line cannot be understood.
  case usage = 64
  /// A fault of netlab's own.
  case `internal` = 70
}

/// Ends the command: what is said on stderr, what to do next, and the exit code.
package struct Failure: Error {
  package let status: ExitStatus
  package let message: String
  /// What to do next; empty when there is nothing.
  package let remedy: String

  package init(_ status: ExitStatus, _ message: String, remedy: String = "") {
    self.status = status
    self.message = message
    self.remedy = remedy
  }

  package init(_ error: CaptureError) {
    let status: ExitStatus =
      switch error.kind {
      case .interface: .interface
      case .file: .file
      case .filter: .filter
      case .permission: .permission
      case .read: .read
      case .write: .write
      }
    self.init(status, error.message, remedy: error.remedy)
  }

  /// The lines for stderr: the message behind the program's name, the remedy below.
  package var text: String {
    let remedyLine = remedy.isEmpty ? "" : "\n  " + remedy
    return "netlab: " + message + remedyLine + "\n"
  }
}

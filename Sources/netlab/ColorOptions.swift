import ArgumentParser
import Console
import Glibc

/// When colours are used.
struct ColorOptions: ParsableArguments {
  enum Choice: String, CaseIterable, ExpressibleByArgument { case auto, always, never }

  @Option(
    name: [.customLong("color"), .customLong("colour")],
    help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
  var choice: Choice = .auto

  /// Whether this output is to have colours.
  var isColoured: Bool {
    switch choice {
    case .always: return true
    case .never: return false
    case .auto:
      // https://no-color.org: "when present and not an empty string (regardless of its value)".
      let isRefused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
      let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
      return StandardOutput.isTerminal && !isRefused && !isDumb
    }
  }
}

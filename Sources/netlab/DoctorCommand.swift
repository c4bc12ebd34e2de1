import ArgumentParser
import Capture
import Console
import Glibc
import PacketCore

/// `netlab doctor`: what this machine lets netlab do, and what mends the rest.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what works here, what is missing, and the one command that mends it.",
    discussion: """
      Examples:
        netlab doctor
        sudo netlab doctor
      """)

  func run() throws {
    let checks = DoctorFacts.current().checks + [Self.server]
    var output = StandardOutput()
    let width = checks.map(\.name.count).max() ?? 0
    for check in checks {
      output.buffer.append(check.isOK ? "ok       " : "missing  ")
      let start = output.buffer.count
      output.buffer.append(check.name)
      output.buffer.pad(from: start, to: width)
      output.buffer.append("  ")
      output.buffer.append(check.finding)
      output.buffer.append("\n")
      if !check.remedy.isEmpty {
        output.buffer.append("         → ")
        output.buffer.append(check.remedy)
        output.buffer.append("\n")
      }
    }
    try output.flush()
    if checks.contains(where: { !$0.isOK }) { throw ExitCode(ExitStatus.no.rawValue) }
  }

  /// The program that `netlab serve` becomes.
  private static var server: DoctorCheck {
    let program = ServeCommand.program
    let isThere = access(program, X_OK) == 0
    return DoctorCheck(
      name: "server", isOK: isThere,
      finding: isThere ? program : program + ": " + String(cString: strerror(errno)),
      remedy: isThere ? "" : ServeCommand.remedy)
  }
}

import Foundation
import Testing

/// Colours only where they are wanted, and never alone; lines cut only on a terminal.
@Suite struct ColourTests {
  private func plain(_ text: String) -> String {
    text.replacingOccurrences(
      of: "\u{1B}\\[[0-9;]*m", with: "", options: .regularExpression)
  }

  /// Runs netlab on a terminal of this width.
  private func onTerminal(
    _ arguments: [String], columns: Int, environment: [String: String] = [:]
  ) throws -> String {
    let program = """
      import fcntl, os, pty, struct, sys, termios

      child, terminal = pty.fork()
      if child == 0:
          fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
          os.execv(sys.argv[2], sys.argv[2:])
      said = b""
      while True:
          try:
              block = os.read(terminal, 65536)
          except OSError:
              break
          if not block:
              break
          said += block
      os.waitpid(child, 0)
      sys.stdout.buffer.write(said.replace(b"\\r\\n", b"\\n"))
      """
    let python = try #require(Project.find("python3"), "python3 is not installed")
    let folder = try TemporaryFolder()
    try program.write(toFile: folder.path("terminal.py"), atomically: true, encoding: .utf8)
    return try run(
      [folder.path("terminal.py"), "\(columns)", Project.netlab.path] + arguments, program: python,
      environment: ["TERM": "xterm", "NO_COLOR": ""].merging(environment) { $1 }
    ).output
  }

  private let session = ["messages", "websocket-frames.pcap"]

  @Test func pipesHaveNone() throws {
    for command in ["read", "messages"] {
      #expect(try !run([command, "websocket-frames.pcap"]).output.contains("\u{1B}"))
    }
  }

  @Test func alwaysMeansAlways() throws {
    let plainText = try run(["messages", "socketio-upgrade.pcap"]).output
    let coloured = try run(["messages", "socketio-upgrade.pcap", "--color", "always"]).output
    for code in ["\u{1B}[32m", "\u{1B}[36m", "\u{1B}[35m", "\u{1B}[94m", "\u{1B}[92m"] {
      #expect(coloured.contains(code), "\(code.dropFirst())")
    }
    // The words are those without colours, and what is found is said behind them.
    for (one, other) in zip(
      plainText.split(separator: "\n"), plain(coloured).split(separator: "\n"))
    {
      #expect(other.hasPrefix(one))
    }
  }

  @Test func whatIsWrongIsRedAndSaid() throws {
    let text = try run(["read", "ipv4.pcap", "--color", "always"]).output
    let red = text.split(separator: "\n").filter { $0.hasPrefix("\u{1B}[31m") }
    #expect(!red.isEmpty)
    for line in red { #expect(line.contains("["), "\(line)") }
    let analysis = try run(["read", "tcp-analysis.pcap", "--color", "always"]).output
    let yellow = analysis.split(separator: "\n").filter { $0.hasPrefix("\u{1B}[33m") }
    #expect(yellow.contains { $0.contains("[TCP Retransmission]") })
    for line in yellow { #expect(line.contains("["), "\(line)") }
  }

  @Test func terminalsDecide() throws {
    #expect(try onTerminal(session, columns: 200).contains("\u{1B}["))
    #expect(
      try !onTerminal(session, columns: 200, environment: ["NO_COLOR": "1"]).contains("\u{1B}"))
    #expect(
      try !onTerminal(session, columns: 200, environment: ["TERM": "dumb"]).contains("\u{1B}"))
    #expect(try !onTerminal(session + ["--color", "never"], columns: 200).contains("\u{1B}"))
    let asked = ["--color", "always"]
    #expect(
      try onTerminal(session + asked, columns: 200, environment: ["NO_COLOR": "1"]).contains(
        "\u{1B}"))
  }

  @Test func linesFitATerminal() throws {
    for columns in [60, 80, 132] {
      let text = plain(try onTerminal(session, columns: columns))
      let lines = text.split(separator: "\n")
      #expect(lines.count > 20)
      #expect(lines.allSatisfy { $0.unicodeScalars.count <= columns })
      #expect(lines.contains { $0.hasSuffix("…") })
    }
    #expect(try run(session).output.split(separator: "\n").contains { $0.count > 132 })
  }
}

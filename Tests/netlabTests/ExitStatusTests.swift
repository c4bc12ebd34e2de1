import Console
import Foundation
import Testing

/// Swift Testing has an `ExitStatus` of its own.
private typealias Status = Console.ExitStatus

/// Every exit code has a command line that ends with it, one line on stderr that names the program,
/// and what to do next.
@Suite struct ExitStatusTests {
  private func check(
    _ arguments: [String], _ status: Status, says words: String...,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run(arguments, environment: environment)
    #expect(result.status == status.rawValue, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("netlab: "), "\(result.errors)", sourceLocation: sourceLocation)
    for word in words {
      #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
    }
  }

  @Test func done() throws {
    let result = try run(["read", "flask-socketio-session.pcap", "-c", "1"])
    #expect(result.status == 0)
    #expect(result.errors == "")
  }

  /// The command that is named is parsed alone; its help says all the same what it is called.
  @Test func helpNamesTheWholeCommand() throws {
    for command in [["read"], ["key", "show"], ["filter", "check"], ["key"]] {
      for arguments in [command + ["--help"], ["help"] + command] {
        let result = try run(arguments)
        #expect(result.status == 0)
        #expect(
          result.output.contains("USAGE: netlab " + command.joined(separator: " ")),
          "\(arguments): \(result.output)")
      }
    }
  }

  @Test func usage() throws {
    try check(["read"], .usage, says: "netlab read FILE")
    try check(["read", "x", "-c", "0"], .usage, says: "-c")
    try check(["read", "x", "-c", "many"], .usage, says: "many")
    try check(["nonsense"], .usage, says: "nonsense")
    try check(["read", "flask-socketio-session.pcap", "-T", "fields"], .usage, says: "-e")
    try check(
      ["read", "flask-socketio-session.pcap", "-T", "fields", "-e", "ip.scr"], .usage,
      says: "ip.scr", "ip.src")
    try check(
      ["read", "flask-socketio-session.pcap", "-d", "tcp.port=1"], .usage, says: "SELECTOR==VALUE")
    try check(
      ["read", "flask-socketio-session.pcap", "-d", "tcp.port==1,nope"], .usage, says: "nope")
    try check(["read", "flask-socketio-session.pcap", "-O", "nope"], .usage, says: "nope")
  }

  @Test func file() throws {
    try check(["read", "missing.pcap"], .file, says: "missing.pcap")
    try check(["read", "."], .file, says: "directory")
    let folder = try TemporaryFolder()
    try Data().write(to: folder.url.appendingPathComponent("empty.pcap"))
    try check(["read", folder.path("empty.pcap")], .file, says: "empty")
    try Data("hello, this is text\n".utf8).write(to: folder.url.appendingPathComponent("text"))
    try check(["read", folder.path("text")], .file, says: "text")
  }

  @Test func aCutFilePrintsWhatItHolds() throws {
    let folder = try TemporaryFolder()
    let whole = try Data(
      contentsOf: Project.captures.appendingPathComponent("flask-socketio-session.pcap"))
    let cut = folder.url.appendingPathComponent("cut.pcap")
    try whole.prefix(24 + 16 + 74 + 16 + 20).write(to: cut)
    let result = try run(["read", cut.path])
    #expect(result.output.split(separator: "\n").count == 1)
    #expect(result.status == Status.file.rawValue)
    #expect(result.errors.contains("after 1 frame"), "\(result.errors)")
  }

  @Test func filter() throws {
    try check(
      ["read", "flask-socketio-session.pcap", "-Y", "tcp.flag.syn == 1"], .filter,
      says: "^", "tcp.flags.syn")
    try check(
      ["read", "flask-socketio-session.pcap", "-f", "tcp prot 5000"], .filter, says: "prot")
    try check(["filter", "check", "ip.addr == "], .filter, says: "^")
  }

  @Test func write() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    try check(["read", "flask-socketio-session.pcap", "-w", "/dev/full"], .write)
    try check(
      ["read", "flask-socketio-session.pcap", "-w", "/no/such/folder/x.pcap"], .write,
      says: "/no/such/folder")
  }

  @Test func interface() throws {
    try check(["capture", "-i", "nosuch0", "-c", "1"], .interface, says: "nosuch0", "interfaces")
  }

  @Test func aReaderThatLeavesEndsItQuietly() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      "for i in 1 2 3 4 5 6 7 8; do cat \"$2\"; done >/dev/null; "
        + "{ \"$1\" read \"$2\" -V; echo \"status $?\" >&2; } | head -n 1",
      "sh", Project.netlab.path,
      Project.captures.appendingPathComponent("flask-socketio-session.pcap").path,
    ]
    let errors = Pipe()
    let output = Pipe()
    process.standardError = errors
    process.standardOutput = output
    try process.start()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(said == "status 0\n")
  }
}

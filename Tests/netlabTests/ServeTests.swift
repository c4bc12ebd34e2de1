import Console
import Foundation
import Testing

@testable import netlab_serve

/// `netlab serve` as its clients and its user have it.
@Suite struct ServeTests {
  @Test(arguments: ["polling", "websocket", "upgrade"])
  func programsChat(_ transport: String) throws {
    let server = try ServeProcess()
    #expect(try PythonClient.run("chat", server.url, transport) == "ok\n")
    #expect(server.end() == 0)
  }

  @Test func theOriginalsClientWorksUnchanged() throws {
    let server = try ServeProcess(["--ephemeral"])
    #expect(try PythonClient.run("original", server.url) == "ok\n")
  }

  @Test(
    .enabled(
      if: Surroundings.isRoot && Project.find("setpriv") != nil,
      "only root can become somebody else; for others all tests here are this one"))
  func nobodyInParticularMayServe() throws {
    let server = try ServeProcess(user: 65_534)
    #expect(try PythonClient.run("chat", server.url, "upgrade") == "ok\n")
    #expect(server.end() == 0, "\(server.errors)")
  }

  @Test(arguments: ["polling", "websocket", "upgrade"])
  func echoGivesBackWhatCame(_ transport: String) throws {
    let server = try ServeProcess(["--app", "echo"])
    #expect(try PythonClient.run("echo", server.url, transport) == "ok\n")
  }

  @Test(arguments: ["polling", "websocket", "upgrade"])
  func benchSendsOnWhatCame(_ transport: String) throws {
    let server = try ServeProcess(["--app", "bench"])
    #expect(try PythonClient.run("bench", server.url, transport) == "ok\n")
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func clientsAreToldThatItStops(_ signal: Int32) throws {
    let server = try ServeProcess()
    let (client, output) = try PythonClient.start("goodbye", server.url)
    var text = ""
    while !text.contains("\n") {
      let octets = output.availableData
      if octets.isEmpty { break }
      text += String(decoding: octets, as: UTF8.self)
    }
    #expect(server.end(signal) == 0)
    text += String(decoding: try output.readToEnd() ?? Data(), as: UTF8.self)
    #expect(text == "ready\ngone\n")
    client.waitUntilExit()
    #expect(client.terminationStatus == 0)
  }

  /// Everything acknowledged is found again when the process is killed, three times in a row.
  @Test func nothingAcknowledgedIsLost() throws {
    let folder = try TemporaryFolder()
    var server = try ServeProcess(in: folder)
    let room = try PythonClient.run("rooms", server.url).trimmingCharacters(in: .newlines)
    var acknowledged: Set<String> = []
    for round in 0..<3 {
      let (client, output) = try PythonClient.start("flood", server.url, room, "12")
      var lines = ""
      let enough = 20 + 40 * round
      while lines.split(separator: "\n").count < enough {
        let octets = output.availableData
        if octets.isEmpty { break }
        lines += String(decoding: octets, as: UTF8.self)
      }
      #expect(server.end(SIGKILL) == -SIGKILL)
      // What was on its way to the client when the server died counts too.
      lines += String(decoding: (try output.readToEnd()) ?? Data(), as: UTF8.self)
      client.waitUntilExit()
      let told = lines.split(separator: "\n").map(String.init)
      #expect(told.count >= enough)
      acknowledged.formUnion(told)
      server = try ServeProcess(in: folder)
      let found = try PythonClient.run("history", server.url, room)
        .split(separator: "\n").map(String.init)
      #expect(acknowledged.subtracting(found).isEmpty)
      let ids = found.compactMap { Int($0.prefix { $0 != " " }) }
      #expect(ids == ids.sorted() && Set(ids).count == ids.count)
    }
    #expect(server.end() == 0)
  }

  @Test func ephemeralLeavesNothing() throws {
    let server = try ServeProcess(["--ephemeral"])
    _ = try PythonClient.run("rooms", server.url)
    #expect(server.end() == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.folder.url.path) == ["err"])
    #expect(server.errors.isEmpty)
  }

  @Test func theFirstStartSaysWhereTheKeyIs() throws {
    let folder = try TemporaryFolder()
    let first = try ServeProcess(in: folder)
    let key = folder.path(".config/netlab/fernet.key")
    #expect(first.errors.hasPrefix("netlab: made a new key: \(key)\n"), "\(first.errors)")
    #expect(first.errors.contains("netlab key show | ssh OTHER netlab key import\n"))
    #expect(first.end() == 0)
    let second = try ServeProcess(in: folder)
    #expect(second.errors.isEmpty)
    #expect(second.end() == 0)
  }

  @Test func aPortInUseIsSaidSo() throws {
    let server = try ServeProcess(["--ephemeral"])
    let address = server.url.dropFirst("http://".count)
    let result = try run(["serve", "--ephemeral", "--bind", String(address)])
    #expect(result.status == Console.ExitStatus.interface.rawValue)
    #expect(result.errors.contains("another program listens on \(address) already"))
    #expect(result.errors.contains("--bind"))
    #expect(result.output.isEmpty)
  }

  @Test func anAddressThatIsNotHereIsSaidSo() throws {
    let result = try run(["serve", "--ephemeral", "--bind", "192.0.2.1:0"])
    #expect(result.status == Console.ExitStatus.interface.rawValue)
    #expect(result.errors.contains("this machine has no address 192.0.2.1"))
  }

  @Test func aHistoryInUseIsSaidSo() throws {
    let server = try ServeProcess()
    let data = server.folder.path(".local/share/netlab")
    let key = server.folder.path(".config/netlab/fernet.key")
    let result = try run(["serve", "--bind", "127.0.0.1:0", "--data", data, "--key-file", key])
    #expect(result.status == Console.ExitStatus.file.rawValue)
    #expect(result.errors.contains("in use by another netlab serve"))
  }

  @Test(arguments: [
    ["--bind", "5000"], ["--bind", "0.0.0.0"], ["--bind", "0.0.0.0:70000"], ["--keep", "24"],
    ["--ping-interval", "0s"], ["--path", "socket.io"], ["--app", "nothing"],
    ["--max-payload", "0"],
    ["--allow-origin", "chat.example"], ["--ephemeral", "--data", "/tmp"], ["--log-level", "loud"],
    ["--connections-per-address", "0"],
  ])
  func whatCannotBeUnderstoodIsUsage(_ arguments: [String]) throws {
    let result = try run(["serve"] + arguments)
    #expect(result.status == Console.ExitStatus.usage.rawValue)
    #expect(result.errors.hasPrefix("netlab: "))
  }

  @Test func everyAddressIsPrinted() throws {
    let server = try ServeProcess(["--ephemeral"], bind: "0.0.0.0:0")
    let urls = server.announcement.matches(of: /http:\/\/([^:\s]+):(\d+)/)
    let hosts = urls.map { String($0.1) }
    #expect(hosts.first == "127.0.0.1")
    #expect(!hosts.contains("0.0.0.0"))
    #expect(Set(urls.map(\.2)).count == 1)
    let ownAddresses = try run(
      ["-4", "-o", "addr", "show", "up"], program: #require(Project.find("ip"))
    )
    .output.matches(of: /inet (\d+\.\d+\.\d+\.\d+)/).map { String($0.1) }
    #expect(hosts.sorted() == ownAddresses.sorted())
    #expect(server.end() == 0)
  }

  @Test func quietPrintsNoAddress() throws {
    let process = Process()
    process.executableURL = Project.netlab
    process.arguments = [
      "serve", "--bind", "127.0.0.1:0", "--ephemeral", "-q", "--log-level", "info",
    ]
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.start()
    let line = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    #expect(line.contains("info listening address=127.0.0.1:"))
    kill(process.processIdentifier, SIGTERM)
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    #expect(text.isEmpty)
    #expect(process.terminationStatus == 0)
  }
}

@Suite struct ServeOptionTests {
  @Test(
    arguments: [
      ("300ms", 300), ("25s", 25_000), ("1.5s", 1_500), ("10m", 600_000), ("24h", 86_400_000),
      ("7d", 604_800_000), ("0s", 0),
    ] as [(String, Int64)])
  func timeIsReadWithItsUnit(_ text: String, _ milliseconds: Int64) {
    #expect(TimeSpan(argument: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "s", "24", "-1s", "1.5ms", "1e3s", "1 s", "99999999999999999999d", "5w", "١s",
  ])
  func timeWantsAUnit(_ text: String) { #expect(TimeSpan(argument: text) == nil) }

  @Test func timeIsWrittenShortly() {
    #expect(TimeSpan(milliseconds: 86_400_000).description == "1d")
    #expect(TimeSpan(milliseconds: 25_000).description == "25s")
    #expect(TimeSpan(milliseconds: 1_500).description == "1500ms")
  }

  /// Nobody's name makes a second line, a colour or a field of its own.
  @Test func logLinesCannotBeForged() {
    let line = LogLines.line(
      .info, "entered\n2026 error", ["name": "a\" level=critical\r\n\u{1b}[31m\u{202e}"],
      at: "2026-11-24T01:00:00.000Z")
    #expect(
      line == "2026-11-24T01:00:00.000Z info entered\\u{a}2026 error "
        + "name=\"a\\\" level=critical\\u{d}\\u{a}\\u{1b}[31m\\u{202e}\"\n")
  }
}

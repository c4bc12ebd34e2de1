import Console
import Foundation
import Testing

/// `netlab chat` in scripts, against `netlab serve`.
@Suite struct ChatCommandTests {
  private func chat(
    _ url: String, _ arguments: String..., input: String? = nil
  ) throws -> ProgramResult {
    try run(
      ["chat", "--url", url, "--name", "Alice"] + arguments, input: input.map { Data($0.utf8) })
  }

  /// The room of the first line.
  private func room(_ result: ProgramResult) throws -> String {
    String(try #require(result.output.firstMatch(of: /Room ([A-Za-z0-9]+)\./)).1)
  }

  /// Lines without their times.
  private func lines(_ result: ProgramResult) -> [String] {
    result.output.split(separator: "\n").map { String($0.dropFirst(9)) }
  }

  @Test(arguments: ["auto", "websocket", "polling"])
  func sendsAndEnds(_ transport: String) throws {
    let server = try ServeProcess(["--ephemeral"])
    let first = try chat(
      server.url, "--transport", transport, "--send", "hi", "--send", "-hello", "--send", "--send")
    #expect(first.status == 0, "\(first.errors)")
    #expect(
      lines(first).suffix(6) == [
        "* (Alice) entered the chat", "- Here: Alice", "> Alice: hi", "> Alice: -hello",
        "> Alice: --send", "- left the room",
      ])
    let second = try run(
      [
        "chat", "--url", server.url, "--name", "Bob", "--room", room(first), "--transport",
        transport,
      ],
      input: Data("one\r\n\n  \ntwo".utf8))
    #expect(second.status == 0, "\(second.errors)")
    #expect(
      lines(second).filter { !$0.hasPrefix("-") } == [
        "< Alice: hi", "< Alice: -hello", "< Alice: --send", "* (Bob) entered the chat",
        "> Bob: one", "> Bob: two",
      ])
  }

  @Test func aLongInputIsDeliveredInOrder() throws {
    let server = try ServeProcess(["--ephemeral"])
    let texts = (1...40).map { "line \($0)" }
    let result = try chat(server.url, input: texts.joined(separator: "\n"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      lines(result).filter { $0.hasPrefix(">") } == texts.map { "> Alice: \($0)" })
  }

  @Test func nothingToSendShowsTheHistory() throws {
    let server = try ServeProcess(["--ephemeral"])
    let room = try room(chat(server.url, "--send", "hi"))
    let result = try chat(server.url, "--room", room, input: "")
    #expect(result.status == 0)
    #expect(lines(result).contains("> Alice: hi"))
  }

  @Test func textOfStrangersCannotDriveTheTerminal() throws {
    let server = try ServeProcess(["--ephemeral"])
    let result = try chat(
      server.url, "--send", "a\u{1b}[2J\nb\u{202e}", "--color", "always")
    #expect(result.output.contains(#"a\x1b[2J\nb\u{202e}"#))
    #expect(!result.output.contains("\u{1b}[2J"))
  }

  // MARK: Exit codes

  @Test func aRoomThatIsNotThere() throws {
    let server = try ServeProcess(["--ephemeral"])
    let result = try chat(server.url, "--room", "ABCDEF", "--send", "x")
    #expect(result.status == Console.ExitStatus.refused.rawValue)
    #expect(result.errors.contains("not found") && result.errors.contains("--room"))
    #expect(result.output == "")
  }

  @Test func aNameThatIsRefused() throws {
    let server = try ServeProcess(["--ephemeral"])
    let result = try run(
      ["chat", "--url", server.url, "--name", String(repeating: "x", count: 50), "--send", "x"])
    #expect(result.status == Console.ExitStatus.refused.rawValue)
    #expect(result.errors.contains("name"))
  }

  @Test func nobodyListens() throws {
    let server = try ServeProcess(["--ephemeral"])
    server.end()
    let result = try chat(server.url, "--send", "x")
    #expect(result.status == Console.ExitStatus.noAnswer.rawValue)
    #expect(result.errors.hasPrefix("netlab: "))
    #expect(result.errors.contains("connection refused") && result.errors.contains("netlab serve"))
  }

  @Test func aMessageThatIsRefused() throws {
    let server = try ServeProcess(["--ephemeral"])
    let result = try chat(
      server.url, "--send", String(repeating: "x", count: 5000), "--send", "short")
    #expect(result.status == Console.ExitStatus.no.rawValue)
    #expect(result.errors.contains("1 message was not delivered"))
    #expect(lines(result).contains("> Alice: short"))
  }

  @Test func aServerThatIsSilent() throws {
    // A listening socket that nobody accepts from.
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    try #require(isBound)
    let url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
    let result = try chat(url, "--send", "x", "--timeout", "200ms")
    #expect(result.status == Console.ExitStatus.noAnswer.rawValue)
    #expect(result.errors.contains("does not answer") && result.errors.contains("--timeout"))
  }

  @Test(arguments: [
    ["--url", "https://a", "--name", "A"], ["--url", "http://a:99999", "--name", "A"],
    ["--url", "http://a"], ["--name", " "], ["--name", "A", "--room", ""],
    ["--name", "A", "--wait", "soon"], ["--name", "A", "--timeout", "0s"],
    ["--name", "A", "--transport", "pigeon"], ["--name", "A", "-T", "csv"],
  ])
  func usage(_ arguments: [String]) throws {
    let result = try run(["chat"] + arguments)
    #expect(result.status == Console.ExitStatus.usage.rawValue)
    #expect(result.errors.hasPrefix("netlab: "))
  }

  // MARK: -T jsonl

  @Test func objectsAreAsTheSchemaSays() throws {
    let server = try ServeProcess(["--ephemeral"])
    let good = try chat(server.url, "-T", "jsonl", "--send", "hi \"there\" 🎉", "--send", "")
    let bad = try chat(server.url, "-T", "jsonl", "--room", "ABCDEF", "--send", "x")
    let gone = try chat("http://127.0.0.1:1", "-T", "jsonl", "--send", "x")
    let text = good.output + bad.output + gone.output
    let types = Set(text.matches(of: /"type":"(\w+)"/).map { String($0.1) })
    #expect(
      types == [
        "header", "chat_room", "chat_message", "chat_members", "chat_delivery",
        "chat_connection", "end",
      ])
    #expect(good.output.contains(#""text":"hi \"there\" 🎉","is_own":true,"is_history":false"#))
    #expect(good.output.hasSuffix("\"undelivered\":1}\n"))
    let schema = Project.root.appendingPathComponent(
      "Sources/Projection/Projection.docc/netlab-1.schema.json")
    let result = try python(
      """
      import json, sys
      import jsonschema
      validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1], encoding="utf-8")))
      for line in sys.stdin:
          for error in validator.iter_errors(json.loads(line)):
              print(line.strip(), error.message[:300])
      print("judged")
      """, [schema.path], input: Data(text.utf8))
    #expect(result.output == "judged\n", "\(result.errors)")
  }
}

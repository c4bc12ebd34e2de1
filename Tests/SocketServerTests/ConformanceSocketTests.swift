import NIOCore
import Protocols
import Synchronization
import Testing

@testable import SocketServer

/// Socket.IO revision 5, a rule a test.
@Suite struct SocketConformance {
  // MARK: Connecting

  @Test(arguments: [
    ("40", "40", "42[\"auth\",{}]"),
    ("40{\"token\":\"123\"}", "40", "42[\"auth\",{\"token\":\"123\"}]"),
    ("40/custom,", "40/custom,", "42/custom,[\"auth\",{}]"),
    ("40/custom,{\"token\":\"abc\"}", "40/custom,", "42/custom,[\"auth\",{\"token\":\"abc\"}]"),
    ("40/custom", "40/custom,", "42/custom,[\"auth\",{}]"),
  ])
  func `CONNECT is answered with a sid of its own, with and without payload and comma`(
    packet: String, prefix: String, event: String
  ) async throws {
    try await withServer { server in
      let socket = try await server.webSocket(Path.socket)
      let open = try OpenPacket(try await socket.text())
      let answer = try await socket.answer(to: packet)
      #expect(answer.hasPrefix(prefix + "{"))
      let value = try JSONValue(Array(answer.utf8.dropFirst(prefix.utf8.count)))
      guard case .object(let members) = value, case .string(let sid)? = value["sid"] else {
        Issue.record("no sid: \(answer)")
        return
      }
      #expect(members.map(\.name) == ["sid"])
      #expect(sid != open.sid)
      #expect(try await socket.text() == event)
    }
  }

  @Test func `an unknown namespace is answered with CONNECT_ERROR, and the session stays`()
    async throws
  {
    try await withServer { server in
      let socket = try await server.openSocket(Path.socket)
      let refusal = "44/random,{\"message\":\"Invalid namespace\"}"
      #expect(try await socket.answer(to: "40/random") == refusal)
      #expect(try await socket.answer(to: "40/random,{}") == refusal)
      try await socket.join("/")
    }
  }

  @Test func `an application's refusal is CONNECT_ERROR with its words`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.socket)
      let answer = try await socket.answer(to: "40{\"refuse\":\"Not authorized\"}")
      #expect(answer == "44{\"message\":\"Not authorized\"}")
      try await socket.join("/")
    }
  }

  @Test(arguments: ["/", "/custom"])
  func `CONNECT to a namespace that is connected already closes`(namespace: String) async throws {
    try await withServer { server in
      let socket = try await server.connected(to: namespace)
      socket.send(text: namespace == "/" ? "40" : "40\(namespace),")
      _ = try await socket.closed()
    }
  }

  @Test func `without CONNECT the session ends at the connect timeout`() async throws {
    try await withServer {
      $0.connectTimeout = .milliseconds(80)
    } _: { server in
      let socket = try await server.openSocket(Path.socket)
      _ = try await socket.closed()
      let sid = try await server.openPolling()
      let url = Path.polling + "&sid=\(sid)"
      let last = try await server.get(url)
      #expect(last.status == 200 ? last.text == "1" : last.status == 400)
      #expect(try await server.get(url).status == 400)
    }
  }

  @Test func `a refused CONNECT does not stop the connect timeout`() async throws {
    try await withServer {
      $0.connectTimeout = .milliseconds(80)
    } _: { server in
      let socket = try await server.openSocket(Path.socket)
      socket.send(text: "40/random")
      _ = try await socket.closed()
    }
  }

  @Test func `a connected session outlives the connect timeout, also after 41`() async throws {
    try await withServer {
      $0.connectTimeout = .seconds(4)
      $0.pingInterval = .milliseconds(4500)
    } _: { server in
      let socket = try await server.connected()
      socket.send(text: "41")
      // The next thing to come is a ping, later than the timeout.
      #expect(try await socket.text() == "2")
    }
  }

  @Test(arguments: ["42[\"message\",1]", "41", "43[1]", "42/custom,[\"message\",1]"])
  func `a packet for a namespace that is not connected closes`(packet: String) async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.socket)
      socket.send(text: packet)
      _ = try await socket.closed()
    }
  }

  @Test func `events sent behind CONNECT wait for its answer`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.socket)
      let sender = WebSocketSender(side: .client) { 0x0102_0304 }
      socket.send(raw: sender.text("40") + sender.text("42[\"message\",1]"))
      #expect(try await socket.text().hasPrefix("40{"))
      #expect(try await socket.text() == "42[\"auth\",{}]")
      #expect(try await socket.text() == "42[\"message-back\",1]")
    }
  }

  // MARK: Leaving

  @Test func `41 leaves the namespace and keeps the session`() async throws {
    try await withServer {
      $0.pingInterval = .seconds(1)
    } _: { server in
      let socket = try await server.connected()
      socket.send(text: "41")
      #expect(try await socket.text() == "2")
      socket.send(text: "3")
      // And it may be entered again.
      try await socket.join("/")
    }
  }

  @Test(arguments: ["41/custom,", "41/custom"])
  func `leaving one namespace keeps the others`(packet: String) async throws {
    try await withServer { server in
      let socket = try await server.connected()
      try await socket.join("/custom")
      socket.send(text: packet)
      let answer = try await socket.answer(to: "42[\"message\",\"to main\"]")
      #expect(answer == "42[\"message-back\",\"to main\"]")
    }
  }

  @Test func `the server's 41 leaves the namespace, and closing ends the session with 1`()
    async throws
  {
    try await withServer { server in
      let socket = try await server.connected()
      try await socket.join("/custom")
      #expect(try await socket.answer(to: "42/custom,[\"leave\"]") == "41/custom,")
      let answer = try await socket.answer(to: "42[\"message\"]")
      #expect(answer == "42[\"message-back\"]")
      #expect(try await socket.answer(to: "42[\"end\"]") == "41")
      _ = try await socket.closed()
    }
  }

  // MARK: Events

  @Test(arguments: [
    "1,\"2\",{\"3\":[true]}", "null,false,-0.5e3,12345678901234567890", "\"\"",
    "\"Grüße 👋 \\\" \\\\ \\n\"", "{\"a\":{\"b\":{\"c\":[[[[]]]]}},\"a \":{}}",
    "\"[\\\"message\\\"]\"",
  ])
  func `arguments come back as they were sent`(arguments: String) async throws {
    try await withServer { server in
      let socket = try await server.connected()
      try await socket.join("/custom")
      for prefix in ["", "/custom,"] {
        let answer = try await socket.answer(to: "42\(prefix)[\"message\",\(arguments)]")
        #expect(answer == "42\(prefix)[\"message-back\",\(arguments)]")
        let acknowledged = try await socket.answer(
          to: "42\(prefix)456[\"message-with-ack\",\(arguments)]")
        #expect(acknowledged == "43\(prefix)456[\(arguments)]")
      }
    }
  }

  @Test func `an event without arguments, and ack ids at their edges`() async throws {
    try await withServer { server in
      let socket = try await server.connected()
      #expect(try await socket.answer(to: "42[\"message\"]") == "42[\"message-back\"]")
      #expect(try await socket.answer(to: "420[\"message-with-ack\"]") == "430[]")
      let largest = "9007199254740991"
      let answer = try await socket.answer(to: "42\(largest)[\"message-with-ack\",1]")
      #expect(answer == "43\(largest)[1]")
    }
  }

  static let twoAttachments =
    "[\"%\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]"

  static func packet(_ prefix: String, _ event: String) -> String {
    prefix
      + twoAttachments.replacing("\"%\",", with: event.isEmpty ? "" : "\"\(event)\",")
  }

  @Test func `attachments come back over a websocket`() async throws {
    try await withServer { server in
      let socket = try await server.connected()
      for (sent, expected) in [
        (Self.packet("452-", "message"), Self.packet("452-", "message-back")),
        (Self.packet("452-789", "message-with-ack"), Self.packet("462-789", "")),
      ] {
        socket.send(text: sent)
        socket.send(binary: [1, 2, 3])
        socket.send(binary: [4, 5, 6])
        #expect(try await socket.text() == expected)
        #expect(try await socket.binary() == [1, 2, 3])
        #expect(try await socket.binary() == [4, 5, 6])
      }
    }
  }

  @Test func `attachments come back by polling, in base64`() async throws {
    try await withServer { server in
      let url = Path.polling + "&sid=\(try await server.openPolling())"
      #expect(try await server.post(url, "40").text == "ok")
      var came = ""
      while !came.hasSuffix("42[\"auth\",{}]") { came += try await server.get(url).text }
      let packet = Self.packet("452-", "message") + "\u{1e}bAQID\u{1e}bBAUG"
      #expect(try await server.post(url, packet).text == "ok")
      let expected = Self.packet("452-", "message-back") + "\u{1e}bAQID\u{1e}bBAUG"
      #expect(try await server.get(url).text == expected)
      let asked = Self.packet("452-7", "message-with-ack") + "\u{1e}bAQID\u{1e}bBAUG"
      #expect(try await server.post(url, asked).text == "ok")
      let acknowledged = Self.packet("462-7", "") + "\u{1e}bAQID\u{1e}bBAUG"
      #expect(try await server.get(url).text == acknowledged)
    }
  }

  // MARK: Malformed packets

  @Test(arguments: [
    "4abc", "42{}", "42abc[\"message-with-ack\",1,\"2\",{\"3\":[false]}]", "4", "47", "42", "42[]",
    "42[\"message\"", "42[\"message\"]x", "42\"message\"", "42[{}]", "42[null]", "41{}", "43{}",
    "40[]", "40\"text\"", "451-[\"message\"]x", "45[\"message\"]", "45x-[\"message\"]",
    "452-[\"message\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":5}]",
    "42[\"message\",{\"a\":\u{1}}]",
  ])
  func `a malformed packet closes the connection`(packet: String) async throws {
    try await withServer { server in
      let socket = try await server.connected()
      socket.send(text: packet)
      if packet.hasPrefix("452-") {
        socket.send(binary: [1])
        socket.send(binary: [2])
      }
      _ = try await socket.closed()
    }
  }

  @Test func `4abc instead of CONNECT closes`() async throws {
    try await withServer { server in
      let socket = try await server.openSocket(Path.socket)
      socket.send(text: "4abc")
      _ = try await socket.closed()
    }
  }

  @Test func `octets that no packet announced close the connection`() async throws {
    try await withServer { server in
      let socket = try await server.connected()
      socket.send(binary: [1, 2, 3])
      _ = try await socket.closed()
    }
  }

  @Test func `a text between a packet and its attachments closes the connection`() async throws {
    try await withServer { server in
      let socket = try await server.connected()
      socket.send(text: Self.packet("452-", "message"))
      socket.send(binary: [1])
      socket.send(text: "42[\"message\"]")
      _ = try await socket.closed()
    }
  }

  @Test func `a nesting of a hundred thousand brackets closes and traps nothing`() async throws {
    try await withServer { server in
      let socket = try await server.connected()
      socket.send(text: "42[\"message\"," + String(repeating: "[", count: 100_000))
      _ = try await socket.closed()
      let other = try await server.connected()
      #expect(try await other.answer(to: "42[\"message\",1]") == "42[\"message-back\",1]")
    }
  }

  // MARK: Acknowledgments that the server asks for

  @Test func `the server's acknowledgment is called once, with the client's arguments`()
    async throws
  {
    let application = Asking()
    try await withServer(application: application) { server in
      let socket = try await server.openSocket(Path.socket)
      #expect(try await socket.answer(to: "40").hasPrefix("40{"))
      #expect(try await socket.text() == "420[\"question\",1]")
      // A second answer to the same question, and one to a question never asked, count for nothing.
      socket.send(text: "430[\"answer\",2]")
      socket.send(text: "430[\"again\"]")
      socket.send(text: "4399[\"stray\"]")
      #expect(try await socket.text() == "42[\"answered\",\"answer\",2]")
      socket.send(text: "42[\"done\"]")
      #expect(try await socket.text() == "42[\"finished\"]")
    }
  }

  @Test func `the server's question is answered with nil when the client goes`() async throws {
    let application = Asking()
    try await withServer(application: application) { server in
      let socket = try await server.openSocket(Path.socket)
      #expect(try await socket.answer(to: "40").hasPrefix("40{"))
      #expect(try await socket.text() == "420[\"question\",1]")
      socket.send(text: "1")
      _ = try await socket.closed()
    }
    #expect(application.unanswered.load(ordering: .sequentiallyConsistent) == 1)
  }
}

/// Asks each client as soon as it is connected.
private final class Asking: SocketApplication {
  let unanswered = Atomic(0)

  func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(.notFound) }
  func admit(_ socket: Socket, with payload: JSONValue?) async -> SocketAdmission { .accepted }
  func connected(_ socket: Socket) {
    socket.emit("question", arguments: [1]) { answer in
      if let answer {
        socket.emit("answered", arguments: answer)
      } else {
        self.unanswered.add(1, ordering: .sequentiallyConsistent)
      }
    }
  }
  func receive(_ event: SocketEvent, from socket: Socket) { socket.emit("finished") }
  func disconnected(_ socket: Socket, _ reason: SocketEnd) {}
}

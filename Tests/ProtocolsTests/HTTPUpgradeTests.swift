import PacketCore
import Testing

@testable import Protocols

/// The switch to WebSocket, audited. The key and its answer are RFC 6455's own (section 1.3).
@Suite struct HTTPUpgradeTests {
  private static let request = """
    GET /chat?EIO=4&transport=websocket&sid=abc HTTP/1.1\r
    Host: server.example.com\r
    Upgrade: websocket\r
    Connection: keep-alive, Upgrade\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Protocol: chat, superchat\r
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r
    Sec-WebSocket-Version: 13\r
    \r

    """
  private static let answer = """
    HTTP/1.1 101 Switching Protocols\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
    Sec-WebSocket-Protocol: chat\r
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12; server_no_context_takeover\r
    \r

    """

  private static func run(_ request: String, _ answer: String) -> HTTPScript {
    var script = HTTPScript()
    script.send(.client, request)
    script.send(.server, answer)
    return script
  }

  @Test func aRightUpgrade() {
    let script = Self.run(Self.request, Self.answer)
    #expect(script.findings == [])
    #expect(script.rows.count == 2)
    #expect(script.upgraded != nil)
    let fields = script.fields(Array(Self.answer.utf8))
    let expected = fields.first { $0.field.name == "http.upgrade.accept.expected" }?.value
    #expect(expected == .string("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
  }

  @Test func whatWasAgreedOn() {
    let negotiation = Array(Self.answer.utf8).withUnsafeBytes { octets in
      WebSocketAnswer(to: nil, octets.bytes, HTTPHead(octets)).negotiation(nil)
    }
    #expect(negotiation.subprotocol == "chat")
    #expect(negotiation.deflate?.clientMaxWindowBits == 12)
    #expect(negotiation.deflate?.serverMaxWindowBits == 15)
    #expect(negotiation.deflate?.serverNoContextTakeover == true)
    #expect(negotiation.deflate?.clientNoContextTakeover == false)
    #expect(negotiation.hasOtherExtensions == false)
  }

  /// What is changed in the request, and what is said of it.
  private static let requests: [(String, String, String)] = [
    ("GET /chat", "POST /chat", "http.upgrade.method"),
    ("HTTP/1.1\r\nHost", "HTTP/1.0\r\nHost", "http.upgrade.version"),
    ("Upgrade: websocket", "Upgrade: h2c", "http.upgrade.header"),
    ("Upgrade: websocket\r\n", "", "http.upgrade.header"),
    ("keep-alive, Upgrade", "keep-alive", "http.upgrade.connection"),
    ("Connection: keep-alive, Upgrade\r\n", "", "http.upgrade.connection"),
    ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", "http.upgrade.key"),
    ("dGhlIHNhbXBsZSBub25jZQ==", "!", "http.upgrade.key"),
    ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", "http.upgrade.key"),
    ("Version: 13", "Version: 8", "http.upgrade.websocket_version"),
    ("Sec-WebSocket-Version: 13\r\n", "", "http.upgrade.websocket_version"),
    // RFC 7692 section 7.1 and RFC 6455 section 9.1.
    ("client_max_window_bits", "client_max_window_bits=7", "http.upgrade.extension_parameter"),
    ("client_max_window_bits", "colour=blue", "http.upgrade.extension_parameter"),
    (
      "client_max_window_bits", "client_no_context_takeover; client_no_context_takeover",
      "http.upgrade.extension_parameter"
    ),
    (
      "permessage-deflate; client", "permessage-deflate;; client",
      "http.upgrade.extension_parameter"
    ),
  ]

  @Test(arguments: 0..<requests.count) func badRequest(_ index: Int) {
    let (from, to, finding) = Self.requests[index]
    var script = HTTPScript()
    script.send(.client, Self.replace(from, to, in: Self.request))
    #expect(script.findings == [finding], "\(from) → \(to)")
  }

  @Test func noHost() {
    var script = HTTPScript()
    script.send(.client, Self.replace("Host: server.example.com\r\n", "", in: Self.request))
    #expect(Set(script.findings) == ["http.upgrade.host", "http.host_missing"])
  }

  /// What is changed in the answer, and what is said of it.
  private static let answers: [(String, String, String)] = [
    ("Upgrade: websocket", "Upgrade: h2c", "http.upgrade.answer.header"),
    ("Upgrade: websocket\r\n", "", "http.upgrade.answer.header"),
    ("Connection: Upgrade", "Connection: close", "http.upgrade.answer.connection"),
    ("Connection: Upgrade\r\n", "", "http.upgrade.answer.connection"),
    ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=", "http.upgrade.accept"),
    ("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "", "http.upgrade.accept_missing"),
    ("Protocol: chat", "Protocol: other", "http.upgrade.protocol"),
    ("permessage-deflate", "permessage-bzip2", "http.upgrade.extension"),
    ("window_bits=12", "window_bits=16", "http.upgrade.extension_parameter"),
    ("window_bits=12", "window_bits", "http.upgrade.extension_parameter"),
    ("server_no_context_takeover", "server_no_context", "http.upgrade.extension_parameter"),
    (
      "permessage-deflate; client_max_window_bits=12; server_no_context_takeover",
      "permessage-deflate, permessage-deflate", "http.upgrade.extension_parameter"
    ),
  ]

  @Test(arguments: 0..<answers.count) func badAnswer(_ index: Int) {
    let (from, to, finding) = Self.answers[index]
    let script = Self.run(Self.request, Self.replace(from, to, in: Self.answer))
    #expect(script.findings == [finding], "\(from) → \(to)")
    #expect(script.upgraded != nil)
  }

  @Test func theFindingNamesFoundAndExpected() {
    let script = Self.run(
      Self.request, Self.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "wrong", in: Self.answer))
    let text = script.dissection.findings.last?.text ?? ""
    #expect(text.hasSuffix(": found \"wrong\", expected \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\""))
  }

  @Test func refusal() {
    let script = Self.run(
      Self.request, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno")
    #expect(script.findings == ["http.upgrade.refused"])
    #expect(script.upgraded == nil)
    #expect(script.dissection.findings.last?.text == "WebSocket was refused with status 400")
  }

  @Test func octetsBehindTheAnswerAreWebSocket() {
    var script = HTTPScript()
    script.send(.client, Self.request)
    script.send(.server, Array(Self.answer.utf8) + [0x81, 0x01, 0x41])
    #expect(script.rows.last?.octets == Self.answer.utf8.count)
    #expect(script.upgraded != nil)
  }

  @Test func octetsBeforeTheAnswerWait() {
    var script = HTTPScript()
    script.send(.client, Self.request)
    script.send(.client, [0x81, 0x81, 1, 2, 3, 4, 5])
    #expect(script.rows.count == 1)
    script.send(.server, Self.answer)
    #expect(script.upgraded != nil)
    #expect(script.findings == [])
  }

  @Test func madeHeadsAreRight() {
    let request = HTTPRequestHead(
      "GET", "/ws",
      fields: [
        ("Host", "h"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
      ])
    let answer = HTTPResponseHead.accepting(webSocketKey: "dGhlIHNhbXBsZSBub25jZQ==")
    var script = HTTPScript()
    var writer = ByteWriter()
    request.write(to: &writer)
    script.send(.client, writer.bytes)
    writer = ByteWriter()
    answer?.write(to: &writer)
    script.send(.server, writer.bytes)
    #expect(script.rows.map(\.line) == ["GET /ws HTTP/1.1 ", "HTTP/1.1 101 Switching Protocols "])
    #expect(script.findings == [])
    #expect(script.upgraded != nil)
  }

  private static func replace(_ from: String, _ to: String, in text: String) -> String {
    let parts = text.split(separator: Character("\0"), omittingEmptySubsequences: false)
    guard let whole = parts.first, let place = Self.find(Array(from.utf8), in: Array(whole.utf8))
    else { return text }
    let octets = Array(whole.utf8)
    return String(
      decoding: octets[..<place] + Array(to.utf8) + octets[(place + from.utf8.count)...],
      as: UTF8.self)
  }

  private static func find(_ wanted: [UInt8], in octets: [UInt8]) -> Int? {
    (0...max(octets.count - wanted.count, 0)).first {
      Array(octets[$0...].prefix(wanted.count)) == wanted
    }
  }
}

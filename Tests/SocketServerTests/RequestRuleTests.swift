import NIOHTTP1
import Testing

@testable import SocketServer

@Suite struct RequestRuleTests {
  @Test(
    arguments: zip(
      ["/", "/a%20b?c=%20d", "http://host:1/x?y", "http://host", "//x", "*", "/%zz%4", "/a?b?c"],
      [
        ("/", ""), ("/a b", "c=%20d"), ("/x", "y"), ("/", ""), ("//x", ""), ("/*", ""),
        ("/%zz%4", ""), ("/a", "b?c"),
      ]))
  func readsTargets(uri: String, expected: (String, String)) {
    let target = RequestTarget(uri)
    #expect(target.path == expected.0)
    #expect(target.query == expected.1)
  }

  @Test func findsParameters() {
    #expect(RequestTarget.parameter("sid", of: "EIO=4&sid=a=b&sid=c") == "a=b")
    #expect(RequestTarget.parameter("EIO", of: "EIO") == "")
    #expect(RequestTarget.parameter("t", of: "") == nil)
  }

  private func allows(_ origin: String?, _ host: String, _ allowed: Set<String> = []) -> Bool {
    var configuration = ServerConfiguration()
    configuration.allowedOrigins = allowed
    var headers: HTTPHeaders = ["Host": host]
    if let origin { headers.add(name: "Origin", value: origin) }
    return OriginRule(configuration).allows(headers)
  }

  @Test func takesTheOwnOrigin() {
    #expect(allows(nil, "chat:5000"))
    #expect(allows("http://chat:5000", "chat:5000"))
    #expect(allows("http://CHAT:5000", "chat:5000"))
    #expect(allows("http://chat", "chat:80"))
    #expect(allows("https://chat", "chat:443"))
    #expect(allows("http://[::1]:5000", "[::1]:5000"))
    #expect(allows("http://[::1]", "[::1]"))
  }

  @Test func refusesOthers() {
    #expect(!allows("http://evil", "chat:5000"))
    #expect(!allows("http://chat:5001", "chat:5000"))
    #expect(!allows("http://chat:5000.evil", "chat:5000"))
    #expect(!allows("null", "chat:5000"))
    #expect(!allows("http://chat:5000/", "chat:5000"))
    #expect(allows("http://evil", "chat:5000", ["http://evil"]))
  }

  private func judge(
    _ query: String, _ method: HTTPMethod = .GET, upgrade: Bool = false, origin: String? = nil,
    _ state: EngineTransport.State? = nil
  ) -> EngineRequest.Judgement {
    var headers: HTTPHeaders = ["Host": "chat"]
    if upgrade { headers.add(name: "Upgrade", value: "websocket") }
    if let origin { headers.add(name: "Origin", value: origin) }
    let request = HTTPRequest(method: method, path: "/socket.io/", query: query, headers: headers)
    return EngineRequest(request, allowed: OriginRule(ServerConfiguration())).judge { _ in state }
  }

  @Test func judgesHandshakes() {
    #expect(judge("EIO=4&transport=polling") == .open)
    #expect(judge("EIO=4&transport=websocket", upgrade: true) == .webSocket(nil))
    #expect(judge("EIO=4") == .refuse(.unknownTransport))
    #expect(judge("EIO=4&transport=abc") == .refuse(.unknownTransport))
    #expect(judge("transport=polling") == .refuse(.unsupportedVersion))
    #expect(judge("EIO=3&transport=polling") == .refuse(.unsupportedVersion))
    #expect(judge("EIO=4&transport=polling", .POST) == .refuse(.badHandshakeMethod))
    #expect(judge("EIO=4&transport=polling", .PUT) == .refuse(.badHandshakeMethod))
    #expect(judge("EIO=4&transport=websocket") == .refuse(.badRequest))
    #expect(judge("EIO=4&transport=polling", upgrade: true) == .refuse(.badRequest))
    #expect(judge("EIO=4&transport=polling", origin: "http://evil") == .refuse(.forbidden))
    #expect(judge("EIO=4&transport=polling", origin: "http://chat") == .open)
  }

  @Test func judgesSessions() {
    let query = "EIO=4&transport=polling&sid=x"
    #expect(judge(query) == .refuse(.unknownSession))
    #expect(judge(query, .GET, .polling) == .get("x"))
    #expect(judge(query, .POST, .polling) == .post("x"))
    #expect(judge(query, .PUT, .polling) == .refuse(.badRequest))
    #expect(judge(query, .GET, .webSocket) == .refuse(.badRequest))
    #expect(judge(query, .POST, .webSocket) == .refuse(.badRequest))
    #expect(judge(query, .GET, .probing(isProbed: true)) == .get("x"))
    #expect(
      judge("transport=websocket&sid=x", upgrade: true, .polling) == .webSocket("x"))
  }

  @Test func refusalsSpeakAsTheReference() {
    let response = EngineRefusal.unknownTransport.response
    #expect(response.status == .badRequest)
    #expect(
      String(decoding: response.body, as: UTF8.self)
        == "{\"code\":0,\"message\":\"Transport unknown\"}")
    #expect(EngineRefusal.forbidden.response.status == .forbidden)
  }

  @Test func logLinesCannotBeForged() {
    #expect(
      LogText.escape("a\r\nb\u{1b}[2J\u{202e}\u{2028}ü")
        == "a\\u{d}\\u{a}b\\u{1b}[2J\\u{202e}\\u{2028}ü")
  }

  @Test func readsAddresses() {
    #expect(ServerAddress("0.0.0.0:80") == ServerAddress("0.0.0.0", port: 80))
    #expect(ServerAddress("[::1]:5000")?.host == "::1")
    #expect(ServerAddress("[::1]:5000")?.description == "[::1]:5000")
    #expect(ServerAddress("5000") == nil)
    #expect(ServerAddress("a:70000") == nil)
    #expect(ServerAddress(":5000") == nil)
  }
}

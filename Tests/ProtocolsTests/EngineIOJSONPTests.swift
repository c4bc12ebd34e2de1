import PacketCore
import Testing

@testable import Protocols

/// Polling by calls of a function and by forms.
@Suite struct EngineIOJSONPTests {
  private func called(_ call: String) -> String? {
    let octets = Array(call.utf8)
    return EngineIOPayload.body(ofCall: octets.span.bytes, 0..<octets.count)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func formed(_ form: String) -> String? {
    let octets = Array(form.utf8)
    return EngineIOPayload.body(ofForm: octets.span.bytes, 0..<octets.count)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    (#"___eio[0]("2probe");"#, "2probe"), (#"___eio[17]("")"#, ""), ("___eio[](\"6\");\n", "6"),
    (#"___eio[0]("4\"\\\/\b\f\n\r\t\v\0\x41\u00e9\q\'");"#, "4\"\\/\u{8}\u{c}\n\r\t\u{b}\0Aéq'"),
    (#"___eio[0]("\ud83d\ude00 \ud83dx \ude00\ud83d\u0041");"#, "😀 \u{fffd}x \u{fffd}\u{fffd}A"),
    // python-engineio leaves the separator as it is.
    ("___eio[0](\"40\u{1e}41\");", "40\u{1e}41"), ("___eio[0](\"a\\\nb\\\r\nc\");", "abc"),
  ])
  func calls(_ call: String, _ body: String) {
    #expect(called(call) == body)
  }

  @Test(arguments: [
    "", "ok", "___eio", "___eio[0](", "___eio[0](\"", "___eio[0](\"x\"", "___eio[0](\"x\\\");",
    "___eio[a](\"x\");", "___eio[0](x);", "___eio[0]('x');", "___eio[0](\"x\");evil()",
    "___eio[0](\"x\ny\");", "___eio[0](\"\\x4\");", "___eio[0](\"\\u12\");", "eio[0](\"x\");",
    "___eio[0](\"x\", \"y\");",
  ])
  func noCalls(_ call: String) {
    #expect(called(call) == nil)
  }

  @Test(arguments: [
    ("d=40", "40"), ("a=b&d=4%C3%A9+x&d=2", "4é x"), ("d=", ""),
    // engine.io: "\n" stands for a line feed, and "\\n" for a backslash and an n.
    ("d=4a%5Cnb", "4a\nb"), ("d=4a%5C%5Cnb", "4a\\nb"), ("d=4%5C%5C%5Cn%5Cx%5C", "4\\\\n\\x\\"),
  ])
  func forms(_ form: String, _ body: String) {
    #expect(formed(form) == body)
  }

  @Test(arguments: ["", "dd=40", "=d", "d", "d=%4", "d=%zz", "d=%"])
  func noForms(_ form: String) {
    #expect(formed(form) == nil)
  }

  /// What one end writes the other reads.
  @Test func bothWays() {
    let bodies = [
      "", "2probe", "42[\"message\",\"a \\n b \\\\n c\"]\u{1e}bAQID+/=",
      "4\n\r\u{2028}\u{2029}\0\u{1f}",
      "4é😀&=%+ d=\"'\\", "97:0{\"sid\":\"x\"}2:40",
    ]
    for body in bodies {
      let octets = Array(body.utf8)
      let call = EngineIOPayload.call(octets, index: 3)
      #expect(EngineIOPayload.body(ofCall: call.span.bytes, 0..<call.count) == octets)
      #expect(!call.contains(10) && !call.contains(13))
      let form = EngineIOPayload.form(octets)
      #expect(EngineIOPayload.body(ofForm: form.span.bytes, 0..<form.count) == octets)
    }
  }

  @Test func everyPrefixOfACallIsNone() {
    let call = EngineIOPayload.call(Array("4\"\\u\n😀".utf8), index: 0)
    // The semicolon may be missing.
    for count in 0..<call.count - 1 {
      #expect(EngineIOPayload.body(ofCall: call.span.bytes, 0..<count) == nil)
    }
  }

  private static let get = "GET /socket.io/?EIO=4&transport=polling&j=0 HTTP/1.1\r\nHost: h\r\n\r\n"

  private func response(_ body: String) -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: text/javascript; charset=UTF-8\r\n"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func aSession() {
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, response(#"___eio[0]("0{\"sid\":\"abc\"}\u001e40");"#))
    let texts = script.rows.last?.packets.map { String(decoding: $0, as: UTF8.self) }
    #expect(texts == ["0{\"sid\":\"abc\"}", "40"])
    let sid = Array("abc".utf8)
    let session = EngineIOSession.hash(sid.span.bytes, 0..<3)
    #expect(script.rows.last?.session == session)
    // The body itself is still the call.
    #expect(script.rows.last?.body.starts(with: Array("___eio".utf8)) == true)
    script.send(
      .client,
      "POST /socket.io/?EIO=4&transport=polling&j=0&sid=abc HTTP/1.1\r\nHost: h\r\n"
        + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nd=2%1E40x")
    #expect(script.rows.last?.packets == [[0x32], Array("40x".utf8)])
    #expect(script.rows.last?.session == session)
    script.send(.server, response("ok"))
    #expect(script.rows.last?.packets == [])
    #expect(script.findings == [])
  }

  @Test func theOldRevision() {
    var script = HTTPScript()
    script.send(
      .client, "GET /socket.io/?EIO=3&transport=polling&j=1&sid=x HTTP/1.1\r\nHost: h\r\n\r\n")
    script.send(.server, response(#"___eio[1]("3:4h\u00e92:40");"#))
    let texts = script.rows.last?.packets.map { String(decoding: $0, as: UTF8.self) }
    #expect(texts == ["4hé", "40"])
  }

  /// The same packets, wherever segments begin; compressed and in chunks, too.
  @Test func anySegmentation() {
    let call = Array(#"___eio[0]("0{\"sid\":\"abc\"}\u001e42[\"é\"]");"#.utf8)
    let packed = HTTPStreamTests.deflate(call, window: 31)
    let half = packed.count / 2
    let chunks =
      Array("\(String(half, radix: 16))\r\n".utf8) + packed[..<half]
      + Array("\r\n\(String(packed.count - half, radix: 16))\r\n".utf8) + packed[half...]
      + Array("\r\n0\r\n\r\n".utf8)
    for (fields, body) in [
      ("Content-Length: \(call.count)", call),
      ("Content-Encoding: gzip\r\nTransfer-Encoding: chunked", chunks),
    ] {
      let octets = Array("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n".utf8) + body
      for cut in 0..<octets.count {
        var script = HTTPScript()
        script.send(.client, Self.get)
        if cut > 0 { script.send(.server, Array(octets[..<cut])) }
        script.send(.server, Array(octets[cut...]))
        let texts = script.rows.last?.packets.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts == ["0{\"sid\":\"abc\"}", "42[\"é\"]"], "cut at \(cut)")
        #expect(script.findings == [])
      }
    }
  }

  @Test func whatIsNoCallIsAFinding() {
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, response("0{\"sid\":\"abc\"}"))
    #expect(script.findings == ["http.bad_jsonp"])
    #expect(script.rows.last?.packets == [])
  }
}

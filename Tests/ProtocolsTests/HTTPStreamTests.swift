import CZlib
import PacketCore
import Testing

@testable import Protocols

/// Requests, responses and their bodies.
@Suite struct HTTPStreamTests {
  private static let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

  private static func response(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n"
      + body
  }

  private static func lines(_ script: borrowing HTTPScript) -> [String] { script.rows.map(\.line) }
  private static func bodies(_ script: borrowing HTTPScript) -> [String] {
    script.rows.map { String(decoding: $0.body, as: UTF8.self) }
  }

  @Test func requestAndResponse() {
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, Self.response("hello"))
    #expect(Self.lines(script) == ["GET / HTTP/1.1 ", "HTTP/1.1 200 OK  (text/plain)"])
    #expect(Self.bodies(script) == ["", "hello"])
    #expect(script.findings == [])
  }

  @Test func pipelining() {
    var script = HTTPScript()
    script.send(.client, Self.get + "HEAD /b HTTP/1.1\r\nHost: h\r\n\r\n" + Self.get)
    script.send(
      .server,
      Self.response("one") + "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        + Self.response("three"))
    #expect(Self.bodies(script) == ["", "", "", "one", "", "three"])
    #expect(script.findings == [])
  }

  @Test func tooManyRequestsAreAFinding() {
    var script = HTTPScript()
    for _ in 0..<300 { script.send(.client, Self.get) }
    #expect(script.findings.filter { $0 == "http.too_many_requests" }.count == 44)
    #expect(script.held < 1 << 17)
  }

  @Test func responsesWithoutABody() {
    for start in ["100 Continue", "204 No Content", "304 Not Modified"] {
      var script = HTTPScript()
      script.send(.client, Self.get)
      script.send(.server, "HTTP/1.1 \(start)\r\nETag: \"x\"\r\n\r\n" + Self.response("next"))
      #expect(Self.bodies(script).last == "next")
    }
  }

  @Test func informationComesBeforeTheAnswer() {
    var script = HTTPScript()
    script.send(
      .client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    script.send(.server, "HTTP/1.1 100 Continue\r\n\r\n")
    script.send(.client, "hi")
    script.send(.server, Self.response("ok"))
    #expect(
      Self.lines(script) == [
        "HTTP/1.1 100 Continue ", "POST / HTTP/1.1 ", "HTTP/1.1 200 OK  (text/plain)",
      ])
    #expect(Self.bodies(script) == ["", "hi", "ok"])
    #expect(script.findings == [])
  }

  @Test func chunks() {
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(
      .server,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n6 \r\n world\r\n"
        + "00\r\nTrailer: a\r\n\r\n" + Self.response("next"))
    #expect(Self.bodies(script) == ["", "hello world", "next"])
    #expect(script.findings == ["http.unasked"])
  }

  @Test(arguments: [
    ("zz\r\n", "http.bad_chunk_size"), ("\r\n", "http.bad_chunk_size"),
    ("fffffffffffffffffff\r\n", "http.bad_chunk_size"), ("5\r\nhelloX", "http.bad_chunk_end"),
  ])
  func badChunks(_ body: String, _ finding: String) {
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    #expect(script.findings == [finding])
    #expect(script.isLost[.server] == true)
  }

  @Test func theEndOfTheStreamEndsABody() {
    for pieces in [["HTTP/1.0 200 OK\r\n\r\nabc", "def"], ["HTTP/1.0 200 OK\r\n\r\n", "abcdef"]] {
      var script = HTTPScript()
      script.send(.client, Self.get)
      for piece in pieces { script.send(.server, piece) }
      #expect(script.rows.count == 1)
      script.end(.server)
      #expect(Self.bodies(script) == ["", "abcdef"])
      #expect(script.findings == [])
    }
    var script = HTTPScript()
    script.send(.server, "HTTP/1.0 200 OK\r\n\r\nabc", isLast: true)
    #expect(Self.bodies(script) == ["abc"])
  }

  @Test func whatIsLeftOfACutBodyIsShown() {
    for how in [StreamEnd.fin, .rst, .capture] {
      var script = HTTPScript()
      script.send(.client, Self.get)
      script.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
      script.end(.server, how)
      #expect(Self.bodies(script) == ["", "abc"])
      #expect(script.findings == ["http.body_cut"])
    }
  }

  @Test func whatIsLeftOfACutHeadIsShown() {
    var script = HTTPScript()
    script.send(.client, "GET / HTTP/1.1\r\nHost")
    script.end(.client)
    #expect(Self.lines(script) == ["GET / HTTP/1.1 "])
    #expect(script.findings == ["http.head_cut"])
  }

  @Test func headsHaveALimit() {
    var limits = Limits()
    limits.headOctets = 1000
    for pieces in [1, 3, 300] {
      var script = HTTPScript(limits: limits)
      let text = Array(
        ("GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "y", count: 2000)).utf8)
      for piece in 0..<pieces {
        script.send(
          .client, Array(text[text.count * piece / pieces..<text.count * (piece + 1) / pieces]))
      }
      #expect(script.findings == ["http.head_too_long"])
      #expect(script.rows.map(\.octets) == [1000])
      #expect(script.isLost[.client] == true)
      #expect(script.held < 4096)
    }
  }

  @Test func aHoleInABodyOfKnownLength() {
    var script = HTTPScript()
    script.send(.client, Self.get + Self.get)
    script.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    script.lose(.server, 4)
    script.send(.server, "xyz" + Self.response("next"))
    #expect(Self.bodies(script) == ["", "", "abc", "next"])
    #expect(script.findings == ["http.body_gap"])
  }

  @Test func aHoleThatHidesTheNextHead() {
    var script = HTTPScript()
    script.send(.client, Self.get + Self.get + Self.get)
    script.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    script.lose(.server, 400)
    script.send(.server, "the rest\r\nof something\r\n" + Self.response("next"))
    #expect(Self.bodies(script).last == "next")
    #expect(script.findings.contains("http.body_gap"))
  }

  @Test func aStreamThatIsJoinedInTheMiddle() {
    var script = HTTPScript()
    script.send(.server, Array("rubbish\r\n".utf8), midStream: true)
    script.send(.server, Array(Self.response("x").utf8), midStream: true)
    #expect(Self.lines(script) == ["Continuation", "HTTP/1.1 200 OK  (text/plain)"])
  }

  @Test func rubbishAfterAMessage() {
    var script = HTTPScript()
    script.send(.client, Self.get + "\u{1}\u{2}\u{3}")
    #expect(script.findings == ["http.not_http"])
    script.send(.client, Self.get)
    #expect(script.isLost[.client] == true)
  }

  @Test func aTunnelIsNotRead() {
    var script = HTTPScript()
    script.send(.client, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")
    script.send(.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    #expect(script.rows.count == 2)
    script.send(.client, [0x16, 3, 1])
    #expect(script.isLost[.client] == true)
    #expect(script.findings == [])
  }

  @Test func longBodiesAreNotHeld() {
    var limits = Limits()
    limits.messageOctets = 100_000
    for (type, most) in [("image/png", 4096), ("text/plain", 110_000)] {
      var script = HTTPScript(limits: limits)
      script.send(.client, Self.get)
      script.send(
        .server, "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: 10000000\r\n\r\n")
      let piece = [UInt8](repeating: 65, count: 100_000)
      for _ in 0..<100 {
        script.send(.server, piece)
        #expect(script.held <= most)
      }
      #expect(script.rows.count == 2)
      #expect(script.findings == (most == 4096 ? [] : ["http.body_not_kept"]))
    }
  }

  // MARK: Codings

  /// zlib's own deflate: 15 bits for its format, negative for none, over 15 for gzip's.
  static func deflate(_ octets: [UInt8], window: Int32) -> [UInt8] {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    deflateInit2_(
      stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(stream) }
    var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(octets.count))) + 64)
    var input = octets
    let room = output.count
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(room)
        _ = CZlib.deflate(stream, Z_FINISH)
      }
    }
    return Array(output[..<(room - Int(stream.pointee.avail_out))])
  }

  private static func coded(_ name: String, _ body: [UInt8], field: String = "Content-Encoding")
    -> [UInt8]
  {
    Array(
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\(field): \(name)\r\nContent-Length: \(body.count)\r\n\r\n"
        .utf8) + body
  }

  @Test(arguments: [("gzip", 31), ("x-gzip", 31), ("deflate", 15), ("deflate", -15), ("GZIP", 31)])
  func inflates(_ name: String, _ window: Int) {
    let text = [UInt8](String(repeating: "hello ", count: 50).utf8)
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, Self.coded(name, Self.deflate(text, window: Int32(window))))
    #expect(script.rows.last?.body == text)
    #expect(script.findings == [])
  }

  @Test func severalCodings() {
    let text = [UInt8]("hello hello hello".utf8)
    let once = Self.deflate(text, window: 15)
    let twice = Self.deflate(once, window: 31)
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, Self.coded("deflate, gzip", twice))
    #expect(script.rows.last?.body == text)
  }

  @Test func membersOfGzip() {
    let one = Self.deflate([UInt8]("one".utf8), window: 31)
    let two = Self.deflate([UInt8]("two".utf8), window: 31)
    var script = HTTPScript()
    script.send(.client, Self.get)
    script.send(.server, Self.coded("gzip", one + two))
    #expect(Self.bodies(script).last == "onetwo")
  }

  @Test func aBombIsStopped() {
    var limits = Limits()
    limits.inflatedOctets = 100_000
    let bomb = Self.deflate([UInt8](repeating: 0, count: 10_000_000), window: 31)
    var script = HTTPScript(limits: limits)
    script.send(.client, Self.get)
    script.send(.server, Self.coded("gzip", bomb))
    #expect(script.rows.last?.body.count == 100_000)
    #expect(script.findings == ["http.inflation_limit"])
  }

  @Test func damagedCodingsAreAFinding() {
    var damaged = Self.deflate([UInt8](String(repeating: "abc", count: 100).utf8), window: 31)
    damaged.removeLast(9)
    for body in [[UInt8]("rubbish".utf8), damaged] {
      var script = HTTPScript()
      script.send(.client, Self.get)
      script.send(.server, Self.coded("gzip", body))
      #expect(script.findings == ["http.decompression_failed"])
    }
  }

  // MARK: Polling

  @Test func packetsOfAPollingBody() {
    var script = HTTPScript()
    script.send(
      .client, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: h\r\n\r\n")
    script.send(.server, Self.response("0{\"sid\":\"abc\"}\u{1e}40\u{1e}bAQID"))
    let texts = script.rows.last?.packets.map { String(decoding: $0, as: UTF8.self) }
    #expect(texts == ["0{\"sid\":\"abc\"}", "40", "bAQID"])
    let sid = Array("abc".utf8)
    let session = EngineIOSession.hash(sid.span.bytes, 0..<3)
    #expect(script.rows.last?.session == session)
    script.send(
      .client,
      "POST /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n2x"
    )
    #expect(script.rows.last?.packets == [[0x32, 0x78]])
    #expect(script.rows.last?.session == session)
    script.send(.server, Self.response("ok"))
    #expect(script.rows.last?.packets == [])
    #expect(script.rows.last?.session == session)
  }

  @Test func packetsOfABodyAreBounded() {
    let packet = Array("6\u{1e}".utf8)
    var script = HTTPScript()
    script.send(.client, "GET /?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: h\r\n\r\n")
    let count = HTTPStream.longestPayload + 3
    let body = [UInt8]((0..<count).map { _ in packet }.joined())
    script.send(
      .server, Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body)
    #expect(script.rows.last?.packets.count == HTTPStream.longestPayload)
    let finding = script.dissection.findings.last
    #expect(finding?.kind.name == "http.too_many_packets")
    #expect(finding?.found == 6)
    // What follows is read.
    script.send(.client, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(script.rows.last?.line == "GET /next HTTP/1.1 ")
  }

  @Test func packetsOfVersionThree() {
    var script = HTTPScript()
    script.send(
      .client, "GET /socket.io/?EIO=3&transport=polling&sid=x HTTP/1.1\r\nHost: h\r\n\r\n")
    script.send(.server, Self.response("3:4hé2:40"))
    let texts = script.rows.last?.packets.map { String(decoding: $0, as: UTF8.self) }
    #expect(texts == ["4hé", "40"])
  }
}

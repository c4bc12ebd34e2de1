import PacketCore
import Testing

@testable import Protocols

/// The same octets give the same messages, in whatever pieces they come.
@Suite struct HTTPSegmentationTests {
  private static let client: [UInt8] = {
    let parts: [String] = [
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
      "\r\nHEAD /c HTTP/1.1\nHost: h\n\n",
      "POST /socket.io/?EIO=4&transport=polling&sid=s HTTP/1.1\r\nHost: h\r\n",
      "Transfer-Encoding: chunked\r\n\r\n4\r\n42[\"\r\n3\r\na\"]\r\n0\r\n\r\n",
      "GET /d HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\nGET /e HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
    return Array(parts.joined().utf8)
  }()

  private static let server: [UInt8] = {
    let parts: [String] = [
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\none",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "a;q=\"r\"\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ]
    let packed = HTTPStreamTests.deflate([UInt8]("squeezed squeezed".utf8), window: 31)
    let head =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
    var octets = Array(parts.joined().utf8)
    octets += Array(head.utf8)
    octets += packed
    octets += Array("HTTP/1.0 200 OK\r\n\r\nuntil the end".utf8)
    return octets
  }()

  private static func rows(_ cuts: (Side) -> [Int]) -> [HTTPScript.Row] {
    var script = HTTPScript()
    for (side, octets) in [(Side.client, client), (.server, server)] {
      var start = 0
      for cut in cuts(side) + [octets.count] {
        script.send(side, Array(octets[start..<cut]))
        start = cut
      }
      script.end(side)
    }
    return script.rows
  }

  @Test func wholeStreams() {
    let rows = Self.rows { _ in [] }
    #expect(rows.count == 13)
    #expect(rows.reduce(0) { $0 + $1.octets } == Self.client.count + Self.server.count)
    #expect(rows.last.map { String(decoding: $0.body, as: UTF8.self) } == "until the end")
  }

  @Test func everyCut() {
    let expected = Self.rows { _ in [] }
    for cut in 1..<max(Self.client.count, Self.server.count) {
      let rows = Self.rows { side in
        let count = side == .client ? Self.client.count : Self.server.count
        return cut < count ? [cut] : []
      }
      #expect(rows == expected, "cut at \(cut)")
    }
  }

  @Test func octetByOctet() {
    let rows = Self.rows { Array(1..<($0 == .client ? Self.client.count : Self.server.count)) }
    #expect(rows == Self.rows { _ in [] })
  }

  @Test func anyPieces() {
    let seed = UInt64.random(in: .min ... .max)
    print("HTTPSegmentationTests.anyPieces: seed \(seed)")
    var lots = Lots(state: seed)
    let expected = Self.rows { _ in [] }
    for _ in 0..<200 {
      let rows = Self.rows { side in
        let count = side == .client ? Self.client.count : Self.server.count
        return Set(
          (0..<Int.random(in: 0...20, using: &lots)).map { _ in
            Int.random(in: 1..<count, using: &lots)
          }
        ).sorted()
      }
      #expect(rows == expected)
    }
  }

  /// Changed octets, pieces and holes: whatever comes of it, nothing traps, nothing is held for ever,
  /// and all fields can be shown.
  @Test func hostileStreams() {
    let seed = UInt64.random(in: .min ... .max)
    print("HTTPSegmentationTests.hostileStreams: seed \(seed)")
    var lots = Lots(state: seed)
    var limits = Limits()
    limits.headOctets = 300
    limits.messageOctets = 200
    limits.inflatedOctets = 100
    for _ in 0..<3000 {
      var script = HTTPScript(limits: limits)
      for side in [Side.client, .server] {
        var octets = side == .client ? Self.client : Self.server
        for _ in 0..<Int.random(in: 0...4, using: &lots) {
          octets[Int.random(in: octets.indices, using: &lots)] = UInt8.random(
            in: .min ... .max, using: &lots)
        }
        var start = 0
        while start < octets.count {
          let end = min(start + Int.random(in: 1...200, using: &lots), octets.count)
          let piece = Array(octets[start..<end])
          switch Int.random(in: 0..<20, using: &lots) {
          case 0: script.lose(side, piece.count)
          case 1: script.send(side, piece, midStream: true)
          default: script.send(side, piece)
          }
          _ = script.fields(piece)
          start = end
        }
        script.end(side, [.fin, .rst, .capture].randomElement(using: &lots) ?? .fin)
        #expect(script.held < 100_000)
      }
    }
  }

  @Test func everyPrefix() {
    for count in 0...Self.server.count {
      var script = HTTPScript()
      script.send(.server, Array(Self.server[..<count]))
      script.end(.server, .capture)
      #expect(script.rows.reduce(0) { $0 + $1.octets } <= count)
    }
  }
}

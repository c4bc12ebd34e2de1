import Protocols
import Testing

@Suite struct HTTPResponseReaderTests {
  /// The response that a text is, given in pieces of so many octets.
  private func read(
    _ text: String, pieces: Int = 1 << 20, ends: Bool = false, bodyOctets: Int = 100
  ) throws -> (response: HTTPReceivedResponse?, rest: String) {
    var reader = HTTPResponseReader(headOctets: 200, bodyOctets: bodyOctets)
    var response: HTTPReceivedResponse?
    let octets = Array(text.utf8)
    for start in stride(from: 0, to: octets.count, by: pieces) {
      let found = try reader.take(Array(octets[start..<min(start + pieces, octets.count)]))
      if let found { response = found }
    }
    if ends, let found = try reader.end() { response = found }
    return (response, String(decoding: reader.rest, as: UTF8.self))
  }

  @Test(arguments: [1, 2, 7, 1000])
  func framesOfAllKinds(_ pieces: Int) throws {
    let counted = try read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", pieces: pieces)
    #expect(counted.response?.head.code == 200)
    #expect(counted.response?.body == Array("ok".utf8))
    #expect(counted.rest == "more")
    let chunked = try read(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
      pieces: pieces)
    #expect(chunked.response?.body == Array("okabc".utf8))
    let closed = try read("HTTP/1.1 200 OK\r\n\r\nuntil the end", pieces: pieces, ends: true)
    #expect(closed.response?.body == Array("until the end".utf8))
    let upgraded = try read(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}", pieces: pieces)
    #expect(upgraded.response?.head.code == 101)
    #expect(upgraded.rest == "\u{1}\u{2}")
    let interim = try read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", pieces: pieces)
    #expect(interim.response?.head.code == 204)
  }

  @Test(
    arguments: zip(
      [
        "SSH-2.0-OpenSSH\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 300))",
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n\(String(repeating: "x", count: 255))",
        "HTTP/1.1 200 OK\r\n\r\n\(String(repeating: "x", count: 101))",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      ],
      [
        HTTPResponseFault.notHTTP, .notHTTP, .badHead, .badHead, .badHead, .badHead, .headTooLong,
        .bodyTooLong, .bodyTooLong, .bodyTooLong, .badChunk,
      ]))
  func refuses(_ text: String, _ fault: HTTPResponseFault) {
    #expect(throws: fault) { _ = try read(text) }
  }

  @Test func aCutResponseIsNone() {
    for text in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"] {
      #expect(throws: HTTPResponseFault.cut) { _ = try read(text, ends: true) }
    }
  }

  @Test func listsAreLookedThrough() throws {
    let response = try read(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, UPGRADE \r\nContent-Length: 0\r\n\r\n"
    ).response
    #expect(response?.list("connection", holds: "upgrade") == true)
    #expect(response?.list("connection", holds: "upg") == false)
    #expect(response?.value(of: "content-length") == "0")
  }
}

import PacketCore
import Testing

@testable import Protocols

/// Codings that are not undone are named, and what they hide is not taken for text.
@Suite struct HTTPForeignCodingTests {
  private func remarks(
    _ fields: String, _ body: [UInt8] = [1, 2, 3], method: String = "GET", first: String = "200 OK"
  ) -> (texts: [String], body: [UInt8], packets: [[UInt8]]) {
    var script = HTTPScript()
    script.send(
      .client, "\(method) /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: h\r\n\r\n")
    script.send(
      .server,
      Array(
        "HTTP/1.1 \(first)\r\nContent-Type: text/plain\r\n\(fields)\r\nContent-Length: \(body.count)\r\n\r\n"
          .utf8) + body)
    let texts = script.dissection.findings.map(\.text)
    return (texts, script.rows.last?.body ?? [], script.rows.last?.packets ?? [])
  }

  @Test(arguments: [
    ("br", "br (Brotli, RFC 7932)"), ("BR", "br (Brotli, RFC 7932)"),
    ("zstd", "zstd (Zstandard, RFC 8878)"),
    ("compress", "compress (LZW, RFC 9110 section 8.4.1.1)"),
    ("x-compress", "compress (LZW, RFC 9110 section 8.4.1.1)"),
    ("rot13", "a coding of unknown name"), ("gzip, br", "br (Brotli, RFC 7932)"),
    (Array(repeating: "gzip", count: 9).joined(separator: ","), "a coding of unknown name"),
  ])
  func isNamed(_ coding: String, _ name: String) {
    let found = remarks("Content-Encoding: \(coding)")
    #expect(found.texts == ["A coding of the body is not undone: \(name)"])
    #expect(found.body == [1, 2, 3])
    // Its octets are no packets of Engine.IO.
    #expect(found.packets == [])
  }

  @Test func ofTransferCodings() {
    var script = HTTPScript()
    script.send(.client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    script.send(
      .server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: br, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    #expect(script.findings == ["http.not_decoded", "http.te_unknown"])
  }

  @Test func whatIsUnderOneThatIsUndone() {
    let inner: [UInt8] = [0x1b, 2, 0, 0]
    let found = remarks(
      "Content-Encoding: br, gzip", HTTPStreamTests.deflate(inner, window: 31))
    #expect(found.texts.count == 1)
    #expect(found.body == inner)
  }

  @Test func notWithoutABody() {
    #expect(remarks("Content-Encoding: br", [], method: "HEAD").texts == [])
    #expect(remarks("Content-Encoding: br", [], first: "304 Not Modified").texts == [])
    #expect(remarks("Content-Encoding: identity").texts == [])
    #expect(remarks("Content-Encoding:").texts == [])
  }
}

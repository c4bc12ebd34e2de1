import PacketCore
import Testing

@testable import Protocols

@Suite struct HTTPRecognitionTests {
  private static let cases: [(String, StreamRecognition)] = [
    ("GET / HTTP/1.1\r\n", .yes(.client)), ("GET /", .yes(.client)), ("GET ", .perhaps),
    ("G", .perhaps), ("GE", .perhaps), ("GETX", .no),
    ("POST http://h/ HTTP/1.0\r\n", .yes(.client)),
    ("OPTIONS * HTTP/1.1\r\n", .yes(.client)), ("OPTIONS rtsp://h/ RTSP/1.0\r\n", .no),
    ("OPTIONS sip:a@b SIP/2.0\r\n", .no), ("OPTIONS s", .perhaps),
    ("HTTP/1.1 200 OK\r\n", .yes(.server)), ("HTTP/1.", .perhaps), ("HTTP/2.0 200", .no),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .no), ("USER anonymous\r\n", .no), ("EHLO h\r\n", .no),
    ("FOO /x HTTP/1.1\r\n", .yes(.client)), ("\r\nGET / HTTP/1.1\r\n", .yes(.client)),
    ("SSH-2.0-OpenSSH\r\n", .no), ("\u{16}\u{3}\u{1}", .no), ("gAAAAABtoken", .no), ("", .perhaps),
    ("M-SEARCH * HTTP/1.1\r\n", .yes(.client)),
  ]

  @Test(arguments: 0..<cases.count) func beginnings(_ index: Int) {
    let (text, expected) = Self.cases[index]
    let octets = Array(text.utf8)
    let chunk = StreamChunk(range: 0..<octets.count, side: .client)
    let found = HTTPStream.recognise(octets.span.bytes, chunk)
    #expect(found == expected, "\(text.debugDescription)")
  }
}

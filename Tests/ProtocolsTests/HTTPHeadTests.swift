import PacketCore
import Testing

@testable import Protocols

/// Start lines and header fields.
@Suite struct HTTPHeadTests {
  private static func head(_ text: String) -> HTTPHead {
    Array(text.utf8).withUnsafeBytes { HTTPHead($0) }
  }

  @Test func requestLine() {
    let text = "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"
    let head = Self.head(text)
    let octets = Array(text.utf8)
    #expect(head.kind == .request)
    #expect(head.method == .get)
    #expect(String(decoding: octets[head.uri], as: UTF8.self) == "/a?b=c")
    #expect(String(decoding: octets[head.version], as: UTF8.self) == "HTTP/1.1")
    #expect(String(decoding: octets[head.host], as: UTF8.self) == "h")
    #expect(head.versionNumber == 11)
    #expect(head.faults == [])
    #expect(head.length == octets.count)
  }

  @Test(arguments: faults) func theStartLineAlone(_ text: String, _ fault: HTTPFaults) {
    let whole = Self.head(text)
    let line = Array(text.utf8).withUnsafeBytes { HTTPHead.startLine(of: $0) }
    #expect(line == (whole.kind == .other ? nil : whole.start..<whole.lineEnd))
  }

  @Test func statusLine() {
    let head = Self.head("HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n")
    #expect(head.kind == .response)
    #expect(head.code == 404)
    #expect(head.phrase == 13..<22)
    #expect(head.contentLength == 12)
    #expect(head.faults == [])
  }

  /// A line of the head, and the fault that it is; nil for none.
  private static let faults: [(String, HTTPFaults)] = [
    ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", []),
    ("GET / HTTP/1.0\r\n\r\n", []),
    ("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", .leadingLines),
    ("GET / HTTP/1.1\nHost: h\n\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\n\r\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .hostRepeated),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", .folded),
    ("GET / HTTP/1.1\r\nHost: h\r\nnothing\r\n\r\n", .noColon),
    ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", .spaceBeforeColon),
    ("GET / HTTP/1.1\r\nHost: h\r\nX(Y): a\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n", .fieldValue),
    ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", .version),
    ("GET / b HTTP/1.1\r\nHost: h\r\n\r\n", .startLine),
    ("GET /\r\n\r\n", .startLine),
    ("HTTP/1.1 200 OK\r\n\r\n", []),
    ("HTTP/1.1 200 \r\n\r\n", []),
    ("HTTP/1.1 200\r\n\r\n", .startLine),
    ("HTTP/1.1 20 OK\r\n\r\n", .startLine),
    ("HTTP/1.1 2000 OK\r\n\r\n", .startLine),
    ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", .badLength),
    ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", .badLength),
    ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", .badLength),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .lengthRepeated),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", .lengthRepeated),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .lengthConflict),
    (
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      .codingAndLength
    ),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", .unknownCoding),
    ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .codingInOldVersion),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .chunkedNotLast),
    ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", .bodyForbidden),
    ("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n", .bodyForbidden),
  ]

  @Test(arguments: 0..<faults.count) func faultIsNamed(_ index: Int) {
    let (text, fault) = Self.faults[index]
    #expect(Self.head(text).faults == fault, "\(text.debugDescription)")
  }

  @Test func everyFaultHasAFinding() {
    #expect(HTTP.faultKinds.count == 32)
    #expect(HTTPFaults.tooManyRequests.rawValue == 1 << 30)
    #expect(HTTP.faultKinds[30].name == "http.too_many_requests")
    #expect(HTTPFaults.badJSONP.rawValue == 1 << 31)
    #expect(HTTP.faultKinds[31].name == "http.bad_jsonp")
    #expect(HTTP.faultKinds[19].name == "http.head_too_long")
  }

  @Test func theEndIsFoundWhereverTheHeadIsSplit() {
    let octets = Array("\r\nGET / HTTP/1.1\r\nHost: h\r\nX: \r\n a\r\n\r\nrest".utf8)
    for split in 0...octets.count {
      var scanned = 0
      let early = Array(octets[..<split]).withUnsafeBytes {
        HTTPHead.end(of: $0, scanned: &scanned)
      }
      let late = octets.withUnsafeBytes { HTTPHead.end(of: $0, scanned: &scanned) }
      #expect(late == octets.count - 4)
      #expect(early == (split >= octets.count - 4 ? octets.count - 4 : nil))
    }
  }

  @Test func fieldNamesAreFound() {
    for name in HTTPFieldName.allCases {
      let octets = Array(name.text.description.uppercased().utf8)
      let found = octets.withUnsafeBytes { HTTPFieldName.find($0) }
      #expect(found == name)
    }
    let other = Array("content-lengthy".utf8).withUnsafeBytes { HTTPFieldName.find($0) }
    #expect(other == nil)
  }

  @Test func bytesOfAHeadNeverTrap() {
    let seed = UInt64.random(in: .min ... .max)
    print("HTTPHeadTests.bytesOfAHeadNeverTrap: seed \(seed)")
    var lots = Lots(state: seed)
    let pieces = [
      "GET ", "/", " HTTP/1.1", "\r\n", "\n", "\r", ":", " ", "Content-Length: ",
      "Transfer-Encoding: chunked", "HTTP/1.1 200", "99999999999999999999", "\0", ",", ";", "\t",
      "Host: ", "Upgrade: websocket", "\u{80}",
    ]
    for _ in 0..<20000 {
      var octets: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &lots) {
        octets += pieces.randomElement(using: &lots).map { Array($0.utf8) } ?? []
        if Bool.random(using: &lots) {
          octets.append(UInt8.random(in: .min ... .max, using: &lots))
        }
      }
      let head = octets.withUnsafeBytes { HTTPHead($0) }
      #expect(head.uri.upperBound <= octets.count && head.phrase.upperBound <= octets.count)
      var reader = ByteReader(octets.span.bytes)
      let layer = try? HTTP(reading: &reader)
      var writer = ByteWriter()
      layer?.write(to: &writer)
      #expect(writer.bytes == Array(octets.prefix(writer.bytes.count)))
    }
  }
}

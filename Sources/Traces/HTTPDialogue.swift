import PacketCore

/// Requests and responses of HTTP/1.1, RFC 9112: bodies with a length, in chunks, and none.
struct HTTPDialogue: Dialogue {
  private var numbers: SeededNumbers
  private let host: String
  private var asked = 0
  private var answered = 0

  init(_ numbers: SeededNumbers, host: String) {
    self.numbers = numbers
    self.host = host
  }

  mutating func greetings() -> [Utterance] {
    [
      Utterance(fromClient: true, request("GET", "/", nil)),
      Utterance(fromClient: false, response("200 OK", "<title>Hello</title>", inChunks: false)),
    ]
  }

  var handshakeLength: Int { 0 }

  mutating func say(_ count: Int, fromClient: Bool) -> Utterance {
    Utterance(
      fromClient: fromClient,
      (0..<count).map { _ in
        if fromClient {
          asked += 1
          return numbers.chance(50)
            ? request("GET", "/messages/\(asked)", nil)
            : request("POST", "/messages", "{\"text\":\"\(Words.sentence(&numbers))\"}")
        }
        answered += 1
        if numbers.chance(10) { return response("204 No Content", nil, inChunks: false) }
        return response(
          "200 OK", "{\"answer\":\(answered),\"text\":\"\(Words.sentence(&numbers))\"}",
          inChunks: numbers.chance(33))
      })
  }

  mutating func farewells() -> [Utterance] {
    [
      Utterance(fromClient: true, request("GET", "/goodbye", nil, "Connection: close\r\n")),
      Utterance(
        fromClient: false,
        response("200 OK", "goodbye", inChunks: false, "Connection: close\r\n")),
    ]
  }

  private func request(
    _ method: String, _ target: String, _ body: String?, _ fields: String = ""
  ) -> TraceMessage {
    let line = "\(method) \(target) HTTP/1.1"
    let framing =
      body.map { "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n" } ?? ""
    let text = "\(line)\r\nHost: \(host)\r\n\(framing)\(fields)\r\n" + (body ?? "")
    return TraceMessage(kind: "http.request", text: line, octets: Array(text.utf8))
  }

  private mutating func response(
    _ status: String, _ body: String?, inChunks: Bool, _ fields: String = ""
  ) -> TraceMessage {
    let line = "HTTP/1.1 \(status)"
    var octets = Array("\(line)\r\nServer: netlab\r\n\(fields)".utf8)
    if let body {
      octets += Array("Content-Type: text/plain; charset=utf-8\r\n".utf8)
      let content = Array(body.utf8)
      if inChunks {
        octets += Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
        var offset = 0
        while offset < content.count {
          let size = min(numbers.pick(1...200), content.count - offset)
          octets += Array((String(size, radix: 16) + "\r\n").utf8)
          octets += content[offset..<offset + size]
          octets += Array("\r\n".utf8)
          offset += size
        }
        // RFC 9112 section 7.1: "last-chunk" and an empty trailer section.
        octets += Array("0\r\n\r\n".utf8)
      } else {
        octets += Array("Content-Length: \(content.count)\r\n\r\n".utf8) + content
      }
    } else {
      octets += Array("\r\n".utf8)
    }
    return TraceMessage(kind: "http.response", text: line, octets: octets)
  }
}

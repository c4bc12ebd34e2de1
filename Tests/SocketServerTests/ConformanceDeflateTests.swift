import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// permessage-deflate of the echo against RFC 7692: what the Autobahn suite asks in its parts 12 and 13.
@Suite struct DeflateConformance {
  /// What a client offers, and what the server must answer; nil: nothing.
  static let offers: [(String, String?)] = [
    ("permessage-deflate", "permessage-deflate"),
    ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
    (
      "permessage-deflate; client_no_context_takeover",
      "permessage-deflate; client_no_context_takeover"
    ),
    (
      "permessage-deflate; server_no_context_takeover",
      "permessage-deflate; server_no_context_takeover"
    ),
    (
      "permessage-deflate; server_max_window_bits=9",
      "permessage-deflate; server_max_window_bits=9"
    ),
    ("permessage-deflate; server_max_window_bits=7", nil),
    ("permessage-deflate; server_max_window_bits=16", nil),
    ("permessage-deflate; server_max_window_bits=09", nil),
    ("permessage-deflate; server_max_window_bits", nil),
    ("permessage-deflate; unknown", nil),
    ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", nil),
    ("x-webkit-deflate-frame", nil),
    ("permessage-deflate; unknown, permessage-deflate", "permessage-deflate"),
  ]

  @Test(arguments: offers)
  func `permessage-deflate is agreed on as offered, or not at all`(offer: String, answer: String?)
    async throws
  {
    try await withServer { server in
      let socket = try await server.webSocket(
        "/echo", headers: [("Sec-WebSocket-Extensions", offer)])
      let said = socket.response.header("sec-websocket-extensions")
      #expect(said.map(Self.parameters) == answer.map(Self.parameters))
    }
  }

  /// The parameters in no order.
  static func parameters(_ element: String) -> Set<String> {
    Set(element.split(separator: ";").map { String($0.filter { $0 != " " }) })
  }

  static let deflates: [PerMessageDeflate] = [
    PerMessageDeflate(),
    PerMessageDeflate(clientNoContextTakeover: true, serverNoContextTakeover: true),
    PerMessageDeflate(clientMaxWindowBits: 9, serverMaxWindowBits: 9),
    PerMessageDeflate(serverNoContextTakeover: true, serverMaxWindowBits: 9),
  ]

  @Test(arguments: deflates.indices, [.max, 100])
  func `compressed messages of every kind and size come back`(deflate: Int, fragment: Int)
    async throws
  {
    try await withServer { server in
      let socket = try await server.webSocket("/echo", deflate: Self.deflates[deflate])
      let said = socket.response.header("sec-websocket-extensions")
      let agreed = try #require(WebSocketExtensionAudit(offer: said, answer: said).deflate)
      let sender = WebSocketSender(side: .client, deflate: agreed, fragmentOctets: fragment) { 7 }
      var seed = UInt64(0x9e37_79b9_7f4a_7c15)
      func noise(_ length: Int) -> [UInt8] {
        (0..<length).map { _ in
          seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return UInt8(truncatingIfNeeded: seed >> 56)
        }
      }
      for length in [0, 1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072] {
        let words = Array(
          String(repeating: "{\"name\": \"netlab\"}, ", count: length / 20 + 1).utf8)
        for payload in [Array(words[..<min(length, words.count)]), noise(length)] {
          for isCompressed in [true, false] {
            socket.send(raw: sender.message(.binary, payload, isCompressed: isCompressed))
            let answer = try await socket.receive()
            let isSame = answer == .binary(payload)
            #expect(isSame, "\(payload.count) octets")
          }
        }
      }
    }
  }

  @Test func `a message that inflates beyond the limit ends with 1009`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo", deflate: PerMessageDeflate())
      let sender = WebSocketSender(side: .client, deflate: PerMessageDeflate()) { 7 }
      socket.send(raw: sender.binary([UInt8](repeating: 0, count: 16 << 20 + 1)))
      #expect(try await socket.closed() == 1009)
    }
  }

  @Test func `what does not inflate ends the connection`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo", deflate: PerMessageDeflate())
      socket.send(raw: frame(binaryFrame, [0xff, 0xff, 0xff, 0xff], reserved: 4))
      let code = try await socket.closed()
      #expect(code == 1002 || code == 1007)
    }
  }
}

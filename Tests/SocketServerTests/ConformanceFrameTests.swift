import NIOCore
import Protocols
import Testing

@testable import SocketServer

/// The WebSocket echo against RFC 6455: what the Autobahn suite asks (`make conformance` runs it), as
/// tables of our own that need no other program.
@Suite struct FrameConformance {
  // MARK: 1 to 2: messages and pings

  static let lengths = [0, 1, 125, 126, 127, 128, 65535, 65536]

  @Test(arguments: lengths, [false, true])
  func `text and octets of every length form come back, whole and in pieces`(
    length: Int, isChopped: Bool
  ) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      let payload = [UInt8](repeating: 0x2a, count: length)
      let octets = frame(textFrame, payload) + frame(binaryFrame, payload)
      if isChopped {
        for start in stride(from: 0, to: octets.count, by: 997) {
          socket.send(raw: Array(octets[start..<min(start + 997, octets.count)]))
        }
      } else {
        socket.send(raw: octets)
      }
      #expect(try await socket.receive() == .text(String(repeating: "*", count: length)))
      #expect(try await socket.receive() == .binary(payload))
    }
  }

  @Test func `octets that come one by one are read`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      for octet in frame(textFrame, text("one by one")) + frame(pingFrame, [7]) {
        socket.send(raw: [octet])
      }
      #expect(try await socket.text() == "one by one")
      #expect(try await socket.receive() == .pong([7]))
    }
  }

  @Test(arguments: [0, 1, 125])
  func `a ping is answered with its octets`(length: Int) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      let octets = (0..<length).map { UInt8(truncatingIfNeeded: 255 - $0) }
      socket.send(raw: frame(pingFrame, octets))
      #expect(try await socket.receive() == .pong(octets))
    }
  }

  @Test func `unasked pongs are ignored, and ten pings answered in order`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(pongFrame) + frame(pongFrame, text("unasked")))
      for number in UInt8(0)..<10 { socket.send(raw: frame(pingFrame, [number])) }
      for number in UInt8(0)..<10 { #expect(try await socket.receive() == .pong([number])) }
    }
  }

  // MARK: 3 to 5: reserved bits, opcodes, fragments

  /// What must fail, and with which code.
  static let wrong: [(String, UInt16, [UInt8])] = {
    var cases: [(String, UInt16, [UInt8])] = []
    for reserved in UInt8(1)...7 {
      cases.append(("reserved bits \(reserved)", 1002, frame(textFrame, [42], reserved: reserved)))
      cases.append(("ping with \(reserved)", 1002, frame(pingFrame, reserved: reserved)))
      cases.append(("close with \(reserved)", 1002, frame(closeFrame, reserved: reserved)))
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8] {
      cases.append(("opcode \(opcode)", 1002, frame(opcode)))
      cases.append(("opcode \(opcode) with octets", 1002, frame(opcode, [42])))
    }
    cases += [
      ("not masked", 1002, frame(textFrame, text("plain"), isMasked: false)),
      ("ping of 126", 1002, frame(pingFrame, [UInt8](repeating: 0, count: 126))),
      ("fragmented ping", 1002, frame(pingFrame, [1], isFinal: false) + frame(continuation, [2])),
      ("fragmented close", 1002, frame(closeFrame, isFinal: false)),
      ("continues nothing", 1002, frame(continuation, [1])),
      ("continues nothing, not final", 1002, frame(continuation, [1], isFinal: false)),
      (
        "text within fragments", 1002,
        frame(textFrame, [42], isFinal: false) + frame(textFrame, [42])
      ),
      (
        "length with the highest bit", 1002,
        [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
      ),
      ("length 1 in three octets", 1002, [0x82, 0xfe, 0, 1, 0, 0, 0, 0, 0]),
      ("length 1 in nine octets", 1002, [0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
      ("16 MiB and one", 1009, [0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]),
    ]
    return cases
  }()

  @Test(arguments: wrong)
  func `what breaks the framing ends with its code`(
    name: String, code: UInt16, octets: [UInt8]
  ) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(textFrame, text("before")) + octets + frame(pingFrame))
      #expect(try await socket.text() == "before")
      #expect(try await socket.closed() == code)
    }
  }

  @Test func `fragments make one message, with control frames between them`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      for round in 0..<3 {
        socket.send(
          raw: frame(textFrame, text("frag"), isFinal: false) + frame(pingFrame, [1])
            + frame(continuation, [], isFinal: false) + frame(pongFrame)
            + frame(continuation, text("ment \(round)")))
        #expect(try await socket.receive() == .pong([1]))
        #expect(try await socket.text() == "fragment \(round)")
      }
      socket.send(raw: frame(binaryFrame, isFinal: false) + frame(continuation))
      #expect(try await socket.receive() == .binary([]))
    }
  }

  // MARK: 6: UTF-8

  static let rightTexts: [[UInt8]] = [
    [], text("κόσμε"), [0], [0xc2, 0x80], [0xe0, 0xa0, 0x80], [0xf0, 0x90, 0x80, 0x80],
    [0x7f], [0xdf, 0xbf], [0xef, 0xbf, 0xbf], [0xf4, 0x8f, 0xbf, 0xbf], [0xed, 0x9f, 0xbf],
    [0xee, 0x80, 0x80], [0xef, 0xbf, 0xbd], [0xef, 0xbf, 0xbe], [0xf0, 0x9f, 0xbf, 0xbe],
    [0xef, 0xb7, 0x90],
  ]

  static let wrongTexts: [[UInt8]] = [
    // A tail without a head, and heads without a tail.
    [0x80], [0xbf], [0x80, 0xbf, 0x80], [0xc2, 0x20], [0xe0, 0xa0, 0x20], [0xf0, 0x90, 0x80, 0x20],
    [0xce], [0xce, 0xba, 0xe1], [0xe0, 0xa0], [0xf0, 0x90, 0x80],
    // Never octets of UTF-8.
    [0xfe], [0xff], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
    // Longer than needed.
    [0xc0, 0xaf], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xe0, 0x9f, 0xbf], [0xf0, 0x80, 0x80, 0xaf],
    [0xf0, 0x8f, 0xbf, 0xbf], [0xc0, 0x80],
    // Surrogates, alone and in pairs, and what is above U+10FFFF.
    [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
  ]

  @Test(arguments: rightTexts)
  func `UTF-8 passes, wherever it is cut`(octets: [UInt8]) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      let whole = String(decoding: octets, as: UTF8.self)
      socket.send(raw: frame(textFrame, octets))
      #expect(try await socket.text() == whole)
      socket.send(raw: frame(textFrame, isFinal: false))
      for octet in octets { socket.send(raw: frame(continuation, [octet], isFinal: false)) }
      socket.send(raw: frame(continuation))
      #expect(try await socket.text() == whole)
    }
  }

  @Test(arguments: wrongTexts)
  func `what is not UTF-8 ends with 1007`(octets: [UInt8]) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(textFrame, text("κόσμε") + octets))
      #expect(try await socket.closed() == 1007)
    }
  }

  @Test(arguments: wrongTexts.filter { $0.count > 1 || $0[0] != 0xce })
  func `what is not UTF-8 fails at the fragment that holds it`(octets: [UInt8]) async throws {
    // A character that its end alone cuts short is wrong only then.
    let isCutShort = [[0xce, 0xba, 0xe1], [0xe0, 0xa0], [0xf0, 0x90, 0x80]].contains(octets)
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(textFrame, text("κόσμε") + octets, isFinal: false))
      if isCutShort { socket.send(raw: frame(continuation)) }
      #expect(try await socket.closed() == 1007)
    }
  }

  // MARK: 7: closing

  @Test(
    arguments: [
      1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] as [UInt16])
  func `a close code that may be sent comes back`(code: UInt16) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(closeFrame, [UInt8(code >> 8), UInt8(code & 255)] + text("bye")))
      #expect(try await socket.closed() == code)
    }
  }

  @Test(arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 65535] as [UInt16])
  func `a close code that must not be sent ends with 1002`(code: UInt16) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(closeFrame, [UInt8(code >> 8), UInt8(code & 255)]))
      #expect(try await socket.closed() == 1002)
    }
  }

  @Test func `a close without a code is answered without one`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(closeFrame))
      #expect(try await socket.closed() == 1005)
    }
  }

  @Test(
    arguments: [
      ([3], 1002), ([3, 232] + [UInt8](repeating: 42, count: 124), 1002), ([3, 232, 0xce], 1007),
      ([3, 232, 0xed, 0xa0, 0x80], 1007),
    ] as [([UInt8], UInt16)])
  func `a malformed close ends with its code`(payload: [UInt8], code: UInt16) async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(closeFrame, payload))
      #expect(try await socket.closed() == code)
    }
  }

  @Test func `a reason of 123 octets is taken`() async throws {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(raw: frame(closeFrame, [3, 232] + [UInt8](repeating: 42, count: 123)))
      #expect(try await socket.closed() == 1000)
    }
  }

  @Test func `behind a close frame nothing is answered, and the server ends the connection`()
    async throws
  {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      socket.send(
        raw: frame(textFrame, text("last")) + frame(closeFrame, [3, 232])
          + frame(textFrame, text("too late")) + frame(pingFrame))
      #expect(try await socket.text() == "last")
      #expect(try await socket.receive() == .close(code: 1000, reason: ""))
      try await socket.connection.closed()
    }
  }

  // MARK: 9 to 10: size

  /// A fragment's length, and the message's.
  static let sizes: [(Int, Int)] = [
    (1 << 16, 1 << 16), (1 << 20, 1 << 20), (64, 1 << 18), (1024, 1 << 20), (1 << 16, 1 << 22),
    (1 << 24, 1 << 24),
  ]

  @Test(arguments: sizes)
  func `large messages come back, in fragments however small`(fragment: Int, length: Int)
    async throws
  {
    try await withServer { server in
      let socket = try await server.webSocket("/echo")
      let payload = [UInt8](repeating: 0x2a, count: length)
      let sender = WebSocketSender(side: .client, fragmentOctets: fragment) { 0x1234_5678 }
      socket.send(raw: sender.binary(payload))
      let answer = try await socket.receive(within: .seconds(60))
      let isSame = answer == .binary(payload)
      #expect(isSame)
    }
  }
}

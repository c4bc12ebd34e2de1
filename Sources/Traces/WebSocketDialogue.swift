import Cryptography
import PacketCore

/// A WebSocket connection after its HTTP upgrade (RFC 6455): plain texts, or a chat's Socket.IO
/// events over Engine.IO.
struct WebSocketDialogue: Dialogue {
  private var numbers: SeededNumbers
  private let host: String
  private let isChat: Bool
  private let user: String
  private let room: String
  private let milliseconds: Int64
  private var said = 0

  /// - Parameter connection: Names the user and the room.
  init(
    _ numbers: SeededNumbers, host: String, connection: Int, isChat: Bool, start: Timestamp
  ) {
    self.numbers = numbers
    self.host = host
    self.isChat = isChat
    user = "user\(connection)"
    room = ["lobby", "dev", "ops", "random", "support"][connection % 5]
    milliseconds = start.seconds &* 1000
  }

  var handshakeLength: Int { 2 }

  mutating func greetings() -> [Utterance] {
    var utterances = upgrade()
    guard isChat else { return utterances }
    let sid = Self.hexadecimal(numbers.octets(10))
    let session = Self.hexadecimal(numbers.octets(10))
    utterances.append(
      text(
        false, "eio.open",
        "0{\"sid\":\"\(sid)\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
          + "\"maxPayload\":1000000}"))
    utterances.append(text(true, "sio.connect", "40"))
    utterances.append(text(false, "sio.connect", "40{\"sid\":\"\(session)\"}"))
    let join = "{\"user\":\"\(user)\",\"room\":\"\(room)\"}"
    utterances.append(text(true, "sio.event", "42[\"join\",\(join)]"))
    utterances.append(text(false, "sio.event", "42[\"joined\",\(join)]"))
    return utterances
  }

  /// RFC 6455 section 4: the request with its key, and the answer that proves it was read.
  private mutating func upgrade() -> [Utterance] {
    let key = Self.base64(numbers.octets(16))
    let target = isChat ? "/socket.io/?EIO=4&transport=websocket" : "/"
    let request = """
      GET \(target) HTTP/1.1\r
      Host: \(host)\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Key: \(key)\r
      Sec-WebSocket-Version: 13\r
      Origin: http://\(host)\r
      \r

      """
    let proof = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    let response = """
      HTTP/1.1 101 Switching Protocols\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Accept: \(Self.base64(SHA1.digest(proof) ?? []))\r
      \r

      """
    return [
      Utterance(
        fromClient: true,
        TraceMessage(
          kind: "http.request", text: "GET \(target) HTTP/1.1", octets: Array(request.utf8))),
      Utterance(
        fromClient: false,
        TraceMessage(
          kind: "http.response", text: "HTTP/1.1 101 Switching Protocols",
          octets: Array(response.utf8))),
    ]
  }

  mutating func say(_ count: Int, fromClient: Bool) -> Utterance {
    var utterance = Utterance(fromClient: fromClient, [])
    for _ in 0..<count {
      said += 1
      let words = Words.sentence(&numbers)
      guard isChat else {
        let message = frame(fromClient, "websocket.text", "message \(said) " + words)
        utterance.messages.append(message)
        continue
      }
      let event =
        fromClient
        ? "{\"user\":\"\(user)\",\"room\":\"\(room)\",\"seq\":\(said),\"text\":\"\(words)\"}"
        : "{\"user\":\"user\(numbers.below(5000))\",\"room\":\"\(room)\",\"seq\":\(said),"
          + "\"text\":\"\(words)\",\"ts\":\(milliseconds &+ Int64(said))}"
      utterance.messages.append(
        frame(fromClient, "sio.event", "42[\"message\",\(event)]"))
    }
    return utterance
  }

  mutating func farewells() -> [Utterance] {
    // RFC 6455 section 7.4.1: 1000 is a normal closure.
    let code: [UInt8] = [0x03, 0xe8]
    return [true, false].map { fromClient in
      Utterance(
        fromClient: fromClient,
        TraceMessage(
          kind: "websocket.close", text: "1000",
          octets: octets(opcode: 8, code, fromClient: fromClient)))
    }
  }

  // MARK: - Frames

  private mutating func text(_ fromClient: Bool, _ kind: String, _ text: String) -> Utterance {
    Utterance(fromClient: fromClient, frame(fromClient, kind, text))
  }

  private mutating func frame(
    _ fromClient: Bool, _ kind: String, _ text: String
  ) -> TraceMessage {
    TraceMessage(
      kind: kind, text: text,
      octets: octets(opcode: 1, Array(text.utf8), fromClient: fromClient))
  }

  /// One whole frame, masked when the client sends it. RFC 6455 section 5.2.
  ///
  /// What is to break a rule, to be cut into fragments or compressed is changed here.
  private mutating func octets(
    opcode: UInt8, _ payload: [UInt8], fromClient: Bool
  ) -> [UInt8] {
    var writer = ByteWriter()
    let mask: UInt8 = fromClient ? 0x80 : 0
    writer.write(0x80 | opcode)
    switch payload.count {
    case ..<126: writer.write(mask | UInt8(payload.count))
    case ..<65_536:
      writer.write(mask | 126)
      writer.write(UInt16(payload.count))
    default:
      writer.write(mask | 127)
      writer.write(UInt64(payload.count))
    }
    guard fromClient else {
      writer.write(payload)
      return writer.bytes
    }
    let key = numbers.octets(4)
    writer.write(key)
    writer.write(payload.indices.lazy.map { payload[$0] ^ key[$0 & 3] })
    return writer.bytes
  }

  // MARK: - Texts of octets

  private static func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func base64(_ octets: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: octets.count, by: 3) {
      let group = octets[start..<min(start + 3, octets.count)]
      var word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for position in 0..<4 {
        text.append(position <= group.count ? alphabet[Int(word >> 18 & 63)] : "=")
        word <<= 6
      }
    }
    return text
  }
}

import Cryptography
import PacketCore
import Protocols

/// A WebSocket connection after its HTTP upgrade (RFC 6455): plain texts, or a chat's Socket.IO
/// events over Engine.IO.
struct WebSocketDialogue: Dialogue {
  /// Masking keys, the same for the same seed: nobody is to be kept from guessing them here.
  private final class Keys {
    private var numbers: SeededNumbers
    init(_ numbers: SeededNumbers) { self.numbers = numbers }
    func next() -> UInt32 { UInt32(truncatingIfNeeded: numbers.next()) }
  }

  private let options: TraceOptions
  private var numbers: SeededNumbers
  private let host: String
  private let user: String
  private let room: String
  private let keys: Keys
  private let client: WebSocketSender
  private let server: WebSocketSender
  private var said = 0

  /// - Parameter connection: Names the user and the room.
  init(_ options: TraceOptions, _ numbers: SeededNumbers, host: String, connection: Int) {
    self.options = options
    self.numbers = numbers
    self.host = host
    user = "user\(connection)"
    room = ["lobby", "dev", "ops", "random", "support"][connection % 5]
    let keys = Keys(SeededNumbers(seed: options.seed ^ 0x6d61_736b, part: connection))
    self.keys = keys
    let deflate = options.isCompressed ? PerMessageDeflate() : nil
    let fragment = options.fragmentOctets ?? .max
    client = WebSocketSender(
      side: .client, deflate: deflate, fragmentOctets: fragment, makeKey: keys.next)
    server = WebSocketSender(
      side: .server, deflate: deflate, fragmentOctets: fragment, makeKey: keys.next)
  }

  var handshakeLength: Int { 2 }

  private var isChat: Bool { options.content == .chat }

  mutating func greetings() -> [Utterance] {
    let upgrade = upgrade()
    guard isChat else { return upgrade }
    let sid = JSONValue.string(hexadecimal(10))
    let join: JSONValue = ["user": .string(user), "room": .string(room)]
    let open = EngineIOPacket.open(sid: hexadecimal(10)).message()
    return upgrade + [
      Utterance(fromClient: false, text(false, "eio.open", open)),
      Utterance(fromClient: true, packet(true, SocketIOPacket(.connect))),
      Utterance(fromClient: false, packet(false, SocketIOPacket(.connect, data: ["sid": sid]))),
      Utterance(fromClient: true, packet(true, .event("join", [join]))),
      Utterance(fromClient: false, packet(false, .event("joined", [join]))),
    ]
  }

  /// RFC 6455 section 4: the request with its key, and the answer that proves it was read.
  private mutating func upgrade() -> [Utterance] {
    let key = Base64.encode(numbers.octets(16))
    let target = isChat ? "/socket.io/?EIO=4&transport=websocket" : "/"
    let proof = key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    let accept = Base64.encode(SHA1.digest(proof) ?? [])
    func extensions(_ element: WebSocketExtension) -> String {
      options.isCompressed ? "Sec-WebSocket-Extensions: \(element.text)\r\n" : ""
    }
    let deflate = PerMessageDeflate()
    return [
      head(
        true, "GET \(target) HTTP/1.1",
        "Host: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
          + String(decoding: key, as: UTF8.self) + "\r\nSec-WebSocket-Version: 13\r\n"
          + "Origin: http://\(host)\r\n" + extensions(deflate.offer)),
      head(
        false, "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
          + String(decoding: accept, as: UTF8.self) + "\r\n" + extensions(deflate.answer)),
    ]
  }

  private func head(_ fromClient: Bool, _ line: String, _ fields: String) -> Utterance {
    Utterance(
      fromClient: fromClient,
      TraceMessage(
        kind: fromClient ? "http.request" : "http.response", text: line,
        octets: Array("\(line)\r\n\(fields)\r\n".utf8)))
  }

  mutating func say(_ count: Int, fromClient: Bool) -> Utterance {
    var utterance = Utterance(fromClient: fromClient, [])
    for _ in 0..<count {
      said += 1
      let words = Words.sentence(&numbers)
      guard isChat else {
        let line = Array("message \(said) \(words)".utf8)
        utterance.messages.append(text(fromClient, "websocket.text", line))
        continue
      }
      let speaker = fromClient ? user : "user\(numbers.below(5000))"
      var members: [JSONValue.Member] = [
        .init("user", .string(speaker)), .init("room", .string(room)),
        .init("seq", .number("\(said)")), .init("text", .string(words)),
      ]
      if !fromClient {
        let time = options.start.seconds &* 1000 &+ Int64(said)
        members.append(.init("ts", .number("\(time)")))
      }
      utterance.messages.append(
        packet(fromClient, .event("message", [.object(members)])))
    }
    return utterance
  }

  mutating func farewells() -> [Utterance] {
    guard let violation = options.violation else {
      let code = options.closeCode ?? 1000
      return [close(true, code), close(false, code)]
    }
    let wrong = Utterance(
      fromClient: violation.isOfClient, violation.messages(key: keys.next()))
    // RFC 6455 section 7.1.7: the other end says why it fails the connection.
    return [wrong, close(!violation.isOfClient, violation.rule.closingCode)]
  }

  // MARK: - Messages

  private func close(_ fromClient: Bool, _ code: UInt16) -> Utterance {
    Utterance(
      fromClient: fromClient,
      TraceMessage(
        kind: "websocket.close", text: "\(code)",
        octets: (fromClient ? client : server).close(code)))
  }

  private func packet(_ fromClient: Bool, _ packet: SocketIOPacket) -> TraceMessage {
    text(
      fromClient, packet.type == .connect ? "sio.connect" : "sio.event",
      EngineIOPacket(.message, packet.encoded.text).message())
  }

  private func text(_ fromClient: Bool, _ kind: String, _ octets: [UInt8]) -> TraceMessage {
    TraceMessage(
      kind: kind, text: String(decoding: octets, as: UTF8.self),
      octets: (fromClient ? client : server).message(.text, octets))
  }

  private mutating func hexadecimal(_ count: Int) -> String {
    numbers.octets(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

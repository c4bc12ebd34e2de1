import Cryptography
import PacketCore
import Protocols

/// A way to carry Engine.IO packets: what `ChatConnection` has of it. On the event loop.
protocol Transport: AnyObject {
  func send(_ packets: [EngineIOPacket])
  /// Ends it without a word back.
  func close()
  /// Stops reading, and goes on.
  func pause(_ isPaused: Bool)
}

/// What a transport says.
struct TransportCallbacks {
  var received: (EngineIOPacket) -> Void
  /// Called once, unless `close` was called.
  var ended: (TransportEnd) -> Void
}

/// Octets that a server may send at most, as one message or one body.
enum ReceiveLimits {
  static let messageOctets = 8 << 20

  static var webSocket: Limits {
    var limits = Limits()
    limits.messageOctets = messageOctets
    return limits
  }
}

/// Engine.IO over WebSocket, from the first packet on. RFC 6455.
final class WebSocketTransport: Transport {
  private let connection: OctetConnection
  private let callbacks: TransportCallbacks
  private let key: String
  private var response: HTTPResponseReader? = HTTPResponseReader(bodyOctets: 64 << 10)
  private let receiver = WebSocketReceiver(from: .server, limits: ReceiveLimits.webSocket)
  // The system's generator is cryptographic, as RFC 6455 section 5.3 asks of masking keys.
  private let sender = WebSocketSender(side: .client) { UInt32.random(in: 0 ... .max) }
  private var isOver = false

  init(
    to address: ServerAddress, over connection: OctetConnection, timeout: Duration,
    _ callbacks: TransportCallbacks
  ) {
    self.connection = connection
    self.callbacks = callbacks
    // RFC 6455 section 4.1: "a randomly selected 16-byte value that has been base64-encoded".
    key = String(
      decoding: Base64.encode((0..<16).map { _ in UInt8.random(in: 0...255) }), as: UTF8.self)
    connection.open(
      to: address, timeout: timeout,
      .init(
        opened: { [unowned self] in ask(address) },
        received: { [self] in receive($0) },
        ended: { [self] in finish($0) }))
  }

  private func ask(_ address: ServerAddress) {
    let request = HTTPRequestHead(
      "GET", address.path + "?EIO=4&transport=websocket",
      fields: [
        ("Host", address.hostField), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"),
        ("User-Agent", "netlab"),
      ])
    var writer = ByteWriter()
    request.write(to: &writer)
    connection.write(writer.bytes)
  }

  func send(_ packets: [EngineIOPacket]) {
    guard response == nil, !isOver, !sender.isClosed else { return }
    var octets: [UInt8] = []
    for packet in packets {
      // The goodbye of a session over WebSocket is WebSocket's own, as the JavaScript client does.
      if packet.type == .close {
        octets += sender.close(1000)
        break
      }
      octets += sender.message(packet.isBinary ? .binary : .text, packet.message())
    }
    connection.write(octets)
  }

  func close() {
    guard !isOver else { return }
    isOver = true
    if response == nil, !sender.isClosed { connection.write(sender.close(1000)) }
    connection.close()
  }

  func pause(_ isPaused: Bool) { connection.pause(isPaused) }

  private func finish(_ end: TransportEnd) {
    guard !isOver else { return }
    isOver = true
    connection.close()
    callbacks.ended(end)
  }

  private func receive(_ octets: [UInt8]) {
    guard response != nil else { return read(octets) }
    do {
      guard let answer = try response?.take(octets) else { return }
      guard let rest = response?.rest, judge(answer) else { return }
      response = nil
      read(rest)
    } catch {
      finish(.violated("the answer is not HTTP as it should be (\(error))"))
    }
  }

  /// RFC 6455 section 4.1: what the client must find in the answer, or else fail the connection.
  private func judge(_ answer: HTTPReceivedResponse) -> Bool {
    guard answer.head.code == 101 else {
      finish(
        .rejected(
          status: answer.head.code, words: " \(answer.head.phrase) to the request for WebSocket"))
      return false
    }
    let expected = HTTPResponseHead.accepting(webSocketKey: key)?.fields
      .first { $0.name == "Sec-WebSocket-Accept" }?.value
    guard answer.list("Upgrade", holds: "websocket"), answer.list("Connection", holds: "upgrade"),
      let expected, answer.value(of: "Sec-WebSocket-Accept") == expected
    else {
      finish(.violated("the change to WebSocket is not confirmed"))
      return false
    }
    // Neither was offered.
    guard answer.value(of: "Sec-WebSocket-Extensions") == nil,
      answer.value(of: "Sec-WebSocket-Protocol") == nil
    else {
      finish(.violated("a WebSocket extension that was not offered"))
      return false
    }
    return true
  }

  private func read(_ octets: [UInt8]) {
    receiver.take(octets)
    do {
      while !isOver, let event = try receiver.next() { try take(event) }
    } catch let rule as WebSocketRule {
      if !sender.isClosed { connection.write(sender.close(rule.closingCode)) }
      finish(.violated("WebSocket, \(rule.kind.message)"))
    } catch {
      finish(.violated("a packet that is none"))
    }
  }

  private func take(_ event: WebSocketReceiver.Event) throws {
    switch event {
    case .text(let text):
      callbacks.received(try EngineIOPacket(message: Array(text.utf8), isBinary: false))
    case .binary(let octets):
      callbacks.received(try EngineIOPacket(message: octets, isBinary: true))
    case .ping(let octets): if !sender.isClosed { connection.write(sender.pong(octets)) }
    case .pong: break
    case .close(let code, let reason):
      if !sender.isClosed { connection.write(sender.close(code)) }
      let words = [code.map { "\($0)" } ?? "", reason].filter { !$0.isEmpty }
      let tail = words.isEmpty ? "" : " (\(words.joined(separator: " ")))"
      finish(.closed("the server closed the connection\(tail)"))
    }
  }
}

import NIOCore
import NIOHTTP1
import Protocols

/// One Engine.IO session, whichever transport carries it. Engine.IO protocol revision 4.
final class EngineSession: WebSocketUser, DeadlineOwner {
  let state: ServerState
  let id: String
  let request: HTTPRequest
  private(set) var transport: EngineTransport
  private var user: (any EngineUser)?
  private var heartbeat: Heartbeat
  private let deadline = Deadline()
  /// When the client must have connected to a namespace, or the WebSocket must have taken over.
  private var connectBy: NIODeadline?
  private var upgradeBy: NIODeadline?
  /// The WebSocket that carries the session, or is about to.
  private(set) var socket: WebSocketHandler?
  private var poll: HTTPHandler?
  /// Packets for the next GET, as they stand in its body.
  private var packets: [[UInt8]] = []
  private var packetOctets = 0
  private var isWaitingToFlush = false
  /// It began with polling, and is counted for its address.
  private let hasPolled: Bool

  init(
    _ state: ServerState, id: String, request: HTTPRequest, socket: WebSocketHandler?,
    user: any EngineUser
  ) {
    self.state = state
    self.id = id
    self.request = request
    self.socket = socket
    self.user = user
    hasPolled = socket == nil
    transport = EngineTransport(socket == nil ? .polling : .webSocket)
    let now = NIODeadline.now()
    heartbeat = Heartbeat(
      interval: state.configuration.pingInterval, timeout: state.configuration.pingTimeout,
      now: now)
    connectBy = now + state.configuration.connectTimeout
    deadline.owner = self
    setDeadline()
  }

  var isClosed: Bool { transport.state == .closed }

  /// The handshake; the same for all but the session's name.
  private var openPacket: [UInt8] {
    let configuration = state.configuration
    return EngineIOPacket.open(
      sid: id, upgrades: socket == nil ? ["websocket"] : [],
      pingInterval: Int(configuration.pingInterval.nanoseconds / 1_000_000),
      pingTimeout: Int(configuration.pingTimeout.nanoseconds / 1_000_000),
      maxPayload: configuration.maxPayload
    ).message()
  }

  /// Says so to the client, and to what stands above.
  ///
  /// - Returns: The answer to the request, where polling carries it.
  func open() -> HTTPResponse? {
    var response: HTTPResponse?
    if let socket {
      socket.user = self
      socket.send(.text, openPacket)
    } else {
      response = HTTPResponse.payload([openPacket])
    }
    user?.opened(self)
    return response
  }

  // MARK: Sending

  /// Sends a packet: its type and its text.
  func send(text: [UInt8]) {
    switch transport.state {
    case .webSocket: socket?.send(.text, text)
    case .polling, .probing: enqueue(text)
    case .closed: break
    }
  }

  /// Sends a message of octets.
  func send(binary octets: [UInt8]) {
    switch transport.state {
    case .webSocket: socket?.send(.binary, octets)
    case .polling, .probing: enqueue(EngineIOPacket(binary: octets).text())
    case .closed: break
    }
  }

  /// Sends a message.
  func send(_ message: SocketMessage) {
    switch message {
    case .text(let text): send(text: [0x34] + text)
    case .binary(let octets): send(binary: octets)
    }
  }

  private func enqueue(_ packet: [UInt8]) {
    packets.append(packet)
    packetOctets += packet.count + 1
    if packetOctets > state.configuration.sendQueueOctets {
      state.log(.notice, "\(request.remoteAddress) does not fetch what waits for it: closed")
      close(.tooSlow)
    } else if transport.isPollWaiting, !isWaitingToFlush {
      isWaitingToFlush = true
      state.willSend(self)
    }
  }

  /// Answers the waiting GET with what there is.
  func flushPoll() {
    isWaitingToFlush = false
    guard transport.isPollWaiting, !packets.isEmpty else { return }
    answerPoll(takePackets())
  }

  private func takePackets() -> HTTPResponse {
    let body = packets
    packets = []
    packetOctets = 0
    return HTTPResponse.payload(body)
  }

  private func answerPoll(_ response: HTTPResponse) {
    transport.pollEnded()
    let poll = self.poll
    self.poll = nil
    poll?.respondToPoll(response)
  }

  private static let noop: [UInt8] = [0x36]

  // MARK: Polling

  /// A GET. Returns its answer; nil when it waits.
  func get(_ handler: HTTPHandler) -> HTTPResponse? {
    switch transport.get(hasPackets: !packets.isEmpty) {
    case .deliver: return takePackets()
    case .noop: return HTTPResponse.payload([Self.noop])
    case .wait:
      poll = handler
      handler.wait(for: self)
      return nil
    case .overlap:
      close(.transportError)
      return EngineRefusal.badRequest.response
    case .refuse: return EngineRefusal.badRequest.response
    }
  }

  /// The client has left the connection whose GET waits. The JavaScript server ends the session too:
  /// what would have been sent is lost.
  func pollGone() {
    poll = nil
    transport.pollEnded()
    close(.transportError)
  }

  /// A POST. Returns its answer.
  func post(_ request: HTTPRequest) -> HTTPResponse? {
    guard transport.takesPost else { return EngineRefusal.badRequest.response }
    let packets: [EngineIOPacket]
    do {
      // A body has a packet at least.
      guard !request.body.isEmpty else { throw EngineIOError.empty }
      packets = try EngineIOPayload.decode(request.body)
    } catch {
      close(.parseError)
      return EngineRefusal.badRequest.response
    }
    for packet in packets {
      guard !isClosed else { break }
      take(packet)
    }
    return HTTPResponse(
      .ok, headers: ["content-type": "text/html", "cache-control": "no-store"],
      body: Array("ok".utf8))
  }

  private func take(_ packet: EngineIOPacket) {
    switch packet.type {
    case .message:
      user?.received(packet.isBinary ? .binary(packet.data) : .text(packet.data), from: self)
    case .pong: pong()
    case .close:
      if transport.isPollWaiting { answerPoll(HTTPResponse.payload([Self.noop])) }
      close(.transportClosed)
    // Pings are the server's in revision 4.
    case .ping: close(.transportError)
    // They say nothing here; the JavaScript server lets them be, too.
    case .open, .upgrade, .noop: break
    }
  }

  // MARK: WebSocket

  /// A WebSocket names the session, to carry it on.
  func attach(_ socket: WebSocketHandler) {
    guard transport.attach() else {
      socket.close(1000, reason: .transportClosed)
      return
    }
    self.socket = socket
    socket.user = self
    upgradeBy = .now() + state.configuration.upgradeTimeout
    setDeadline()
  }

  func received(_ message: SocketMessage, on socket: WebSocketHandler) {
    switch message {
    case .binary:
      guard transport.state == .webSocket else { return drop(socket) }
      user?.received(message, from: self)
    case .text(let text):
      guard let first = text.first else { return close(.parseError) }
      guard transport.state == .webSocket else { return probed(text, socket) }
      // "4": a message. The common case, first.
      if first == 0x34 {
        user?.received(.text(Array(text[1...])), from: self)
        return
      }
      guard let packet = try? EngineIOPacket(message: text, isBinary: false) else {
        return close(.parseError)
      }
      take(packet)
    }
  }

  /// What comes on a WebSocket before it carries the session.
  private func probed(_ text: [UInt8], _ socket: WebSocketHandler) {
    if text == Array("2probe".utf8), transport.probe() {
      socket.send(.text, Array("3probe".utf8))
      // The client takes over when no GET of it waits.
      if transport.isPollWaiting {
        answerPoll(packets.isEmpty ? HTTPResponse.payload([Self.noop]) : takePackets())
      }
    } else if text == [0x35], transport.upgrade() {
      upgradeBy = nil
      if transport.isPollWaiting { answerPoll(HTTPResponse.payload([Self.noop])) }
      let waiting = packets
      packets = []
      packetOctets = 0
      for packet in waiting { resend(packet, on: socket) }
    } else {
      drop(socket)
    }
  }

  /// Polling has base64 for octets.
  private func resend(_ packet: [UInt8], on socket: WebSocketHandler) {
    if packet.first == 0x62, let binary = try? EngineIOPacket(text: packet) {
      socket.send(.binary, binary.data)
    } else {
      socket.send(.text, packet)
    }
  }

  /// Closes a WebSocket that does not keep to the upgrade; polling goes on.
  private func drop(_ socket: WebSocketHandler) {
    socket.close(1002, reason: .transportError)
  }

  func closed(_ socket: WebSocketHandler, _ reason: SocketEnd) {
    guard socket === self.socket else { return }
    self.socket = nil
    upgradeBy = nil
    if transport.detach() { finish(reason) }
  }

  // MARK: Time

  private func pong() {
    heartbeat.pong(.now())
    setDeadline()
  }

  private func setDeadline() {
    var time = heartbeat.next
    if let connectBy, connectBy < time { time = connectBy }
    if let upgradeBy, upgradeBy < time { time = upgradeBy }
    state.set(deadline, to: time)
  }

  func deadlineCame(_ now: NIODeadline) {
    if let time = connectBy, time <= now {
      connectBy = nil
      user?.connectTimeoutCame(self)
    }
    if let time = upgradeBy, time <= now {
      upgradeBy = nil
      if let socket { drop(socket) }
    }
    guard !isClosed else { return }
    switch heartbeat.pass(now) {
    case .wait: break
    case .ping: send(text: [0x32])
    case .timeout: return close(.pingTimeout)
    }
    setDeadline()
  }

  // MARK: The end

  /// Ends the session, and tells the client.
  func close(_ reason: SocketEnd) {
    guard !isClosed else { return }
    let carrier = transport.state
    if transport.isPollWaiting {
      packets.append([0x31])
      answerPoll(takePackets())
    }
    transport.close()
    if let socket {
      self.socket = nil
      if carrier == .webSocket, reason == .serverStops || reason == .serverLeft {
        socket.send(.text, [0x31])
      }
      switch reason {
      case .serverStops: socket.close(1001, reason: reason)
      case .tooSlow: socket.drop(reason)
      case .parseError: socket.close(1002, reason: reason)
      default: socket.close(1000, reason: reason)
      }
    }
    finish(reason)
  }

  private func finish(_ reason: SocketEnd) {
    transport.close()
    state.cancel(deadline)
    state.sessions[id] = nil
    if hasPolled { state.leavePolling(request.remoteAddress) }
    packets = []
    let user = self.user
    self.user = nil
    user?.closed(self, reason)
  }
}

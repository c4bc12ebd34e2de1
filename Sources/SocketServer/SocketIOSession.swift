import NIOCore
import Protocols

/// Socket.IO in one Engine.IO session: its namespaces, their sockets, events and acknowledgments.
/// Socket.IO protocol revision 5.
final class SocketIOSession: EngineUser {
  /// A namespace that the client has asked for.
  private enum Seat {
    /// The application has not decided; packets that came meanwhile.
    case deciding(Socket, [(packet: SocketIOPacket, payload: [UInt8]?)])
    case taken(Socket)
    /// The server has left it; what the client sent before it knew is nothing.
    case left
  }

  private let application: any SocketApplication
  private let namespaces: Set<String>
  private(set) var engine: EngineSession?
  private var decoder = SocketIODecoder()
  private var seats: [(namespace: String, seat: Seat)] = []
  private var attachmentOctets = 0
  /// Was connected to a namespace once.
  private var hasConnected = false

  init(_ application: any SocketApplication, _ namespaces: Set<String>) {
    self.application = application
    self.namespaces = namespaces
  }

  func opened(_ session: EngineSession) { engine = session }

  private func place(_ namespace: String) -> Int? {
    seats.firstIndex { $0.namespace == namespace }
  }

  // MARK: From the client

  func received(_ message: SocketMessage, from session: EngineSession) {
    let packet: SocketIOPacket?
    var payload: [UInt8]?
    do {
      switch message {
      case .text(let text):
        attachmentOctets = 0
        if let event = SocketIODecoder.event(text), !decoder.isWaiting {
          payload = event.payload
          packet = event.packet
        } else {
          packet = try decoder.take(text: text)
        }
      case .binary(let octets):
        attachmentOctets += octets.count
        guard attachmentOctets <= 8 * session.state.configuration.maxPayload else {
          return session.close(.parseError)
        }
        packet = try decoder.take(binary: octets)
      }
    } catch {
      return session.close(.parseError)
    }
    if let packet { take(packet, payload) }
  }

  private func take(_ packet: SocketIOPacket, _ payload: [UInt8]? = nil) {
    if packet.type == .connect { return connect(packet) }
    guard let place = place(packet.namespace) else {
      engine?.close(.parseError)
      return
    }
    switch seats[place].seat {
    case .left:
      if packet.type == .disconnect { seats.remove(at: place) }
    case .deciding(let socket, var waiting):
      guard waiting.count < engine?.state.configuration.waitingPackets ?? 0 else {
        engine?.close(.parseError)
        return
      }
      waiting.append((packet, payload))
      seats[place].seat = .deciding(socket, waiting)
    case .taken(let socket): take(packet, payload, socket)
    }
  }

  private func take(_ packet: SocketIOPacket, _ payload: [UInt8]?, _ socket: Socket) {
    switch packet.type {
    case .event, .binaryEvent:
      guard let event = event(packet, payload, socket) else {
        engine?.close(.parseError)
        return
      }
      application.receive(event, from: socket)
    case .ack, .binaryAck:
      guard let id = packet.id, case .array(let arguments)? = packet.data else { return }
      socket.link?.value.acknowledge(id, arguments)
    case .disconnect:
      seats.removeAll { $0.namespace == packet.namespace }
      end(socket, .clientLeft)
    default: engine?.close(.parseError)
    }
  }

  private func event(
    _ packet: SocketIOPacket, _ payload: [UInt8]?, _ socket: Socket
  ) -> SocketEvent? {
    var event: SocketEvent
    if let payload, case .string(let name)? = packet.data {
      event = SocketEvent(name: name, payload: payload)
    } else {
      guard case .array(let elements)? = packet.data, let first = elements.first else {
        return nil
      }
      switch first {
      case .string(let name), .number(let name):
        event = SocketEvent(name: name, arguments: Array(elements.dropFirst()))
      default: return nil
      }
    }
    if let id = packet.id, let link = socket.link {
      let answer = NIOLoopBoundBox(
        Acknowledgment(session: self, namespace: packet.namespace, id: id),
        eventLoop: link.eventLoop)
      event.acknowledge = { arguments in
        guard link.eventLoop.inEventLoop else {
          return link.eventLoop.execute { answer.value.send(arguments) }
        }
        answer.value.send(arguments)
      }
    }
    return event
  }

  /// The answer that a client waits for; the first call counts.
  private struct Acknowledgment {
    weak var session: SocketIOSession?
    let namespace: String
    let id: UInt64

    mutating func send(_ arguments: [JSONValue]) {
      session?.acknowledge(id, arguments, namespace)
      session = nil
    }
  }

  private func acknowledge(_ id: UInt64, _ arguments: [JSONValue], _ namespace: String) {
    guard let place = place(namespace), case .taken = seats[place].seat else { return }
    send(.ack(id, arguments, namespace: namespace))
  }

  // MARK: Connecting

  private func connect(_ packet: SocketIOPacket) {
    guard let engine else { return }
    let namespace = packet.namespace
    if let place = place(namespace) {
      // A namespace is connected to once.
      guard case .left = seats[place].seat else { return engine.close(.parseError) }
      seats.remove(at: place)
    }
    guard namespaces.contains(namespace) else {
      return send(.connectError("Invalid namespace", namespace: namespace))
    }
    guard let id = engine.state.makeID() else { return engine.close(.transportError) }
    let socket = Socket(id: id, namespace: namespace, request: engine.request, session: self)
    seats.append((namespace, .deciding(socket, [])))
    let bound = NIOLoopBound(self, eventLoop: engine.state.loop)
    let (application, loop, payload) = (application, engine.state.loop, packet.data)
    Task {
      let admission = await application.admit(socket, with: payload)
      loop.execute { bound.value.decided(admission, socket) }
    }
  }

  private func decided(_ admission: SocketAdmission, _ socket: Socket) {
    guard let engine, let place = place(socket.namespace),
      case .deciding(let decided, let waiting) = seats[place].seat, decided === socket
    else {
      // The client has gone meanwhile: who was let in for it must be let go of.
      if case .accepted = admission { end(socket, .transportClosed) }
      return
    }
    switch admission {
    case .refused(let words):
      seats[place].seat = .left
      send(.connectError(words, namespace: socket.namespace))
    case .accepted:
      seats[place].seat = .taken(socket)
      hasConnected = true
      socket.link?.value.isConnected = true
      send(
        SocketIOPacket(.connect, namespace: socket.namespace, data: ["sid": .string(socket.id)]))
      application.connected(socket)
      for (packet, payload) in waiting where !engine.isClosed { take(packet, payload) }
    }
  }

  func connectTimeoutCame(_ session: EngineSession) {
    let isDeciding = seats.contains {
      if case .deciding = $0.seat { true } else { false }
    }
    if !hasConnected, !isDeciding { session.close(.serverLeft) }
  }

  // MARK: To the client

  func send(_ packet: SocketIOPacket) {
    guard let engine else { return }
    let (text, attachments) = packet.encoded
    engine.send(text: [0x34] + text)
    for attachment in attachments { engine.send(binary: attachment) }
  }

  // MARK: The end

  /// The server leaves a namespace.
  func disconnect(_ namespace: String, closing: Bool) {
    guard let engine, let place = place(namespace) else { return }
    if case .taken(let socket) = seats[place].seat {
      send(SocketIOPacket(.disconnect, namespace: namespace))
      seats[place].seat = .left
      end(socket, .serverLeft)
    }
    if closing { engine.close(.serverLeft) }
  }

  private func end(_ socket: Socket, _ reason: SocketEnd) {
    socket.link?.value.end()
    application.disconnected(socket, reason)
  }

  func closed(_ session: EngineSession, _ reason: SocketEnd) {
    let all = seats
    seats = []
    engine = nil
    for (_, seat) in all {
      if case .taken(let socket) = seat { end(socket, reason) }
    }
  }
}

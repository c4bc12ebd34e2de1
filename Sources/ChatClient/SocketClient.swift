import Protocols

/// A Socket.IO client without I/O and without a clock: events in, actions out. It joins one
/// namespace, answers heartbeats, notices silence, and comes back after a loss. Engine.IO revision 4,
/// Socket.IO revision 5.
struct SocketClient {
  struct Settings {
    /// Tried in this order at each attempt.
    var transports = TransportKind.allCases
    var namespace = "/"
    /// From the attempt to the answer to CONNECT, for each transport.
    var openTimeout: Duration = .seconds(10)
    /// How long a parting server may take.
    var leaveTimeout: Duration = .seconds(1)
    var backoff = Backoff()
  }

  enum Event {
    case start
    /// A packet from the transport that was opened last.
    case packet(EngineIOPacket)
    /// That transport is gone, or there is none.
    case ended(TransportEnd)
    /// The deadline passed.
    case timer
    case leave
  }

  enum Action: Equatable {
    case open(TransportKind)
    case send([EngineIOPacket])
    /// Nothing more is wanted of the transport.
    case close
    case report(Report)
  }

  enum Report: Equatable {
    case connected
    case event(name: String, arguments: [JSONValue])
    case acknowledged(id: UInt64, arguments: [JSONValue])
    /// It will try again after the pause.
    case lost(TransportEnd, pause: Duration)
    /// The server will not have it: CONNECT_ERROR.
    case refused(String)
    /// The first attempt failed.
    case failed(TransportEnd)
    case left
  }

  enum Phase: Equatable {
    case idle
    /// Between two attempts.
    case resting(until: Duration)
    /// The transport and the server's handshake are awaited.
    case opening(Int, until: Duration)
    /// CONNECT was sent.
    case joining(until: Duration)
    case connected
    case leaving(until: Duration)
    case over
  }

  /// Sent with CONNECT.
  var payload: JSONValue?
  private(set) var phase = Phase.idle
  /// Octets of a packet that the server takes; from its handshake.
  private(set) var maxPayload: Int?
  private let settings: Settings
  private let random: @Sendable () -> Double
  private var backoff: Backoff
  private var decoder = SocketIODecoder(mostAttachments: 16)
  private var attachmentOctets = 0
  /// Silence that the server allows itself: its interval and its timeout.
  private var silence: Duration = .seconds(45)
  private var heartbeatUntil: Duration?
  private var lastID: UInt64 = 0
  private var wasConnected = false
  /// Events that overtook the answer to CONNECT: some servers greet before they answer.
  private var early: [Report] = []
  private static let mostEarly = 1000

  /// - Parameter random: From 0 up to 1, for the pauses.
  init(_ settings: Settings = Settings(), random: @escaping @Sendable () -> Double) {
    self.settings = settings
    self.random = random
    backoff = settings.backoff
  }

  /// When `timer` is due.
  var deadline: Duration? {
    switch phase {
    case .idle, .over: nil
    case .resting(let until), .opening(_, let until), .leaving(let until): until
    case .joining(let until): heartbeatUntil.map { min($0, until) } ?? until
    case .connected: heartbeatUntil
    }
  }

  /// An event for the server, whose acknowledgment will bear the id.
  mutating func emit(_ name: String, _ arguments: [JSONValue]) -> (id: UInt64, action: Action) {
    lastID &+= 1
    return (lastID, send(.event(name, arguments, namespace: settings.namespace, id: lastID)))
  }

  private func send(_ packet: SocketIOPacket) -> Action {
    let (text, attachments) = packet.encoded
    return .send(
      [EngineIOPacket(.message, text)] + attachments.map { EngineIOPacket(binary: $0) })
  }

  /// Takes an event.
  ///
  /// - Parameter now: Time since any start, of a clock that only goes forward.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    if phase == .over { return [] }
    switch event {
    case .start: return phase == .idle ? open(0, at: now) : []
    case .packet(let packet): return take(packet, at: now)
    case .ended(let end): return lose(end, at: now, isOpen: false)
    case .timer: return tick(at: now)
    case .leave: return leave(at: now)
    }
  }

  private mutating func open(_ index: Int, at now: Duration) -> [Action] {
    guard settings.transports.indices.contains(index) else { return [] }
    phase = .opening(index, until: now + settings.openTimeout)
    decoder = SocketIODecoder(mostAttachments: 16)
    attachmentOctets = 0
    early = []
    heartbeatUntil = nil
    return [.open(settings.transports[index])]
  }

  private mutating func tick(at now: Duration) -> [Action] {
    guard let deadline, deadline <= now else { return [] }
    switch phase {
    case .idle, .over: return []
    case .resting: return open(0, at: now)
    case .leaving:
      phase = .over
      return [.close, .report(.left)]
    case .opening, .joining, .connected: return lose(.timedOut, at: now, isOpen: true)
    }
  }

  private mutating func leave(at now: Duration) -> [Action] {
    switch phase {
    case .connected, .joining:
      phase = .leaving(until: now + settings.leaveTimeout)
      let goodbye = SocketIOPacket(.disconnect, namespace: settings.namespace).encoded.text
      return [.send([EngineIOPacket(.message, goodbye), EngineIOPacket(.close)])]
    case .leaving, .over: return []
    case .opening:
      phase = .over
      return [.close, .report(.left)]
    case .idle, .resting:
      phase = .over
      return [.report(.left)]
    }
  }

  /// The transport is gone (or, with `isOpen`, of no use any more).
  private mutating func lose(_ end: TransportEnd, at now: Duration, isOpen: Bool) -> [Action] {
    let closing: [Action] = isOpen ? [.close] : []
    heartbeatUntil = nil
    switch phase {
    case .idle, .over, .resting: return closing
    case .leaving:
      phase = .over
      return closing + [.report(.left)]
    case .opening(let index, _):
      // A host that does not answer answers no other transport either; one that answers wrongly may
      // have something between that knows no WebSocket.
      if end.isWorthAnotherTransport, settings.transports.indices.contains(index + 1) {
        return closing + open(index + 1, at: now)
      }
    case .joining, .connected: break
    }
    guard wasConnected else {
      phase = .over
      return closing + [.report(.failed(end))]
    }
    let pause = backoff.next(random())
    phase = .resting(until: now + pause)
    return closing + [.report(.lost(end, pause: pause))]
  }

  private mutating func take(_ packet: EngineIOPacket, at now: Duration) -> [Action] {
    switch packet.type {
    case .open:
      guard case .opening(_, let until) = phase else {
        return lose(.violated("a second handshake"), at: now, isOpen: true)
      }
      return begin(packet, at: now, until: until)
    case .ping:
      guard heartbeatUntil != nil else {
        return lose(.violated("a packet before the handshake"), at: now, isOpen: true)
      }
      heartbeatUntil = now + silence
      return [.send([EngineIOPacket(.pong, packet.data)])]
    case .close: return lose(.closed("the server closed the session"), at: now, isOpen: true)
    case .message:
      guard heartbeatUntil != nil else {
        return lose(.violated("a packet before the handshake"), at: now, isOpen: true)
      }
      do {
        guard let whole = try decode(packet) else { return [] }
        return take(whole, at: now)
      } catch {
        return lose(.violated("Socket.IO, \(error.words)"), at: now, isOpen: true)
      }
    case .pong, .upgrade, .noop: return []
    }
  }

  private mutating func begin(
    _ packet: EngineIOPacket, at now: Duration, until: Duration
  ) -> [Action] {
    guard let handshake = try? JSONValue(packet.data), handshake["sid"]?.text != nil,
      let interval = handshake["pingInterval"]?.milliseconds,
      let timeout = handshake["pingTimeout"]?.milliseconds
    else { return lose(.violated("a handshake without sid or times"), at: now, isOpen: true) }
    silence = interval + timeout
    heartbeatUntil = now + silence
    maxPayload = handshake["maxPayload"]?.integer.map { Int(clamping: $0) }
    phase = .joining(until: until)
    return [send(SocketIOPacket(.connect, namespace: settings.namespace, data: payload))]
  }

  /// Octets of the attachments that one packet may wait for.
  private static let mostAttachmentOctets = 1 << 20

  private mutating func decode(_ packet: EngineIOPacket) throws(SocketIODefect) -> SocketIOPacket? {
    guard packet.isBinary else {
      attachmentOctets = 0
      return try decoder.take(text: packet.data)
    }
    attachmentOctets += packet.data.count
    guard attachmentOctets <= Self.mostAttachmentOctets else { throw .tooManyAttachments }
    return try decoder.take(binary: packet.data)
  }

  private mutating func take(_ packet: SocketIOPacket, at now: Duration) -> [Action] {
    guard packet.namespace == settings.namespace else { return [] }
    switch (packet.type, phase) {
    case (.connect, .joining):
      phase = .connected
      wasConnected = true
      backoff.reset()
      defer { early = [] }
      return [.report(.connected)] + early.map { .report($0) }
    case (.connectError, .joining):
      phase = .over
      heartbeatUntil = nil
      let words = packet.data?["message"]?.text ?? packet.data?.text ?? "no reason given"
      return [.close, .report(.refused(words))]
    case (.disconnect, .connected), (.disconnect, .joining):
      return lose(.closed("the server ended the connection"), at: now, isOpen: true)
    case (.event, .connected), (.event, .joining), (.event, .leaving):
      guard case .array(let elements)? = packet.data, case .string(let name)? = elements.first
      else { return [] }
      let report = Report.event(name: name, arguments: Array(elements.dropFirst()))
      guard case .joining = phase else { return [.report(report)] }
      guard early.count < Self.mostEarly else {
        return lose(.violated("too many events before the connection"), at: now, isOpen: true)
      }
      early.append(report)
      return []
    // What was sent before the goodbye is acknowledged before the server hears that.
    case (.ack, .connected), (.ack, .leaving):
      guard let id = packet.id, case .array(let arguments)? = packet.data else { return [] }
      return [.report(.acknowledged(id: id, arguments: arguments))]
    default: return []
    }
  }
}

extension TransportEnd {
  fileprivate var isWorthAnotherTransport: Bool {
    switch self {
    case .unreachable, .connectionRefused: false
    case .rejected, .violated, .closed, .timedOut: true
    }
  }
}

extension JSONValue {
  /// A string's text; nil for anything else.
  var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// A number's value, fractions cut off; nil for anything else and beyond 64 bits.
  var integer: Int64? {
    guard case .number(let digits) = self else { return nil }
    if let whole = Int64(digits) { return whole }
    return Double(digits).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
  }

  /// A span that a server names, from nothing to a day.
  fileprivate var milliseconds: Duration? {
    integer.map { .milliseconds(min(max($0, 0), 86_400_000)) }
  }
}

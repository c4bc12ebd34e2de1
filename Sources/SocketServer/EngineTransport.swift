/// What carries an Engine.IO session, and what may follow what. Engine.IO protocol revision 4,
/// sections "Transports" and "Upgrade". Pure: the session does what it answers.
struct EngineTransport: Equatable {
  enum State: Equatable {
    case polling
    /// Still polling, and a WebSocket may take over.
    case probing(isProbed: Bool)
    case webSocket
    case closed
  }

  enum Get: Equatable {
    /// Answered with what waits to be sent.
    case deliver
    /// Answered with a noop, since a WebSocket takes over.
    case noop
    case wait
    /// Refused, and the session ends: its waiting GET gets a close packet.
    case overlap
    case refuse
  }

  private(set) var state: State
  /// A GET waits to be answered.
  private(set) var isPollWaiting = false

  init(_ state: State) { self.state = state }

  var isPolling: Bool {
    switch state {
    case .polling, .probing: true
    case .webSocket, .closed: false
    }
  }

  /// A GET came.
  mutating func get(hasPackets: Bool) -> Get {
    guard isPolling else { return .refuse }
    guard !isPollWaiting else { return .overlap }
    if hasPackets { return .deliver }
    if case .probing(isProbed: true) = state { return .noop }
    isPollWaiting = true
    return .wait
  }

  /// The waiting GET was answered, or its connection is gone.
  mutating func pollEnded() { isPollWaiting = false }

  /// Whether a POST may bring packets.
  var takesPost: Bool { isPolling }

  /// A WebSocket names the session. False: it is closed, and the session not touched.
  mutating func attach() -> Bool {
    guard state == .polling else { return false }
    state = .probing(isProbed: false)
    return true
  }

  /// `2probe` came on that WebSocket. False: not now.
  mutating func probe() -> Bool {
    guard case .probing = state else { return false }
    state = .probing(isProbed: true)
    return true
  }

  /// `5` came on it: everything goes there from now on.
  mutating func upgrade() -> Bool {
    guard state == .probing(isProbed: true) else { return false }
    state = .webSocket
    return true
  }

  /// That WebSocket is gone. Polling goes on when it had not taken over.
  ///
  /// - Returns: Whether the session is over.
  mutating func detach() -> Bool {
    switch state {
    case .probing:
      state = .polling
      return false
    case .polling: return false
    case .webSocket, .closed:
      state = .closed
      return true
    }
  }

  mutating func close() { state = .closed }
}

import Protocols

/// One member's stay in a room without I/O and without a clock: what is on its way, what was seen
/// already, who is here. It stands on a `SocketClient`.
struct ChatSession {
  enum Event {
    case socket(SocketClient.Event)
    /// A line of the user's.
    case say(String)
  }

  enum Action: Equatable {
    case open(TransportKind)
    case send([EngineIOPacket])
    case close
    case tell(ChatEvent)
  }

  private struct Pending {
    var message: Outgoing
    /// Of the emission on this connection; nil when it was not sent on it.
    var ackID: UInt64?
    /// Connections that were lost while it was on its way.
    var losses = 0
  }

  private(set) var socket: SocketClient
  private(set) var name: String
  private(set) var room: String?
  /// The last message of the room that came, sent at the next CONNECT: the server's answer begins
  /// behind it.
  private(set) var last: ChatMessageID?
  private var pending: [Pending] = []
  private var seen = RecentIDs(capacity: 1 << 16)
  /// Messages of this client that the server has.
  private var own = RecentIDs(capacity: 1 << 12)
  private var isConnected = false
  private var hasJoined = false
  /// The user leaves as soon as what was said is acknowledged, or at this time.
  private var leaveBy: Duration?
  private let makeKey: () -> String

  /// Connections that one message may cost: more is no accident, but the message.
  private static let mostLosses = 3
  /// How long leaving waits for acknowledgments.
  private static let leaveWait: Duration = .seconds(1)
  /// Lines that wait for a connection.
  static let mostPending = 1000

  /// - Parameters:
  ///   - room: Nil for a new one.
  ///   - makeKey: A name for a message that no other has.
  init(name: String, room: String?, socket: SocketClient, makeKey: @escaping () -> String) {
    self.name = name
    self.room = room
    self.socket = socket
    self.makeKey = makeKey
    self.socket.payload = payload
  }

  /// Messages that the server did not acknowledge yet.
  var unacknowledged: [Outgoing] { pending.map(\.message) }

  /// When the timer is due.
  var deadline: Duration? {
    guard let leaveBy else { return socket.deadline }
    return socket.deadline.map { min($0, leaveBy) } ?? leaveBy
  }

  private var payload: JSONValue {
    var members: [JSONValue.Member] = [.init("name", .string(name))]
    if let room { members.append(.init("room", .string(room))) }
    if let last { members.append(.init("after", last.value)) }
    return .object(members)
  }

  /// Takes an event.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    var actions: [Action]
    switch event {
    case .say(let text): return say(text)
    case .socket(.leave):
      // What was said a moment ago still gets its answer.
      if isConnected, !pending.isEmpty, leaveBy == nil {
        leaveBy = now + Self.leaveWait
        return []
      }
      leaveBy = nil
      actions = pass(.leave, at: now)
    case .socket(let event): actions = pass(event, at: now)
    }
    if let leaveBy, pending.isEmpty || !isConnected || leaveBy <= now {
      self.leaveBy = nil
      actions += pass(.leave, at: now)
    }
    return actions
  }

  private mutating func pass(_ event: SocketClient.Event, at now: Duration) -> [Action] {
    socket.payload = payload
    return socket.handle(event, at: now).flatMap { action -> [Action] in
      switch action {
      case .open(let kind): [.open(kind)]
      case .send(let packets): [.send(packets)]
      case .close: [.close]
      case .report(let report): take(report)
      }
    }
  }

  private mutating func say(_ text: String) -> [Action] {
    let message = Outgoing(key: makeKey(), text: text)
    guard pending.count < Self.mostPending else {
      return [.tell(.refused(message, reason: "too many messages wait already"))]
    }
    pending.append(Pending(message: message))
    guard isConnected else {
      // Before the first connection there is nothing to tell: it is on its way.
      return hasJoined ? [.tell(.delayed(message))] : []
    }
    return send(pending.count - 1)
  }

  /// Sends a message that waits.
  private mutating func send(_ index: Int) -> [Action] {
    let message = pending[index].message
    let (id, action) = socket.emit(
      "message", [["message": .string(message.text), "key": .string(message.key)]])
    guard case .send(let packets) = action else { return [] }
    if let most = socket.maxPayload, let octets = packets.first?.data.count, octets + 1 > most {
      pending.remove(at: index)
      return [.tell(.refused(message, reason: "longer than the server takes (\(most) octets)"))]
    }
    pending[index].ackID = id
    return [.send(packets)]
  }

  private mutating func take(_ report: SocketClient.Report) -> [Action] {
    switch report {
    case .connected:
      isConnected = true
      var actions: [Action] = []
      for message in unacknowledged {
        guard let index = pending.firstIndex(where: { $0.message == message }) else { continue }
        actions += send(index)
      }
      return actions
    case .event("message", let arguments): return arguments.first.map { receive($0) } ?? []
    case .event("history", let arguments): return arguments.first.map { join($0) } ?? []
    case .event("members", let arguments):
      guard case .array(let names)? = arguments.first?["members"] else { return [] }
      return [.tell(.members(names.prefix(Self.mostMembers).compactMap { $0.text }))]
    case .event("error", let arguments):
      let words = arguments.first?["error"]?.text ?? arguments.first?["message"]?.text
      return words.map { [.tell(.remark($0))] } ?? []
    case .event: return []
    case .acknowledged(let id, let arguments): return acknowledge(id, arguments.first)
    case .lost(let end, let pause):
      return disconnect() + [.tell(.lost(reason: end.words, pause: pause))]
    case .refused(let words): return [.tell(.over(.refused(words)))]
    case .failed(let end): return [.tell(.over(.failed(end)))]
    case .left: return [.tell(.over(.left))]
    }
  }

  /// Names that are told at most.
  private static let mostMembers = 10_000

  private mutating func disconnect() -> [Action] {
    isConnected = false
    var actions: [Action] = []
    var kept: [Pending] = []
    for (index, var entry) in pending.enumerated() {
      if entry.ackID != nil {
        entry.ackID = nil
        // Of several on their way the first is to blame: a server takes them in order.
        if index == 0 { entry.losses += 1 }
        guard entry.losses < Self.mostLosses else {
          let reason = "the connection was lost each time it was sent"
          actions.append(.tell(.refused(entry.message, reason: reason)))
          continue
        }
        actions.append(.tell(.delayed(entry.message)))
      }
      kept.append(entry)
    }
    pending = kept
    return actions
  }

  private mutating func join(_ history: JSONValue) -> [Action] {
    if let text = history["room"]?.text { room = text }
    if let text = history["name"]?.text { name = text }
    let isFirst = !hasJoined
    hasJoined = true
    var actions: [Action] = [
      .tell(.joined(room: room ?? "", name: name, isFirst: isFirst))
    ]
    if case .array(let messages)? = history["messages"] {
      for value in messages {
        guard var message = ChatMessage(value), isNew(message) else { continue }
        message.isOwn = message.sender == name && !message.isNotice
        actions.append(.tell(.message(message, isHistory: true)))
      }
    }
    if let id = ChatMessageID(history["last"]) { last = id }
    return actions
  }

  private mutating func receive(_ value: JSONValue) -> [Action] {
    if let words = value["error"]?.text { return [.tell(.remark(words))] }
    guard var message = ChatMessage(value) else { return [] }
    guard isNew(message) else { return [] }
    if let id = message.id { last = id }
    message.isOwn = isOwn(message)
    return [.tell(.message(message, isHistory: false))]
  }

  /// Known by its id when the acknowledgment came first, otherwise by what is on its way: another
  /// member may bear the same name.
  private func isOwn(_ message: ChatMessage) -> Bool {
    guard message.sender == name, !message.isNotice else { return false }
    if let id = message.id, own.contains(id) { return true }
    return pending.contains { $0.ackID != nil && $0.message.text == message.text }
  }

  private mutating func isNew(_ message: ChatMessage) -> Bool {
    guard let id = message.id else { return true }
    return seen.insert(id)
  }

  private mutating func acknowledge(_ id: UInt64, _ answer: JSONValue?) -> [Action] {
    guard let index = pending.firstIndex(where: { $0.ackID == id }) else { return [] }
    let message = pending.remove(at: index).message
    if let reason = answer?["error"]?.text {
      return [.tell(.refused(message, reason: reason))]
    }
    let id = ChatMessageID(answer?["id"])
    if let id { own.insert(id) }
    return [.tell(.delivered(message, id: id))]
  }
}

/// The ids met last, so that none is shown twice.
struct RecentIDs {
  private let capacity: Int
  private var ids: Set<ChatMessageID> = []
  private var order: [ChatMessageID] = []
  private var oldest = 0

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  func contains(_ id: ChatMessageID) -> Bool { ids.contains(id) }

  /// Whether it is new.
  @discardableResult
  mutating func insert(_ id: ChatMessageID) -> Bool {
    guard ids.insert(id).inserted else { return false }
    if order.count < capacity {
      order.append(id)
    } else {
      ids.remove(order[oldest])
      order[oldest] = id
      oldest = (oldest + 1) % capacity
    }
    return true
  }
}

extension ChatMessage {
  /// A message of the contract; nil for anything else.
  init?(_ value: JSONValue) {
    guard let text = value["message"]?.text else { return nil }
    self.init(
      id: ChatMessageID(value["id"]), sender: value["sender"]?.text ?? "", text: text,
      time: value["time"]?.integer)
  }
}

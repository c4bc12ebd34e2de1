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
  /// The room's history came on this connection. Only then is it certain which room a message goes
  /// to, and that the server has let this client in.
  private var isJoined = false
  private var hasJoined = false
  /// By when the history has to come.
  private var joinBy: Duration?
  /// Why the server is left, when it is not the user who wants it.
  private var verdict: ChatEnd?
  private var pace = Pace()
  private var gap: ChatGap?
  /// The user leaves as soon as what was said is acknowledged, or at this time.
  private var leaveBy: Duration?
  private let identity: String?
  private let makeKey: () -> String

  /// Connections that one message may cost: more is no accident, but the message.
  private static let mostLosses = 3
  /// How long the history may take after the answer to CONNECT.
  private let joinTimeout: Duration
  /// How long leaving waits for acknowledgments.
  private static let leaveWait: Duration = .seconds(1)
  /// Lines that wait for a connection.
  static let mostPending = 1000

  /// - Parameters:
  ///   - room: Nil for a new one.
  ///   - joinTimeout: From the answer to CONNECT to the room's history.
  ///   - identity: What tells this person from others of the same name, so that who comes back is
  ///     not announced anew; unguessable.
  ///   - makeKey: A name for a message that no other has.
  init(
    name: String, room: String?, socket: SocketClient, joinTimeout: Duration = .seconds(10),
    identity: String? = nil, makeKey: @escaping () -> String
  ) {
    self.joinTimeout = joinTimeout
    self.name = name
    self.room = room
    self.socket = socket
    self.identity = identity
    self.makeKey = makeKey
    self.socket.payload = payload
  }

  /// Messages that the server did not acknowledge yet.
  var unacknowledged: [Outgoing] { pending.map(\.message) }

  /// When the timer is due.
  var deadline: Duration? {
    let hasWaiting = isJoined && pending.contains { $0.ackID == nil }
    return [socket.deadline, leaveBy, joinBy, hasWaiting ? pace.next : nil].compactMap { $0 }.min()
  }

  private var payload: JSONValue {
    var members: [JSONValue.Member] = [.init("name", .string(name))]
    if let room { members.append(.init("room", .string(room))) }
    if let last { members.append(.init("after", last.value)) }
    if let identity { members.append(.init("session", .string(identity))) }
    return .object(members)
  }

  /// Takes an event.
  mutating func handle(_ event: Event, at now: Duration) -> [Action] {
    var actions: [Action]
    switch event {
    case .say(let text): actions = say(text)
    case .socket(.leave):
      // What was said a moment ago still gets its answer.
      if isJoined, !pending.isEmpty, leaveBy == nil {
        leaveBy = now + Self.leaveWait
        actions = []
      } else {
        leaveBy = nil
        return pass(.leave, at: now)
      }
    case .socket(let event): actions = pass(event, at: now)
    }
    if isJoined { actions += sendWaiting(at: now) }
    if let joinBy, joinBy <= now {
      self.joinBy = nil
      verdict = .failed(.closed("it lets nobody into a room"))
      actions += pass(.leave, at: now)
    } else if verdict != nil {
      actions += pass(.leave, at: now)
    } else if let leaveBy, pending.isEmpty || !isJoined || leaveBy <= now {
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
      case .report(let report): take(report, at: now)
      }
    }
  }

  private mutating func say(_ text: String) -> [Action] {
    let message = Outgoing(key: makeKey(), text: text)
    guard pending.count < Self.mostPending else {
      return [.tell(.refused(message, reason: "too many messages wait already"))]
    }
    pending.append(Pending(message: message))
    // Before the first connection there is nothing to tell: it is on its way.
    return hasJoined && !isJoined ? [.tell(.delayed(message))] : []
  }

  /// Sends what waits, no faster than a server takes it from one client.
  private mutating func sendWaiting(at now: Duration) -> [Action] {
    var actions: [Action] = []
    var index = 0
    while index < pending.count {
      if pending[index].ackID == nil {
        guard pace.take(at: now) else { break }
        let count = pending.count
        actions += send(index)
        // It was too long, and is gone.
        if pending.count < count { continue }
      }
      index += 1
    }
    return actions
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

  private mutating func take(_ report: SocketClient.Report, at now: Duration) -> [Action] {
    switch report {
    case .connected:
      isConnected = true
      joinBy = now + joinTimeout
      pace = Pace()
      return []
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
    case .left: return [.tell(.over(verdict ?? .left))]
    }
  }

  /// Names that are told at most.
  private static let mostMembers = 10_000

  private mutating func disconnect() -> [Action] {
    isConnected = false
    isJoined = false
    joinBy = nil
    // Nothing of it was told: the next history begins at the same place.
    gap = nil
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
    isJoined = true
    joinBy = nil
    let known = last?.value.integer
    if let newest = history["last"]?.integer, let known, newest < known {
      // The server knows less than this client: it began anew, and may give the same ids again.
      seen = RecentIDs(capacity: 1 << 16)
      last = nil
    }
    let isCut = history["more"] == .bool(true)
    let joined = ChatEvent.joined(
      room: room ?? "", name: name, isFirst: isFirst, hasEarlier: isFirst && isCut)
    let messages = Self.messages(history)
    if isCut, let known, last != nil {
      gap = ChatGap(known: known, messages)
      return [.tell(joined)] + fetch()
    }
    let actions = [.tell(joined)] + messages.flatMap { tell($0, isHistory: true) }
    if let id = ChatMessageID(json: history["last"]) { last = id }
    return actions
  }

  private static func messages(_ value: JSONValue) -> [ChatMessage] {
    guard case .array(let messages)? = value["messages"] else { return [] }
    return messages.compactMap { ChatMessage($0) }
  }

  /// Asks for the page that is missing, or tells what is there.
  private mutating func fetch() -> [Action] {
    guard let before = gap?.before else { return close() }
    let (id, action) = socket.emit("earlier", [["before": .number(String(before))]])
    gap?.ackID = id
    guard case .send(let packets) = action else { return [] }
    return [.send(packets)]
  }

  /// Tells what was kept back.
  private mutating func close() -> [Action] {
    let messages = gap?.messages ?? []
    gap = nil
    return messages.flatMap { tell($0, isHistory: true) }
  }

  private mutating func receive(_ value: JSONValue) -> [Action] {
    if let words = value["error"]?.text {
      // The original's way to say that there is no such room: the connection stays, and is of no use.
      guard isJoined || !isConnected else {
        joinBy = nil
        verdict = .refused(words)
        return []
      }
      return [.tell(.remark(words))]
    }
    guard let message = ChatMessage(value) else { return [] }
    guard gap == nil else {
      gap?.append(message)
      return []
    }
    return tell(message, isHistory: false)
  }

  private mutating func tell(_ message: ChatMessage, isHistory: Bool) -> [Action] {
    var message = message
    if let id = message.id {
      guard seen.insert(id) else { return [] }
      last = id
    }
    message.isOwn = isHistory ? message.sender == name && !message.isNotice : isOwn(message)
    return [.tell(.message(message, isHistory: isHistory))]
  }

  /// Known by its id when the acknowledgment came first, otherwise by what is on its way: another
  /// member may bear the same name.
  private func isOwn(_ message: ChatMessage) -> Bool {
    guard message.sender == name, !message.isNotice else { return false }
    if let id = message.id, own.contains(id) { return true }
    return pending.contains { $0.ackID != nil && $0.message.text == message.text }
  }

  private mutating func acknowledge(_ id: UInt64, _ answer: JSONValue?) -> [Action] {
    if var open = gap, open.ackID == id {
      let hasMore = open.take(
        answer.map { Self.messages($0) } ?? [], isCut: answer?["more"] == .bool(true))
      gap = open
      return hasMore ? fetch() : close()
    }
    guard let index = pending.firstIndex(where: { $0.ackID == id }) else { return [] }
    let message = pending.remove(at: index).message
    if let reason = answer?["error"]?.text {
      return [.tell(.refused(message, reason: reason))]
    }
    let id = ChatMessageID(json: answer?["id"])
    if let id { own.insert(id) }
    return [.tell(.delivered(message, id: id))]
  }
}

extension ChatMessage {
  /// A message of the contract; nil for anything else.
  init?(_ value: JSONValue) {
    guard let text = value["message"]?.text else { return nil }
    self.init(
      id: ChatMessageID(json: value["id"]), sender: value["sender"]?.text ?? "", text: text,
      time: value["time"]?.integer)
  }
}

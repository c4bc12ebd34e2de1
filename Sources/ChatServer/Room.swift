import NIOCore
import Protocols
import SocketServer

/// Somebody who comes into a room.
struct Guest: Sendable {
  var name: String
  /// Tells them from others of the same name.
  var id: String
  /// On the page, with its cookie; else a program. A page closes its socket before it is loaded
  /// again: it may be back in a moment.
  var isPage: Bool
}

/// One room: who is in it, what was said, and who hears it.
///
/// Lives on the chat's event loop, where its callers are too: they enter it by `assumeIsolated`.
actor Room {
  /// One socket in the room.
  private struct Member {
    var guest: Guest
    var listener: any Listener
    var bucket: TokenBucket
    /// Waits for what was before.
    var isReading = false
  }

  /// One person, who may have the page open several times.
  private struct Person {
    var name: String
    var id: String
    var sockets = 1
    /// The last socket has gone and may come back until then, on `ChatClock.uptime`.
    var deadline: Int64?
    /// Said goodbye: is not waited for.
    var isLeaving = false
  }

  /// A message that somebody wants in the room.
  struct Post: Sendable {
    var sender: String
    var text: String
    var key: String?
    /// Told when the message is kept, or why not.
    var completion: @Sendable (Result<ChatMessage, ChatFault>) -> Void
  }

  nonisolated let code: RoomCode
  private let surroundings: RoomSurroundings
  private var recent: RecentMessages
  private var nextID: Int64
  private var lastID: Int64
  private var audience = Audience()
  private var members: [String: Member] = [:]
  /// In the order in which they came.
  private var people: [Person] = []
  /// Messages on the path, the first of them under way.
  private var carried: [Post] = []
  private var isCarrying = false

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    surroundings.eventLoop.executor.asUnownedSerialExecutor()
  }

  init(_ code: RoomCode, _ stored: HistoryRoom, in surroundings: RoomSurroundings) {
    self.code = code
    self.surroundings = surroundings
    recent = RecentMessages(
      limit: surroundings.limits.historyMessages, messages: stored.newest, isCut: stored.isCut)
    lastID = stored.lastID
    nextID = stored.lastID + 1
  }

  /// Nobody is here, and nobody is expected back.
  var isEmpty: Bool { people.isEmpty }

  var memberCount: Int { members.count }

  var names: [String] { people.map(\.name) }

  // MARK: Coming and going

  /// Lets a socket in: it gets the history, then hears of itself like all others.
  ///
  /// - Parameter id: Of the last message that the client knows; nil for none.
  func join(_ listener: any Listener, _ guest: Guest, after id: Int64?) {
    let now = surroundings.clock.uptime()
    members[listener.id] = Member(
      guest: guest, listener: listener,
      bucket: TokenBucket(
        capacity: surroundings.limits.messagesAtOnce,
        perSecond: surroundings.limits.messagesPerSecond, now: now))
    audience.add(listener)
    listener.send("history", history(for: guest.name, after: id))
    if let place = place(of: guest) {
      people[place].id = guest.id
      people[place].sockets += 1
      people[place].deadline = nil
      people[place].isLeaving = false
      listener.send("members", membersEvent)
    } else {
      people.append(Person(name: guest.name, id: guest.id))
      announce("(\(guest.name)) entered the chat")
    }
  }

  /// Where somebody stands who is here, or expected back by that name.
  private func place(of guest: Guest) -> Int? {
    people.firstIndex { $0.id == guest.id && $0.name == guest.name }
      ?? people.firstIndex { $0.name == guest.name && $0.sockets == 0 }
  }

  private func history(for name: String, after id: Int64?) -> JSONValue {
    let messages = id.map { recent.after($0) } ?? recent.messages[...]
    return [
      "room": .string(code.text), "name": .string(name),
      "messages": .array(messages.map(\.json)), "last": .number(String(lastID)),
      // There are others between those that the client knows and these.
      "more": .bool(max(id ?? 0, 0) < recent.lastBefore),
    ]
  }

  /// A socket is gone.
  ///
  /// - Parameter hasLeft: The client said so.
  func leave(_ id: String, hasLeft: Bool) {
    guard let member = members.removeValue(forKey: id) else { return }
    audience.remove(member.listener)
    let guest = member.guest
    guard
      let place = people.firstIndex(where: { $0.id == guest.id && $0.name == guest.name })
    else { return }
    people[place].sockets -= 1
    guard people[place].sockets == 0 else { return }
    if people[place].isLeaving || hasLeft && !guest.isPage {
      sayGoodbye(place)
    } else {
      people[place].deadline = surroundings.clock.uptime() + surroundings.grace
    }
  }

  /// Somebody said goodbye on the page; the sockets go by themselves.
  func dismiss(_ id: String) {
    guard let place = people.firstIndex(where: { $0.id == id }) else { return }
    if people[place].sockets == 0 { sayGoodbye(place) } else { people[place].isLeaving = true }
  }

  /// Gives up waiting for those whose time is over.
  func settle() {
    let now = surroundings.clock.uptime()
    for place in people.indices.reversed() {
      if let deadline = people[place].deadline, deadline <= now { sayGoodbye(place) }
    }
  }

  private func sayGoodbye(_ place: Int) {
    let name = people.remove(at: place).name
    announce("(\(name)) left the chat")
  }

  private func announce(_ text: String) {
    audience.send("message", ChatMessage.notice(text, time: surroundings.clock.wallTime()))
    audience.send("members", membersEvent)
  }

  private var membersEvent: JSONValue { ["members": .array(names.map { .string($0) })] }

  // MARK: Messages

  /// An event `message` from a socket in the room.
  func receive(_ event: SocketEvent, from id: String) {
    guard let member = members[id] else { return }
    let listener = member.listener
    let answer: @Sendable (Result<ChatMessage, ChatFault>) -> Void = { result in
      switch result {
      case .success(let message):
        event.acknowledge?([
          ["id": .number(String(message.id)), "time": .number(String(message.time))]
        ])
      case .failure(let fault):
        if let acknowledge = event.acknowledge {
          acknowledge([["error": .string(fault.text)]])
        } else {
          listener.send("message", ["error": .string(fault.text)])
        }
      }
    }
    guard members[id]?.bucket.take(now: surroundings.clock.uptime()) == true else {
      return answer(.failure(.tooManyMessages))
    }
    let argument = event.arguments.first
    guard case .string(let typed)? = argument?["message"] else {
      return answer(.failure(.notAMessage))
    }
    switch surroundings.limits.checkedMessage(typed) {
    case .failure(let fault): answer(.failure(fault))
    case .success(let text):
      var key: String?
      if case .string(let text)? = argument?["key"], (1...128) ~= text.utf8.count {
        key = text
      }
      post(Post(sender: member.guest.name, text: text, key: key, completion: answer))
    }
  }

  /// An event `earlier {"before": id}`: the messages before that one, in the acknowledgment.
  func sendEarlier(_ event: SocketEvent, to id: String) {
    guard let acknowledge = event.acknowledge,
      case .number(let number)? = event.arguments.first?["before"], let before = Int64(number)
    else { return }
    // One part at a time: nobody keeps the disk busy for all others.
    guard members[id]?.isReading == false else {
      return acknowledge([["error": .string(ChatFault.tooManyMessages.text)]])
    }
    members[id]?.isReading = true
    let history = surroundings.history
    let limit = min(surroundings.limits.historyMessages, surroundings.limits.earlierMessages)
    Task {
      defer { members[id]?.isReading = false }
      // One more than is sent tells whether there are others.
      guard var found = try? await history.messages(of: code, before: before, limit: limit + 1)
      else {
        return acknowledge([["error": .string(ChatFault.notRead.text)]])
      }
      let isCut = found.count > limit
      if isCut { found.removeFirst() }
      let part = RecentMessages(limit: limit, messages: found, isCut: isCut)
      acknowledge([
        ["messages": .array(part.messages.map(\.json)), "more": .bool(part.lastBefore > 0)]
      ])
    }
  }

  /// Puts a message on its path, and at its end into the history and the room.
  func post(_ post: Post) {
    guard let path = surroundings.path else { return keep(post) }
    carried.append(post)
    guard !isCarrying else { return }
    isCarrying = true
    Task { await carryAll(by: path) }
  }

  private func carryAll(by path: any MessagePath) async {
    defer { isCarrying = false }
    while !carried.isEmpty {
      var post = carried.removeFirst()
      let message = RoomMessage(room: code, sender: post.sender, text: post.text)
      do {
        let arrived = try await path.carry(message)
        post.sender = arrived.sender
        post.text = arrived.text
        keep(post)
      } catch {
        post.completion(.failure(.lost))
      }
    }
  }

  /// Nobody hears of a message before it is on the disk: an id that was seen means the same message
  /// for ever, whatever happens to this process.
  func keep(_ post: Post) {
    let message = ChatMessage(
      id: nextID, time: surroundings.clock.wallTime(), sender: post.sender, text: post.text)
    nextID += 1
    let entry = HistoryEntry(room: code, message: message, key: post.key)
    surroundings.history.save(entry) { outcome in
      self.assumeIsolated { $0.settle(message, post, outcome) }
    }
  }

  private func settle(_ message: ChatMessage, _ post: Post, _ outcome: HistoryOutcome) {
    switch outcome {
    case .saved:
      recent.append(message)
      lastID = message.id
      audience.send("message", message.json)
      post.completion(.success(message))
    case .known(let id, let time):
      var known = message
      known.id = id
      known.time = time
      post.completion(.success(known))
    case .failed:
      post.completion(.failure(.notSaved))
    }
  }
}

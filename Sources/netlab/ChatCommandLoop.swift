import Capture
import ChatClient
import Console
import Glibc

/// One thread that waits for the server, the user and signals at once.
struct ChatLoop: ~Copyable {
  /// How it ended.
  enum Outcome {
    case done
    case undelivered(Int)
    case refused(String)
    case unanswered(TransportEnd)
  }

  /// Where lines come from.
  private enum Input {
    /// A terminal whose every key is ours.
    case editor
    /// A terminal that edits lines itself: the output is elsewhere, or it can do nothing.
    case terminal
    /// Lines of a file or a pipe.
    case pipe
    /// None: what --send named, or all was read.
    case nothing
  }

  private let connection: ChatConnection
  private let stop: LiveStop
  private var printer: any ChatPrinter
  private let wait: ChatWait?
  private let timeout: Duration
  private var output = StandardOutput()
  private var input: Input
  private let isInteractive: Bool
  private var terminal: RawTerminal?
  private var editor = LineEditor()
  /// Of a line that is not all there.
  private var partial: [UInt8] = []

  private var isJoined = false
  private var isLeaving = false
  private var hasMembers = false
  private var outstanding = 0
  private var undelivered = 0
  /// Delivered, and not seen in the room yet.
  private var unseen: Set<ChatMessageID> = []
  private var seen: Set<ChatMessageID> = []
  /// When something last came from the server, or was sent.
  private var progress = MonotonicTime.now
  private var settled: MonotonicTime?

  /// Messages on their way before no more lines are read.
  private static let mostOutstanding = 64
  /// The longest time for what was acknowledged to be seen in the room as well.
  private static let echo: Duration = .seconds(1)

  init(
    _ connection: ChatConnection, stop: LiveStop, printer: any ChatPrinter, messages: [String],
    wait: ChatWait?, timeout: Duration, isText: Bool
  ) {
    self.connection = connection
    self.stop = stop
    self.printer = printer
    self.wait = wait
    self.timeout = timeout
    isInteractive = messages.isEmpty && isatty(STDIN_FILENO) == 1
    if !messages.isEmpty {
      input = .nothing
    } else if isInteractive {
      let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
      input = isText && StandardOutput.isTerminal && !isDumb ? .editor : .terminal
    } else {
      input = .pipe
    }
    for message in messages { say(message) }
  }

  /// Until the end.
  mutating func run() throws -> Outcome {
    if case .editor = input {
      terminal = RawTerminal(STDIN_FILENO)
      terminal?.take()
    }
    printer.begin(into: &output.buffer)
    try flush()
    while true {
      try pause()
      for event in connection.take() {
        progress = .now
        if let outcome = take(event) {
          printer.end(into: &output.buffer)
          try flush(isLast: true)
          return outcome
        }
      }
      try flush()
      if !isInteractive { leaveWhenDone() }
    }
  }

  /// Gives the terminal back, whatever happened.
  mutating func finish() { terminal?.giveBack() }

  private mutating func say(_ text: String) {
    outstanding += 1
    progress = .now
    settled = nil
    connection.say(text)
  }

  // MARK: Waiting

  private mutating func pause() throws {
    var isReading: Bool
    switch input {
    case .editor, .terminal: isReading = true
    case .pipe: isReading = outstanding < Self.mostOutstanding
    case .nothing: isReading = false
    }
    if isLeaving { isReading = false }
    var descriptors = [
      pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0),
      // After the first the next signal ends the program by itself.
      pollfd(fd: isLeaving ? -1 : stop.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isReading ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
    ]
    let count = poll(&descriptors, nfds_t(descriptors.count), pollTimeout())
    guard count > 0 else { return }
    if descriptors[1].revents != 0 { leave() }
    if descriptors[2].revents != 0 { try read() }
  }

  private mutating func leave() {
    guard !isLeaving else { return }
    isLeaving = true
    if case .editor = input {
      output.buffer.append(LineEditor.erasure)
      terminal?.giveBack()
    }
    input = .nothing
    connection.leave()
  }

  /// When a script has to look again; -1 for never.
  private func pollTimeout() -> Int32 {
    guard !isInteractive, !isLeaving, let due = due() else { return -1 }
    let left = due.nanoseconds &- MonotonicTime.now.nanoseconds
    return left <= 0 ? 0 : Int32(clamping: (left - 1) / 1_000_000 + 1)
  }

  private func due() -> MonotonicTime? {
    // Until the first room the connection itself says when it is in vain.
    if outstanding > 0 { return isJoined ? progress.advanced(by: timeout) : nil }
    guard let settled else { return nil }
    if let wait {
      return wait.span.map { settled.advanced(by: .milliseconds($0.milliseconds)) }
    }
    return hasSeenAll ? settled : settled.advanced(by: Self.echo)
  }

  private var hasSeenAll: Bool { unseen.isEmpty && hasMembers }

  /// Ends a script whose work is done, or which waits in vain.
  private mutating func leaveWhenDone() {
    guard !isLeaving, isJoined, case .nothing = input else { return }
    if outstanding > 0 {
      if progress.advanced(by: timeout) <= .now { leave() }
      return
    }
    if settled == nil { settled = .now }
    if let due = due(), due <= .now { leave() }
  }

  // MARK: The server

  private mutating func take(_ event: ChatEvent) -> Outcome? {
    switch event {
    case .joined: isJoined = true
    case .members: hasMembers = true
    case .message(let message, _):
      if let id = message.id, message.isOwn {
        unseen.remove(id)
        if !isInteractive { seen.insert(id) }
      }
    case .delivered(_, let id):
      outstanding -= 1
      if let id, !isInteractive, !seen.contains(id) { unseen.insert(id) }
    case .refused:
      outstanding -= 1
      undelivered += 1
    case .delayed, .remark, .lost: break
    case .over(let end):
      let lost = connection.unacknowledged
      for message in lost {
        printer.print(
          .refused(message, reason: "left before it was delivered"), into: &output.buffer)
      }
      printer.print(event, into: &output.buffer)
      switch end {
      case .left:
        let count = undelivered + lost.count
        // On a terminal a refusal was read, and answered by typing.
        return (isInteractive ? lost.count : count) == 0 ? .done : .undelivered(count)
      case .refused(let words): return .refused(words)
      case .failed(let reason): return .unanswered(reason)
      }
    }
    printer.print(event, into: &output.buffer)
    return nil
  }

  // MARK: The user

  private mutating func read() throws {
    var octets = [UInt8](repeating: 0, count: 1 << 14)
    let count = Glibc.read(STDIN_FILENO, &octets, octets.count)
    if count < 0 {
      if errno == EINTR || errno == EAGAIN { return }
      let reason = String(cString: strerror(errno))
      // A terminal that went away.
      if isInteractive { return leave() }
      throw Failure(.read, "cannot read standard input: " + reason)
    }
    octets.removeLast(octets.count - count)
    if case .editor = input {
      if count == 0 { return leave() }
      for outcome in editor.take(octets) { perform(outcome) }
      return
    }
    partial += octets
    while let end = partial.firstIndex(of: 0x0a) {
      let line = Array(partial[..<end])
      partial.removeFirst(end + 1)
      enter(String(decoding: line, as: UTF8.self))
    }
    guard count == 0 else { return }
    if !partial.isEmpty { enter(String(decoding: partial, as: UTF8.self)) }
    partial = []
    if isInteractive { leave() } else { input = .nothing }
  }

  private mutating func perform(_ outcome: LineEditor.Outcome) {
    switch outcome {
    case .line(let text): enter(text)
    case .interrupt, .endOfInput: leave()
    case .clearScreen: output.buffer.append("\u{1b}[H\u{1b}[2J")
    case .suspend:
      output.buffer.append(LineEditor.erasure)
      try? output.flush()
      terminal?.giveBack()
      raise(SIGTSTP)
      terminal?.take()
    }
  }

  private mutating func enter(_ line: String) {
    var text = line
    if text.last == "\r" { text.removeLast() }
    guard text.contains(where: { !$0.isWhitespace }) else { return }
    guard isInteractive, text.hasPrefix("/") else { return say(text) }
    if text.hasPrefix("//") { return say(String(text.dropFirst())) }
    switch text.trimmingTrailingSpace {
    case "/leave", "/quit", "/exit": leave()
    case "/who": printer.who(into: &output.buffer)
    case "/help": printer.help(into: &output.buffer)
    default:
      printer.note("no such command; /help lists them, and // sends a /", into: &output.buffer)
    }
  }

  /// Writes what gathered, above the line that is being typed.
  private mutating func flush(isLast: Bool = false) throws {
    guard case .editor = input else { return try output.flush() }
    let gathered = output.buffer.withBytes { Array($0) }
    output.buffer.removeAll()
    if isLast || !gathered.isEmpty {
      output.buffer.append(LineEditor.erasure)
      gathered.withUnsafeBytes { output.buffer.append($0) }
    }
    if isLast { return try output.flush() }
    output.buffer.append(editor.drawing(columns: StandardOutput.width ?? 80))
    try output.flush()
  }
}

extension String {
  fileprivate var trimmingTrailingSpace: String {
    var text = self
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

extension MonotonicTime {
  fileprivate func advanced(by duration: Duration) -> MonotonicTime {
    let (seconds, attoseconds) = duration.components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return advanced(byNanoseconds: overflow ? .max : whole &+ attoseconds / 1_000_000_000)
  }
}

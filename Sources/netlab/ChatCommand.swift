import ArgumentParser
import Capture
import ChatClient
import Console
import Glibc

/// `netlab chat`: the chat in a terminal, and in scripts.
struct ChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "The chat in a terminal, and in scripts.",
    discussion: """
      Without --room it makes a new room and says its code, with which others join. On a terminal each
      line that you type is a message; /who says who is here, /leave (or Ctrl-D) leaves, /help tells
      the rest. It comes back by itself when the connection is lost, and misses nothing.

      In a script it sends what --send names, or else each line of standard input, and ends when the
      server has acknowledged all. Exit code: 0 done, 1 a message was not delivered, 20 the server does
      not answer, 21 the server refuses (room not found).

      Examples:
        netlab chat --url http://10.0.0.33:5000 --name Alice --room ABCDEF
        uptime | netlab chat --url http://10.0.0.33:5000 --name cron --room ABCDEF -T jsonl
      """)

  /// The forms of what happens in the room.
  enum Form: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  /// How packets travel.
  enum Choice: String, CaseIterable, ExpressibleByArgument { case auto, websocket, polling }

  @Option(
    name: .customLong("url"),
    help: ArgumentHelp("The server, as `netlab serve` prints it.", valueName: "url"))
  var url = "http://127.0.0.1:5000"

  @Option(name: .customLong("name"), parsing: .unconditional, help: "What the others see.")
  var name: String

  @Option(
    name: .customLong("room"), parsing: .unconditional,
    help: ArgumentHelp("The room's code; a new room if not given.", valueName: "code"))
  var room: String?

  @Option(
    name: .customLong("send"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Send this and end; repeatable.", valueName: "text"))
  var messages: [String] = []

  @Option(
    name: .customLong("wait"),
    help: ArgumentHelp(
      "In a script: go on receiving for so long after the last acknowledgment (500ms, 2s, 5m, forever).",
      valueName: "time"))
  var wait: ChatWait?

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp(
      "How long the server may take to answer, and in a script to acknowledge.", valueName: "time"))
  var timeout = TimeSpan(milliseconds: 10_000)

  @Option(
    name: .customLong("transport"),
    help: "auto (WebSocket, or else polling), websocket or polling.")
  var transport: Choice = .auto

  @Option(name: .customLong("path"), help: "Where the server has Socket.IO.")
  var path = "/socket.io/"

  @Option(
    name: [.customShort("T"), .customLong("format")], help: "Output form: text or jsonl.")
  var form: Form = .text

  @OptionGroup var colors: ColorOptions

  mutating func validate() throws {
    if name.allSatisfy(\.isWhitespace) { throw ValidationError("who are you? --name NAME") }
    if let room, room.isEmpty {
      throw ValidationError("which room? --room CODE, or no --room for a new one")
    }
    guard timeout.milliseconds > 0 else {
      throw ValidationError("--timeout is how long the server may take, such as 10s")
    }
    do {
      _ = try ServerAddress(url, path: path)
    } catch {
      throw ValidationError(
        error.remedy.isEmpty ? error.message : error.message + "; " + error.remedy)
    }
  }

  func run() throws {
    let address = try ServerAddress(url, path: path)
    var configuration = ChatConnection.Configuration(address: address, name: name, room: room)
    configuration.timeout = .milliseconds(timeout.milliseconds)
    switch transport {
    case .auto: break
    case .websocket: configuration.transports = [.webSocket]
    case .polling: configuration.transports = [.polling]
    }
    let stop = try LiveStop()
    stop.catchSignals()
    guard let connection = ChatConnection(configuration) else {
      throw Failure(
        .internal, "no descriptor left for the connection",
        remedy: "raise the limit with ulimit -n")
    }
    let printer: any ChatPrinter =
      switch form {
      case .text:
        ChatTextPrinter(
          url: address.url, isColoured: colors.isColoured,
          isInteractive: messages.isEmpty && isatty(STDIN_FILENO) == 1)
      case .jsonl: ChatJSONPrinter(tool: "netlab " + Program.version, url: address.url)
      }
    var loop = ChatLoop(
      connection, stop: stop, printer: printer, messages: messages, wait: wait,
      timeout: configuration.timeout, isText: form == .text)
    let end: Result<ChatLoop.Outcome, any Error> = Result { try loop.run() }
    loop.finish()
    connection.shutDown()
    try report(try end.get(), address)
  }

  /// Says what went wrong, and what to do.
  private func report(_ outcome: ChatLoop.Outcome, _ address: ServerAddress) throws {
    switch outcome {
    case .done: return
    case .undelivered(let count):
      throw Failure(
        .no, count == 1 ? "1 message was not delivered" : "\(count) messages were not delivered")
    case .refused(let words):
      throw Failure(
        .refused, "the server refuses: " + TerminalText.escaped(words),
        remedy: !words.lowercased().contains("room") || room == nil
          ? "" : "ask a member for the room's code, or leave --room out to make a new room")
    case .unanswered(let end):
      let remedy =
        switch end {
        case .connectionRefused: "start the server there with `netlab serve`, or check the address"
        case .unreachable: "check the address, and that this machine is on the same network"
        case .timedOut: "check the address; --timeout allows more time"
        case .rejected, .violated, .closed:
          "is it a chat server? `netlab serve` is one; --path names another place of Socket.IO"
        }
      throw Failure(
        .noAnswer, "no chat at \(address.url): " + TerminalText.escaped(end.words), remedy: remedy)
    }
  }
}

/// How long a script goes on receiving: a time, or for ever.
struct ChatWait: ExpressibleByArgument, Sendable {
  /// Nil for `forever`.
  let span: TimeSpan?

  init?(argument: String) {
    guard argument != "forever" else {
      span = nil
      return
    }
    // 0 needs no unit.
    guard let span = argument == "0" ? TimeSpan(milliseconds: 0) : TimeSpan(argument: argument)
    else { return nil }
    self.span = span
  }
}

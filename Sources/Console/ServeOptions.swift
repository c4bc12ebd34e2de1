import ArgumentParser

/// What `netlab serve` takes on its command line. `netlab` explains and completes it, and hands it to
/// `netlab-serve`, which checks it and does it.
package struct ServeOptions: ParsableArguments {
  /// What is served.
  package enum App: String, ExpressibleByArgument, CaseIterable {
    case chat, echo, bench
  }

  /// From where on the log is kept: swift-log's levels.
  package enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
  }

  @OptionGroup(title: "Where") package var places: ServePlaces
  @OptionGroup(title: "The chat") package var chat: ServeChatOptions
  @OptionGroup(title: "Protocol") package var transport: ServeProtocolOptions

  @Option(
    help: ArgumentHelp(
      "What is served: the chat; echo, what conformance suites talk to; bench, what load "
        + "generators talk to."))
  package var app = App.chat

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Print no addresses.")
  package var isQuiet = false

  @Option(
    help: ArgumentHelp(
      "Log from here on, to stderr: trace, debug, info, notice, warning, error, critical.",
      valueName: "level"))
  package var logLevel = LogLevel.warning

  package init() {}

  /// What `netlab help serve` says above the options.
  package static let abstract = "Serve the chat: pages for browsers, Socket.IO for any client."
  package static let discussion = """
    Messages are saved in the user's data folder, each text as a Fernet token. Ctrl-C stops the \
    server; its clients are told. With the right to capture (sudo), messages of `netlab send` to \
    the same port come into the rooms too.

    Examples:
      netlab serve
      sudo netlab serve --bind 0.0.0.0:5000 --bind 0.0.0.0:80 --keep 7d
    """
}

/// Where `netlab serve` listens, and to whom.
package struct ServePlaces: ParsableArguments {
  @Option(
    name: .customLong("bind"),
    help: ArgumentHelp(
      "Listen here. Repeatable: a phone that types only the address needs port 80. "
        + "(default: 0.0.0.0:5000)",
      valueName: "addr:port"))
  package var binds: [String] = []

  @Option(
    name: .customLong("allow-origin"),
    help: ArgumentHelp(
      "Take WebSockets and forms from pages of this origin too, such as https://chat.example. "
        + "Repeatable.",
      valueName: "origin"))
  package var origins: [String] = []

  @Option(
    name: .customLong("connections-per-address"),
    help: ArgumentHelp("Connections of one address at once.", valueName: "n"))
  package var connectionsPerAddress = 512

  package init() {}
}

/// How the protocols behave; the defaults are the JavaScript server's.
package struct ServeProtocolOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Ping a client so long after its last pong.", valueName: "time"))
  package var pingInterval = TimeSpan(milliseconds: 25_000)

  @Option(help: ArgumentHelp("Give a client so long to answer a ping.", valueName: "time"))
  package var pingTimeout = TimeSpan(milliseconds: 20_000)

  @Option(help: ArgumentHelp("Octets of one message from a client.", valueName: "octets"))
  package var maxPayload = 1_000_000

  @Option(
    help: ArgumentHelp("Close who has not entered a namespace after so long.", valueName: "time"))
  package var connectTimeout = TimeSpan(milliseconds: 45_000)

  @Option(help: ArgumentHelp("Where Socket.IO is found.", valueName: "path"))
  package var path = "/socket.io/"

  @Flag(
    inversion: .prefixedNo,
    help: "Compress messages for WebSockets that can (default: with --app echo only).")
  package var compress: Bool?

  package init() {}
}

/// What the chat keeps, and where.
package struct ServeChatOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where the history is. (default: ~/.local/share/netlab)", valueName: "folder"))
  package var data: String?

  @Flag(help: "Save nothing: rooms and messages end with the server.")
  package var ephemeral = false

  @Option(
    help: ArgumentHelp(
      "How long a room without members is kept: 90s, 30m, 24h, 7d.", valueName: "time"))
  package var keep = TimeSpan(milliseconds: 86_400_000)

  @Option(
    help: ArgumentHelp(
      "Fernet key that messages are saved with, and that crafted ones are read with. "
        + "(default: ~/.config/netlab/fernet.key, made when it is missing)",
      valueName: "file"))
  package var keyFile: String?

  package init() {}
}

import ArgumentParser
import Exchange

/// What is sent.
struct SendMessageOptions: ParsableArguments {
  @Option(
    name: .customLong("msg"), parsing: .unconditional,
    help: ArgumentHelp("The message; - reads it from standard input.", valueName: "text"))
  var text: String?

  @Option(
    name: .customLong("msg-file"), parsing: .unconditional,
    help: ArgumentHelp("The message is what stands in this file, UTF-8.", valueName: "file"))
  var path: String?

  @Option(
    name: .customLong("sender"), parsing: .unconditional,
    help: ArgumentHelp("Who it is from. (default: your user name)", valueName: "name"))
  var sender: String?

  @Option(
    name: .customLong("room"), parsing: .unconditional,
    help: ArgumentHelp(
      "The room of the chat that it is for; needed when the server has several.",
      valueName: "code"))
  var room: String?

  @Option(
    name: .customLong("key-file"), parsing: .unconditional,
    help: ArgumentHelp(
      "Fernet key, base64url in a file that only you may read. "
        + "(default: ~/.config/netlab/fernet.key, made if missing)",
      valueName: "file"))
  var keyFile: String?

  mutating func validate() throws {
    guard (text == nil) != (path == nil) else {
      throw ValidationError(
        text == nil
          ? "which message? --msg TEXT, --msg - for standard input, or --msg-file FILE"
          : "one message at a time: --msg or --msg-file")
    }
    if let sender, sender.utf8.count > 64 {
      throw ValidationError("--sender is a name of at most 64 octets")
    }
    if let room, room.utf8.count > 64 {
      throw ValidationError("--room is a code of at most 64 octets")
    }
  }
}

/// Where it goes, and by which way.
struct SendPlaceOptions: ParsableArguments {
  @Option(
    name: .customLong("dst"), parsing: .unconditional,
    help: ArgumentHelp(
      "Where to: an address or name and a port; an IPv6 address in brackets.",
      valueName: "host:port"))
  var destination: String

  @Option(
    name: .customLong("src"), parsing: .unconditional,
    help: ArgumentHelp(
      "The source address; that of the outgoing interface if not given.", valueName: "addr"))
  var source: String?

  @Option(
    name: .customLong("src-port"),
    help: ArgumentHelp(
      "The source port; when it is busy, the next one that is free.", valueName: "n"))
  var sourcePort: UInt16 = 12_345

  @Option(
    name: [.customShort("i"), .customLong("interface"), .customLong("iface")],
    parsing: .unconditional,
    help: ArgumentHelp("The outgoing interface; the routing table's if not given.", valueName: "if")
  )
  var interface: String?

  @Flag(
    name: .customLong("l2"),
    help: ArgumentHelp(
      "Hand over whole frames instead of IP packets (AF_PACKET): a wrong IP header checksum goes out "
        + "as it is."))
  var isLinkLayer = false

  @Option(
    name: .customLong("src-mac"),
    help: ArgumentHelp("With --l2: the source's Ethernet address.", valueName: "mac"))
  var sourceMAC: String?

  @Option(
    name: .customLong("dst-mac"),
    help: ArgumentHelp("With --l2: the next hop's Ethernet address.", valueName: "mac"))
  var destinationMAC: String?

  mutating func validate() throws {
    if !isLinkLayer, sourceMAC != nil || destinationMAC != nil {
      throw ValidationError("--src-mac and --dst-mac go with --l2")
    }
    if sourcePort == 0 { throw ValidationError("--src-port is 1 to 65535") }
  }
}

/// How what is lost or damaged parts are sent again.
enum SendRecovery: String, CaseIterable, ExpressibleByArgument {
  case goBackN = "go-back-n"
  case selectiveRepeat = "selective-repeat"
}

/// How long, how often, how many at once.
struct SendRetryOptions: ParsableArguments {
  @Option(
    name: .customLong("retries"),
    help: ArgumentHelp(
      "At most so many tries more after the first: 3 means up to 4 transmissions.", valueName: "n"))
  var retries = 3

  @Option(
    name: .customLong("interval"),
    help: ArgumentHelp("From one try to the next.", valueName: "time"))
  var interval = TimeSpan(milliseconds: 1_000)

  @Option(
    name: .customLong("backoff"),
    help: ArgumentHelp("Each interval is so many times the one before.", valueName: "factor"))
  var backoff = 1.0

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp("Give up after this time, whatever was tried.", valueName: "time"))
  var timeout: TimeSpan?

  @Option(
    name: .customLong("window"),
    help: ArgumentHelp(
      "So many parts of a long message may be under way at once.", valueName: "n"))
  var window = 1

  @Option(
    name: .customLong("recovery"),
    help: "With --window: what goes again after a loss: go-back-n or selective-repeat.")
  var recovery = SendRecovery.selectiveRepeat

  @Flag(
    name: .customLong("rto"),
    help: "The retransmission timer of RFC 6298, from measured round trips, not a fixed interval.")
  var measuresRoundTrips = false

  mutating func validate() throws {
    guard (0...1000).contains(retries) else { throw ValidationError("--retries is 0 to 1000") }
    guard (1...1024).contains(window) else { throw ValidationError("--window is 1 to 1024") }
    guard interval.milliseconds >= 1, interval.milliseconds <= 3_600_000 else {
      throw ValidationError("--interval is 1ms to 1h")
    }
    guard backoff >= 1, backoff <= 10 else { throw ValidationError("--backoff is 1 to 10") }
    if let timeout, timeout.milliseconds < 1 { throw ValidationError("--timeout is at least 1ms") }
  }
}

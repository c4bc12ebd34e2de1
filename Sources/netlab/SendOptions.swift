import ArgumentParser
import Capture
import Console
import Cryptography
import Exchange
import PacketCore

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

  @OptionGroup var sharedKey: SharedKeyOptions

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

  /// The text, all of it.
  ///
  /// - Throws: `Failure` for a file that cannot be read, is longer than a message may be, or is no
  ///   UTF-8.
  func read() throws -> String {
    if let text, text != "-" { return text }
    return try MessageText.read(path ?? "-")
  }

  /// Who it is from.
  var senderName: String {
    if let sender { return sender }
    let user = KeyOwner.current.user
    return PrivilegeUser.numbered(user)?.name ?? "user \(user)"
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

  @Option(
    name: .customLong("mtu"),
    help: ArgumentHelp(
      "Octets of the longest packet: a long message goes in parts. (default: the interface's)",
      valueName: "octets"))
  var mtu: Int?

  mutating func validate() throws {
    if let mtu, mtu < 68 {
      throw ValidationError("--mtu is at least 68, the least that IPv4 allows")
    }
    for text in [sourceMAC, destinationMAC] {
      if let text, MACAddress(text: text) == nil {
        throw ValidationError("'\(text)' is no Ethernet address such as 02:00:00:00:00:01")
      }
    }
    if !isLinkLayer, sourceMAC != nil || destinationMAC != nil {
      throw ValidationError("--src-mac and --dst-mac go with --l2")
    }
    if sourcePort == 0 { throw ValidationError("--src-port is 1 to 65535") }
  }

  /// Octets of the longest packet.
  ///
  /// - Parameter most: What the interface takes.
  func mtu(within most: Int) -> Int { mtu.map { min($0, most) } ?? most }

  /// Looks the destination up.
  ///
  /// - Throws: `Failure` for a text that names none, and for a host that nobody knows.
  func resolve() throws -> SendDestination {
    let family = try sourceAddress()?.family
    let name = try HostName(argument: destination)
    guard let port = name.port else {
      // The text was no address in brackets, or it was one without a port.
      let isBare = name.host.contains(":") && !destination.hasPrefix("[")
      throw Failure(
        .usage,
        "which port? --dst " + (isBare ? "'[\(destination)]:5000'" : "\(destination):5000"),
        remedy: "an IPv6 address stands in brackets: --dst '[fe80::1%eth0]:5000'")
    }
    let addresses: [HostAddress]
    do throws(SocketFailure) {
      addresses = try name.addresses(family)
    } catch {
      throw Failure(PortFailure(error))
    }
    guard let address = addresses.first else {
      throw Failure(.interface, "\(name.host) has no address to send to")
    }
    return SendDestination(address: address, port: port)
  }

  /// The source address, when one was named.
  func sourceAddress() throws -> Address? {
    guard let source else { return nil }
    let name = try HostName(argument: source)
    do throws(SocketFailure) {
      return try name.addresses().first?.address
    } catch {
      throw Failure(PortFailure(error))
    }
  }

  /// How frames are made, when whole frames are to go out.
  var linkLayer: WirePort.LinkLayer? {
    guard isLinkLayer else { return nil }
    return WirePort.LinkLayer(
      source: sourceMAC.flatMap { MACAddress(text: $0) },
      destination: destinationMAC.flatMap { MACAddress(text: $0) })
  }

  /// What the way does to faults.
  func remarks(about plan: FaultPlan) -> [String] {
    guard !isLinkLayer, plan.faults.contains(where: { $0.text.contains("ip.checksum") }) else {
      return []
    }
    return [
      "the kernel computes the IP header's checksum of what leaves a raw socket: a wrong one goes out "
        + "with --l2 alone"
    ]
  }
}

extension HostName {
  /// - Throws: `Failure` for a text that can name no host and port, whoever is asked.
  init(argument text: String) throws {
    do throws(SocketFailure) {
      self = try HostName(text)
    } catch {
      throw Failure(.usage, error.message, remedy: error.remedy)
    }
  }
}

/// Where a message goes.
struct SendDestination {
  var address: HostAddress
  var port: UInt16
}

/// How what is lost or damaged parts are sent again.
enum SendRecovery: String, CaseIterable, ExpressibleByArgument {
  case goBackN = "go-back-n"
  case selectiveRepeat = "selective-repeat"
}

/// How long, how often, how many at once.
struct SendRetryOptions: ParsableArguments {
  @Option(
    name: .customLong("retries"), parsing: .unconditional,
    help: ArgumentHelp(
      "At most so many tries more after the first: 3 means up to 4 transmissions.", valueName: "n"))
  var retries = 3

  @Option(
    name: .customLong("interval"),
    help: ArgumentHelp("From one try to the next, such as 200ms or 2s.", valueName: "time"))
  var interval = TimeSpan(milliseconds: 1_000)

  @Option(
    name: .customLong("backoff"),
    help: ArgumentHelp("Each interval is so many times the one before.", valueName: "factor"))
  var backoff = 1.0

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp(
      "Give up after this time, such as 500ms or 10s, whatever was tried.", valueName: "time"))
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

  @Option(
    name: .customLong("rto-min"),
    help: ArgumentHelp(
      "With --rto: the least timeout; RFC 6298 has 1s, Linux 200ms.", valueName: "time"))
  var leastTimeout: TimeSpan?

  mutating func validate() throws {
    guard (0...1000).contains(retries) else { throw ValidationError("--retries is 0 to 1000") }
    guard (1...1024).contains(window) else { throw ValidationError("--window is 1 to 1024") }
    guard interval.milliseconds >= 1, interval.milliseconds <= 3_600_000 else {
      throw ValidationError("--interval is 1ms to 1h")
    }
    guard backoff >= 1, backoff <= 10 else { throw ValidationError("--backoff is 1 to 10") }
    if let timeout, timeout.milliseconds < 1 { throw ValidationError("--timeout is at least 1ms") }
    if leastTimeout != nil, !measuresRoundTrips {
      throw ValidationError("--rto-min goes with --rto")
    }
  }

  /// What the sender is told.
  func settings() throws -> SenderSettings {
    do throws(SenderSettings.Fault) {
      return try SenderSettings(
        retries: retries, interval: interval.milliseconds * 1_000_000, backoff: backoff,
        timeout: timeout.map { $0.milliseconds * 1_000_000 }, window: window,
        recovery: window == 1
          ? .stopAndWait : recovery == .goBackN ? .goBackN : .selectiveRepeat,
        timer: measuresRoundTrips
          ? .rfc6298(
            minimum: leastTimeout.map { $0.milliseconds * 1_000_000 }
              ?? RetransmissionTimer.standardMinimum) : .fixed)
    } catch {
      throw Failure(.usage, error.message)
    }
  }
}

extension MACAddress {
  /// `02:00:00:00:00:01`, or with dashes; nil for anything else.
  init?(text: String) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
    guard parts.count == 6 else { return nil }
    var value: UInt64 = 0
    for part in parts {
      guard part.utf8.count == 2, let octet = UInt8(part, radix: 16), !part.hasPrefix("+") else {
        return nil
      }
      value = value << 8 | UInt64(octet)
    }
    self.init(value)
  }
}

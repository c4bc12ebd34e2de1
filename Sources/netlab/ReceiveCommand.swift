import ArgumentParser
import Capture
import Console
import Cryptography
import Exchange
import PacketCore
import Protocols

/// `netlab receive`: crafted messages, each printed or refused with the reason.
struct ReceiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "receive",
    abstract: "Receive crafted messages: check, decrypt, print, answer.",
    discussion: """
      Each segment is tested in this order: IP header checksum, TCP checksum,
      token, HMAC, age, text, sequence number, duplicate. The first test that it
      fails is the reason that is printed and sent back. The kernel is kept from
      answering; no firewall rule is touched.

      Examples:
        sudo netlab receive --port 5000
        sudo netlab receive --port 5000 -c 1 -T raw >message.txt
      """)

  /// The forms that messages are printed in.
  enum Form: String, CaseIterable, ExpressibleByArgument { case text, jsonl, raw }

  @Option(name: .customLong("port"), help: ArgumentHelp("The port to receive on.", valueName: "n"))
  var port: UInt16 = 5000

  @Option(
    name: .customLong("bind"), parsing: .unconditional,
    help: ArgumentHelp("Only at this address of the host; all if not given.", valueName: "addr"))
  var address: String?

  @Option(
    name: [.customShort("i"), .customLong("interface"), .customLong("iface")],
    parsing: .unconditional,
    help: ArgumentHelp("Only on this interface; all if not given.", valueName: "if"))
  var interface: String?

  @Option(
    name: .customLong("name"), parsing: .unconditional,
    help: ArgumentHelp(
      "What the receiver calls itself in its answers. (default: your user name)",
      valueName: "name"))
  var name: String?

  @OptionGroup var sharedKey: SharedKeyOptions

  @Option(
    name: .customLong("ttl"),
    help: ArgumentHelp("A token may be so old, such as 30s or 5m.", valueName: "time"))
  var ttl = TimeSpan(milliseconds: 60_000)

  @Option(
    name: .customLong("skew"),
    help: ArgumentHelp(
      "The sender's clock may be so far ahead, such as 30s or 5m.", valueName: "time"))
  var skew = TimeSpan(milliseconds: 60_000)

  @Option(
    name: [.customShort("c"), .customLong("count")],
    help: ArgumentHelp("End after so many messages.", valueName: "n"))
  var count: Int?

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp("End after this time, such as 30s or 5m.", valueName: "time"))
  var timeout: TimeSpan?

  @OptionGroup(title: "Faults") var faults: FaultOptions

  @Option(
    name: [.customShort("T"), .customLong("format")],
    help: "Output form: text; jsonl, one object a segment; raw, the messages' texts as they came.")
  var form = Form.text

  @Flag(
    name: .customLong("bits"),
    help: "Print the octets of each token as bits: what the channel decoding got from the line.")
  var showsBits = false

  @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Print messages, and nothing else.")
  var isQuiet = false

  @OptionGroup var colors: ColorOptions
  @OptionGroup(title: "Writing") var writing: ExchangeFileOptions

  mutating func validate() throws {
    if port == 0 { throw ValidationError("--port is 1 to 65535") }
    if let count, count < 1 { throw ValidationError("-c wants at least 1 message") }
    if let name, name.utf8.count > 64 {
      throw ValidationError("--name is a name of at most 64 octets")
    }
    if ttl.milliseconds < 1_000 { throw ValidationError("--ttl is at least 1s") }
  }

  func run() throws {
    let plan = try faults.plan(direction: .incoming)
    let predicates = try faults.predicates(of: plan)
    let cipher = try sharedKey.load().cipher
    let stop = try LiveStop()
    let bound = try boundAddress()
    let wire: WirePort
    do throws(PortFailure) {
      wire = try WirePort(
        receivingAt: bound, port: port, through: interface, stop: stop)
    } catch {
      throw Failure(error)
    }
    let privileges = try PrivilegePlan(.current, requested: nil)
    // From here on root is gone: before a stranger's octet is looked at or a file is made.
    try privileges.carryOut()
    stop.catchSignals()
    for remark in wire.remarks { write(standardError: "netlab: \(remark)\n") }
    let seed = faults.chosenSeed(plan)
    if let seed, !isQuiet { write(standardError: "netlab: faults with seed \(seed)\n") }
    var settings = ReceiverSettings()
    settings.name = name ?? PrivilegeUser.numbered(KeyOwner.current.user)?.name ?? ""
    let session = try ReceiveSession(
      port: FaultyPort(wire, plan, predicates: predicates, seed: seed ?? 0),
      check: SegmentCheck(
        cipher: cipher, port: port, ttl: UInt64(ttl.milliseconds / 1000),
        skew: UInt64(skew.milliseconds / 1000)),
      settings: settings, printer: makePrinter(), capture: writing,
      interface: interface ?? "any")
    session.limit = count ?? .max
    session.deadline = timeout.map {
      MonotonicTime.now.advanced(byNanoseconds: $0.milliseconds * 1_000_000)
    }
    session.showsBits = showsBits
    try session.run(
      place: (interface ?? "any") + (address.map { ", address \($0)" } ?? "") + ", port \(port)")
  }

  private func boundAddress() throws -> Address? {
    guard let address else { return nil }
    let name = try HostName(argument: address)
    do throws(SocketFailure) {
      return try name.addresses().first?.address
    } catch {
      throw Failure(PortFailure(error))
    }
  }

  private func makePrinter() -> any ReceivePrinter {
    switch form {
    case .text: ReceiveTextPrinter(isColoured: colors.isColoured, isQuiet: isQuiet)
    case .jsonl: ReceiveJSONPrinter(tool: "netlab " + Program.version)
    case .raw: ReceiveRawPrinter()
    }
  }
}

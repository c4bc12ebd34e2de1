import ArgumentParser
import Capture
import Console
import Cryptography
import Exchange
import PacketCore
import Projection
import Protocols

/// `netlab send`: a message in crafted segments, until the other end acknowledges it.
struct SendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract:
      "Craft an encrypted message as IP/TCP packets, send it, and try again until it is there.",
    discussion: """
      The message is a Fernet token in one TCP segment (several for a long one);
      headers and checksums are made here. The other end is `netlab receive`, or
      `netlab serve` with the right to open a raw socket. A try that is not
      acknowledged is repeated at t = 1, 2 and 3 s.

      Exit code: 0 delivered, 20 no answer after all tries, 21 refused for good
      (key, age, room), 22 damaged at every try: "Checksum mismatch. Please
      resend the packet."

      Examples:
        sudo netlab send --msg hi --dst 10.0.0.33:5000
        netlab send --msg hi --dst 10.0.0.33:5000 --dry-run
        sudo netlab send --msg hi --dst HOST:5000 --fault corrupt:tcp.checksum@1,2
      """)

  @OptionGroup(title: "The message") var message: SendMessageOptions
  @OptionGroup(title: "The way") var place: SendPlaceOptions
  @OptionGroup(title: "The tries") var tries: SendRetryOptions
  @OptionGroup(title: "Faults") var faults: FaultOptions
  @OptionGroup(title: "How it is printed") var output: ExchangeOutputOptions
  @OptionGroup(title: "Writing") var writing: ExchangeFileOptions

  @Flag(
    name: .customLong("dry-run"),
    help:
      "Send nothing: print every field, the octets and the bits of what would go out. Needs no privilege."
  )
  var isDry = false

  @Option(
    name: .customLong("flood"),
    help: ArgumentHelp(
      "Send so many segments as fast as they go, wait for no answer, and tell the rate. What the "
        + "receiver does under load: all but the first are refused.",
      valueName: "n"))
  var flood: Int?

  mutating func validate() throws {
    guard let flood else { return }
    if flood < 1 { throw ValidationError("--flood wants at least 1 packet") }
    if isDry || !faults.texts.isEmpty || writing.path != nil {
      throw ValidationError("--flood goes with neither --dry-run, --fault nor -w")
    }
  }

  func run() throws {
    let text = try message.read()
    let destination = try place.resolve()
    let settings = try tries.settings()
    let plan = try faults.plan(direction: .outgoing)
    let predicates = try faults.predicates(of: plan)
    let (key, cipher) = try message.sharedKey.load()
    let stop = try LiveStop()
    if isDry || flood != nil {
      return try rehearse(text, destination, settings, plan, predicates, key, cipher, stop)
    }
    let source = try place.sourceAddress()
    let wire: WirePort
    do throws(PortFailure) {
      wire = try WirePort(
        sendingTo: destination.address, port: destination.port, from: source,
        sourcePort: place.sourcePort, through: place.interface, linkLayer: place.linkLayer,
        stop: stop)
    } catch {
      throw Failure(error)
    }
    let privileges = try PrivilegePlan(.current, requested: nil)
    // From here on root is gone: before an answer is looked at or a file is made.
    try privileges.carryOut()
    stop.catchSignals()
    for remark in wire.remarks + place.remarks(about: plan) {
      write(standardError: "netlab: \(remark)\n")
    }
    let seed = faults.chosenSeed(plan)
    let port = FaultyPort(wire, plan, predicates: predicates, seed: seed ?? 0)
    guard let ends = wire.ends else { throw Failure(.internal, "a port without ends") }
    let end = SendingEnd(
      port: port, ends: ends, cipher: cipher, settings: settings,
      mtu: place.mtu(within: wire.mtu))
    end.faultsOfLastSend = { port.takeRecords() }
    let outgoing = end.message(from: message.senderName, room: message.room, text: text)
    let session = try SendSession(
      end: end, port: port, wire: wire, printer: makePrinter(ends), output: output,
      writing: writing)
    try session.run(outgoing, seed: seed)
  }

  private func makePrinter(_ ends: SegmentEnds) -> (any SendPrinter)? {
    if output.isQuiet { return nil }
    switch output.form {
    case .text: return SendTextPrinter(isColoured: output.colors.isColoured)
    case .jsonl:
      var name = TextBuffer()
      name.append(end: ends.destination, ends.destinationPort)
      return SendJSONPrinter(tool: "netlab " + Program.version, destination: name.string)
    }
  }

  /// Makes what would be sent, and shows it; or floods with it.
  private func rehearse(
    _ text: String, _ destination: SendDestination, _ settings: SenderSettings, _ plan: FaultPlan,
    _ predicates: [Int: any PacketPredicate], _ key: FernetKey, _ cipher: FernetCipher,
    _ stop: LiveStop
  ) throws {
    let source = try place.sourceAddress()
    let route: Route
    do throws(SocketFailure) {
      route = try Route.to(
        destination.address.address, from: source, through: place.interface,
        zone: destination.address.zone)
    } catch {
      throw Failure(PortFailure(error))
    }
    let ends = SegmentEnds(
      source: route.source, destination: destination.address.address,
      sourcePort: place.sourcePort, destinationPort: destination.port)
    var numbers = SystemRandomNumberGenerator()
    let time = Timestamp.now
    let rehearsal = try DryRun.segments(
      OutgoingMessage(
        id: CraftedMessage.ID(drawnFrom: &numbers), sender: message.senderName,
        room: message.room, text: text),
      ends: ends, mtu: place.mtu(within: min(route.mtu, WirePort.longestPacket)),
      settings: settings,
      cipher: cipher, time: time)
    if let flood, let segment = rehearsal.first {
      guard rehearsal.count == 1 else {
        throw Failure(
          .usage, "--flood repeats one segment, and this message takes \(rehearsal.count)",
          remedy: "send a shorter one")
      }
      return try SendFlood(
        count: flood, segment: segment, route: route, linkLayer: place.linkLayer
      ).run(output, until: stop)
    }
    let seed = faults.chosenSeed(plan)
    let dry = DryRun(
      rehearsal, key: key, time: time,
      through: FaultLine(plan, .outgoing, predicates: predicates, seed: seed ?? 0))
    if var capture = try ExchangeCapture(writing, interface: route.device.name) {
      for packet in dry.packets {
        let arrival = packet.arrival
        try capture.write(arrival.packet, at: arrival.time, faults: arrival.faults)
      }
      try capture.close()
    }
    guard writing.path != "-", !output.isQuiet else { return }
    var printed = StandardOutput()
    printed.buffer.append("Nothing is sent. The way: \(route.device.name), ")
    let mtu = place.mtu(within: min(route.mtu, WirePort.longestPacket))
    printed.buffer.append("packets of at most \(mtu) octets\n\n")
    dry.print(seed: seed, into: &printed.buffer)
    try printed.flush()
  }
}

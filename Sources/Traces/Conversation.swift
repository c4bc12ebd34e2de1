import PacketCore
import Protocols

/// A frame that will stand on the wire, before its octets are made.
struct PlannedFrame: Sendable {
  /// What a frame of a fault does wrong.
  enum Damage: Sendable { case none, tcpChecksum, ipChecksum }

  /// Nanoseconds since the trace's start.
  var time: Int64
  var fromClient: Bool
  var sequence: UInt32
  var acknowledgment: UInt32
  var flags: TCPFlags
  var window: UInt16
  var options: HeaderOptions
  var identification: UInt16
  /// The data.
  var octets: ArraySlice<UInt8> = []
  /// Which segment of the utterance it carries, from 0; -1 for none.
  var piece = -1
  var damage = Damage.none
  /// False for what the capture misses.
  var isCaptured = true
  /// Belongs to the fault of its batch, or is a consequence of it.
  var isFaulty = false
  var findings: ExpectedFindings = []
}

/// One end of a TCP connection, as far as its headers show it.
struct ConversationEnd: Sendable {
  /// Window scale of both ends: small, so that a window can be closed to the octet.
  static let scale: UInt8 = 2
  /// Octets that an end takes at once, in the header's units.
  static let openWindow: UInt16 = 16_060

  let initial: UInt32
  /// The next sequence number to send.
  var next: UInt32
  /// What is acknowledged.
  var expected: UInt32 = 0
  var window = ConversationEnd.openWindow
  var identification: UInt16
  /// Milliseconds on the end's own clock at the trace's start.
  var clock: UInt32
  /// The other end's last timestamp.
  var echo: UInt32 = 0

  /// - Parameter avoided: A number that is not to be the first.
  init(_ numbers: inout SeededNumbers, avoiding avoided: UInt32?) {
    var number = UInt32(truncatingIfNeeded: numbers.next())
    // A quarter of all ends count over the highest number while they greet.
    // Not so near that the first octet has the number before 0, which stands for "none yet" in
    // Wireshark's analysis: a first segment with it would be called a keep-alive.
    if number & 3 == 0 { number = UInt32.max - 2 - (number >> 8) % 19 }
    initial = number == avoided ? number &- 1 : number
    next = initial
    identification = UInt16(truncatingIfNeeded: numbers.next())
    clock = UInt32(truncatingIfNeeded: numbers.next() >> 34)
  }
}

/// Plays both ends of one TCP connection: handshake, data in segments, acknowledgments, end. What
/// it plays is planned frames in the order of time, a batch for each utterance.
///
/// Between two batches all is settled (everything was acknowledged, the windows are open), so that
/// no fault is seen in the light of another.
struct Conversation: Sendable {
  /// Segments that are sent before the first acknowledgment is waited for. RFC 6928.
  static let flight = 10

  let options: TraceOptions
  var numbers: SeededNumbers
  var client: ConversationEnd
  var server: ConversationEnd
  /// Nanoseconds since the trace's start.
  var now: Int64
  /// From one end to the other and back; the capture stands half-way.
  let roundTrip: Int64
  /// One acknowledgment for two segments. RFC 9293 section 3.8.6.3.
  let delaysAcks: Bool
  /// Frames planned and not yet taken.
  var frames: [PlannedFrame] = []
  /// Which end still owes an acknowledgment; nil for none. It rides on what that end says next.
  var owesAck: Bool?
  /// False while the capture has not begun.
  var isCaptured = true
  /// Which end closed first; nil before.
  private(set) var closedByClient: Bool?

  /// - Parameters:
  ///   - connection: Its number in the trace.
  ///   - time: Nanoseconds since the trace's start.
  ///   - avoided: The first number of a connection before this one on the same ports.
  init(_ options: TraceOptions, connection: Int, at time: Int64, avoiding avoided: UInt32?) {
    self.options = options
    numbers = SeededNumbers(seed: options.seed, part: connection)
    client = ConversationEnd(&numbers, avoiding: avoided)
    server = ConversationEnd(&numbers, avoiding: nil)
    now = time
    roundTrip = Int64(numbers.pick(2_000_000...12_000_000))
    delaysAcks = numbers.chance(60)
  }

  var half: Int64 { roundTrip / 2 }
  /// RFC 6298 section 2.4 asks for at least a second; Linux takes 200 ms.
  mutating func retransmissionTimeout() -> Int64 {
    200_000_000 + Int64(numbers.below(60_000_000))
  }

  /// Lets time pass.
  mutating func wait(_ nanoseconds: Int64) { now += nanoseconds }

  /// The time that one segment takes behind another.
  mutating func pause() { wait(Int64(numbers.pick(12_000...40_000))) }

  // MARK: - Frames

  /// Plans a frame that one end sends now.
  ///
  /// - Parameters:
  ///   - sequence: What stands in its header; the end's next number when nil.
  ///   - named: Options besides the timestamps.
  /// - Returns: Its place in `frames`.
  @discardableResult
  mutating func send(
    fromClient: Bool, _ flags: TCPFlags, sequence: UInt32? = nil, octets: ArraySlice<UInt8> = [],
    piece: Int = -1, named: [TCP.Option] = [], findings: ExpectedFindings = []
  ) -> Int {
    var end = fromClient ? client : server
    end.identification &+= 1
    let time = end.clock &+ UInt32(truncatingIfNeeded: now / 1_000_000)
    let timestamps = TCP.Option.timestamps(value: time, echo: flags.contains(.ack) ? end.echo : 0)
    let isSyn = flags.contains(.syn)
    let options: [TCP.Option] =
      isSyn
      ? [
        .maximumSegmentSize(self.options.isIPv6 ? 1440 : 1460), .sackPermitted, timestamps,
        .noOperation, .windowScale(ConversationEnd.scale),
      ] : [.noOperation, .noOperation, timestamps] + named
    frames.append(
      PlannedFrame(
        time: now, fromClient: fromClient, sequence: sequence ?? end.next,
        acknowledgment: flags.contains(.ack) ? end.expected : 0, flags: flags,
        window: isSyn ? 64_240 : end.window, options: HeaderOptions(options),
        identification: end.identification, octets: octets, piece: piece,
        isCaptured: isCaptured, findings: findings))
    if fromClient {
      client = end
      server.echo = time
    } else {
      server = end
      client.echo = time
    }
    return frames.count - 1
  }

  /// Acknowledges everything up to a number of the other end.
  mutating func acknowledge(
    fromClient: Bool, upTo number: UInt32? = nil, sack: [(left: UInt32, right: UInt32)] = [],
    findings: ExpectedFindings = []
  ) {
    let number = number ?? (fromClient ? server.next : client.next)
    if fromClient { client.expected = number } else { server.expected = number }
    send(
      fromClient: fromClient, .ack,
      named: sack.isEmpty ? [] : [.noOperation, .noOperation, .sack(sack)], findings: findings)
  }

  /// Sends the acknowledgment that waited for something to ride on.
  mutating func settle() {
    guard let owing = owesAck else { return }
    owesAck = nil
    wait(40_000_000)
    acknowledge(fromClient: owing)
  }

  // MARK: - A life

  /// SYN, SYN-ACK, ACK. RFC 9293 section 3.5.
  mutating func open(reusesPorts: Bool) {
    let syn = send(
      fromClient: true, .syn, findings: reusesPorts ? [.syn, .reusedPorts] : .syn)
    frames[syn].isFaulty = reusesPorts
    client.next &+= 1
    server.expected = client.next
    wait(half)
    send(fromClient: false, [.syn, .ack], findings: .synAck)
    server.next &+= 1
    client.expected = server.next
    wait(half)
    send(fromClient: true, .ack)
    wait(200_000)
  }

  /// The connection's end; everything before it is settled.
  mutating func close(_ ending: TraceOptions.Ending) {
    settle()
    wait(Int64(numbers.pick(1_000_000...50_000_000)))
    let fromClient = ending == .halfClose || numbers.chance(50)
    closedByClient = fromClient
    switch ending {
    case .reset: send(fromClient: fromClient, [.rst, .ack], findings: .rst)
    case .fin:
      finish(fromClient: fromClient)
      wait(half)
      finish(fromClient: !fromClient)
      wait(half)
      acknowledge(fromClient: fromClient)
    case .halfClose:
      finish(fromClient: false)
      wait(half)
      acknowledge(fromClient: true)
    }
  }

  /// The client is done and the server takes note. RFC 9293 section 3.6.
  mutating func halfClose() {
    settle()
    wait(1_000_000)
    finish(fromClient: true)
    wait(half)
    acknowledge(fromClient: false)
    wait(half)
  }

  /// One end is done. The other knows it when it sends next.
  mutating func finish(fromClient: Bool) {
    send(fromClient: fromClient, [.fin, .ack], findings: .fin)
    if fromClient {
      client.next &+= 1
      server.expected = client.next
    } else {
      server.next &+= 1
      client.expected = server.next
    }
  }
}

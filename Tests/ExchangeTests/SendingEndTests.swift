import Capture
import Cryptography
import Exchange
import PacketCore
import Protocols
import Testing

/// The driver: segments made, answers read, everything told.
@Suite struct SendingEndTests {
  private static let ends = SegmentEnds(
    source: Address(IPv4Address(10, 0, 0, 21)), destination: Address(IPv4Address(10, 0, 0, 33)),
    sourcePort: 12345, destinationPort: 5000)

  private struct Fixture {
    let port = ScriptedPort()
    let cipher: FernetCipher
    let end: SendingEnd
    let log = Log()

    init(settings: SenderSettings = .standard, mtu: Int = 1500, ends: SegmentEnds = ends) throws {
      let key = try #require(FernetKey.generate())
      cipher = try #require(FernetCipher(key))
      end = SendingEnd(
        port: port, ends: ends, cipher: cipher, settings: settings, mtu: mtu,
        numbers: SeededNumbers(seed: 5))
      end.report = { [log] in log.take($0) }
    }

    func read(_ packet: [UInt8]) -> (CheckedSegment, CraftedMessage?) {
      let check = SegmentCheck(cipher: cipher, port: nil)
      let checked = check.judge(
        packet.span.bytes, now: UInt64(port.wallSeconds), isFromThisHost: false)
      guard case .taken(let message, _) = checked.verdict else { return (checked, nil) }
      return (checked, message)
    }

    /// An answer to a packet, as a receiver makes it.
    func answer(
      to packet: [UInt8], _ kind: CraftedMessage.Kind, parts: Int? = nil,
      reason: CraftedReason? = nil, cipher other: FernetCipher? = nil, age: Int64 = 0,
      change: (inout CraftedMessage) -> Void = { _ in }
    ) -> Arrival {
      let (checked, read) = read(packet)
      let message = read ?? CraftedMessage(.message, id: .none)
      var answer = CraftedMessage(
        kind, id: kind == .resend ? .none : message.id, sender: "bob", part: message.part,
        parts: parts ?? message.part, sequence: checked.sequence, reason: reason)
      change(&answer)
      let token = (other ?? cipher).seal(
        answer.json.span.bytes, time: UInt64(port.wallSeconds - age))
      var segment = CraftedSegment(
        ends: checked.ends.reversed, sequence: 77,
        acknowledgment: kind == .resend ? checked.sequence : checked.end, identification: 1,
        payload: token ?? [])
      if kind == .refused { segment.flags.insert(.fin) }
      return Arrival(packet: segment.packet, time: port.wallClock)
    }
  }

  private final class Log {
    var attempts: [Attempt] = []
    var sentCount = 0
    var received: [CheckedSegment] = []
    var remarks: [SenderRemark] = []
    var failures: [PortFailure] = []

    func take(_ report: SendingReport) {
      switch report {
      case .sent: sentCount += 1
      case .notSent(let failure, _, _): failures.append(failure)
      case .received(_, let checked): received.append(checked)
      case .attempt(let attempt): attempts.append(attempt)
      case .remark(let remark): remarks.append(remark)
      }
    }
  }

  private func send(_ fixture: Fixture, _ text: String = "hi") throws -> Outcome {
    try fixture.end.begin(fixture.end.message(from: "ada", room: "ABCDEF", text: text))
    return try fixture.end.run()
  }

  @Test func theSegmentIsAsDocumented() throws {
    let fixture = try Fixture()
    let parts = try fixture.end.begin(fixture.end.message(from: "ada", room: "R", text: "hi"))
    #expect(fixture.port.sent.isEmpty && fixture.end.isActive)
    #expect(try fixture.end.step() == MonotonicTime(nanoseconds: 1_000_000_000))
    let (checked, message) = fixture.read(try #require(fixture.port.sent.first))
    #expect(checked.ends == Self.ends && checked.flags == [.psh, .ack])
    #expect(checked.acknowledgment == 0 && checked.payload.count == parts.lengths[0])
    #expect(message?.text == "hi" && message?.room == "R" && message?.sender == "ada")
    #expect(message?.sequence == checked.sequence && message?.initialSequence == checked.sequence)
    #expect(message?.wantsOrder == false)
  }

  @Test func aRetryRepeatsTheOctetsButForTheIdentification() throws {
    let fixture = try Fixture()
    let outcome = try send(fixture)
    #expect(outcome == .noAnswer(tries: 4, damaged: 0, wasReset: false))
    #expect(fixture.port.sent.count == 4 && fixture.log.attempts.count == 4)
    #expect(Set(fixture.port.sent.map { Array($0[4..<6]) }).count == 4)
    #expect(Set(fixture.port.sent.map { Array($0[12...]) }).count == 1)
  }

  @Test func isDelivered() throws {
    let fixture = try Fixture()
    fixture.port.answer = { [fixture.answer(to: $0, .ack)] }
    #expect(try send(fixture) == .delivered(tries: 1, parts: 1, nanoseconds: 0))
    #expect(fixture.log.attempts.map(\.answer) == [.ack])
    // The next one goes on where the first one ended, and acknowledges the answer's end.
    let first = fixture.read(fixture.port.sent[0]).0
    #expect(try send(fixture).isDelivered)
    let second = fixture.read(fixture.port.sent[1]).0
    #expect(second.sequence == first.end)
    #expect(second.acknowledgment == 77 + UInt32(fixture.log.received[0].payload.count))
  }

  @Test func theRunGoesOnAfterAFailure() throws {
    let fixture = try Fixture()
    #expect(try !send(fixture).isDelivered)
    fixture.port.answer = { [fixture.answer(to: $0, .ack)] }
    #expect(try send(fixture).isDelivered)
    let first = fixture.read(fixture.port.sent[0])
    let last = fixture.read(try #require(fixture.port.sent.last))
    #expect(last.0.sequence == first.0.end && last.1?.initialSequence == first.0.sequence)
  }

  @Test func partsGoInTheirOrder() throws {
    let fixture = try Fixture(mtu: 600)
    fixture.port.answer = { [fixture.answer(to: $0, .ack)] }
    let text = String(repeating: "Grüße! ", count: 300)
    let outcome = try send(fixture, text)
    guard case .delivered(let tries, let parts, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(tries == parts && parts > 10)
    #expect(fixture.port.sent.allSatisfy { $0.count <= 600 })
    #expect(fixture.port.sent.compactMap { fixture.read($0).1?.text }.joined() == text)
  }

  @Test func ipv6Too() throws {
    let fixture = try Fixture(
      ends: SegmentEnds(
        source: Address(IPv6Address(high: 0xfd00 << 48, low: 1)),
        destination: Address(IPv6Address(high: 0xfd00 << 48, low: 2)), sourcePort: 1,
        destinationPort: 2))
    fixture.port.answer = { [fixture.answer(to: $0, .ack)] }
    #expect(try send(fixture).isDelivered)
  }

  @Test func aRefusalIsBelievedWhateverTheClock() throws {
    for age in [0, 3600, -3600] as [Int64] {
      let fixture = try Fixture()
      fixture.port.answer = {
        [fixture.answer(to: $0, .refused, reason: CraftedReason(.expired), age: age)]
      }
      #expect(try send(fixture) == .refused(CraftedReason(.expired)))
    }
  }

  @Test func anotherKey() throws {
    let fixture = try Fixture()
    let key = try #require(FernetKey.generate())
    let other = try #require(FernetCipher(key))
    for kind in [.ack, .resend, .refused] as [CraftedMessage.Kind] {
      fixture.port.answer = { [fixture.answer(to: $0, kind, cipher: other)] }
      #expect(try send(fixture) == .anotherKey)
    }
  }

  @Test func answersThatAreNotOursCountForNothing() throws {
    let fixture = try Fixture()
    var answers = 0
    fixture.port.answer = { packet in
      var all: [Arrival] = [
        // Another message, another segment, no answer at all.
        fixture.answer(to: packet, .ack) { $0.id.low ^= 1 },
        fixture.answer(to: packet, .ack) { $0.id = .none },
        fixture.answer(to: packet, .ack) { $0.sequence ^= 1 },
        fixture.answer(to: packet, .message),
        Arrival(packet: packet, time: fixture.port.wallClock),
      ]
      // Other hosts and ports: from each octet of addresses and ports another one.
      let good = fixture.answer(to: packet, .ack)
      for place in 12..<24 {
        var other = CraftedSegment(
          ends: Self.ends.reversed, sequence: 0, acknowledgment: 0, identification: 0,
          payload: Array(good.packet[40...]))
        other.acknowledgment = fixture.read(packet).0.end
        switch place {
        case 12..<16: other.ends.source = Address(IPv4Address(10, 0, 0, UInt8(place)))
        case 16..<20: other.ends.destination = Address(IPv4Address(10, 0, 0, UInt8(place)))
        case 20..<22: other.ends.sourcePort = UInt16(place)
        default: other.ends.destinationPort = UInt16(place)
        }
        all.append(Arrival(packet: other.packet, time: good.time))
      }
      for count in 0..<60 {
        all.append(Arrival(packet: Array(good.packet.prefix(count)), time: good.time))
      }
      answers += all.count
      return all
    }
    #expect(try send(fixture) == .noAnswer(tries: 4, damaged: 0, wasReset: false))
    #expect(answers > 200 && fixture.port.now == MonotonicTime(nanoseconds: 4_000_000_000))
  }

  @Test func everyDamagedBitOfAnAnswerIsSeen() throws {
    let fixture = try Fixture()
    // One bit a try, in headers and token alike.
    fixture.port.answer = { packet in
      let good = fixture.answer(to: packet, .ack)
      return (0..<good.packet.count * 8).map { bit in
        var bad = good
        bad.packet[bit / 8] ^= 1 << UInt8(bit % 8)
        return bad
      }
    }
    #expect(try send(fixture) == .noAnswer(tries: 4, damaged: 0, wasReset: false))
    #expect(fixture.log.remarks.contains(.damagedAnswer))
  }

  @Test func anOffloadedSumIsGoodOnTheSendersHostOnly() throws {
    for isFromThisHost in [false, true] {
      let fixture = try Fixture()
      fixture.port.answer = { packet in
        var arrival = fixture.answer(to: packet, .ack)
        arrival.isFromThisHost = isFromThisHost
        // The sum of the pseudo-header alone stands in the field, as the kernel leaves it.
        var sum = InternetChecksum()
        let octets = Array(arrival.packet[12..<20])
        sum.add(octets.span.bytes)
        sum.add(6 as UInt16)
        sum.add(UInt16(arrival.packet.count - 20))
        arrival.packet[36] = UInt8(sum.folded >> 8)
        arrival.packet[37] = UInt8(truncatingIfNeeded: sum.folded)
        return [arrival]
      }
      #expect(try send(fixture).isDelivered == isFromThisHost)
    }
  }

  @Test func aResetIsNamed() throws {
    let fixture = try Fixture()
    fixture.port.answer = { packet in
      let checked = fixture.read(packet).0
      var reset = CraftedSegment(
        ends: checked.ends.reversed, sequence: 0, acknowledgment: checked.end, identification: 0,
        payload: [])
      reset.flags = [.rst]
      return [Arrival(packet: reset.packet, time: fixture.port.wallClock)]
    }
    let outcome = try send(fixture)
    #expect(outcome == .noAnswer(tries: 4, damaged: 0, wasReset: true))
    #expect(outcome.text.contains("RST") && fixture.log.remarks == [.reset])
  }

  @Test func aFloodDoesNotHoldTheTimers() throws {
    let fixture = try Fixture()
    let noise = Arrival(packet: [UInt8](repeating: 0x45, count: 60), time: fixture.port.wallClock)
    try fixture.end.begin(fixture.end.message(from: "ada", text: "hi"))
    var steps = 0
    while steps < 100_000 {
      steps += 1
      // There is always more than one step takes.
      while fixture.port.arrivals.count < 300 { fixture.port.arrivals.append(noise) }
      fixture.port.now = fixture.port.now.advanced(byNanoseconds: 100_000_000)
      guard let moment = try fixture.end.step() else { break }
      #expect(moment == fixture.port.now)
    }
    #expect(fixture.end.outcome == .noAnswer(tries: 4, damaged: 0, wasReset: false))
    #expect(steps == 41)
  }

  @Test func theUserEndsIt() throws {
    let fixture = try Fixture()
    fixture.port.wantsEnd = true
    #expect(try send(fixture) == .cancelled)
    #expect(!fixture.end.isActive && fixture.log.attempts.count == 1)
    // Before the first segment too.
    try fixture.end.begin(fixture.end.message(from: "ada", text: "hi"))
    fixture.end.cancel()
    #expect(try fixture.end.step() == nil)
    #expect(fixture.end.outcome == .cancelled && fixture.port.sent.count == 1)
  }

  @Test func aPortThatFails() throws {
    let fixture = try Fixture()
    // For this packet only: the try counts as lost.
    fixture.port.sendFailure = PortFailure(.system, "no buffer space")
    #expect(try !send(fixture).isDelivered)
    #expect(fixture.log.failures.count == 4 && fixture.log.attempts.count == 4)
    for kind in [.interface, .permission, .noRoute, .tooLong] as [PortFailure.Kind] {
      let failure = PortFailure(kind, "gone")
      fixture.port.sendFailure = failure
      #expect(throws: failure) { try self.send(fixture) }
      #expect(!fixture.end.isActive && fixture.end.outcome == nil)
    }
    fixture.port.sendFailure = nil
    fixture.port.receiveFailure = PortFailure(.interface, "gone")
    #expect(throws: PortFailure(.interface, "gone")) { try self.send(fixture) }
    fixture.port.receiveFailure = nil
    fixture.port.answer = { [fixture.answer(to: $0, .ack)] }
    #expect(try send(fixture).isDelivered)
  }

  @Test func faultsStandInTheRowOfTheTry() throws {
    let fixture = try Fixture()
    var count = 0
    fixture.end.faultsOfLastSend = {
      count += 1
      return count == 1 ? [FaultRecord(kind: "loss", id: 1, detail: "lost")] : []
    }
    fixture.port.answer = { count == 0 ? [] : [fixture.answer(to: $0, .ack)] }
    #expect(try send(fixture).isDelivered)
    #expect(fixture.log.attempts.map(\.faults.count) == [1, 0])
  }

  @Test func aDelayingPortIsCalledInTime() throws {
    let fixture = try Fixture()
    fixture.port.release = MonotonicTime(nanoseconds: 5)
    try fixture.end.begin(fixture.end.message(from: "ada", text: "hi"))
    #expect(try fixture.end.step() == MonotonicTime(nanoseconds: 5))
    #expect(throws: OutgoingFault.underWay) {
      try fixture.end.begin(fixture.end.message(from: "ada", text: "ho"))
    }
  }

  @Test func aMegabyteArrivesWhole() throws {
    let settings = try SenderSettings(window: 64, recovery: .selectiveRepeat)
    let fixture = try Fixture(settings: settings)
    var joined: [Int: String] = [:]
    fixture.port.answer = { packet in
      guard let message = fixture.read(packet).1 else { return [] }
      joined[message.part] = message.text
      return [fixture.answer(to: packet, .ack, parts: joined.count)]
    }
    let text = String(repeating: "0123456789abcdef", count: 65536)
    #expect(try send(fixture, text).isDelivered)
    #expect(joined.sorted { $0.key < $1.key }.map(\.value).joined() == text)
  }
}

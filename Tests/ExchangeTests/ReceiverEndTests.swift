import Capture
import Cryptography
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// A receiving end on a network in memory.
@Suite struct ReceiverEndTests {
  private static let second: Int64 = 1_000_000_000

  /// Two hosts, and what the receiving one did.
  private final class Scene {
    let network: MemoryNetwork
    let sender: MemoryPort
    let receiver: MemoryPort
    var end: ReceivingEnd
    var delivered: [Delivery] = []
    var decision: DeliveryDecision? = .delivered
    var events: [ReceivingEvent] = []

    init(seed: UInt64 = 1, key: String = Making.keyText) throws {
      network = MemoryNetwork(seed: seed)
      sender = network.port(Making.sender)
      receiver = network.port(Making.receiver)
      let check = SegmentCheck(cipher: try Making.cipher(key), port: 5000)
      end = ReceivingEnd(port: receiver, check: check, seed: seed) { _ in nil }
      restart(check)
    }

    func restart(_ check: SegmentCheck) {
      end = ReceivingEnd(port: receiver, check: check, seed: 3) { [unowned self] delivery in
        delivered.append(delivery)
        return decision
      }
      end.observer = { [unowned self] in events.append($0) }
    }

    var made: UInt64 { UInt64(sender.wallClock.seconds) }

    func send(_ message: CraftedMessage, made: UInt64? = nil) throws {
      try sender.send(try Making.segment(message, made: made ?? self.made).packet)
    }

    /// Lets time pass, the end at work.
    func pass(_ nanoseconds: Int64) throws {
      let until = network.now.advanced(byNanoseconds: nanoseconds)
      while let next = network.nextEvent, next <= until {
        network.advance(to: next)
        _ = try end.step()
      }
      network.advance(to: until)
      _ = try end.step()
    }

    /// What came back, judged with the sender's key.
    func answers() throws -> [CheckedSegment] {
      let check = SegmentCheck(cipher: try Making.cipher(), port: 12345)
      var answers: [CheckedSegment] = []
      while let arrival = try sender.receive() {
        answers.append(
          check.judge(arrival.packet.span.bytes, now: made, isFromThisHost: false))
      }
      return answers
    }

    var rows: [ReceiverRow.Outcome] {
      events.compactMap { if case .row(let row, _) = $0 { row.outcome } else { nil } }
    }
  }

  private static func message(_ checked: CheckedSegment?) -> CraftedMessage? {
    guard case .taken(let message, _) = checked?.verdict else { return nil }
    return message
  }

  @Test func aMessageGoesThereAndItsAnswerBack() throws {
    let scene = try Scene()
    try scene.send(Making.message())
    #expect(try scene.end.step() == nil)
    try scene.pass(Self.second)
    #expect(scene.delivered.map(\.text) == ["hi"])
    let answers = try scene.answers()
    #expect(answers.count == 1)
    #expect(answers.first?.ends == Making.ends.reversed)
    let answer = try #require(Self.message(answers.first))
    #expect(answer.kind == .ack && answer.sequence == 1000 && answer.parts == 1)
    #expect(scene.rows == [.delivered])
    // Both packets were seen, for a capture.
    let kinds = scene.events.map { event in
      switch event {
      case .received: "in"
      case .sent: "out"
      case .row: "row"
      case .unsent, .unreceived: "failure"
      }
    }
    #expect(kinds.sorted() == ["in", "out", "row"])
    #expect(try scene.end.step() == MonotonicTime(nanoseconds: 121_001_000_000))
  }

  @Test func anotherKeyIsAskedAgainInVain() throws {
    let scene = try Scene(key: Making.otherKeyText)
    try scene.send(Making.message())
    try scene.pass(Self.second)
    #expect(scene.delivered.isEmpty)
    let answer = try #require(try scene.answers().first)
    #expect(answer.verdict == .failed(CraftedReason(.badHMAC)))
    #expect(answer.acknowledgment == 1000)
  }

  @Test func twoReceiversDoNotAnswerEachOtherForEver() throws {
    let network = MemoryNetwork(seed: 1)
    let ends = [(Making.receiver, Making.keyText), (Making.sender, Making.otherKeyText)]
    let receivers = try ends.map { address, key in
      ReceivingEnd(
        port: network.port(address), check: SegmentCheck(cipher: try Making.cipher(key), port: 5000)
      ) { _ in .delivered }
    }
    var between = Making.ends
    between.sourcePort = 5000
    var damaged = try Making.segment(Making.message(), ends: between)
    damaged.payload[50] ^= 1
    network.port(Making.receiver).put(
      Arrival(packet: damaged.packet, time: Timestamp(seconds: 0, nanoseconds: 0)))
    for _ in 0..<1000 {
      for receiver in receivers { _ = try receiver.step() }
      guard let next = network.nextEvent else { break }
      network.advance(to: next)
    }
    #expect(network.nextEvent == nil)
    #expect((1..<50).contains(network.sentCount))
  }

  @Test(arguments: zip([3600, -3600] as [Int64], [CraftedReason.Code.expired, .fromTheFuture]))
  func aClockAnHourOffIsNamed(_ offset: Int64, _ code: CraftedReason.Code) throws {
    let scene = try Scene()
    scene.receiver.wallOffset = offset
    try scene.send(Making.message())
    try scene.pass(Self.second)
    #expect(scene.delivered.isEmpty)
    // The answer too looks old or new to the sender, who learns of it that way.
    let verdict = try #require(try scene.answers().first).verdict
    guard case .failed(let reason) = verdict else {
      Issue.record("\(verdict)")
      return
    }
    #expect(reason.code == (code == .expired ? .fromTheFuture : .expired))
    guard case .refused(let refusal)? = scene.rows.first else {
      Issue.record("\(scene.rows)")
      return
    }
    #expect(refusal.code == code)
  }

  @Test func aDecisionMayComeLaterFromAnotherThread() throws {
    let scene = try Scene()
    scene.decision = nil
    try scene.send(Making.message())
    try scene.pass(10_000_000)
    #expect(scene.delivered.count == 1)
    #expect(try scene.answers().isEmpty)
    // It looks again soon.
    let next = try #require(try scene.end.step())
    #expect(next <= scene.network.now.advanced(byNanoseconds: 20_000_000))
    let decisions = scene.end.decisions
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      decisions.decide(Making.message().id, .refused(CraftedReason(.noRoom)))
      done.signal()
    }
    done.wait()
    try scene.pass(10_000_000)
    try scene.pass(10_000_000)
    let answer = try #require(try scene.answers().first)
    #expect(answer.flags == [.fin, .psh, .ack])
    #expect(Self.message(answer)?.reason?.code == .noRoom)
    #expect(scene.rows == [.refused(CraftedReason(.noRoom))])
  }

  @Test func anAnswerThatFindsNoWayIsToldAndNotTheEnd() throws {
    let scene = try Scene()
    var ends = Making.ends
    ends.source = Address(IPv4Address(192, 0, 2, 9))
    scene.receiver.put(
      Arrival(
        packet: try Making.segment(Making.message(), made: scene.made, ends: ends).packet,
        time: scene.receiver.wallClock))
    _ = try scene.end.step()
    let failures = scene.events.compactMap { event -> PortFailure.Kind? in
      if case .unsent(_, let failure) = event { failure.kind } else { nil }
    }
    #expect(failures == [.noRoute])
    try scene.send(Making.message(id: 8, sequence: 3000))
    try scene.pass(Self.second)
    #expect(scene.delivered.count == 2)
  }

  @Test func onlyAnInterfaceThatHasGoneIsTheEnd() throws {
    let scene = try Scene()
    scene.receiver.failure = PortFailure(.system, "out of buffers")
    let next = try scene.end.step()
    #expect(next.map { $0 > scene.network.now } == true)
    scene.receiver.failure = PortFailure(.interface, "the interface is down")
    #expect(throws: PortFailure(.interface, "the interface is down")) { try scene.end.step() }
    #expect(throws: PortFailure.self) { try scene.end.run() }
  }

  @Test func afterARestartNothingIsDeliveredTwice() throws {
    let scene = try Scene()
    try scene.send(Making.message())
    try scene.pass(2 * Self.second)
    scene.restart(SegmentCheck(cipher: try Making.cipher(), port: 5000))
    try scene.send(Making.message(), made: scene.made - 2)
    try scene.pass(Self.second)
    #expect(scene.delivered.count == 1)
    #expect(Self.message(try scene.answers().last)?.reason?.code == .beforeStart)
  }

  @Test func itRunsUntilItIsToStop() throws {
    let scene = try Scene()
    for id in 1...3 as ClosedRange<UInt64> {
      try scene.send(Making.message(id: id, sequence: UInt32(id * 1000)))
    }
    try scene.end.run { scene.delivered.count == 3 }
    #expect(scene.delivered.map(\.id.low) == [1, 2, 3])
  }

  @Test func aMegabyteArrivesWholeThroughABadNetwork() throws {
    let seed = testSeed("ReceiverEndTests.aMegabyte")
    let scene = try Scene(seed: seed)
    scene.network.conditions.loss = 30
    scene.network.conditions.duplication = 10
    scene.network.conditions.reordering = 20
    scene.network.conditions.corruption = 10
    let text = String(repeating: "0123456789abcdef", count: 65_536)
    let size = 40_000
    let parts = (text.utf8.count + size - 1) / size
    var segments: [CraftedSegment] = []
    var sequence: UInt32 = 1000
    for part in 1...parts {
      let start = text.utf8.index(text.startIndex, offsetBy: (part - 1) * size)
      var message = Making.message(String(text[start...].prefix(size)), sequence: sequence)
      message.part = part
      message.parts = parts
      let segment = try Making.segment(message, made: scene.made)
      sequence &+= UInt32(segment.payload.count)
      segments.append(segment)
    }
    var open = Set(1...parts)
    for _ in 0..<40 where !open.isEmpty {
      for part in open { try scene.sender.send(segments[part - 1].packet) }
      try scene.pass(Self.second)
      for answer in try scene.answers() {
        guard let message = Self.message(answer), message.kind == .ack else { continue }
        open.remove(message.part)
        // All are said to be here only when the message was delivered.
        #expect(message.parts < parts || scene.delivered.count == 1, "seed \(seed)")
      }
      #expect(scene.delivered.count == 1 || !open.isEmpty, "seed \(seed)")
    }
    #expect(open.isEmpty, "seed \(seed)")
    #expect(scene.delivered.count == 1, "seed \(seed)")
    #expect(scene.delivered.first.map { $0.text == text } == true, "seed \(seed)")
  }

  @Test func whatNeverCameWholeIsNotDelivered() throws {
    let scene = try Scene()
    for part in [1, 2, 4] {
      var message = Making.message("x", sequence: UInt32(part * 1000))
      message.part = part
      message.parts = 4
      try scene.send(message)
    }
    try scene.pass(300 * Self.second)
    #expect(scene.delivered.isEmpty)
    #expect(scene.rows == [.part(held: 1), .part(held: 2), .part(held: 3)])
  }
}

/// The network itself.
@Suite struct ReceiverNetworkTests {
  @Test func packetsArriveInTheOrderOfTheirTimes() throws {
    let network = MemoryNetwork(seed: 1)
    let (one, other) = (network.port(Making.sender), network.port(Making.receiver))
    var packets: [[UInt8]] = []
    for id in 0..<20 as Range<UInt64> {
      let packet = try Making.segment(Making.message(id: id)).packet
      packets.append(packet)
      network.conditions.delay = id % 2 == 0 ? 1000 : 500
      try one.send(packet)
    }
    #expect(network.nextEvent == MonotonicTime(nanoseconds: 500))
    #expect(try other.receive() == nil)
    network.advance(to: MonotonicTime(nanoseconds: 999))
    func all() throws -> [[UInt8]] {
      var all: [[UInt8]] = []
      while let arrival = try other.receive() { all.append(arrival.packet) }
      return all
    }
    #expect(try all() == stride(from: 1, to: 20, by: 2).map { packets[$0] })
    network.advance(to: MonotonicTime(nanoseconds: 1000))
    #expect(try all() == stride(from: 0, to: 20, by: 2).map { packets[$0] })
    #expect(network.nextEvent == nil)
  }

  @Test func theSameSeedIsTheSameLuck() throws {
    func run(_ seed: UInt64) throws -> [[UInt8]] {
      let network = MemoryNetwork(seed: seed)
      network.conditions.loss = 30
      network.conditions.duplication = 30
      network.conditions.jitter = 3_000_000
      network.conditions.corruption = 30
      let (one, other) = (network.port(Making.sender), network.port(Making.receiver))
      for id in 0..<200 as Range<UInt64> {
        let segment = CraftedSegment(
          ends: Making.ends, sequence: UInt32(id), acknowledgment: 0, identification: 0,
          payload: [1, 2, 3])
        try one.send(segment.packet)
      }
      network.advance(to: MonotonicTime(nanoseconds: 1_000_000_000))
      var all: [[UInt8]] = []
      while let arrival = try other.receive() { all.append(arrival.packet) }
      return all
    }
    #expect(try run(1) == run(1))
    #expect(try run(1) != run(2))
    #expect((120..<220).contains(try run(3).count))
  }

  @Test func aClockOnTheWallMayBeWrong() throws {
    let network = MemoryNetwork(seed: 1)
    let port = network.port(Making.sender)
    port.wallOffset = -3600
    network.advance(to: MonotonicTime(nanoseconds: 2_500_000_000))
    #expect(
      port.wallClock
        == Timestamp(seconds: 1_800_000_002 - 3600, nanoseconds: 500_000_000))
    #expect(throws: PortFailure.self) {
      try port.send(try Making.segment(Making.message()).packet)
    }
  }
}

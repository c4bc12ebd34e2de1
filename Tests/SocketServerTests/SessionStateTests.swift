import NIOCore
import Testing

@testable import SocketServer

@Suite struct HeartbeatTests {
  let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  @Test func pingsAfterTheInterval() {
    var heart = Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: start)
    let answer1 = heart.pass(start + .seconds(24))
    #expect(answer1 == .wait)
    let answer2 = heart.pass(start + .seconds(25))
    #expect(answer2 == .ping)
    #expect(heart.next == start + .seconds(45))
  }

  @Test func timesOutWithoutPong() {
    var heart = Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: start)
    _ = heart.pass(start + .seconds(25))
    let answer3 = heart.pass(start + .seconds(44))
    #expect(answer3 == .wait)
    let answer4 = heart.pass(start + .seconds(45))
    #expect(answer4 == .timeout)
  }

  @Test func pongBeginsTheNextInterval() {
    var heart = Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: start)
    _ = heart.pass(start + .seconds(25))
    heart.pong(start + .seconds(26))
    #expect(heart.next == start + .seconds(51))
    let answer5 = heart.pass(start + .seconds(45))
    #expect(answer5 == .wait)
    let answer6 = heart.pass(start + .seconds(51))
    #expect(answer6 == .ping)
  }

  @Test func pongWithoutPingPostponesNothing() {
    var heart = Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: start)
    heart.pong(start + .seconds(20))
    let answer7 = heart.pass(start + .seconds(25))
    #expect(answer7 == .ping)
  }
}

@Suite struct EngineTransportTests {
  @Test func getWaitsUntilThereIsSomething() {
    var transport = EngineTransport(.polling)
    let answer8 = transport.get(hasPackets: true)
    #expect(answer8 == .deliver)
    let answer9 = transport.get(hasPackets: false)
    #expect(answer9 == .wait)
    #expect(transport.isPollWaiting)
    transport.pollEnded()
    let answer10 = transport.get(hasPackets: false)
    #expect(answer10 == .wait)
  }

  @Test func secondGetOverlaps() {
    var transport = EngineTransport(.polling)
    _ = transport.get(hasPackets: false)
    let answer11 = transport.get(hasPackets: true)
    #expect(answer11 == .overlap)
  }

  @Test func upgradesByProbe() {
    var transport = EngineTransport(.polling)
    let answer12 = transport.probe()
    #expect(!answer12)
    let answer13 = transport.attach()
    #expect(answer13)
    let answer14 = transport.upgrade()
    #expect(!answer14, "not before the probe")
    let answer15 = transport.get(hasPackets: false)
    #expect(answer15 == .wait)
    transport.pollEnded()
    let answer16 = transport.probe()
    #expect(answer16)
    let answer17 = transport.get(hasPackets: false)
    #expect(answer17 == .noop, "a GET is let go while the probe runs")
    let answer18 = transport.get(hasPackets: true)
    #expect(answer18 == .deliver)
    #expect(transport.takesPost)
    let answer19 = transport.upgrade()
    #expect(answer19)
    #expect(transport.state == .webSocket)
    let answer20 = transport.get(hasPackets: true)
    #expect(answer20 == .refuse)
    #expect(!transport.takesPost)
    let answer21 = transport.attach()
    #expect(!answer21)
  }

  @Test func oneWebSocketAtATime() {
    var transport = EngineTransport(.polling)
    let answer22 = transport.attach()
    #expect(answer22)
    let answer23 = transport.attach()
    #expect(!answer23)
    let answer24 = transport.detach()
    #expect(!answer24, "polling goes on")
    let answer25 = transport.attach()
    #expect(answer25)
  }

  @Test func losingTheWebSocketEndsTheSession() {
    var transport = EngineTransport(.webSocket)
    let answer26 = transport.detach()
    #expect(answer26)
    #expect(transport.state == .closed)
    let answer27 = transport.get(hasPackets: false)
    #expect(answer27 == .refuse)
  }
}

@Suite struct DeadlineHeapTests {
  final class Owner: DeadlineOwner {
    func deadlineCame(_ now: NIODeadline) {}
  }

  @Test(arguments: [1, 7, 2026] as [UInt64])
  func comesOutInOrder(seed: UInt64) {
    var numbers = LinearNumbers(seed)
    var heap = DeadlineHeap()
    var all: [(deadline: Deadline, time: UInt64)] = []
    for _ in 0..<300 {
      let deadline = Deadline()
      let time = numbers.next() % 1000
      heap.set(deadline, to: .uptimeNanoseconds(time))
      all.append((deadline, time))
    }
    // Some move, in both directions, and some go.
    for place in all.indices where numbers.next() % 3 == 0 {
      all[place].time = numbers.next() % 1000
      heap.set(all[place].deadline, to: .uptimeNanoseconds(all[place].time))
    }
    for place in all.indices.reversed() where numbers.next() % 4 == 0 {
      heap.cancel(all[place].deadline)
      heap.cancel(all[place].deadline)
      #expect(!all[place].deadline.isSet)
      all.remove(at: place)
    }
    var times: [UInt64] = []
    while let next = heap.next(due: .uptimeNanoseconds(500)) {
      times.append(next.time.uptimeNanoseconds)
    }
    #expect(times == all.map(\.time).filter { $0 <= 500 }.sorted(), "seed \(seed)")
    while let next = heap.next(due: .distantFuture) {
      times.append(next.time.uptimeNanoseconds)
    }
    #expect(times == all.map(\.time).sorted(), "seed \(seed)")
    #expect(heap.first == nil)
  }
}

/// Numbers that are the same for the same seed.
struct LinearNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_f491_4f6c_dd1d >> 11
  }
}

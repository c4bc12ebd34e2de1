import Protocols
import Testing

@testable import ChatClient

/// A client on a clock that the test turns.
struct ClientBench {
  var client: SocketClient
  var now: Duration = .seconds(100)
  /// What was reported so far.
  private(set) var reports: [SocketClient.Report] = []

  init(_ transports: [TransportKind] = TransportKind.allCases, random: Double = 0) {
    var settings = SocketClient.Settings()
    settings.transports = transports
    client = SocketClient(settings) { random }
  }

  mutating func handle(_ event: SocketClient.Event) -> [SocketClient.Action] {
    let actions = client.handle(event, at: now)
    for case .report(let report) in actions { reports.append(report) }
    return actions
  }

  mutating func receive(_ text: String) -> [SocketClient.Action] {
    guard let packet = try? EngineIOPacket(text: Array(text.utf8)) else {
      Issue.record("no packet: \(text)")
      return []
    }
    return handle(.packet(packet))
  }

  /// Turns the clock to the deadline.
  mutating func wait() -> [SocketClient.Action] {
    now = client.deadline ?? now
    return handle(.timer)
  }

  static let handshake =
    #"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}"#

  mutating func connect() {
    _ = handle(.start)
    _ = receive(Self.handshake)
    _ = receive(#"40{"sid":"x"}"#)
  }
}

/// What an action sends, as text.
func sent(_ actions: [SocketClient.Action]) -> [String] {
  actions.flatMap { action -> [EngineIOPacket] in
    guard case .send(let packets) = action else { return [] }
    return packets
  }.map { String(decoding: $0.text(), as: UTF8.self) }
}

@Suite struct SocketClientTests {
  @Test func connectsByTheBook() {
    var bench = ClientBench()
    bench.client.payload = ["name": "Alice"]
    #expect(bench.handle(.start) == [.open(.webSocket)])
    #expect(sent(bench.receive(ClientBench.handshake)) == [#"40{"name":"Alice"}"#])
    #expect(bench.client.maxPayload == 1000)
    #expect(bench.receive(#"40{"sid":"x"}"#) == [.report(.connected)])
    #expect(bench.client.phase == .connected)
    let (id, action) = bench.client.emit("message", [["message": "hi"]])
    #expect(sent([action]) == [#"42\#(id)["message",{"message":"hi"}]"#])
    #expect(
      bench.receive("43\(id)[{\"id\":7}]")
        == [.report(.acknowledged(id: id, arguments: [["id": 7]]))])
    #expect(
      bench.receive(#"42["members",{"members":["Alice"]}]"#)
        == [.report(.event(name: "members", arguments: [["members": ["Alice"]]]))])
  }

  @Test func idsOfEmissionsRise() {
    var bench = ClientBench()
    bench.connect()
    let ids = (0..<3).map { _ in bench.client.emit("m", []).id }
    #expect(Set(ids).count == 3)
  }

  @Test func answersHeartbeatsWithTheirData() {
    var bench = ClientBench()
    bench.connect()
    #expect(sent(bench.receive("2")) == ["3"])
    #expect(sent(bench.receive("2probe")) == ["3probe"])
  }

  @Test func silenceIsALoss() {
    var bench = ClientBench()
    bench.connect()
    // pingInterval and pingTimeout together, from the handshake on.
    #expect(bench.client.deadline == .seconds(145))
    bench.now = .seconds(130)
    _ = bench.receive("2")
    #expect(bench.client.deadline == .seconds(175))
    bench.now = .seconds(175) - .nanoseconds(1)
    #expect(bench.handle(.timer) == [])
    bench.now = .seconds(175)
    #expect(
      bench.handle(.timer)
        == [.close, .report(.lost(.timedOut, pause: .milliseconds(500)))])
  }

  @Test func comesBackWithLongerPauses() {
    var bench = ClientBench()
    bench.connect()
    _ = bench.handle(.ended(.closed("gone")))
    var pauses: [Duration] = []
    for _ in 0..<6 {
      guard case .lost(_, let pause)? = bench.reports.last else { break }
      pauses.append(pause)
      #expect(bench.wait() == [.open(.webSocket)])
      _ = bench.handle(.ended(.connectionRefused))
    }
    #expect(pauses == [0.5, 1, 2, 4, 5, 5].map { .seconds($0) })
    _ = bench.wait()
    _ = bench.receive(ClientBench.handshake)
    _ = bench.receive(#"40{"sid":"y"}"#)
    _ = bench.handle(.ended(.closed("gone")))
    // A connection that came about begins anew.
    #expect(bench.reports.last == .lost(.closed("gone"), pause: .milliseconds(500)))
  }

  @Test func pausesAreScattered() {
    var backoff = Backoff()
    #expect(backoff.next(0) == .milliseconds(500))
    #expect(backoff.next(1) == .milliseconds(500))
    #expect(backoff.next(0.5) == .milliseconds(1500))
    for attempt in 0..<200 {
      let pause = backoff.next(Double(attempt) / 200)
      #expect(pause >= .milliseconds(2000) && pause <= .seconds(5))
    }
  }

  /// What ends a first attempt, and whether another transport is tried.
  @Test(
    arguments: zip(
      [
        TransportEnd.connectionRefused, .unreachable("No route to host"),
        .rejected(status: 400, words: ""), .closed("cut"), .violated("bad accept"), .timedOut,
      ], [false, false, true, true, true, true]))
  func fallsBackToPolling(_ end: TransportEnd, _ isTried: Bool) {
    var bench = ClientBench()
    _ = bench.handle(.start)
    let actions = bench.handle(.ended(end))
    #expect(actions == (isTried ? [.open(.polling)] : [.report(.failed(end))]))
    guard isTried else { return }
    #expect(bench.handle(.ended(end)) == [.report(.failed(end))])
    #expect(bench.client.phase == .over)
  }

  @Test func aTransportThatHangsIsGivenUp() {
    var bench = ClientBench()
    _ = bench.handle(.start)
    #expect(bench.wait() == [.close, .open(.polling)])
    #expect(bench.wait() == [.close, .report(.failed(.timedOut))])
    #expect(bench.client.deadline == nil)
  }

  @Test func aServerThatDoesNotAnswerConnectIsGivenUp() {
    var bench = ClientBench()
    _ = bench.handle(.start)
    _ = bench.receive(ClientBench.handshake)
    #expect(bench.client.deadline == .seconds(110))
    #expect(bench.wait() == [.close, .report(.failed(.timedOut))])
  }

  @Test func aRefusalIsFinal() {
    var bench = ClientBench()
    _ = bench.handle(.start)
    _ = bench.receive(ClientBench.handshake)
    #expect(
      bench.receive(#"44{"message":"Not authorized"}"#)
        == [.close, .report(.refused("Not authorized"))])
    #expect(bench.handle(.start) == [])
    #expect(bench.handle(.leave) == [])
  }

  /// What a server must not send at all, or not then.
  @Test(arguments: [
    "2", "4abc", "42{}", "42", "42[]", "49", "40{", "42[\"connect\"]", "451-[\"e\",{}]x",
    "42[\"message\",}", "b!!", "bAAAA",
  ])
  func aServerThatBreaksRulesIsLeft(_ text: String) {
    var bench = ClientBench()
    _ = bench.handle(.start)
    if text != "2" {
      _ = bench.receive(ClientBench.handshake)
      _ = bench.receive(#"40{"sid":"x"}"#)
    }
    guard let packet = try? EngineIOPacket(text: Array(text.utf8)) else { return }
    let actions = bench.handle(.packet(packet))
    #expect(actions.contains(.close), "\(actions)")
  }

  @Test(arguments: [
    "0", "0{}", "0[]", #"0{"sid":"x"}"#, #"0{"sid":5,"pingInterval":1,"pingTimeout":1}"#,
    #"0{"sid":"x","pingInterval":"1","pingTimeout":1}"#,
  ])
  func aHandshakeWithoutTimesIsNone(_ text: String) {
    var bench = ClientBench([.webSocket])
    _ = bench.handle(.start)
    #expect(bench.receive(text).first == .close)
  }

  @Test func absurdTimesAreBounded() {
    var bench = ClientBench()
    _ = bench.handle(.start)
    _ = bench.receive(
      #"0{"sid":"x","pingInterval":1e300,"pingTimeout":-9223372036854775808,"maxPayload":1e400}"#)
    #expect(bench.client.phase != .idle)
    var second = ClientBench()
    _ = second.handle(.start)
    _ = second.receive(
      #"0{"sid":"x","pingInterval":9223372036854775807,"pingTimeout":9223372036854775807}"#)
    _ = second.receive(#"40{"sid":"x"}"#)
    #expect(second.client.deadline == .seconds(100 + 2 * 86400))
  }

  @Test func eventsThatOvertakeTheAnswerWait() {
    var bench = ClientBench()
    _ = bench.handle(.start)
    _ = bench.receive(ClientBench.handshake)
    #expect(bench.receive(#"42["hello"]"#) == [])
    #expect(
      bench.receive(#"40{"sid":"x"}"#)
        == [.report(.connected), .report(.event(name: "hello", arguments: []))])
  }

  @Test func leavesWithAGoodbye() {
    var bench = ClientBench()
    bench.connect()
    #expect(sent(bench.handle(.leave)) == ["41", "1"])
    // What was on its way is still heard.
    #expect(bench.receive("430[1]") == [.report(.acknowledged(id: 0, arguments: [1]))])
    #expect(bench.handle(.ended(.closed("bye"))) == [.report(.left)])
  }

  @Test func doesNotWaitForAServerThatKeepsSilent() {
    var bench = ClientBench()
    bench.connect()
    _ = bench.handle(.leave)
    #expect(bench.client.deadline == .seconds(101))
    #expect(bench.wait() == [.close, .report(.left)])
  }

  @Test func leavesFromAnyPhase() {
    var idle = ClientBench()
    #expect(idle.handle(.leave) == [.report(.left)])
    var opening = ClientBench()
    _ = opening.handle(.start)
    #expect(opening.handle(.leave) == [.close, .report(.left)])
    var resting = ClientBench()
    resting.connect()
    _ = resting.handle(.ended(.closed("gone")))
    #expect(resting.handle(.leave) == [.report(.left)])
    #expect(resting.client.deadline == nil)
  }

  @Test func otherNamespacesAreNotOurs() {
    var bench = ClientBench()
    bench.connect()
    #expect(bench.receive(#"42/other,["message",{}]"#) == [])
    #expect(bench.receive("41/other,") == [])
    #expect(bench.client.phase == .connected)
  }

  /// Whatever comes in whatever order: no trap, one report of the end at most, and a deadline as long
  /// as it is not over.
  @Test func lawsHoldForAnyOrder() {
    let seed = UInt64.random(in: 0 ... .max)
    var numbers = Numbers(seed)
    let texts = [
      ClientBench.handshake, #"40{"sid":"x"}"#, "2", "3", "1", "6", "41", #"44{"message":"no"}"#,
      #"42["message",{"message":"m","id":1}]"#, "430[]", "4", "4x",
      #"451-["e",{"_placeholder":true,"num":0}]"#, "bAAAA",
    ]
    for _ in 0..<300 {
      var bench = ClientBench(random: Double(numbers.next() % 1000) / 1000)
      var ends = 0
      for _ in 0..<60 {
        let actions: [SocketClient.Action]
        switch numbers.next() % 16 {
        case 0: actions = bench.handle(.start)
        case 1: actions = bench.handle(.ended(.closed("x")))
        case 2, 3: actions = bench.wait()
        case 4 where numbers.next() % 4 == 0: actions = bench.handle(.leave)
        default: actions = bench.receive(texts[Int(numbers.next() % UInt64(texts.count))])
        }
        for case .report(let report) in actions {
          switch report {
          case .failed, .refused, .left: ends += 1
          default: break
          }
        }
        let hasDeadline = bench.client.deadline != nil
        let isQuiet = bench.client.phase == .over || bench.client.phase == .idle
        #expect(hasDeadline != isQuiet, "seed \(seed)")
      }
      #expect(ends <= 1, "seed \(seed)")
      #expect((ends == 1) == (bench.client.phase == .over), "seed \(seed)")
    }
  }
}

/// Numbers that a seed makes again: SplitMix64.
struct Numbers {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed &>> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed &>> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed &>> 31
  }
}

import Glibc
import PacketCore
import Testing

@testable import Capture

@Suite struct LiveCaptureTests {
  @Test(.enabled("the kernel refuses a network namespace") { NetworkNamespace.command != nil })
  func capturesInANamespaceOfItsOwn() throws {
    let command = try #require(NetworkNamespace.command)
    let result = AnotherProcess.test(
      "LiveInNamespace", in: command, setting: ["NETLAB_TEST_IN_NAMESPACE": "1"])
    #expect(result.status == 0, "\(result.output)")
    // A filter that matches no test would pass as well.
    #expect(result.output.contains("Suite LiveInNamespace passed"), "\(result.output)")
  }
}

@Suite(
  .serialized, .enabled("run by capturesInANamespaceOfItsOwn") { NetworkNamespace.isInside })
struct LiveInNamespace {
  /// Loopback up, and a pair of interfaces nva and nvb with 10.99.0.0/24 on nva.
  static let network: String? = {
    let commands = [
      ["link", "set", "lo", "up"],
      ["link", "add", "nva", "type", "veth", "peer", "name", "nvb"],
      ["addr", "add", "10.99.0.1/24", "broadcast", "10.99.0.255", "dev", "nva"],
      ["link", "set", "nva", "up"], ["link", "set", "nvb", "up"],
    ]
    for arguments in commands {
      let result = AnotherProcess.run(["ip"] + arguments)
      if result.status != 0 { return "ip \(arguments.joined(separator: " ")): \(result.output)" }
    }
    return nil
  }()

  init() throws { try #require(Self.network == nil) }

  @Test(arguments: [false, true])
  func framesArriveOnce(immediate: Bool) throws {
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)") {
      $0.immediate = immediate
      $0.bufferMiB = 32
    }
    #expect(capture.interfaces.map(\.linkType) == [.ethernet])
    #expect(capture.interfaces[0].filter == "udp port \(sender.port)")
    let before = Timestamp.now
    sender.send(20)
    let seen = capture.collect(20)
    #expect(seen.payloads == Array(0..<20))
    #expect(seen.end == .satisfied)
    for header in seen.headers {
      #expect(header.capturedLength == 50 && header.originalLength == 50)
      #expect(header.time >= before && header.time <= .now)
      #expect(header.time.nanoseconds < 1_000_000_000)
      #expect(header.linkType == .ethernet && header.point == CapturePoint())
    }
    // Microseconds would all be whole.
    #expect(seen.headers.contains { $0.time.nanoseconds % 1000 != 0 })
    let counts = try #require(seen.statistics.first)
    #expect(counts.captured == 20 && counts.droppedByKernel == 0 && counts.isLoopback)
    // Going out and coming in: not a number to show.
    #expect(counts.received == 40 && !counts.countsReceivedOnce)
  }

  @Test func theFilterIsHonoured() throws {
    let wanted = try Sender()
    let unwanted = try Sender()
    var capture = try live(["lo"], "udp port \(wanted.port)")
    unwanted.send(5, first: 100)
    wanted.send(3)
    unwanted.send(5, first: 200)
    #expect(capture.collect(3).payloads == [0, 1, 2])
  }

  @Test func aBadFilterIsToldInLibpcapsWords() throws {
    let error = #expect(throws: CaptureError.self) { _ = try live(["lo"], "udp prot 7") }
    #expect(error?.kind == .filter)
    #expect(error?.message.contains("syntax error") == true, "\(error?.message ?? "")")
  }

  @Test func theSnapLengthCuts() throws {
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)") { $0.snapLength = 60 }
    sender.send(1, size: 500)
    let header = try #require(capture.collect(1).headers.first)
    #expect(header.capturedLength == 60 && header.originalLength == 542)
  }

  @Test func severalInterfacesComeInTheOrderOfTime() throws {
    let onLink = try Sender(device: "nva")
    let onLoop = try Sender()
    var capture = try live(
      ["nva", "nvb", "lo"], "udp port \(onLink.port) or udp port \(onLoop.port)")
    for round in 0..<10 {
      onLink.send(1, to: broadcast, first: UInt8(round))
      onLoop.send(1, first: UInt8(100 + round))
    }
    let seen = capture.collect(30)
    // Each broadcast leaves nva and arrives at nvb.
    for (interface, first) in [(0, 0), (1, 0), (2, 100)] {
      let own = zip(seen.headers, seen.payloads).filter { $0.0.point.interface == interface }
      #expect(own.map { Int($0.1) } == Array(first..<first + 10))
    }
    #expect(seen.statistics.map(\.captured) == [10, 10, 10])
    #expect(seen.statistics.map(\.received) == [10, 10, 20])
    #expect(seen.statistics.map(\.name) == ["nva", "nvb", "lo"])
  }

  @Test func oneRoundIsSortedAcrossInterfaces() throws {
    let sender = try Sender(device: "nva")
    // Immediate: everything sent is there when the first round begins.
    var capture = try live(["nvb", "nva"], "udp port \(sender.port)") { $0.immediate = true }
    sender.send(20, to: broadcast)
    let seen = capture.collect(40)
    #expect(seen.headers.count == 40)
    #expect(zip(seen.headers, seen.headers.dropFirst()).allSatisfy { $0.time <= $1.time })
  }

  @Test func anyIsCookedAndNamesTheInterface() throws {
    let sender = try Sender(device: "nva")
    var capture = try live(["any"], "udp port \(sender.port)")
    #expect(capture.interfaces.map(\.linkType) == [.linuxSLL2])
    sender.send(4, to: broadcast)
    #expect(capture.collect(8).payloads.sorted() == [0, 0, 1, 1, 2, 2, 3, 3])
  }

  @Test(arguments: [["lo"], ["lo", "nva"]])
  func aStopStillGivesWhatWasCaptured(interfaces: [String]) throws {
    let sender = try Sender()
    var capture = try live(interfaces, "udp port \(sender.port)")
    let stop = try LiveStop()
    sender.send(50)
    stop.signal()
    let start = MonotonicTime.now
    let seen = capture.collect(stop: stop)
    #expect(seen.end == .stopped)
    #expect(seen.payloads == Array(0..<50))
    // Two ticks of 25 ms and 10; the bound leaves room for a busy machine.
    #expect(MonotonicTime.now.nanoseconds - start.nanoseconds < 1_000_000_000)
  }

  @Test func framesAfterTheStopStayOut() throws {
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)") { $0.immediate = true }
    let stop = try LiveStop()
    sender.send(5)
    var pauses = 0
    let seen = capture.collect(stop: stop) { _ in
      pauses += 1
      if pauses == 2 { stop.signal() }
      return .capture
    }
    #expect(seen.payloads == [0, 1, 2, 3, 4])
    sender.send(3, first: 50)
    // The capture is still open: another run finds them.
    #expect(capture.collect(3).payloads == [50, 51, 52])
  }

  @Test func aStopFromAnotherThreadWakesAnIdleCapture() throws {
    var capture = try live(["lo"], "udp port 1")
    let stop = try LiveStop()
    var thread = pthread_t()
    let started = signalFromThread(stop, &thread)
    #expect(started == 0)
    #expect(capture.collect(stop: stop).end == .stopped)
    pthread_join(thread, nil)
  }

  @Test func aSignalEndsIt() throws {
    var capture = try live(["lo"], "udp port 1")
    let stop = try LiveStop()
    stop.catchSignals()
    let seen = capture.collect(stop: stop) { _ in
      kill(getpid(), SIGINT)
      return .capture
    }
    #expect(seen.end == .stopped)
    // Once only: the second one has its default effect again.
    var action = sigaction()
    sigaction(SIGINT, nil, &action)
    #expect(action.__sigaction_handler.sa_handler == nil)
  }

  @Test func pausesComeWhenTheyAreAskedFor() throws {
    var capture = try live(["lo"], "udp port 1")
    var pauses: [LiveCapture.Pause] = []
    let seen = capture.collect { pause in
      pauses.append(pause)
      if pauses.count == 4 { return .end }
      return .captureUntil(pause.now.advanced(byNanoseconds: 3_000_000))
    }
    #expect(seen.end == .ended)
    #expect(pauses.allSatisfy { $0.isIdle })
    for (one, next) in zip(pauses, pauses.dropFirst()) {
      #expect(next.now.nanoseconds - one.now.nanoseconds >= 3_000_000)
    }
  }

  @Test func theDeadlineEndsIt() throws {
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)")
    sender.send(7)
    let seen = capture.collect(for: 0)
    #expect(seen.end == .ended && seen.payloads.count == 7)
  }

  @Test func whatTheBodyThrowsComesOut() throws {
    struct Enough: Error {}
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)")
    sender.send(3)
    var count = 0
    do {
      _ = try capture.run { _, _ in
        count += 1
        throw Enough()
      }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error is Enough)
    }
    #expect(count == 1)
  }

  @Test(arguments: [true, false])
  func promiscuityIsAsked(_ wanted: Bool) throws {
    let capture = try live(["nvb"], "") { $0.promiscuous = wanted }
    let details = AnotherProcess.run(["ip", "-d", "link", "show", "nvb"]).output
    #expect(details.contains("promiscuity \(wanted ? 1 : 0)"), "\(details)")
    #expect(capture.interfaces.count == 1)
  }

  @Test(arguments: [["set", "nvd", "down"], ["del", "nvd"]], [1, 2])
  func anInterfaceThatGoesAwayEndsItWithAnError(change: [String], count: Int) throws {
    for arguments in [
      ["link", "add", "nvc", "type", "veth", "peer", "name", "nvd"],
      ["addr", "replace", "10.99.0.2/24", "broadcast", "10.99.0.255", "dev", "nvc"],
      ["link", "set", "nvc", "up"], ["link", "set", "nvd", "up"],
    ] {
      let result = AnotherProcess.run(["ip"] + arguments)
      #expect(result.status == 0, "\(result.output)")
    }
    defer { _ = AnotherProcess.run(["ip", "link", "del", "nvc"]) }
    let sender = try Sender(device: "nvc")
    var capture = try live(count == 1 ? ["nvd"] : ["lo", "nvd"], "udp port \(sender.port)")
    sender.send(3, to: broadcast)
    #expect(AnotherProcess.run(["ip", "link"] + change).status == 0)
    let seen = capture.collect()
    #expect(seen.payloads == [0, 1, 2])
    #expect(seen.error?.kind == .interface)
    #expect(seen.error?.message.contains("nvd went") == true, "\(seen.error?.message ?? "")")
  }

  @Test func aDownInterfaceIsRefusedWithTheRemedy() throws {
    let result = AnotherProcess.run(["ip", "link", "add", "nvx", "type", "veth"])
    #expect(result.status == 0, "\(result.output)")
    defer { _ = AnotherProcess.run(["ip", "link", "del", "nvx"]) }
    #expect(try InterfaceList.current().named("nvx").obstacle?.kind == .interface)
    let error = #expect(throws: CaptureError.self) { _ = try live(["nvx"], "") }
    #expect(error?.kind == .interface)
    #expect(error?.remedy == "sudo ip link set nvx up")
  }

  @Test func theNamespaceHasNothingToDropOrRootStays() throws {
    var facts = PrivilegeFacts.current
    facts.sudoUser = nil
    let plan = try PrivilegePlan(facts)
    let isRootless = NetworkNamespace.isInside && facts.mappedUsers == 1
    #expect(plan == .nothing(isRootless ? .namespaceOfOneUser : .noOtherUser))
    #expect(try plan.carryOut() == plan.summary)
  }
}

/// In a function of its own, so that the thread's closure belongs to no actor.
private func signalFromThread(_ stop: LiveStop, _ thread: inout pthread_t) -> Int32 {
  pthread_create(
    &thread, nil,
    { box in
      if let box { Unmanaged<LiveStop>.fromOpaque(box).takeRetainedValue().signal() }
      return nil
    }, Unmanaged.passRetained(stop).toOpaque())
}

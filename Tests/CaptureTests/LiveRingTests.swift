import Testing

@testable import Capture

/// A clock that tests wind: 2024-07-14 12:01:17 UTC and some seconds.
private func moment(_ seconds: Double, east: Int64 = 0) -> RingMoment {
  RingMoment(
    monotonic: MonotonicTime(nanoseconds: Int64(seconds * 1e9)),
    wallSeconds: 1_720_958_477 + Int64(seconds), secondsEastOfUTC: east)
}

/// A ring in a box: an expectation cannot call what mutates a value.
private final class Files {
  var ring: RingOfFiles
  init(_ ring: RingOfFiles) { self.ring = ring }
  func begin(at moment: RingMoment) -> [RingOfFiles.Action] { ring.begin(at: moment) }
  func wrote(octetsInFile: UInt64) -> Bool { ring.wrote(octetsInFile: octetsInFile) }
  func look(at moment: RingMoment) -> [RingOfFiles.Action] { ring.look(at: moment) }
  func wake(after moment: RingMoment) -> MonotonicTime? { ring.wake(after: moment) }
  func end() -> [RingOfFiles.Action] { ring.end() }
}

private func ring(
  _ path: String, _ rules: [String] = [], stop: [String] = []
) throws -> Files {
  var ringRules = RingRules()
  for rule in rules { try ringRules.add(rule) }
  var conditions = StopConditions()
  for condition in stop { try conditions.add(condition) }
  return Files(try RingOfFiles(path: path, rules: ringRules, stop: conditions))
}

@Suite struct LiveRingTests {
  @Test func oneFileKeepsItsName() throws {
    let files = try ring("chat.pcapng")
    #expect(files.begin(at: moment(0)) == [.open("chat.pcapng")])
    #expect(!files.wrote(octetsInFile: .max))
    #expect(files.look(at: moment(1e6)) == [])
    #expect(files.wake(after: moment(0)) == nil)
    #expect(files.end() == [.close("chat.pcapng")])
    #expect(files.end() == [])
  }

  @Test(arguments: [
    ("chat.pcapng", "chat_00001_20240714120117.pcapng"),
    ("/tmp/a.b/chat", "/tmp/a.b/chat_00001_20240714120117"),
    ("chat.pcapng.gz", "chat_00001_20240714120117.pcapng.gz"),
    (".hidden", ".hidden_00001_20240714120117"),
    ("dir/x.y.pcap", "dir/x.y_00001_20240714120117.pcap"),
  ])
  func filesAreNamedAsDumpcapNamesThem(path: String, name: String) throws {
    let files = try ring(path, ["packets:1"])
    #expect(files.begin(at: moment(0)) == [.open(name)])
  }

  @Test func namesShowLocalTime() {
    #expect(moment(0, east: 2 * 3600).nameStamp == "20240714140117")
    #expect(
      RingMoment(monotonic: .now, wallSeconds: 951_782_399).nameStamp == "20000228235959")
    #expect(RingMoment(monotonic: .now, wallSeconds: 951_782_400).nameStamp == "20000229000000")
    #expect(RingMoment(monotonic: .now, wallSeconds: -1).nameStamp == "19691231235959")
  }

  @Test func packetsSwitchFilesAndTheOldestGoes() throws {
    let files = try ring("c.pcap", ["packets:2", "files:2"])
    var all = files.begin(at: moment(0))
    for packet in 1...6 where files.wrote(octetsInFile: UInt64(packet)) {
      all += files.look(at: moment(Double(packet)))
    }
    let names = (1...4).map { "c_0000\($0)_202407141201\($0 == 1 ? 17 : 17 + 2 * ($0 - 1)).pcap" }
    #expect(
      all == [
        .open(names[0]), .close(names[0]), .open(names[1]), .close(names[1]), .delete(names[0]),
        .open(names[2]), .close(names[2]), .delete(names[1]), .open(names[3]),
      ])
    #expect(files.ring.currentPath == names[3])
  }

  @Test func sizeCountsKilobytesOfThousand() throws {
    let files = try ring("c.pcap", ["filesize:2"])
    _ = files.begin(at: moment(0))
    #expect(!files.wrote(octetsInFile: 1999))
    #expect(files.wrote(octetsInFile: 2000))
    #expect(files.look(at: moment(0)).count == 2)
    // The new file is empty: nothing is due.
    #expect(files.look(at: moment(0)).isEmpty)
  }

  @Test func durationSwitchesWithoutPackets() throws {
    let files = try ring("c.pcap", ["duration:1.5"])
    _ = files.begin(at: moment(0))
    #expect(files.wake(after: moment(0)) == MonotonicTime(nanoseconds: 1_500_000_000))
    #expect(files.look(at: moment(1.4)).isEmpty)
    #expect(files.look(at: moment(1.6)).count == 2)
    #expect(files.wake(after: moment(1.6)) == MonotonicTime(nanoseconds: 3_100_000_000))
  }

  @Test func intervalSwitchesAtMultiplesOfTheClock() throws {
    let files = try ring("c.pcap", ["interval:10"])
    _ = files.begin(at: moment(0))  // hh:mm:17
    #expect(files.wake(after: moment(0)) == MonotonicTime(nanoseconds: 3_000_000_000))
    #expect(files.look(at: moment(2)).isEmpty)
    #expect(files.look(at: moment(3)).last == .open("c_00002_20240714120120.pcap"))
    #expect(files.look(at: moment(4)).isEmpty)
    #expect(files.look(at: moment(13)).count == 2)
  }

  @Test func filesEndTheCapture() throws {
    let files = try ring("c.pcap", ["packets:1"], stop: ["files:2"])
    _ = files.begin(at: moment(0))
    _ = files.wrote(octetsInFile: 1)
    #expect(files.look(at: moment(1)).count == 2)
    _ = files.wrote(octetsInFile: 1)
    #expect(
      files.look(at: moment(2)) == [.close("c_00002_20240714120118.pcap"), .end])
    #expect(files.look(at: moment(3)).isEmpty)
  }

  @Test func packetsEndTheCaptureBeforeAnEmptyFileBegins() throws {
    let files = try ring("c.pcap", ["packets:2"], stop: ["packets:4"])
    var all = files.begin(at: moment(0))
    for _ in 1...4 where files.wrote(octetsInFile: 1) { all += files.look(at: moment(0)) }
    #expect(all.last == .end)
    #expect(all.filter { if case .open = $0 { true } else { false } }.count == 2)
  }

  @Test func durationAndSizeEndASingleFile() throws {
    let timed = try ring("c.pcap", stop: ["duration:0.5"])
    _ = timed.begin(at: moment(10))
    #expect(timed.wake(after: moment(10)) == MonotonicTime(nanoseconds: 10_500_000_000))
    #expect(timed.look(at: moment(10.4)).isEmpty)
    #expect(timed.look(at: moment(10.5)) == [.close("c.pcap"), .end])
    let sized = try ring("c.pcap", stop: ["filesize:1"])
    _ = sized.begin(at: moment(0))
    #expect(sized.wrote(octetsInFile: 1000))
    #expect(sized.look(at: moment(0)) == [.close("c.pcap"), .end])
  }

  @Test func sizeOfStopSwitchesInARing() throws {
    let files = try ring("c.pcap", ["files:3"], stop: ["filesize:1"])
    _ = files.begin(at: moment(0))
    #expect(files.wrote(octetsInFile: 1000))
    #expect(files.look(at: moment(0)).count == 2)
  }

  @Test(arguments: [
    "", "files", "files:", "files:-1", "files:100000", "packets:0", "packets:1.5", "duration:0",
    "duration:nan", "duration:inf", "duration:x", "filesize:99999999999999999999",
    "filesize:18446744073709551615", "interval:0", "bogus:1", "duration:1e300",
  ])
  func foreignRulesAreRefused(text: String) {
    #expect(throws: CaptureRuleError.self) {
      var rules = RingRules()
      try rules.add(text)
    }
  }

  @Test func aRingNeedsAReasonToSwitchAndAFile() {
    #expect(throws: CaptureRuleError.self) { try ring("c.pcap", ["files:2"]) }
    #expect(throws: CaptureRuleError.self) { try ring("-", ["packets:2"]) }
    #expect(throws: CaptureRuleError.self) { try ring("", ["packets:2"]) }
  }
}

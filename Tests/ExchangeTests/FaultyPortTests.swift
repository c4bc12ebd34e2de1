import Capture
import DisplayFilter
import Exchange
import Foundation
import PacketCore
import Protocols
import Testing

/// A port whose clock moves when it is told to.
private final class ManualPort: PacketPort {
  var now = MonotonicTime(nanoseconds: 0)
  var wallClock: Timestamp {
    Timestamp(seconds: 1000, nanoseconds: UInt32(truncatingIfNeeded: now.nanoseconds))
  }
  var sent: [(time: Int64, packet: [UInt8])] = []
  var arriving: [Arrival] = []
  var waits: [Int64] = []
  var failure: PortFailure?

  func send(_ packet: [UInt8]) throws(PortFailure) {
    if let failure { throw failure }
    sent.append((now.nanoseconds, packet))
  }

  func receive() throws(PortFailure) -> Arrival? {
    arriving.isEmpty ? nil : arriving.removeFirst()
  }

  func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool {
    waits.append(moment.nanoseconds)
    now = max(now, moment)
    return true
  }
}

@Suite struct FaultyPortTests {
  private static let packets = (1...6).map { FaultSamples.segment($0) }
  private static func at(_ milliseconds: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: milliseconds * 1_000_000)
  }

  @Test func withoutFaultsNothingChanges() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(), seed: 1)
    base.arriving = Self.packets.map { Arrival(packet: $0, time: base.wallClock) }
    for packet in Self.packets {
      try port.send(packet)
      #expect(try port.receive()?.packet == packet)
    }
    #expect(base.sent.map(\.packet) == Self.packets)
    #expect(try port.receive() == nil)
    #expect(port.nextRelease == nil)
    #expect(try port.wait(until: Self.at(9)))
    #expect(base.waits == [9_000_000])
    #expect(port.takeRecords().isEmpty)
  }

  @Test func recordsTellOfTheLastSend() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(["corrupt:ip.ttl=1+fit@1", "loss@2"]), seed: 1)
    var seen: [FaultedPacket] = []
    port.observer = { seen.append($0) }
    try port.send(Self.packets[0])
    #expect(
      port.takeRecords() == [
        FaultRecord(kind: "corrupt", id: 1, detail: "ip.ttl 64 → 1, checksums made to fit")
      ])
    try port.send(Self.packets[1])
    #expect(port.takeRecords() == [FaultRecord(kind: "loss", id: 2, detail: "packet 2")])
    try port.send(Self.packets[2])
    #expect(port.takeRecords().isEmpty)
    #expect(base.sent.count == 2)
    #expect(seen.map(\.isLost) == [false, true, false])
    #expect(seen.map(\.direction) == [.outgoing, .outgoing, .outgoing])
    #expect(seen[1].arrival.packet == Self.packets[1])
  }

  /// A packet that goes out later has its faults in its own row, not in that of the next one.
  @Test func whatIsHeldBackIsToldOfItsOwnSend() throws {
    let base = ManualPort()
    let plan = try FaultPlan(["delay:20ms@1", "reorder:1@2", "duplicate@3", "delay:1ms@3"])
    let port = FaultyPort(base, plan, seed: 1)
    var told: [[String]] = []
    for packet in Self.packets {
      try port.send(packet)
      told.append(port.takeRecords().map { "\($0.kind) \($0.detail)" })
      #expect(try port.wait(until: Self.at(Int64(told.count) * 50)))
      #expect(port.takeRecords().isEmpty)
    }
    #expect(
      told == [
        ["delay by 20 ms"], ["reorder behind the next packet"],
        ["duplicate packet 3, copy 1", "duplicate packet 3, copy 2", "delay by 1 ms"], [], [], [],
      ])
    #expect(base.sent.count == 7)
  }

  @Test func heldPacketsGoOutByThemselves() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(["delay:20ms/out", "delay:5ms/in"]), seed: 1)
    try port.send(Self.packets[0])
    base.arriving = [Arrival(packet: Self.packets[1], time: base.wallClock, isFromThisHost: true)]
    #expect(try port.receive() == nil)
    #expect(port.nextRelease == Self.at(5))
    #expect(try port.wait(until: Self.at(100)))
    let arrival = try #require(try port.receive())
    #expect(arrival.packet == Self.packets[1] && arrival.isFromThisHost)
    #expect(arrival.faults == [FaultRecord(kind: "delay", id: 2, detail: "by 5 ms")])
    #expect(arrival.time == base.wallClock)
    #expect(port.nextRelease == Self.at(20))
    #expect(base.sent.isEmpty)
    #expect(try port.wait(until: Self.at(100)))
    #expect(base.sent.map(\.time) == [20_000_000])
    #expect(port.nextRelease == nil)
    #expect(try port.wait(until: Self.at(100)))
    #expect(base.waits == [5_000_000, 20_000_000, 100_000_000])
  }

  @Test func failuresReachWhoeverCanBeTold() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(["delay:1ms@2"]), seed: 1)
    base.failure = PortFailure(.noRoute, "no way leads there")
    #expect(throws: PortFailure.self) { try port.send(Self.packets[0]) }
    try port.send(Self.packets[1])
    #expect(port.lateFailure == nil)
    #expect(try port.wait(until: Self.at(2)))
    #expect(port.lateFailure == base.failure)
  }

  @Test func aPacketThatTheSystemDoesNotTakeIsLost() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(["corrupt:ip.hdr_len=60@1", "duplicate@2"]), seed: 1)
    base.failure = PortFailure(.system, "Invalid argument")
    var lost: [Bool] = []
    port.observer = { lost.append($0.isLost) }
    try port.send(Self.packets[0])
    #expect(
      port.takeRecords().map(\.detail) == ["ip.hdr_len 20 → 60", "not sent: Invalid argument"])
    #expect(lost == [true])
    // Without damage it is the port's own failure.
    #expect(throws: PortFailure.self) { try port.send(Self.packets[1]) }
  }

  @Test func aFloodOfLostPacketsDoesNotKeepTheCaller() throws {
    let base = ManualPort()
    let port = FaultyPort(base, try FaultPlan(["loss/in"]), seed: 1)
    base.arriving = Array(
      repeating: Arrival(packet: Self.packets[0], time: base.wallClock), count: 3000)
    #expect(try port.receive() == nil)
    #expect(base.arriving.count > 1000)
    // There is more, so it does not wait.
    #expect(try port.wait(until: Self.at(50)))
    #expect(base.waits == [0])
    while !base.arriving.isEmpty { #expect(try port.receive() == nil) }
    #expect(try port.receive() == nil)
    #expect(try port.wait(until: Self.at(50)))
    #expect(base.waits.last == 50_000_000)
  }

  @Test func aCaptureTellsOfFaults() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("netlab-faults-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("faults.pcapng").path

    let base = ManualPort()
    let plan = try FaultPlan(["corrupt:tcp.checksum@6", "loss@3", "duplicate@4", "delay:1ms@6"])
    let port = FaultyPort(base, plan, seed: 3)
    var seen: [FaultedPacket] = []
    port.observer = { seen.append($0) }
    for packet in Self.packets {
      try port.send(packet)
      #expect(try port.wait(until: base.now.advanced(byNanoseconds: 2_000_000)))
    }
    var writer = try CaptureFileWriter(
      path, interfaces: [CaptureInterface(name: "lo", linkType: .raw)])
    for packet in seen {
      let arrival = packet.arrival
      let header = FrameHeader(
        time: arrival.time, capturedLength: arrival.packet.count,
        originalLength: arrival.packet.count, linkType: .raw)
      try writer.write(
        arrival.packet.span.bytes, header, comments: arrival.faults.map(\.comment))
    }
    try writer.close()
    if ProcessInfo.processInfo.environment["NETLAB_RECORD"] != nil {
      try Data(contentsOf: URL(fileURLWithPath: path)).write(to: Self.recording)
    }
    #expect(try Self.frames(Self.recording.path, "fault") == [3, 4, 5, 7])

    #expect(try Self.frames(path, #"fault.kind == "corrupt""#) == [7])
    #expect(try Self.frames(path, "fault.kind == \"loss\"") == [3])
    #expect(try Self.frames(path, "fault.id == 3") == [4, 5])
    #expect(try Self.frames(path, "fault") == [3, 4, 5, 7])
    #expect(try Self.frames(path, "fault.detail contains \"by 1 ms\"") == [7])
    #expect(try Self.frames(path, "fault.detail matches \"tcp.checksum 0x.* → 0x\"") == [7])
    #expect(try Self.frames(path, "tcp.checksum.status == 0") == [7])
  }

  /// The same capture, for the golden cases.
  private static let recording = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Captures/faults.pcapng")

  /// Numbers of the frames of a file that a filter lets through.
  private static func frames(_ path: String, _ filter: String) throws -> [Int] {
    let filter = try DisplayFilter(filter, registry: .standard)
    var reader = try CaptureFileReader(path)
    var dissector = Dissector(Registry.standard)
    var dissection = Dissection()
    var found: [Int] = []
    try reader.forEachBlock { block, octets in
      guard let header = block.frame else { return true }
      dissector.dissect(octets, header, into: &dissection)
      dissection.comments = block.comments
      if filter.matches(dissection, in: octets) { found.append(dissection.frame.number) }
      return true
    }
    return found
  }

  @Test(arguments: [
    FaultRecord(kind: "corrupt", id: 1, detail: "tcp.checksum 0xc91c → 0x1454"),
    FaultRecord(kind: "loss", id: 12, detail: ""),
  ]) func commentsAreReadBack(_ record: FaultRecord) {
    #expect(FaultRecord(comment: record.comment) == record)
  }

  @Test func theCommentIsAsDocumented() {
    #expect(
      FaultRecord(kind: "corrupt", id: 1, detail: "tcp.checksum 0xc91c → 0x1454").comment
        == "netlab fault: kind=corrupt id=1 tcp.checksum 0xc91c → 0x1454")
    for text in [
      "", "hello", "netlab fault", "netlab fault: kind=", "netlab fault: kind=x",
      "netlab fault: kind= id=1",
      "netlab fault: kind=x id=", "netlab fault: kind=x id=-1",
      "netlab fault: kind=x id=99999999999999999999",
    ] {
      #expect(FaultRecord(comment: text) == nil, "\(text)")
    }
  }
}

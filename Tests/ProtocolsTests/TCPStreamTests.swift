import PacketCore
import Testing

@testable import Protocols

@Suite("TCP streams") struct TCPStreamTests {
  @Test("a message in one segment, in two, and two in one") func segments() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "one\n")
    bench.send(.client, at: 4, "tw")
    bench.send(.client, at: 6, "o\nthree\nfo")
    bench.send(.client, at: 16, "ur\n")
    #expect(
      bench.messages == [
        .init(frame: 4, number: 1, text: "one", packets: [4], side: .client),
        .init(frame: 6, number: 1, text: "two", packets: [5, 6], side: .client),
        .init(frame: 6, number: 2, text: "three", packets: [6], side: .client),
        .init(frame: 7, number: 1, text: "four", packets: [6, 7], side: .client),
      ])
    #expect(bench.findings.isEmpty)
  }

  @Test("parts of a message are named together, and one in between stands alone") func parts() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "+one\n")
    bench.send(.server, at: 0, "two\n")
    bench.send(.client, at: 5, "three\n")
    #expect(bench.messages.map(\.text) == ["two", "three"])
    #expect(bench.messages.last?.packets == [4, 6])
  }

  @Test("a segment that comes early waits for the one before it") func reordered() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 4, "two\n")
    #expect(bench.messages.isEmpty)
    bench.send(.client, at: 0, "one\n")
    #expect(bench.messages.map(\.text) == ["one", "two"])
    #expect(bench.messages.map(\.packets) == [[5], [4]])
    #expect(bench.messages.map(\.number) == [1, 2])
  }

  @Test("a retransmission is taken once, and named when its message was not complete")
  func retransmission() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "on")
    bench.send(.client, at: 0, "on")
    bench.send(.client, at: 2, "e\n")
    bench.send(.client, at: 2, "e\n")
    #expect(bench.messages.map(\.text) == ["one"])
    #expect(bench.messages.first?.packets == [4, 5, 6])
    #expect(bench.findings.isEmpty)
  }

  @Test("other octets in a retransmission are said, waiting or taken") func conflict() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "on")
    bench.send(.client, at: 0, "xx")
    #expect(bench.findings == ["tcp.stream.conflict"])
    bench.send(.client, at: 2, "e\n")
    #expect(bench.messages.map(\.text) == ["one"])
    bench.send(.client, at: 2, "f\n")
    #expect(bench.findings.count == 2)
    bench.send(.client, at: 6, "late\n")
    bench.send(.client, at: 6, "fake\n")
    #expect(bench.findings.count == 3)
  }

  @Test("a segment that overlaps adds what is new") func overlap() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "on")
    bench.send(.client, at: 0, "one\ntwo\n")
    bench.send(.client, at: 6, "o\nthree\n")
    #expect(bench.texts(.client) == ["one", "two", "three"])
    #expect(bench.findings.isEmpty)
  }

  @Test("what the receiver acknowledges and nobody saw is a gap") func gap() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "on")
    bench.send(.client, at: 6, "two\n")
    #expect(bench.messages.isEmpty)
    bench.send(.server, at: 0, "", [.ack], acknowledging: 10)
    #expect(bench.messages.map(\.text) == ["two"])
    #expect(bench.messages.first?.packets == [5])
    #expect(bench.findings == ["tcp.stream.gap"])
    bench.send(.client, at: 10, "three\n")
    #expect(bench.texts(.client) == ["two", "three"])
  }

  @Test("a capture that begins in the middle") func midStream() {
    var bench = StreamBench()
    bench.send(.client, at: 700, "one\n", acknowledging: 33)
    bench.send(.server, at: 33, "two\n", acknowledging: 704)
    bench.end()
    #expect(bench.messages.map(\.text) == ["one", "two"])
    #expect(bench.verdicts.first?.isComplete == false)
    #expect(bench.verdicts.first?.end == .capture)
  }

  @Test("numbers wrap around") func wrap() {
    var bench = StreamBench(clientISN: .max - 5)
    bench.open()
    bench.send(.client, at: 4, "two\n")
    bench.send(.client, at: 0, "one\n")
    bench.send(.client, at: 8, "three\n")
    #expect(bench.texts(.client) == ["one", "two", "three"])
  }

  @Test("FIN of one side leaves the other speaking; both end the connection") func halfClose() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "one\n", [.fin, .ack])
    bench.send(.server, at: 0, "two\n", acknowledging: 5)
    #expect(bench.verdicts.isEmpty)
    bench.send(.server, at: 4, "", [.fin, .ack], acknowledging: 5)
    #expect(bench.texts(.server) == ["two"])
    #expect(bench.verdicts.count == 1)
    #expect(bench.verdicts.first?.endedBy == .client)
    #expect(bench.verdicts.first?.isComplete == true)
    #expect(bench.verdicts.first?.messages ?? (0, 0) == (1, 1))
  }

  @Test("FIN that overtakes data waits for it") func earlyFin() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 4, "", [.fin, .ack])
    bench.send(.server, at: 0, "", [.fin, .ack])
    #expect(bench.verdicts.isEmpty)
    bench.send(.client, at: 0, "one\n")
    #expect(bench.texts(.client) == ["one"])
    #expect(bench.verdicts.first?.end == .fin)
    #expect(bench.verdicts.first?.endedBy == .server)
  }

  @Test("RST ends both, what waited behind a hole is still read") func reset() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 4, "two\n")
    bench.send(.server, at: 0, "", [.rst, .ack])
    #expect(bench.texts(.client) == ["two"])
    #expect(bench.findings == ["tcp.stream.gap"])
    #expect(bench.verdicts.first?.end == .rst)
    #expect(bench.verdicts.first?.endedBy == .server)
    #expect(bench.verdicts.first?.missing == 4)
  }

  @Test("the same ports again are another stream") func reuse() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "one\n")
    // The same ends, another number.
    bench.send(.client, at: 100_000, "", [.syn])
    bench.send(.client, at: 100_001, "two\n")
    bench.end()
    #expect(bench.texts(.client) == ["one", "two"])
    #expect(bench.verdicts.map(\.end) == [.replaced, .capture])
    #expect(bench.verdicts.map(\.stream) == [0, 1])
  }

  @Test("a segment whose checksum is wrong is not part of the stream") func damaged() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, "bad\n", checksum: false)
    bench.send(.client, at: 0, "one\n")
    #expect(bench.messages.map(\.text) == ["one"])
  }

  @Test("what nobody recognises is data, and costs no memory") func opaque() {
    var bench = StreamBench()
    bench.open()
    bench.send(.client, at: 0, octets: [0xff, 0xfe, 0xfd])
    #expect(bench.dissection.layers.last?.is(Payload.self) == true)
    bench.send(.client, at: 3, "one\n")
    #expect(bench.dissection.layers.last?.is(Payload.self) == true)
    #expect(bench.messages.isEmpty)
    #expect(bench.dissector.memory(of: TCP.self)?.streams.held == 0)
  }

  @Test("streams that hold too much are given up, the idle ones first") func bounded() {
    var limits = Limits()
    limits.streamOctets = 1_000
    var bench = StreamBench(limits: limits)
    for port in 1...30 as ClosedRange<UInt16> {
      bench.port = port
      bench.open()
      bench.send(.client, at: 0, String(repeating: "x", count: 100))
      #expect((bench.dissector.memory(of: TCP.self)?.streams.held ?? .max) <= 1_000)
    }
    #expect(bench.findings.count == 20)
    #expect(Set(bench.findings) == ["tcp.stream.given_up"])
    #expect(bench.verdicts.map(\.end) == Array(repeating: .idle, count: 20))
    #expect(bench.verdicts.map(\.stream) == Array(0..<20))
    bench.port = 30
    bench.send(.client, at: 100, "\n")
    #expect(bench.messages.count == 1)
  }

  @Test("a reader that keeps more with each message is counted each time") func counted() {
    var bench = StreamBench(streams: [KeepingStream.self])
    bench.open()
    for index in 0..<20 {
      bench.send(.client, at: index * 4, "abc\n")
      #expect(bench.dissector.memory(of: TCP.self)?.streams.held == (index + 1) * 4)
    }
    #expect(bench.messages.count == 20)
  }

  @Test("one direction holds no more than its share") func tooLong() {
    var limits = Limits()
    limits.directionOctets = 1_000
    var bench = StreamBench(limits: limits)
    bench.open()
    for index in 0..<20 {
      bench.send(.client, at: index * 100, String(repeating: "x", count: 100))
    }
    #expect(bench.findings == ["tcp.stream.too_long"])
    bench.send(.server, at: 0, "still\n")
    #expect(bench.texts(.server) == ["still"])
  }

  @Test("any segmentation and any order give the same messages", arguments: 0..<40)
  func anyOrder(_ round: Int) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let lines = (0..<30).map { index in
      (index % 7 == 3 ? "+" : "")
        + String(repeating: "\(index) ", count: .random(in: 0...20, using: &random))
    }
    let octets = Array((lines.joined(separator: "\n") + "\n").utf8)
    var whole = StreamBench(clientISN: .max - 300)
    whole.open()
    whole.send(.client, at: 0, octets: octets)

    var segments: [(at: Int, octets: [UInt8])] = []
    var at = 0
    while at < octets.count {
      let count = min(Int.random(in: 1...40, using: &random), octets.count - at)
      segments.append((at, Array(octets[at..<at + count])))
      if Int.random(in: 0..<4, using: &random) == 0 {
        // Again, from a little before to a little after.
        let from = max(at - Int.random(in: 0...9, using: &random), 0)
        let to = min(at + count + Int.random(in: 0...9, using: &random), octets.count)
        segments.append((from, Array(octets[from..<to])))
      }
      at += count
    }
    for _ in 0..<segments.count {
      let index = Int.random(in: 0..<segments.count - 1, using: &random)
      segments.swapAt(index, index + 1)
    }
    var bench = StreamBench(clientISN: .max - 300)
    bench.open()
    for segment in segments { bench.send(.client, at: segment.at, octets: segment.octets) }
    #expect(bench.texts(.client) == whole.texts(.client), "seed \(seed)")
    #expect(bench.findings.isEmpty, "seed \(seed)")
    bench.end()
    #expect(bench.verdicts.first?.missing == 0, "seed \(seed)")
  }
}

/// Takes each segment for a message, and keeps its octets: what it holds grows, and nothing waits.
private final class KeepingStream: StreamProtocol {
  static var name: String { "keeping" }
  private(set) var heldOctets = 0

  static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition { .yes(nil) }

  init(limits: Limits) {}

  func consume(_ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection)
    -> StreamStep
  {
    let start = chunk.range.lowerBound
    _ = dissection.record(
      Line.self, header: start..<start, end: chunk.range.upperBound, buffer: chunk.buffer)
    heldOctets += chunk.range.count
    return .message(chunk.range.count)
  }

  func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool { true }

  func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {}
}

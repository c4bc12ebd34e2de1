import PacketCore
import Protocols
import Testing

@Suite("TCP connections")
struct TCPConversationTests {
  private static func segment(
    _ client: UInt32, _ port: UInt16 = 40_000, _ flags: TCPFlags = [.ack], sequence: UInt32 = 1,
    length: Int = 0
  ) -> [UInt8] {
    TCPBench.packet(
      TCP(
        sourcePort: port, destinationPort: 80, sequence: sequence, acknowledgment: 1, flags: flags,
        window: 1_000),
      data: Array(repeating: 0, count: length), from: IPv4Address(0x0a01_0000 + client),
      checksum: false)
  }

  @Test("both directions are one stream, other ports and capture points are others")
  func streams() {
    var bench = TCPBench()
    let there = TCP(sourcePort: 40_000, destinationPort: 80, flags: [.ack])
    let back = TCP(sourcePort: 80, destinationPort: 40_000, flags: [.ack])
    bench.take(TCPBench.packet(there))
    #expect(bench.note?.stream == 0)
    bench.take(TCPBench.packet(back, from: TCPBench.server, to: TCPBench.client))
    #expect(bench.note?.stream == 0)
    bench.take(TCPBench.packet(there), point: CapturePoint(interface: 1))
    #expect(bench.note?.stream == 1)
    bench.take(Self.segment(9))
    #expect(bench.note?.stream == 2)
    bench.take(TCPBench.packet(there))
    #expect(bench.note?.stream == 0)
  }

  @Test("a packet seen at two points is no retransmission")
  func points() {
    var bench = TCPBench()
    let data = Self.segment(1, 40_000, [.ack], sequence: 1, length: 100)
    bench.take(data)
    bench.take(data, at: 0.3, point: CapturePoint(interface: 1))
    #expect(bench.note?.flags == [])
    bench.take(data, at: 0.6)
    #expect(bench.note?.flags == .retransmission)
  }

  @Test("the longest idle connection is forgotten first, and the packet says so")
  func limit() {
    var limits = Limits()
    limits.connections = 4
    var bench = TCPBench(limits: limits)
    for client in 0..<4 as Range<UInt32> { bench.take(Self.segment(client)) }
    bench.take(Self.segment(0))
    #expect(!bench.findings.contains("tcp.connection.forgotten"))
    bench.take(Self.segment(4))
    #expect(bench.findings.contains("tcp.connection.forgotten"))
    // 1 had to go; 0 was used since.
    bench.take(Self.segment(0))
    #expect(bench.note?.stream == 0)
    bench.take(Self.segment(1))
    #expect(bench.note?.stream == 5)
    let memory = bench.dissector.memory(of: TCP.self)
    #expect(memory?.count == 4)
    #expect(memory?.forgotten == 2)
  }

  @Test("connections come and go without the table losing any")
  func churn() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    var limits = Limits()
    limits.connections = 64
    var bench = TCPBench(limits: limits)
    var streams: [UInt32: UInt32] = [:]
    var next: UInt32 = 0
    // Every second packet keeps a few connections busy; those must never be forgotten.
    for _ in 0..<5_000 {
      let isBusy = Bool.random(using: &random)
      let client: UInt32 =
        isBusy ? .random(in: 0..<3, using: &random) : .random(in: 1_000..<60_000, using: &random)
      bench.take(Self.segment(client))
      guard let stream = bench.note?.stream else { continue }
      if stream == next { next += 1 }
      if isBusy {
        #expect(streams[client] ?? stream == stream, "seed \(seed)")
        streams[client] = stream
      }
    }
    #expect(bench.dissector.memory(of: TCP.self)?.count == 64)
  }

  @Test("a flow of which only one direction was captured stays small")
  func oneWay() {
    var bench = TCPBench()
    var sequence: UInt32 = 1
    for _ in 0..<30_000 {
      bench.take(Self.segment(1, 40_000, [.ack], sequence: sequence, length: 4))
      sequence &+= 4
    }
    let memory = bench.dissector.memory(of: TCP.self)
    // As many as one direction waits with, however long it goes on.
    #expect(memory?.waitingSegments == 10_000)
    #expect(memory?.waitingCapacity == 10_000)
    #expect(bench.note?.flags == [])
  }

  @Test("many flows without acknowledgments share one bound, and the idle ones wait no more")
  func manyOneWays() {
    var limits = Limits()
    limits.connections = 1_000
    var bench = TCPBench(limits: limits)
    for round in 0..<100 as Range<UInt32> {
      for client in 0..<1_000 as Range<UInt32> {
        bench.take(Self.segment(client, 40_000, [.ack], sequence: 1 + round * 4, length: 4))
      }
    }
    let memory = bench.dissector.memory(of: TCP.self)
    #expect((memory?.waitingCapacity ?? .max) <= 1 << 16)
    #expect(memory?.count == 1_000)
  }

  @Test("acknowledged segments give their place back")
  func places() {
    var bench = TCPBench()
    for round in 0..<1_000 as Range<UInt32> {
      bench.take(
        TCPBench.packet(
          TCP(
            sourcePort: 40_000, destinationPort: 80, sequence: 1 + round * 10, acknowledgment: 1,
            flags: [.ack]), data: Array(repeating: 0, count: 10)))
      bench.take(
        TCPBench.packet(
          TCP(
            sourcePort: 80, destinationPort: 40_000, sequence: 1,
            acknowledgment: 11 + round * 10, flags: [.ack]),
          from: TCPBench.server, to: TCPBench.client))
    }
    let memory = bench.dissector.memory(of: TCP.self)
    #expect(memory?.waitingSegments == 0)
    #expect(memory?.waitingCapacity == 1)
  }
}

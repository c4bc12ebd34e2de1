import PacketCore
import Protocols
import Testing

@Suite("TCP options")
struct TCPOptionTests {
  /// Options of a SYN, what the Info column says after `Len=0`, and the findings.
  static let table: [(options: [UInt8], info: String, findings: Set<String>)] = [
    ([2, 4, 5, 180], " MSS=1460", []),
    ([2, 4, 5, 180, 1, 3, 3, 7], " MSS=1460 WS=128", []),
    ([2, 4, 5, 180, 1, 3, 3, 15], " MSS=1460 WS=16384", ["tcp.options.wscale.shift.invalid"]),
    ([2, 4, 5, 180, 4, 2, 1, 1], " MSS=1460 SACK_PERM", []),
    (
      [1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 9], " TSval=256 TSecr=9",
      ["tcp.options.mss.absent"]
    ),
    ([2, 4, 5, 180, 6, 6, 0, 0, 0, 5, 0, 0], " MSS=1460 ECHO=5", []),
    ([2, 4, 5, 180, 11, 6, 0, 0, 0, 5, 0, 0], " MSS=1460 CC=5", []),
    ([2, 4, 5, 180, 28, 4, 0x80, 60], " MSS=1460 USER_TO=60", []),
    ([2, 4, 5, 180, 34, 2, 0, 0], " MSS=1460 TFO=R", []),
    (
      [2, 4, 5, 180, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0], " MSS=1460 TFO=C",
      ["tcp.analysis.tfo_syn"]
    ),
    ([2, 4, 5, 180, 253, 4, 0xf9, 0x89], " MSS=1460 TFO=R", []),
    ([2, 4, 5, 180, 254, 4, 0x12, 0x34], " MSS=1460 ExID=1234", []),
    ([2, 4, 5, 180, 99, 4, 1, 2], " MSS=1460", []),
    (
      [2, 4, 5, 180, 19, 18] + Array(repeating: 7, count: 16) + [0, 0], " MSS=1460 MD5", []
    ),
    // Lengths that cannot be.
    ([2, 3, 5, 1], "", ["tcp.option.len.invalid"]),
    ([2, 4, 5, 180, 3, 1, 7, 0], " MSS=1460", ["tcp.option.len.invalid"]),
    ([2, 4, 5, 180, 8, 0, 0, 0], " MSS=1460", ["tcp.option.len.invalid"]),
    ([2, 4, 5, 180, 8, 40, 0, 0], " MSS=1460", ["tcp.option.len.invalid"]),
    ([2, 4, 5, 180, 1, 1, 1, 8], " MSS=1460", ["tcp.option.len.invalid"]),
    ([2, 4, 5, 180, 0, 0, 0, 9], " MSS=1460", ["tcp.non_zero_bytes_after_eol"]),
    ([2, 4, 5, 180, 5, 6, 0, 0, 0, 1, 1, 1], " MSS=1460", ["tcp.suboption_malformed"]),
    ([1, 1, 1, 1, 2, 4, 5, 180], " MSS=1460", ["tcp.nop"]),
  ]

  @Test(arguments: table.indices)
  func option(_ index: Int) {
    let (options, info, findings) = Self.table[index]
    let tcp = TCP(
      sourcePort: 40_000, destinationPort: 80, flags: [.syn], window: 1_000, options: options)
    let packet = TCPBench.packet(tcp)
    var bench = TCPBench()
    bench.take(packet)
    #expect(bench.info(packet) == "40000 → 80 [SYN] Seq=0 Win=1000 Len=0" + info)
    #expect(bench.findings.subtracting(["tcp.connection.syn"]) == findings, "\(options)")
  }

  @Test("edges of selective acknowledgments count from the other side's first number")
  func sack() {
    let script = TCPScript(
      """
      0.000 > S 0(0) win 1000
      0.001 < S. 0(0) ack 1 win 1000
      0.002 > . 1(0) ack 1 win 1000 sack 101-201
      """)
    var bench = TCPBench()
    var last: [UInt8] = []
    for line in script.lines {
      last = TCPBench.packet(
        line.tcp, from: line.fromClient ? TCPBench.client : TCPBench.server,
        to: line.fromClient ? TCPBench.server : TCPBench.client)
      bench.take(last, at: line.seconds)
    }
    #expect(bench.info(last).hasSuffix(" Len=0 SLE=101 SRE=201"))
    #expect(bench.values("tcp.options.sack_le", last) == ["101"])
    #expect(bench.values("tcp.options.sack_re", last) == ["201"])
    #expect(bench.values("tcp.options.sack.count", last) == ["1"])
    #expect(bench.values("tcp.option_kind", last) == ["1", "1", "5"])
    #expect(bench.values("tcp.options.nop", last).count == 2)
  }

  @Test("the window is scaled as both SYNs agreed, and never in a SYN")
  func scale() {
    let script = TCPScript(
      """
      0.000 > S 0(0) win 1000 ws 7
      0.001 < S. 0(0) ack 1 win 1000 ws 2
      0.002 > . 1(0) ack 1 win 1000
      0.003 < . 1(0) ack 1 win 1000
      """)
    var bench = TCPBench()
    var windows: [String] = []
    for line in script.lines {
      let packet = TCPBench.packet(
        line.tcp, from: line.fromClient ? TCPBench.client : TCPBench.server,
        to: line.fromClient ? TCPBench.server : TCPBench.client)
      bench.take(packet, at: line.seconds)
      windows += bench.values("tcp.window_size", packet)
    }
    #expect(windows == ["1000", "1000", "128000", "4000"])
  }
}

import PacketCore
import Protocols
import Testing

@Suite("TCP sequence analysis")
struct TCPAnalysisTests {
  static let handshake = """
    0.000 > S 0(0) win 64240
    0.010 < S. 0(0) ack 1 win 65160
    0.020 > . 1(0) ack 1 win 64240

    """

  static let scenarios: [(name: String, script: String)] = [
    (
      "an ordinary conversation says nothing",
      handshake + """
        0.030 > P. 1(100) ack 1 win 64240
        0.040 < . 1(0) ack 101 win 65160
        0.050 < P. 1(200) ack 101 win 65160
        0.060 > . 101(0) ack 201 win 64240
        0.070 > F. 101(0) ack 201 win 64240
        0.080 < F. 201(0) ack 102 win 65160
        0.090 > . 102(0) ack 202 win 64240
        """
    ),
    (
      "sent again after a timeout",
      handshake + """
        0.030 > P. 1(100) ack 1 win 64240
        0.330 > P. 1(100) ack 1 win 64240 = retransmission
        0.340 < . 1(0) ack 101 win 65160
        """
    ),
    (
      "sent again after three duplicate acknowledgments",
      handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 < . 1(0) ack 101 win 65160
        0.032 > . 201(100) ack 1 win 64240 = lost_segment
        0.033 < . 1(0) ack 101 win 65160 = duplicate_ack 5#1
        0.034 > . 301(100) ack 1 win 64240
        0.035 < . 1(0) ack 101 win 65160 = duplicate_ack 5#2
        0.036 > . 101(100) ack 1 win 64240 = fast_retransmission, retransmission
        """
    ),
    (
      "a fast retransmission comes within 20 ms of the last duplicate",
      handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 > . 201(100) ack 1 win 64240 = lost_segment
        0.040 < . 1(0) ack 101 win 65160
        0.041 < . 1(0) ack 101 win 65160 = duplicate_ack 6#1
        0.042 < . 1(0) ack 101 win 65160 = duplicate_ack 6#2
        0.063 > . 101(100) ack 1 win 64240 = retransmission
        """
    ),
    (
      "sent again although acknowledged",
      handshake + """
        0.030 > P. 1(100) ack 1 win 64240
        0.040 < . 1(0) ack 101 win 65160
        0.050 > P. 1(100) ack 1 win 64240 = spurious_retransmission, retransmission
        """
    ),
    (
      "overtaken: sooner than a round trip",
      handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 > . 201(100) ack 1 win 64240 = lost_segment
        0.032 > . 101(100) ack 1 win 64240 = out_of_order
        """
    ),
    (
      "a hole that is never filled, and its acknowledgment",
      handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 > . 201(100) ack 1 win 64240 = lost_segment
        0.040 < . 1(0) ack 301 win 65160 = ack_lost_segment
        0.041 < . 1(0) ack 301 win 65160 = duplicate_ack 6#1
        """
    ),
    (
      "a window that closes, is probed and opens",
      handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 < . 1(0) ack 101 win 0 = zero_window
        0.230 > . 101(1) ack 1 win 64240 = zero_window_probe
        0.231 < . 1(0) ack 101 win 0 = zero_window, zero_window_probe_ack
        0.400 < . 1(0) ack 101 win 65160 = window_update
        0.410 > . 101(100) ack 1 win 64240
        """
    ),
    (
      "filling the window to the last octet",
      """
      0.000 > S 0(0) win 64240 ws 7
      0.010 < S. 0(0) ack 1 win 100 ws 0
      0.020 > . 1(0) ack 1 win 502
      0.025 < . 1(0) ack 1 win 300 = window_update
      0.030 > . 1(200) ack 1 win 502
      0.031 > . 201(100) ack 1 win 502 = window_full
      """
    ),
    (
      "a keep-alive and its answer",
      handshake + """
        0.030 > P. 1(100) ack 1 win 64240
        0.040 < . 1(0) ack 101 win 65160
        60.00 > . 100(0) ack 1 win 64240 = keep_alive
        60.01 < . 1(0) ack 101 win 65160 = keep_alive_ack
        120.0 > . 100(1) ack 1 win 64240 = keep_alive
        120.1 < . 1(0) ack 101 win 65160 = keep_alive_ack
        """
    ),
    (
      "the SYN again, then other numbers between the same ports",
      """
      0.000 > S 0(0) win 64240
      1.000 > S 0(0) win 64240 = retransmission
      1.010 < S. 0(0) ack 1 win 65160
      1.020 > . 1(0) ack 1 win 64240
      1.030 > F. 1(0) ack 1 win 64240
      9.000 > S 77000(0) win 64240 = reused_ports
      """
    ),
    (
      "numbers that wrap around",
      """
      0.000 > S -50(0) win 64240
      0.010 < S. 0(0) ack -49 win 65160
      0.020 > . -49(100) ack 1 win 64240
      0.030 > . 51(100) ack 1 win 64240
      0.040 < . 1(0) ack 151 win 65160
      0.300 > . -49(100) ack 1 win 64240 = spurious_retransmission, retransmission
      """
    ),
  ]

  @Test(arguments: scenarios.indices)
  func scenario(_ index: Int) {
    let (name, text) = Self.scenarios[index]
    let script = TCPScript(text, clientISN: index % 2 == 0 ? 1_000 : 0)
    var bench = TCPBench()
    for line in script.lines {
      let packet = TCPBench.packet(
        line.tcp, data: Array(repeating: 0x61, count: line.length),
        from: line.fromClient ? TCPBench.client : TCPBench.server,
        to: line.fromClient ? TCPBench.server : TCPBench.client)
      bench.take(packet, at: line.seconds)
      let prefix = "tcp.analysis."
      var said = Set(
        bench.findings.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
      if said.remove("duplicate_ack") != nil {
        let frame = bench.values("tcp.analysis.duplicate_ack_frame", packet).joined()
        let number = bench.values("tcp.analysis.duplicate_ack_num", packet).joined()
        said.insert("duplicate_ack \(frame)#\(number)")
      }
      #expect(said == line.expected, "\(name): \(line.text)")
    }
  }

  @Test("round trips, octets in flight and the timeout are measured")
  func measures() {
    let script = TCPScript(
      Self.handshake + """
        0.030 > . 1(100) ack 1 win 64240
        0.031 > P. 101(50) ack 1 win 64240
        0.045 < . 1(0) ack 151 win 65160
        0.050 > P. 151(10) ack 1 win 64240
        0.350 > P. 151(10) ack 1 win 64240
        """)
    let expected: [[String: String]] = [
      [:],
      ["tcp.analysis.acks_frame": "1", "tcp.analysis.ack_rtt": "10000000"],
      ["tcp.analysis.acks_frame": "2", "tcp.analysis.initial_rtt": "20000000"],
      ["tcp.analysis.bytes_in_flight": "100", "tcp.analysis.push_bytes_sent": "100"],
      ["tcp.analysis.bytes_in_flight": "150", "tcp.analysis.push_bytes_sent": "150"],
      ["tcp.analysis.acks_frame": "5", "tcp.analysis.ack_rtt": "14000000"],
      ["tcp.analysis.bytes_in_flight": "10", "tcp.analysis.push_bytes_sent": "10"],
      ["tcp.analysis.rto": "300000000", "tcp.analysis.rto_frame": "7"],
    ]
    var bench = TCPBench()
    for (line, values) in zip(script.lines, expected) {
      let packet = TCPBench.packet(
        line.tcp, data: Array(repeating: 0, count: line.length),
        from: line.fromClient ? TCPBench.client : TCPBench.server,
        to: line.fromClient ? TCPBench.server : TCPBench.client)
      bench.take(packet, at: line.seconds)
      for (name, value) in values {
        #expect(bench.values(name, packet) == [value], "\(name) of \(line.text)")
      }
    }
  }

  @Test("completeness counts what was seen before the segment")
  func completeness() {
    let script = TCPScript(
      Self.handshake + """
        0.030 > P. 1(100) ack 1 win 64240
        0.040 > F. 101(0) ack 1 win 64240
        0.050 < R. 1(0) ack 102 win 0
        0.060 < R. 1(0) ack 102 win 0
        """)
    let expected: [(UInt8, String)] = [
      (0, "······"), (1, "·····S"), (3, "····SS"), (7, "···ASS"), (15, "··DASS"),
      (31, "·FDASS"), (63, "RFDASS"),
    ]
    var bench = TCPBench()
    for (line, (number, letters)) in zip(script.lines, expected) {
      let packet = TCPBench.packet(
        line.tcp, data: Array(repeating: 0, count: line.length),
        from: line.fromClient ? TCPBench.client : TCPBench.server,
        to: line.fromClient ? TCPBench.server : TCPBench.client)
      bench.take(packet, at: line.seconds)
      #expect(bench.note?.completeness.rawValue == number, "\(line.text)")
      #expect(bench.values("tcp.completeness.str", packet) == [letters])
    }
  }
}

import PacketCore
import Protocols
import Testing

@testable import Traces

/// WebSocket in traces: what netlab's own reader makes of what the codecs wrote.
@Suite struct WebSocketTests {
  /// The findings `websocket.*`, with their frames.
  static func findings(_ trace: MadeTrace) -> [String: [Int]] {
    trace.netlab().filter { $0.key.hasPrefix("websocket.") }
  }

  @Test(arguments: WebSocketViolation.allCases)
  func brokenRulesAreFoundWhereTheyAre(_ violation: WebSocketViolation) throws {
    for content in [TraceOptions.Content.websocket, .chat] {
      var options = TraceOptions()
      options.content = content
      options.connections = 3
      options.violation = violation
      options.seed = 11
      #expect(options.contradiction == nil)
      let trace = try MadeTrace(options)
      let expected = trace.truth.findings.filter { $0.key.hasPrefix("websocket.") }
      #expect(expected.count == 1 && expected.first?.value.count == 3, "\(violation)")
      #expect(Self.findings(trace) == expected, "\(violation) in \(content)")
    }
  }

  @Test func honestTracesBreakNoRule() throws {
    for compressed in [false, true] {
      for fragment in [nil, 1, 10, 125, 126] {
        var options = TraceOptions()
        options.isCompressed = compressed
        options.fragmentOctets = fragment
        options.closeCode = 3000
        options.faults = [.retransmit: 2, .outOfOrder: 2, .overlap: 1]
        let trace = try MadeTrace(options)
        #expect(Self.findings(trace) == [:], "compressed \(compressed), fragments \(fragment ?? 0)")
        let closes = trace.truth.connections[0].messages.filter { $0.kind == "websocket.close" }
        #expect(closes.map(\.text) == ["3000", "3000"])
      }
    }
  }

  @Test func contradictionsAreSentences() {
    func contradiction(_ change: (inout TraceOptions) -> Void) -> String {
      var options = TraceOptions()
      change(&options)
      return options.contradiction ?? "none"
    }
    #expect(contradiction { $0.closeCode = 1001 } == "none")
    #expect(contradiction { $0.closeCode = 1005 }.contains("--violate bad-close-code"))
    #expect(contradiction { $0.fragmentOctets = 0 }.contains("--fragment"))
    #expect(
      contradiction {
        $0.content = .raw
        $0.isCompressed = true
      }.contains("--protocol websocket"))
    #expect(
      contradiction {
        $0.violation = .badUTF8
        $0.ending = .halfClose
      }.contains("--half-close"))
    #expect(
      contradiction {
        $0.violation = .notNegotiated
        $0.isCompressed = true
      }.contains("--compress"))
  }
}

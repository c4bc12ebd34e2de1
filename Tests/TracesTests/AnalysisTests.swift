import Foundation
import PacketCore
import Testing

@testable import Traces

/// Traces are what their truth files say: netlab's analysis and tshark's find exactly the faults
/// that were put in, and nothing else.
@Suite struct AnalysisTests {
  /// Options that make the faults look different.
  static func variants(_ fault: Fault) -> [TraceOptions] {
    var options: [TraceOptions] = []
    for content in TraceOptions.Content.allCases {
      for size in [nil, 1, 2, 100] {
        // Octet by octet, a chat is long.
        if size == 1, content != .raw { continue }
        var option = TraceOptions()
        option.content = content
        option.segmentSize = size
        option.faults[fault] = 5
        option.messages = 4
        option.connections = 2
        option.seed = UInt64(options.count)
        options.append(option)
      }
    }
    if fault != .badIPChecksum { options[1].isIPv6 = true }
    options[2].vlan = 42
    options[3].ending = .reset
    options[4].ending = .halfClose
    if fault != .windowFull { options[5].isMidStream = true }
    options[6].isCoalesced = true
    options[6].messages = 40
    options[7].reusedPorts = 1
    options[8].snapLength = 150
    return options
  }

  @Test(arguments: Fault.allCases)
  func netlabFindsEachFault(_ fault: Fault) throws {
    for options in Self.variants(fault) {
      let name = "\(fault) in \(options.content), segments of \(options.segmentSize ?? 0)"
      #expect(options.contradiction == nil, "\(name)")
      let trace = try MadeTrace(options)
      let said = trace.netlab()
      let differences = MadeTrace.differences(
        trace.expected, said, of: Set(said.keys).union(trace.expected.keys).filter(Self.concerns))
      #expect(differences == [], "\(name), seed \(options.seed)")
      #expect(trace.truth.faults[fault.rawValue]?.count == 5, "\(name)")
      #expect(trace.truth.packets == trace.frames.count)
    }
  }

  /// What protocols above TCP remark is none of a trace's business.
  static func concerns(_ name: String) -> Bool {
    ["tcp.", "ip.", "ipv6.", "eth.", "vlan.", "_ws."].contains { name.hasPrefix($0) }
      && !name.hasPrefix("_ws.short")
  }

  @Test(.enabled(if: Tshark.program != nil, "tshark is not installed"), arguments: Fault.allCases)
  func tsharkFindsEachFault(_ fault: Fault) throws {
    for options in Self.variants(fault).prefix(5) {
      let trace = try MadeTrace(options)
      let differences = MadeTrace.differences(
        trace.expected, try Tshark.findings(trace), of: MadeTrace.names)
      #expect(
        differences == [],
        "\(fault) in \(options.content), segments of \(options.segmentSize ?? 0)")
    }
  }

  /// Everything at once, drawn anew each time; the seed is printed with the failure.
  static func mix(_ seed: UInt64) -> TraceOptions {
    var numbers = SeededNumbers(seed: seed)
    var options = TraceOptions()
    options.seed = seed
    options.content = TraceOptions.Content.allCases[numbers.below(4)]
    options.connections = numbers.pick(1...12)
    options.isIPv6 = numbers.chance(30)
    options.isMidStream = numbers.chance(20)
    options.isCoalesced = numbers.chance(20)
    options.ending = [.fin, .halfClose, .reset][numbers.below(3)]
    if numbers.chance(40) { options.segmentSize = numbers.pick(2...300) }
    if numbers.chance(20) { options.vlan = UInt16(numbers.pick(1...4094)) }
    if !options.isMidStream { options.reusedPorts = numbers.below(options.connections) }
    for fault in Fault.allCases where numbers.chance(70) {
      options.faults[fault] = numbers.below(5)
    }
    if options.isIPv6 { options.faults[.badIPChecksum] = nil }
    if options.isMidStream { options.faults[.windowFull] = nil }
    options.messages = numbers.below(20)
    options.messages = options.messagesThatSuffice
    return options
  }

  @Test func netlabFindsRandomMixes() throws {
    // NETLAB_SEED=N looks at one mix again.
    let again = ProcessInfo.processInfo.environment["NETLAB_SEED"].flatMap { UInt64($0) }
    for _ in 0..<(again == nil ? 25 : 1) {
      let seed = again ?? UInt64.random(in: 0..<1_000_000)
      let options = Self.mix(seed)
      #expect(options.contradiction == nil, "seed \(seed)")
      let trace = try MadeTrace(options)
      let said = trace.netlab()
      let differences = MadeTrace.differences(
        trace.expected, said, of: Set(said.keys).union(trace.expected.keys).filter(Self.concerns))
      #expect(differences == [], "seed \(seed)")
      if again != nil { print(options) }
      for (fault, count) in options.faults where count > 0 {
        #expect(trace.truth.faults[fault.rawValue]?.count == count, "\(fault), seed \(seed)")
      }
      #expect(trace.truth.connections.count == options.connections, "seed \(seed)")
    }
  }

  @Test(.enabled(if: Tshark.program != nil, "tshark is not installed"))
  func tsharkFindsRandomMixes() throws {
    for _ in 0..<6 {
      let seed = UInt64.random(in: 0..<1_000_000)
      let trace = try MadeTrace(Self.mix(seed))
      let differences = MadeTrace.differences(
        trace.expected, try Tshark.findings(trace), of: MadeTrace.names)
      #expect(differences == [], "seed \(seed)")
    }
  }

  /// Where a protocol reads the stream, other octets and holes are told. Each alone: behind a hole
  /// a stream may not be readable.
  @Test(arguments: [Fault.overlap, .lost])
  func streamsTellOfOtherOctetsAndHoles(_ fault: Fault) throws {
    for content in TraceOptions.Content.allCases {
      var options = TraceOptions()
      options.content = content
      options.faults[fault] = 4
      let trace = try MadeTrace(options)
      let said = trace.netlab(withStreams: true)
      let name = fault == .overlap ? "tcp.stream.conflict" : "tcp.stream.gap"
      #expect(said[name] ?? [] == trace.truth.findings[name] ?? [], "\(content)")
      #expect(trace.truth.findings[name]?.count ?? 0 == (content == .raw ? 0 : 4))
    }
  }

  @Test func faultsNameTheirFrames() throws {
    let trace = try MadeTrace(Self.mix(7))
    for (kind, records) in trace.truth.faults {
      for record in records {
        #expect(!record.frames.isEmpty, "\(kind)")
        for frame in record.frames {
          for finding in frame.findings {
            #expect(trace.truth.findings[finding]?.contains(frame.frame) == true, "\(kind)")
          }
        }
      }
    }
  }
}

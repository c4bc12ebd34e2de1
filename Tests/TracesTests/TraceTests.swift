import Cryptography
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Traces

/// The octets of traces, and what the truth says about messages.
@Suite struct TraceTests {
  @Test func sameOptionsSameOctets() throws {
    for seed in [0, 1, 999] as [UInt64] {
      let one = try MadeTrace(AnalysisTests.mix(seed))
      let two = try MadeTrace(AnalysisTests.mix(seed))
      #expect(one.frames.map(\.octets) == two.frames.map(\.octets))
      #expect(one.frames.map(\.header.time) == two.frames.map(\.header.time))
      #expect(one.truthText == two.truthText)
    }
    var other = AnalysisTests.mix(1)
    other.seed = 2
    #expect(
      try MadeTrace(other).frames.map(\.octets)
        != MadeTrace(AnalysisTests.mix(1)).frames.map(\.octets))
  }

  @Test func timeNeverGoesBack() throws {
    for seed in 0..<20 as Range<UInt64> {
      let times = try MadeTrace(AnalysisTests.mix(seed)).frames.map(\.header.time)
      #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "seed \(seed)")
    }
  }

  /// One direction of one stream: each octet with the frame that brought it first, and every
  /// frame's place.
  struct Stream {
    var start: UInt32?
    var octets: [Int: UInt8] = [:]
    var arrival: [Int: Int] = [:]
    var places: [(frame: Int, range: Range<Int>)] = []
  }

  /// Puts the data of undamaged segments in order, without any of netlab's own streams.
  static func streams(_ trace: MadeTrace) throws -> [Int: [Bool: Stream]] {
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    var streams: [Int: [Bool: Stream]] = [:]
    for (index, frame) in trace.frames.enumerated() {
      dissector.dissect(frame.octets.span.bytes, frame.header, into: &dissection)
      let foundRecord = dissection.last(TCP.self)
      let record = try #require(foundRecord)
      let header = TCP.decode(record, in: frame.octets.span.bytes)
      let tcp = try #require(header)
      let foundNote = dissection.note(of: TCP.self, record)
      let note = try #require(foundNote)
      let fromClient = tcp.destinationPort == trace.options.serverPort
      var stream = streams[Int(note.stream), default: [:]][fromClient] ?? Stream()
      defer { streams[Int(note.stream), default: [:]][fromClient] = stream }
      let first = tcp.flags.contains(.syn) ? tcp.sequence &+ 1 : tcp.sequence
      stream.start = stream.start ?? first
      if dissection.findings.contains(where: { $0.kind.group == .checksum }) { continue }
      let data = Array(frame.octets[record.payload])
      guard !data.isEmpty, let start = stream.start else { continue }
      let offset = Int(Int32(bitPattern: first &- start))
      stream.places.append((index + 1, offset..<offset + data.count))
      for (position, octet) in data.enumerated() where stream.octets[offset + position] == nil {
        stream.octets[offset + position] = octet
        stream.arrival[offset + position] = index + 1
      }
    }
    return streams
  }

  /// The truth names every frame that carries an octet of a message, and the octets are the text's.
  @Test(arguments: 0..<12)
  func messagesAreWhereTheTruthSaysTheyAre(_ number: Int) throws {
    let seed = UInt64.random(in: 0..<1_000_000)
    var options = AnalysisTests.mix(seed)
    options.content = number < 8 ? .raw : .chat
    if number == 0 { options.segmentSize = 1 }
    try messagesAreInPlace(options)
  }

  /// The octet that a closed window is probed with is a message's last in these.
  @Test(arguments: [374_995, 608_321] as [UInt64])
  func aProbeMayCompleteAMessage(_ seed: UInt64) throws {
    var options = AnalysisTests.mix(seed)
    options.content = .chat
    try messagesAreInPlace(options)
  }

  private func messagesAreInPlace(_ mix: TraceOptions) throws {
    let seed = mix.seed
    var options = mix
    options.messages = options.messagesThatSuffice
    // A hole of unknown text is no line.
    options.faults[.lost] = nil
    let trace = try MadeTrace(options)
    let streams = try Self.streams(trace)
    for connection in trace.truth.connections {
      for side in [true, false] {
        let stream = try #require(streams[connection.stream]?[side])
        var offset = 0
        var latest = 0
        for message in connection.messages where (message.from == "client") == side {
          let range = offset..<offset + message.octets
          offset = range.upperBound
          let carriers = stream.places.filter { $0.range.overlaps(range) }.map(\.frame)
          #expect(message.frames + message.again == carriers, "seed \(seed): \(message.text)")
          // The octets before it have to be there, too.
          latest = range.reduce(latest) { max($0, stream.arrival[$1] ?? .max) }
          #expect(message.completed_by == latest, "seed \(seed): \(message.text)")
          if options.content == .raw {
            let octets = range.compactMap { stream.octets[$0] }
            #expect(octets == Array((message.text + "\n").utf8), "seed \(seed)")
          }
        }
        #expect(stream.octets.count == offset, "seed \(seed)")
      }
    }
  }

  @Test func whatTheCaptureMissesIsCounted() throws {
    var options = TraceOptions()
    options.content = .raw
    options.faults[.lost] = 5
    let trace = try MadeTrace(options)
    let broken = trace.truth.connections[0].messages.filter { $0.completed_by == nil }
    #expect(broken.count == 5)
    #expect(broken.allSatisfy { $0.missing_octets ?? 0 > 0 && $0.missing_octets ?? 0 < $0.octets })
  }

  @Test func numbersWrapAround() throws {
    var options = TraceOptions()
    options.connections = 40
    var wraps = 0
    let trace = try MadeTrace(options)
    for frame in trace.frames {
      let sequence = frame.octets[38..<42].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let isSyn = frame.octets[47] & 2 != 0
      if isSyn, sequence > .max - 30 { wraps += 1 }
    }
    #expect(wraps > 5 && wraps < 60)
  }

  /// RFC 6455 section 4.2.2.
  @Test func theAcceptKeyFits() throws {
    let trace = try MadeTrace(TraceOptions())
    let text = trace.frames.map { String(decoding: $0.octets.dropFirst(66), as: UTF8.self) }
      .joined()
    func value(_ name: String) -> String {
      let parts = text.split(separator: name + ": ", maxSplits: 1)
      return parts.last.map { String($0.prefix { $0 != "\r" && $0 != "\r\n" }) } ?? ""
    }
    let proof = Array(
      (value("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
    let digest = try #require(SHA1.digest(proof))
    #expect(value("Sec-WebSocket-Accept") == Data(digest).base64EncodedString())
    #expect(Data(base64Encoded: value("Sec-WebSocket-Key"))?.count == 16)
  }

  @Test func contradictionsAreSentences() {
    func contradiction(_ change: (inout TraceOptions) -> Void) -> String {
      var options = TraceOptions()
      change(&options)
      return options.contradiction ?? "none"
    }
    #expect(contradiction { _ in } == "none")
    #expect(contradiction { $0.faults[.retransmit] = 11 }.contains("raise --messages to 11"))
    #expect(
      contradiction {
        $0.faults[.retransmit] = 11
        $0.isCoalesced = true
      }.contains("raise --messages to 31"))
    #expect(
      contradiction {
        $0.faults[.retransmit] = 21
        $0.connections = 2
      }.contains("raise --messages to 11"))
    #expect(contradiction { $0.reusedPorts = 1 }.contains("raise --connections to 2"))
    #expect(contradiction { $0.segmentSize = 0 }.contains("1 to 1448"))
    #expect(contradiction { $0.snapLength = 60 }.contains("raise it to 94"))
    #expect(contradiction { $0.vlan = 4095 }.contains("1 to 4094"))
    #expect(contradiction { $0.faults[.lost] = -1 }.contains("--lost"))
    #expect(contradiction { $0.connections = 0 }.contains("--connections"))
    #expect(contradiction { $0.messages = -1 }.contains("--messages"))
    #expect(contradiction { $0.faults[.lost] = .max }.contains("10000000"))
    #expect(
      contradiction {
        $0.isIPv6 = true
        $0.faults[.badIPChecksum] = 1
      }.contains("--ipv6"))
    #expect(
      contradiction {
        $0.isMidStream = true
        $0.faults[.windowFull] = 1
      }.contains("--mid-stream"))
  }

  /// The number that is said to suffice does, and one less does not.
  @Test func messagesThatSufficeDo() {
    for content in [TraceOptions.Content.raw, .http] {
      for coalesced in [false, true] {
        for count in 1...40 {
          var options = TraceOptions()
          options.content = content
          options.isCoalesced = coalesced
          options.messages = 0
          options.faults[.retransmit] = count
          options.messages = options.messagesThatSuffice
          #expect(options.contradiction == nil, "\(content) \(coalesced) \(count)")
          if !coalesced { #expect(options.messages == count) }
        }
      }
    }
  }
}

import PacketCore
import Testing

@testable import Protocols

/// What the shortcuts record (plain IPv4 headers, plain TCP segments, Engine.IO messages, Socket.IO and
/// chat events) is what decoding every layer by itself does: of every capture, as it is and damaged.
@Suite struct ShortcutTests {
  /// All that a dissection says, as text.
  private static func description(_ walk: borrowing Walk, _ frame: [UInt8]) -> [String] {
    var lines: [String] = []
    for (index, record) in walk.dissection.layers.enumerated() {
      lines.append(
        "\(index) \(record.type.filterName) \(record.header) \(record.payload) \(record.missing)"
          + " \(record.buffer) \(record.space) \(record.isQuoted) \(record.isPart)"
          + " \(record.mayRemark)")
      for item in walk.fields(of: record, frame: frame) {
        lines.append(
          "  \(item.field.name) \(item.value) \(String(describing: item.place)) \(item.buffer)"
            + " \(item.line ?? "")")
      }
    }
    for finding in walk.dissection.findings {
      lines.append("finding \(finding.layer) \(finding.kind.name) \(finding.text)")
    }
    for message in walk.dissection.messages {
      lines.append(
        "message \(message.layers) \(message.carrier) \(message.speaker) \(message.number)"
          + " \(message.octets) \(walk.dissection.packets(of: message)) \(message.stream)")
    }
    for verdict in walk.dissection.verdicts { lines.append("verdict \(verdict)") }
    lines.append(
      "\(walk.dissection.endpoints) \(walk.dissection.speaker) \(String(describing: walk.dissection.failure))"
        + " \(walk.dissection.stream)")
    return lines
  }

  /// Dissects the frames both ways.
  ///
  /// - Returns: How many layers there were.
  private static func compare(
    _ frames: [CaptureFolder.Packet], isAnalysing: Bool, _ about: String,
    limits: Limits = Limits()
  ) -> Int {
    var short = Walk(limits: limits)
    var long = Walk(limits: limits, takesShortcuts: false)
    short.dissector.memory(of: TCP.self)?.isAnalysing = isAnalysing
    long.dissector.memory(of: TCP.self)?.isAnalysing = isAnalysing
    var layers = 0
    for (index, frame) in frames.enumerated() {
      short.take(frame)
      long.take(frame)
      let found = description(short, frame.octets)
      let expected = description(long, frame.octets)
      if found != expected {
        let first = zip(found, expected).first { $0 != $1 } ?? ("end", "end")
        Issue.record("\(about), frame \(index + 1): \(first.0) instead of \(first.1)")
        return layers
      }
      layers += short.dissection.layers.count
    }
    short.dissector.end(into: &short.dissection)
    long.dissector.end(into: &long.dissection)
    #expect(description(short, []) == description(long, []), "\(about), end")
    return layers
  }

  @Test func everyCaptureIsTheSameBothWays() {
    var layers = 0
    for (name, packets) in CaptureFolder.captures {
      layers += Self.compare(packets, isAnalysing: true, name)
      layers += Self.compare(packets, isAnalysing: false, name + " without analysis")
    }
    #expect(layers > 20_000)
  }

  /// Connections forgotten and their places used again, and no more layers than a shortcut has.
  @Test func limitsAreTheSameBothWays() {
    for (name, packets) in CaptureFolder.captures {
      let first = Array(packets.prefix(60))
      var limits = Limits()
      for connections in [1, 3] {
        limits.connections = connections
        for isAnalysing in [true, false] {
          _ = Self.compare(
            first, isAnalysing: isAnalysing, "\(name), \(connections) connections", limits: limits)
        }
      }
      limits = Limits()
      for layers in [1, 2, 3, 4, 6] {
        limits.layers = layers
        _ = Self.compare(first, isAnalysing: true, "\(name), \(layers) layers", limits: limits)
      }
    }
  }

  /// Frames lost, doubled, overtaken, cut, and with an octet changed that no sum may cover: what comes
  /// after each of them has to be right too.
  @Test func damagedCapturesAreTheSameBothWays() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    for (name, packets) in CaptureFolder.captures where packets.count > 20 {
      var frames: [CaptureFolder.Packet] = []
      for packet in packets {
        var packet = packet
        switch Int.random(in: 0..<20, using: &random) {
        case 0: continue
        case 1: frames.append(packet)
        case 2 where !frames.isEmpty:
          frames.insert(packet, at: frames.count - 1)
          continue
        case 3 where packet.octets.count > 20:
          packet.octets.removeLast(Int.random(in: 1...20, using: &random))
          packet.header.capturedLength = packet.octets.count
        case 4 where !packet.octets.isEmpty:
          let place = Int.random(in: 0..<packet.octets.count, using: &random)
          packet.octets[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: break
        }
        frames.append(packet)
      }
      _ = Self.compare(frames, isAnalysing: true, "\(name), seed \(seed)")
      _ = Self.compare(frames, isAnalysing: false, "\(name) without analysis, seed \(seed)")
    }
  }

  /// A packet whose headers are decoded as something else takes the long way.
  @Test func decodeAsIsObeyed() throws {
    let packet = try #require(
      CaptureFolder.captures.first { $0.name == "flask-socketio-session.pcap" }?.packets.first)
    var registry = Registry.standard
    let isKnown = registry.decode(.etherType(0x0800), as: "arp")
    #expect(isKnown)
    var walk = Walk(registry)
    walk.take(packet)
    #expect(walk.dissection.layers.contains { $0.is(ARP.self) })
  }
}

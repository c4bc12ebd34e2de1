import Foundation
import Testing

/// `read --message N.k`: one message through its layers, with the places of its octets.
@Suite struct MessageViewTests {
  /// The frames of a pcap file, from its octets.
  private func frames(_ capture: String) throws -> [[UInt8]] {
    let octets = [UInt8](try Data(contentsOf: Project.captures.appendingPathComponent(capture)))
    func word(_ at: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(octets[at + $1]) << (8 * $1) }
    }
    var frames: [[UInt8]] = []
    var at = 24
    while at + 16 <= octets.count {
      let count = word(at + 8)
      frames.append(Array(octets[at + 16..<at + 16 + count]))
      at += 16 + count
    }
    return frames
  }

  private func ids(_ capture: String) throws -> [String] {
    try run(["messages", capture, "--no-verdicts"]).output.split(separator: "\n").compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
  }

  /// The octets that an offset names are those that the field shows.
  @Test(arguments: ["websocket-frames.pcap", "websocket-deflate.pcap"])
  func offsetsNameTheOctets(_ capture: String) throws {
    let frames = try frames(capture)
    var checked = 0
    for id in try ids(capture).prefix(60) {
      let text = try run(["read", capture, "--message", id, "-V", "--offsets"]).output
      #expect(text.hasPrefix("Message \(id): "))
      for line in text.split(separator: "\n") {
        // Over two frames it is in two places.
        guard line.hasPrefix("    Masking-Key: "), !line.contains(", frame") else { continue }
        let words = line.split(whereSeparator: { " <>.".contains($0) }).map(String.init)
        // Masking-Key: 81858cf4 frame 8 octets 68 71
        let (key, frame) = (words[1], try #require(Int(words[3])))
        let (first, last) = (try #require(Int(words[5])), try #require(Int(words[6])))
        let octets = frames[frame - 1][first...last]
        #expect(octets.map { String(format: "%02x", $0) }.joined() == key, "\(id): \(line)")
        checked += 1
      }
    }
    #expect(checked > 10)
  }

  /// Unmasked octets are those of the wire with the key applied, and stand where the stage says.
  @Test func stagesLeadBackToTheWire() throws {
    let capture = "websocket-frames.pcap"
    let frames = try frames(capture)
    var checked = 0
    for id in try ids(capture).prefix(40) {
      let text = try run(["read", capture, "--message", id, "-V"]).output
      let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let stage = lines.first(where: { $0.hasPrefix("[Unmasked: ") && $0.contains(" at ") }),
        let shown = lines.first(where: { $0.hasPrefix("Text: ") })?.dropFirst(6),
        let key = lines.first(where: { $0.hasPrefix("Masking-Key: ") })?.dropFirst(13),
        !lines.contains(where: { $0.hasPrefix("[Joined") })
      else { continue }
      let words = stage.split(whereSeparator: { " []".contains($0) }).map(String.init)
      // Unmasked: 12 octets of frame 16 at 72
      let count = try #require(Int(words[1]))
      let frame = try #require(Int(words[5]))
      let offset = try #require(Int(words[7]))
      let mask = try #require(UInt32(key, radix: 16))
      let octets = frames[frame - 1][offset..<offset + count].enumerated().map { place, octet in
        octet ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * (place % 4)))
      }
      #expect(String(decoding: octets, as: UTF8.self).hasPrefix(shown.prefix(40)), "\(id)")
      checked += 1
    }
    #expect(checked > 3)
  }

  @Test func otherMessagesOfThePacketAreLeftOut() throws {
    // Frame 53 carries several frames.
    let capture = "websocket-frames.pcap"
    let packed = Dictionary(
      grouping: try ids(capture), by: { $0.split(separator: ".").first.map(String.init) ?? "" })
    let frame = try #require(packed.first { $0.value.count > 2 }?.value)
    for id in frame {
      let text = try run(["read", capture, "--message", id, "-V"]).output
      let headings = text.split(separator: "\n").count { $0.hasPrefix("WebSocket") }
      #expect(headings == 1, "\(id)")
      #expect(text.split(separator: "\n").count { $0.contains("[Unmasked") } <= 1, "\(id)")
    }
  }

  @Test func aMessageThatIsNotThereIsTold() throws {
    for id in ["8.2", "999999.1", "1.1"] {
      let result = try run(["read", "websocket-frames.pcap", "--message", id, "-V"])
      #expect(result.status == 1 && result.output.isEmpty, "\(id)")
      #expect(result.errors.contains("no message \(id)"))
    }
    for id in ["8", "8.", ".1", "0.1", "8.0", "x.1", "8.1.1"] {
      #expect(try run(["read", "websocket-frames.pcap", "--message", id]).status == 64, "\(id)")
    }
  }
}

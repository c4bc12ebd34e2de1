import Cryptography
import PacketCore
import Testing

@testable import Protocols

/// Bare tokens in a TCP stream.
@Suite struct FernetStreamTests {
  /// A token whose base64 is padded: where it ends is to be seen, whatever the segments.
  private static func token(_ index: Int) -> [UInt8] {
    let key = Array(repeating: UInt8(7), count: 32)
    guard let key = FernetKey(octets: key.span.bytes), let cipher = FernetCipher(key),
      let octets = FernetToken.seal(
        Array(repeating: UInt8(truncatingIfNeeded: index), count: 16 * (3 * index % 7) + 3),
        time: 1_700_000_000, vector: Array(repeating: UInt8(index), count: 16), with: cipher)
    else { return [] }
    return octets
  }

  /// Lengths of the messages that a stream of the client gives, cut into segments at `cuts`.
  private static func lengths(_ octets: [UInt8], _ cuts: [Int]) -> [(layer: String, octets: Int)] {
    var bench = TCPBench()
    var found: [(String, Int)] = []
    var start = 0
    // Without it, a segment that holds one token would be the exchange's: see `Netlab`.
    let greeting = TCP(
      sourcePort: 40_000, destinationPort: 5_005, sequence: 999, flags: [.syn], window: 1_000)
    bench.take(TCPBench.packet(greeting))
    for (index, end) in (cuts + [octets.count]).enumerated() {
      let tcp = TCP(
        sourcePort: 40_000, destinationPort: 5_005,
        sequence: 1_000 &+ UInt32(truncatingIfNeeded: start), acknowledgment: 1,
        flags: [.psh, .ack], window: 1_000)
      let packet = TCPBench.packet(tcp, data: Array(octets[start..<end]))
      bench.take(packet, at: Double(index) / 100)
      for message in bench.dissection.messages {
        let layer = message.layers.first.map { bench.dissection.layers[$0] }
        found.append((layer?.is(Fernet.self) == true ? "fernet" : "other", message.octets))
      }
      start = end
    }
    return found
  }

  /// Whether a segment that ends so deep in a token may be taken for the end of a shorter one, which
  /// had no padding: nothing on the wire says otherwise.
  private static func looksWhole(_ count: Int) -> Bool {
    // Version, time, vector and HMAC are 57 octets, the text is whole blocks of 16.
    count % 4 == 0 && (count / 4 * 3 - 57) % 16 == 0
  }

  @Test func anySegmentsOfTheSameTokens() {
    let seed = UInt64.random(in: .min ... .max)
    print("FernetStreamTests.anySegmentsOfTheSameTokens: seed \(seed)")
    var lots = Lots(state: seed)
    let tokens = (1...9).map { Self.token($0) }.filter { $0.last == 0x3d }
    #expect(tokens.count > 3)
    let endings: [[UInt8]] = [[], [10], [13, 10]]
    for _ in 0..<200 {
      // A line ending belongs to its token where it comes with it, and is passed over otherwise.
      let lines = tokens.map { $0 + (endings.randomElement(using: &lots) ?? []) }
      let octets = Array(lines.joined())
      var cuts: Set<Int> = []
      for _ in 0..<Int.random(in: 0...12, using: &lots) {
        cuts.insert(Int.random(in: 100..<octets.count, using: &lots))
      }
      var start = 0
      for line in lines {
        cuts = cuts.filter { !(start..<start + line.count ~= $0 && Self.looksWhole($0 - start)) }
        start += line.count
      }
      let found = Self.lengths(octets, cuts.sorted())
      let inTokens = found.filter { $0.layer == "fernet" }
      #expect(inTokens.count == tokens.count, "\(cuts.sorted()): \(found)")
      #expect(found.reduce(0) { $0 + $1.octets } == octets.count, "\(cuts.sorted()): \(found)")
      for (one, token) in zip(inTokens, tokens) { #expect(one.octets - token.count <= 2) }
    }
  }

  @Test func octetsBetweenTokensAreShownAsTheyAre() throws {
    let token = Self.token(1)
    try #require(token.last == 0x3d)
    let found = Self.lengths(token + Array("no token".utf8) + token, [])
    #expect(found.map(\.layer) == ["fernet", "other", "fernet"])
    #expect(found.reduce(0) { $0 + $1.octets } == 2 * token.count + 8)
  }

  /// Anything may follow a beginning that looks like a token.
  @Test func hostileOctets() {
    let seed = UInt64.random(in: .min ... .max)
    print("FernetStreamTests.hostileOctets: seed \(seed)")
    var lots = Lots(state: seed)
    let token = Self.token(2)
    for _ in 0..<300 {
      var octets = token + token + token
      for _ in 0..<Int.random(in: 1...20, using: &lots) {
        let place = Int.random(in: 100..<octets.count, using: &lots)
        octets[place] = UInt8.random(in: 0...255, using: &lots)
      }
      let cut = Int.random(in: 100..<octets.count, using: &lots)
      let found = Self.lengths(octets, [cut])
      #expect(found.reduce(0) { $0 + $1.octets } <= octets.count)
    }
  }
}

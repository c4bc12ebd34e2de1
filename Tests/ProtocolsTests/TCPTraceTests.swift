import Testing

@testable import Protocols

/// A segment that was taken is told from one with other octets.
@Suite struct TCPTraceTests {
  private static func differs(_ taken: [UInt8], _ again: [UInt8]) -> Bool {
    let own = TCPOctets()
    own.trace(1000, taken.span.bytes)
    return own.differs(1000, again.span.bytes)
  }

  @Test func everyOctetCounts() {
    for count in 1...100 {
      let taken = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      #expect(!Self.differs(taken, taken))
      for index in taken.indices {
        for bit in 0..<8 {
          var again = taken
          again[index] ^= 1 << bit
          #expect(Self.differs(taken, again), "bit \(bit) of octet \(index) of \(count)")
        }
      }
    }
  }

  @Test func theOrderOfWordsCounts() {
    let words = (0..<8).map { [UInt8](repeating: $0, count: 8) }
    for first in words.indices {
      for second in words.indices where second > first {
        var turned = words
        turned.swapAt(first, second)
        #expect(Self.differs(words.flatMap { $0 }, turned.flatMap { $0 }))
      }
    }
  }

  /// Words that make one factor of the product zero do not hide the other.
  @Test func noWordHidesItsNeighbour() {
    func octets(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word) { [UInt8]($0) } }
    let place: UInt64 = 0x9E37_79B9_7F4A_7C15
    for (first, second) in [(place, 1 as UInt64), (1, 0 &- place)] {
      let taken = octets(first) + octets(second)
      let again =
        first == place ? octets(first) + octets(second &+ 1) : octets(first &+ 1) + octets(second)
      #expect(Self.differs(taken, again))
    }
  }
}

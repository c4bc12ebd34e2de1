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

  /// Words that make one factor of a product zero do not hide the other: in each of the two products of
  /// the first 32 octets, and with one more step behind them.
  @Test(arguments: [0x9E37_79B9_7F4A_7C15, 0x9E37_79B9_7F4A_7C15 ^ 0x94D0_49BB_1331_11EB as UInt64])
  func noWordHidesItsNeighbour(_ number: UInt64) {
    let isSecond = number != 0x9E37_79B9_7F4A_7C15
    for rest in [0, 40] {
      func octets(_ first: UInt64, _ second: UInt64) -> [UInt8] {
        let pair = [first, second].flatMap { word in withUnsafeBytes(of: word) { [UInt8]($0) } }
        let other = [UInt8](repeating: 7, count: 16)
        return (isSecond ? other + pair : pair + other) + [UInt8](repeating: 9, count: rest)
      }
      #expect(Self.differs(octets(number, 1), octets(number, 2)))
      #expect(Self.differs(octets(1, 0 &- number), octets(2, 0 &- number)))
    }
  }
}

import PacketCore
import Testing

/// A header keeps what it is given: every field, up to its bounds, whatever the others are.
@Suite struct FrameHeaderTests {
  struct Fields: Equatable {
    var number = 0
    var time = Timestamp(seconds: 0, nanoseconds: 0)
    var captured = 0
    var original = 0
    var link = LinkType.null
    var point = CapturePoint()
    var digits: UInt8 = 0
    var hasTime = false
    var hasInterface = false

    static let longest = Int(UInt32.max)

    init() {}

    init(_ header: FrameHeader) {
      number = header.number
      time = header.time
      (captured, original) = (header.capturedLength, header.originalLength)
      (link, point, digits) = (header.linkType, header.point, header.timeDigits)
      (hasTime, hasInterface) = (header.hasTime, header.hasInterface)
    }

    /// Draws one field anew, its least and its greatest value as often as any other, and sets it.
    mutating func change<G: RandomNumberGenerator>(_ header: inout FrameHeader, _ random: inout G) {
      func drawn(_ range: ClosedRange<Int>) -> Int {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: range.lowerBound
        case 1: range.upperBound
        default: Int.random(in: range, using: &random)
        }
      }
      switch Int.random(in: 0..<9, using: &random) {
      case 0:
        number = drawn(0...Self.longest)
        header.number = number
      case 1:
        time = Timestamp(
          seconds: Int64(drawn(.min ... .max)), nanoseconds: UInt32(drawn(0...999_999_999)))
        header.time = time
      case 2:
        captured = drawn(0...Self.longest)
        header.capturedLength = captured
      case 3:
        original = drawn(0...Self.longest)
        header.originalLength = original
      case 4:
        link = LinkType(rawValue: UInt16(drawn(0...65535)))
        header.linkType = link
      case 5:
        point = CapturePoint(section: UInt16(drawn(0...65535)), interface: UInt16(drawn(0...65535)))
        header.point = point
      case 6:
        digits = UInt8(drawn(0...255))
        header.timeDigits = digits
      case 7:
        hasTime.toggle()
        header.hasTime = hasTime
      default:
        hasInterface.toggle()
        header.hasInterface = hasInterface
      }
    }
  }

  @Test func eachFieldIsItsOwn() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededNumbers(seed: seed)
    var header = FrameHeader(
      capturedLength: 0, originalLength: 0, linkType: .null, timeDigits: 0, hasTime: false,
      hasInterface: false)
    var expected = Fields()
    for _ in 0..<20_000 {
      expected.change(&header, &random)
      #expect(Fields(header) == expected, "seed \(seed)")
      let again = FrameHeader(
        number: expected.number, time: expected.time, capturedLength: expected.captured,
        originalLength: expected.original, linkType: expected.link, point: expected.point,
        timeDigits: expected.digits, hasTime: expected.hasTime, hasInterface: expected.hasInterface)
      #expect(Fields(again) == expected, "seed \(seed)")
    }
  }

  /// In registers only up to here.
  @Test func fourWords() { #expect(MemoryLayout<FrameHeader>.size == 32) }
}

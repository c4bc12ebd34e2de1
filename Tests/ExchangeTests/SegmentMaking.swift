import Capture
import Cryptography
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// Segments of an exchange between two hosts that the tests know.
enum Making {
  static let keyText = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
  static let otherKeyText = "xGHPQHYDFMJZNkRy4sDjKpTBUtCsgBVMTwOSCtGnMrg="
  static let start: UInt64 = 1_800_000_000
  static let sender = Address(IPv4Address(10, 0, 0, 21))
  static let receiver = Address(IPv4Address(10, 0, 0, 33))
  static let ends = SegmentEnds(
    source: sender, destination: receiver, sourcePort: 12345, destinationPort: 5000)
  static let ends6 = SegmentEnds(
    source: Address(IPv6Address(high: 0xfd00 << 48, low: 0x21)),
    destination: Address(IPv6Address(high: 0xfd00 << 48, low: 0x33)), sourcePort: 12345,
    destinationPort: 5000)

  static func cipher(_ key: String = keyText) throws -> FernetCipher {
    try #require(FernetCipher(try FernetKey(text: Array(key.utf8).span.bytes)))
  }

  static func message(_ text: String = "hi", id: UInt64 = 7, sequence: UInt32 = 1000)
    -> CraftedMessage
  {
    CraftedMessage(
      .message, id: .init(high: 1, low: id), sender: "ada", room: "ABCDEF", text: text,
      initialSequence: 1000, sequence: sequence)
  }

  static func token(
    _ plain: [UInt8], made: UInt64 = start, key: String = keyText
  ) throws -> [UInt8] {
    try #require(try cipher(key).seal(plain.span.bytes, time: made))
  }

  static func segment(
    _ message: CraftedMessage, made: UInt64 = start, ends: SegmentEnds = ends,
    key: String = keyText
  ) throws -> CraftedSegment {
    CraftedSegment(
      ends: ends, sequence: message.sequence, acknowledgment: 0, identification: 0x1234,
      payload: try token(message.json, made: made, key: key))
  }

  /// Judges as a receiver on port 5000 does.
  static func judge(
    _ packet: [UInt8], now: UInt64 = start, isFromThisHost: Bool = false, port: UInt16? = 5000
  ) throws -> CheckedSegment {
    SegmentCheck(cipher: try cipher(), port: port)
      .judge(packet.span.bytes, now: now, isFromThisHost: isFromThisHost)
  }

  /// Hexadecimal text as octets.
  static func octets(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }

  /// Computes the IPv4 header's sum anew, of any length.
  static func mendHeader(_ packet: inout [UInt8]) {
    let length = Int(packet[0] & 15) * 4
    packet[10...11] = [0, 0]
    var sum = InternetChecksum()
    sum.add(packet.span.bytes.extracting(0..<length))
    packet[10] = UInt8(sum.value >> 8)
    packet[11] = UInt8(sum.value & 0xff)
  }

  /// Puts octets between the IPv4 or IPv6 header and TCP.
  static func insert(_ octets: [UInt8], at place: Int, into packet: inout [UInt8]) {
    packet.insert(contentsOf: octets, at: place)
    if packet[0] >> 4 == 4 {
      packet[0] += UInt8(octets.count / 4)
      let total = UInt16(packet.count)
      packet[2...3] = [UInt8(total >> 8), UInt8(total & 0xff)]
      mendHeader(&packet)
    } else {
      let length = UInt16(packet.count - 40)
      packet[4...5] = [UInt8(length >> 8), UInt8(length & 0xff)]
    }
  }
}

/// A seed of a random test: NETLAB_SEED=N of the environment, to look at one run again, or a new
/// one; printed in either case.
func testSeed(_ name: String) -> UInt64 {
  let again = ProcessInfo.processInfo.environment["NETLAB_SEED"].flatMap { UInt64($0) }
  let seed = again ?? UInt64.random(in: 0 ... .max)
  print("\(name): seed \(seed)")
  return seed
}

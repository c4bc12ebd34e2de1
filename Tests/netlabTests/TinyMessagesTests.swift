import Foundation
import Testing

/// A segment may hold a message in every two octets: what is asked of each must not cost as much as
/// the packet.
@Suite struct TinyMessagesTests {
  /// A capture of one connection that answers with `count` empty Pongs in one segment, some of which
  /// break a rule.
  private func capture(_ count: Int) throws -> URL {
    var octets: [UInt8] = []
    func add(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { octets += $0 } }
    add(0xa1b2_c3d4)
    octets += [2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    add(262_144)
    add(101)
    var next: [UInt32] = [1000, 9000]
    func segment(_ sender: Int, _ data: [UInt8], flags: UInt8 = 0x18) {
      let (client, server): ([UInt8], [UInt8]) = ([10, 0, 0, 21], [10, 0, 0, 33])
      var packet: [UInt8] = [0x45, 0]
      let total = UInt16(40 + data.count)
      packet += [UInt8(total >> 8), UInt8(total & 255), 0, 0, 0, 0, 64, 6, 0, 0]
      packet += sender == 0 ? client + server : server + client
      packet += sender == 0 ? [0x9c, 0x40, 0x13, 0x88] : [0x13, 0x88, 0x9c, 0x40]
      for number in [next[sender], flags == 2 ? 0 : next[1 - sender]] {
        packet += (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
      }
      packet += [0x50, flags, 0xfa, 0, 0, 0, 0, 0] + data
      // The sums of both headers.
      let sums: [(place: Int, range: Range<Int>, first: UInt32)] = [
        (10, 0..<20, 0), (36, 20..<packet.count, 0x0a00 + 0x0015 + 0x0a00 + 0x0021 + 6),
      ]
      for (place, range, first) in sums {
        var sum = first + (place == 36 ? UInt32(range.count) : 0)
        for at in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
          sum += UInt32(packet[at]) << 8
          if at + 1 < range.upperBound { sum += UInt32(packet[at + 1]) }
        }
        while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
        packet[place] = UInt8(truncatingIfNeeded: ~sum >> 8)
        packet[place + 1] = UInt8(truncatingIfNeeded: ~sum)
      }
      next[sender] += UInt32(data.count) + (flags & 2 != 0 ? 1 : 0)
      add(1_700_000_000)
      add(UInt32(octets.count))
      add(UInt32(packet.count))
      add(UInt32(packet.count))
      octets += packet
    }
    segment(0, [], flags: 2)
    segment(1, [], flags: 0x12)
    segment(
      0,
      Array(
        ("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").utf8
      ))
    segment(
      1,
      Array(
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n").utf8))
    // Every second one has a reserved bit set, which is a finding.
    segment(1, (0..<count).flatMap { [$0 % 2 == 0 ? 0x8a : 0xaa, 0x00] as [UInt8] })
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "netlab-tiny-\(count)-\(UUID().uuidString).pcap")
    try Data(octets).write(to: file)
    return file
  }

  /// Processor seconds of netlab, and what it printed.
  private func spent(_ arguments: [String]) throws -> (seconds: Double, lines: [Substring]) {
    let words = ([Project.netlab.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
    let told = try run(
      ["-c", "TIMEFORMAT=%U; time \(words)"], program: URL(fileURLWithPath: "/bin/bash"))
    let seconds = try #require(
      told.errors.split(separator: "\n").last.flatMap { Double($0) }, "\(told.errors)")
    #expect(told.status == 0)
    return (seconds, told.output.split(separator: "\n"))
  }

  /// Four times the messages, about four times the time; quadratic would be sixteen times as much.
  @Test(arguments: [
    ["messages"], ["messages", "-Y", "websocket.opcode == 10"],
    ["messages", "-Y", "websocket.reserved_bits", "-T", "jsonl"],
    ["messages", "-T", "fields", "-e", "websocket.rsv"],
  ])
  func manyInASegment(_ arguments: [String]) throws {
    var seconds: [Double] = []
    for count in [8_000, 32_000] {
      let file = try capture(count)
      defer { try? FileManager.default.removeItem(at: file) }
      let told = try spent([arguments[0], file.path] + arguments[1...])
      seconds.append(told.seconds)
      let isHalf = arguments.contains("websocket.reserved_bits")
      let found = told.lines.filter { !isHalf || $0.contains("\"websocket.reserved_bits\"") }.count
      // The two heads of HTTP are messages, too, and there is a verdict.
      let wanted = isHalf ? count / 2 : count
      #expect(found >= wanted && found <= wanted + 3)
    }
    #expect(seconds[1] < seconds[0] * 10 + 0.3, "\(seconds)")
  }

  @Test func countedByAnAssertion() throws {
    let file = try capture(30_000)
    defer { try? FileManager.default.removeItem(at: file) }
    let told = try run([
      "assert", file.path,
      "count(websocket.opcode == 10) == 30000 && count(websocket.reserved_bits) == 15000",
    ])
    #expect(told.status == 0, "\(told.output)")
  }
}

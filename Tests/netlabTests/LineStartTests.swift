import Foundation
import Testing

/// The start of nearly all lines (number, time, ends) is written in a way of its own, that of lines with
/// `--ascii` in the general one: both say the same.
@Suite struct LineStartTests {
  @Test(arguments: ["read", "messages"])
  func bothWaysSayTheSame(_ command: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Project.captures.path)
      .filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
    #expect(names.count > 10)
    var lines = 0
    for name in names {
      let plain = try run([command, name]).output.split(separator: "\n")
      let general = try run([command, "--ascii", name]).output.split(separator: "\n")
      #expect(plain.count == general.count, "\(name)")
      for (left, right) in zip(plain, general) {
        // The first arrow alone stands between the ends.
        let columns = { (line: Substring, arrow: String) in
          line.range(of: arrow).map { line[..<$0.lowerBound] + " " + line[$0.upperBound...] }
            ?? line
        }
        #expect(columns(left, " → ") == columns(right, " -> "), "\(name)")
      }
      lines += plain.count
    }
    #expect(lines > 500)
  }

  /// A line's info is written behind the name that is expected there: in the end it has what the columns
  /// have by themselves.
  @Test func linesSayWhatTheColumnsSay() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Project.captures.path)
      .filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
    var protocols: Set<Substring> = []
    for name in names {
      let lines = try run(["read", name]).output.split(separator: "\n")
      let columns = try run([
        "read", name, "-T", "fields", "-E", "separator= ", "-e", "_ws.col.protocol", "-e",
        "frame.len", "-e", "_ws.col.info",
      ]).output.split(separator: "\n")
      #expect(lines.count == columns.count, "\(name)")
      for (line, column) in zip(lines, columns) {
        // Behind it there may be a remark on a checksum.
        #expect(line.contains(" " + column), "\(name)")
        protocols.insert(column.prefix { $0 != " " })
      }
    }
    #expect(protocols.count > 15, "\(protocols)")
  }

  /// Frames numbered beyond the width of their column, and times of many days.
  @Test func columnsGrow() throws {
    let folder = try TemporaryFolder()
    var octets: [UInt8] = []
    func add(_ number: UInt32) { withUnsafeBytes(of: number.littleEndian) { octets += $0 } }
    add(0xa1b2_c3d4)
    octets += [2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    add(262_144)
    add(1)
    let packet: [UInt8] =
      [UInt8](repeating: 2, count: 12) + [8, 0]
      + [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 254, 0x6f, 0xd3, 10, 0, 0, 1, 192, 168, 100, 200]
    let seconds: [UInt32] = [0, 0, 9, 10, 999, 1000, 99_999, 1_000_000_000]
    for (index, second) in seconds.enumerated() {
      add(second)
      add(UInt32(index) * 111_111)
      add(UInt32(packet.count))
      add(UInt32(packet.count))
      octets += packet
    }
    let path = folder.path("days.pcap")
    try Data(octets).write(to: URL(fileURLWithPath: path))
    let plain = try run(["read", path]).output
    let general = try run(["read", "--ascii", path]).output
    #expect(plain.replacingOccurrences(of: " → ", with: " -> ") == general)
    #expect(plain.contains("    8 1000000000.777777 "), "\(plain)")
  }
}

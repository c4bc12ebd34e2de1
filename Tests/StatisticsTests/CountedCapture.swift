import Capture
import Foundation
import PacketCore
import Protocols
import Statistics

/// The captures of the folder, and statistics counted over them.
enum CountedCapture {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Captures")

  /// Names of the capture files.
  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
  }()

  /// Hands every packet of a capture to statistics.
  static func count(_ name: String, _ statistics: any Statistic...) throws {
    var reader = try CaptureFileReader(folder.appendingPathComponent(name).path)
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    try reader.forEachFrame { octets, header in
      dissector.dissect(octets, header, into: &dissection)
      for statistic in statistics { statistic.take(dissection, octets) }
      return true
    }
    end(&dissector, &dissection, statistics)
  }

  private static func end(
    _ dissector: inout Dissector, _ dissection: inout Dissection, _ statistics: [any Statistic]
  ) {
    dissector.end(into: &dissection)
    let nothing: [UInt8] = []
    for statistic in statistics { statistic.end(dissection, nothing.span.bytes) }
  }

  /// Hands packets of the given octets and times to statistics.
  static func count(
    _ packets: [(octets: [UInt8], time: Timestamp)], _ statistics: any Statistic...
  ) {
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    for (octets, time) in packets {
      let header = FrameHeader(
        time: time, capturedLength: octets.count, originalLength: octets.count,
        linkType: .ethernet)
      dissector.dissect(octets.span.bytes, header, into: &dissection)
      for statistic in statistics { statistic.take(dissection, octets.span.bytes) }
    }
    end(&dissector, &dissection, statistics)
  }

  /// The statistic's text for people.
  static func text(_ statistic: any Statistic) throws -> String {
    let gathered = Gathered()
    let report = TextReport { gathered.text += $0.string }
    try statistic.write(to: report)
    try report.finish()
    return gathered.text
  }

  /// The statistic's JSON document, read.
  static func json(_ statistic: any Statistic) throws -> [String: Any] {
    let gathered = Gathered()
    let report = JSONReport(tool: "test", source: "test") { gathered.text += $0.string }
    try statistic.write(to: report)
    try report.finish()
    let value = try JSONSerialization.jsonObject(with: Data(gathered.text.utf8))
    return value as? [String: Any] ?? [:]
  }

  /// The statistic's CSV lines.
  static func csv(_ statistic: any Statistic) throws -> [String] {
    let gathered = Gathered()
    let report = CSVReport { gathered.text += $0.string }
    try statistic.write(to: report)
    try report.finish()
    return gathered.text.components(separatedBy: "\r\n")
  }

  /// Text in the making.
  private final class Gathered {
    var text = ""
  }
}

extension [String: Any] {
  /// An object below.
  func object(_ key: String) -> [String: Any] { self[key] as? [String: Any] ?? [:] }
  /// The rows of a table.
  func rows(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
  /// A number; -1 when there is none.
  func number(_ key: String) -> Int { self[key] as? Int ?? -1 }
}

/// A UDP datagram in IPv4 in Ethernet.
func datagram(
  from source: UInt32 = 0x0a00_0001, to destination: UInt32 = 0x0a00_0002,
  ports: (UInt16, UInt16) = (4000, 4001), length: Int = 20
) -> [UInt8] {
  func octets<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
  let payload = [UInt8](repeating: 0x61, count: length)
  var packet: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
  packet += [0x45, 0] + octets(UInt16(28 + length)) + [0, 0, 0, 0, 64, 17, 0, 0]
  packet += octets(source) + octets(destination)
  packet += octets(ports.0) + octets(ports.1) + octets(UInt16(8 + length)) + [0, 0]
  return packet + payload
}

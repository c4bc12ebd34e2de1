import Glibc
import PacketCore
import Protocols

/// The captures that the tests go over, read by a reader of twenty lines, so that a mistake in the
/// shipped one cannot hide a mistake in a protocol.
enum CaptureFolder {
  struct Packet: Sendable {
    var capture: String
    var header: FrameHeader
    var octets: [UInt8]
  }

  /// The folder beside Tests.
  static let path: String =
    #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Captures"

  /// All captures in the folder, by name.
  static let captures: [(name: String, packets: [Packet])] = {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".pcap") || name.hasSuffix(".pcapng") { names.append(name) }
    }
    return names.sorted().map { ($0, $0.hasSuffix("ng") ? readBlocks($0) : read($0)) }
  }()

  /// A pcapng file of enhanced packet blocks, little-endian; times are of no interest here.
  private static func readBlocks(_ name: String) -> [Packet] {
    let file = octets(path + "/" + name)
    func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(file[at + $1]) << ($1 * 8) } }
    var links: [LinkType] = []
    var packets: [Packet] = []
    var at = 0
    while at + 12 <= file.count, word(at + 4) >= 12, at + word(at + 4) <= file.count {
      if word(at) == 1 { links.append(LinkType(rawValue: UInt16(word(at + 8) & 0xffff))) }
      if word(at) == 6, word(at + 8) < links.count {
        let captured = word(at + 20)
        var header = FrameHeader(
          time: Timestamp(seconds: 1_700_000_000 + Int64(packets.count), nanoseconds: 0),
          capturedLength: captured, originalLength: word(at + 24), linkType: links[word(at + 8)])
        header.point.interface = UInt16(word(at + 8))
        packets.append(
          Packet(
            capture: name, header: header, octets: Array(file[at + 28..<at + 28 + captured])))
      }
      at += word(at + 4)
    }
    return packets
  }

  private static func read(_ name: String) -> [Packet] {
    let file = octets(path + "/" + name)
    guard file.count >= 24 else { return [] }
    let isLittle = file[0] == 0xd4 || file[0] == 0x4d
    func word(_ at: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(file[at + $1]) << ((isLittle ? $1 : 3 - $1) * 8) }
    }
    let link = LinkType(rawValue: UInt16(truncatingIfNeeded: word(20)))
    var packets: [Packet] = []
    var at = 24
    while at + 16 <= file.count {
      let captured = word(at + 8)
      guard at + 16 + captured <= file.count else { break }
      let time = Timestamp(
        seconds: Int64(word(at)), nanoseconds: UInt32(truncatingIfNeeded: word(at + 4) * 1000))
      packets.append(
        Packet(
          capture: name,
          header: FrameHeader(
            time: time, capturedLength: captured, originalLength: word(at + 12), linkType: link),
          octets: Array(file[at + 16..<at + 16 + captured])))
      at += 16 + captured
    }
    return packets
  }

  fileprivate static func octets(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var all: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&block, 1, block.count, file)
      if count == 0 { return all }
      all += block[..<count]
    }
  }
}

/// Packets through a dissector of their own, as a tool would do it.
struct Walk: ~Copyable {
  var dissector: Dissector
  var dissection = Dissection()
  var columns = Columns()

  init(
    _ registry: Registry = .standard, limits: Limits = Limits(), takesShortcuts: Bool = true
  ) {
    dissector = Dissector(registry, limits: limits, takesShortcuts: takesShortcuts)
  }

  mutating func take(_ packet: CaptureFolder.Packet) {
    take(packet.octets, packet.header)
  }

  mutating func take(_ octets: [UInt8], _ header: FrameHeader) {
    dissector.dissect(octets.span.bytes, header, into: &dissection)
  }

  /// The Protocol and Info columns of the packet taken last.
  mutating func summary(of octets: [UInt8]) -> (protocolName: String, info: String) {
    columns.info.removeAll()
    columns.protocolName = ""
    let speaker = dissection.layers[dissection.speaker]
    let bytes = self.octets(of: speaker, frame: octets)
    speaker.type.summarize(bytes.span.bytes, speaker, in: dissection, into: &columns)
    return (columns.protocolName.description, columns.info.string)
  }

  /// The buffer that a record stands in.
  func octets(of record: LayerRecord, frame: [UInt8]) -> [UInt8] {
    dissection.withBytes(of: record.buffer, frame: frame.span.bytes) { [UInt8]($0) }
  }

  /// Every field of a layer.
  func fields(of record: LayerRecord, frame: [UInt8]) -> [FieldItem] {
    var sink = FieldSink()
    let bytes = octets(of: record, frame: frame)
    record.type.collect(bytes.span.bytes, record, in: dissection, into: &sink)
    return sink.items
  }
}

extension CaptureFolder {
  /// A text file of the folder.
  static func text(_ name: String) -> String {
    String(decoding: octets(path + "/" + name), as: UTF8.self)
  }
}

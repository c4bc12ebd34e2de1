import PacketCore
import Protocols

/// A conversation between two hosts, written one segment a line as packetdrill does:
///
///     0.010 > S 0(0) win 64240 ws 7
///     0.020 < S. 0(0) ack 1 win 65160
///     0.030 > P. 1(100) ack 1 win 501
///
/// Time in seconds, `>` from the client or `<` from the server, flags (`.` is ACK), sequence number
/// relative to the sender's first and octets of data, then `ack`, `win`, `ws` (window scale) and
/// `sack FROM-TO`. What follows `=` is what the analysis says; nothing means nothing.
struct TCPScript {
  struct Line {
    var text: String
    var seconds: Double
    var fromClient: Bool
    var tcp: TCP
    var length: Int
    var expected: Set<String>
  }

  var lines: [Line] = []

  init(_ script: String, clientISN: UInt32 = 1_000, serverISN: UInt32 = 5_000_000) {
    for raw in script.split(separator: "\n") {
      let sides = raw.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let words = sides[0].split(separator: " ").map(String.init)
      guard words.count >= 4, let seconds = Double(words[0]) else { continue }
      let fromClient = words[1] == ">"
      let own = fromClient ? clientISN : serverISN
      let peer = fromClient ? serverISN : clientISN
      var flags: TCPFlags = []
      for letter in words[2] {
        switch letter {
        case "S": flags.insert(.syn)
        case "F": flags.insert(.fin)
        case "R": flags.insert(.rst)
        case "P": flags.insert(.psh)
        case "U": flags.insert(.urg)
        default: flags.insert(.ack)
        }
      }
      let range = words[3].split(whereSeparator: { "()".contains($0) })
      let sequence = own &+ UInt32(truncatingIfNeeded: Int(range[0]) ?? 0)
      var tcp = TCP(
        sourcePort: fromClient ? 40_000 : 80, destinationPort: fromClient ? 80 : 40_000,
        sequence: sequence, flags: flags, window: 1_000)
      var options: [UInt8] = []
      var index = 4
      while index + 1 < words.count {
        let value = words[index + 1]
        switch words[index] {
        case "ack": tcp.acknowledgment = peer &+ UInt32(truncatingIfNeeded: Int(value) ?? 0)
        case "win": tcp.window = UInt16(value) ?? 0
        case "ws": options += [1, 3, 3, UInt8(value) ?? 0]
        case "sack":
          let edges = value.split(separator: "-").compactMap { Int($0) }
          options += [1, 1, 5, 10]
          for edge in edges {
            let number = peer &+ UInt32(truncatingIfNeeded: edge)
            options += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
          }
        default: break
        }
        index += 2
      }
      tcp = TCP(
        sourcePort: tcp.sourcePort, destinationPort: tcp.destinationPort, sequence: tcp.sequence,
        acknowledgment: tcp.acknowledgment, flags: flags, window: tcp.window, options: options)
      let said =
        sides.count > 1
        ? sides[1].split(separator: ",").map { String($0.trimming(" ")) } : []
      lines.append(
        Line(
          text: String(raw), seconds: seconds, fromClient: fromClient, tcp: tcp,
          length: Int(range.count > 1 ? range[1] : "0") ?? 0, expected: Set(said)))
    }
  }
}

extension Substring {
  fileprivate func trimming(_ character: Character) -> Substring {
    var text = self
    while text.first == character { text.removeFirst() }
    while text.last == character { text.removeLast() }
    return text
  }
}

/// Frames of IPv4 without a link header, dissected one after the other by one dissector.
struct TCPBench: ~Copyable {
  var dissector: Dissector
  var dissection = Dissection()

  init(limits: Limits = Limits()) { dissector = Dissector(.standard, limits: limits) }

  static let client = IPv4Address(0x0a00_0001)
  static let server = IPv4Address(0x0a00_0002)

  /// IPv4 around a TCP header and data, checksums right unless told otherwise.
  static func packet(
    _ tcp: TCP, data: [UInt8] = [], from source: IPv4Address = client,
    to destination: IPv4Address = server, checksum: Bool = true
  ) -> [UInt8] {
    var writer = ByteWriter()
    tcp.write(to: &writer)
    var segment = writer.bytes + data
    if checksum, segment.count >= 20 {
      segment[16] = 0
      segment[17] = 0
      let sum = Self.sum(segment, source, destination).value
      segment[16] = UInt8(sum >> 8)
      segment[17] = UInt8(truncatingIfNeeded: sum)
    }
    return ip(segment, from: source, to: destination)
  }

  static func ip(
    _ segment: [UInt8], from source: IPv4Address = client, to destination: IPv4Address = server
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt16(0x4500))
    writer.write(UInt16(20 + segment.count))
    writer.write(UInt32(0x0001_0000))
    writer.write(UInt16(0x4006))
    writer.write(UInt16(0))
    writer.write(source.value)
    writer.write(destination.value)
    var header = writer.bytes
    var sum = InternetChecksum()
    sum.add(header.span.bytes)
    header[10] = UInt8(sum.value >> 8)
    header[11] = UInt8(truncatingIfNeeded: sum.value)
    return header + segment
  }

  /// The sum over pseudo-header and segment.
  static func sum(
    _ segment: [UInt8], _ source: IPv4Address, _ destination: IPv4Address
  ) -> InternetChecksum {
    var sum = pseudoHeader(segment.count, source, destination)
    sum.add(segment.span.bytes)
    return sum
  }

  static func pseudoHeader(
    _ count: Int, _ source: IPv4Address, _ destination: IPv4Address
  ) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(source.value)
    sum.add(destination.value)
    sum.add(UInt16(6))
    sum.add(UInt16(truncatingIfNeeded: count))
    return sum
  }

  /// Dissects one packet; `missing` octets of it were not captured.
  mutating func take(
    _ packet: [UInt8], at seconds: Double = 0, missing: Int = 0, point: CapturePoint = .init()
  ) {
    let nanoseconds = Int64((seconds * 1e9).rounded())
    let header = FrameHeader(
      time: Timestamp(
        seconds: 1_700_000_000 + nanoseconds / 1_000_000_000,
        nanoseconds: UInt32(nanoseconds % 1_000_000_000)),
      capturedLength: packet.count, originalLength: packet.count + missing, linkType: .ipv4,
      point: point)
    dissector.dissect(packet.span.bytes, header, into: &dissection)
  }

  var note: TCPNote? {
    guard let record = dissection.last(TCP.self) else { return nil }
    return dissection.note(of: TCP.self, record)
  }

  /// The Info column of the packet taken last, as TCP writes it.
  func info(_ packet: [UInt8]) -> String {
    guard let record = dissection.last(TCP.self) else { return "" }
    var columns = Columns()
    TCP.summarize(packet.span.bytes, record, in: dissection, into: &columns)
    return columns.info.string
  }

  /// The bare values of a field, as text.
  func values(_ name: String, _ packet: [UInt8]) -> [String] {
    guard let record = dissection.last(TCP.self),
      let info = TCP.schema.description.fields.first(where: { $0.info.name == name })?.info
    else { return [] }
    var sink = FieldSink(wanted: info)
    TCP.collect(packet.span.bytes, record, in: dissection, into: &sink)
    return sink.items.map { item in
      switch item.value {
      case .unsigned(let number): "\(number)"
      case .signed(let number): "\(number)"
      case .boolean(let flag): "\(flag)"
      case .string(let text): text
      case .duration(let nanoseconds): "\(nanoseconds)"
      case .octetsInPlace: item.place.map { "\($0)" } ?? ""
      default: "\(item.value)"
      }
    }
  }

  var findings: Set<String> { Set(dissection.findings.map { $0.kind.name }) }
}

/// Splitmix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

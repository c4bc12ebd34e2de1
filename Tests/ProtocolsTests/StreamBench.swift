import PacketCore

@testable import Protocols

/// A line of text that ends in a newline: the simplest thing that can stand on a stream.
struct Line: Layer {
  static let carriedBy: [PayloadType] = []
  static let schema = Schema<Line>(
    "line", "Line", "", column: "Line", fields: [.payload("line.text", "Text")])
  init() {}
  init(reading reader: inout ByteReader) throws(ParseError) {}
  func write(to writer: inout ByteWriter) {}
}

/// Reads lines in both directions. A line that begins with `+` continues in the next one.
final class LineStream: StreamProtocol {
  static var name: String { "line" }
  private let limits: Limits
  private(set) var gaps: [Int] = []
  private(set) var ends: [StreamEnd] = []

  static func recognise(_ bytes: RawSpan, _ chunk: StreamChunk) -> StreamRecognition {
    guard chunk.range.count >= 2 else { return .perhaps }
    let first = bytes.unsafeLoad(fromByteOffset: chunk.range.lowerBound, as: UInt8.self)
    return first < 0x80 ? .yes(nil) : .no
  }

  init(limits: Limits) { self.limits = limits }

  func consume(_ bytes: RawSpan, _ chunk: StreamChunk, into dissection: inout Dissection)
    -> StreamStep
  {
    let octets = [UInt8](bytes.extracting(chunk.range))
    guard let end = octets.firstIndex(of: 10) else { return .needMore(octets.count + 1) }
    let start = chunk.range.lowerBound
    _ = dissection.record(
      Line.self, header: start..<start, end: start + end, buffer: chunk.buffer)
    if octets.first == 43 {
      openSide = chunk.side
      return .part(end + 1, isShown: true)
    }
    if openSide == chunk.side {
      openSide = nil
      return .lastPart(end + 1)
    }
    return .message(end + 1)
  }
  private var openSide: Side?

  func gap(_ octets: Int, from side: Side, into dissection: inout Dissection) -> Bool {
    gaps.append(octets)
    return true
  }

  func end(_ how: StreamEnd, from side: Side?, into dissection: inout Dissection) {
    ends.append(how)
  }
}

/// Segments of one connection, taken one after the other, and the lines that they carried.
struct StreamBench: ~Copyable {
  struct Message: Equatable {
    var frame: Int
    var number: Int
    var text: String
    var packets: [Int]
    var side: Side
  }

  var dissector: Dissector
  var dissection = Dissection()
  var messages: [Message] = []
  var verdicts: [ConnectionVerdict] = []
  var findings: [String] = []
  var frames = 0
  let clientISN: UInt32
  let serverISN: UInt32
  var port: UInt16 = 40_000

  init(
    limits: Limits = Limits(), clientISN: UInt32 = 1_000, serverISN: UInt32 = 9_000,
    streams: [any StreamProtocol.Type] = [LineStream.self]
  ) {
    dissector = Dissector(
      Registry(Registry.standard.layers.dropFirst(2) + [], streams: streams), limits: limits)
    self.clientISN = clientISN
    self.serverISN = serverISN
  }

  mutating func open() {
    send(.client, at: -1, "", [.syn])
    send(.server, at: -1, "", [.syn, .ack], acknowledging: 0)
    send(.client, at: 0, "", [.ack], acknowledging: 0)
  }

  /// - Parameters:
  ///   - position: Octets of the direction before the segment's first.
  ///   - acknowledging: Octets of the other direction that are acknowledged.
  mutating func send(
    _ side: Side, at position: Int, _ text: String, _ flags: TCPFlags = [.psh, .ack],
    acknowledging: Int = 0, checksum: Bool = true
  ) {
    send(
      side, at: position, octets: Array(text.utf8), flags, acknowledging: acknowledging,
      checksum: checksum)
  }

  mutating func send(
    _ side: Side, at position: Int, octets: [UInt8], _ flags: TCPFlags = [.psh, .ack],
    acknowledging: Int = 0, checksum: Bool = true
  ) {
    let own = side == .client ? clientISN : serverISN
    let peer = side == .client ? serverISN : clientISN
    let tcp = TCP(
      sourcePort: side == .client ? port : 80, destinationPort: side == .client ? 80 : port,
      sequence: own &+ 1 &+ UInt32(truncatingIfNeeded: position),
      acknowledgment: flags.contains(.ack)
        ? peer &+ 1 &+ UInt32(truncatingIfNeeded: acknowledging) : 0,
      flags: flags, window: 1_000)
    var packet = TCPBench.packet(
      tcp, data: octets, from: side == .client ? TCPBench.client : TCPBench.server,
      to: side == .client ? TCPBench.server : TCPBench.client)
    if !checksum { packet[36] ^= 0x55 }
    frames += 1
    let header = FrameHeader(
      time: Timestamp(seconds: 1_700_000_000, nanoseconds: UInt32(frames) * 1_000),
      capturedLength: packet.count, originalLength: packet.count, linkType: .ipv4)
    dissector.dissect(packet.span.bytes, header, into: &dissection)
    collect(packet)
  }

  mutating func end() {
    dissector.end(into: &dissection)
    collect([])
  }

  private mutating func collect(_ packet: [UInt8]) {
    for message in dissection.messages where message.isWhole {
      var text = ""
      for record in dissection.layers[message.layers] {
        let octets = dissection.withBytes(of: record.buffer, frame: packet.span.bytes) {
          [UInt8]($0.extracting(record.payload))
        }
        text += String(decoding: octets, as: UTF8.self)
      }
      messages.append(
        Message(
          frame: dissection.frame.number, number: message.number, text: text,
          packets: dissection.packets(of: message), side: message.stream.side))
    }
    verdicts += dissection.verdicts
    findings += dissection.findings.map(\.kind.name).filter { $0.hasPrefix("tcp.stream") }
  }

  func texts(_ side: Side) -> [String] { messages.filter { $0.side == side }.map(\.text) }
}

import PacketCore
import Protocols

/// Stands for whatever carries Engine.IO packets: three octets that say what kind of message follows,
/// who sent it and in which session.
struct EngineIOCarrier: Layer {
  var kind: UInt8
  var side: UInt8
  var session: UInt8

  static let linkType = LinkType(rawValue: 147)
  static let carriedBy: [PayloadType] = [.linkType(linkType)]

  init(reading reader: inout ByteReader) throws(ParseError) {
    kind = try reader.read()
    side = try reader.read()
    session = try reader.read()
  }

  func write(to writer: inout ByteWriter) {
    writer.write(kind)
    writer.write(side)
    writer.write(session)
  }

  func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.stream.side = side == 0 ? .client : .server
    dissection.stream.direction = side
    dissection.stream.number = UInt32(session)
    dissection.stream.session = 0
    let record = dissection.layers[index]
    dissection.continueIn(0, record.payload, as: PayloadType(.message, UInt16(kind)))
    return .nothing
  }

  static let schema = Schema<EngineIOCarrier>(
    "websocket", "WebSocket", "", column: "WebSocket", fields: [])
}

/// Engine.IO packets walked one after the other, a second apart, each in a frame of its own.
struct EngineIOConversation: ~Copyable {
  static let registry = Registry([
    EngineIOCarrier.self, EngineIO.self, EngineIOBinary.self, SocketIO.self,
    SocketIOAttachment.self, JSON.self, Chat.self, Fernet.self,
  ])
  var walk: Walk
  var octets: [UInt8] = []
  var frames = 0

  init(limits: Limits = Limits()) { walk = Walk(Self.registry, limits: limits) }

  /// Walks a packet and returns the Info column.
  @discardableResult
  mutating func client(_ text: String, session: UInt8 = 0) -> String {
    take(1, .client, Array(text.utf8), session)
  }

  @discardableResult
  mutating func server(_ text: String, session: UInt8 = 0) -> String {
    take(1, .server, Array(text.utf8), session)
  }

  @discardableResult
  mutating func binary(_ side: Side, _ octets: [UInt8], session: UInt8 = 0) -> String {
    take(2, side, octets, session)
  }

  /// - Parameter kind: The number of a `PayloadType` of messages.
  @discardableResult
  mutating func take(_ kind: UInt8, _ side: Side, _ data: [UInt8], _ session: UInt8 = 0) -> String {
    octets = [kind, side == .client ? 0 : 1, session] + data
    let header = FrameHeader(
      time: Timestamp(seconds: Int64(frames), nanoseconds: 0), capturedLength: octets.count,
      originalLength: octets.count, linkType: EngineIOCarrier.linkType)
    frames += 1
    walk.take(octets, header)
    return walk.summary(of: octets).info
  }

  /// Names of the findings of the packet taken last.
  var findings: [String] { walk.dissection.findings.map(\.kind.name) }
  /// Their texts.
  var remarks: [String] { walk.dissection.findings.map(\.text) }
  /// Filter names of its layers, without the carrier's.
  var layers: [String] { walk.dissection.layers.dropFirst(2).map { $0.type.description.name } }

  /// Values of a field, as text, from the layers of the packet taken last.
  func values(_ name: String) -> [String] {
    var values: [String] = []
    for record in walk.dissection.layers {
      for item in walk.fields(of: record, frame: octets) where item.field.name == name {
        let text =
          switch item.value {
          case .string(let text): text
          case .unsigned(let number): String(number)
          case .duration(let nanoseconds): String(nanoseconds)
          case .boolean(let flag): String(flag)
          case .octets(let octets): octets.map { String($0) }.joined(separator: " ")
          default: "\(item.value)"
          }
        values.append(text)
      }
    }
    return values
  }
}

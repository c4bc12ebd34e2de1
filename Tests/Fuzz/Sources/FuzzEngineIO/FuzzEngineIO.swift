import PacketCore
import Projection
import Protocols

/// Stands for what carries Engine.IO packets: three octets say what kind of message follows, who sent
/// it, and in which session.
struct Carrier: Layer {
  var kind: UInt8
  var sender: UInt8

  static let linkType = LinkType(rawValue: 147)
  static let carriedBy: [PayloadType] = [.linkType(linkType)]

  init(reading reader: inout ByteReader) throws(ParseError) {
    kind = try reader.read()
    sender = try reader.read()
  }

  func write(to writer: inout ByteWriter) {
    writer.write(kind)
    writer.write(sender)
  }

  func inspect(
    _ bytes: RawSpan, at index: Int, in dissection: inout Dissection, memory: NoMemory
  ) -> PayloadType {
    dissection.stream.side = sender & 1 == 0 ? .client : .server
    dissection.stream.direction = sender & 1
    dissection.stream.number = UInt32(sender >> 1 & 3)
    dissection.stream.session = UInt64(sender >> 3 & 3)
    // Engine.IO in text three times out of four.
    let type: UInt16 = kind & 3 == 3 ? UInt16(kind >> 2 & 7) + 1 : 1
    dissection.beginMessage(from: index, octets: bytes.byteCount)
    dissection.continueIn(0, dissection.layers[index].payload, as: PayloadType(.message, type))
    return .nothing
  }

  static let schema = Schema<Carrier>("websocket", "WebSocket", "", column: "WebSocket", fields: [])
}

/// One execution: a conversation of hostile Engine.IO packets of both sides and several sessions
/// through the whole walk (Socket.IO, attachments, the chat, JSON, Fernet), then every form of output.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEngineIO(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  var limits = Limits()
  limits.connections = 8
  limits.exchanges = 8
  limits.messageOctets = 512
  let layers = Registry.standard.layers.dropFirst(2).filter {
    $0.description.name != "websocket"
  }
  var dissector = Dissector(Registry([Carrier.self] + layers), limits: limits)
  var dissection = Dissection()
  var text = TextBuffer()
  let printers: [any PacketPrinter] = [SummaryPrinter(), TreePrinter(), JSONPrinter()]
  var at = 0
  var frames = 0
  // Each packet: its length, then kind, sender and octets.
  while at < input.count, frames < 32 {
    let length = min(Int(input[at]), input.count - at - 1)
    let octets = UnsafeRawBufferPointer(rebasing: input[(at + 1)..<(at + 1 + length)])
    let header = FrameHeader(
      time: Timestamp(seconds: Int64(frames), nanoseconds: 0), capturedLength: length,
      originalLength: length, linkType: Carrier.linkType)
    dissector.dissect(octets.bytes, header, into: &dissection)
    for printer in printers { printer.print(dissection, octets.bytes, into: &text) }
    for record in dissection.layers {
      dissection.withBytes(of: record.buffer, frame: octets.bytes) { bytes in
        let written = record.type.rewrite(bytes, record)
        precondition(
          record.isPart || written == [UInt8](bytes.extracting(record.header)),
          "\(record.type) is written differently")
      }
    }
    text.removeAll()
    at += 1 + length
    frames += 1
  }
  dissector.end(into: &dissection)
  // Bodies of polling requests.
  for version: UInt8 in [3, 4] {
    var from = 0
    while let found = EngineIOPayload.next(
      in: input.bytes, from: from, to: input.count, version: version)
    {
      precondition(found.next > from && found.packet.upperBound <= input.count)
      from = found.next
    }
    if let packets = try? EngineIOPayload.decode(Array(input), version: Int(version)) {
      let again = EngineIOPayload.encode(packets, version: Int(version))
      let same = try? EngineIOPayload.decode(again, version: Int(version))
      precondition(
        same == packets || version == 3, "a body reads differently when it is written again")
    }
  }
  // Bodies by JSONP.
  let whole = 0..<input.count
  for body in [
    EngineIOPayload.body(ofCall: input.bytes, whole),
    EngineIOPayload.body(ofForm: input.bytes, whole), Array(input),
  ] {
    guard let body else { continue }
    let call = EngineIOPayload.call(body, index: 0)
    precondition(
      EngineIOPayload.body(ofCall: call.span.bytes, 0..<call.count)
        == Array(String(decoding: body, as: UTF8.self).utf8), "a call reads differently")
    // A backslash before a line feed is what engine.io's own client loses, too.
    let isLost = zip(body, body.dropFirst()).contains { $0 == (0x5c, 0x0a) }
    let form = EngineIOPayload.form(body)
    precondition(
      isLost || EngineIOPayload.body(ofForm: form.span.bytes, 0..<form.count) == body,
      "a form reads differently")
  }
  return 0
}

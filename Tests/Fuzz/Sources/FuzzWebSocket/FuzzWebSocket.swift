import PacketCore
import Protocols

/// One execution: a WebSocket connection, with or without a handshake and permessage-deflate, whose
/// two streams are cut, interrupted and ended as the input says. The inspector's stream reads them,
/// each layer is shown, and an endpoint's receiver reads what the client sent.
///
/// Input: two octets for handshake, parameters and limits; then pieces of one octet for side, gap and
/// length's upper bit, one for the length, and the octets.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  guard input.count > 2 else { return 0 }
  var connection = FuzzedConnection(input[0], input[1])
  var at = 2
  while at + 2 <= input.count {
    let what = input[at]
    let wanted = Int(input[at + 1]) | Int(what & 1) << 8
    let length = min(wanted, input.count - at - 2)
    let octets = [UInt8](input[(at + 2)..<(at + 2 + length)])
    let side: Side = what & 2 == 0 ? .client : .server
    if what & 0x1c == 0x1c { connection.gap(length + 1, from: side) }
    connection.feed(octets, from: side, isLast: what & 0xe0 == 0xe0)
    at += 2 + length
  }
  connection.stream.end(.fin, from: nil, into: &connection.dissection)
  connection.receive()
  return 0
}

struct FuzzedConnection: ~Copyable {
  let stream: WebSocketStream
  let receiver: WebSocketReceiver
  let sideIsKnown: Bool
  var dissection = Dissection()
  private var pending: [[UInt8]] = [[], []]
  private var positions: [UInt64] = [0, 0]
  private var isLost = [false, false]
  private var columns = FuzzedColumns()

  init(_ first: UInt8, _ second: UInt8) {
    var limits = Limits()
    limits.messageOctets = second & 0x80 == 0 ? 4096 : 64
    limits.inflatedOctets = second & 0x40 == 0 ? 65536 : 64
    let deflate: PerMessageDeflate? =
      first & 1 == 0
      ? nil
      : PerMessageDeflate(
        clientNoContextTakeover: first & 2 != 0, serverNoContextTakeover: first & 4 != 0,
        clientMaxWindowBits: 8 + Int(second & 7), serverMaxWindowBits: 8 + Int(second >> 3 & 7))
    let negotiation = WebSocketNegotiation(
      deflate: deflate, hasOtherExtensions: first & 8 != 0, isEngineIO: first & 16 != 0)
    stream = WebSocketStream(negotiation: first & 32 == 0 ? negotiation : nil, limits: limits)
    receiver = WebSocketReceiver(from: .client, deflate: deflate, limits: limits)
    sideIsKnown = first & 64 == 0
  }

  mutating func gap(_ count: Int, from side: Side) {
    let row = Int(side.rawValue)
    positions[row] += UInt64(pending[row].count + count)
    _ = stream.gap(pending[row].count + count, from: side, into: &dissection)
    pending[row] = []
  }

  mutating func feed(_ octets: [UInt8], from side: Side, isLast: Bool) {
    let row = Int(side.rawValue)
    if side == .client { receiver.take(octets) }
    pending[row] += octets
    while !pending[row].isEmpty, !isLost[row] {
      let frame = pending[row]
      dissection = Dissection()
      let chunk = StreamChunk(
        range: 0..<frame.count, side: side, sideIsKnown: sideIsKnown, position: positions[row],
        isMidStream: !sideIsKnown, isLast: isLast)
      _ = WebSocketStream.recognise(frame.span.bytes, chunk)
      let step = stream.consume(frame.span.bytes, chunk, into: &dissection)
      columns.show(dissection, frame)
      switch step {
      case .message(let count), .lastPart(let count), .part(let count, _):
        precondition(count > 0 && count <= frame.count, "takes what is not there")
        pending[row].removeFirst(count)
        positions[row] += UInt64(count)
      case .needMore(let count):
        precondition(count > frame.count, "waits for what is there")
        return
      case .lost: isLost[row] = true
      case .more, .upgrade: preconditionFailure("no such step")
      }
    }
  }

  func receive() {
    do { while try receiver.next() != nil {} } catch {}
  }
}

/// Shows every layer in every form.
final class FuzzedColumns {
  private var columns = Columns()
  private var text = TextBuffer()
  private var sink = FieldSink()

  func show(_ dissection: borrowing Dissection, _ frame: [UInt8]) {
    for record in dissection.layers {
      dissection.withBytes(of: record.buffer, frame: frame.span.bytes) { bytes in
        columns.isCompatible.toggle()
        record.type.summarize(bytes, record, in: dissection, into: &columns)
        record.type.remark(bytes, record, in: dissection, into: &columns)
        record.type.writeHeading(bytes, record, in: dissection, into: &text)
        record.type.collect(bytes, record, in: dissection, into: &sink)
        precondition(record.type.rewrite(bytes, record)?.count == Int(record.headerLength))
        for item in sink.items {
          guard let place = item.place else { continue }
          precondition(place.upperBound <= bytes.byteCount, "\(item.field.name) is not there")
        }
      }
    }
    for finding in dissection.findings { text.append(finding.text) }
    columns.info.removeAll()
    text.removeAll()
    sink.items.removeAll(keepingCapacity: true)
  }
}

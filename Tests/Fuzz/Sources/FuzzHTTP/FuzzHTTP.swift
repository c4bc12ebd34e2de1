import PacketCore
import Protocols

/// One execution: both directions of a hostile HTTP conversation in pieces, with holes and ends, and
/// everything that can be shown of what was made of it.
///
/// Each piece: an octet for its side (1), a hole in its place (2) and the end of the side (4), one
/// for its length, then its octets.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  var limits = Limits()
  limits.headOctets = 1024
  limits.messageOctets = 512
  limits.inflatedOctets = 4096
  var stream: any StreamProtocol = HTTPStream(limits: limits)
  var dissector = Dissector(Registry([HTTP.self]))
  var dissection = Dissection()
  var waiting: [[UInt8]] = [[], []]
  var isLost = [false, false]
  var sink = FieldSink()
  var columns = Columns()
  let header = FrameHeader(capturedLength: 0, originalLength: 0, linkType: .ethernet)
  var at = 0
  while at + 2 <= input.count {
    let mark = input[at]
    let length = min(Int(input[at + 1]), input.count - at - 2)
    let octets = [UInt8](input[at + 2..<at + 2 + length])
    at += 2 + length
    let place = Int(mark & 1)
    let side: Side = place == 0 ? .client : .server
    if isLost[place] { continue }
    let nothing: [UInt8] = []
    dissector.dissect(nothing.span.bytes, header, into: &dissection)
    if mark & 2 != 0 {
      let unseen = waiting[place].count + length
      waiting[place] = []
      isLost[place] = !stream.gap(unseen, from: side, into: &dissection)
    } else {
      waiting[place] += octets
    }
    let all = waiting[place]
    _ = HTTPStream.recognise(all.span.bytes, StreamChunk(range: 0..<all.count, side: side))
    var start = 0
    var steps = 0
    if mark & 4 != 0 { stream.end(.fin, from: side, into: &dissection) }
    loop: while start < all.count || stream.hasMore {
      steps += 1
      precondition(steps < 10_000, "the stream does not move")
      let chunk = StreamChunk(
        range: start..<all.count, side: side, isMidStream: mark & 8 != 0, isLast: mark & 4 != 0)
      switch stream.consume(all.span.bytes, chunk, into: &dissection) {
      case .message(let count), .part(let count, _):
        precondition(count > 0 && count <= all.count - start)
        start += count
      case .lastPart(let count):
        precondition(count >= 0 && count <= all.count - start)
        start += count
      case .upgrade(let count, let next):
        precondition(count > 0 && count <= all.count - start)
        start += count
        stream = next
        break loop
      case .more: continue
      case .needMore(let count):
        precondition(count > all.count - start)
        break loop
      case .lost:
        isLost[place] = true
        break loop
      }
    }
    waiting[place] = isLost[place] ? [] : Array(all[min(start, all.count)...])
    precondition(stream.heldOctets < 1 << 20)
    for record in dissection.layers {
      dissection.withBytes(of: record.buffer, frame: all.span.bytes) { bytes in
        sink.items.removeAll(keepingCapacity: true)
        record.type.collect(bytes, record, in: dissection, into: &sink)
        record.type.summarize(bytes, record, in: dissection, into: &columns)
      }
    }
    _ = dissection.findings.map(\.text)
    columns.info.removeAll()
    if !(stream is HTTPStream) { break }
  }
  return 0
}

import PacketCore
import Projection
import Protocols

/// One execution: a short conversation of hostile frames through the whole walk, then every form of
/// output; with shortcuts and without them the tree says the same. The input's octets say link type,
/// lengths and cuts as well as content.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPackets(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  let linkTypes: [LinkType] = [
    .ethernet, .null, .loop, .raw, .linuxSLL, .linuxSLL2, .ipv4, .ipv6,
  ]
  var limits = Limits()
  limits.connections = 16
  limits.exchanges = 16
  limits.fragmentOctets = 1 << 16
  var dissector = Dissector(.standard, limits: limits)
  var dissection = Dissection()
  var text = TextBuffer()
  var long = Dissector(.standard, limits: limits, takesShortcuts: false)
  var decoded = Dissection()
  var expected = TextBuffer()
  let tree = TreePrinter()
  let printers: [any PacketPrinter] = [SummaryPrinter(), JSONPrinter()]
  var at = 0
  var frames = 0
  // Each frame: one octet for link type and cut, one for its length, then its octets.
  while at + 2 <= input.count, frames < 16 {
    let link = linkTypes[Int(input[at] & 7)]
    let length = min(Int(input[at + 1]), input.count - at - 2)
    let cut = input[at] & 0x08 != 0 ? 40 : 0
    let octets = UnsafeRawBufferPointer(rebasing: input[(at + 2)..<(at + 2 + length)])
    let header = FrameHeader(
      time: Timestamp(seconds: Int64(frames), nanoseconds: 0), capturedLength: length,
      originalLength: length + cut, linkType: link,
      point: CapturePoint(interface: UInt16(input[at] >> 7)))
    dissector.dissect(octets.bytes, header, into: &dissection)
    long.dissect(octets.bytes, header, into: &decoded)
    tree.print(dissection, octets.bytes, into: &text)
    tree.print(decoded, octets.bytes, into: &expected)
    let isSame = text.withBytes { found in
      expected.withBytes { found.elementsEqual($0) }
    }
    precondition(isSame, "frame \(frames + 1) reads differently by a shortcut")
    for printer in printers { printer.print(dissection, octets.bytes, into: &text) }
    text.removeAll()
    expected.removeAll()
    at += 2 + length
    frames += 1
  }
  return 0
}

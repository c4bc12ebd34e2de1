import DisplayFilter
import PacketCore
import Protocols

/// What every execution asks of: built once.
private let index = FieldIndex(.standard)

/// One execution: a hostile filter text, compiled, explained or refused with its rendering, and asked
/// about a packet.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFilter(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let text = String(decoding: UnsafeBufferPointer(start: data, count: size), as: UTF8.self)
  do {
    let filter = try DisplayFilter(text, index: index)
    var dissector = Dissector(.standard)
    var dissection = Dissection()
    let header = FrameHeader(
      capturedLength: packet.count, originalLength: packet.count, linkType: .ethernet)
    dissector.dissect(packet.span.bytes, header, into: &dissection)
    _ = filter.matches(dissection, in: packet.span.bytes)
    _ = filter.explanation
  } catch {
    _ = error.describe()
  }
  return 0
}

/// A DNS query over UDP, IPv4 and Ethernet.
private let packet: [UInt8] = [
  0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0, 0, 0x39, 0, 1, 0, 0, 0x40, 0x11,
  0x66, 0x7d, 10, 0, 0, 1, 10, 0, 0, 53, 0x9c, 0x40, 0, 53, 0, 0x25, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0,
  0, 0, 0, 0, 7, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 3, 0x63, 0x6f, 0x6d, 0, 0, 1, 0, 1,
]

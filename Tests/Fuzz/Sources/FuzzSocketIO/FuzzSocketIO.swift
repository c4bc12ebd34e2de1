import PacketCore
import Protocols

/// One execution: an endpoint is given hostile Socket.IO packets and attachments. What it accepts,
/// written again, reads the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSocketIO(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeRawBufferPointer(start: data, count: size)
  var decoder = SocketIODecoder(mostAttachments: 8)
  var at = 0
  // Each message: one octet for its length and whether it is binary, then its octets.
  while at < input.count {
    let isBinary = input[at] & 0x80 != 0
    let length = min(Int(input[at] & 0x7f), input.count - at - 1)
    let octets = [UInt8](input[(at + 1)..<(at + 1 + length)])
    at += 1 + length
    guard
      let packet = try? isBinary ? decoder.take(binary: octets) : decoder.take(text: octets)
    else { continue }
    check(packet)
  }
  let all = [UInt8](input)
  if let value = try? JSONValue(all) {
    var writer = JSONWriter()
    var none: [[UInt8]] = []
    writer.write(value, attachments: &none)
    precondition((try? JSONValue(writer.bytes)) == value, "JSON reads differently")
  }
  return 0
}

private func check(_ packet: SocketIOPacket) {
  let encoded = packet.encoded
  var decoder = SocketIODecoder(mostAttachments: 1024)
  do {
    var again = try decoder.take(text: encoded.text)
    for attachment in encoded.attachments { again = try decoder.take(binary: attachment) }
    precondition(again == packet, "a packet reads differently: \(packet)")
  } catch {
    preconditionFailure("a packet that was accepted is refused: \(packet), \(error)")
  }
}

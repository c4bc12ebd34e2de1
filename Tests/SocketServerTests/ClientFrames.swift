/// A frame as a client may or may not send it. RFC 6455 section 5.2.
func frame(
  _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0,
  isMasked: Bool = true
) -> [UInt8] {
  var octets: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
  let mask: UInt8 = isMasked ? 0x80 : 0
  switch payload.count {
  case ..<126: octets.append(mask | UInt8(payload.count))
  case ..<65536:
    octets += [mask | 126, UInt8(payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
  default:
    octets.append(mask | 127)
    octets += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
  }
  guard isMasked else { return octets + payload }
  let key: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
  return octets + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

func text(_ text: String) -> [UInt8] { Array(text.utf8) }

let (continuation, textFrame, binaryFrame): (UInt8, UInt8, UInt8) = (0, 1, 2)
let (closeFrame, pingFrame, pongFrame): (UInt8, UInt8, UInt8) = (8, 9, 10)

import Capture
import Cryptography
import Exchange
import Glibc
import PacketCore
import Protocols

/// `ReceiveSpeed COUNT`: judges one packet so often as `netlab receive` does: both checksums, token,
/// HMAC, age, decryption, JSON, sequence number. `ReceiveSpeed print` prints the key and the packet
/// for receive_speed.py, which does the same with scapy and cryptography.
@main struct ReceiveSpeed {
  static func main() {
    let argument = CommandLine.arguments.dropFirst().first ?? ""
    guard let key = FernetKey(octets: [UInt8](repeating: 0x6e, count: 32).span.bytes),
      let cipher = FernetCipher(key), let packet = packet(cipher)
    else { exit(70) }
    if argument == "print" {
      print(String(decoding: key.exportedText(), as: UTF8.self))
      let digits = Array("0123456789abcdef")
      print(String(packet.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
      return
    }
    guard let count = Int(argument) else {
      print("ReceiveSpeed COUNT|print")
      exit(64)
    }
    let check = SegmentCheck(cipher: cipher, port: 5000)
    for _ in 0..<count {
      let judged = check.judge(packet.span.bytes, now: 1_800_000_001, isFromThisHost: false)
      guard case .taken = judged.verdict else { exit(1) }
    }
  }

  private static func packet(_ cipher: FernetCipher) -> [UInt8]? {
    let message = CraftedMessage(
      .message, id: .init(high: 1, low: 2), sender: "ada", room: "ABCDEF", text: "hi",
      initialSequence: 7, sequence: 7)
    guard let token = cipher.seal(message.json.span.bytes, time: 1_800_000_000) else { return nil }
    let ends = SegmentEnds(
      source: Address(IPv4Address(10, 0, 0, 21)), destination: Address(IPv4Address(10, 0, 0, 33)),
      sourcePort: 12_345, destinationPort: 5000)
    return CraftedSegment(
      ends: ends, sequence: 7, acknowledgment: 0, identification: 3, payload: token
    ).packet
  }
}

import Cryptography
import Foundation
import PacketCore
import Protocols
import Testing

@testable import Exchange

/// What others make of the same segments.
@Suite struct SegmentPeerTests {
  // Made with scapy 2.8.0:
  //   token = b"gAAAAABrSdIA" + b"netlab--" * 14
  //   IP(src="10.0.0.21", dst="10.0.0.33", id=0x1234, flags="DF", ttl=64)
  //     / TCP(sport=12345, dport=5000, seq=0x12345678, ack=0x9abcdef0, flags="PA", window=65535)
  //     / Raw(token)
  //   IPv6(src="fd00::21", dst="fd00::33", hlim=64)
  //     / TCP(sport=12345, dport=5000, seq=0xfffffff0, ack=0, flags="FPA", window=65535)
  //     / Raw(token[:-1])
  private static let ipv4 =
    "450000a412344000400613eb0a0000150a00002130391388123456789abcdef05018ffff78d00000"
  private static let ipv6 =
    "60000000008f0640fd000000000000000000000000000021fd0000000000000000000000000000333039"
    + "1388fffffff0000000005019ffff75460000"
  private static let token = Array(
    ("gAAAAABrSdIA" + String(repeating: "netlab--", count: 14)).utf8)

  @Test func craftedPacketsAreScapysOctets() {
    var segment = CraftedSegment(
      ends: Making.ends, sequence: 0x1234_5678, acknowledgment: 0x9abc_def0,
      identification: 0x1234, payload: Self.token)
    #expect(segment.packet == Making.octets(Self.ipv4) + Self.token)
    segment.ends = Making.ends6
    segment.sequence = 0xffff_fff0
    segment.acknowledgment = 0
    segment.flags = [.fin, .psh, .ack]
    segment.payload.removeLast()
    #expect(segment.packet == Making.octets(Self.ipv6) + Self.token.dropLast())
  }

  /// Python's `cryptography` and `json` make a token, and open one of ours.
  private static let script = """
    import json, sys
    from cryptography.fernet import Fernet
    fernet = Fernet(sys.stdin.readline().strip())
    print(json.dumps(json.loads(fernet.decrypt(sys.stdin.readline().strip().encode()))))
    print(fernet.encrypt_at_time(json.dumps({
        "v": 1, "kind": "message", "id": "%032x" % (1 << 64 | 7), "sender": "ada",
        "room": "ABCDEF", "text": "gr\\u00fc\\u00dfe \\U0001f600", "part": 1, "parts": 1,
        "isn": 1000, "seq": 1000, "unknown": [None]}).encode(), 1800000000).decode())
    """

  @Test(.enabled(if: isThere, "Python's cryptography is not installed (python3-cryptography)"))
  func pythonsTokensAreTakenAndOursBySuch() throws {
    let own = Making.message("grüße 😀")
    let segment = try Making.segment(own)
    let lines = try Self.run(
      Self.script,
      input: Making.keyText + "\n" + String(decoding: segment.payload, as: UTF8.self) + "\n")
    try #require(lines.count == 2)
    #expect(try CraftedMessage(Array(lines[0].utf8)) == own)
    var theirs = segment
    theirs.payload = Array(lines[1].utf8)
    #expect(try Making.judge(theirs.packet).verdict == .taken(own, made: Making.start))
  }

  static let isThere = (try? run("import cryptography.fernet", input: "")) != nil

  struct Failed: Error {}

  private static func run(_ script: String, input: String) throws -> [Substring] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", script]
    // Two lines each way fit any pipe.
    let (standardInput, output) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }
}

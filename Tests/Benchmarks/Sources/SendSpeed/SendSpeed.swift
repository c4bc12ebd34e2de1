import Capture
import Exchange
import Glibc
import PacketCore

/// `SendSpeed raw|link|ring ADDRESS COUNT [OCTETS]`: crafted segments as fast as they go, as
/// `netlab send --flood` makes them. For send_bench; needs the right to send.
@main struct SendSpeed {
  static func main() {
    let words = CommandLine.arguments
    guard words.count >= 4, let path = PacketFlood.Path(rawValue: words[1]),
      let count = Int(words[3])
    else {
      print("SendSpeed raw|link|ring ADDRESS COUNT [OCTETS]")
      exit(64)
    }
    do {
      guard let host = try HostName(words[2]).addresses().first else { exit(70) }
      let route = try Route.to(host.address, zone: host.zone)
      let octets = words.count > 4 ? Int(words[4]) ?? 46 : 46
      let payload = max(octets - CraftedSegment.headerLength(host.address.family), 0)
      let segment = CraftedSegment(
        ends: SegmentEnds(
          source: route.source, destination: host.address, sourcePort: 12_345,
          destinationPort: 8080),
        sequence: 1, acknowledgment: 0, identification: 1,
        payload: [UInt8](repeating: 0x41, count: payload))
      try PacketFlood(segment, over: route, path: path).send(count)
    } catch {
      print(error)
      exit(1)
    }
  }
}

import Glibc
import PacketCore

/// `ChecksumSpeed OCTETS COUNT`: the RFC 1071 sum over so many octets, so often, as checksum_floor.c
/// has it.
@main struct ChecksumSpeed {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let octets = Int(arguments[1]), let count = Int(arguments[2]),
      octets >= 0
    else {
      print("ChecksumSpeed OCTETS COUNT")
      exit(64)
    }
    var data = (0..<octets).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }
    var sink: UInt16 = 0
    for round in 0..<count {
      // Other data each time, so that no sum is taken out of the loop.
      if octets > 0 { data[0] = UInt8(truncatingIfNeeded: round) }
      var sum = InternetChecksum()
      sum.add(data.span.bytes)
      sink &+= sum.value
    }
    print(sink)
  }
}

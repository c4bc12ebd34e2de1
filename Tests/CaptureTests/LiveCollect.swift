import Glibc
import PacketCore
import Testing

@testable import Capture

/// What a capture gave.
struct Seen {
  var payloads: [UInt8] = []
  var headers: [FrameHeader] = []
  var end: LiveCapture.End?
  var error: CaptureError?
  var statistics: [LiveStatistics] = []
}

/// The address that the test's broadcasts go to.
let broadcast: UInt32 = 0x0a63_00ff

extension LiveCapture {
  /// Captures until `count` frames came; ten seconds are a failure.
  mutating func collect(
    _ count: Int = .max, stop: LiveStop? = nil, for seconds: Int64 = 10,
    pause: (Pause) throws -> Next = { _ in .capture }
  ) -> Seen {
    var seen = Seen()
    do {
      seen.end = try run(
        until: MonotonicTime.now.advanced(byNanoseconds: seconds * 1_000_000_000), stop: stop,
        pause: pause
      ) { octets, header in
        // Ethernet 14, IPv4 20, UDP 8; the payload says which datagram it is.
        seen.payloads.append(
          octets.unsafeLoad(fromByteOffset: header.linkType == .linuxSLL2 ? 48 : 42, as: UInt8.self)
        )
        seen.headers.append(header)
        return seen.payloads.count < count
      }
    } catch let error as CaptureError {
      seen.error = error
    } catch {
      Issue.record(error)
    }
    seen.statistics = statistics()
    return seen
  }
}

func live(
  _ interfaces: [String], _ filter: String, _ change: (inout LiveCapture.Options) -> Void = { _ in }
) throws -> LiveCapture {
  var options = LiveCapture.Options(interfaces: interfaces)
  options.filter = filter
  options.bufferMiB = 2
  change(&options)
  return try LiveCapture(options)
}

import Capture
import Exchange
import PacketCore

/// A port whose other end is the test: nothing arrives but what it puts there.
final class ScriptedPort: PacketPort {
  var now = MonotonicTime(nanoseconds: 0)
  var wallSeconds: Int64 = 1_800_000_000
  var sent: [[UInt8]] = []
  var arrivals: [Arrival] = []
  var sendFailure: PortFailure?
  var receiveFailure: PortFailure?
  var release: MonotonicTime?
  /// Called with each packet that is sent.
  var answer: (([UInt8]) -> [Arrival])?
  var wantsEnd = false

  var wallClock: Timestamp { Timestamp(seconds: wallSeconds, nanoseconds: 0) }
  var nextRelease: MonotonicTime? { release }

  func send(_ packet: [UInt8]) throws(PortFailure) {
    if let sendFailure { throw sendFailure }
    sent.append(packet)
    arrivals += answer?(packet) ?? []
  }

  func receive() throws(PortFailure) -> Arrival? {
    if let receiveFailure { throw receiveFailure }
    return arrivals.isEmpty ? nil : arrivals.removeFirst()
  }

  func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool {
    if wantsEnd { return false }
    if arrivals.isEmpty { now = max(now, moment) }
    return true
  }
}

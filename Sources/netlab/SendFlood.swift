import Capture
import Console
import Cryptography
import Exchange
import Glibc
import PacketCore
import Projection
import Protocols

/// `netlab send --flood N`: one segment again and again, each with its own sequence number,
/// identification and checksums, as fast as it goes. Nobody waits for an answer.
struct SendFlood {
  let count: Int
  let segment: CraftedSegment
  let route: Route
  /// How frames are made, when whole frames are to go out.
  let linkLayer: WirePort.LinkLayer?

  /// Sends, and tells how fast it went.
  ///
  /// - Parameter stop: Ends it early.
  func run(_ output: ExchangeOutputOptions, until stop: LiveStop) throws {
    let flood: PacketFlood
    let shield: ShieldSocket
    do {
      flood = try PacketFlood(
        segment, over: route, path: linkLayer == nil ? .raw : .link,
        linkLayer: linkLayer ?? WirePort.LinkLayer())
      // The answers are nobody's: without it the kernel would reset each of them.
      shield = try ShieldSocket(
        address: segment.ends.source, port: segment.ends.sourcePort,
        zone: route.source.isLinkLocal ? route.device.index : 0)
    } catch {
      throw Failure(PortFailure(error))
    }
    try PrivilegePlan(.current, requested: nil).carryOut()
    stop.catchSignals()
    let (start, used) = (MonotonicTime.now, Self.processorTime())
    do throws(PortFailure) {
      try flood.send(count) { !Self.isSignalled(stop) }
    } catch {
      throw Failure(
        .write, "after \(flood.sent) of \(count) packets: \(error.message)", remedy: error.remedy)
    }
    let elapsed = MonotonicTime.now.nanoseconds - start.nanoseconds
    let processor = Self.processorTime() - used
    withExtendedLifetime(shield) {}
    guard !output.isQuiet else { return }
    var printed = StandardOutput()
    write(flood.sent, elapsed, processor, output.form, into: &printed.buffer)
    try printed.flush()
  }

  private func write(
    _ sent: Int, _ elapsed: Int64, _ processor: Int64, _ form: ExchangeForm,
    into text: inout TextBuffer
  ) {
    let octets = segment.packet.count
    switch form {
    case .text:
      let rate = Int64(sent) * 1_000_000_000 / max(elapsed, 1)
      text.append("\(sent) packets of \(octets) octets in ")
      text.append(seconds: elapsed, digits: 3)
      text.append(" s: \(rate) a second, ")
      text.append(seconds: processor, digits: 3)
      text.append(" s of CPU\n")
    case .jsonl:
      JSONLine.header(
        tool: "netlab " + Program.version, source: segment.ends.destination.text, into: &text)
      text.append("{\"type\":\"flood\",\"packets\":\(sent),\"length\":\(octets)")
      text.append(",\"elapsed_ns\":\(elapsed),\"cpu_ns\":\(processor)}\n")
      text.append("{\"type\":\"end\",\"attempts\":\(sent)}\n")
    }
  }

  private static func isSignalled(_ stop: LiveStop) -> Bool {
    var ready = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) > 0
  }

  /// Nanoseconds of processor time that this process has used.
  private static func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

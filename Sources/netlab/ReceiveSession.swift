import Capture
import Console
import Exchange
import PacketCore
import Protocols

/// Receiving, from the first packet to the end: what happens is printed and written as it happens.
final class ReceiveSession {
  /// Messages after which it ends.
  var limit = Int.max
  /// When it ends by itself.
  var deadline: MonotonicTime?
  /// Whether tokens are shown as bits.
  var showsBits = false

  private let port: FaultyPort
  private let check: SegmentCheck
  private let settings: ReceiverSettings
  private var printer: any ReceivePrinter
  private var capture: ExchangeCapture?
  private var standardOutput = StandardOutput()
  private let isPrinting: Bool
  /// What the segment in work makes whole, and what faults did to it.
  private var text: String?
  private var faults: [FaultRecord] = []
  private var delivered = 0
  /// What printing or writing failed with; nothing is acknowledged from there on.
  private var failure: (any Error)? { didSet { end?.isMuted = failure != nil } }
  private weak var end: ReceivingEnd?

  init(
    port: FaultyPort, check: SegmentCheck, settings: ReceiverSettings,
    printer: any ReceivePrinter, capture writing: ExchangeFileOptions, interface: String
  ) throws {
    self.port = port
    self.check = check
    self.settings = settings
    self.printer = printer
    // Standard output is the capture's.
    isPrinting = writing.path != "-"
    capture = try ExchangeCapture(writing, interface: interface)
    port.observer = { [unowned self] packet in
      attempting {
        try capture?.write(
          packet.arrival.packet, at: packet.arrival.time, faults: packet.arrival.faults)
      }
    }
  }

  /// Receives until the user, the count, the time or a failure ends it.
  func run(place: String) throws {
    let end = ReceivingEnd(port: port, check: check, settings: settings) {
      [unowned self] delivery in
      text = delivery.text
      return .delivered
    }
    end.observer = { [unowned self] in take($0) }
    self.end = end
    show { $0.begin(place, into: &$1) }
    do throws(PortFailure) {
      while failure == nil, delivered < limit {
        let next = try end.step()
        attempting { try capture?.flush() }
        guard failure == nil, delivered < limit else { break }
        let now = port.now
        if let deadline, now >= deadline { break }
        let wake = [next, deadline].compactMap { $0 }.min()
        let farAway = now.advanced(byNanoseconds: 60_000_000_000)
        guard try port.wait(until: min(wake ?? farAway, farAway)) else { break }
      }
    } catch {
      try close()
      throw Failure(error)
    }
    try close()
  }

  private func close() throws {
    show { $0.end(into: &$1) }
    attempting { try capture?.close() }
    if let failure { throw failure }
  }

  private func take(_ event: ReceivingEvent) {
    switch event {
    case .received(let arrival):
      faults = arrival.faults
      text = nil
      if showsBits {
        let segment = check.judge(
          arrival.packet.span.bytes, now: UInt64(clamping: arrival.time.seconds),
          isFromThisHost: arrival.isFromThisHost)
        if segment.verdict != .foreign, !segment.payload.isEmpty {
          show { $1.append(bitsOf: Array(arrival.packet[segment.payload])) }
        }
      }
    case .sent: break
    case .unsent(_, let failure):
      show { $0.print(remark: "an answer could not go out: " + failure.message, into: &$1) }
    case .unreceived(let failure): show { $0.print(remark: failure.message, into: &$1) }
    case .row(let row, let time):
      let isDelivered = row.outcome == .delivered
      if isDelivered { delivered += 1 }
      show { printer, buffer in
        printer.print(
          row, at: time, text: isDelivered ? text ?? "" : nil, faults: faults, into: &buffer)
      }
    }
  }

  private func show(_ body: (inout any ReceivePrinter, inout TextBuffer) -> Void) {
    guard isPrinting else { return }
    body(&printer, &standardOutput.buffer)
    attempting { try standardOutput.flush() }
  }

  private func attempting(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do {
      try body()
    } catch {
      failure = error
    }
  }
}

/// A sender over a link with loss, and what came of it: one row of `netlab windows`.
public struct WindowRow: Sendable, Equatable {
  public var recovery: SenderSettings.Recovery
  public var window: Int
  /// How likely a part was lost, 0 to 1.
  public var loss: Double
  /// Bits in a second that were new to the receiver, headers included.
  public var goodput: Double
  /// The share of the link's rate that these are.
  public var utilisation: Double
  /// Segments sent for each part.
  public var transmissionsPerPart: Double
  /// The utilisation that the book's formula gives.
  public var theory: Double
}

/// A trial of `SenderMachine`, the very one that sends messages, over a link that is only reckoned:
/// nothing is sent and nobody waits. The same trial gives the same row.
public struct WindowTrial: Sendable {
  public var recovery: SenderSettings.Recovery
  public var window: Int
  /// How likely a part is lost, 0 to `mostLoss`. Answers are not lost: the book's p.
  public var loss: Double
  /// Nanoseconds that everything travels, one way.
  public var delay: Int64
  /// Bits in a second.
  public var rate: Int64
  /// Octets of a segment, headers included.
  public var segment = 1500
  /// Parts that are sent.
  public var parts = 2000
  public var seed: UInt64

  public static let mostLoss = 0.95
  /// Up to 10 s.
  public static let delayRange: ClosedRange<Int64> = 0...10_000_000_000
  /// 1 kbit/s to 100 Gbit/s.
  public static let rateRange: ClosedRange<Int64> = 1_000...100_000_000_000

  /// - Parameters: As the properties; values out of range are brought into it.
  public init(
    _ recovery: SenderSettings.Recovery, window: Int, loss: Double, delay: Int64, rate: Int64,
    seed: UInt64
  ) {
    func within<T: Comparable>(_ value: T, _ range: ClosedRange<T>) -> T {
      min(max(value, range.lowerBound), range.upperBound)
    }
    self.recovery = recovery
    self.window = recovery == .stopAndWait ? 1 : within(window, SenderSettings.windowRange)
    self.loss = loss.isNaN ? 0 : within(loss, 0...Self.mostLoss)
    self.delay = within(delay, Self.delayRange)
    self.rate = within(rate, Self.rateRange)
    self.seed = seed
  }

  /// Nanoseconds that a segment takes to send.
  public var sending: Int64 {
    max(Int64((Double(segment) * 8 * 1e9 / Double(rate)).rounded()), 1)
  }

  /// The book's a.
  public var ratio: Double { Double(delay) / Double(sending) }

  /// The wait for an answer, as short as it can be without sending in vain. The book's sender waits
  /// for a round trip; but a part that is handed to a busy link waits there first.
  var interval: Int64 {
    let all = Int64(window) * sending
    let wait =
      switch recovery {
      // With go-back-N each acknowledgment starts the timer anew, so what waits is counted once.
      case .stopAndWait, .goBackN: max(sending + 2 * delay, all)
      case .selectiveRepeat: all + 2 * delay
      }
    // An answer that comes at the very moment is in time.
    return max(wait + 1, SenderSettings.intervalRange.lowerBound)
  }

  /// Runs the trial.
  ///
  /// - Throws: `SenderSettings.Fault` when a round trip is longer than a sender may wait.
  public func run() throws(SenderSettings.Fault) -> WindowRow {
    let settings = try SenderSettings(
      retries: SenderSettings.retriesRange.upperBound, interval: interval, window: window,
      recovery: recovery)
    var link = SimulationLink(self, settings)
    link.run()
    let bits = Double(parts) * Double(segment) * 8
    let goodput = link.elapsed > 0 ? bits * 1e9 / Double(link.elapsed) : 0
    return WindowRow(
      recovery: recovery, window: window, loss: loss, goodput: goodput,
      utilisation: goodput / Double(rate),
      transmissionsPerPart: Double(link.transmissions) / Double(max(parts, 1)),
      theory: WindowTheory.utilisation(recovery, window: window, loss: loss, ratio: ratio))
  }
}

/// How long to wait for an acknowledgment, learnt from the round trips seen: RFC 6298, "Computing
/// TCP's Retransmission Timer". All values are nanoseconds.
///
/// Karn's rule (section 3) is the caller's: only the round trip of something that was sent once may
/// be a sample, since nobody knows which of several tries an answer answers.
public struct RetransmissionTimer: Sendable, Hashable {
  /// Section 2.4: "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be
  /// rounded up to 1 second."
  public static let standardMinimum: Int64 = 1_000_000_000
  /// What Linux takes in place of that second: it asks whether an answer may still come, and in a
  /// local network none does after 200 ms.
  public static let linuxMinimum: Int64 = 200_000_000
  /// Section 2.5: "A maximum value MAY be placed on RTO provided it is at least 60 seconds."
  public static let longest: Int64 = 60_000_000_000
  /// A round trip that no sample may exceed, so that no sum overflows.
  private static let longestSample: Int64 = 3_600_000_000_000

  /// G, the clock's granularity.
  public let granularity: Int64
  /// The least timeout.
  public let minimum: Int64
  /// SRTT, the smoothed round-trip time; nil before the first sample.
  public private(set) var smoothed: Int64?
  /// RTTVAR, the round-trip time variation.
  public private(set) var variation: Int64 = 0
  /// RTO, the timeout now.
  public private(set) var timeout: Int64

  /// - Parameters:
  ///   - minimum: The least timeout; 1 s by the RFC.
  ///   - granularity: Of the clock that the caller waits by; poll(2) counts milliseconds.
  public init(minimum: Int64 = standardMinimum, granularity: Int64 = 1_000_000) {
    self.minimum = min(max(minimum, 1), Self.longest)
    self.granularity = max(granularity, 0)
    // Section 2.1: "Until a round-trip time (RTT) measurement has been made for a segment sent
    // between the sender and receiver, the sender SHOULD set RTO <- 1 second".
    timeout = max(Self.standardMinimum, self.minimum)
  }

  /// Takes the round trip of something that was sent exactly once.
  public mutating func sample(_ roundTrip: Int64) {
    let sample = min(max(roundTrip, 0), Self.longestSample)
    if let smoothed {
      // Section 2.3, with alpha = 1/8 and beta = 1/4; "RTTVAR <- (1 - beta) * RTTVAR + beta *
      // |SRTT - R'|" before "SRTT <- (1 - alpha) * SRTT + alpha * R'", "in the above order".
      variation = (3 * variation + abs(smoothed - sample)) / 4
      self.smoothed = (7 * smoothed + sample) / 8
    } else {
      // Section 2.2: "SRTT <- R, RTTVAR <- R/2".
      smoothed = sample
      variation = sample / 2
    }
    // Sections 2.2 and 2.3: "RTO <- SRTT + max (G, K*RTTVAR)", where K = 4.
    let wait = (smoothed ?? 0) + max(granularity, 4 * variation)
    timeout = min(max(wait, minimum), Self.longest)
  }

  /// The timer ended without an answer.
  public mutating func backOff() {
    // Section 5.5: "The host MUST set RTO <- RTO * 2 ("back off the timer")", below the maximum of
    // section 2.5. It stays so until the next sample (section 5, last paragraph).
    timeout = min(timeout * 2, Self.longest)
  }
}

/// What books say of a protocol that waits for acknowledgments: the share of a link's rate that it
/// fills (W. Stallings, "Data and Computer Communications", the appendix on the performance of
/// flow and error control).
///
/// They suppose that answers are never lost and take no time to send, that a loss is noticed after
/// exactly one round trip, and that there is always more to send.
public enum WindowTheory {
  /// The share of the rate that carries what is new, 0 to 1.
  ///
  /// - Parameters:
  ///   - window: Parts under way at once; of no matter with stop-and-wait.
  ///   - loss: How likely a part is lost, 0 ..< 1.
  ///   - ratio: The book's a: the time that a part travels over the time that it takes to send.
  public static func utilisation(
    _ recovery: SenderSettings.Recovery, window: Int, loss: Double, ratio: Double
  ) -> Double {
    let window = recovery == .stopAndWait ? 1 : Double(max(window, 1))
    let loss = min(max(loss, 0), 1)
    // A round trip, counted in parts: one is sent, it travels, its answer travels.
    let round = 1 + 2 * max(ratio, 0)
    switch recovery {
    case .stopAndWait: return (1 - loss) / round
    case .selectiveRepeat: return window >= round ? 1 - loss : window * (1 - loss) / round
    case .goBackN:
      // A loss costs what was sent within the round trip, or the window.
      return window >= round
        ? (1 - loss) / (1 + (round - 1) * loss)
        : window * (1 - loss) / (round * (1 - loss + window * loss))
    }
  }
}

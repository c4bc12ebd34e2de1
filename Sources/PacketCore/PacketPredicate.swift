/// A question about a packet with the answer yes or no: where display filters, faults and checks
/// meet. Whoever takes one need not know the filter language.
public protocol PacketPredicate: Sendable {
  /// - Parameters:
  ///   - dissection: The packet, dissected.
  ///   - frame: The frame's octets.
  func matches(_ dissection: borrowing Dissection, in frame: RawSpan) -> Bool
}

import PacketCore

/// Which addresses are this host's own: the kernel is asked, and the answer is believed for a
/// second, since addresses come and go.
public struct OwnAddresses: Sendable {
  private struct Key: Hashable {
    var address: Address
    var zone: UInt32
  }

  private var known: [Key: Bool] = [:]
  private var validUntil = MonotonicTime(nanoseconds: .min)

  public init() {}

  /// Whether packets to this address are for this host.
  ///
  /// - Parameters:
  ///   - interface: Where the packet came in, by number: decides about link-local addresses.
  ///   - now: The clock.
  public mutating func contains(
    _ address: Address, on interface: UInt32, at now: MonotonicTime
  ) -> Bool {
    if now >= validUntil || known.count >= 1024 {
      known.removeAll(keepingCapacity: true)
      validUntil = now.advanced(byNanoseconds: 1_000_000_000)
    }
    let key = Key(address: address, zone: address.isLinkLocal ? interface : 0)
    if let answer = known[key] { return answer }
    let answer = (try? Route.to(address, zone: key.zone))?.isLocal ?? false
    known[key] = answer
    return answer
  }
}

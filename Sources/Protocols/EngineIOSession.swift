import PacketCore

/// What joins the polling requests, the probe and the WebSocket of one Engine.IO session.
public enum EngineIOSession {
  /// The hash of a session's name that `StreamContext.session` carries: FNV-1a, 64 bits, and never 0,
  /// which stands for no session.
  ///
  /// - Parameter range: The octets of the `sid` in `bytes`.
  @inlinable
  public static func hash(_ bytes: RawSpan, _ range: Range<Int>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    let end = min(range.upperBound, bytes.byteCount)
    var at = max(range.lowerBound, 0)
    while at < end {
      hash ^= UInt64(bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self))
      hash &*= 0x0000_0100_0000_01b3
      at &+= 1
    }
    return hash == 0 ? 1 : hash
  }

  /// The session that a message belongs to: by name where the transport knows it, otherwise by the
  /// connection that carries it.
  @inlinable
  static func key(_ stream: StreamContext) -> UInt64 {
    // Connections are counted from 0; the highest bits keep them apart from hashes, nearly surely.
    stream.session != 0 ? stream.session : 0x5e55_0000_0000_0000 | UInt64(stream.number)
  }
}

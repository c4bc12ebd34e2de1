import PacketCore

/// A request, and what its answer has to know of it.
///
/// A class: the request and its answer are two messages, of which each may take many packets.
final class HTTPExchange {
  let method: HTTPHead.Method
  /// The frame that completed it, and when.
  @exclusivity(unchecked) var frame: UInt64
  @exclusivity(unchecked) var time: Timestamp
  /// The frame of the request before it; 0 for none.
  let previous: UInt64
  /// The whole address, for the response to name.
  let address: [UInt8]
  /// What it offered, when it asked for WebSocket.
  let offer: WebSocketOffer?
  /// What it says about Engine.IO.
  let engineIO: EngineIORequest?
  /// It asked for another protocol.
  let asksForUpgrade: Bool

  init(
    _ head: HTTPHead, frame: UInt64, time: Timestamp, previous: UInt64, address: [UInt8],
    offer: WebSocketOffer?, engineIO: EngineIORequest?
  ) {
    method = head.method
    self.frame = frame
    self.time = time
    self.previous = previous
    self.address = address
    self.offer = offer
    self.engineIO = engineIO
    asksForUpgrade = head.traits.contains(.upgrade) || head.method == .connect
  }
}

/// A message whose body is not all here.
struct HTTPTransfer {
  /// How the end of a body is told. RFC 9112 section 6.3.
  enum Framing {
    case none
    /// So many octets are left.
    case length(Int)
    case chunked(HTTPChunks)
    /// The end of the stream ends it.
    case end
  }

  var head: HTTPHead
  var framing: Framing
  /// The head's octets, and behind them those of the body that are kept.
  var kept: [UInt8] = []
  /// Where those stood.
  var pieces: [BufferPiece] = []
  /// Whether octets of the body are kept.
  var keepsBody: Bool
  /// Octets of the body so far, codings and framing included.
  var count = 0
  var faults: HTTPFaults = []
  /// The request that it answers, or that it is.
  var exchange: HTTPExchange?
  var number: UInt32 = 0

  /// Takes what belongs to the body.
  ///
  /// - Parameter range: What is there.
  /// - Returns: Octets taken, and whether the body is complete.
  mutating func take(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) -> (Int, Bool) {
    switch framing {
    case .none: return (0, true)
    case .length(let left):
      let taken = min(left, range.count)
      framing = .length(left - taken)
      count &+= taken
      return (taken, taken == left)
    case .chunked(var chunks):
      let end = chunks.take(octets, range, onData: { _ in })
      framing = .chunked(chunks)
      faults.formUnion(chunks.faults)
      count &+= end - range.lowerBound
      return (end - range.lowerBound, chunks.isDone || chunks.isBroken)
    case .end:
      count &+= range.count
      return (range.count, false)
    }
  }
}

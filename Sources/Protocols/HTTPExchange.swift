import PacketCore

/// A request that waits for its answer.
struct HTTPExchange {
  var method: HTTPHead.Method
  /// The how manieth of its connection, from 1.
  var number: UInt32
  /// The frame that completed it, and when.
  var frame: UInt64
  var time: Timestamp
  /// The frame of the request before it; 0 for none.
  var previous: UInt64
  /// The whole address, for the response to name.
  var address: [UInt8]
  /// What it offered, when it asked for WebSocket.
  var offer: WebSocketOffer?
  /// What it says about Engine.IO.
  var engineIO: EngineIORequest?
  /// It asked for another protocol.
  var asksForUpgrade: Bool
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

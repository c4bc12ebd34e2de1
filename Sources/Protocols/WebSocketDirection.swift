import PacketCore

/// Where one direction of a connection stands between two calls of its stream.
final class WebSocketDirection {
  enum Place {
    /// A frame begins.
    case frame
    /// The rest of a payload, which is not kept, up to `frameEnd`.
    case payload
    /// Octets are missing: where the next frame begins has to be seen.
    case unknown
    /// Nothing that follows can be read.
    case nowhere
  }

  // Used by the one thread that walks.
  @exclusivity(unchecked) var assembly = WebSocketAssembly()
  @exclusivity(unchecked) var place = Place.frame
  /// Nothing special is going on: frames are read one by one.
  @exclusivity(unchecked) var isCalm = true
  /// The header of the frame that is waited for, passed over, or was the last.
  @exclusivity(unchecked) var frame: WebSocket?
  /// Octets of it that are here, and where it ends in the stream.
  @exclusivity(unchecked) var awaited = 0
  @exclusivity(unchecked) var frameEnd: UInt64 = 0
  /// The stream ended inside a message, of which that is still to be told.
  @exclusivity(unchecked) var isBrokenOff = false
  /// Octets are missing before what comes next.
  @exclusivity(unchecked) var hasGap = false
  /// Octets passed over in search of a frame.
  @exclusivity(unchecked) var searched = 0
  /// Where the octets of the fragments stand.
  @exclusivity(unchecked) var pieces: [BufferPiece] = []
  @exclusivity(unchecked) var inflation: PerMessageInflation?
  /// Compressed messages may be missing, to which later ones refer.
  @exclusivity(unchecked) var hasMissedCompressed = false
  /// A frame was read in this direction.
  @exclusivity(unchecked) var hasBegun = false

  /// Places that are remembered; a message in more pieces than these stays without.
  static let pieceLimit = 1 << 14

  init() {}

  var heldOctets: Int {
    assembly.octets.count &+ pieces.count &* MemoryLayout<BufferPiece>.stride
      &+ (inflation?.heldOctets ?? 0)
  }

  /// Whether the place of the next fragment is of use. A map with holes would be wrong: once given
  /// up it stays so.
  var remembersPlaces: Bool {
    assembly.octets.isEmpty || (!pieces.isEmpty && pieces.count < Self.pieceLimit)
  }

  /// A fragment's payload is kept for the end of the message.
  ///
  /// - Parameter wire: Where it stands; nil when that is not remembered.
  func keep(_ octets: RawSpan, at wire: [BufferPiece]?) {
    let start = assembly.octets.count
    octets.withUnsafeBytes { assembly.octets.append(contentsOf: $0) }
    guard let wire else {
      pieces = []
      return
    }
    var at = start
    for piece in wire {
      pieces.append(
        BufferPiece(at..<at &+ piece.range.count, frame: piece.frame, offset: piece.offset))
      at &+= piece.range.count
    }
  }

  /// The message in fragments is over.
  func forgetMessage() {
    assembly.forgetMessage()
    if !pieces.isEmpty { pieces = [] }
  }
}

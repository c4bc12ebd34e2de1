import PacketCore

/// Finds its way through a chunked body, whatever pieces it comes in. RFC 9112 section 7.1.
///
/// ```
/// chunk-size [ ;extensions ] CRLF data CRLF … 0 CRLF *( trailer CRLF ) CRLF
/// ```
struct HTTPChunks {
  enum State: UInt8 {
    case size, sizeEnd, data, dataEnd, trailer, trailerLine, done, broken
  }
  private(set) var state = State.size
  /// Octets of data left in the chunk.
  private(set) var left = 0
  private var digits = 0
  /// A CR was the last octet.
  private var hasReturn = false
  private(set) var faults: HTTPFaults = []
  /// Octets of data so far.
  private(set) var total = 0

  var isDone: Bool { state == .done }
  var isBroken: Bool { state == .broken }

  /// Goes on with `range` of `octets`.
  ///
  /// - Parameter onData: Called with each run of data.
  /// - Returns: Where the body ends, or the end of the range.
  mutating func take(
    _ octets: UnsafeRawBufferPointer, _ range: Range<Int>, onData: (Range<Int>) -> Void
  ) -> Int {
    var at = range.lowerBound
    while at < range.upperBound {
      if state == .data {
        let run = min(left, range.upperBound &- at)
        onData(at..<at &+ run)
        total &+= run
        left &-= run
        at &+= run
        if left == 0 { state = .dataEnd }
        continue
      }
      step(octets[at])
      if state == .broken { return at }
      at &+= 1
      if state == .done { return at }
    }
    return at
  }

  private mutating func step(_ octet: UInt8) {
    switch state {
    case .size: size(octet)
    case .sizeEnd:
      // Extensions, which nobody uses: passed over (RFC 9112 section 7.1.1).
      if octet == 10 { beginData() }
    case .dataEnd:
      if octet == 13, !hasReturn {
        hasReturn = true
      } else if octet == 10 {
        if !hasReturn { faults.insert(.bareLineFeed) }
        hasReturn = false
        state = .size
      } else {
        faults.insert(.chunkEnd)
        state = .broken
      }
    case .trailer:
      // At the start of a line: an empty one ends the body.
      if octet == 10 {
        state = .done
      } else if octet != 13 || hasReturn {
        hasReturn = false
        state = .trailerLine
      } else {
        hasReturn = true
      }
    case .trailerLine:
      if octet == 10 {
        hasReturn = false
        state = .trailer
      }
    case .data, .done, .broken: break
    }
  }

  private mutating func size(_ octet: UInt8) {
    let digit: UInt8? =
      switch octet {
      case 0x30...0x39: octet - 0x30
      case 0x41...0x46: octet - 0x37
      case 0x61...0x66: octet - 0x57
      default: nil
      }
    if let digit {
      guard !hasReturn, left < 1 << 56 else { return breakSize() }
      left = left << 4 | Int(digit)
      digits &+= 1
    } else if digits == 0 {
      breakSize()
    } else if octet == 10 {
      beginData()
    } else if octet == 13 || HTTPText.isSpace(octet) {
      hasReturn = true
    } else if octet == 0x3b {
      state = .sizeEnd
    } else {
      breakSize()
    }
  }

  private mutating func breakSize() {
    faults.insert(.chunkSize)
    state = .broken
  }

  private mutating func beginData() {
    hasReturn = false
    digits = 0
    state = left == 0 ? .trailer : .data
  }
}

import PacketCore

/// One option of a TCP header: where it stands, and whether its length makes sense. Its values are
/// read from the header's octets when somebody asks.
struct TCPOption: Sendable {
  /// What is wrong with an option's length; everything behind such an option is unreadable.
  enum Trouble: UInt8, Sendable {
    case none
    /// The header ends where the length should stand.
    case noLength
    /// Less than the two octets that kind and length take.
    case tooShort
    /// More than the header has left.
    case tooLong
  }

  /// Kind numbers. Source: the TCP parameters registry of IANA.
  enum Kind {
    static let end: UInt8 = 0
    static let noOperation: UInt8 = 1
    static let maximumSegmentSize: UInt8 = 2
    static let windowScale: UInt8 = 3
    static let sackPermitted: UInt8 = 4
    static let sack: UInt8 = 5
    static let echo: UInt8 = 6
    static let echoReply: UInt8 = 7
    static let timestamps: UInt8 = 8
    static let connectionCount: UInt8 = 11
    static let connectionCountNew: UInt8 = 12
    static let connectionCountEcho: UInt8 = 13
    static let md5: UInt8 = 19
    static let userTimeout: UInt8 = 28
    static let authentication: UInt8 = 29
    static let multipath: UInt8 = 30
    static let fastOpen: UInt8 = 34
    static let accurateECN0: UInt8 = 172
    static let accurateECN1: UInt8 = 174
    static let experiment1: UInt8 = 253
    static let experiment2: UInt8 = 254
  }

  /// RFC 6994: the first two octets of an experimental option say whose it is.
  enum Experiment {
    static let ackRate: UInt16 = 0x00ac
    static let accurateECN0: UInt16 = 0xacc0
    static let accurateECN1: UInt16 = 0xacc1
    static let fastOpen: UInt16 = 0xf989
  }

  let options: HeaderOptions
  /// Offset of the kind octet in the options.
  let offset: Int
  let kind: UInt8
  /// Octets of the option, kind and length included; what is left when its length is in trouble.
  let length: Int
  let trouble: Trouble

  /// The length that every option of this kind has; 0 where it varies.
  var fixedLength: Int {
    switch kind {
    case Kind.maximumSegmentSize: 4
    case Kind.windowScale: 3
    case Kind.sackPermitted: 2
    case Kind.echo, Kind.echoReply: 6
    case Kind.timestamps: 10
    case Kind.connectionCount, Kind.connectionCountNew, Kind.connectionCountEcho: 6
    case Kind.md5: 18
    case Kind.userTimeout: 4
    default: 0
    }
  }

  /// Whether the values can be read.
  var isReadable: Bool {
    guard trouble == .none else { return false }
    switch kind {
    case Kind.authentication, Kind.experiment1, Kind.experiment2: return length >= 4
    case Kind.multipath: return length >= 3
    // draft-ietf-tcpm-accurate-ecn section 3.2.3: none, one, two or three counters of 24 bits.
    case Kind.accurateECN0, Kind.accurateECN1: return length <= 11 && length % 3 == 2
    default: return fixedLength == 0 || length == fixedLength
    }
  }

  /// Whether the option is kind and length, and not one of the two single octets.
  var hasLength: Bool { kind > Kind.noOperation && trouble != .noLength }

  func octet(_ index: Int) -> UInt8 { options[offset + index] }
  func word(_ index: Int) -> UInt16 { UInt16(octet(index)) << 8 | UInt16(octet(index + 1)) }
  func long(_ index: Int) -> UInt32 { UInt32(word(index)) << 16 | UInt32(word(index + 2)) }
  func counter(_ index: Int) -> UInt32 { UInt32(octet(index)) << 16 | UInt32(word(index + 1)) }

  /// Left and right edges that a selective acknowledgment holds whole. RFC 2018 section 3.
  var blockCount: Int { max(length - 2, 0) / 8 }

  /// Whether this is a fast open cookie (RFC 7413 section 4.1.1) or the request for one, under its
  /// own kind or as an experiment; the cookie's place in the option.
  var cookie: Range<Int>? {
    if kind == Kind.fastOpen { return 2..<length }
    if isExperiment, word(2) == Experiment.fastOpen { return 4..<length }
    return nil
  }

  var isExperiment: Bool { (kind == Kind.experiment1 || kind == Kind.experiment2) && length >= 4 }

  /// The place of the counters, and which of the two orders they stand in.
  var congestionCounters: (place: Range<Int>, isOrder0: Bool)? {
    guard isReadable else { return nil }
    if kind == Kind.accurateECN0 || kind == Kind.accurateECN1 {
      return (2..<length, kind == Kind.accurateECN0)
    }
    guard isExperiment, length <= 13, length % 3 == 1 else { return nil }
    let identifier = word(2)
    guard identifier == Experiment.accurateECN0 || identifier == Experiment.accurateECN1 else {
      return nil
    }
    return (4..<length, identifier == Experiment.accurateECN0)
  }

  /// The window scale shift. RFC 7323 section 2.3: beyond 14, "the TCP MUST use 14 instead".
  var shift: UInt8 { min(octet(2), 14) }
}

/// Walks the options one after the other, without trusting a single length.
struct TCPOptionWalk {
  let options: HeaderOptions
  private var offset = 0

  init(_ options: HeaderOptions) { self.options = options }

  /// The next option; nil behind the last, and behind one whose length is in trouble.
  mutating func next() -> TCPOption? {
    let left = options.count &- offset
    guard left > 0 else { return nil }
    let kind = options[offset]
    let start = offset
    func option(_ length: Int, _ trouble: TCPOption.Trouble = .none) -> TCPOption {
      TCPOption(options: options, offset: start, kind: kind, length: length, trouble: trouble)
    }
    // RFC 9293 section 3.1: "a single octet of option-kind" for these two alone.
    if kind <= TCPOption.Kind.noOperation {
      offset &+= 1
      return option(1)
    }
    guard left >= 2 else {
      offset = options.count
      return option(1, .noLength)
    }
    let length = Int(options[offset &+ 1])
    guard length >= 2 else {
      offset = options.count
      return option(2, .tooShort)
    }
    guard length <= left else {
      offset = options.count
      return option(left, .tooLong)
    }
    offset &+= length
    return option(length)
  }
}

extension HeaderOptions {
  /// The layout of RFC 7323 appendix A that nearly all segments of a connection have: two NOPs and
  /// the timestamps, twelve octets. Nothing in it needs a second look.
  var isPaddedTimestamps: Bool {
    count == 12 && firstWord &>> 32 == 0x0101_080a
  }
}

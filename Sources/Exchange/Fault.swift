/// Which way a packet goes, as the port sees it that faults are wrapped around.
public enum FaultDirection: String, Sendable, CaseIterable {
  case incoming = "in"
  case outgoing = "out"
}

/// One fault that was asked for: `--fault KIND:VALUE[@N,M…][/in|/out][ if FILTER]`.
///
/// | text | what it does |
/// |---|---|
/// | `loss:30%`, `loss@2,3` | packets vanish |
/// | `corrupt:10%` | one bit of the packet is another, the checksums stay as they were |
/// | `corrupt:tcp.checksum@1,2` | a field gets another value; any field that stands in the packet |
/// | `corrupt:ip.ttl=1`, `corrupt:payload.bit=12` | a value of one's own; a bit of one's own, from 0 |
/// | `corrupt:payload.swap16` | two 16-bit words change places, which the sums do not notice |
/// | `corrupt:payload.bit+fit` | `+fit` makes all checksums right again |
/// | `duplicate:5%` | packets go out twice |
/// | `reorder:2@3` | held back behind the next 2 packets (1 when not said), at most 5 s |
/// | `delay:20ms`, `delay:20ms±5ms` | later by that, or (`+-` too) by anything within the jitter |
/// | `rate:1Mbit` | one packet after the other at that speed; `rate:1Mbit,backlog=20` may wait |
/// | `cut:40`, `cut:40+fit` | the octets behind the 40th are missing; with `+fit` lengths agree |
///
/// A value may have a probability behind a comma (`delay:20ms,10%`). Positions count, from 1, the
/// packets of the fault's direction that its filter lets through: `@1,4-6,10-`. Each fault counts
/// for itself and judges packets as they were before any fault.
public struct PacketFault: Sendable, Equatable {
  /// The kinds, as they are spelled.
  public enum Kind: String, Sendable, CaseIterable {
    case loss, corrupt, duplicate, reorder, delay, rate, cut
  }

  /// A kind with its value.
  public enum Action: Sendable, Equatable {
    case loss
    /// One change of the octets.
    case corrupt(FaultCorruption)
    /// Once more.
    case duplicate
    /// Held back behind as many packets.
    case reorder(behind: Int)
    /// Later by `nanoseconds`, give or take at most `jitter`.
    case delay(nanoseconds: Int64, jitter: Int64)
    /// A line of that speed, on which at most `backlog` packets wait.
    case rate(bitsPerSecond: Int64, backlog: Int)
    /// The first octets only. The headers go on stating the lengths they stated, as in a packet
    /// that was cut on its way, unless `fits`. (A raw IP socket has the kernel write IPv4's total
    /// length and header checksum all the same; AF_PACKET sends what it is given.)
    case cut(octets: Int, fits: Bool)

    /// The kind without its value.
    public var kind: Kind {
      switch self {
      case .loss: .loss
      case .corrupt: .corrupt
      case .duplicate: .duplicate
      case .reorder: .reorder
      case .delay: .delay
      case .rate: .rate
      case .cut: .cut
      }
    }
  }

  /// Its place in the plan, from 1: `fault.id`.
  public var id: Int
  public var action: Action
  /// How often, in millionths; nil for always.
  public var millionths: Int?
  /// Which packets; empty for any. An open range ends at `Int.max`.
  public var positions: [ClosedRange<Int>]
  public var direction: FaultDirection
  /// A display filter that decides which packets the fault sees, not read yet; empty for all.
  public var filter: String
  /// Where the filter begins in `text`, in octets of its UTF-8.
  public var filterOffset: Int
  /// What was written.
  public var text: String

  /// Whether the fault may apply to the `count`th packet it sees.
  func isAt(_ count: Int) -> Bool {
    positions.isEmpty || positions.contains { $0.contains(count) }
  }
}

/// A change of a packet's octets.
public struct FaultCorruption: Sendable, Equatable {
  /// What is changed.
  public enum Target: Sendable, Equatable {
    /// Anything from the first octet to the last.
    case packet
    /// What stands behind the TCP, UDP or else the IP header.
    case payload
    /// A field by its filter name.
    case field(String)
  }

  /// How it is changed.
  public enum Change: Sendable, Equatable {
    /// A field: another value; packet and payload: another bit.
    case any
    /// One bit, counted from the target's first, the most significant bit of an octet first; nil
    /// for any one.
    case bit(Int?)
    /// Two 16-bit words that differ change places, preferably in the middle: RFC 1071's sum does
    /// not depend on their order.
    case swap16
    /// This number.
    case number(UInt64)
    /// These octets.
    case octets([UInt8])
  }

  public var target: Target
  public var change: Change
  /// Whether the checksums are made right again.
  public var fits: Bool

  public init(_ target: Target, _ change: Change, fits: Bool = false) {
    self.target = target
    self.change = change
    self.fits = fits
  }
}

/// Every fault that was asked for, in that order.
public struct FaultPlan: Sendable, Equatable {
  public private(set) var faults: [PacketFault] = []

  /// - Parameters:
  ///   - texts: What stands behind each `--fault`.
  ///   - direction: Which way faults go that do not say so.
  /// - Throws: `FaultError` about the first text that is none.
  public init(
    _ texts: [String] = [], direction: FaultDirection = .outgoing
  ) throws(FaultError) {
    for (index, text) in texts.enumerated() {
      var parser = FaultParser(text)
      faults.append(try parser.parse(id: index + 1, direction: direction))
    }
  }

  /// Nothing was asked for.
  public var isEmpty: Bool { faults.isEmpty }

  /// The faults of one direction.
  public func faults(going direction: FaultDirection) -> [PacketFault] {
    faults.filter { $0.direction == direction }
  }
}

/// Why a text is no fault. Its parts are those of a filter's error, so that both are shown alike.
public struct FaultError: Error, Equatable, Sendable {
  /// What is wrong, a sentence with its full stop.
  public let message: String
  /// The fault's text.
  public let text: String
  /// Where it is wrong, in octets of the text's UTF-8; empty at its end.
  public let range: Range<Int>
  /// What may have been meant, the nearest first.
  public let suggestions: [String]
  /// A command that shows more; empty when there is none.
  public let command: String
}

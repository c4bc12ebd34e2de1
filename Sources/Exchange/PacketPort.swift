import Capture
import PacketCore

/// A place where IP packets go out and come in: sockets, a memory network of a test, or another
/// port with faults around it.
///
/// A packet is its octets from the first one of the IP header. A port owns the clocks that go with
/// it, so that everything above it can be run without waiting for anything.
public protocol PacketPort: AnyObject {
  /// The clock that timers are set by.
  var now: MonotonicTime { get }

  /// The clock that tokens are dated by.
  var wallClock: Timestamp { get }

  /// Sends one packet.
  ///
  /// - Throws: `PortFailure` when it cannot go out now, or never.
  func send(_ packet: [UInt8]) throws(PortFailure)

  /// The next packet that has arrived; nil when none has. Does not wait.
  ///
  /// - Throws: `PortFailure` when nothing will arrive any more.
  func receive() throws(PortFailure) -> Arrival?

  /// When the port will have something to do by itself, such as letting go of a packet that it
  /// delays; nil for never. `receive` does it.
  var nextRelease: MonotonicTime? { get }

  /// Waits until a packet may have arrived, the moment has come, or the user wants it to end.
  ///
  /// - Returns: False when the user wants it to end.
  func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool
}

extension PacketPort {
  /// Ports that delay nothing.
  public var nextRelease: MonotonicTime? { nil }
}

/// A packet that arrived at a port.
public struct Arrival: Sendable, Equatable {
  /// From the first octet of the IP header.
  public var packet: [UInt8]
  /// When it was captured.
  public var time: Timestamp
  /// It was captured on the host that made it (loopback, veth): a checksum that was left to the
  /// network card is as good as a right one there, and nowhere else.
  public var isFromThisHost: Bool
  /// What faults did to it on its way in.
  public var faults: [FaultRecord]

  public init(
    packet: [UInt8], time: Timestamp, isFromThisHost: Bool = false, faults: [FaultRecord] = []
  ) {
    self.packet = packet
    self.time = time
    self.isFromThisHost = isFromThisHost
    self.faults = faults
  }
}

/// Why a port cannot do what is asked of it.
public struct PortFailure: Error, Sendable, Equatable {
  /// Decides on the exit code.
  public enum Kind: Sendable {
    /// The interface is gone or down.
    case interface
    /// The right to do it is missing.
    case permission
    /// No way leads to the destination.
    case noRoute
    /// The packet is longer than the interface takes.
    case tooLong
    /// Anything else, for this packet.
    case system
  }

  public var kind: Kind
  /// One sentence without a full stop.
  public var message: String
  /// What to do next; empty when there is nothing.
  public var remedy: String

  public init(_ kind: Kind, _ message: String, remedy: String = "") {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }
}

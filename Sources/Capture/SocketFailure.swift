import Glibc

/// Why a socket cannot do what is asked of it. Always one sentence, and what to do next.
public struct SocketFailure: Error, Equatable, Sendable {
  /// Decides on the exit code.
  public enum Kind: Sendable {
    /// The interface is not there, gone or down.
    case interface
    /// The right to do it is missing; the remedy is given.
    case permission
    /// No way leads to the destination.
    case noRoute
    /// The packet is longer than the interface takes.
    case tooLong
    /// The port belongs to another program.
    case portInUse
    /// A host name that nobody knows, or that is none.
    case unknownHost
    /// The kernel's buffers are full; a moment later it may go.
    case busy
    /// Anything else.
    case system
  }

  public let kind: Kind
  /// One sentence without a full stop.
  public let message: String
  /// What to do next; empty when there is nothing.
  public let remedy: String

  /// - Parameters: As the properties say.
  public init(_ kind: Kind, _ message: String, remedy: String = "") {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }

  /// What an error number of a socket call means here.
  ///
  /// - Parameters:
  ///   - number: `errno`.
  ///   - what: What was tried, such as `sending to 10.0.0.33`.
  ///   - interface: The interface it was tried on, when there is one in particular.
  init(number: Int32, _ what: String, interface: String? = nil) {
    switch number {
    case EPERM, EACCES:
      self.init(
        .permission, "\(what) needs the capability CAP_NET_RAW",
        remedy: Capabilities.current.remedy())
    case ENETUNREACH, EHOSTUNREACH:
      self.init(
        .noRoute,
        "\(what): \(number == ENETUNREACH ? "no route leads there" : "no way leads there")",
        remedy: "ip route shows the ways that this host knows")
    case EMSGSIZE:
      self.init(.tooLong, "\(what): the packet is longer than the interface takes")
    case ENETDOWN:
      let name = interface ?? ""
      self.init(
        .interface, name.isEmpty ? "\(what): the interface is down" : "\(name) is down",
        remedy: name.isEmpty ? "" : "sudo ip link set \(name) up")
    case ENODEV, ENXIO:
      self.init(
        .interface, interface.map { "the interface \($0) went away" } ?? "\(what): no interface",
        remedy: "netlab interfaces lists what is there")
    case EADDRNOTAVAIL:
      self.init(
        .interface, "\(what): the address belongs to no interface of this host",
        remedy: "netlab interfaces lists them")
    case ENOBUFS, EAGAIN, ENOMEM:
      self.init(.busy, "\(what): the kernel's buffers are full")
    default: self.init(.system, "\(what): \(systemMessage(number))")
    }
  }
}

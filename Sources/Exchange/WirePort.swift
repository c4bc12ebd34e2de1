import Capture
import PacketCore

/// The port to the real network: raw or link sockets to send, libpcap to receive, and a shield
/// socket that keeps the kernel from answering in between.
///
/// Everything is opened by the initialiser, so that the privilege can be dropped right after it.
/// No firewall rule is touched; with the process, all of it is gone.
public final class WirePort: PacketPort {
  /// The interface that a sender's packets take; nil for a receiver, whose answers take many.
  public let route: Route?
  /// The ends of what a sender sends, the own port as it was had; nil for a receiver.
  public let ends: SegmentEnds?
  /// What the user should know before it begins, each one sentence: a port that was busy.
  public let remarks: [String]
  /// Called for ICMP errors about our segments, during `receive`.
  public var onUnreachable: ((UnreachableNotice) -> Void)?
  /// ICMP errors about our segments so far.
  public private(set) var unreachable = 0

  private let tap: PacketTap
  private let stop: LiveStop?
  private let raw4: RawIPSocket?
  private let raw6: RawIPSocket?
  private let link: LinkSocket?
  private let shield: ShieldSocket?
  private var hosts: OwnAddresses?
  /// Those of the server that listens on the port.
  private var connections: KernelConnections?
  /// Interfaces of link-local peers, by address: their answers must go back through them.
  private var zones: [Address: UInt32] = [:]

  /// Packets that do not pass the IP stack on their way out.
  public struct LinkLayer: Sendable, Equatable {
    /// The sender's link address; the interface's own when nil.
    public var source: MACAddress?
    /// The receiver's; asked of the neighbours when nil.
    public var destination: MACAddress?

    public init(source: MACAddress? = nil, destination: MACAddress? = nil) {
      self.source = source
      self.destination = destination
    }
  }

  /// Opens a port for a sender.
  ///
  /// - Parameters:
  ///   - destination: Where the segments go, as `HostName` finds it.
  ///   - port: The destination's port.
  ///   - source: The own address; that of the outgoing interface when nil.
  ///   - sourcePort: The own port; when it is busy, the next free one.
  ///   - interface: Only this interface, for sending and receiving; by the routing table when nil.
  ///   - linkLayer: Send by link socket; by raw IP socket when nil.
  ///   - stop: Ends the waiting.
  /// - Throws: `PortFailure`: `.permission` with the remedy, `.noRoute`, `.interface`.
  public init(
    sendingTo destination: HostAddress, port: UInt16, from source: Address? = nil,
    sourcePort: UInt16 = 12_345, through interface: String? = nil, linkLayer: LinkLayer? = nil,
    stop: LiveStop? = nil
  ) throws(PortFailure) {
    do {
      let route = try Route.to(
        destination.address, from: source, through: interface, zone: destination.zone)
      // Packets to this host travel over loopback, whatever interface has the address.
      let device = interface == nil || route.isLocal ? nil : interface
      if let linkLayer {
        let next = try linkLayer.destination ?? Neighbour.linkAddress(for: route)
        link = try LinkSocket(
          route.device, to: next, from: linkLayer.source, family: destination.address.family)
        (raw4, raw6) = (nil, nil)
      } else {
        let raw = try RawIPSocket(destination.address.family, device: device)
        (raw4, raw6) = destination.address.family == .ipv6 ? (nil, raw) : (raw, nil)
        link = nil
      }
      let zone = route.source.isLinkLocal ? route.device.index : 0
      let shield = try ShieldSocket(
        address: route.source, port: sourcePort, orNext: true, zone: zone)
      let ends = SegmentEnds(
        source: route.source, destination: destination.address, sourcePort: shield.port,
        destinationPort: port)
      tap = try PacketTap(
        device ?? "any", filter: Self.answerFilter(ends), longest: 4096, bufferMiB: 8)
      remarks =
        sourcePort != 0 && shield.port != sourcePort
        ? ["port \(sourcePort) belongs to another program: sending from port \(shield.port)"] : []
      self.route = route
      self.ends = ends
      self.shield = shield
      self.stop = stop
    } catch {
      throw PortFailure(error)
    }
  }

  /// Opens a port for a receiver.
  ///
  /// - Parameters:
  ///   - address: The own address; 0.0.0.0 for all of IPv4, nil for all of both families.
  ///   - port: The own port. When another program has it, `remarks` says what will happen.
  ///   - interface: Only this interface; all when nil.
  ///   - hasShield: False where the caller itself listens on the port (`ListeningFilter`). Then only
  ///     segments arrive whose payload begins like a token and that belong to no connection.
  ///   - stop: Ends the waiting.
  /// - Throws: `PortFailure`: `.permission` with the remedy, `.interface`.
  public init(
    receivingAt address: Address? = nil, port: UInt16, through interface: String? = nil,
    hasShield: Bool = true, stop: LiveStop? = nil
  ) throws(PortFailure) {
    do {
      let family = address?.family
      raw4 = family == .ipv6 ? nil : try RawIPSocket(.ipv4)
      // A kernel without IPv6 receives none either.
      raw6 = family == .ipv4 ? nil : try? RawIPSocket(.ipv6)
      tap = try PacketTap(
        interface ?? "any", filter: Self.messageFilter(address, port, isShared: !hasShield),
        longest: Self.longestPacket + 200)
      var remarks: [String] = []
      var shield: ShieldSocket?
      if hasShield {
        do throws(SocketFailure) {
          let zone = address?.isLinkLocal == true ? NetworkDevice(named: interface ?? "")?.index : 0
          shield = try ShieldSocket(address: address, port: port, zone: zone ?? 0)
        } catch {
          guard error.kind == .portInUse else { throw error }
          remarks.append(
            "port \(port) belongs to another program: crafted messages are received all the same, "
              + "but that program's kernel socket answers each of them with RST")
        }
      }
      self.shield = shield
      self.remarks = remarks
      hosts = address == nil || address == .anyIPv4 ? OwnAddresses() : nil
      connections = hasShield ? nil : KernelConnections()
      (route, ends, link) = (nil, nil, nil)
      self.stop = stop
    } catch {
      throw PortFailure(error)
    }
  }

  /// The longest IP packet, in octets, that the two ends of an exchange make and take. Loopback
  /// would carry four times as much; but the kernel sets aside a place of this size for each packet
  /// that waits to be read, and many places are worth more than long ones.
  public static let longestPacket = 16_000

  /// The longest packet to send, in octets: what the way takes, at most `longestPacket`.
  public var mtu: Int { min(route?.mtu ?? 1500, Self.longestPacket) }

  public var now: MonotonicTime { .now }
  public var wallClock: Timestamp { .now }

  public func send(_ packet: [UInt8]) throws(PortFailure) {
    do {
      if let link {
        try link.send(packet)
      } else {
        let destination = ends?.destination ?? Self.destination(of: packet)
        let zone = route?.zone ?? zones[destination] ?? 0
        guard let raw = destination.family == .ipv6 ? raw6 : raw4 else {
          throw SocketFailure(.noRoute, "no socket for packets to \(destination.text)")
        }
        try raw.send(packet, to: destination, zone: zone)
      }
    } catch {
      // The kernel says "no route" of an interface that was taken down.
      throw PortFailure(route?.device.failure ?? error)
    }
  }

  public func receive() throws(PortFailure) -> Arrival? {
    do {
      while let packet = try tap.next() {
        if let ends, let notice = UnreachableNotice(packet.packet, about: ends) {
          unreachable += 1
          onUnreachable?(notice)
        } else if isWanted(packet) {
          return Arrival(
            packet: packet.packet, time: packet.time, isFromThisHost: packet.isFromThisHost)
        }
      }
      return nil
    } catch {
      throw PortFailure(error)
    }
  }

  public func wait(until moment: MonotonicTime) throws(PortFailure) -> Bool {
    do {
      return try tap.wait(until: moment, stop: stop)
    } catch {
      throw PortFailure(error)
    }
  }

  /// TCP for us; on a router, packets that only pass are not.
  private func isWanted(_ packet: TappedPacket) -> Bool {
    guard Self.isTCP(packet.packet) else { return false }
    if hosts != nil {
      let destination = Self.destination(of: packet.packet)
      guard hosts?.contains(destination, on: packet.interface, at: .now) == true else {
        return false
      }
    }
    if let connections, let ports = Self.ports(of: packet.packet) {
      let isConnected = connections.has(
        local: Self.destination(of: packet.packet), ports.destination,
        remote: Self.source(of: packet.packet), ports.source)
      if isConnected { return false }
    }
    if ends == nil, packet.interface != 0 {
      let source = Self.source(of: packet.packet)
      if source.isLinkLocal {
        // As many as a link has neighbours, but not as many as somebody can invent.
        if zones.count >= 1024 { zones.removeAll() }
        zones[source] = packet.interface
      }
    }
    return true
  }
}

extension PortFailure {
  /// What a socket or a capture says, in the words of ports.
  public init(_ error: any Error) {
    switch error {
    case let error as PortFailure: self = error
    case let error as SocketFailure:
      let kind: Kind =
        switch error.kind {
        case .interface: .interface
        case .permission: .permission
        case .noRoute, .unknownHost: .noRoute
        case .tooLong: .tooLong
        case .portInUse, .busy, .system: .system
        }
      self.init(kind, error.message, remedy: error.remedy)
    case let error as CaptureError:
      let kind: Kind =
        switch error.kind {
        case .interface: .interface
        case .permission: .permission
        case .file, .filter, .read, .write: .system
        }
      self.init(kind, error.message, remedy: error.remedy)
    default: self.init(.system, "\(error)")
    }
  }
}

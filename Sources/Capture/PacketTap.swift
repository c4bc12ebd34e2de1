import CPcap
import Glibc
import PacketCore

/// A packet that came in.
public struct TappedPacket: Sendable, Equatable {
  /// From the first octet of the IP header.
  public var packet: [UInt8]
  public var time: Timestamp
  /// It came through loopback or veth: made on this machine, its checksum perhaps never computed.
  public var isFromThisHost: Bool
  /// Number of the interface it came through; 0 when unknown.
  public var interface: UInt32
}

/// IP packets as they come in, each handed over at once: for a program that answers them.
///
/// `LiveCapture` is for watching; this is for taking part. Only what comes in, each packet once,
/// no link headers.
public final class PacketTap {
  private var handle: LiveCapture.Handle
  private let device: NetworkDevice?
  /// By number of the interface: whether what it carries was made on this machine.
  private var isNear: [UInt32: Bool] = [:]
  private var recent = RecentPackets()
  private var failure: CaptureError?

  /// Opens it; from here on the kernel collects packets.
  ///
  /// - Parameters:
  ///   - interface: By name or number; `any` for all at once.
  ///   - filter: What to collect, in libpcap's language.
  ///   - longest: Octets kept of each packet with its link header. The kernel keeps a place of
  ///     this size for each packet that waits.
  ///   - bufferMiB: Kernel buffer: all the places together.
  /// - Throws: `CaptureError` as `LiveCapture`.
  public init(
    _ interface: String = "any", filter: String, longest: Int, bufferMiB: Int = 32
  ) throws(CaptureError) {
    var options = LiveCapture.Options(interfaces: [interface])
    options.filter = filter
    options.snapLength = longest
    options.promiscuous = false
    options.bufferMiB = bufferMiB
    options.immediate = true
    let named = try InterfaceList.current().named(interface)
    handle = try LiveCapture.open(named, options)
    device = NetworkDevice(named: named.name)
    // What this host sends is not wanted. Devices that cannot tell give both; on loopback libpcap
    // itself leaves one of the two out.
    pcap_setdirection(handle.pcap, PCAP_D_IN)
  }

  deinit { pcap_close(handle.pcap) }

  /// The name of the interface.
  public var interface: String { handle.name }

  /// The next packet; nil when none is there. Does not wait.
  ///
  /// - Throws: `CaptureError(.interface)` when the interface went down or away.
  public func next() throws(CaptureError) -> TappedPacket? {
    while true {
      handle.fetchNext(failure: &failure)
      if let failure { throw failure }
      guard let frame = handle.next else { return nil }
      let octets = UnsafeRawBufferPointer(
        start: frame.octets, count: Int(frame.header.pointee.caplen))
      if let packet = packet(octets.bytes, at: frame.time) { return packet }
    }
  }

  private func packet(_ octets: RawSpan, at time: Timestamp) -> TappedPacket? {
    guard let start = IPStart(handle.linkType, octets), !start.isOutgoing else { return nil }
    // A tagged packet comes again, without the tag, through the VLAN's own interface, if any.
    if start.isTagged, device == nil { return nil }
    let interface = start.interface ?? device?.index ?? 0
    let end = start.offset + start.packetLength(octets)
    let packet = octets.extracting(start.offset..<end).withUnsafeBytes { Array($0) }
    // Through `any`, what comes over a bridge or bond is seen at the port and at the bridge.
    if device == nil, recent.isRepeated(packet, through: interface, at: time) { return nil }
    return TappedPacket(
      packet: packet, time: time, isFromThisHost: isNear(interface), interface: interface)
  }

  private func isNear(_ interface: UInt32) -> Bool {
    if let known = isNear[interface] { return known }
    let answer = NetworkDevice(index: interface)?.carriesUnfinishedChecksums ?? false
    if isNear.count > 256 { isNear.removeAll() }
    isNear[interface] = answer
    return answer
  }

  /// Waits until a packet may be there, the moment has come, or the stop is signalled.
  ///
  /// - Returns: False when the stop is signalled; the signal stays.
  /// - Throws: `CaptureError(.interface)` when the interface went down or away.
  public func wait(until moment: MonotonicTime, stop: LiveStop?) throws(CaptureError) -> Bool {
    // A negative descriptor is passed over by poll(2).
    var descriptors = [
      pollfd(fd: stop?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: handle.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let result = poll(&descriptors, 2, moment.pollTimeout(from: .now))
    if result < 0 {
      let number = errno
      if number == EINTR { return true }
      throw CaptureError(.interface, "waiting for packets failed: \(systemMessage(number))")
    }
    if descriptors[1].revents & Int16(POLLERR) != 0, failure == nil {
      failure = handle.takeSocketError()
    }
    return descriptors[0].revents == 0
  }
}

/// The packets of the last moment, to know one that is seen again on another interface. A sender's
/// retry has another identification, and one second passed.
struct RecentPackets {
  private struct Entry {
    var hash = 0
    var interface: UInt32 = 0
    var time = Timestamp(seconds: 0, nanoseconds: 0)
  }

  private var entries = [Entry](repeating: Entry(), count: 16)
  private var oldest = 0
  /// How far apart, in nanoseconds, the two sights of one packet are at most.
  static let span: Int64 = 2_000_000

  mutating func isRepeated(
    _ packet: [UInt8], through interface: UInt32, at time: Timestamp
  ) -> Bool {
    let hash = packet.hashValue
    for entry in entries
    where entry.hash == hash && entry.interface != interface
      && abs(time.nanoseconds(since: entry.time)) <= Self.span
    {
      return true
    }
    entries[oldest] = Entry(hash: hash, interface: interface, time: time)
    oldest = (oldest + 1) % entries.count
    return false
  }
}

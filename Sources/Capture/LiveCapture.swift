import CPcap
import Glibc
import PacketCore

/// Frames from interfaces, as they pass.
///
/// Opening needs the right to capture, running does not: between the two the privilege is dropped
/// (`Privilege`). One thread serves all interfaces by polling their descriptors; the octets handed
/// out stand in the ring that the kernel shares and are gone when the body returns.
public struct LiveCapture: ~Copyable {
  /// How to capture.
  public struct Options: Sendable, Equatable {
    /// Interfaces by name or number; `any` for all at once.
    public var interfaces: [String]
    /// The capture filter in libpcap's language; empty for everything.
    public var filter = ""
    /// Octets kept of each frame.
    public var snapLength = 262_144
    /// Also frames for other stations.
    public var promiscuous = true
    /// Raw 802.11 frames of a radio in monitor mode. The extra interface that libpcap makes for it
    /// stays behind when root is dropped: `iw dev` shows it.
    public var monitor = false
    /// Kernel buffer of each interface, in MiB.
    public var bufferMiB = 32
    /// Each frame is handed over at once instead of in blocks. Costs ten times the CPU and loses
    /// frames at a flood: only for what a human watches.
    public var immediate = false
    /// Longest time, in milliseconds, that the kernel keeps a frame back to fill a block. Shorter
    /// is prompter, and uses up the buffer faster while the program is stalled: every block that
    /// was handed over occupies 256 KiB, however few frames stand in it.
    public var blockMilliseconds = 25

    /// - Parameter interfaces: By name or number.
    public init(interfaces: [String]) { self.interfaces = interfaces }
  }

  /// One open interface.
  struct Handle {
    let pcap: OpaquePointer
    let descriptor: Int32
    let name: String
    let linkType: LinkType
    let isLoopback: Bool
    /// What the fraction of a time is multiplied by to give nanoseconds.
    let nanosecondFactor: UInt32
    /// Frames given to the body.
    var delivered: UInt64 = 0
    /// libpcap's counters, widened to 64 bits.
    var received: UInt64 = 0
    var dropped: UInt64 = 0
    var droppedByInterface: UInt64 = 0
    var lastCounters = pcap_stat()
    /// With several interfaces: the frame that is next on this one.
    var next: Waiting?
  }

  var handles: [Handle] = []
  let options: Options

  /// The interfaces, in the order asked for: what `CapturePoint.interface` counts.
  public private(set) var interfaces: [CaptureInterface] = []

  /// Opens the interfaces; from here on the kernel collects frames.
  ///
  /// - Throws: `CaptureError`: `.interface` for a name that does not exist or is down,
  ///   `.permission` with the remedy, `.filter` with libpcap's words.
  public init(_ options: Options) throws(CaptureError) {
    self.options = options
    // Names first: without privilege, libpcap's answer to a missing interface is the same as to
    // one that may not be opened.
    let list = try InterfaceList.current()
    var found: [NetworkInterface] = []
    for word in options.interfaces {
      let interface = try list.named(word)
      if !found.contains(where: { $0.name == interface.name }) { found.append(interface) }
    }
    guard !found.isEmpty else {
      throw CaptureError(
        .interface, "no interface to capture on",
        remedy: "name one with -i; netlab interfaces lists them")
    }
    for interface in found {
      let handle = try Self.open(interface, options)
      handles.append(handle)
      interfaces.append(
        CaptureInterface(
          name: interface.name, description: interface.description, linkType: handle.linkType,
          snapLength: Int(pcap_snapshot(handle.pcap)), filter: options.filter))
    }
  }

  deinit {
    for handle in handles { pcap_close(handle.pcap) }
  }

  static func open(
    _ interface: NetworkInterface, _ options: Options
  ) throws(CaptureError) -> Handle {
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let pcap = pcap_create(interface.name, &text) else {
      throw CaptureError(.interface, "\(interface.name): \(string(text))")
    }
    do throws(CaptureError) {
      try activate(pcap, interface, options)
      let linkType = try chooseLinkType(pcap, interface)
      try setFilter(pcap, options.filter, interface.name)
      guard pcap_setnonblock(pcap, 1, &text) == 0 else {
        throw CaptureError(.interface, "\(interface.name): \(string(text))")
      }
      let descriptor = pcap_get_selectable_fd(pcap)
      guard descriptor >= 0 else {
        throw CaptureError(
          .interface, "\(interface.name) cannot be waited for, so nothing can be captured on it")
      }
      let isNano = pcap_get_tstamp_precision(pcap) == PCAP_TSTAMP_PRECISION_NANO
      return Handle(
        pcap: pcap, descriptor: descriptor, name: interface.name, linkType: linkType,
        isLoopback: interface.isLoopback, nanosecondFactor: isNano ? 1 : 1000)
    } catch {
      pcap_close(pcap)
      throw error
    }
  }

  private static func activate(
    _ pcap: OpaquePointer, _ interface: NetworkInterface, _ options: Options
  ) throws(CaptureError) {
    pcap_set_snaplen(pcap, Int32(clamping: max(1, min(options.snapLength, 262_144))))
    // `any` is many interfaces; libpcap would only warn that it cannot be promiscuous.
    pcap_set_promisc(pcap, options.promiscuous && interface.name != "any" ? 1 : 0)
    pcap_set_timeout(pcap, Int32(clamping: max(1, options.blockMilliseconds)))
    pcap_set_buffer_size(pcap, Int32(clamping: max(1, min(options.bufferMiB, 2047)) << 20))
    pcap_set_immediate_mode(pcap, options.immediate ? 1 : 0)
    // Refused by devices that have only microseconds; what was agreed is asked after activation.
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO)
    if options.monitor {
      guard pcap_can_set_rfmon(pcap) == 1 else {
        throw CaptureError(
          .interface, "\(interface.name) has no monitor mode", remedy: "capture without it")
      }
      pcap_set_rfmon(pcap, 1)
    }
    let result = pcap_activate(pcap)
    guard result < 0 else { return }  // above zero are warnings
    let detail = String(cString: pcap_geterr(pcap))
    switch result {
    case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED:
      throw CaptureError(
        .permission, "no permission to capture on \(interface.name)",
        remedy: Capabilities.current.remedy())
    case PCAP_ERROR_NO_SUCH_DEVICE:
      throw CaptureError(
        .interface, "there is no interface \(interface.name)",
        remedy: "netlab interfaces lists them")
    case PCAP_ERROR_IFACE_NOT_UP:
      throw CaptureError(
        .interface, "\(interface.name) is down", remedy: "sudo ip link set \(interface.name) up")
    default:
      let what = detail.isEmpty ? String(cString: pcap_statustostr(result)) : detail
      throw CaptureError(.interface, "\(interface.name): \(what)")
    }
  }

  private static func chooseLinkType(
    _ pcap: OpaquePointer, _ interface: NetworkInterface
  ) throws(CaptureError) -> LinkType {
    // "Cooked" frames in version 2, which says the interface of each frame; older libraries have
    // version 1 alone.
    if interface.name == "any" { pcap_set_datalink(pcap, DLT_LINUX_SLL2) }
    let dlt = pcap_datalink(pcap)
    guard dlt >= 0 else { throw CaptureError(.interface, "\(interface.name) has no link type") }
    return LinkType(pcapDatalink: dlt)
  }

  private static func setFilter(
    _ pcap: OpaquePointer, _ filter: String, _ name: String
  ) throws(CaptureError) {
    guard !filter.isEmpty else { return }
    var program = bpf_program()
    guard pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0 else {
      throw CaptureError(
        .filter, "the capture filter '\(filter)' is refused: \(String(cString: pcap_geterr(pcap)))",
        remedy: "it is libpcap's language, see man pcap-filter; display filters go to -Y")
    }
    defer { pcap_freecode(&program) }
    guard pcap_setfilter(pcap, &program) == 0 else {
      throw CaptureError(
        .filter,
        "the capture filter cannot be set on \(name): "
          + String(cString: pcap_geterr(pcap)))
    }
  }
}

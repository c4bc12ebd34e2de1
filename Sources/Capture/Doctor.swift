import CLinux
import CPcap
import Glibc

/// One line of `netlab doctor`.
public struct DoctorCheck: Sendable, Equatable {
  /// What was looked at, a few words.
  public var name: String
  /// Whether it is as it should be.
  public var isOK: Bool
  /// What was found: a sentence without a full stop.
  public var finding: String
  /// The one command that mends it; empty when nothing has to be mended.
  public var remedy: String

  /// - Parameters: As the properties say.
  public init(name: String, isOK: Bool, finding: String, remedy: String = "") {
    self.name = name
    self.isOK = isOK
    self.finding = finding
    self.remedy = remedy
  }
}

/// What this machine lets netlab do, as found; the judgement is `checks`.
public struct DoctorFacts: Sendable {
  /// The thread's capabilities.
  public var capabilities: Capabilities
  /// Error number of opening a packet socket; 0 when it opened.
  public var packetSocketError: Int32
  /// What libpcap says of itself.
  public var libpcap: String
  /// Whether it can be asked for nanoseconds.
  public var hasNanoseconds: Bool
  /// /proc/sys/kernel/unprivileged_userns_clone, where the kernel has it (Debian).
  public var usernsClone: String?
  /// /proc/sys/kernel/apparmor_restrict_unprivileged_userns, where the kernel has it (Ubuntu).
  public var apparmorRestricts: String?
  /// /proc/sys/user/max_user_namespaces.
  public var maxUserNamespaces: String?
  /// Error number of opening /dev/net/tun; 0 when it opened.
  public var tunError: Int32
  /// The interfaces.
  public var interfaces: [NetworkInterface]
  /// What will be done about the privilege.
  public var privilege: String

  /// Those of this machine. Needs no privilege and changes nothing.
  public static func current() -> DoctorFacts {
    let packet = netlab_packet_socket()
    let packetError = packet < 0 ? errno : 0
    if packet >= 0 { close(packet) }
    let tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
    let tunError = tun < 0 ? errno : 0
    if tun >= 0 { close(tun) }
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    var hasNanoseconds = false
    if let pcap = pcap_create("any", &text) {
      hasNanoseconds = pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) == 0
      pcap_close(pcap)
    }
    return DoctorFacts(
      capabilities: .current, packetSocketError: packetError,
      libpcap: pcap_lib_version().map { String(cString: $0) } ?? "", hasNanoseconds: hasNanoseconds,
      usernsClone: setting("/proc/sys/kernel/unprivileged_userns_clone"),
      apparmorRestricts: setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
      maxUserNamespaces: setting("/proc/sys/user/max_user_namespaces"), tunError: tunError,
      interfaces: (try? InterfaceList.current().interfaces) ?? [],
      privilege: (try? PrivilegePlan(.current))?.summary ?? "")
  }

  private static func setting(_ path: String) -> String? {
    smallFile(path).map { String($0.filter { !$0.isWhitespace }) }
  }
}

extension DoctorFacts {
  /// The judgement, in the order in which a newcomer should mend things.
  public var checks: [DoctorCheck] {
    [
      packetSocket, capabilitySets, library, interfaceToCaptureOn, loopback, userNamespaces, tun,
      DoctorCheck(name: "privilege", isOK: true, finding: privilege),
    ]
  }

  private var packetSocket: DoctorCheck {
    packetSocketError == 0
      ? DoctorCheck(name: "packet socket", isOK: true, finding: "interfaces can be captured on")
      : DoctorCheck(
        name: "packet socket", isOK: false,
        finding: "cannot be opened: \(systemMessage(packetSocketError))",
        remedy: capabilities.remedy())
  }

  private var capabilitySets: DoctorCheck {
    let held = [
      capabilities.hasNetRaw ? "CAP_NET_RAW" : nil,
      capabilities.hasNetAdmin ? "CAP_NET_ADMIN" : nil,
    ].compactMap { $0 }
    let missing = [
      capabilities.hasNetRaw ? nil : "CAP_NET_RAW",
      capabilities.hasNetAdmin ? nil : "CAP_NET_ADMIN",
    ].compactMap { $0 }
    return DoctorCheck(
      name: "capabilities", isOK: missing.isEmpty,
      finding: missing.isEmpty
        ? held.joined(separator: " and ") : "missing: " + missing.joined(separator: " and "),
      remedy: missing.isEmpty ? "" : capabilities.remedy())
  }

  private var library: DoctorCheck {
    let ring = libpcap.contains("TPACKET_V3") ? "" : ", without TPACKET_V3"
    return DoctorCheck(
      name: "libpcap", isOK: hasNanoseconds,
      finding: libpcap + ring
        + (hasNanoseconds ? ", nanosecond times" : ", microsecond times only"),
      remedy: hasNanoseconds ? "" : "sudo apt-get install --only-upgrade libpcap0.8")
  }

  private var interfaceToCaptureOn: DoctorCheck {
    let up = interfaces.filter { $0.isUp && !$0.isLoopback && !$0.isPseudo }.map(\.name)
    if !up.isEmpty {
      return DoctorCheck(
        name: "interfaces", isOK: true, finding: "up: " + up.joined(separator: ", "))
    }
    let down = interfaces.first { !$0.isUp && !$0.isLoopback && !$0.isPseudo }
    return DoctorCheck(
      name: "interfaces", isOK: false, finding: "none is up but loopback",
      remedy: down.map { "sudo ip link set \($0.name) up" } ?? "netlab interfaces")
  }

  private var loopback: DoctorCheck {
    let isUp = interfaces.contains { $0.isLoopback && $0.isUp }
    return DoctorCheck(
      name: "loopback", isOK: isUp, finding: isUp ? "lo is up" : "lo is down",
      remedy: isUp ? "" : "sudo ip link set lo up")
  }

  private var userNamespaces: DoctorCheck {
    let refusal: (why: String, remedy: String)? =
      if usernsClone == "0" {
        ("the kernel refuses them to users", "sudo sysctl -w kernel.unprivileged_userns_clone=1")
      } else if maxUserNamespaces == "0" {
        ("the kernel allows none", "sudo sysctl -w user.max_user_namespaces=15000")
      } else if apparmorRestricts == "1" {
        (
          "AppArmor restricts them to listed programs",
          "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        )
      } else {
        nil
      }
    // Root makes network namespaces without a user namespace.
    return DoctorCheck(
      name: "user namespaces", isOK: refusal == nil || capabilities.effectiveUser == 0,
      finding: refusal?.why ?? "allowed: labs need no root", remedy: refusal?.remedy ?? "")
  }

  private var tun: DoctorCheck {
    tunError == 0
      ? DoctorCheck(name: "/dev/net/tun", isOK: true, finding: "can be opened")
      : DoctorCheck(
        name: "/dev/net/tun", isOK: false,
        finding: "cannot be opened: \(systemMessage(tunError))",
        remedy: tunError == ENOENT || tunError == ENODEV || tunError == ENXIO
          ? "sudo modprobe tun" : "sudo chmod 0666 /dev/net/tun")
  }
}

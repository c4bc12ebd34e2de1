import CLinux
import Glibc

/// The capabilities a thread holds, as far as capturing needs them. capabilities(7).
public struct Capabilities: Sendable, Equatable {
  /// Bit n: capability n is in force.
  public var effective: UInt64
  /// Bit n: capability n may be put in force.
  public var permitted: UInt64
  /// Whose rights files are opened with; 0 is root.
  public var effectiveUser: UInt32

  /// - Parameters: As the properties say.
  public init(effective: UInt64, permitted: UInt64, effectiveUser: UInt32) {
    self.effective = effective
    self.permitted = permitted
    self.effectiveUser = effectiveUser
  }

  /// Those of the calling thread.
  public static var current: Capabilities {
    var effective: UInt64 = 0
    var permitted: UInt64 = 0
    var inheritable: UInt64 = 0
    _ = netlab_capabilities_get(&effective, &permitted, &inheritable)
    return Capabilities(effective: effective, permitted: permitted, effectiveUser: geteuid())
  }

  /// CAP_NET_RAW: packet and raw sockets, which is what capturing takes.
  public var hasNetRaw: Bool { effective & 1 << 13 != 0 }
  /// CAP_NET_ADMIN: monitor mode, interfaces, queueing.
  public var hasNetAdmin: Bool { effective & 1 << 12 != 0 }

  /// Why nothing can be captured with these, with the one command that mends it; nil when one can.
  public var obstacleToCapture: CaptureError? {
    hasNetRaw
      ? nil
      : CaptureError(
        .permission, "capturing needs the capability CAP_NET_RAW", remedy: remedy())
  }

  /// The one command that gives the right to capture.
  ///
  /// - Parameter executable: Path of the program; that of this process when omitted.
  public func remedy(executable: String = Capabilities.executablePath) -> String {
    if effectiveUser == 0 {
      // Root without it: the surroundings withhold it, and sudo would change nothing.
      return "start the container with --cap-add=NET_RAW --cap-add=NET_ADMIN"
    }
    return
      "run it with sudo, or once: sudo setcap cap_net_raw,cap_net_admin+ep \(quoted(executable))"
  }

  /// The program of this process, as a path.
  public static var executablePath: String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    return count > 0 ? string(path) : "$(which netlab)"
  }

  private func quoted(_ path: String) -> String {
    path.hasPrefix("$") || path.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
      ? path
      : "'"
        + path.split(separator: "'", omittingEmptySubsequences: false)
        .joined(separator: "'\\''") + "'"
  }
}

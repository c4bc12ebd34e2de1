import Glibc
import Testing

@testable import Capture

/// Runs this test program again, where a suite that needs other surroundings finds them: a network
/// namespace of its own, or root that may be dropped.
enum AnotherProcess {
  /// Runs a command to its end.
  ///
  /// - Returns: Exit status (negative: the signal) and what it wrote, both streams together.
  static func run(
    _ arguments: [String], setting variables: [String: String] = [:]
  ) -> (status: Int32, output: String) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return (-1, "no pipe") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var argv = arguments.map { strdup($0) } + [nil]
    var environment = inherited(without: Array(variables.keys)).map { strdup($0) }
    environment += variables.map { strdup($0.key + "=" + $0.value) } + [nil]
    defer { for text in argv + environment { free(text) } }
    var child: pid_t = 0
    let spawned = posix_spawnp(&child, arguments[0], &actions, nil, &argv, &environment)
    close(ends[1])
    defer { close(ends[0]) }
    guard spawned == 0 else { return (-1, "\(arguments[0]): \(systemMessage(spawned))") }
    return finish(child, reading: ends[0])
  }

  /// Runs a suite of this program.
  static func test(
    _ suite: String, in surroundings: [String], setting variables: [String: String]
  ) -> (status: Int32, output: String) {
    run(
      surroundings + [
        Capabilities.executablePath, "--testing-library", "swift-testing", "--filter",
        "CaptureTests.\(suite)",
      ], setting: variables)
  }

  /// Runs `body` in a child with one thread.
  ///
  /// - Returns: What the body complained of.
  static func forked(_ body: ((String) -> Void) throws -> Void) rethrows -> String {
    typealias Fork = @convention(c) () -> pid_t
    var ends: [Int32] = [0, 0]
    // Swift hides fork(2), rightly: the child of a program with threads may do little. This one
    // is forked where nothing else runs.
    guard let symbol = dlsym(nil, "fork"), pipe(&ends) == 0 else { return "no fork" }
    let child = unsafeBitCast(symbol, to: Fork.self)()
    if child == 0 {
      try body { complaint in
        let octets = Array(complaint.utf8)
        _ = write(ends[1], octets, octets.count)
      }
      _exit(0)
    }
    close(ends[1])
    defer { close(ends[0]) }
    let result = finish(child, reading: ends[0])
    return result.status == 0 ? result.output : "\(result)"
  }

  private static func finish(
    _ child: pid_t, reading descriptor: Int32
  ) -> (status: Int32, output: String) {
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while case let count = read(descriptor, &block, block.count), count > 0 {
      output += block[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return (signal == 0 ? status >> 8 & 0xff : -signal, String(decoding: output, as: UTF8.self))
  }

  private static func inherited(without names: [String]) -> [String] {
    var variables: [String] = []
    var next = environ
    while let text = next.pointee {
      let variable = String(cString: text)
      if !names.contains(where: { variable.hasPrefix($0 + "=") }) { variables.append(variable) }
      next += 1
    }
    return variables
  }
}

/// How this machine gives a network namespace, if it does.
enum NetworkNamespace {
  /// The command that runs another in a fresh network namespace; nil where the kernel refuses.
  static let command: [String]? = {
    let rootless = ["unshare", "--user", "--map-root-user", "--net"]
    if AnotherProcess.run(rootless + ["true"]).status == 0 { return rootless }
    let plain = ["unshare", "--net"]
    return AnotherProcess.run(plain + ["true"]).status == 0 ? plain : nil
  }()

  /// Whether this process is the one inside.
  static let isInside = environment("NETLAB_TEST_IN_NAMESPACE") != nil
}

/// Whether this process is root and may stop being it.
enum RootToDrop {
  static let isInside = environment("NETLAB_TEST_AS_ROOT") != nil
  static let isPossible =
    geteuid() == 0 && (PrivilegeFacts.current.mappedUsers ?? 0) > 65_534
    && AnotherProcess.run(["unshare", "--net", "true"]).status == 0
  /// An ordinary user who may capture, as with a file capability.
  static let asNobody = [
    "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", "+net_raw",
    "--ambient-caps", "+net_raw",
  ]
}

/// A UDP socket that sends datagrams into an interface.
final class Sender {
  struct NoSocket: Error {}

  let descriptor: Int32
  /// The port it sends from and to; the kernel chose it.
  let port: UInt16

  /// - Parameter device: The interface to send into; loopback when nil.
  init(device: String? = nil) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    self.descriptor = descriptor
    var isBound = false
    var here = sockaddr_in()
    here.sin_family = sa_family_t(AF_INET)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &on, socklen_t(MemoryLayout<Int32>.size))
    if let device {
      setsockopt(
        descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.utf8.count))
    }
    isBound = withUnsafeMutablePointer(to: &here) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    port = UInt16(bigEndian: here.sin_port)
    if !isBound { throw NoSocket() }
  }

  deinit { close(descriptor) }

  /// Sends `count` datagrams; the payload's first octet counts them from `first`.
  func send(_ count: Int, to address: UInt32 = 0x7f00_0001, first: UInt8 = 0, size: Int = 8) {
    var there = sockaddr_in()
    there.sin_family = sa_family_t(AF_INET)
    there.sin_port = port.bigEndian
    there.sin_addr.s_addr = address.bigEndian
    var payload = [UInt8](repeating: 0, count: size)
    for index in 0..<count {
      payload[0] = first &+ UInt8(truncatingIfNeeded: index)
      let sent = withUnsafePointer(to: &there) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(
            descriptor, payload, payload.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      #expect(sent == payload.count, "\(systemMessage(errno))")
    }
  }
}

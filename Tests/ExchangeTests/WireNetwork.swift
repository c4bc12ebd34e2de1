import Capture
import Foundation
import Glibc
import PacketCore
import Testing

@testable import Exchange

/// A second host for the tests: another network namespace of this process, which lives as long as
/// this object and is gone with the process. Code runs in it on a thread of its own; descriptors
/// opened there go on belonging to it.
final class OtherHost: Sendable {
  private let namespace: Int32

  struct Refused: Error { let number: Int32 }

  init() throws {
    namespace = try Self.onThread {
      // CLONE_NEWNET; Swift does not import unshare(2) and setns(2).
      guard Self.call("unshare", 0x4000_0000) == 0 else { throw Refused(number: errno) }
      let descriptor = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Refused(number: errno) }
      return descriptor
    }
  }

  deinit { close(namespace) }

  /// Runs the body there.
  func run<Value>(_ body: () throws -> Value) throws -> Value {
    try Self.onThread {
      guard Self.call("setns", namespace, 0x4000_0000) == 0 else { throw Refused(number: errno) }
      return try body()
    }
  }

  /// Runs `ip` there.
  func ip(_ arguments: String) throws { try run { try WireNetwork.ip(arguments) } }

  private static func call(_ name: String, _ one: Int32, _ two: Int32 = 0) -> Int32 {
    typealias Call = @convention(c) (Int32, Int32) -> Int32
    guard let symbol = dlsym(nil, name) else { return -1 }
    return unsafeBitCast(symbol, to: Call.self)(one, two)
  }

  private final class Work {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  static func onThread<Value>(_ body: () throws -> Value) throws -> Value {
    var result: Result<Value, any Error>?
    withoutActuallyEscaping(body) { body in
      let work = Work { result = Result { try body() } }
      var thread = pthread_t()
      let started = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Work>.fromOpaque(argument).takeUnretainedValue().body() }
          return nil
        }, Unmanaged.passUnretained(work).toOpaque())
      if started == 0 { pthread_join(thread, nil) }
    }
    return try #require(result).get()
  }
}

/// This host and another one, with a cable between: `nwa` here, `nwb` there.
enum WireNetwork {
  static let here = Address(IPv4Address(10, 98, 0, 1))
  static let there = Address(IPv4Address(10, 98, 0, 2))
  static let here6 = Address(IPv6Address(high: 0xfd98 << 48, low: 1))
  static let there6 = Address(IPv6Address(high: 0xfd98 << 48, low: 2))
  static let loopback = Address(IPv4Address(127, 0, 0, 1))
  static let loopback6 = Address(IPv6Address(high: 0, low: 1))

  static let isInside = getenv("NETLAB_TEST_IN_NAMESPACE") != nil

  /// The command that runs another as root of a fresh network namespace; nil where the kernel
  /// refuses.
  static let command: [String]? = {
    let rootless = ["unshare", "--user", "--map-root-user", "--net"]
    if (try? run(rootless + ["ip", "link"]))?.status == 0 { return rootless }
    let plain = ["unshare", "--net"]
    return (try? run(plain + ["ip", "link"]))?.status == 0 ? plain : nil
  }()

  /// Set up once for all tests of the process.
  static let other: Result<OtherHost, any Error> = Result {
    let other = try OtherHost()
    try ip("link set lo up")
    try other.ip("link set lo up")
    try other.ip("link add nwb type veth peer name nwa netns \(getpid())")
    try ip("addr add 10.98.0.1/24 dev nwa")
    try ip("addr add fd98::1/64 dev nwa nodad")
    try other.ip("addr add 10.98.0.2/24 dev nwb")
    try other.ip("addr add fd98::2/64 dev nwb nodad")
    try ip("link set nwa up")
    try other.ip("link set nwb up")
    return other
  }

  static func ip(_ arguments: String) throws {
    let words = ["ip"] + arguments.split(separator: " ").map(String.init)
    let result = try run(words)
    if result.status != 0 { throw Failed(what: "ip \(arguments): \(result.output)") }
  }

  /// The firewall's rules in the calling thread's namespace, with a table of the tests' own among
  /// them: an empty answer would equal every other.
  static func rules() throws -> String {
    for command in ["nft add table inet marked", "nft list ruleset"] {
      let result = try run(command.split(separator: " ").map(String.init))
      guard result.status == 0 else { throw Failed(what: "\(command): \(result.output)") }
      if result.output.contains("table inet marked") { return result.output }
    }
    throw Failed(what: "nft lists nothing")
  }

  struct Failed: Error { let what: String }

  /// Runs a command in the calling thread's namespace.
  static func run(
    _ arguments: [String], setting variables: [String: String] = [:]
  ) throws -> (status: Int32, output: String) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failed(what: "no pipe") }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in [1, 2] {
      posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor)
    }
    for end in ends { posix_spawn_file_actions_addclose(&actions, end) }
    var argv = arguments.map { strdup($0) } + [nil]
    let merged = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    var environment = merged.map { strdup($0.key + "=" + $0.value) } + [nil]
    defer { for text in argv + environment { free(text) } }
    var child: pid_t = 0
    let spawned = posix_spawnp(&child, arguments[0], &actions, nil, &argv, &environment)
    close(ends[1])
    guard spawned == 0 else { throw Failed(what: "\(arguments[0]) cannot be started") }
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while case let count = read(ends[0], &block, block.count), count > 0 {
      output += block[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return (signal == 0 ? status >> 8 & 0xff : -signal, String(decoding: output, as: UTF8.self))
  }
}

extension WirePort {
  /// What arrives until there are `count` packets that `isWanted`, or five seconds are over.
  func collect(
    _ count: Int, where isWanted: (CraftedFacts) -> Bool = { _ in true }
  ) throws -> [(arrival: Arrival, facts: CraftedFacts)] {
    var found: [(arrival: Arrival, facts: CraftedFacts)] = []
    let deadline = MonotonicTime.now.advanced(byNanoseconds: 5_000_000_000)
    while found.count < count, MonotonicTime.now < deadline {
      while let arrival = try receive() {
        let facts = try #require(CraftedFacts(arrival.packet))
        if isWanted(facts) { found.append((arrival, facts)) }
      }
      if found.count < count { _ = try wait(until: deadline) }
    }
    return found
  }

  /// Empties the port of what is there now and comes within a tenth of a second: to show that
  /// something does not come.
  func rest() throws -> [CraftedFacts] {
    var found: [CraftedFacts] = []
    let deadline = MonotonicTime.now.advanced(byNanoseconds: 100_000_000)
    while MonotonicTime.now < deadline {
      _ = try wait(until: deadline)
      while let arrival = try receive() { found.append(try #require(CraftedFacts(arrival.packet))) }
    }
    return found
  }
}

/// A packet's headers as the tests need them, read independently of the dissector.
struct CraftedFacts {
  var headerSum: UInt16
  var identification: UInt16
  var sequence: UInt32
  var acknowledgment: UInt32
  var flags: UInt8
  var payload: [UInt8]
  var sourcePort: UInt16
  var isHeaderSumRight: Bool
  var isSumRight: Bool

  init?(_ packet: [UInt8]) {
    func word(_ at: Int) -> UInt16 { UInt16(packet[at]) << 8 | UInt16(packet[at + 1]) }
    func sum(_ octets: [UInt8]) -> UInt32 {
      stride(from: 0, to: octets.count, by: 2).reduce(0) {
        $0 + UInt32(octets[$1]) << 8 + UInt32($1 + 1 < octets.count ? octets[$1 + 1] : 0)
      }
    }
    func fold(_ value: UInt32) -> UInt16 {
      var value = value
      while value >> 16 != 0 { value = value & 0xffff + value >> 16 }
      return UInt16(value)
    }
    guard packet.count >= 40 else { return nil }
    let isIPv6 = packet[0] >> 4 == 6
    let start = isIPv6 ? 40 : Int(packet[0] & 15) * 4
    guard packet.count >= start + 20 else { return nil }
    headerSum = isIPv6 ? 0 : word(10)
    identification = isIPv6 ? 0 : word(4)
    isHeaderSumRight = isIPv6 || fold(sum(Array(packet[..<start]))) == 0xffff
    let addresses = Array(packet[(isIPv6 ? 8 : 12)..<(isIPv6 ? 40 : 20)])
    let segment = Array(packet[start...])
    isSumRight = fold(sum(addresses) + 6 + UInt32(segment.count) + sum(segment)) == 0xffff
    sourcePort = word(start)
    sequence = UInt32(word(start + 4)) << 16 | UInt32(word(start + 6))
    acknowledgment = UInt32(word(start + 8)) << 16 | UInt32(word(start + 10))
    flags = packet[start + 13]
    payload = Array(segment[(Int(packet[start + 12] >> 4) * 4)...])
  }

  var isReset: Bool { flags & 0x04 != 0 }
}

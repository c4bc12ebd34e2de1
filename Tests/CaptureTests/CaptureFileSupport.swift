import Capture
import Glibc
import PacketCore
import Synchronization
import Testing

/// A frame as a test compares it: nothing of where it stood in the file but its point.
struct SeenFrame: Equatable {
  var time: Timestamp
  var octets: [UInt8]
  var original: Int
  var linkType = LinkType.ethernet
  var point = CapturePoint()
  var comments: [String] = []
  var hasTime = true
}

/// A directory of the test's own, removed with it.
final class Scratch {
  let path: String

  init() {
    // A closed pipe is an error of the write, not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    var template = Array("/tmp/netlab-test-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      // A directory is empty here: what is mounted on it is seen only in another namespace.
      if unlink(file(name)) != 0 { rmdir(file(name)) }
    }
    closedir(directory)
    rmdir(path)
  }

  func file(_ name: String) -> String { path + "/" + name }

  func file(_ name: String, _ octets: [UInt8]) -> String {
    let path = file(name)
    append(octets, to: path, flags: O_TRUNC)
    return path
  }

  func append(_ octets: [UInt8], to path: String, flags: Int32 = O_APPEND) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o600)
    defer { close(descriptor) }
    var done = 0
    while done < octets.count {
      let wrote = octets.withUnsafeBytes {
        write(descriptor, $0.baseAddress.map { $0 + done }, octets.count - done)
      }
      guard wrote > 0 else { return }
      done += wrote
    }
  }

  func octets(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return readAll(descriptor)
  }
}

func readAll(_ descriptor: Int32) -> [UInt8] {
  var all: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 65_536)
  while case let count = read(descriptor, &block, block.count), count != 0 {
    if count < 0 {
      if errno == EINTR { continue }
      break
    }
    all += block[..<count]
  }
  return all
}

/// Runs a program found in PATH and returns its status and what it printed on both outputs; nil
/// when there is no such program.
func run(_ arguments: [String]) -> (status: Int32, output: String)? {
  guard let child = spawn(arguments, input: -1) else { return nil }
  let output = readAll(child.output)
  close(child.output)
  var status: Int32 = 0
  while waitpid(child.process, &status, 0) < 0, errno == EINTR {}
  return (status & 0x7F == 0 ? status >> 8 & 0xFF : -1, String(decoding: output, as: UTF8.self))
}

/// Tests run at once, and a child must not hold the pipes of another: they are closed on exec, but
/// only after they were made.
private let spawning = Mutex(())

/// Starts a program; both its outputs go to the pipe returned.
///
/// - Parameter input: Its standard input; -1 for none.
func spawn(_ arguments: [String], input: Int32) -> (process: pid_t, output: Int32)? {
  spawning.withLock { _ in
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if input >= 0 {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let result = posix_spawnp(&process, arguments[0], &actions, nil, &words, environ)
    close(ends[1])
    guard result == 0 else {
      close(ends[0])
      return nil
    }
    return (process, ends[0])
  }
}

/// Closes a descriptor of which no child that is just being started has a copy.
func closeEverywhere(_ descriptor: Int32) {
  spawning.withLock { _ in _ = close(descriptor) }
}

/// The two ends of a pipe, closed on exec.
func makePipe() -> (read: Int32, write: Int32) {
  spawning.withLock { _ in
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}

/// True when a program is installed.
func isInstalled(_ name: String) -> Bool { run(["which", name])?.status == 0 }

/// Everything that a file gives: its frames, and the error at its end.
func readFile(
  _ path: String, follow: Bool = false
) -> (frames: [SeenFrame], interfaces: [[CaptureInterface]], error: CaptureError?) {
  var frames: [SeenFrame] = []
  var interfaces: [[CaptureInterface]] = []
  do {
    var reader = try CaptureFileReader(path, follow: follow)
    let table = reader.interfaceTable
    defer { interfaces = table.sections }
    try reader.forEachBlock { block, octets in
      guard let header = block.frame else { return true }
      #expect(header.capturedLength == octets.byteCount)
      #expect(header.number == frames.count + 1)
      #expect(table[header.point]?.linkType == header.linkType)
      frames.append(
        SeenFrame(
          time: header.time, octets: [UInt8](octets), original: header.originalLength,
          linkType: header.linkType, point: header.point, comments: block.comments,
          hasTime: header.hasTime))
      return true
    }
    return (frames, table.sections, nil)
  } catch let error as CaptureError {
    return (frames, interfaces, error)
  } catch {
    Issue.record("\(error)")
    return (frames, interfaces, nil)
  }
}

/// A small generator of random numbers whose seed a failing test prints.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  // SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

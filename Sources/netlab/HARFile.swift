import Capture
import Console
import Glibc
import PacketCore

/// A file that is written piece by piece, and one beside it without a name for what must wait: an
/// exchange is complete long after its beginning, and memory is not where it waits.
struct HARFile: ~Copyable {
  /// Octets of the waiting file.
  struct Extent {
    var offset: Int
    var count: Int
  }

  private let path: String
  private let file: Int32
  private let spool: Int32
  private var spooled = 0
  /// Text of the file that is not written yet.
  var text = TextBuffer(capacity: 1 << 17)
  /// Text of the waiting file that is not written yet.
  private var waiting = TextBuffer(capacity: 1 << 16)

  /// - Throws: `Failure` when the file cannot be made.
  init(_ path: String) throws {
    let (file, spool) = try Self.open(path)
    self.path = path
    self.file = file
    self.spool = spool
  }

  private static func open(_ path: String) throws -> (file: Int32, spool: Int32) {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure(path) }
    let spool = makeSpool(beside: path)
    guard spool >= 0 else {
      let failure = failure("a temporary file beside " + path)
      _ = Glibc.close(file)
      throw failure
    }
    return (file, spool)
  }

  deinit {
    _ = Glibc.close(file)
    _ = Glibc.close(spool)
  }

  /// A file that nobody else sees, and that goes away with the process.
  private static func makeSpool(beside path: String) -> Int32 {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    // O_TMPFILE, which Glibc's header hides behind a feature macro; not every file system has it.
    let unnamed = Glibc.open(folder, O_RDWR | 0o20_000_000 | O_DIRECTORY | O_CLOEXEC, 0o600)
    if unnamed >= 0 { return unnamed }
    var name = Array("/tmp/netlab-har-XXXXXX".utf8CString)
    let named = mkstemp(&name)
    if named >= 0 { unlink(name) }
    return named
  }

  /// Puts text aside.
  mutating func put(aside text: borrowing TextBuffer) throws -> Extent {
    let extent = Extent(offset: spooled, count: text.count)
    waiting.append(text)
    spooled += text.count
    if waiting.count >= 1 << 16 { try flushWaiting() }
    return extent
  }

  /// Writes what was put aside into the file.
  mutating func append(_ extent: Extent) throws {
    try flushWaiting()
    var offset = extent.offset
    let end = extent.offset + extent.count
    var block = [UInt8](repeating: 0, count: min(max(extent.count, 1), 1 << 16))
    while offset < end {
      let wanted = min(block.count, end - offset)
      let count = block.withUnsafeMutableBytes {
        pread(spool, $0.baseAddress, wanted, off_t(offset))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure("a temporary file beside " + path) }
      block.withUnsafeBytes { text.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += count
      try flushIfFull()
    }
  }

  mutating func flushIfFull() throws {
    if text.count >= 1 << 16 { try flush() }
  }

  mutating func flush() throws {
    let (file, path) = (file, path)
    try text.withBytes { (bytes: UnsafeRawBufferPointer) throws in
      try Self.write(bytes, to: file, path)
    }
    text.removeAll()
  }

  private mutating func flushWaiting() throws {
    guard waiting.count > 0 else { return }
    let (spool, path) = (spool, path)
    try waiting.withBytes { (bytes: UnsafeRawBufferPointer) throws in
      try Self.write(bytes, to: spool, path)
    }
    waiting.removeAll()
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32, _ path: String) throws
  {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(file, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private static func failure(_ path: String) -> Failure {
    let isFull = errno == ENOSPC
    return Failure(
      .write, "cannot write \(path): " + String(cString: strerror(errno)),
      remedy: isFull ? "make room on the disk, or write elsewhere" : "")
  }
}

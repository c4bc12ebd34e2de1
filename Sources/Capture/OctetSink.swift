import CZlib
import Glibc

/// Where a capture file is written to: a file, a pipe or standard output, in blocks of 256 KiB,
/// through gzip where asked. What stands in the buffer is whole records, so that what is flushed
/// is a file that every reader takes.
struct OctetSink: ~Copyable {
  static let blockSize = 256 << 10

  /// The file as messages name it.
  let name: String
  let descriptor: Int32
  private let isRegular: Bool
  private var isOpen: Bool
  private var deflation: GzipDeflation?

  private(set) var buffer: UnsafeMutableRawPointer
  private var capacity: Int
  /// Octets in the buffer.
  var count = 0
  /// Octets given to the system so far; of gzip, the compressed ones.
  private(set) var octetsWritten = 0

  /// How a write failed.
  struct Failure: Error {
    let code: Int32
    /// Octets of the buffer that were written all the same; 0 where gzip makes that unknown.
    let kept: Int
  }

  /// Opens the file, emptying it; `-` is standard output.
  ///
  /// - Parameters:
  ///   - source: A descriptor that is being read from, which must not be the same file; -1 for
  ///     none.
  init(path: String, compress: Bool, source: Int32) throws(CaptureError) {
    let target = try OctetSink.open(path, source: source)
    self.init(target, compress ? GzipDeflation() : nil)
  }

  private init(_ target: Target, _ deflation: GzipDeflation?) {
    name = target.name
    descriptor = target.descriptor
    isRegular = target.isRegular
    isOpen = target.isOurs
    self.deflation = deflation
    capacity = OctetSink.blockSize
    buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
  }

  private struct Target {
    var name: String
    var descriptor: Int32
    var isOurs = true
    var isRegular = false
  }

  private static func open(_ path: String, source: Int32) throws(CaptureError) -> Target {
    var target: Target
    if path == "-" {
      target = Target(name: "standard output", descriptor: STDOUT_FILENO, isOurs: false)
      guard isatty(STDOUT_FILENO) == 0 else {
        throw CaptureError(
          .write, "standard output is a terminal, packets in binary are not written to it",
          remedy: "name a file: -w FILE, or pipe it on: -w - | tcpdump -r -")
      }
    } else {
      // Not O_TRUNC: it could be the file that is being read.
      target = Target(
        name: path, descriptor: Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666))
      guard target.descriptor >= 0 else { throw openError(path, errno) }
    }
    var status = stat()
    _ = fstat(target.descriptor, &status)
    target.isRegular = status.st_mode & S_IFMT == S_IFREG
    var other = stat()
    if target.isRegular, source >= 0, fstat(source, &other) == 0, other.st_dev == status.st_dev,
      other.st_ino == status.st_ino
    {
      if target.isOurs { Glibc.close(target.descriptor) }
      throw CaptureError(
        .write, "\(target.name) is the file that is being read, and would be destroyed",
        remedy: "write to another file, then rename it")
    }
    if target.isRegular, target.isOurs { ftruncate(target.descriptor, 0) }
    return target
  }

  deinit {
    buffer.deallocate()
    if isOpen { Glibc.close(descriptor) }
  }

  /// True when `size` more octets fit without writing.
  @inline(__always) func hasRoom(_ size: Int) -> Bool { capacity &- count >= size }

  /// Makes the empty buffer large enough for one record.
  mutating func grow(to size: Int) {
    guard count == 0, size > capacity else { return }
    buffer.deallocate()
    buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    capacity = size
  }

  /// Writes the buffer out and empties it.
  ///
  /// - Parameter sync: Through gzip, bring out everything put in, at the cost of compression.
  mutating func drain(sync: Bool) throws(Failure) {
    guard count > 0 || sync else { return }
    if let deflation {
      try deflate(deflation, sync ? Z_SYNC_FLUSH : Z_NO_FLUSH)
    } else {
      try writeAll(UnsafeRawBufferPointer(start: buffer, count: count))
    }
    count = 0
  }

  /// Writes everything out and closes the file.
  mutating func close() throws(Failure) {
    if let deflation {
      try deflate(deflation, Z_FINISH)
    } else {
      try drain(sync: false)
    }
    count = 0
    guard isOpen else { return }
    isOpen = false
    // Some file systems (NFS, quotas) tell of a full disk only here.
    if Glibc.close(descriptor) != 0, errno != EINTR { throw Failure(code: errno, kept: 0) }
  }

  /// Takes back the octets of a record that was written in part.
  ///
  /// - Parameter excess: Octets at the end of the file that are no whole record.
  func cutBack(_ excess: Int) {
    guard isRegular, excess > 0 else { return }
    let position = lseek(descriptor, 0, SEEK_CUR)
    guard position >= excess else { return }
    if ftruncate(descriptor, position - excess) == 0 {
      lseek(descriptor, position - excess, SEEK_SET)
    }
  }

  private mutating func deflate(_ deflation: GzipDeflation, _ flush: Int32) throws(Failure) {
    deflation.supply(UnsafeRawBufferPointer(start: buffer, count: count))
    repeat {
      let made = deflation.deflate(flush)
      do {
        try writeAll(made)
      } catch {
        throw Failure(code: error.code, kept: 0)
      }
    } while deflation.hasMore
  }

  private mutating func writeAll(_ octets: UnsafeRawBufferPointer) throws(Failure) {
    var done = 0
    while done < octets.count, let start = octets.baseAddress {
      let wrote = write(descriptor, start + done, octets.count - done)
      if wrote >= 0 {
        done += wrote
        octetsWritten += wrote
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Standard output may be a pipe that somebody else made non-blocking.
        var target = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&target, 1, -1)
      case let code:
        throw Failure(code: code, kept: done)
      }
    }
  }

  private static func openError(_ path: String, _ code: Int32) -> CaptureError {
    switch code {
    case EACCES, EPERM, EROFS:
      CaptureError(
        .permission, "no permission to write \(path): \(systemMessage(code))",
        remedy: "name a file in a directory of yours: -w ~/capture.pcapng")
    case ENOENT:
      CaptureError(.write, "there is no directory for \(path)", remedy: "make it first: mkdir -p")
    case EISDIR:
      CaptureError(.write, "\(path) is a directory", remedy: "name a file in it")
    default:
      CaptureError(.write, "cannot write \(path): \(systemMessage(code))")
    }
  }
}

/// Deflates to gzip (RFC 1952) on the fly.
final class GzipDeflation {
  private static let outputSize = 64 << 10
  private let output: UnsafeMutableRawPointer
  /// Behind a pointer, since zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  /// The output was filled; there is more to come out.
  var hasMore: Bool { stream.pointee.avail_out == 0 }

  /// Takes 270 kB; fails only where there is no memory, and then gives no octets.
  init() {
    output = UnsafeMutableRawPointer.allocate(
      byteCount: GzipDeflation.outputSize, alignment: 16)
    stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for "gzip header and trailer".
    _ = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// `octets` are what is compressed next, and stay where they are until then.
  func supply(_ octets: UnsafeRawBufferPointer) {
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: octets.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(truncatingIfNeeded: octets.count)
  }

  /// The next compressed octets, valid until the next call.
  func deflate(_ flush: Int32) -> UnsafeRawBufferPointer {
    stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(GzipDeflation.outputSize)
    _ = CZlib.deflate(stream, flush)
    return UnsafeRawBufferPointer(
      start: output, count: GzipDeflation.outputSize - Int(stream.pointee.avail_out))
  }
}

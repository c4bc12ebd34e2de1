import Glibc

/// The octets of a file, a pipe or standard input, read in blocks of 64 KiB and inflated on the
/// way when they are gzip. Holds one block, and beyond it at most the one record being read.
///
/// Blocks of this size through read(2) cost less than mapping the file (page faults), and memory
/// stays the same however large the file is.
struct OctetSource: ~Copyable {
  static let blockSize = 64 << 10

  /// The file as messages name it.
  let name: String
  let descriptor: Int32
  private let closesDescriptor: Bool
  private let isRegular: Bool
  /// Readable when the user wants to end; -1 for none.
  private let stop: Int32

  /// The octets not yet consumed are `start..<end` of `buffer`.
  private(set) var buffer: UnsafeMutableRawPointer
  private var capacity: Int
  var start = 0
  private(set) var end = 0
  /// Nothing more will come.
  private(set) var isFinished = false
  /// The user ended the reading, so a record begun is no fault of the file.
  private(set) var isStopped = false
  /// What is wrong at the end of the octets, reported once those before it were delivered.
  private(set) var endError: CaptureError?

  private var inflation: GzipInflation?
  private var growth: FileGrowth?

  /// True while gzip is inflated on the way.
  var isCompressed: Bool { inflation != nil }
  /// Octets ready to be read.
  @inline(__always) var available: Int { end &- start }

  /// Opens a file; `-` is standard input.
  /// - Throws: `CaptureError` of kind `.file`, `.permission` or `.read`.
  init(path: String, follow: Bool, stop: Int32) throws(CaptureError) {
    let opened: Int32
    if path == "-" {
      name = "standard input"
      opened = STDIN_FILENO
      guard isatty(STDIN_FILENO) == 0 else {
        throw CaptureError(
          .file, "standard input is a terminal, not a capture",
          remedy: "pipe one in, as in: tcpdump -w - | netlab read -")
      }
    } else {
      name = path
      // Without O_NONBLOCK, opening a named pipe would wait for its writer where Ctrl-C is not
      // looked at; poll(2) does the waiting below.
      opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard opened >= 0 else { throw OctetSource.openError(path, errno) }
    }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let code = errno
      if path != "-" { close(opened) }
      throw CaptureError(.read, "cannot read \(name): \(systemMessage(code))")
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      if path != "-" { close(opened) }
      throw CaptureError(
        .file, "\(name) is a directory, not a capture file",
        remedy: "name a file in it; to see them: ls \(path)")
    }
    descriptor = opened
    closesDescriptor = path != "-"
    isRegular = status.st_mode & S_IFMT == S_IFREG
    self.stop = stop
    capacity = OctetSource.blockSize
    buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    growth = follow && isRegular ? FileGrowth(descriptor: opened, stop: stop) : nil
  }

  /// Octets that are in memory already.
  init(octets: [UInt8], name: String) {
    self.name = name
    descriptor = -1
    closesDescriptor = false
    isRegular = true
    stop = -1
    capacity = max(octets.count, OctetSource.blockSize)
    buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    octets.withUnsafeBytes { bytes in
      if let first = bytes.baseAddress { buffer.copyMemory(from: first, byteCount: bytes.count) }
    }
    end = octets.count
    isFinished = true
  }

  deinit {
    buffer.deallocate()
    if closesDescriptor { close(descriptor) }
  }

  /// Makes at least `count` octets available from `start`.
  ///
  /// - Parameters:
  ///   - count: Octets wanted; the buffer grows as they really come, never by this number alone.
  ///   - idle: Called before every wait for a pipe or a growing file, to flush what was printed.
  /// - Returns: False when the input ends before.
  mutating func have(_ count: Int, idle: () throws -> Void) throws -> Bool {
    while end - start < count {
      if isFinished { return false }
      makeRoom()
      let got: Int
      if inflation == nil {
        got = try readBlock(into: buffer + end, capacity - end, idle)
        if got == 0 { isFinished = true }
      } else {
        got = try inflateBlock(idle)
      }
      end += got
    }
    return true
  }

  /// The first octets, as many as there are of `count`, copied.
  mutating func prefix(_ count: Int, idle: () throws -> Void) throws -> [UInt8] {
    _ = try have(count, idle: idle)
    return [UInt8](UnsafeRawBufferPointer(start: buffer + start, count: min(count, available)))
  }

  /// Takes what follows as gzip.
  mutating func inflateFromHere() throws {
    let inflation = try GzipInflation(
      name: name, first: UnsafeRawBufferPointer(start: buffer + start, count: available))
    self.inflation = inflation
    start = 0
    end = 0
    // What looked like the end was the end of the compressed octets.
    isFinished = false
  }

  /// Moves the octets left to the front, and doubles the buffer when they fill all of it.
  private mutating func makeRoom() {
    if start > 0 {
      buffer.copyMemory(from: buffer + start, byteCount: end - start)
      end -= start
      start = 0
    }
    guard end == capacity else { return }
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity * 2, alignment: 16)
    larger.copyMemory(from: buffer, byteCount: end)
    buffer.deallocate()
    buffer = larger
    capacity *= 2
  }

  private mutating func inflateBlock(_ idle: () throws -> Void) throws -> Int {
    guard let inflation else { return 0 }
    while true {
      switch inflation.inflate(into: buffer + end, capacity - end) {
      case .octets(let count):
        return count
      case .needsInput:
        let got = try readBlock(into: inflation.input, GzipInflation.inputSize, idle)
        if got > 0 {
          inflation.supply(got)
        } else {
          isFinished = true
          if !isStopped, inflation.isInsideMember {
            endError = CaptureError(
              .file, "the gzip data of \(name) ends too early",
              remedy: "the file was cut; copy or download it again")
          }
          return 0
        }
      case .end:
        isFinished = true
        return 0
      case .damaged(let detail):
        isFinished = true
        endError = CaptureError(
          .file, "the gzip data of \(name) is damaged: \(detail)",
          remedy: "copy or download the file again")
        return 0
      }
    }
  }

  /// The next octets as the system has them; 0 at the end. Waits where more may come.
  private mutating func readBlock(
    into target: UnsafeMutableRawPointer, _ room: Int, _ idle: () throws -> Void
  ) throws -> Int {
    guard descriptor >= 0 else { return 0 }
    while true {
      if !isRegular, try !waitUntilReadable(idle) {
        isStopped = true
        return 0
      }
      let got = read(descriptor, target, room)
      if got > 0 {
        growth?.position += got
        return got
      }
      if got == 0 {
        guard let growth else { return 0 }
        try idle()
        switch growth.wait() {
        case .changed: continue
        case .stopped:
          isStopped = true
          return 0
        case .replaced(let how):
          endError = CaptureError(
            .read, "\(name) was \(how) while it was followed",
            remedy: "to follow the new file: netlab read --follow \(name)")
          return 0
        }
      }
      switch errno {
      case EINTR, EAGAIN: continue
      case let code:
        throw CaptureError(.read, "cannot read on in \(name): \(systemMessage(code))")
      }
    }
  }

  /// Waits for a pipe; false when the user ended it.
  private func waitUntilReadable(_ idle: () throws -> Void) throws -> Bool {
    var sources = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
    ]
    var timeout: Int32 = 0
    while true {
      let ready = poll(&sources, 2, timeout)
      if ready > 0 { return sources[1].revents == 0 }
      if ready < 0, errno != EINTR {
        throw CaptureError(.read, "cannot wait for \(name): \(systemMessage(errno))")
      }
      if timeout == 0 {
        try idle()
        timeout = -1
      }
    }
  }

  private static func openError(_ path: String, _ code: Int32) -> CaptureError {
    switch code {
    case ENOENT:
      CaptureError(
        .file, "there is no file \(path)", remedy: "check the name and the directory: ls; pwd")
    case EACCES, EPERM:
      CaptureError(
        .permission, "no permission to read \(path)",
        remedy: "have its owner allow it: sudo chmod a+r \(path)")
    case ENXIO:
      CaptureError(.file, "\(path) is a socket or a missing device, not a capture file")
    default:
      CaptureError(.file, "cannot open \(path): \(systemMessage(code))")
    }
  }
}

/// Error numbers of the system that are told apart.
enum Errno {
  static let closedPipe = EPIPE
  static let full = ENOSPC
  static let quota = EDQUOT
  static let tooLarge = EFBIG
}

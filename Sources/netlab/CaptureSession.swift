import Capture
import Console
import Glibc
import PacketCore

/// One live capture from its first frame to the counts at its end: the writer first, then the
/// printer, which may lag behind.
struct CaptureSession: ~Copyable {
  private var pipeline: Pipeline
  private var files: RingOfFiles
  private var writer: CaptureFileWriter?
  private let writing: WriteOptions
  private let isPrinting: Bool
  /// Asked for each frame; the options themselves are too slow to ask.
  private let isWriting: Bool
  private let names: [String]
  private let interfaces: [CaptureInterface]
  private var queue = FrameQueue()
  private var hasToldLag = false
  private var captured = 0

  /// Frames printed between two looks at the kernel's buffer.
  private static let printedPerRound = 256
  /// Frames waiting to be printed that are worth a word.
  private static let lag = 50_000

  init(
    interfaces: [CaptureInterface], pipeline: consuming Pipeline, files: RingOfFiles,
    writing: WriteOptions, isPrinting: Bool
  ) throws {
    self.interfaces = interfaces
    names = interfaces.map(\.name)
    self.pipeline = pipeline
    self.files = files
    self.writing = writing
    self.isPrinting = isPrinting
    isWriting = writing.path != nil
  }

  /// Captures until a signal, a condition or an error ends it, and tells the counts.
  mutating func run(_ live: inout LiveCapture) throws {
    let stop = try LiveStop()
    stop.catchSignals()
    write(standardError: "Capturing on " + names.map { "'\($0)'" }.joined(separator: ", ") + "\n")
    var failure: (any Error)?
    do {
      _ = try perform(files.begin(at: .now()))
      _ = try live.run(
        stop: stop, pause: { pause in try self.rest(pause) },
        { bytes, header in try self.accept(bytes, header) })
    } catch {
      failure = error
    }
    do {
      try finish(live.statistics())
    } catch {
      failure = failure ?? error
    }
    tellCounts(live.statistics())
    // A full disk, a lost interface: told after what was captured is safe.
    if let failure { throw failure }
  }

  /// One frame: written, then printed or put into the queue.
  private mutating func accept(_ bytes: RawSpan, _ header: FrameHeader) throws -> Bool {
    captured &+= 1
    guard isWriting else {
      try show(bytes, header)
      return files.wrote(octetsInFile: 0) ? try perform(files.look(at: .now())) : true
    }
    try writer?.write(bytes, header)
    if isPrinting { queue.append(bytes, header) }
    guard files.wrote(octetsInFile: UInt64(writer?.size ?? 0)) else { return true }
    return try perform(files.look(at: .now()))
  }

  /// Between two rounds: prints what waits, flushes, rotates files.
  private mutating func rest(_ pause: LiveCapture.Pause) throws -> LiveCapture.Next {
    guard try perform(files.look(at: .now())) else { return .end }
    if pause.isIdle { try writer?.flush() }
    let waiting = queue.count
    if waiting > 0 {
      if waiting > Self.lag, !hasToldLag {
        hasToldLag = true
        write(standardError: "netlab: printing lags behind; the file is complete\n")
      }
      try printQueue(Self.printedPerRound)
    }
    if pause.isIdle || waiting > 0 { try pipeline.flush() }
    if queue.count > 0 { return .captureUntil(.now) }
    return files.wake(after: .now()).map { .captureUntil($0) } ?? .capture
  }

  private mutating func printQueue(_ limit: Int) throws {
    try Self.print(&queue, limit, names, through: &pipeline)
  }

  private static func print(
    _ queue: inout FrameQueue, _ limit: Int, _ names: [String],
    through pipeline: inout Pipeline
  ) throws {
    try queue.take(limit) { bytes, header in
      let name = names[min(Int(header.point.interface), names.count - 1)]
      _ = try pipeline.process(bytes, header) { $0.interfaceName = name }
    }
  }

  private mutating func show(_ bytes: RawSpan, _ header: FrameHeader) throws {
    guard isPrinting else { return }
    let name = names[min(Int(header.point.interface), names.count - 1)]
    _ = try pipeline.process(bytes, header) { $0.interfaceName = name }
  }

  /// Carries out what the ring of files decided; false when the capture is to end.
  private mutating func perform(_ actions: [RingOfFiles.Action]) throws -> Bool {
    // The last file is closed by `finish`, behind the counts of the interfaces.
    guard !actions.contains(.end) else { return false }
    for action in actions {
      switch action {
      case .close:
        try writer?.close()
        writer = nil
      case .delete(let path): unlink(path)
      case .open(let path):
        guard isWriting else { continue }
        writer = try CaptureFileWriter(
          path, format: writing.format(nanoseconds: true), interfaces: interfaces,
          application: "netlab " + Program.version)
        try writer?.flush()
      case .end: break
      }
    }
    return true
  }

  private mutating func finish(_ statistics: [LiveStatistics]) throws {
    try writer?.writeStatistics(
      statistics.enumerated().map { index, counts in
        CaptureStatistics(
          interface: index, received: counts.countsReceivedOnce ? counts.received : nil,
          dropped: counts.droppedByKernel)
      }, at: .now)
    try writer?.close()
    writer = nil
    try printQueue(.max)
    try pipeline.finish()
  }

  private func tellCounts(_ statistics: [LiveStatistics]) {
    func counted(_ number: some BinaryInteger, _ what: String) -> String {
      "\(number) packet\(number == 1 ? "" : "s") \(what)\n"
    }
    var text = counted(captured, "captured")
    if statistics.allSatisfy(\.countsReceivedOnce) {
      text += counted(statistics.reduce(0) { $0 + $1.received }, "received by filter")
    }
    text += counted(statistics.reduce(0) { $0 + $1.droppedByKernel }, "dropped by kernel")
    let lost = statistics.reduce(0) { $0 + $1.droppedByInterface }
    if lost > 0 { text += counted(lost, "dropped by interface") }
    if queue.skipped > 0 {
      text += counted(queue.skipped, "written but not printed: printing could not keep up")
    }
    write(standardError: text)
  }
}

import Capture
import Console
import Cryptography
import DisplayFilter
import Glibc
import PacketCore
import Projection
import Protocols

/// From octets to text: dissects a frame, asks the display filter, prints.
struct Pipeline: ~Copyable {
  private var dissector: Dissector
  private var dissection = Dissection()
  private let filter: DisplayFilter?
  private let printer: any PacketPrinter
  // Asked for each frame; looking at an optional copies what it holds.
  private let isFiltering: Bool
  private let isPrinting: Bool
  private let printsMessagesOnly: Bool
  private var output = StandardOutput()
  private let isFlushedPerFrame: Bool
  /// Frames that were taken, the ones left out included.
  private(set) var frames = 0

  /// - Parameters:
  ///   - keys: What Fernet tokens are opened with.
  ///   - isFlushedPerFrame: Whether each line is passed on at once.
  init(
    registry: Registry, filter: DisplayFilter?, printer: (any PacketPrinter)?,
    keys: TokenReading, isFlushedPerFrame: Bool
  ) throws {
    dissector = Dissector(registry)
    if printer?.asksAboutPackets == true { dissector.keepPackets() }
    if printer?.showsAnalysis == false { dissector.memory(of: TCP.self)?.isAnalysing = false }
    keys.apply(to: dissector.memory(of: Fernet.self))
    self.filter = filter
    isFiltering = filter != nil
    isPrinting = printer != nil
    printsMessagesOnly = printer?.wantsMessagesOnly ?? false
    self.printer = printer ?? NoPrinter()
    self.isFlushedPerFrame = isFlushedPerFrame
    printer?.begin(into: &output.buffer)
    if isFlushedPerFrame { try output.flush() }
  }

  /// Dissects, filters and prints one frame.
  ///
  /// - Parameters:
  ///   - describe: Adds what only some sources know (comments, the interface's name).
  /// - Returns: Whether the display filter let it through.
  @inline(__always)  // And with it what describes the frame.
  mutating func process(
    _ bytes: RawSpan, _ header: FrameHeader, describe: (inout Dissection) -> Void
  ) throws -> Bool {
    frames += 1
    dissector.dissect(bytes, header, into: &dissection)
    describe(&dissection)
    if _slowPath(isFiltering), filter?.matches(dissection, in: bytes) == false { return false }
    guard _fastPath(isPrinting) else { return true }
    if !printsMessagesOnly || !dissection.messages.isEmpty || !dissection.verdicts.isEmpty {
      printer.print(dissection, bytes, into: &output.buffer)
    }
    dissector.noteDisplayed()
    if _slowPath(isFlushedPerFrame) { try output.flush() } else { try output.flushIfFull() }
    return true
  }

  /// Leaves a frame out, which keeps its number.
  mutating func skip() {
    frames += 1
    dissector.skip()
  }

  /// Passes on what was printed so far.
  mutating func flush() throws { try output.flush() }

  /// Ends the capture, and the output: what the end completes, and what stands after the last packet.
  mutating func finish() throws {
    if printer.wantsEnd {
      dissector.end(into: &dissection)
      let nothing: [UInt8] = []
      printer.print(dissection, nothing.span.bytes, into: &output.buffer)
    }
    printer.end(into: &output.buffer)
    try output.flush()
    dissector.leaveMemory()
  }
}

/// Prints nothing.
private final class NoPrinter: PacketPrinter {
  func print(_ dissection: borrowing Dissection, _ frame: RawSpan, into text: inout TextBuffer) {}
}

extension Pipeline {
  /// Takes the frames of a capture file to its end, and ends the output.
  ///
  /// - Parameters:
  ///   - captureFilter: Only packets that pass this libpcap filter.
  ///   - limit: No more packets than these.
  mutating func readFile(
    _ path: String, captureFilter: String? = nil, limit: UInt64 = .max
  ) throws {
    var filter = try captureFilter.map { try CaptureFilter($0, linkType: .ethernet) }
    var reader = try CaptureFileReader(path, follow: false, stop: -1)
    var names = InterfaceNames(reader.interfaceTable)
    do {
      try reader.forEachBlock(idle: { try flush() }) { block, octets in
        guard block.isFrame else { return true }
        if try filter?.matches(octets, block.header) ?? true {
          _ = try process(octets, block.header) { names.describe(block, &$0) }
        } else {
          skip()
        }
        return frames < limit
      }
    } catch let error as CaptureError {
      // What was read so far is printed before the fault is told.
      try finish()
      throw error
    }
    try finish()
  }
}

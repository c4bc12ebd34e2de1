import PacketCore

/// Reads the frames of a capture file: pcap of either resolution and byte order, or pcapng, plain
/// or gzip, from a file, a pipe or standard input, in constant memory.
///
/// ```swift
/// var reader = try CaptureFileReader("chat.pcapng")
/// try reader.forEachFrame { octets, header in
///   print(header.number, header.capturedLength)
///   return true
/// }
/// ```
///
/// A file that is cut or contradicts itself gives all frames before that place, then the error.
public struct CaptureFileReader: ~Copyable {
  /// The two families of files.
  public enum Format: Sendable {
    case pcap
    case pcapng
  }

  /// Which of them this file is.
  public internal(set) var format = Format.pcap
  /// True when times finer than a microsecond may occur: a nanosecond pcap, or a pcapng file of
  /// which an interface described so far counts so.
  public internal(set) var hasNanoseconds = false
  /// The interfaces described so far; may be read while the frames are walked.
  public let interfaceTable: CaptureInterfaceTable
  /// Frames given so far.
  public internal(set) var frameCount = 0

  /// The interfaces described so far, section by section, as `FrameHeader.point` counts them.
  public var interfaces: [[CaptureInterface]] { interfaceTable.sections }
  /// True when the file is gzip.
  public var isCompressed: Bool { source.isCompressed }
  /// The open file, for a caller that must know which it is.
  public var descriptor: Int32 { source.descriptor }

  // What the readers of the two formats (PcapReading, PcapngReading) work on.
  var source: OctetSource
  var pcap = PcapLayout()
  var pcapng = PcapngSection()
  /// The record or block at `source.start`.
  var current = CurrentBlock()

  /// Where the parts of the present block are.
  @usableFromInline
  struct CurrentBlock {
    var type: UInt32 = 0
    /// Octets from `source.start`.
    var length = 0
    @usableFromInline var isFrame = false
    var isPcapng = false
    /// "The byte order of the section": the Byte-Order Magic of pcapng decides, section by section, the
    /// magic of a pcap file for all of it.
    var isBigEndian = false
    /// Offset of the frame's octets in the block.
    var frameStart = 0
    @usableFromInline var options = 0..<0
    @usableFromInline var header = FrameHeader(
      capturedLength: 0, originalLength: 0, linkType: .null)

    /// The frame's octets; none when this is no frame.
    @inline(__always)
    func frame(of start: UnsafeRawPointer) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(
        start: start + frameStart, count: isFrame ? header.capturedLength : 0)
    }
  }

  /// Opens a capture file and reads its header.
  ///
  /// - Parameters:
  ///   - path: The file; `-` is standard input.
  ///   - follow: At the end of a regular file, wait for more instead of ending.
  ///   - stop: A descriptor that becomes readable when the user wants to end (an eventfd or the
  ///     read end of a pipe), looked at whenever the reader has to wait; the reading then ends
  ///     like at the end of the file.
  ///   - idle: Called before every wait for octets.
  /// - Throws: `CaptureError` of kind `.file`, `.permission` or `.read`.
  public init(
    _ path: String, follow: Bool = false, stop: Int32 = -1, idle: () throws -> Void = {}
  ) throws {
    let source = try OctetSource(path: path, follow: follow, stop: stop)
    try self.init(source, idle)
  }

  /// Reads a capture file that is in memory.
  ///
  /// - Parameters:
  ///   - octets: The whole file.
  ///   - name: How errors call it.
  /// - Throws: `CaptureError` of kind `.file`.
  public init(octets: [UInt8], name: String = "the capture") throws {
    try self.init(OctetSource(octets: octets, name: name), {})
  }

  private init(_ source: consuming OctetSource, _ idle: () throws -> Void) throws {
    self.source = source
    interfaceTable = CaptureInterfaceTable()
    try readStart(idle)
  }

  /// Tells the format by the first octets, and reads the header of a pcap file.
  private mutating func readStart(_ idle: () throws -> Void) throws {
    var first = try source.prefix(4, idle: idle)
    if first.starts(with: [0x1F, 0x8B]) {
      try source.inflateFromHere()
      first = try source.prefix(4, idle: idle)
    }
    if source.isStopped { return }
    if first.isEmpty {
      throw source.endError
        ?? CaptureError(
          .file, "\(source.name) is empty",
          remedy: "the recording may have been ended before the first packet; record it again")
    }
    if PcapLayout.isMagic(first) {
      try readPcapHeader(idle)
    } else if first == [0x0A, 0x0D, 0x0D, 0x0A] {
      format = .pcapng
      current.isPcapng = true
      guard try source.have(12, idle: idle) else { throw endedEarly("its header") }
    } else if first.count < 4 {
      throw source.endError
        ?? CaptureError(
          .file, "\(source.name) is too short for a capture file (\(first.count) octets)")
    } else {
      throw ForeignFormat.error(
        name: source.name, first: try source.prefix(64, idle: idle),
        compressed: source.isCompressed)
    }
  }

  /// Calls `body` with the octets and the header of each frame, until it returns false, the file
  /// ends or the stop descriptor says so. Called again, goes on after the last frame given.
  ///
  /// - Parameters:
  ///   - idle: Called before every wait for a pipe or a followed file, to flush what was printed.
  ///   - body: Takes the frame; its octets are valid only inside.
  /// - Throws: What `body` throws; `CaptureError` when the file is at fault, after every frame
  ///   before the fault was given.
  public mutating func forEachFrame(
    idle: () throws -> Void = {}, _ body: (RawSpan, FrameHeader) throws -> Bool
  ) throws {
    while try advance(idle) {
      guard current.isFrame else { continue }
      let octets = current.frame(of: source.buffer + source.start)
      if !(try body(octets.bytes, current.header)) { return }
    }
  }

  /// Calls `body` with each block of the file in order, those between the frames included, until it
  /// returns false: to see comments, or to write the file again with nothing lost.
  ///
  /// - Parameters:
  ///   - idle: Called before every wait for a pipe or a followed file.
  ///   - body: Takes the block and the frame's octets (none when it is no frame), valid only
  ///     inside. A pcap file has blocks only of frames.
  /// - Throws: As `forEachFrame`.
  public mutating func forEachBlock(
    idle: () throws -> Void = {}, _ body: (borrowing CaptureBlock, RawSpan) throws -> Bool
  ) throws {
    while try advance(idle) {
      let start = UnsafeRawPointer(source.buffer + source.start)
      let goesOn = try withUnsafeMutablePointer(to: &current) { current in
        let block = CaptureBlock(UnsafePointer(current), at: start)
        return try body(block, block.frameOctets.bytes)
      }
      guard goesOn else { return }
    }
  }

  /// Moves to the next block; false at the end. An error is met again by the next call.
  @inline(__always)
  private mutating func advance(_ idle: () throws -> Void) throws -> Bool {
    source.start &+= current.length
    current.length = 0
    return format == .pcap ? try advancePcap(idle) : try advancePcapng(idle)
  }

  // MARK: - How a file ends

  /// The input is used up: nil error when the file may end here.
  func checkEnd(inside what: String) throws {
    if source.isStopped { return }
    if var error = source.endError {
      error.append(progress)
      throw error
    }
    if source.available > 0 { throw endedEarly(what) }
  }

  func endedEarly(_ what: String) -> CaptureError {
    CaptureError(
      .file, "\(source.name): the file ends in the middle of \(what)\(progress)",
      remedy: "it was cut, or is still being written; to wait for the rest: --follow")
  }

  /// The file says what cannot be.
  func damaged(_ what: String) -> CaptureError {
    CaptureError(
      .file, "\(source.name): \(what)\(progress)",
      remedy: "the file is damaged there; copy or record it again")
  }

  private var progress: String { " (after \(frameCount) frame\(frameCount == 1 ? "" : "s"))" }
}

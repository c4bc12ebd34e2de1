import PacketCore

/// Writes frames to a capture file: pcap or pcapng, plain or (for a name that ends in `.gz`) gzip,
/// to a file, a pipe or standard output.
///
/// ```swift
/// var writer = try CaptureFileWriter("chat.pcapng", interfaces: [CaptureInterface(linkType: .ethernet)])
/// try writer.write(octets, header)
/// try writer.close()
/// ```
///
/// Only whole records are handed to the system, so after a crash a file ends at worst inside the
/// last block, and after a full disk with a whole one. The program must ignore SIGPIPE, so that a
/// closed pipe is an error here and not its end.
public struct CaptureFileWriter: ~Copyable {
  /// How the file is written.
  public let format: CaptureFileFormat
  /// Frames taken so far.
  public internal(set) var framesWritten = 0
  /// Frames of these that the system has; the others are in the buffer.
  public private(set) var framesSaved = 0
  /// Octets that the file has, those in the buffer included (of gzip, those before compression are
  /// not counted until they are compressed).
  public var size: Int { sink.octetsWritten + sink.count }
  /// The open file, for a caller that gives it to another user.
  public var descriptor: Int32 { sink.descriptor }

  var sink: OctetSink
  let application: String
  let isCompressed: Bool
  /// The interfaces given at the start.
  let interfaces: [CaptureInterface]
  var hasBegun = false
  /// What pcap's one link type is, once known.
  var linkType: LinkType?
  var section = WrittenSection()
  /// Byte order of the section that the buffer begins in.
  private var bufferIsBigEndian = false
  /// Octets of the file header at the start of the buffer.
  var headerInBuffer = 0
  private var failure: CaptureError?

  /// Creates the file. Nothing is written before the first frame, block or `flush`.
  ///
  /// - Parameters:
  ///   - path: The file; `-` is standard output; a name that ends in `.gz` is compressed.
  ///   - format: How to write.
  ///   - interfaces: The interfaces that `FrameHeader.point` counts; frames of others get one
  ///     without a name. Copied sections bring their own.
  ///   - application: What wrote the file, such as `netlab 1.0` (`shb_userappl`).
  ///   - reading: The descriptor that frames are read from, so that a file is not written over
  ///     while it is read; -1 for none.
  /// - Throws: `CaptureError` of kind `.write` or `.permission`.
  public init(
    _ path: String, format: CaptureFileFormat = .pcapng, interfaces: [CaptureInterface] = [],
    application: String = "netlab", reading: Int32 = -1
  ) throws(CaptureError) {
    if case .pcap = format, let first = interfaces.first,
      let other = interfaces.first(where: { $0.linkType != first.linkType })
    {
      throw CaptureFileWriter.mixedLinkTypes(path, first.linkType, other.linkType)
    }
    let isCompressed = path.hasSuffix(".gz")
    let sink = try OctetSink(path: path, compress: isCompressed, source: reading)
    self.init(sink, isCompressed, format, interfaces, application)
  }

  private init(
    _ sink: consuming OctetSink, _ isCompressed: Bool, _ format: CaptureFileFormat,
    _ interfaces: [CaptureInterface], _ application: String
  ) {
    self.sink = sink
    self.isCompressed = isCompressed
    self.format = format
    self.interfaces = interfaces
    self.application = application
    linkType = interfaces.first?.linkType
  }

  /// Writes one frame.
  ///
  /// - Parameters:
  ///   - octets: The captured octets.
  ///   - header: Time, original length, link type and capture point; its number does not matter.
  ///   - comments: Comments of the frame; a pcap file has no place for them.
  /// - Throws: `CaptureError` of kind `.write`, also for what the format cannot say.
  public mutating func write(
    _ octets: RawSpan, _ header: FrameHeader, comments: [String] = []
  ) throws(CaptureError) {
    if let failure { throw failure }
    switch format {
    case .pcap(let nanoseconds):
      try writePcapFrame(octets, header, nanoseconds)
    case .pcapng:
      try writeEnhancedPacket(octets, header, comments)
    }
    framesWritten &+= 1
  }

  /// Writes a block of another file. From pcapng to pcapng it is copied as it stands, in its
  /// section's own byte order, options and all; otherwise a frame is written as `write` does, and
  /// what is no frame is left out.
  ///
  /// Blocks are to be copied in their order; frames may be left out, sections and interfaces not.
  /// - Throws: `CaptureError` of kind `.write`.
  public mutating func copy(_ block: borrowing CaptureBlock) throws(CaptureError) {
    if let failure { throw failure }
    if format == .pcapng, block.isPcapng, try copyRaw(block) {
      if block.frame != nil { framesWritten &+= 1 }
      return
    }
    guard let header = block.frame else { return }
    try write(block.frameOctets.bytes, header, comments: block.comments)
  }

  /// Hands everything to the system, so that a crash of this program loses nothing.
  /// - Throws: `CaptureError` of kind `.write`.
  public mutating func flush() throws(CaptureError) {
    if let failure { throw failure }
    try begin()
    try drain(sync: isCompressed)
  }

  /// Writes everything out and closes the file; nothing can be written after it.
  /// - Throws: `CaptureError` of kind `.write`.
  public mutating func close() throws(CaptureError) {
    if let failure { throw failure }
    try begin()
    do {
      try sink.close()
    } catch {
      throw fail(error)
    }
    framesSaved = framesWritten
    failure = CaptureError(.write, "\(sink.name) is closed")
  }

  // MARK: - For the two formats

  /// Writes the file header once.
  mutating func begin() throws(CaptureError) {
    guard !hasBegun else { return }
    hasBegun = true
    switch format {
    case .pcap(let nanoseconds): try writePcapHeader(nanoseconds)
    case .pcapng: try beginSection()
    }
  }

  /// Makes room for a record of `size` octets.
  @inline(__always)
  mutating func reserve(_ size: Int) throws(CaptureError) {
    if sink.hasRoom(size) { return }
    try drain(sync: false)
    sink.grow(to: size)
  }

  private mutating func drain(sync: Bool) throws(CaptureError) {
    do {
      try sink.drain(sync: sync)
    } catch {
      throw fail(error)
    }
    framesSaved = framesWritten
    bufferIsBigEndian = section.isBigEndian
    headerInBuffer = 0
  }

  /// Ends the writing after an error: cuts the file behind its last whole record.
  private mutating func fail(_ error: OctetSink.Failure) -> CaptureError {
    if !isCompressed {
      let (whole, frames) = wholeRecords(error.kept)
      sink.cutBack(error.kept - whole)
      framesSaved += frames
    }
    let saved =
      isCompressed
      ? "the file may hold fewer than the \(framesWritten) frames given to it"
      : "\(framesSaved) frame\(framesSaved == 1 ? " was" : "s were") saved"
    let failure =
      switch error.code {
      case Errno.closedPipe:
        CaptureError(
          .write, "whoever was reading \(sink.name) went away (\(saved))", isClosedPipe: true)
      case Errno.full, Errno.quota, Errno.tooLarge:
        CaptureError(
          .write, "cannot write \(sink.name): \(systemMessage(error.code)) (\(saved))",
          remedy: "make room, or write to another disk; to see what is free: df -h")
      default:
        CaptureError(
          .write, "cannot write \(sink.name): \(systemMessage(error.code)) (\(saved))")
      }
    self.failure = failure
    return failure
  }

  /// How many of the buffer's first `limit` octets are whole records, and frames among them.
  private func wholeRecords(_ limit: Int) -> (octets: Int, frames: Int) {
    let octets = UnsafeRawBufferPointer(start: sink.buffer, count: limit).bytes
    var offset = 0
    var frames = 0
    guard format == .pcapng else {
      offset = headerInBuffer
      guard offset <= limit else { return (0, 0) }
      while limit - offset >= PcapLayout.recordSize {
        let captured = octets.load(UInt32.self, at: offset + 8, bigEndian: false)
        let length = PcapLayout.recordSize + Int(captured)
        guard length <= limit - offset else { break }
        offset += length
        frames += 1
      }
      return (offset, frames)
    }
    var bigEndian = bufferIsBigEndian
    while limit - offset >= PcapngSection.emptyBlock {
      var type = octets.load(UInt32.self, at: offset, bigEndian: bigEndian)
      if type == CaptureBlock.Kind.section.rawValue {
        let magic = octets.load(UInt32.self, at: offset + 8, bigEndian: true)
        bigEndian = magic == PcapngSection.magic
        type = CaptureBlock.Kind.section.rawValue
      }
      let length = Int(octets.load(UInt32.self, at: offset + 4, bigEndian: bigEndian))
      guard length <= limit - offset else { break }
      offset += length
      if type == 6 || type == 3 || type == 2 { frames += 1 }
    }
    return (offset, frames)
  }

  static func mixedLinkTypes(
    _ name: String, _ first: LinkType, _ second: LinkType
  ) -> CaptureError {
    CaptureError(
      .write,
      "a pcap file has one link type, but there are \(first.rawValue) and \(second.rawValue) for \(name)",
      remedy: "write pcapng, which has one for each interface: leave out -F pcap")
  }
}

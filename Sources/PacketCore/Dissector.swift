/// Walks packets through a registry, one after the other, and keeps what the protocols remember
/// between them. Used from one thread at a time.
public struct Dissector: ~Copyable {
  public let registry: Registry
  public let limits: Limits
  /// Owned here; the walk uses unretained handles, which saves two atomic operations a layer.
  private let memories: [any LayerMemory]
  private let handles: [Unmanaged<AnyObject>]
  private let takesShortcuts: Bool
  /// The registry's shortcuts, where the walk would go the same way.
  private let frameWay: ShortcutWay?
  private let messageWay: ShortcutWay?
  private var count = 0
  private var hasBegun = false
  private var firstTime = Timestamp(seconds: 0, nanoseconds: 0)
  private var previousTime = Timestamp(seconds: 0, nanoseconds: 0)
  private var previousDisplayedTime: Timestamp?

  /// - Parameter takesShortcuts: False decodes every layer by itself, those too that nearly all look
  ///   alike and are read in a way of their own; for comparison.
  public init(_ registry: Registry, limits: Limits = Limits(), takesShortcuts: Bool = true) {
    self.registry = registry
    self.limits = limits
    self.takesShortcuts = takesShortcuts
    var shared: [ObjectIdentifier: any LayerMemory] = [:]
    memories = registry.layers.map { layer in
      let memory = layer.makeMemory(limits)
      guard type(of: memory).isShared else { return memory }
      let kind = ObjectIdentifier(type(of: memory))
      let first = shared[kind] ?? memory
      shared[kind] = first
      return first
    }
    for memory in memories { memory.streamHolder?.adopt(registry.streams, limits) }
    handles = memories.map { Unmanaged.passUnretained($0) }
    frameWay =
      takesShortcuts ? ShortcutWay(registry.frameShortcut, registry, limits, handles) : nil
    messageWay =
      takesShortcuts ? ShortcutWay(registry.messageShortcut, registry, limits, handles) : nil
  }

  deinit {
    frameWay?.memories.deallocate()
    messageWay?.memories.deallocate()
  }

  /// The program ends: what the protocols remember is left to the system, which takes it back as a whole.
  /// To let go of a million packets' connections one by one takes 1 % of the time of reading them.
  public func leaveMemory() {
    for memory in memories { _ = Unmanaged.passRetained(memory as AnyObject) }
  }

  /// Whether a message can be asked about every packet that carried it, and not only about the one
  /// that completes it. Costs a copy of the headers of packets that complete no message.
  public func keepPackets(_ isKept: Bool = true) {
    for memory in memories { memory.streamHolder?.keepsPackets = isKept }
  }

  /// What a protocol of this dissector remembers.
  public func memory<L: Layer>(of layer: L.Type) -> L.Memory? {
    for (type, memory) in zip(registry.layers, memories)
    where ObjectIdentifier(type) == ObjectIdentifier(layer) {
      return memory as? L.Memory
    }
    return nil
  }

  /// The packet dissected last was shown: it is what `frame.time_delta_displayed` counts from.
  public mutating func noteDisplayed() {
    if hasBegun { previousDisplayedTime = previousTime }
  }

  /// Leaves out the next frame of the capture, which keeps its number.
  public mutating func skip() { count &+= 1 }

  /// Dissects the next frame of the capture. Never throws: what cannot be read is a failure in the
  /// dissection, behind the layers that could.
  ///
  /// - Parameters:
  ///   - bytes: The frame's captured octets.
  ///   - header: What the capture says about it; its number is filled in here.
  ///   - dissection: Receives the result; what it held is forgotten.
  public mutating func dissect(
    _ bytes: RawSpan, _ header: FrameHeader, into dissection: inout Dissection
  ) {
    count &+= 1
    dissection.begin(header, number: count)
    dissection.takesShortcuts = takesShortcuts
    let time = header.time
    if _slowPath(!hasBegun) {
      hasBegun = true
      firstTime = time
      previousTime = time
    }
    dissection.firstTime = firstTime
    dissection.previousTime = previousTime
    dissection.previousDisplayedTime = previousDisplayedTime ?? time
    previousTime = time

    _ = dissection.push(
      Frame.self, start: 0, headerEnd: 0, end: bytes.byteCount,
      reportedEnd: header.originalLength)
    walkFrame(bytes, header, into: &dissection)
    if dissection.isContinued {
      continueWalk(bytes, into: &dissection)
      // A layer that stands on no stream may begin a message too, and names where it goes on.
      dissection.endMessage()
    }
    if dissection.unfinished != nil { resume(bytes, into: &dissection) }
  }

  /// Walks the frame from its first octet, or from where the shortcut leads.
  @inline(__always)
  private mutating func walkFrame(
    _ bytes: RawSpan, _ header: FrameHeader, into dissection: inout Dissection
  ) {
    if let way = frameWay, _fastPath(PayloadType.linkType(header.linkType).key == way.key),
      let next = way.type.walk(
        bytes, from: 0, to: bytes.byteCount, reportedEnd: header.originalLength,
        into: &dissection, memories: way.memories)
    {
      if dissection.goesElsewhere { return leave(way.last, &dissection) }
      let last = dissection.records.count &- 1
      let record = dissection.records[last]
      let end = record.payload.upperBound
      if record.payloadLength | record.missing == 0 { return }
      // What the shortcut has left to the walk it has looked at.
      dissection.takesShortcuts = false
      walk(
        bytes, from: record.payload.lowerBound, to: end, reportedEnd: end &+ Int(record.missing),
        as: next, behind: last, into: &dissection)
      dissection.takesShortcuts = true
      return
    }
    walk(
      bytes, from: 0, to: bytes.byteCount, reportedEnd: header.originalLength,
      as: .linkType(header.linkType), into: &dissection)
  }

  /// Walks what layers named as places to go on.
  @inline(__always)
  private mutating func continueWalk(_ frame: RawSpan, into dissection: inout Dissection) {
    while let next = dissection.takeContinuation() {
      if next.buffer == 0 {
        walkMessage(frame, next, into: &dissection)
      } else {
        // The walk adds buffers and never takes one away: the octets stay where they are.
        let extent = dissection.ownBuffers[next.buffer]
        walkMessage(
          UnsafeRawBufferPointer(start: extent.start, count: extent.count).bytes, next,
          into: &dissection)
      }
    }
  }

  /// Walks what stands at a place, or takes the shortcut.
  @inline(__always)
  private mutating func walkMessage(
    _ bytes: RawSpan, _ place: Continuation, into dissection: inout Dissection
  ) {
    let (start, end) = (place.range.lowerBound, place.range.upperBound)
    if let way = messageWay, _fastPath(place.type.key == way.key),
      let next = way.type.walk(
        bytes, from: start, to: end, reportedEnd: end, into: &dissection, memories: way.memories)
    {
      if dissection.goesElsewhere { return leave(way.last, &dissection) }
      let last = dissection.records.count &- 1
      let payload = dissection.records[last].payload
      walk(
        bytes, from: payload.lowerBound, to: payload.upperBound, reportedEnd: payload.upperBound,
        as: next, behind: last, into: &dissection)
      return
    }
    walk(bytes, from: start, to: end, reportedEnd: end, as: place.type, into: &dissection)
  }

  /// The payload of the layer just read is walked in a buffer of its own, or as a stream.
  ///
  /// - Parameter position: The layer's.
  @inline(__always)
  private func leave(_ position: Int, _ dissection: inout Dissection) {
    dissection.goesElsewhere = false
    if dissection.hasStream {
      // Said by this layer, and not by those of the messages that follow.
      dissection.hasStream = false
      dissection.unfinished = position
    }
  }

  /// A layer holds a stream with octets in it: asks for one message after the other, and walks each.
  @inline(__always)
  private mutating func resume(_ bytes: RawSpan, into dissection: inout Dissection) {
    while let position = dissection.unfinished {
      dissection.currentBuffer = 0
      let goesOn = registry.layers[position].resume(
        bytes, into: &dissection, memory: handles[position])
      if dissection.isContinued { continueWalk(bytes, into: &dissection) }
      dissection.endMessage()
      if !goesOn { dissection.unfinished = nil }
    }
  }

  /// The capture is over, or is given up: every stream that is still open ends.
  ///
  /// - Parameter dissection: Receives what that completes (messages, verdicts), under the number
  ///   and time of the last frame.
  public mutating func end(into dissection: inout Dissection) {
    var header = dissection.frame
    header.capturedLength = 0
    header.originalLength = 0
    let numbered = dissection.numbered
    dissection.begin(header, number: count)
    dissection.numbered = numbered
    _ = dissection.push(Frame.self, start: 0, headerEnd: 0, end: 0, reportedEnd: 0)
    let nothing: [UInt8] = []
    for position in registry.layers.indices {
      while registry.layers[position].endCapture(into: &dissection, memory: handles[position]) {
        continueWalk(nothing.span.bytes, into: &dissection)
        dissection.endMessage()
      }
    }
  }

  /// Mutating, though it changes nothing here: otherwise the dissector would be copied for the call.
  ///
  /// - Parameter taken: Layers of this walk that a shortcut has recorded.
  private mutating func walk(
    _ bytes: RawSpan, from first: Int, to last: Int, reportedEnd: Int, as type: PayloadType,
    behind taken: Int = 0, into dissection: inout Dissection
  ) {
    var type = type
    var start = first
    var end = last
    var reportedEnd = reportedEnd
    let limit = dissection.records.count &- taken &+ limits.layers
    // A message without octets is one all the same.
    var isEmptyMessage = first == last && type.space == .message
    while start < end || reportedEnd > end && start <= end || isEmptyMessage {
      isEmptyMessage = false
      guard let position = registry.position(for: type) else {
        if start < end {
          dissection.currentSpace = .nothing
          _ = dissection.push(
            Payload.self, start: start, headerEnd: end, end: end, reportedEnd: reportedEnd)
        }
        return
      }
      guard dissection.records.count < limit else {
        dissection.add(.tooManyLayers, at: dissection.layers.count - 1)
        return
      }
      let layer = registry.layers[position]
      dissection.currentSpace = type.space
      do {
        type = try layer.walk(
          bytes, from: start, to: end, reportedEnd: reportedEnd, into: &dissection,
          memory: handles[position])
      } catch {
        dissection.fail(layer, error, bytes, start: start, end: end, reportedEnd: reportedEnd)
        return
      }
      if dissection.goesElsewhere { return leave(position, &dissection) }
      let record = dissection.records[dissection.records.count &- 1]
      start = record.payload.lowerBound
      end = record.payload.upperBound
      reportedEnd = end &+ Int(record.missing)
    }
  }
}

extension FindingKind {
  /// The packet ends before its layers do, or contradicts itself.
  public static let malformed = FindingKind(
    "_ws.malformed", "Malformed Packet", .error, .malformed)
  /// The capture's snap length cut the packet.
  public static let cut = FindingKind(
    "_ws.short", "Packet size limited during capture", .note, .malformed)
  /// More layers than `Limits.layers`.
  public static let tooManyLayers = FindingKind(
    "_ws.too_many_layers", "More layers than are followed", .warning, .protocolError)

  /// The findings that belong to no protocol.
  public static let general: [FindingKind] = [.malformed, .cut, .tooManyLayers]
}

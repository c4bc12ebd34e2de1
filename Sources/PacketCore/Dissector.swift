/// Walks packets through a registry, one after the other, and keeps what the protocols remember
/// between them. Used from one thread at a time.
public struct Dissector: ~Copyable {
  public let registry: Registry
  public let limits: Limits
  /// Owned here; the walk uses unretained handles, which saves two atomic operations a layer.
  private let memories: [AnyObject]
  private let handles: [Unmanaged<AnyObject>]
  private var count = 0
  private var hasBegun = false
  private var firstTime = Timestamp(seconds: 0, nanoseconds: 0)
  private var previousTime = Timestamp(seconds: 0, nanoseconds: 0)
  private var previousDisplayedTime: Timestamp?

  public init(_ registry: Registry, limits: Limits = Limits()) {
    self.registry = registry
    self.limits = limits
    memories = registry.layers.map { $0.makeMemory(limits) }
    handles = memories.map { Unmanaged.passUnretained($0) }
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
    let time = header.time
    if !hasBegun {
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
    walk(
      bytes, reportedEnd: header.originalLength, as: .linkType(header.linkType), into: &dissection)
    while let next = dissection.takeContinuation() {
      let octets = dissection.buffers[next.buffer - 1]
      walk(octets.span.bytes, reportedEnd: octets.count, as: next.type, into: &dissection)
    }
  }

  /// Mutating, though it changes nothing here: otherwise the dissector would be copied for the call.
  private mutating func walk(
    _ bytes: RawSpan, reportedEnd: Int, as first: PayloadType, into dissection: inout Dissection
  ) {
    var type = first
    var start = 0
    var end = bytes.byteCount
    var reportedEnd = reportedEnd
    while start < end || reportedEnd > end && start <= end {
      guard let position = registry.position(for: type) else {
        if start < end {
          dissection.currentSpace = .nothing
          _ = dissection.push(
            Payload.self, start: start, headerEnd: end, end: end, reportedEnd: reportedEnd)
        }
        return
      }
      guard dissection.records.count < limits.layers else {
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
      // What the layer's payload is part of is walked in a buffer of its own.
      if dissection.isContinued { return }
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

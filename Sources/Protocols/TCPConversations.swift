import PacketCore

/// The TCP connections of one capture: what TCP remembers from frame to frame.
public final class TCPConversations: LayerMemory, StreamHolder {
  // One access to one property a packet, and inside the table the compiler itself sees that nothing
  // else reaches it: the check at run time would find nothing and costs 6 ns.
  @exclusivity(unchecked)
  private var table: TCPConnectionTable
  /// What the connections say.
  let streams: TCPStreams

  /// - Parameter limits: `connections` bounds the table.
  public init(limits: Limits) {
    table = TCPConnectionTable(limit: limits.connections)
    streams = TCPStreams(limits: limits)
  }

  public var streamHolder: (any StreamHolder)? { self }

  /// See `StreamHolder`.
  public func adopt(_ streams: [any StreamProtocol.Type], _ limits: Limits) {
    self.streams.protocols = streams
  }

  /// See `StreamHolder`.
  public var keepsPackets: Bool {
    get { streams.keepsPackets }
    set { streams.keepsPackets = newValue }
  }

  /// Whether segments are judged (retransmissions, windows, acknowledgments) and leave a note. Whoever
  /// shows nothing of TCP need not wait for it; streams do without.
  public var isAnalysing: Bool {
    get { table.isAnalysing }
    set {
      table.isAnalysing = newValue
      streams.isTracing = newValue
    }
  }

  /// Connections remembered now.
  public var count: Int { table.count }
  /// Connections that were forgotten to make room.
  public var forgotten: Int { table.forgotten }
  /// Segments that wait for their acknowledgment now, over all connections.
  public var waitingSegments: Int { table.waiting.inUse }
  /// Places for such segments, in use or free: what they cost in memory.
  public var waitingCapacity: Int { table.waiting.places }

  /// Takes a segment into its connection, and writes into the note what the connection knows.
  ///
  /// - Parameters:
  ///   - tcp: The header.
  ///   - segment: The same with length, frame and time. Only when its length is known does it move
  ///     the analysis.
  ///   - hasOptions: Whether the options could be read.
  /// - Returns: True when another connection had to be forgotten for this one.
  @inline(__always)
  func follow(
    _ tcp: TCP, _ segment: TCPSegment, hasOptions: Bool, _ ends: Endpoints, _ point: CapturePoint,
    note: inout TCPNote
  ) -> Bool {
    table.follow(tcp, segment, hasOptions: hasOptions, ends, point, note: &note)
  }

  /// See `TCPConnectionTable.hint`.
  @inline(__always)
  func hint(_ addresses: UInt64, _ ports: UInt32) -> TCPHint {
    let hint = table.hint(addresses, ports)
    if let (number, isFromHigh) = hint.connection { streams.expect(number, fromHigh: isFromHigh) }
    return hint
  }

  /// See `TCPConnectionTable.hint`.
  @inline(__always)
  func hint(_ ends: Endpoints, _ source: UInt16, _ destination: UInt16) -> TCPHint {
    table.hint(ends, source, destination)
  }

  /// See `TCPConnectionTable.plainConnection`.
  @inline(__always)
  func plainConnection(
    _ ends: Endpoints, _ source: UInt16, _ destination: UInt16, _ point: CapturePoint,
    _ hint: TCPHint
  ) -> TCPPlainPlace? {
    table.plainConnection(ends, source, destination, point, hint)
  }

  /// See `TCPConnectionTable.pass`.
  @inline(__always)
  func pass(_ number: UInt32) { table.pass(number) }

  /// See `TCPConnectionTable.followPlain`.
  @inline(__always)
  func followPlain(
    _ segment: TCPSegment, _ number: UInt32, fromHigh: Bool, note: inout TCPNote
  ) {
    table.followPlain(segment, number, fromHigh: fromHigh, note: &note)
  }
}

/// The two ends of a connection.
public enum Side: UInt8, Sendable, BitwiseCopyable {
  /// Opened the connection, or behaves like it.
  case client
  case server

  @inlinable public var other: Side { self == .client ? .server : .client }
}

/// One application message of a packet, or a part of one that is worth a word on the packet's line:
/// which of the packet's layers are its own, and which packets carried it.
public struct Message: Sendable, BitwiseCopyable {
  private var firstLayer: UInt32
  private var endLayer: UInt32
  private var firstPacket: UInt32
  private var endPacket: UInt32
  private var speaking: UInt32
  private var carrying: Int32
  private var count: UInt32
  private var ordinal: UInt32
  /// The stream.
  public let stream: StreamContext

  init(
    layers: Range<Int>, carrier: Int, speaker: Int, number: Int, octets: Int, packets: Range<Int>,
    stream: StreamContext
  ) {
    firstLayer = UInt32(truncatingIfNeeded: layers.lowerBound)
    endLayer = UInt32(truncatingIfNeeded: layers.upperBound)
    firstPacket = UInt32(truncatingIfNeeded: packets.lowerBound)
    endPacket = UInt32(truncatingIfNeeded: packets.upperBound)
    speaking = UInt32(truncatingIfNeeded: speaker)
    carrying = Int32(truncatingIfNeeded: carrier)
    count = UInt32(clamping: octets)
    ordinal = UInt32(truncatingIfNeeded: number)
    self.stream = stream
  }

  /// Its own layers, outermost first: indices in `Dissection.layers`.
  public internal(set) var layers: Range<Int> {
    get { Int(firstLayer)..<Int(endLayer) }
    set {
      firstLayer = UInt32(truncatingIfNeeded: newValue.lowerBound)
      endLayer = UInt32(truncatingIfNeeded: newValue.upperBound)
    }
  }
  /// The layer of an earlier message of this packet that carries it besides the transport, such as
  /// the HTTP body that polling packets stand in; -1 for none.
  public internal(set) var carrier: Int {
    get { Int(carrying) }
    set { carrying = Int32(truncatingIfNeeded: newValue) }
  }
  /// The layer that names it in the columns.
  public internal(set) var speaker: Int {
    get { Int(speaking) }
    set { speaking = UInt32(truncatingIfNeeded: newValue) }
  }
  /// The k of its id N.k, from 1; 0 for a part, which is not a message yet.
  public var number: Int { Int(ordinal) }
  /// Octets of the stream, or of the body it stands in, that hold it, framing included.
  public var octets: Int { Int(count) }
  /// Place in `Dissection.messagePackets` of the frames that carried it; empty when it was this one
  /// alone.
  var packets: Range<Int> { Int(firstPacket)..<Int(endPacket) }
  /// Whether this is the last of it, and not a part.
  public var isWhole: Bool { ordinal > 0 }

  /// The walk is done with it.
  ///
  /// - Parameter octets: How many hold it, for one that stands in octets of another.
  mutating func end(_ layers: Int, speaker: Int, octets: @autoclosure () -> Int) {
    endLayer = UInt32(truncatingIfNeeded: layers)
    speaking = max(UInt32(truncatingIfNeeded: speaker), firstLayer)
    if count == 0 { count = UInt32(clamping: octets()) }
  }
}

extension Dissection {
  /// Begins a message: the layers recorded from now on are its own, until the walk is done with it.
  ///
  /// - Parameters:
  ///   - firstLayer: Index of its first layer, where some are recorded already.
  ///   - octets: How many octets of the stream hold it.
  ///   - frames: The frames that carried it, in ascending order; empty when it was this one alone.
  ///   - isWhole: False for a part, such as a fragment that others follow.
  ///   - carrier: See `Message.carrier`.
  public mutating func beginMessage(
    from firstLayer: Int, octets: Int, frames: [Int] = [], isWhole: Bool = true, carrier: Int = -1
  ) {
    var packets = messagePackets.count..<messagePackets.count
    if !frames.isEmpty {
      if carrier >= 0, let last = messages.last?.packets,
        messagePackets[last].elementsEqual(frames)
      {
        // The packets of a body, one after the other: told once.
        packets = last
      } else {
        messagePackets += frames
        packets = packets.lowerBound..<messagePackets.count
      }
    }
    var number = 0
    if isWhole {
      numbered += 1
      number = numbered
    }
    messages.append(
      Message(
        layers: firstLayer..<firstLayer, carrier: carrier, speaker: firstLayer, number: number,
        octets: octets, packets: packets, stream: stream))
    isMessageOpen = true
  }

  /// Begins a message that this frame alone carried: nearly all are such.
  @inline(__always)
  public mutating func beginMessageAlone(from firstLayer: Int, octets: Int) {
    numbered &+= 1
    messages.append(
      Message(
        layers: firstLayer..<firstLayer, carrier: -1, speaker: firstLayer, number: numbered,
        octets: octets,
        packets: 0..<0, stream: stream))
    isMessageOpen = true
  }

  /// The walk is done with the message.
  mutating func endMessage() {
    guard isMessageOpen else { return }
    isMessageOpen = false
    messages.withLast { message in
      let first = message.layers.lowerBound
      message.end(
        records.count, speaker: speaking,
        octets: first < records.count ? records[first].range.count : 0)
    }
  }

  /// Adds the numbers of the frames that carried a message to others, ascending.
  public func addPackets(of message: Message, to frames: inout [Int]) {
    if message.packets.isEmpty {
      frames.append(frame.number)
    } else {
      frames.append(contentsOf: messagePackets[message.packets])
    }
  }

  /// Numbers of the frames that carried a message, ascending.
  public func packets(of message: Message) -> [Int] {
    var frames: [Int] = []
    addPackets(of: message, to: &frames)
    return frames
  }
}

extension Message {
  /// Whether this frame alone carried it.
  public var isInOneFrame: Bool { packets.isEmpty }

  /// Whether it is all that the packet has to say, and the packet all that it names: a question
  /// about the message is one about the packet.
  public func isAlone(in dissection: borrowing Dissection) -> Bool {
    packets.isEmpty && dissection.messages.count == 1
  }
}

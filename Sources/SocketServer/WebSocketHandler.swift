import NIOCore
import PacketCore
import Protocols

/// Who uses a WebSocket: an Engine.IO session or a plain endpoint.
protocol WebSocketUser: AnyObject {
  func received(_ message: SocketMessage, on socket: WebSocketHandler)
  /// Called once.
  func closed(_ socket: WebSocketHandler, _ reason: SocketEnd)
}

/// The last handler of a connection that has become a WebSocket. RFC 6455.
final class WebSocketHandler: ChannelInboundHandler, ServerConnection, DeadlineOwner {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase { case open, closing, closed }

  let state: ServerState
  let address: String
  var user: (any WebSocketUser)?
  private let receiver: WebSocketReceiver
  /// Nil without compression.
  private let sender: WebSocketSender?
  private var context: ChannelHandlerContext?
  private var phase = Phase.open
  private let deadline = Deadline()
  private var isStuck = false

  /// What this turn sends: a part of the batch, and what is before it where that does not adjoin.
  private var part = 0..<0
  private var earlier: [Piece] = []
  private var isWaiting = false
  /// What the connection does not take now.
  private var backlog: [ByteBuffer] = []
  private var backlogOctets = 0

  private enum Piece {
    case part(Range<Int>)
    case own(ByteBuffer)
  }

  init(_ state: ServerState, address: String, deflate: PerMessageDeflate?, messageOctets: Int) {
    self.state = state
    self.address = address
    var limits = Limits()
    limits.messageOctets = messageOctets
    limits.inflatedOctets = messageOctets
    receiver = WebSocketReceiver(from: .client, deflate: deflate, limits: limits)
    sender = deflate.map {
      WebSocketSender(
        side: .server, deflate: $0, compressedFrom: state.configuration.compressedFrom,
        makeKey: { 0 })
    }
    deadline.owner = self
  }

  var isOpen: Bool { phase == .open }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    state.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) { gone(.transportClosed) }

  func channelInactive(context: ChannelHandlerContext) {
    gone(.transportClosed)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    gone(.transportError)
    context.close(promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // The client has said all it will: without a Close frame, which would have come before.
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    // Behind the end nothing counts; it is read so that closing does not reset the connection.
    if phase == .open { buffer.withUnsafeReadableBytes { read($0.bytes) } }
    state.receiveBuffer.recycle(buffer)
  }

  private func read(_ bytes: RawSpan) {
    var position = 0
    while phase == .open {
      let message: WebSocketReceiver.Message?
      do {
        message = try receiver.next(in: bytes, at: &position)
      } catch {
        close(error.closingCode, reason: .transportError)
        return
      }
      switch message {
      case .text(let text): user?.received(.text(text), on: self)
      case .binary(let octets): user?.received(.binary(octets), on: self)
      // RFC 6455 section 5.5.2: "an endpoint MUST send a Pong frame in response".
      case .ping(let octets): send(.pong, octets)
      case .pong: break
      // Section 5.5.1: "When sending a Close frame in response, the endpoint typically echos the
      // status code it received."
      case .close(let code, _): close(code, reason: .transportClosed)
      case nil: return
      }
    }
  }

  // MARK: Sending

  /// Sends a message; compressed where that was agreed on.
  func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) {
    guard phase == .open else { return }
    if let sender, !opcode.isControl {
      send(frames: sender.message(opcode, payload))
    } else if payload.count > WriteBatch.largest {
      var buffer = ByteBuffer()
      buffer.reserveCapacity(payload.count + 10)
      WriteBatch.write(opcode, payload, to: &buffer)
      send(own: buffer)
    } else {
      send(part: state.write(opcode, payload))
    }
  }

  /// Whether frames made for others can be sent here.
  var takesSharedFrames: Bool { sender == nil && phase == .open }

  /// Sends a part of this turn's batch.
  @inline(__always)
  func send(part range: Range<Int>) {
    if part.upperBound == range.lowerBound {
      part = part.lowerBound..<range.upperBound
    } else {
      if !part.isEmpty { earlier.append(.part(part)) }
      part = range
    }
    if !isWaiting {
      isWaiting = true
      state.willSend(self)
    }
  }

  /// Sends a buffer of its own, which may be others' too.
  func send(own buffer: ByteBuffer) {
    if !part.isEmpty { earlier.append(.part(part)) }
    part = 0..<0
    earlier.append(.own(buffer))
    if !isWaiting {
      isWaiting = true
      state.willSend(self)
    }
  }

  private func send(frames: [UInt8]) {
    if frames.count > WriteBatch.largest {
      send(own: ByteBuffer(bytes: frames))
    } else {
      send(part: state.write(frames: frames))
    }
  }

  /// The turn ends: `octets` is its batch.
  func flush(_ octets: ByteBuffer) {
    isWaiting = false
    let (last, before) = (part, earlier)
    part = 0..<0
    if !before.isEmpty { earlier = [] }
    guard let context, phase != .closed else { return }
    let isWritable = backlog.isEmpty && context.channel.isWritable
    // Whoever holds a small part of the batch for long would keep all of it.
    if isWritable, before.isEmpty, last.count * 2 >= octets.readableBytes {
      if let buffer = octets.getSlice(at: last.lowerBound, length: last.count) {
        context.write(wrapOutboundOut(buffer), promise: nil)
      }
    } else {
      gather(before, last, octets)
      if isWritable { writeBacklog(context) }
    }
    context.flush()
    if backlogOctets > state.configuration.sendQueueOctets {
      state.log(.notice, "\(address) reads too slowly, \(backlogOctets) octets wait: closed")
      drop(.tooSlow)
      return
    }
    if phase == .open, !isStuck, !context.channel.isWritable {
      isStuck = true
      state.set(deadline, to: .now() + state.configuration.writeTimeout)
    }
    if phase == .closing { closeOutput() }
  }

  /// Copies small parts into one buffer behind what waits already.
  private func gather(_ before: [Piece], _ last: Range<Int>, _ octets: ByteBuffer) {
    var joined = ByteBuffer()
    func add(_ range: Range<Int>) {
      joined.writeImmutableBuffer(
        octets.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer())
    }
    for piece in before {
      switch piece {
      case .part(let range): add(range)
      case .own(let buffer):
        push(joined)
        joined = ByteBuffer()
        push(buffer)
      }
    }
    if !last.isEmpty { add(last) }
    push(joined)
  }

  private func push(_ buffer: ByteBuffer) {
    guard buffer.readableBytes > 0 else { return }
    backlogOctets += buffer.readableBytes
    // Small ones are joined: a queue of a hundred thousand pongs has a hundred thousand buffers else.
    if let last = backlog.indices.last, backlog[last].readableBytes < 4096,
      buffer.readableBytes < 4096
    {
      backlog[last].writeImmutableBuffer(buffer)
    } else {
      backlog.append(buffer)
    }
  }

  private func writeBacklog(_ context: ChannelHandlerContext) {
    for buffer in backlog { context.write(wrapOutboundOut(buffer), promise: nil) }
    backlog = []
    backlogOctets = 0
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      if isStuck {
        isStuck = false
        state.cancel(deadline)
        if phase == .closing { beginGoodbye() }
      }
      if !backlog.isEmpty {
        writeBacklog(context)
        context.flush()
      }
      if phase == .closing { closeOutput() }
    }
    context.fireChannelWritabilityChanged()
  }

  // MARK: The end

  /// Sends a Close frame and ends the connection; the client has `closeTimeout` to see it.
  ///
  /// - Parameter code: Nil for a frame without a body.
  func close(_ code: UInt16?, _ words: String = "", reason: SocketEnd) {
    guard phase == .open else { return }
    let ending = WebSocketSender(side: .server, makeKey: { 0 })
    send(frames: ending.close(code, words))
    phase = .closing
    beginGoodbye()
    tellUser(reason)
  }

  private func beginGoodbye() {
    state.set(deadline, to: .now() + state.configuration.closeTimeout)
  }

  private var isOutputClosed = false

  /// RFC 6455 section 7.1.1: the output is closed first and the input read to its end, since octets
  /// left unread would reset the connection, and the Close frame with it.
  private func closeOutput() {
    guard !isOutputClosed, backlog.isEmpty, let context else { return }
    isOutputClosed = true
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
      context.close(mode: .output, promise: nil)
    }
  }

  /// Ends it without a word.
  func drop(_ reason: SocketEnd) {
    guard phase != .closed else { return }
    let context = self.context
    gone(reason)
    context?.close(promise: nil)
  }

  private func gone(_ reason: SocketEnd) {
    guard phase != .closed else { return }
    phase = .closed
    backlog = []
    backlogOctets = 0
    context = nil
    state.cancel(deadline)
    state.remove(self)
    tellUser(reason)
    user = nil
  }

  private func tellUser(_ reason: SocketEnd) {
    let user = self.user
    self.user = nil
    user?.closed(self, reason)
  }

  func serverStops() { close(1001, reason: .serverStops) }

  func deadlineCame(_ now: NIODeadline) {
    switch phase {
    case .open:
      state.log(.notice, "\(address) reads nothing of what was sent to it: closed")
      drop(.tooSlow)
    case .closing: drop(.transportClosed)
    case .closed: break
    }
  }
}

import CPcap
import Glibc
import PacketCore

extension LiveCapture {
  /// What stands between two rounds: some frames were handed over, and the next are waited for.
  public struct Pause: Sendable {
    /// The clock, read once a round.
    public var now: MonotonicTime
    /// Nothing is left to hand over: the capture is about to sleep, and what is printed should be
    /// seen now.
    public var isIdle: Bool
  }

  /// What to do after a pause.
  public enum Next: Sendable {
    /// Go on; the next pause is when frames arrive.
    case capture
    /// Go on, with a pause at this moment even if nothing arrives.
    case captureUntil(MonotonicTime)
    /// End, after the frames captured before this moment.
    case end
  }

  /// Why a run ended.
  public enum End: Sendable, Equatable {
    /// `LiveStop` was signalled.
    case stopped
    /// The deadline passed, or a pause said so.
    case ended
    /// The body had enough.
    case satisfied
  }

  /// Frames handed over between two looks at the clock and at the stop signal.
  private static var roundLimit: Int32 { 1024 }

  /// Hands each frame to `body` until something ends it.
  ///
  /// Frames of one interface come in their order; of several, each round in the order of their
  /// times. At the end by a stop signal, deadline or pause, the frames that the kernel had
  /// captured by then are still handed over; a second stop signal does without them.
  ///
  /// - Parameters:
  ///   - deadline: When to end by itself.
  ///   - stop: Ends it from elsewhere.
  ///   - pause: Called at the start and after each round; the place to flush and to rotate files.
  ///   - body: Gets the octets, which are gone when it returns, and what is known about them, all
  ///     but the number; false ends the capture at once.
  /// - Throws: What `pause` and `body` throw; `CaptureError(.interface)` when an interface went
  ///   down or away, after its frames were handed over.
  public mutating func run(
    until deadline: MonotonicTime? = nil, stop: LiveStop? = nil,
    pause: (Pause) throws -> Next = { _ in .capture },
    _ body: (RawSpan, FrameHeader) throws -> Bool
  ) throws -> End {
    guard let first = handles.first else { return .ended }
    return try withoutActuallyEscaping(body) { body in
      var delivery = LiveDelivery(body: body, pcap: first.pcap)
      var failure: CaptureError?
      let end = try wait(
        until: deadline, stop: stop, pause: pause, delivery: &delivery, failure: &failure)
      if end != .satisfied {
        drain(stop: stop, delivery: &delivery, failure: &failure)
      }
      if let thrown = delivery.failure { throw thrown }
      if let failure { throw failure }
      return end ?? .ended
    }
  }

  /// Runs rounds until something ends the capture; nil when an interface failed.
  private mutating func wait(
    until deadline: MonotonicTime?, stop: LiveStop?, pause: (Pause) throws -> Next,
    delivery: inout LiveDelivery, failure: inout CaptureError?
  ) throws -> End? {
    var descriptors = pollDescriptors(stop)
    var hasMore = false
    while true {
      let now = MonotonicTime.now
      var wake = deadline ?? MonotonicTime(nanoseconds: .max)
      if now >= wake { return .ended }
      switch try pause(Pause(now: now, isIdle: !hasMore)) {
      case .capture: break
      case .captureUntil(let moment): wake = min(wake, moment)
      case .end: return .ended
      }
      let timeout =
        hasMore ? 0 : wake.nanoseconds == .max ? -1 : wake.pollTimeout(from: MonotonicTime.now)
      if try sleep(&descriptors, timeout, failure: &failure) {
        _ = stop?.take()
        return .stopped
      }
      hasMore = round(&delivery, descriptors, all: hasMore, failure: &failure)
      if delivery.isOver { return .satisfied }
      if failure != nil { return nil }
    }
  }

  /// Hands over what the kernel captured before now: what stands in full blocks at once, what
  /// stands in a block that is still being filled when its time is up.
  private mutating func drain(
    stop: LiveStop?, delivery: inout LiveDelivery, failure: inout CaptureError?
  ) {
    delivery.cutoff = .now
    // The kernel hands a block over when it was the current one at two ticks of its timer.
    let patience = Int64(options.blockMilliseconds) * 2 + 10
    let until = MonotonicTime.now.advanced(byNanoseconds: patience * 1_000_000)
    var descriptors = pollDescriptors(stop)
    var finished = [Bool](repeating: false, count: handles.count)
    var hasMore = true
    while !delivery.isOver {
      hasMore = round(&delivery, descriptors, all: true, failure: &failure, finished: &finished)
      if !hasMore {
        for index in handles.indices where !finished[index] {
          finished[index] = !handles[index].hasFramesWaiting()
          if finished[index] { descriptors[index + 1].fd = -1 }
        }
        if !finished.contains(false) || MonotonicTime.now >= until { return }
      }
      let timeout = hasMore ? 0 : until.pollTimeout(from: .now)
      guard let isStopped = try? sleep(&descriptors, timeout, failure: &failure) else { return }
      if isStopped { return }
    }
  }

  private func pollDescriptors(_ stop: LiveStop?) -> [pollfd] {
    // A negative descriptor is passed over by poll(2).
    [pollfd(fd: stop?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)]
      + handles.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
  }

  /// Waits until an interface has something, or the time is over.
  ///
  /// - Returns: Whether the stop signal was given.
  private func sleep(
    _ descriptors: inout [pollfd], _ timeout: Int32, failure: inout CaptureError?
  ) throws -> Bool {
    let result = poll(&descriptors, nfds_t(descriptors.count), timeout)
    if result < 0 {
      let number = errno
      for index in descriptors.indices { descriptors[index].revents = 0 }
      if number == EINTR { return false }
      throw CaptureError(.interface, "waiting for frames failed: \(systemMessage(number))")
    }
    if result > 0 {
      for index in handles.indices
      where descriptors[index + 1].revents & Int16(POLLERR) != 0 && failure == nil {
        failure = handles[index].takeSocketError()
      }
    }
    return descriptors[0].revents != 0
  }

  private mutating func round(
    _ delivery: inout LiveDelivery, _ descriptors: [pollfd], all: Bool,
    failure: inout CaptureError?
  ) -> Bool {
    var finished: [Bool] = []
    return round(&delivery, descriptors, all: all, failure: &failure, finished: &finished)
  }

  /// Hands over what is there, up to a limit.
  ///
  /// - Parameters:
  ///   - all: Ask every interface, not only those that poll(2) named.
  ///   - finished: Interfaces that have nothing more to give before the cutoff; may be empty.
  /// - Returns: Whether there may be more without waiting.
  private mutating func round(
    _ delivery: inout LiveDelivery, _ descriptors: [pollfd], all: Bool,
    failure: inout CaptureError?, finished: inout [Bool]
  ) -> Bool {
    if handles.count > 1 {
      return mergedRound(
        &delivery, descriptors, all: all, failure: &failure, finished: &finished)
    }
    guard all || descriptors[1].revents != 0, finished.first != true else { return false }
    delivery.choose(handles[0], at: 0)
    let count = withUnsafeMutablePointer(to: &delivery) { pointer in
      pcap_dispatch(
        handles[0].pcap, Self.roundLimit, liveFrame,
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt8.self))
    }
    handles[0].delivered += delivery.delivered
    if delivery.isPastCutoff, !finished.isEmpty { finished[0] = true }
    if count == PCAP_ERROR || pcap_get_required_select_timeout(handles[0].pcap) != nil {
      failure = failure ?? handles[0].failure(isError: count == PCAP_ERROR)
    }
    return count >= Self.roundLimit && !delivery.isPastCutoff
  }

  /// The same for several interfaces: the earliest of their first frames is next.
  private mutating func mergedRound(
    _ delivery: inout LiveDelivery, _ descriptors: [pollfd], all: Bool,
    failure: inout CaptureError?, finished: inout [Bool]
  ) -> Bool {
    for index in handles.indices
    where handles[index].next == nil && (all || descriptors[index + 1].revents != 0)
      && !(finished.indices.contains(index) && finished[index])
    {
      handles[index].fetchNext(failure: &failure)
    }
    for _ in 0..<Self.roundLimit {
      var earliest: Int?
      for index in handles.indices {
        guard let candidate = handles[index].next else { continue }
        if let chosen = earliest, let best = handles[chosen].next, best.time <= candidate.time {
          continue
        }
        earliest = index
      }
      guard let index = earliest, let frame = handles[index].next else { return false }
      delivery.choose(handles[index], at: index)
      delivery.deliver(frame.header.pointee, frame.octets)
      handles[index].delivered += delivery.delivered
      handles[index].next = nil
      if delivery.isOver { return false }
      if delivery.isPastCutoff {
        if finished.indices.contains(index) { finished[index] = true }
      } else {
        handles[index].fetchNext(failure: &failure)
      }
    }
    return true
  }
}

extension LiveCapture.Handle {
  /// A frame that was taken from the kernel and waits for its turn. It stands in libpcap's own
  /// buffer until the next one is taken from the same interface.
  struct Waiting {
    let header: UnsafeMutablePointer<pcap_pkthdr>
    let octets: UnsafePointer<UInt8>
    let time: Timestamp
  }

  mutating func fetchNext(failure: inout CaptureError?) {
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var octets: UnsafePointer<UInt8>?
    let result = pcap_next_ex(pcap, &header, &octets)
    if result == 1, let header, let octets {
      next = Waiting(header: header, octets: octets, time: header.pointee.time(nanosecondFactor))
      return
    }
    next = nil
    if result == PCAP_ERROR || pcap_get_required_select_timeout(pcap) != nil {
      failure = failure ?? self.failure(isError: result == PCAP_ERROR)
    }
  }

  /// The error that the kernel left on the socket, taken away from it.
  func takeSocketError() -> CaptureError? {
    var number: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0, number != 0 else {
      return nil  // no socket, or libpcap took it: its next answer says so
    }
    if number == ENETDOWN { return failure(isError: false) }
    return CaptureError(.interface, "\(name): \(systemMessage(number))")
  }

  /// - Parameter isError: libpcap reported an error; otherwise the interface was taken down.
  func failure(isError: Bool) -> CaptureError {
    if if_nametoindex(name) == 0, name != "any" {
      return CaptureError(
        .interface, "the interface \(name) went away",
        remedy: "netlab interfaces lists what is there")
    }
    if !isError {
      return CaptureError(
        .interface, "the interface \(name) went down", remedy: "sudo ip link set \(name) up")
    }
    return CaptureError(.interface, "\(name): \(String(cString: pcap_geterr(pcap)))")
  }
}

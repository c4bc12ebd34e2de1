import CPcap

/// What a capture on one interface came to.
public struct LiveStatistics: Sendable, Equatable {
  /// The interface.
  public var name: String
  /// Frames handed to the program.
  public var captured: UInt64
  /// Frames that the filter let through, dropped ones included. Twice that on a loopback
  /// interface, where the kernel shows each packet going out and coming in: not for the eyes.
  public var received: UInt64
  /// Frames lost for want of room in the buffer.
  public var droppedByKernel: UInt64
  /// Frames that the interface or its driver lost.
  public var droppedByInterface: UInt64
  /// Whether it is a loopback interface.
  public var isLoopback: Bool

  /// Whether `received` counts every frame once: not on loopback, nor on `any`, which has loopback
  /// in it.
  public var countsReceivedOnce: Bool { !isLoopback && name != "any" }
}

extension LiveCapture {
  /// The counts so far, one for each interface in the order of `interfaces`.
  public mutating func statistics() -> [LiveStatistics] {
    handles.indices.map { index in
      handles[index].updateCounters()
      let handle = handles[index]
      return LiveStatistics(
        name: handle.name, captured: handle.delivered, received: handle.received,
        droppedByKernel: handle.dropped, droppedByInterface: handle.droppedByInterface,
        isLoopback: handle.isLoopback)
    }
  }
}

extension LiveCapture.Handle {
  /// Fetches libpcap's counters, which wrap at 32 bits; a device without them keeps zeros.
  mutating func updateCounters() {
    var now = pcap_stat()
    guard pcap_stats(pcap, &now) == 0 else { return }
    received += UInt64(now.ps_recv &- lastCounters.ps_recv)
    dropped += UInt64(now.ps_drop &- lastCounters.ps_drop)
    droppedByInterface += UInt64(now.ps_ifdrop &- lastCounters.ps_ifdrop)
    lastCounters = now
  }

  /// Frames that the kernel accepted and that have not been handed over: they wait in a block that
  /// is not full yet.
  mutating func hasFramesWaiting() -> Bool {
    updateCounters()
    let copies: UInt64 = isLoopback ? 2 : 1
    return received &- dropped != delivered &* copies
  }
}

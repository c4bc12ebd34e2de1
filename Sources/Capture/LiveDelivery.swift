import CPcap
import Glibc
import PacketCore

/// What a capture's callback works with: the body, and which interface it is being fed from.
///
/// libpcap's callback gets a pointer to it; one lives on the stack of `LiveCapture.run`.
struct LiveDelivery {
  let body: (RawSpan, FrameHeader) throws -> Bool
  /// Link type and capture point of the interface being read; lengths and time of the last frame.
  var header = FrameHeader(capturedLength: 0, originalLength: 0, linkType: .null)
  var pcap: OpaquePointer
  var nanosecondFactor: UInt32 = 1
  /// Frames given to the body since the interface was chosen.
  var delivered: UInt64 = 0
  /// Frames captured later than this are left alone: the capture is over.
  var cutoff = Timestamp(seconds: .max, nanoseconds: 0)
  /// A frame after the cutoff was seen on the interface being read.
  var isPastCutoff = false
  /// The body has had enough, or failed.
  var isOver = false
  /// What the body threw.
  var failure: (any Error)?

  init(body: @escaping (RawSpan, FrameHeader) throws -> Bool, pcap: OpaquePointer) {
    self.body = body
    self.pcap = pcap
  }

  /// Turns to another interface.
  mutating func choose(_ handle: LiveCapture.Handle, at index: Int) {
    pcap = handle.pcap
    nanosecondFactor = handle.nanosecondFactor
    header.linkType = handle.linkType
    header.timeDigits = handle.nanosecondFactor == 1 ? 9 : 6
    header.point.interface = UInt16(truncatingIfNeeded: index)
    delivered = 0
    isPastCutoff = false
  }

  /// Hands one frame to the body, unless the capture is over.
  mutating func deliver(_ frame: pcap_pkthdr, _ octets: UnsafePointer<UInt8>) {
    guard !isOver, !isPastCutoff else { return }
    header.time = frame.time(nanosecondFactor)
    guard header.time <= cutoff else {
      isPastCutoff = true
      pcap_breakloop(pcap)
      return
    }
    header.capturedLength = Int(frame.caplen)
    header.originalLength = Int(frame.len)
    delivered &+= 1
    do {
      let bytes = UnsafeRawBufferPointer(start: octets, count: Int(frame.caplen))
      if try body(bytes.bytes, header) { return }
    } catch {
      failure = error
    }
    isOver = true
    pcap_breakloop(pcap)
  }
}

/// libpcap's callback for each frame.
func liveFrame(
  _ delivery: UnsafeMutablePointer<UInt8>?, _ header: UnsafePointer<pcap_pkthdr>?,
  _ octets: UnsafePointer<UInt8>?
) {
  guard let delivery, let header, let octets else { return }
  UnsafeMutableRawPointer(delivery).assumingMemoryBound(to: LiveDelivery.self)
    .pointee.deliver(header.pointee, octets)
}

extension pcap_pkthdr {
  /// - Parameter factor: Nanoseconds that the unit of the fraction has.
  func time(_ factor: UInt32) -> Timestamp {
    Timestamp(
      seconds: Int64(ts.tv_sec),
      nanoseconds: UInt32(truncatingIfNeeded: ts.tv_usec) &* factor)
  }
}

extension Timestamp {
  /// This moment by the system's clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(
      seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
  }
}

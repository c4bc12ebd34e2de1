import CPcap
import PacketCore

/// A capture filter in libpcap's language, such as `tcp port 5000`, for frames of a file: libpcap
/// compiles it, once for each link type, and libpcap's own matcher decides.
public struct CaptureFilter: Sendable {
  /// The expression as the user wrote it; empty matches every frame.
  public let expression: String
  /// Octets of a frame that the filter may look at.
  public let snapLength: Int

  private var programs: [Program] = []
  /// Position of the program used last; frames of one link type come in runs.
  private var latest = 0

  /// A compiled filter. Not changed after it was made, so any thread may match with it.
  private final class Program: @unchecked Sendable {
    let linkType: LinkType
    let code: UnsafeMutablePointer<bpf_program>

    init(_ expression: String, _ linkType: LinkType, snapLength: Int) throws(CaptureError) {
      self.linkType = linkType
      code = UnsafeMutablePointer<bpf_program>.allocate(capacity: 1)
      code.initialize(to: bpf_program())
      // From here on `deinit` runs even when this throws; freeing an empty program does nothing.
      guard let handle = pcap_open_dead(linkType.dataLinkType, Int32(clamping: snapLength)) else {
        throw CaptureError(.filter, "no memory to compile the capture filter")
      }
      defer { pcap_close(handle) }
      guard pcap_compile(handle, code, expression, 1, bpf_u_int32(PCAP_NETMASK_UNKNOWN)) == 0
      else {
        let reason = String(cString: pcap_geterr(handle))
        throw CaptureError(
          .filter, "capture filter \"\(expression)\": \(reason)", remedy: "see man pcap-filter")
      }
    }

    deinit {
      pcap_freecode(code)
      code.deallocate()
    }
  }

  /// Compiles a filter.
  ///
  /// - Parameters:
  ///   - expression: libpcap's filter language (pcap-filter(7)).
  ///   - linkType: What most frames begin with; others are compiled for when they come.
  ///   - snapLength: Octets of a frame that are kept.
  /// - Throws: `CaptureError` of kind `.filter`, with libpcap's own words.
  public init(
    _ expression: String, linkType: LinkType, snapLength: Int = 262_144
  ) throws(CaptureError) {
    self.expression = expression
    self.snapLength = snapLength
    programs = [try Program(expression, linkType, snapLength: snapLength)]
  }

  /// True when the frame passes the filter.
  ///
  /// - Parameters:
  ///   - octets: The captured octets.
  ///   - header: Its link type and original length are looked at.
  /// - Throws: `CaptureError` of kind `.filter` when the expression means nothing for a link type
  ///   not met before.
  public mutating func matches(_ octets: RawSpan, _ header: FrameHeader) throws(CaptureError)
    -> Bool
  {
    if programs[latest].linkType != header.linkType { try select(header.linkType) }
    var lengths = pcap_pkthdr()
    lengths.caplen = UInt32(clamping: octets.byteCount)
    lengths.len = UInt32(clamping: header.originalLength)
    let code = programs[latest].code
    return octets.withUnsafeBytes { bytes in
      // The matcher wants an address, even where no octet may be read.
      var nothing: UInt8 = 0
      guard let start = bytes.baseAddress else {
        return pcap_offline_filter(code, &lengths, &nothing) != 0
      }
      return pcap_offline_filter(code, &lengths, start.assumingMemoryBound(to: UInt8.self)) != 0
    }
  }

  private mutating func select(_ linkType: LinkType) throws(CaptureError) {
    if let known = programs.firstIndex(where: { $0.linkType == linkType }) {
      latest = known
      return
    }
    programs.append(try Program(expression, linkType, snapLength: snapLength))
    latest = programs.count - 1
  }

  /// The compiled instructions for the link type used last, one a line, as `tcpdump -d` shows them.
  public var instructions: [String] {
    let program = programs[latest].code.pointee
    return (0..<Int(program.bf_len)).compactMap { index in
      guard let text = bpf_image(program.bf_insns + index, Int32(index)) else { return nil }
      return String(cString: text)
    }
  }
}

extension LinkType {
  /// libpcap's own number (DLT) for this link type; the two differ where operating systems did not
  /// agree on one.
  var dataLinkType: Int32 {
    switch rawValue {
    case 50: DLT_PPP_SERIAL
    case 51: DLT_PPP_ETHER
    case 100: DLT_ATM_RFC1483
    case 101: DLT_RAW
    case 102: DLT_SLIP_BSDOS
    case 103: DLT_PPP_BSDOS
    case 106: DLT_ATM_CLIP
    default: Int32(rawValue)
    }
  }
}

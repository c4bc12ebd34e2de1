import PacketCore

/// What an interface description block says (draft-ietf-opsawg-pcapng, section 4.2).
struct PcapngInterface {
  var interface: CaptureInterface
  var clock: PcapngClock

  /// Octets of the block before its options.
  static let fixedSize = 16
  /// Longer names are cut: a stranger wrote them, and they are kept for the whole file.
  private static let nameLimit = 1024

  /// - Parameters:
  ///   - block: The whole block, of at least 20 octets.
  ///   - options: The range of its options.
  init(reading block: RawSpan, options: Range<Int>, bigEndian: Bool) {
    var interface = CaptureInterface(
      linkType: LinkType(pcapField: UInt32(block.load(UInt16.self, at: 8, bigEndian: bigEndian))),
      snapLength: Int(block.load(UInt32.self, at: 12, bigEndian: bigEndian)))
    var resolution = PcapngClock.microseconds.resolution
    var offset: Int64 = 0
    let octets = block.extracting(options)
    PcapngOption.forEach(in: octets, bigEndian: bigEndian) { code, value in
      switch code {
      case PcapngOption.interfaceName:
        interface.name = PcapngOption.text(octets, value, limit: PcapngInterface.nameLimit)
      case PcapngOption.interfaceDescription:
        interface.description = PcapngOption.text(octets, value, limit: PcapngInterface.nameLimit)
      case PcapngOption.interfaceFilter where value.count > 1:
        // The first octet is 0 before a libpcap string; other numbers stand before byte code.
        guard octets.load(UInt8.self, at: value.lowerBound, bigEndian: false) == 0 else { break }
        let text = (value.lowerBound + 1)..<value.upperBound
        interface.filter = PcapngOption.text(octets, text, limit: 4 * PcapngInterface.nameLimit)
      case PcapngOption.timeResolution where value.count >= 1:
        resolution = octets.load(UInt8.self, at: value.lowerBound, bigEndian: false)
      case PcapngOption.timeOffset where value.count >= 8:
        offset = octets.load(Int64.self, at: value.lowerBound, bigEndian: bigEndian)
      default: break
      }
    }
    self.interface = interface
    clock = PcapngClock(resolution: resolution, offset: offset)
  }
}

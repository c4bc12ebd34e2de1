/// What a file that is no capture looks like, to say so instead of "bad magic".
enum ForeignFormat {
  /// Formats told by their first octets, and what to do with them.
  private static let magics: [(octets: [UInt8], what: String, remedy: Remedy)] = [
    ([0x7F, 0x45, 0x4C, 0x46], "an ELF program or library", .none),
    ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive", .unpack("unzip -p")),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "compressed with xz", .unpack("xz -dc")),
    ([0x42, 0x5A, 0x68], "compressed with bzip2", .unpack("bzip2 -dc")),
    ([0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd", .unpack("zstd -dc")),
    ([0x04, 0x22, 0x4D, 0x18], "compressed with lz4", .unpack("lz4 -dc")),
    ([0x1F, 0x8B], "gzip inside gzip", .unpack("gzip -dc")),
    ([0x25, 0x50, 0x44, 0x46], "a PDF document", .none),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture", .none),
    ([0xFF, 0xD8, 0xFF], "a JPEG picture", .none),
    (Array("snoop\0\0\0".utf8), "a snoop capture", .convert),
    (Array("btsnoop\0".utf8), "a Bluetooth btsnoop capture", .convert),
    (Array("iptrace ".utf8), "an AIX iptrace capture", .convert),
    (Array("GMBU".utf8), "a Microsoft Network Monitor capture", .convert),
    (Array("RTSS".utf8), "a Microsoft Network Monitor capture", .convert),
    (Array("TRSNIFF data".utf8), "a Sniffer capture", .convert),
    (Array("ustar".utf8), "a tar archive", .none),
    ([0xA1, 0xB2, 0xCD, 0x34], "a pcap of Kuznetzov's modified libpcap", .convert),
    ([0x34, 0xCD, 0xB2, 0xA1], "a pcap of Kuznetzov's modified libpcap", .convert),
    ([0x1C, 0x00, 0x01, 0xAC], "an IXIA hardware capture", .convert),
    ([0x1C, 0x00, 0x01, 0xAB], "an IXIA software capture", .convert),
    ([0xAC, 0x01, 0x00, 0x1C], "an IXIA hardware capture", .convert),
    ([0xAB, 0x01, 0x00, 0x1C], "an IXIA software capture", .convert),
  ]

  private enum Remedy {
    case none
    case unpack(String)
    case convert
  }

  /// The error for a file that begins with `first` and is no capture.
  static func error(name: String, first: [UInt8], compressed: Bool) -> CaptureError {
    let whose = compressed ? "what is compressed in \(name)" : name
    for magic in magics where first.starts(with: magic.octets) {
      switch magic.remedy {
      case .none:
        return CaptureError(.file, "\(whose) is no capture file: it looks like \(magic.what)")
      case .unpack(let command):
        return CaptureError(
          .file, "\(whose) is no capture file as it is: it looks like \(magic.what)",
          remedy: "unpack it: \(command) \(name) | netlab read -")
      case .convert:
        return CaptureError(
          .file, "\(whose) looks like \(magic.what), which is not read here",
          remedy: "convert it: editcap \(name) converted.pcapng")
      }
    }
    if first.allSatisfy({ $0 == 0 }) {
      return CaptureError(
        .file, "\(whose) begins with \(first.count) zero octets, so it is no capture file",
        remedy: "it may not have been written fully; copy or record it again")
    }
    if looksLikeERF(first) {
      return CaptureError(
        .file, "\(whose) looks like an Endace ERF capture, which is not read here",
        remedy: "convert it: editcap \(name) converted.pcapng")
    }
    if looksLikeText(first) {
      let line = String(
        decoding: first.prefix { $0 >= 0x20 && $0 != 0x7F }.prefix(24), as: UTF8.self)
      return CaptureError(
        .file, "\(whose) is no capture file: it looks like text, beginning with \"\(line)\"",
        remedy: "a hex dump becomes a capture with: text2pcap \(name) out.pcapng")
    }
    let hex = first.prefix(4).map { octet in
      (octet < 16 ? "0" : "") + String(octet, radix: 16)
    }.joined(separator: " ")
    return CaptureError(
      .file, "\(whose) is no pcap or pcapng file: it begins with \(hex)",
      remedy: "to see what it is: file \(name)")
  }

  private static func looksLikeText(_ octets: [UInt8]) -> Bool {
    !octets.isEmpty
      && octets.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 9 || $0 == 10 || $0 == 13 }
  }

  /// ERF has no magic: a record is a little-endian time, type, flags, record length, colour or
  /// loss counter, and wire length; the first must make sense.
  private static func looksLikeERF(_ octets: [UInt8]) -> Bool {
    guard octets.count >= 16 else { return false }
    let seconds =
      UInt32(octets[4]) | UInt32(octets[5]) << 8 | UInt32(octets[6]) << 16 | UInt32(octets[7]) << 24
    let type = octets[8] & 0x7F
    let recordLength = Int(octets[10]) << 8 | Int(octets[11])
    // 2000-01-01, before which no such card was sold.
    return seconds > 946_684_800 && (1...27).contains(type) && recordLength >= 16
      && recordLength < 65_536 && octets[9] & 0xC0 == 0
  }
}

import CPcap
import Capture
import PacketCore
import Testing

@Suite("Capture filters")
struct CaptureFilterTests {
  /// Ethernet, IPv4 from 10.0.0.1 to 10.0.0.33, TCP from 51234 to 5000 with SYN.
  static let syn: [UInt8] =
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
    + [0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 33]
    + [0xC8, 0x22, 0x13, 0x88, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xFF, 0xFF, 0, 0, 0, 0]

  private func matches(
    _ expression: String, _ octets: [UInt8], _ linkType: LinkType = .ethernet
  ) throws -> Bool {
    var filter = try CaptureFilter(expression, linkType: linkType)
    let header = FrameHeader(
      capturedLength: octets.count, originalLength: octets.count, linkType: linkType)
    return try filter.matches(octets.span.bytes, header)
  }

  @Test("libpcap's language decides")
  func decides() throws {
    for (expression, expected) in [
      ("", true), ("tcp port 5000", true), ("host 10.0.0.33 and tcp", true), ("udp", false),
      ("tcp[tcpflags] & tcp-syn != 0", true), ("net 10.0.0.0/24", true), ("greater 100", false),
      ("ether src 02:00:00:00:00:02", true),
    ] {
      #expect(try matches(expression, Self.syn) == expected, "\(expression)")
    }
    #expect(try matches("", []) == true)
    #expect(try matches("tcp", []) == false)
    #expect(try matches("tcp", Array(Self.syn.prefix(20))) == false)
  }

  @Test("each link type gets a program of its own")
  func linkTypes() throws {
    var filter = try CaptureFilter("tcp port 5000", linkType: .ethernet)
    let raw = Array(Self.syn.dropFirst(14))
    for _ in 0..<3 {
      for (octets, link) in [(Self.syn, LinkType.ethernet), (raw, .raw), (raw, .ipv4)] {
        let header = FrameHeader(
          capturedLength: octets.count, originalLength: octets.count, linkType: link)
        #expect(try filter.matches(octets.span.bytes, header))
      }
    }
    #expect(filter.instructions.isEmpty == false)
    // `ether` means nothing where there is none.
    var ether = try CaptureFilter("ether multicast", linkType: .ethernet)
    let header = FrameHeader(capturedLength: 40, originalLength: 40, linkType: .raw)
    #expect(throws: CaptureError.self) { _ = try ether.matches(raw.span.bytes, header) }
  }

  @Test("a wrong expression is told in libpcap's words")
  func errors() {
    func failure(_ expression: String) -> CaptureError? {
      do {
        _ = try CaptureFilter(expression, linkType: .ethernet)
      } catch {
        return error
      }
      return nil
    }
    for expression in ["tcp prot 5000", "host", "port 99999", "((", "ip proto nosuch", "len >"] {
      let error = failure(expression)
      #expect(error?.kind == .filter)
      #expect(error?.message.hasPrefix("capture filter \"\(expression)\": ") == true)
      #expect((error?.message.utf8.count ?? 0) > expression.utf8.count + 24)
      #expect(error?.remedy == "see man pcap-filter")
    }
  }

  @Test("libpcap finds the same frames in the whole of a random file")
  func peer() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    var filter = try CaptureFilter("tcp port 5000 or udp", linkType: .ethernet)
    guard let handle = pcap_open_dead(1, 65_535) else { return }
    defer { pcap_close(handle) }
    var program = bpf_program()
    #expect(pcap_compile(handle, &program, "tcp port 5000 or udp", 0, 0) == 0)
    defer { pcap_freecode(&program) }
    for _ in 0..<2000 {
      var octets = Array(Self.syn.prefix(Int.random(in: 0...54, using: &random)))
      if !octets.isEmpty {
        octets[Int.random(in: octets.indices, using: &random)] = UInt8(
          truncatingIfNeeded: random.next())
      }
      var lengths = pcap_pkthdr()
      lengths.caplen = UInt32(octets.count)
      lengths.len = 54
      let expected = pcap_offline_filter(&program, &lengths, octets + [0]) != 0
      let header = FrameHeader(
        capturedLength: octets.count, originalLength: 54, linkType: .ethernet)
      #expect(try filter.matches(octets.span.bytes, header) == expected, "seed \(seed)")
    }
  }
}

import Capture
import PacketCore
import Testing

/// Files written here are read by other programs, and files of other programs here.
@Suite("Capture files and other programs")
struct CaptureFileInteropTests {
  let scratch = Scratch()

  private func sample(_ name: String, _ format: CaptureFileFormat) throws -> String {
    let path = scratch.file(name)
    var writer = try CaptureFileWriter(
      path, format: format,
      interfaces: [
        CaptureInterface(
          name: "veth7", description: "left", linkType: .ethernet, snapLength: 1500,
          filter: "tcp port 5000")
      ], application: "netlab test")
    let octets = CaptureFilterTests.syn
    for index in 0..<20 {
      try writer.write(
        octets.span.bytes,
        FrameHeader(
          time: Timestamp(seconds: 1_700_000_000 + Int64(index), nanoseconds: 123_456_789),
          capturedLength: 54, originalLength: 54 + index, linkType: .ethernet),
        comments: index == 3 ? ["look here", "and here"] : [])
    }
    try writer.writeStatistics(
      [CaptureStatistics(interface: 0, received: 23, dropped: 3)],
      at: Timestamp(seconds: 1_700_000_020, nanoseconds: 0))
    try writer.close()
    return path
  }

  private static let samples: [(String, CaptureFileFormat)] = [
    ("a.pcap", .pcap(nanoseconds: false)), ("b.pcap", .pcap(nanoseconds: true)),
    ("c.pcapng", .pcapng), ("d.pcapng.gz", .pcapng), ("e.pcap.gz", .pcap(nanoseconds: true)),
  ]

  @Test("tshark reads every format", .enabled(if: isInstalled("tshark"), "tshark is missing"))
  func tshark() throws {
    for (name, format) in Self.samples {
      let path = try sample(name, format)
      let fields = ["frame.time_epoch", "frame.len", "tcp.dstport", "frame.comment"]
      let result = run(
        ["tshark", "-n", "-r", path, "-T", "fields"] + fields.flatMap { ["-e", $0] })
      let digits = format == .pcap(nanoseconds: false) ? "123456000" : "123456789"
      let expected = (0..<20).map { index in
        let comments = format == .pcapng && index == 3 ? "look here,and here" : ""
        return "\(1_700_000_000 + index).\(digits)\t\(54 + index)\t5000\t\(comments)\n"
      }.joined()
      let printed = result?.output.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { !$0.hasPrefix("Running as user") }.joined(separator: "\n")
      #expect(printed == expected)
      #expect(result?.status == 0)
    }
  }

  @Test(
    "capinfos finds the interface, its filter and its counts",
    .enabled(if: isInstalled("capinfos"), "capinfos is missing"))
  func capinfos() throws {
    let output = run(["capinfos", try sample("c.pcapng", .pcapng)])?.output ?? ""
    for line in [
      "Capture application: netlab test", "Name = veth7", "Description = left",
      "Filter string = tcp port 5000", "Capture length = 1500", "Time precision = nanoseconds (9)",
      "Number of stat entries = 1", "Number of packets = 20",
    ] {
      #expect(output.contains(line), "\(line) in \(output)")
    }
  }

  @Test(
    "tcpdump reads every format that is not compressed",
    .enabled(if: isInstalled("tcpdump"), "tcpdump is missing"))
  func tcpdump() throws {
    for (name, format) in Self.samples where !name.hasSuffix(".gz") {
      let result = run(["tcpdump", "-nn", "-r", try sample(name, format), "dst port 5000"])
      let lines = result?.output.split(separator: "\n").filter { $0.contains("10.0.0.33.5000") }
      #expect(lines?.count == 20, "\(result?.output ?? "")")
    }
  }

  @Test(
    "what editcap and mergecap write is read",
    .enabled(if: isInstalled("editcap"), "editcap is missing"))
  func editcap() throws {
    let source = try sample("c.pcapng", .pcapng)
    let original = readFile(source).frames
    #expect(original.count == 20 && original[3].comments == ["look here", "and here"])
    for format in ["pcap", "nsecpcap", "pcapng", "modpcap", "nokiapcap"] {
      let target = scratch.file("edited.\(format)")
      guard run(["editcap", "-F", format, source, target])?.status == 0 else {
        // Older ones do not have all of them.
        continue
      }
      let seen = readFile(target)
      switch format {
      case "modpcap":
        #expect(seen.error?.message.contains("Kuznetzov") == true)
      case "nokiapcap": break
      default:
        #expect(seen.error == nil)
        #expect(seen.frames.map(\.octets) == original.map(\.octets))
        #expect(seen.frames.map(\.time.seconds) == original.map(\.time.seconds))
        #expect(seen.frames.map(\.original) == original.map(\.original))
        if format != "pcap" { #expect(seen.frames.map(\.time) == original.map(\.time)) }
        if format == "pcapng" { #expect(seen.frames == original) }
      }
    }
    let secrets = scratch.file("keys.log", Array("CLIENT_RANDOM 00 00\n".utf8))
    let injected = scratch.file("injected.pcapng")
    let cut = scratch.file("cut.pcapng")
    #expect(run(["editcap", "--inject-secrets", "tls,\(secrets)", source, injected])?.status == 0)
    let snapped = run(["editcap", "-s", "20", source, cut])
    #expect(snapped?.status == 0, "\(snapped?.output ?? "")")
    let short = readFile(cut)
    #expect(short.error == nil)
    #expect(short.frames.allSatisfy { $0.octets.count == 20 })
    #expect(short.frames.map(\.original) == original.map(\.original))
    let merged = scratch.file("merged.pcapng")
    let other = try sample("b.pcap", .pcap(nanoseconds: true))
    #expect(run(["mergecap", "-I", "none", "-w", merged, source, other])?.status == 0)
    let both = readFile(merged)
    #expect(both.error == nil)
    #expect(both.frames.count == 40)
    #expect(Set(both.frames.map(\.point)).count == 2)
    #expect(both.interfaces.first?.first?.name == "veth7")
    // Two files one behind the other are two sections.
    let joined = scratch.file(
      "joined.pcapng", scratch.octets(of: injected) + scratch.octets(of: merged))
    let all = readFile(joined)
    #expect(all.error == nil)
    #expect(all.frames.count == 60)
    #expect(all.frames.last?.point.section == 1)
    // Rewritten here with a frame left out, the secrets still stand in it.
    let rewritten = scratch.file("rewritten.pcapng")
    var reader = try CaptureFileReader(joined)
    var writer = try CaptureFileWriter(rewritten, reading: reader.descriptor)
    var secretBlocks = 0
    try reader.forEachBlock { block, _ in
      if block.kind == .decryptionSecrets { secretBlocks += 1 }
      if block.frame?.number != 2 { try writer.copy(block) }
      return true
    }
    try writer.close()
    #expect(secretBlocks == 1)
    #expect(readFile(rewritten).frames.count == 59)
    let info = run(["capinfos", "-c", rewritten])?.output ?? ""
    #expect(info.contains("Number of packets:   59"), "\(info)")
  }
}

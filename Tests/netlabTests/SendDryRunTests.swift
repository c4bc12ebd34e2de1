import Foundation
import Testing

/// `netlab send` where nothing is sent: the dry run, and what is wrong with the command line.
@Suite struct SendDryRunTests {
  private func send(_ arguments: [String], input: String? = nil) throws -> (
    ProgramResult, TemporaryFolder
  ) {
    let folder = try TemporaryFolder()
    let result = try run(
      ["send"] + arguments, input: input.map { Data($0.utf8) },
      environment: ["XDG_CONFIG_HOME": folder.path("settings"), "SUDO_UID": ""])
    return (result, folder)
  }

  @Test func aDryRunShowsFieldsOctetsAndBits() throws {
    let (result, _) = try send([
      "--msg", "hi there", "--sender", "ada", "--dst", "127.0.0.1:5000", "--dry-run",
    ])
    #expect(result.status == 0, "\(result.errors)")
    for text in [
      "Nothing is sent. The way: lo, ", "Source Port: 12345", "Destination Port: 5000",
      "Flags: PSH, ACK (0x018)", "[Checksum Status: Good (1)]",
      "[Header checksum status: Good (1)]",
      "[Text: hi there]", "[HMAC Status: Good (1)]",
      "0014  30 39                    Source Port: 12345\n",
      "0000  01100111 01000001 01000001 01000001 01000001 01000001 01000010",
    ] {
      #expect(result.output.contains(text), "\(text) is missing: \(result.output)")
    }
  }

  @Test func aDryRunIsWritten() throws {
    let folder = try TemporaryFolder()
    let (result, _) = try send([
      "--msg", String(repeating: "ten octets", count: 300), "--dst", "127.0.0.1:5000",
      "--dry-run", "--mtu", "1500", "-w", folder.path("dry.pcapng"),
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("part 4 of 4: seq="))
    let read = try run([
      "read", folder.path("dry.pcapng"), "-T", "fields", "-e", "tcp.checksum.status", "-e",
      "ip.checksum.status", "-e", "frame.len",
    ])
    let rows = read.output.split(separator: "\n")
    #expect(rows.count == 4)
    #expect(rows.allSatisfy { $0.hasPrefix("1\t1\t") }, "\(read.output)")
    #expect(rows.allSatisfy { (Int($0.split(separator: "\t")[2]) ?? 9999) <= 1500 })
  }

  /// What faults would do to it is shown too, and is the same that they do when it is sent.
  @Test func aDryRunShowsTheFaults() throws {
    let folder = try TemporaryFolder()
    let options = [
      "--msg", String(repeating: "ten octets", count: 300), "--dst", "127.0.0.1:5000",
      "--dry-run", "--mtu", "1500", "--seed", "7", "-w", folder.path("dry.pcapng"),
      "--fault", "corrupt:tcp.checksum=0xabcd@1", "--fault", "loss@3",
      "--fault", "duplicate if tcp.dstport == 5000",
    ]
    let (result, _) = try send(options)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains(
        #/\nfaults with seed 7  \{corrupt tcp\.checksum 0x\w{4} → 0xabcd\}  \{duplicate packet 1, copy 1\}\n/#
      ), "\(result.output)")
    #expect(result.output.contains("    Checksum: 0xabcd\n"), "\(result.output)")
    #expect(result.output.contains(#/part 3 of 4: seq=\d+ len=\d+  \{loss packet 3\}\n/#))
    let read = try run([
      "read", folder.path("dry.pcapng"), "-T", "fields", "-e", "tcp.checksum.status", "-e",
      "fault.kind",
    ])
    #expect(
      read.output == "0\tcorrupt,duplicate\n" + "0\tcorrupt,duplicate\n"
        + "1\tduplicate\n1\tduplicate\n1\tloss\n1\tduplicate\n1\tduplicate\n",
      "\(read.output)")
  }

  @Test func theKeyIsNeverPrinted() throws {
    let (result, folder) = try send(["--msg", "hi", "--dst", "127.0.0.1:5000", "--dry-run"])
    let key = try String(contentsOfFile: folder.path("settings/netlab/fernet.key"), encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(key.count == 44)
    #expect(!result.output.contains(key) && !result.errors.contains(key))
    #expect(result.errors.contains("netlab: made a new key: "))
    #expect(result.errors.contains("netlab key show | ssh OTHER netlab key import"))
  }

  @Test(arguments: [
    ([], 64, "which message?"),
    (["--msg", "a", "--msg-file", "b"], 64, "one message at a time"),
    (["--msg", "a", "--retries", "-1"], 64, "--retries is 0 to 1000"),
    (["--msg", "a", "--interval", "5"], 64, "such as 200ms or 2s"),
    (["--msg", "a", "--window", "0"], 64, "--window is 1 to 1024"),
    (["--msg", "a", "--fault", "corupt:1"], 64, "Did you mean: corrupt"),
    (["--msg", "a", "--fault", "loss if ip.scr == 1"], 4, "ip.src"),
    (["--msg", "a", "--src-mac", "02:00:00:00:00:01"], 64, "--l2"),
    (["--msg", "a", "--key-file", "/nowhere"], 3, "/nowhere"),
    (["--msg-file", "/nowhere"], 3, "/nowhere"),
    (["--msg", "a", "--iface", "nope0"], 2, "netlab interfaces"),
  ]) func whatIsWrongIsSaid(_ arguments: [String], _ status: Int32, _ words: String) throws {
    let (result, _) = try send(arguments + ["--dst", "127.0.0.1:5000", "--dry-run"])
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func aDestinationNeedsAPort() throws {
    for (destination, status, words) in [
      ("127.0.0.1", 64, "which port? --dst 127.0.0.1:5000"),
      ("::1", 64, "which port? --dst '[::1]:5000'"), ("[::1]", 64, "which port? --dst [::1]:5000"),
      ("127.0.0.1:0", 64, "a port is 1 to 65535"), (":5000", 64, "names no host"),
      ("[::1:5000", 64, "bracket"), ("nobody.invalid:5000", 2, "nobody.invalid"),
    ] {
      let (result, _) = try send(["--msg", "a", "--dst", destination, "--dry-run"])
      #expect(result.status == Int32(status), "\(destination): \(result.errors)")
      #expect(result.errors.contains(words), "\(destination): \(result.errors)")
    }
  }

  @Test func whatIsNoTextIsRefused() throws {
    let folder = try TemporaryFolder()
    try Data([0xff, 0xfe]).write(to: folder.url.appendingPathComponent("octets"))
    let (result, _) = try send([
      "--msg-file", folder.path("octets"), "--dst", "127.0.0.1:5000", "--dry-run",
    ])
    #expect(result.status == 64)
    #expect(result.errors.contains("is no UTF-8 text"), "\(result.errors)")
  }
}

import Capture
import Glibc
import Testing

@Suite("Files that are no captures")
struct ForeignFileTests {
  let scratch = Scratch()

  private func error(_ path: String) -> CaptureError? {
    let seen = readFile(path)
    #expect(seen.frames.isEmpty)
    return seen.error
  }

  @Test("say what they look like")
  func looks() {
    let table: [([UInt8], String)] = [
      (
        [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0],
        "PATH is no capture file: it looks like an ELF program or library"
      ),
      ([0x50, 0x4B, 3, 4, 20, 0], "PATH is no capture file as it is: it looks like a ZIP archive"),
      (
        [0x28, 0xB5, 0x2F, 0xFD, 0, 0],
        "PATH is no capture file as it is: it looks like compressed with zstd"
      ),
      (
        Array("hello, world\n".utf8),
        "PATH is no capture file: it looks like text, beginning with \"hello, world\""
      ),
      (
        gzip(Array("hello, world\n".utf8)),
        "what is compressed in PATH is no capture file: it looks like text, beginning with \"hello, world\""
      ),
      (
        gzip(gzip([1, 2, 3, 4])),
        "what is compressed in PATH is no capture file as it is: it looks like gzip inside gzip"
      ),
      (
        Array("snoop\0\0\0\0\0\0\u{2}".utf8),
        "PATH looks like a snoop capture, which is not read here"
      ),
      (
        [0x34, 0xCD, 0xB2, 0xA1] + [UInt8](repeating: 0, count: 20),
        "PATH looks like a pcap of Kuznetzov's modified libpcap, which is not read here"
      ),
      (
        [0, 0, 0, 0, 0, 0xF1, 0x53, 0x65, 2, 4, 0, 84, 0, 0, 0, 64]
          + [UInt8](repeating: 7, count: 68),
        "PATH looks like an Endace ERF capture, which is not read here"
      ),
      (
        [UInt8](repeating: 0, count: 64),
        "PATH begins with 64 zero octets, so it is no capture file"
      ),
      (
        [0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3],
        "PATH is no pcap or pcapng file: it begins with de ad be ef"
      ),
      ([], "PATH is empty"),
      (gzip([]), "PATH is empty"),
      ([0xD4, 0xC3], "PATH is too short for a capture file (2 octets)"),
      (
        [0xD4, 0xC3, 0xB2, 0xA1, 2, 0],
        "PATH: the file ends in the middle of its header (after 0 frames)"
      ),
      (
        [0x0A, 0x0D, 0x0D, 0x0A, 28],
        "PATH: the file ends in the middle of its header (after 0 frames)"
      ),
      (
        [0xD4, 0xC3, 0xB2, 0xA1, 3, 0, 1, 0] + [UInt8](repeating: 0, count: 16),
        "PATH is a pcap file of version 3.1, only 2.x is known"
      ),
    ]
    for (octets, message) in table {
      let path = scratch.file("foreign", octets)
      let error = error(path)
      let parts = message.split(separator: "PATH", omittingEmptySubsequences: false)
      #expect(error?.message == parts.joined(separator: path))
      #expect(error?.kind == .file)
    }
  }

  @Test("a missing file, a directory, a socket, a file of somebody else")
  func places() {
    let missing = error(scratch.file("missing.pcap"))
    #expect(missing?.message == "there is no file \(scratch.path)/missing.pcap")
    #expect(missing?.kind == .file && missing?.remedy.isEmpty == false)
    let directory = error(scratch.path)
    #expect(directory?.message == "\(scratch.path) is a directory, not a capture file")
    #expect(directory?.kind == .file && directory?.remedy.isEmpty == false)
    let inside = error(scratch.file("x", [1]) + "/y")
    #expect(inside?.kind == .file)
    #expect(error("/dev/null")?.message == "/dev/null is empty")
  }

  @Test("no permission is told as such", .disabled(if: getuid() == 0, "root may read everything"))
  func permission() {
    let path = scratch.file("secret.pcap", [1])
    chmod(path, 0)
    let error = error(path)
    #expect(error?.kind == .permission)
    #expect(error?.message == "no permission to read \(path)")
    #expect(error?.remedy == "have its owner allow it: sudo chmod a+r \(path)")
  }
}

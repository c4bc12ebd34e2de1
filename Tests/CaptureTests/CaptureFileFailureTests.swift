import Capture
import Glibc
import PacketCore
import Testing

@Suite("Capture files that cannot be written")
struct CaptureFileFailureTests {
  let scratch = Scratch()
  private static let header = FrameHeader(
    time: Timestamp(seconds: 1, nanoseconds: 0), capturedLength: 100, originalLength: 100,
    linkType: .ethernet)
  private static let octets = [UInt8](repeating: 7, count: 100)

  /// Writes until it fails; frames taken, and the error.
  private func fill(
    _ path: String, _ format: CaptureFileFormat, frames: Int = 100_000
  ) throws -> (taken: Int, saved: Int, error: CaptureError?) {
    var writer = try CaptureFileWriter(path, format: format)
    do {
      for _ in 0..<frames { try writer.write(Self.octets.span.bytes, Self.header) }
      try writer.close()
    } catch {
      // Once failed, it stays so.
      #expect(throws: error) { try writer.write(Self.octets.span.bytes, Self.header) }
      #expect(throws: error) { try writer.flush() }
      return (writer.framesWritten, writer.framesSaved, error)
    }
    return (writer.framesWritten, writer.framesSaved, nil)
  }

  @Test("a full device", arguments: [.pcap(nanoseconds: false), .pcapng] as [CaptureFileFormat])
  func fullDevice(format: CaptureFileFormat) throws {
    for frames in [1, 100_000] {
      let result = try fill("/dev/full", format, frames: frames)
      #expect(result.error?.kind == .write)
      #expect(
        result.error?.message
          == "cannot write /dev/full: No space left on device (0 frames were saved)")
      #expect(result.error?.remedy.isEmpty == false)
      #expect(result.error?.isClosedPipe == false)
    }
    let compressed = scratch.file("full.gz")
    symlink("/dev/full", compressed)
    let result = try fill(compressed, format)
    #expect(result.error?.kind == .write)
    #expect(
      result.error?.message.contains("the file may hold fewer than the") == true)
  }

  @Test("a closed pipe", arguments: [.pcap(nanoseconds: false), .pcapng] as [CaptureFileFormat])
  func closedPipe(format: CaptureFileFormat) throws {
    let path = scratch.file("fifo")
    mkfifo(path, 0o600)
    let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    var writer = try CaptureFileWriter(path, format: format)
    try writer.write(Self.octets.span.bytes, Self.header)
    try writer.flush()
    closeEverywhere(reader)
    try writer.write(Self.octets.span.bytes, Self.header)
    var failure: CaptureError?
    do {
      try writer.flush()
    } catch {
      failure = error
    }
    #expect(failure?.isClosedPipe == true)
    #expect(
      failure?.message == "whoever was reading \(path) went away (1 frame was saved)")
  }

  @Test(
    "a disk that fills up keeps a file that ends with a whole record",
    arguments: [.pcap(nanoseconds: false), .pcapng] as [CaptureFileFormat])
  func fullDisk(format: CaptureFileFormat) throws {
    // A file system of 640 kB that only a namespace of ours sees, reached through /proc.
    let input = makePipe()
    defer { close(input.write) }
    let mount = scratch.file("disk")
    mkdir(mount, 0o700)
    let script = "mount -t tmpfs -o size=640k tmpfs \(mount) && echo ready && cat"
    guard let child = spawn(["unshare", "-Urm", "sh", "-c", script], input: input.read) else {
      print("skipped: a disk that fills up: there is no unshare")
      return
    }
    close(input.read)
    defer {
      close(child.output)
      kill(child.process, SIGKILL)
      waitpid(child.process, nil, 0)
    }
    var line = [UInt8](repeating: 0, count: 6)
    guard read(child.output, &line, 6) == 6, line == Array("ready\n".utf8) else {
      print("skipped: a disk that fills up: the kernel refuses a mount in a namespace")
      return
    }
    let path = "/proc/\(child.process)/root\(mount)/full"
    let result = try fill(path, format)
    let seen = readFile(path)
    #expect(seen.error == nil)
    #expect(seen.frames.count == result.saved)
    #expect(result.saved > 3000 && result.saved < result.taken)
    #expect(
      result.error?.message
        == "cannot write \(path): No space left on device (\(result.saved) frames were saved)")
  }

  @Test("places that cannot be written")
  func places() {
    func failure(_ path: String, reading: Int32 = -1) -> CaptureError? {
      do {
        _ = try CaptureFileWriter(path, reading: reading)
      } catch {
        return error
      }
      return nil
    }
    #expect(failure(scratch.path)?.message == "\(scratch.path) is a directory")
    #expect(failure(scratch.path)?.kind == .write)
    let nowhere = scratch.path + "/no/where.pcap"
    #expect(failure(nowhere)?.message == "there is no directory for \(nowhere)")
    let same = scratch.file("same.pcap", [1, 2, 3])
    let descriptor = open(same, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    #expect(
      failure(same, reading: descriptor)?.message
        == "\(same) is the file that is being read, and would be destroyed")
    #expect(scratch.octets(of: same) == [1, 2, 3])
    #expect(failure("/proc/version")?.kind == .permission || getuid() == 0)
  }
}

import Capture
import Glibc
import PacketCore
import Testing

@Suite("Following files and reading pipes")
struct CaptureFollowTests {
  let scratch = Scratch()

  private static func file(_ frames: Int) -> FileBytes {
    var file = FileBytes.pcap()
    for index in 0..<frames { file.record(UInt32(index), 0, [UInt8(index), 1, 2, 3]) }
    return file
  }

  /// Appends pieces of a file, one each time the reader is about to wait; then ends the reading.
  private func follow(_ name: String, _ pieces: [[UInt8]]) throws -> [[UInt8]] {
    let path = scratch.file(name, pieces[0])
    let stop = makePipe()
    defer {
      close(stop.read)
      close(stop.write)
    }
    var next = 1
    func idle() {
      if next < pieces.count {
        scratch.append(pieces[next], to: path)
        next += 1
      } else {
        _ = write(stop.write, [1], 1)
      }
    }
    var frames: [[UInt8]] = []
    var reader = try CaptureFileReader(path, follow: true, stop: stop.read, idle: idle)
    try reader.forEachFrame(idle: idle) { octets, _ in
      frames.append([UInt8](octets))
      return true
    }
    #expect(next == pieces.count)
    return frames
  }

  @Test("a file that grows octet by octet is read like a whole one")
  func growsByOctets() throws {
    let pcap = Self.file(4)
    let pieces = [[]] + pcap.octets.map { [$0] }
    #expect(try follow("a.pcap", pieces) == (0..<4).map { [$0, 1, 2, 3] })
    let (file, frames, _) = PcapngReadingTests.everything()
    #expect(try follow("a.pcapng", file.octets.map { [$0] }) == frames.map(\.octets))
    let compressed = gzip(pcap.octets)
    #expect(try follow("a.gz", compressed.map { [$0] }) == (0..<4).map { [$0, 1, 2, 3] })
  }

  @Test("half a record at the end is waited for, and no error when the user ends")
  func halfRecord() throws {
    let octets = Self.file(3).octets
    #expect(
      try follow("h.pcap", [Array(octets[..<70]), Array(octets[70..<80])])
        == (0..<2).map { [$0, 1, 2, 3] })
    #expect(try follow("n.pcap", [Array(octets[..<10])]) == [])
    #expect(try follow("e.pcap", [[]]) == [])
  }

  @Test("frames arrive while another thread writes")
  func otherThread() throws {
    let octets = Self.file(200).octets
    let path = scratch.file("t.pcap", Array(octets[..<24]))
    let turn = makePipe()
    let stop = makePipe()
    defer { for end in [turn.read, turn.write, stop.read, stop.write] { close(end) } }
    let work = Work(path: path, octets: octets, turn: turn.read, stop: stop.write)
    let argument = Unmanaged.passRetained(work).toOpaque()
    var thread: pthread_t = 0
    let made = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, argument)
    #expect(made == 0)
    var count = 0
    var reader = try CaptureFileReader(path, follow: true, stop: stop.read)
    try reader.forEachFrame(idle: { _ = write(turn.write, [1], 1) }) { octets, _ in
      #expect(octets.byteCount == 4)
      count += 1
      return true
    }
    pthread_join(thread, nil)
    #expect(count == 200)
  }

  /// Writes 37 octets each time that the reader says it waits.
  private final class Work: Sendable {
    let path: String
    let octets: [UInt8]
    let turn: Int32
    let stop: Int32

    init(path: String, octets: [UInt8], turn: Int32, stop: Int32) {
      self.path = path
      self.octets = octets
      self.turn = turn
      self.stop = stop
    }

    func run() {
      let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
      defer { close(file) }
      var token: UInt8 = 0
      var done = 24
      while done < octets.count, read(turn, &token, 1) == 1 {
        let piece = Array(octets[done..<min(done + 37, octets.count)])
        guard write(file, piece, piece.count) == piece.count else { break }
        done += piece.count
      }
      // The reader waits once more when it has read everything.
      _ = read(turn, &token, 1)
      _ = write(stop, &token, 1)
    }
  }

  @Test("a file that is cut, removed or renamed while followed ends the reading and is named")
  func replaced() throws {
    let octets = Self.file(3).octets
    func end(_ how: (String) -> Void) throws -> (Int, CaptureError?) {
      let path = scratch.file("r.pcap", octets)
      var frames = 0
      var done = false
      do {
        var reader = try CaptureFileReader(path, follow: true)
        try reader.forEachFrame(idle: {
          if !done { how(path) }
          done = true
        }) { _, _ in
          frames += 1
          return true
        }
      } catch let error as CaptureError {
        return (frames, error)
      }
      return (frames, nil)
    }
    let path = scratch.file("r.pcap")
    for (how, action) in [
      ("cut short", { path in truncate(path, 24) }), ("removed", { path in unlink(path) }),
      ("renamed", { path in rename(path, path + ".1") }),
      ("removed", { path in rename(path + ".1", path) }),
    ] as [(String, (String) -> Int32)] {
      let (frames, error) = try end { _ = action($0) }
      #expect(frames == 3)
      #expect(error?.message == "\(path) was \(how) while it was followed (after 3 frames)")
      #expect(error?.kind == .read)
      #expect(error?.remedy == "to follow the new file: netlab read --follow \(path)")
    }
    // What was written before the file was renamed is still given.
    let (frames, error) = try end { path in
      scratch.append(Array(octets[24..<44]), to: path)
      rename(path, path + ".2")
    }
    #expect(frames == 4)
    #expect(error?.message == "\(path) was renamed while it was followed (after 4 frames)")
  }

  @Test("a named pipe is read as it comes, and its half record is an error")
  func namedPipe() throws {
    let octets = Self.file(3).octets
    let path = scratch.file("fifo")
    mkfifo(path, 0o600)
    // Both directions, so that the opening waits for nobody.
    let keep = open(path, O_RDWR | O_CLOEXEC)
    var rest = [Array(octets[..<30]), Array(octets[30..<60])]
    var open = true
    func idle() {
      if let piece = rest.first {
        _ = write(keep, piece, piece.count)
        rest.removeFirst()
      } else if open {
        open = false
        close(keep)
      }
    }
    var frames = 0
    var failure: CaptureError?
    do {
      var reader = try CaptureFileReader(path, idle: idle)
      try reader.forEachFrame(idle: idle) { _, _ in
        frames += 1
        return true
      }
    } catch let error as CaptureError {
      failure = error
    }
    #expect(frames == 1)
    #expect(failure?.message == "\(path): the file ends in the middle of a frame (after 1 frame)")
  }

  @Test("the user ends the wait for a pipe to which nothing comes")
  func stopsPipe() throws {
    let path = scratch.file("fifo2")
    mkfifo(path, 0o600)
    let stop = makePipe()
    defer {
      close(stop.read)
      close(stop.write)
    }
    var waits = 0
    var reader = try CaptureFileReader(path, stop: stop.read) {
      waits += 1
      _ = write(stop.write, [1], 1)
    }
    try reader.forEachFrame { _, _ in true }
    #expect(waits == 1)
  }
}

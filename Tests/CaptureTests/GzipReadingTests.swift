import CZlib
import Capture
import Testing

/// One gzip member, made with zlib itself.
func gzip(_ octets: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = octets
  var output = [UInt8](repeating: 0, count: octets.count + octets.count / 100 + 64)
  let count = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      deflate(&stream, Z_FINISH)
      return output.count - Int(stream.avail_out)
    }
  }
  return Array(output[..<count])
}

@Suite("Reading gzip")
struct GzipReadingTests {
  let scratch = Scratch()

  static func sample(_ random: inout SeededRandom, frames: Int) -> (FileBytes, [[UInt8]]) {
    var file = FileBytes.pcap()
    var expected: [[UInt8]] = []
    for _ in 0..<frames {
      let frame = random.octets(Int.random(in: 0...90, using: &random))
      file.record(1, 2, frame)
      expected.append(frame)
    }
    return (file, expected)
  }

  @Test("one member, several members, empty members and padding behind them")
  func members() {
    var random = SeededRandom(seed: 1)
    let (file, frames) = Self.sample(&random, frames: 3000)
    let half = file.octets.count / 2
    let first = gzip(Array(file.octets[..<half]))
    let second = gzip(Array(file.octets[half...]))
    let variants = [
      gzip(file.octets), first + second, gzip([]) + first + gzip([]) + second + gzip([]),
      first + second + [0, 0, 0, 0, 0],
      // One member for every octet of the first record.
      file.octets[..<60].flatMap { gzip([$0]) } + gzip(Array(file.octets[60...])),
    ]
    for (index, octets) in variants.enumerated() {
      let seen = readFile(scratch.file("\(index).gz", octets))
      #expect(seen.error == nil, "variant \(index)")
      #expect(seen.frames.map(\.octets) == frames, "variant \(index)")
    }
    let pcapng = PcapngReadingTests.everything()
    #expect(readFile(scratch.file("ng.gz", gzip(pcapng.file.octets))).frames == pcapng.frames)
  }

  @Test("every prefix gives frames of the file and says that it was cut")
  func prefixes() {
    var random = SeededRandom(seed: 2)
    let (file, frames) = Self.sample(&random, frames: 12)
    let octets = gzip(file.octets)
    var most = 0
    for length in 0..<octets.count {
      let path = scratch.file("p.gz", Array(octets[..<length]))
      let seen = readFile(path)
      #expect(seen.frames.map(\.octets) == Array(frames.prefix(seen.frames.count)))
      #expect(seen.frames.count >= most, "a longer prefix gives no less")
      most = seen.frames.count
      #expect(seen.error?.kind == .file, "prefix \(length)")
      if length >= 2 {
        #expect(
          seen.error?.message.hasPrefix("the gzip data of \(path) ends too early") == true,
          "prefix \(length): \(seen.error?.message ?? "")")
      }
    }
    // The 8 octets of the trailer are no frames.
    #expect(most == 12)
  }

  @Test("damaged gzip gives what came before, then says so")
  func damage() {
    var random = SeededRandom(seed: 3)
    let (file, frames) = Self.sample(&random, frames: 4000)
    var octets = gzip(file.octets)
    for position in (octets.count / 2)..<(octets.count / 2 + 40) { octets[position] ^= 0x55 }
    let seen = readFile(scratch.file("d.gz", octets))
    #expect(seen.error?.kind == .file)
    #expect(seen.frames.count > 1000 && seen.frames.count < 4000)
    #expect(seen.frames[0].octets == frames[0])
    var sum = gzip(file.octets)
    sum[sum.count - 6] ^= 1
    let path = scratch.file("s.gz", sum)
    let summed = readFile(path)
    #expect(summed.frames.map(\.octets) == frames)
    #expect(
      summed.error?.message
        == "the gzip data of \(path) is damaged: incorrect data check (after 4000 frames)")
  }

  @Test("a file in memory is read like one on disk")
  func memory() throws {
    var random = SeededRandom(seed: 6)
    let (file, frames) = Self.sample(&random, frames: 5000)
    for octets in [file.octets, gzip(file.octets)] {
      var seen: [[UInt8]] = []
      var reader = try CaptureFileReader(octets: octets)
      try reader.forEachFrame { octets, _ in
        seen.append([UInt8](octets))
        return true
      }
      #expect(seen == frames)
    }
    #expect(throws: CaptureError.self) { _ = try CaptureFileReader(octets: [], name: "nothing") }
  }

  @Test("no single changed octet traps")
  func corruption() {
    var random = SeededRandom(seed: 4)
    let octets = gzip(Self.sample(&random, frames: 6).0.octets)
    for position in octets.indices {
      for change in [1, 0x80, 0xFF] as [UInt8] {
        var changed = octets
        changed[position] ^= change
        _ = readFile(scratch.file("c.gz", changed))
      }
    }
  }
}

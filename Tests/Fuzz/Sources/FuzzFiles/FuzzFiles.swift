import Capture
import PacketCore

/// One execution: a hostile capture file, walked block by block, with everything that can be asked
/// of a block.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFiles(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let octets = [UInt8](UnsafeBufferPointer(start: data, count: size))
  do {
    var reader = try CaptureFileReader(octets: octets, name: "fuzz")
    let table = reader.interfaceTable
    var total = 0
    try reader.forEachBlock { block, frame in
      total &+= frame.byteCount &+ block.comments.count
      block.forEachOption { _, value in total &+= value.byteCount }
      if let header = block.frame {
        total &+= table[header.point]?.name.utf8.count ?? 0
        total &+= header.originalLength
      }
      _ = block.statistics
      return true
    }
  } catch {
    // A file that is refused is a right answer.
  }
  return 0
}

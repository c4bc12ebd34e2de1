import PacketCore
import Testing

@testable import Protocols

/// Chunks and trailer fields, each where it stands.
@Suite struct HTTPChunkTests {
  private func list(_ body: String, at start: Int = 0) -> HTTPChunkList {
    let octets = [UInt8](repeating: 0x2e, count: start) + Array(body.utf8)
    return octets.withUnsafeBytes { HTTPChunkList($0, start..<octets.count) }
  }

  @Test func chunksAndTrailer() {
    let body = "5;a=\"b\"\r\nhello\r\n01\r\n!\r\n0\r\nA: b\r\nC: d\r\n\r\n"
    let found = list(body, at: 7)
    #expect(
      found.chunks == [
        HTTPChunk(line: 7..<16, size: 5, data: 16..<21, boundary: 21..<23),
        HTTPChunk(line: 23..<27, size: 1, data: 27..<28, boundary: 28..<30),
        HTTPChunk(line: 30..<33, size: 0, data: 33..<33, boundary: 33..<33),
      ])
    #expect(found.trailer == 33..<45)
    #expect(found.left == 0)
    // Without one, and with line feeds alone.
    let bare = list("2\nhi\n0\n\n")
    #expect(bare.chunks.map(\.size) == [2, 0])
    #expect(bare.chunks[0].boundary == 4..<5)
    #expect(bare.trailer.isEmpty)
  }

  /// Whatever is there of a body that was cut, or is none, is listed, and nothing else.
  @Test func everyPrefix() {
    let body = "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n"
    let octets = Array(body.utf8)
    let whole = list(body)
    for count in 0...octets.count {
      let found = list(String(decoding: octets[..<count], as: UTF8.self))
      #expect(found.chunks.count <= whole.chunks.count)
      for (mine, all) in zip(found.chunks, whole.chunks) {
        #expect(mine.line == all.line)
        #expect(mine.size == all.size)
        #expect(mine.data == all.data.clamped(to: 0..<count))
        #expect(mine.boundary.count <= all.boundary.count)
        #expect(mine.place.upperBound <= count)
      }
      // All that has its size is there.
      #expect(found.chunks.count == whole.chunks.count { $0.line.upperBound <= count })
    }
  }

  @Test(arguments: ["", "zz\r\n", "5\r\nhelloX", "5 x\r\n", "\r\n", "ffffffffffffffffff\r\n"])
  func rubbishEndsTheList(_ body: String) {
    #expect(list(body).chunks.count == (body.hasPrefix("5\r\n") ? 1 : 0))
    #expect(list(body).trailer.isEmpty)
  }

  /// A hostile body has a chunk in six octets.
  @Test func longListsAreBounded() {
    let count = HTTPChunkList.longest + 500
    let found = list(String(repeating: "1\r\na\r\n", count: count) + "0\r\n\r\n")
    #expect(found.chunks.count == HTTPChunkList.longest)
    #expect(found.left == 501)
  }

  private func values(_ body: String) -> [String] {
    var script = HTTPScript()
    script.send(.client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    let octets = Array(("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body).utf8)
    script.send(.server, octets)
    return script.fields(octets).compactMap { item in
      guard item.field.name.hasPrefix("http.chunk") else { return nil }
      switch item.value {
      case .string(let text): return "\(item.field.name)=\(text)"
      case .unsigned(let number): return "\(item.field.name)=\(number)"
      case .octetsInPlace:
        let place = item.place ?? 0..<0
        return "\(item.field.name)=\(String(decoding: octets[place], as: UTF8.self))"
      default: return item.line
      }
    }
  }

  @Test func fields() {
    #expect(
      values("5\r\nhello\r\n0\r\nA: b\r\n\r\n") == [
        "HTTP chunked response", "Data chunk (5 octets)", "http.chunk_size=5",
        "http.chunk_data=hello", "http.chunk_boundary=\r\n", "End of chunked encoding",
        "http.chunk_size=0", "http.chunked_trailer_part=A: b\r\n",
      ])
    #expect(values("1\r\nx\r\n0\r\n\r\n")[1] == "Data chunk (1 octet)")
    let many = values(
      String(repeating: "1\r\na\r\n", count: HTTPChunkList.longest + 1) + "0\r\nA: b\r\n\r\n")
    #expect(
      many.suffix(2) == [
        "2 more chunks, which are not listed", "http.chunked_trailer_part=A: b\r\n",
      ])
  }

  /// A body that came in one piece has none.
  @Test func onlyOfChunkedBodies() {
    var script = HTTPScript()
    script.send(.client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    let octets = Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0\r\n\r\n0\r\n\r\n".utf8)
    script.send(.server, octets)
    #expect(!script.fields(octets).contains { $0.field.name.hasPrefix("http.chunk") })
  }
}

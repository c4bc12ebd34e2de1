import CPcap
import Glibc
import PacketCore
import Testing

@testable import Capture

@Suite("Filters on sockets")
struct SocketFilterTests {
  /// What libpcap's interpreter of the same instructions makes of a packet: octets kept.
  private func run(_ filter: SocketFilter, _ packet: [UInt8]) -> UInt32 {
    let program = filter.instructions.map {
      bpf_insn(code: $0.code, jt: $0.whenTrue, jf: $0.whenFalse, k: $0.operand)
    }
    return UInt32(
      truncatingIfNeeded: bpf_filter(program, packet, UInt32(packet.count), UInt32(packet.count)))
  }

  /// A TCP header of so many octets, and a payload.
  private func segment(_ header: Int, _ payload: String) -> [UInt8] {
    var octets = [UInt8](repeating: 0, count: header)
    octets[12] = UInt8(header / 4) << 4 | 0x0f  // reserved bits are nobody's business
    return octets + payload.utf8
  }

  @Test("Only payloads that begin like a token are dropped, whatever options the header has")
  func tokens() {
    let filter = SocketFilter.dropPayload(beginningWith: ListeningFilter.tokenStart)
    for header in stride(from: 20, through: 60, by: 4) {
      #expect(run(filter, segment(header, "gAAAAABl")) == 0)
      #expect(run(filter, segment(header, "gAAA")) == 0)
      for payload in ["", "g", "gA", "gAA", "gAAB", "GET / HTTP/1.1\r\n", "xgAAA", "AAAg"] {
        #expect(run(filter, segment(header, payload)) == .max, "\(header) \(payload)")
      }
    }
  }

  @Test("A header that claims to be longer than the segment is left to TCP")
  func shortSegments() {
    let filter = SocketFilter.dropPayload(beginningWith: ListeningFilter.tokenStart)
    var octets = segment(20, "")
    octets[12] = 0xf0
    #expect(run(filter, octets) == .max)
    octets[12] = 0
    #expect(run(filter, octets) == .max)
    #expect(run(.dropAll, octets) == 0)
  }

  /// Instructions of the filter that a socket has.
  private func installed(_ descriptor: Int32) -> socklen_t {
    var count: socklen_t = 0
    // SO_GET_FILTER is SO_ATTACH_FILTER; its length counts instructions.
    #expect(getsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, nil, &count) == 0)
    return count
  }

  @Test(
    "Clients connect to a filtered socket; the accepted one inherits the filter and loses it",
    arguments: [Address(IPv4Address(127, 0, 0, 1)), Address(IPv6Address(high: 0, low: 1))])
  func accepted(address: Address) throws {
    let stream = Int32(SOCK_STREAM.rawValue)
    let server = OwnedDescriptor(socket(address.socketFamily, stream, 0))
    guard let here = SocketAddress(address) else { throw SocketFailure(.system, "no address") }
    guard here.with({ bind(server.number, $0, $1) }) == 0 else {
      return print("skipped: no \(address.family) on loopback")
    }
    try ListeningFilter.attach(to: server.number)
    #expect(listen(server.number, 1) == 0)
    let port = try #require(SocketAddress.local(of: server.number)?.port)
    let client = OwnedDescriptor(socket(address.socketFamily, stream, 0))
    let there = try #require(SocketAddress(address, port: port))
    #expect(there.with { connect(client.number, $0, $1) } == 0, "\(systemMessage(errno))")
    let peer = OwnedDescriptor(accept(server.number, nil, nil))
    #expect(installed(server.number) == 12)
    #expect(installed(peer.number) == 12)
    ListeningFilter.detach(from: peer.number)
    ListeningFilter.detach(from: peer.number)
    #expect(installed(peer.number) == 0)
    // Without the detaching this segment would never arrive.
    let text = Array("gAAAAABl".utf8)
    #expect(write(client.number, text, text.count) == text.count)
    var wait = pollfd(fd: peer.number, events: Int16(POLLIN), revents: 0)
    #expect(poll(&wait, 1, 5000) == 1)
    var received = [UInt8](repeating: 0, count: 16)
    #expect(read(peer.number, &received, 16) == text.count)
  }

  @Test("A port that another program has is named; the next free one can be taken instead")
  func busyPort() throws {
    let loopback = Address(IPv4Address(127, 0, 0, 1))
    let first = try ShieldSocket(address: loopback, port: 0)
    #expect(throws: SocketFailure.self) {
      _ = try ShieldSocket(address: loopback, port: first.port)
    }
    do {
      _ = try ShieldSocket(address: loopback, port: first.port)
    } catch {
      #expect(error.kind == .portInUse)
      #expect("\(error)".contains("port \(first.port) belongs to another program"))
    }
    let second = try ShieldSocket(address: loopback, port: first.port, orNext: true)
    #expect(second.port > first.port)
  }

  @Test("Nothing answers on a shielded port: a connection is neither accepted nor refused")
  func silence() throws {
    let shield = try ShieldSocket(address: nil, port: 0)
    let client = OwnedDescriptor(
      socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0))
    let there = try #require(SocketAddress(Address(IPv4Address(127, 0, 0, 1)), port: shield.port))
    #expect(there.with { connect(client.number, $0, $1) } == -1)
    #expect(errno == EINPROGRESS)
    var wait = pollfd(fd: client.number, events: Int16(POLLOUT), revents: 0)
    #expect(poll(&wait, 1, 50) == 0)
  }
}

import PacketCore
import Protocols
import Testing

/// What is said of checksums, and to which conversation a datagram is counted.
@Suite struct VerdictTests {
  private func udpNotes() -> [Int: UDP.Note] {
    var notes: [Int: UDP.Note] = [:]
    for (name, packets) in CaptureFolder.captures where name == "udp.pcap" {
      var walk = Walk()
      for packet in packets {
        walk.take(packet)
        if let record = walk.dissection.last(UDP.self) {
          notes[walk.dissection.frame.number] = walk.dissection.note(of: UDP.self, record)
        }
      }
    }
    return notes
  }

  @Test func udpChecksums() {
    let notes = udpNotes()
    #expect(notes[1]?.verdict.status == .good)
    #expect(notes[11]?.verdict.status == .notPresent)
    #expect(notes[12]?.verdict.status == .bad)
    #expect(notes[12]?.verdict.expected == 0x88be)
    #expect(notes[13]?.verdict.status == .offloaded)
    #expect(notes[13]?.verdict.expected == 0x88be)
    #expect(notes[15]?.verdict.status == .illegal)
    #expect(notes[16]?.verdict.status == .bad)
    // Cut by the capture: nothing can be said.
    #expect(notes[28]?.verdict.status == .unverified)
  }

  @Test func udpConversations() {
    let notes = udpNotes()
    #expect((1...8).map { notes[$0]?.stream } == [0, 0, 1, 2, 0, 3, 4, 3])
    #expect(notes[2]?.sinceFirst == 1_000_000)
    #expect(notes[5]?.sincePrevious == 3_000_000)
  }

  @Test func ipv4Checksums() {
    for (name, packets) in CaptureFolder.captures where name == "ipv4.pcap" {
      var walk = Walk()
      var bad: [Int] = []
      for packet in packets {
        walk.take(packet)
        if walk.dissection.findings.contains(where: { $0.kind.name == "ip.checksum_bad.expert" }) {
          bad.append(walk.dissection.frame.number)
        }
      }
      #expect(bad == [6, 7])
    }
  }
}

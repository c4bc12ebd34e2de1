import Testing

@testable import netlab

/// Each way in which tshark takes an option is taken.
@Suite struct SpellingTests {
  @Test(
    arguments: zip(
      [
        ["read", "-c1000", "f"], ["read", "-Tfields", "-eip.src", "f"], ["read", "-nVx", "f"],
        ["read", "-nc5", "f"], ["read", "-rf"], ["read", "--", "-c1000"],
        ["capture", "-ilo", "-w-", "-adurations:3"], ["read", "--host", "-x"], ["read", "-"],
        ["read", "-Y", "-1 == 1"], ["read", "-tad", "-Otcp"], ["read", "-kconv"],
        ["stats", "-zconv,tcp"], ["stats", "--conversations", "tcp,udp", "f"],
        ["stats", "--conversations", "f"], ["stats", "f", "--endpoints"],
      ],
      [
        ["read", "-c", "1000", "f"], ["read", "-T", "fields", "-e", "ip.src", "f"],
        ["read", "-n", "-V", "-x", "f"], ["read", "-n", "-c", "5", "f"], ["read", "-r", "f"],
        ["read", "--", "-c1000"], ["capture", "-i", "lo", "-w", "-", "-a", "durations:3"],
        ["read", "--host", "-x"], ["read", "-"], ["read", "-Y", "-1 == 1"],
        ["read", "-t", "ad", "-O", "tcp"], ["read", "-kconv"],
        ["stats", "-z", "conv,tcp"], ["stats", "--conversations=tcp,udp", "f"],
        ["stats", "--conversations=all", "f"], ["stats", "f", "--endpoints=all"],
      ]))
  func isSeparated(_ written: [String], _ meant: [String]) {
    #expect(TsharkSpelling.normalise(written) == meant)
  }
}

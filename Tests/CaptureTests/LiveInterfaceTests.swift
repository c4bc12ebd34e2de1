import PacketCore
import Testing

@testable import Capture

private func list(_ names: [String]) -> InterfaceList {
  InterfaceList(
    interfaces: names.enumerated().map { index, name in
      NetworkInterface(
        number: index + 1, name: name, description: "", addresses: [], isUp: true, isRunning: true,
        isLoopback: name == "lo", isWireless: false, linkTypes: [.ethernet], obstacle: nil)
    })
}

@Suite struct LiveInterfaceTests {
  @Test func wordsNameInterfaces() throws {
    let interfaces = list(["eth0", "any", "lo", "2", "nflog"])
    #expect(try interfaces.named("lo").number == 3)
    #expect(try interfaces.named("1").name == "eth0")
    // A name goes before a number.
    #expect(try interfaces.named("2").number == 4)
    #expect(try interfaces.named("nflog:7").name == "nflog:7")
  }

  @Test(
    arguments: zip(
      ["etho", "ETH0", "eht0", "l0", "wlan0", "9", "0", "-1", "+1", ""],
      ["eth0", "eth0", "eth0", "lo", nil, nil, nil, nil, nil, nil] as [String?]))
  func missingNamesAreAnsweredWithTheNearest(word: String, nearest: String?) {
    let error = #expect(throws: CaptureError.self) { try list(["eth0", "any", "lo"]).named(word) }
    #expect(error?.kind == .interface)
    #expect(error?.remedy.hasSuffix("netlab interfaces lists them") == true)
    if let nearest {
      #expect(error?.remedy.hasPrefix("did you mean \(nearest)") == true, "\(error?.remedy ?? "")")
    }
  }

  @Test func distancesAreLevenshtein() {
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("eth0", "eth0") == 0)
    #expect(editDistance("abc", "") == 3)
  }

  @Test func loopbackIsListedWithAddressAndLink() throws {
    let lo = try InterfaceList.current().named("lo")
    #expect(lo.isLoopback)
    #expect(lo.linkTypes == [.ethernet])
    if lo.isUp { #expect(lo.addresses.contains(Address(IPv4Address(0x7f00_0001)))) }
  }

  @Test func missingInterfacesAreNoQuestionOfPermission() {
    let error = #expect(throws: CaptureError.self) {
      _ = try LiveCapture(.init(interfaces: ["nosuchinterface0"]))
    }
    #expect(error?.kind == .interface)
  }

  @Test(
    arguments: zip(
      [12, 14, 11, 1, 113, 276, 127] as [Int32], [101, 101, 100, 1, 113, 276, 127] as [UInt16]))
  func pcapNumbersBecomeThoseOfFiles(dlt: Int32, linkType: UInt16) {
    #expect(LinkType(pcapDatalink: dlt).rawValue == linkType)
  }

  @Test func pollTimesAreRoundedUp() {
    let now = MonotonicTime(nanoseconds: 5)
    #expect(now.pollTimeout(from: now) == 0)
    #expect(MonotonicTime(nanoseconds: 6).pollTimeout(from: now) == 1)
    #expect(MonotonicTime(nanoseconds: 1_000_005).pollTimeout(from: now) == 1)
    #expect(MonotonicTime(nanoseconds: 1_000_006).pollTimeout(from: now) == 2)
    #expect(
      MonotonicTime(nanoseconds: .max).pollTimeout(from: MonotonicTime(nanoseconds: -9)) == .max)
    #expect(MonotonicTime(nanoseconds: .min).pollTimeout(from: now) == 0)
  }
}

import Testing

@testable import Capture

private let alice = PrivilegeUser(user: 1000, group: 1001, name: "alice")

private func plan(_ facts: PrivilegeFacts, _ requested: String? = nil) throws -> PrivilegePlan {
  try PrivilegePlan(
    facts, requested: requested,
    userNamed: { name in
      switch name {
      case "alice": alice
      case "root": PrivilegeUser(user: 0, group: 0, name: "root")
      default: nil
      }
    },
    userNumbered: { $0 == 1000 ? alice : nil })
}

@Suite struct LivePrivilegeTests {
  private let everyCapability: UInt64 = 0x1ff_ffff_ffff

  private func root(
    _ user: String? = nil, _ group: String? = nil,
    map: String = "         0          0 4294967295\n"
  ) -> PrivilegeFacts {
    PrivilegeFacts(
      effectiveUser: 0, capabilities: everyCapability, sudoUser: user, sudoGroup: group,
      userMap: map)
  }

  @Test func sudoGivesTheInvokingUser() throws {
    #expect(
      try plan(root("1000", "1000"))
        == .become(PrivilegeUser(user: 1000, group: 1000, name: "alice")))
  }

  @Test(arguments: [nil, "", "0", "x", "-5", "4294967295", "99999999999"] as [String?])
  func aStrangeGroupIsReplacedByTheUsersOwn(group: String?) throws {
    #expect(try plan(root("1000", group)) == .become(alice))
  }

  @Test(arguments: [nil, "", "0", "-1", "x", "1000x", "4294967295", "99999999999"] as [String?])
  func aStrangeUserIsNobodyToBecome(user: String?) throws {
    #expect(try plan(root(user, "1000")) == .nothing(.noOtherUser))
  }

  @Test func aUserWithoutNameNeedsAGroup() throws {
    #expect(
      try plan(root("4242", "4243")) == .become(PrivilegeUser(user: 4242, group: 4243, name: "")))
    #expect(try plan(root("4242", nil)) == .nothing(.noOtherUser))
  }

  @Test func sudoMeansNothingWithoutRoot() throws {
    let user = PrivilegeFacts(
      effectiveUser: 1000, capabilities: 0, sudoUser: "0", sudoGroup: "0")
    #expect(try plan(user) == .nothing(.ordinaryUser))
    var withFile = user
    withFile.capabilities = 1 << 13
    #expect(try plan(withFile) == .dropCapabilities)
  }

  @Test func aNamespaceOfOneUserHasNothingToDrop() throws {
    let map = "         0       1000          1\n"
    #expect(try plan(root("1000", "1000", map: map)) == .nothing(.namespaceOfOneUser))
    #expect(try plan(root(map: map)) == .nothing(.namespaceOfOneUser))
    #expect(try plan(root(map: map), "alice") == .nothing(.namespaceOfOneUser))
  }

  @Test func aNamespaceOfSeveralUsersMayLackTheInvokingOne() throws {
    let map = "0 1000 1\n1 100000 65536\n"
    #expect(try plan(root("70000", "70000", map: map)) == .nothing(.notMapped(70000)))
    #expect(
      try plan(root("1000", "1000", map: map))
        == .become(PrivilegeUser(user: 1000, group: 1000, name: "alice")))
  }

  @Test func theOptionWins() throws {
    #expect(try plan(root("4242", "4242"), "alice") == .become(alice))
    #expect(try plan(root("1000", "1000"), "root") == .nothing(.rootWanted))
    #expect(throws: CaptureError.self) { try plan(root(), "nosuchuser") }
    #expect(throws: CaptureError.self) { try plan(root(map: "0 0 10\n"), "alice") }
    let other = PrivilegeFacts(effectiveUser: 7, capabilities: 0)
    #expect(throws: CaptureError.self) { try plan(other, "alice") }
    let same = PrivilegeFacts(effectiveUser: 1000, capabilities: 4)
    #expect(try plan(same, "alice") == .dropCapabilities)
  }

  @Test func theRemedyFitsWhoAsks() {
    let user = Capabilities(effective: 0, permitted: 0, effectiveUser: 1000)
    #expect(user.obstacleToCapture?.kind == .permission)
    #expect(
      user.remedy(executable: "/usr/local/bin/netlab")
        == "run it with sudo, or once: "
        + "sudo setcap cap_net_raw,cap_net_admin+ep /usr/local/bin/netlab")
    #expect(user.remedy(executable: "/a b/it's").hasSuffix("+ep '/a b/it'\\''s'"))
    let container = Capabilities(effective: 0, permitted: 0, effectiveUser: 0)
    #expect(container.remedy().contains("--cap-add=NET_RAW"))
    let able = Capabilities(effective: 1 << 13, permitted: 1 << 13, effectiveUser: 1000)
    #expect(able.obstacleToCapture == nil)
  }
}

@Suite struct LiveDoctorTests {
  private func facts(_ change: (inout DoctorFacts) -> Void) -> [String: DoctorCheck] {
    var facts = DoctorFacts(
      capabilities: Capabilities(effective: 3 << 12, permitted: 3 << 12, effectiveUser: 1000),
      packetSocketError: 0, libpcap: "libpcap version 1.10.3 (with TPACKET_V3)",
      hasNanoseconds: true, usernsClone: nil, apparmorRestricts: nil, maxUserNamespaces: "15000",
      tunError: 0,
      interfaces: [
        interface("eth0", up: true), interface("any", up: true),
        interface("lo", up: true, loopback: true),
      ], privilege: "")
    change(&facts)
    return Dictionary(facts.checks.map { ($0.name, $0) }) { $1 }
  }

  private func interface(_ name: String, up: Bool, loopback: Bool = false) -> NetworkInterface {
    NetworkInterface(
      number: 1, name: name, description: "", addresses: [], isUp: up, isRunning: up,
      isLoopback: loopback, isWireless: false, linkTypes: [.ethernet], obstacle: nil)
  }

  @Test func aSoundMachineHasNothingToMend() {
    let checks = facts { _ in }
    #expect(checks.values.allSatisfy { $0.isOK && $0.remedy.isEmpty && !$0.finding.hasSuffix(".") })
  }

  @Test func everythingMissingHasARemedy() {
    let checks = facts {
      $0.capabilities.effective = 0
      $0.packetSocketError = 1
      $0.hasNanoseconds = false
      $0.usernsClone = "0"
      $0.tunError = 2
      $0.interfaces = [
        interface("any", up: true), interface("bluetooth-monitor", up: false),
        interface("eth0", up: false), interface("lo", up: false, loopback: true),
      ]
    }
    for (name, check) in checks where name != "privilege" {
      #expect(!check.isOK && !check.remedy.isEmpty, "\(name)")
    }
    #expect(checks["interfaces"]?.remedy == "sudo ip link set eth0 up")
    #expect(checks["/dev/net/tun"]?.remedy == "sudo modprobe tun")
  }

  @Test func appArmorIsNamed() {
    let check = facts { $0.apparmorRestricts = "1" }["user namespaces"]
    #expect(check?.finding.contains("AppArmor") == true && check?.isOK == false)
    let root = facts {
      $0.apparmorRestricts = "1"
      $0.capabilities.effectiveUser = 0
    }
    #expect(root["user namespaces"]?.isOK == true)
  }

  @Test func thisMachineIsLookedAtWithoutPrivilege() {
    let facts = DoctorFacts.current()
    #expect(facts.libpcap.contains("libpcap"))
    #expect(facts.interfaces.contains { $0.isLoopback })
  }
}

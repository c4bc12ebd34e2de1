import Glibc
import Testing

@testable import Capture

@Suite struct LiveDropTests {
  @Test(.enabled("only root can be dropped") { RootToDrop.isPossible })
  func dropsRootAndGoesOnCapturing() {
    expectPass("LiveAsRoot", in: ["unshare", "--net"])
  }

  @Test(
    .enabled("only root can lend a capability, to a user who may read this program") {
      RootToDrop.isPossible
        && AnotherProcess.run(RootToDrop.asNobody + ["test", "-x", Capabilities.executablePath])
          .status == 0
    })
  func dropsCapabilitiesAndGoesOnCapturing() {
    expectPass(
      "LiveAsRoot",
      in: ["unshare", "--net", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh"]
        + RootToDrop.asNobody)
  }

  @Test(.enabled("only root can be dropped") { RootToDrop.isPossible })
  func aThreadThatStaysRootIsAnError() {
    expectPass("LiveThreadsAsRoot", in: [])
  }

  private func expectPass(_ suite: String, in surroundings: [String]) {
    let result = AnotherProcess.test(
      suite, in: surroundings,
      setting: ["NETLAB_TEST_AS_ROOT": "1", "SUDO_UID": "65534", "SUDO_GID": "65534"])
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains("Suite \(suite) passed"), "\(result.output)")
  }
}

@Suite(.enabled("run by dropsRootAndGoesOnCapturing") { RootToDrop.isInside })
struct LiveAsRoot {
  @Test func thePrivilegeIsGoneForGoodAndTheCaptureWorks() throws {
    _ = AnotherProcess.run(["ip", "link", "set", "lo", "up"])
    // This program has threads, and the library that runs tests keeps the main one: only a fork
    // has one thread, as the command has when it drops root.
    let complaints = AnotherProcess.forked { complain in
      do {
        try Self.dropAndCapture(complain)
      } catch {
        complain("\(error)")
      }
    }
    #expect(complaints == "")
  }

  private static func dropAndCapture(_ complain: (String) -> Void) throws {
    func check(_ holds: Bool, _ what: String) { if !holds { complain(what + "\n") } }
    let sender = try Sender()
    var capture = try live(["lo"], "udp port \(sender.port)")
    let plan = try PrivilegePlan(.current)
    if geteuid() == 0 {
      check(plan == .become(PrivilegeUser(user: 65_534, group: 65_534, name: "nobody")), "\(plan)")
      let done = try plan.carryOut()
      check(done == "root was dropped for nobody (user 65534, group 65534)", done)
    } else {
      check(plan == .dropCapabilities, "\(plan)")
      check(try plan.carryOut() == "the capabilities were dropped", "report")
    }
    check(getuid() == 65_534 && geteuid() == 65_534 && getgid() == 65_534, "ids")
    check(setuid(0) == -1 && setgid(0) == -1, "root can be had again")
    check(open("/etc/shadow", O_RDONLY) == -1, "root's files can be read")
    check(Capabilities.current.permitted == 0, "capabilities are left")
    var groups = [gid_t](repeating: 1, count: 64)
    check(!groups.prefix(Int(max(0, getgroups(64, &groups)))).contains(0), "root's group is left")
    let status = smallFile("/proc/thread-self/status") ?? ""
    check(status.contains("NoNewPrivs:\t1"), "new privileges are possible")
    // What was opened before still gives frames and counts.
    sender.send(3)
    let seen = capture.collect(3)
    check(seen.payloads == [0, 1, 2], "payloads \(seen.payloads)")
    check(seen.statistics.first?.captured == 3, "counts")
    // A second capture is refused, with the remedy; a missing interface is still told from that.
    do {
      _ = try live(["lo"], "")
      complain("a second capture was opened")
    } catch let error as CaptureError {
      check(error.kind == .permission && error.remedy.contains("setcap"), "\(error)")
    }
    do {
      _ = try live(["nosuch0"], "")
      complain("a missing interface was opened")
    } catch let error as CaptureError {
      check(error.kind == .interface, "\(error)")
    }
    check(try InterfaceList.current().named("lo").obstacle?.kind == .permission, "obstacle")
  }
}

@Suite(.enabled("run by aThreadThatStaysRootIsAnError") { RootToDrop.isInside })
struct LiveThreadsAsRoot {
  @Test func itIsRefused() throws {
    let error = #expect(throws: CaptureError.self) { try PrivilegePlan(.current).carryOut() }
    #expect(error?.kind == .permission)
    #expect(error?.message.contains("still has it") == true, "\(error?.message ?? "")")
  }
}

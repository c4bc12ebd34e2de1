import CLinux
import Glibc

extension PrivilegePlan {
  /// Does it, for good, and makes sure that it cannot be undone.
  ///
  /// To be called when the interfaces are open, before a byte of a packet is looked at, and
  /// before the process has a second thread or a main queue: users and capabilities belong to
  /// threads. A thread that still holds some privilege is an error, not a remark.
  ///
  /// - Returns: What was done: one sentence without a full stop.
  /// - Throws: `CaptureError(.permission)` when the privilege could not be dropped; the capture
  ///   must not go on then.
  @discardableResult
  public func carryOut() throws(CaptureError) -> String {
    switch self {
    case .nothing:
      return summary
    case .become(let user):
      try user.become()
      try Self.loseCapabilities()
      try user.verify()
      return "root was dropped for \(user.label)"
    case .dropCapabilities:
      try Self.loseCapabilities()
      return "the capabilities were dropped"
    }
  }

  private static func loseCapabilities() throws(CaptureError) {
    guard netlab_capabilities_drop() == 0 else {
      throw notDropped("capabilities", systemMessage(errno))
    }
    guard netlab_set_no_new_privileges() == 0 else {
      throw notDropped("the right to new privileges", systemMessage(errno))
    }
    let left = Capabilities.current
    guard left.effective == 0, left.permitted == 0 else {
      throw notDropped("capabilities", "some are still there")
    }
    if let thread = privilegedThread() {
      throw notDropped("the privilege", "thread \(thread) still has it")
    }
  }

  /// A thread of this process that is still root or may still put a capability in force.
  ///
  /// setresuid(2) is the thread's own; the C library has it done by all threads, but passes over
  /// those that are ending, and the main thread under `dispatchMain()` or an async `main` is one
  /// that never finishes ending.
  private static func privilegedThread() -> String? {
    guard let directory = opendir("/proc/self/task") else { return nil }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard UInt32(name) != nil, let status = smallFile("/proc/self/task/\(name)/status") else {
        continue
      }
      for line in status.split(separator: "\n") {
        let words = line.split { $0 == "\t" || $0 == " " }
        switch words.first {
        case "Uid:": if words.dropFirst().contains("0") { return name }
        case "CapPrm:": if words.last?.contains(where: { $0 != "0" }) != false { return name }
        default: break
        }
      }
    }
    return nil
  }

  fileprivate static func notDropped(_ what: String, _ why: String) -> CaptureError {
    CaptureError(
      .permission, "\(what) could not be dropped: \(why)",
      remedy: geteuid() == 0 ? "-Z root captures without dropping root" : "")
  }
}

extension PrivilegeUser {
  /// Groups first: without root they could not be changed any more.
  fileprivate func become() throws(CaptureError) {
    var own = group
    let grouped = name.isEmpty ? setgroups(1, &own) : initgroups(name, group)
    guard grouped == 0 else {
      throw PrivilegePlan.notDropped("root's groups", systemMessage(errno))
    }
    guard netlab_setresgid(group, group, group) == 0 else {
      throw PrivilegePlan.notDropped("root's group", systemMessage(errno))
    }
    guard netlab_setresuid(user, user, user) == 0 else {
      throw PrivilegePlan.notDropped("root", systemMessage(errno))
    }
  }

  /// Tries to become root again by every door.
  fileprivate func verify() throws(CaptureError) {
    var real: uid_t = 0
    var effective: uid_t = 0
    var saved: uid_t = 0
    guard netlab_getresuid(&real, &effective, &saved) == 0,
      [real, effective, saved] == [user, user, user]
    else { throw PrivilegePlan.notDropped("root", "it is still there") }
    guard netlab_setresuid(uid_t.max, 0, uid_t.max) != 0, setuid(0) != 0 else {
      throw PrivilegePlan.notDropped("root", "it can be had again")
    }
    guard group != 0 else { return }  // a user whose own group it is
    guard netlab_setresgid(gid_t.max, 0, gid_t.max) != 0, setgid(0) != 0 else {
      throw PrivilegePlan.notDropped("root's group", "it can be had again")
    }
  }
}

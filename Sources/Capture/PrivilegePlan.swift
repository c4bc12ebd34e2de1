import Glibc

/// A user to become.
public struct PrivilegeUser: Sendable, Equatable {
  /// User number.
  public var user: UInt32
  /// Group number.
  public var group: UInt32
  /// Login name; empty when the number has none.
  public var name: String

  /// - Parameters: As the properties say.
  public init(user: UInt32, group: UInt32, name: String) {
    self.user = user
    self.group = group
    self.name = name
  }

  /// The user of this name, or nil. getpwnam(3).
  public static func named(_ name: String) -> PrivilegeUser? {
    guard let entry = getpwnam(name) else { return nil }
    return PrivilegeUser(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, name: name)
  }

  /// The user of this number, or nil. getpwuid(3).
  public static func numbered(_ user: UInt32) -> PrivilegeUser? {
    guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return nil }
    return PrivilegeUser(user: user, group: entry.pointee.pw_gid, name: String(cString: name))
  }
}

/// What the decision about the privilege rests on.
public struct PrivilegeFacts: Sendable, Equatable {
  /// Whose rights the process has; 0 is root.
  public var effectiveUser: UInt32
  /// Bit mask of the capabilities that may be put in force.
  public var capabilities: UInt64
  /// SUDO_UID, as sudo sets it.
  public var sudoUser: String?
  /// SUDO_GID.
  public var sudoGroup: String?
  /// /proc/self/uid_map: which users exist in this user namespace. user_namespaces(7).
  public var userMap: String

  /// - Parameters: As the properties say.
  public init(
    effectiveUser: UInt32, capabilities: UInt64, sudoUser: String? = nil, sudoGroup: String? = nil,
    userMap: String = "0 0 4294967295"
  ) {
    self.effectiveUser = effectiveUser
    self.capabilities = capabilities
    self.sudoUser = sudoUser
    self.sudoGroup = sudoGroup
    self.userMap = userMap
  }

  /// Those of this process.
  public static var current: PrivilegeFacts {
    let capabilities = Capabilities.current
    return PrivilegeFacts(
      effectiveUser: geteuid(), capabilities: capabilities.permitted,
      sudoUser: environment("SUDO_UID"), sudoGroup: environment("SUDO_GID"),
      userMap: smallFile("/proc/self/uid_map") ?? "")
  }

  /// How many users the namespace knows; nil when the map cannot be read.
  var mappedUsers: UInt64? {
    let ranges = mapRanges
    return ranges.isEmpty ? nil : ranges.reduce(0) { $0 &+ $1.count }
  }

  /// Whether one can become this user here: setresuid(2) gives EINVAL for one without a mapping.
  func isMapped(_ user: UInt32) -> Bool {
    let ranges = mapRanges
    return ranges.isEmpty
      || ranges.contains { UInt64(user) >= $0.first && UInt64(user) - $0.first < $0.count }
  }

  private var mapRanges: [(first: UInt64, count: UInt64)] {
    userMap.split(separator: "\n").compactMap { line in
      let numbers = line.split(separator: " ").compactMap { UInt64($0) }
      return numbers.count == 3 ? (numbers[0], numbers[2]) : nil
    }
  }
}

/// What is to be done about the privilege once the interfaces are open.
public enum PrivilegePlan: Sendable, Equatable {
  /// Why there is nothing to drop.
  public enum Nothing: Sendable, Equatable {
    /// An ordinary user without capabilities.
    case ordinaryUser
    /// Root of a user namespace that knows one user: outside it, that is the user himself.
    case namespaceOfOneUser
    /// The invoking user does not exist in this user namespace.
    case notMapped(UInt32)
    /// Root, and nobody says who else to be: no sudo, no -Z.
    case noOtherUser
    /// `-Z root`.
    case rootWanted
  }

  /// Become this user, for good.
  case become(PrivilegeUser)
  /// Stay the user, lose the capabilities of the file.
  case dropCapabilities
  /// Nothing to drop.
  case nothing(Nothing)

  /// Decides. Pure: the same facts, the same plan.
  ///
  /// - Parameters:
  ///   - requested: What `-Z` says, if anything.
  ///   - userNamed: Looks a login name up.
  ///   - userNumbered: Looks a user number up.
  /// - Throws: `CaptureError(.permission)` for a `-Z` that cannot be followed.
  public init(
    _ facts: PrivilegeFacts, requested: String? = nil,
    userNamed: (String) -> PrivilegeUser? = PrivilegeUser.named,
    userNumbered: (UInt32) -> PrivilegeUser? = PrivilegeUser.numbered
  ) throws(CaptureError) {
    if let requested {
      guard let user = userNamed(requested) else {
        throw CaptureError(
          .permission, "-Z: there is no user \(requested)", remedy: "getent passwd lists the users")
      }
      guard facts.effectiveUser == 0 || facts.effectiveUser == user.user else {
        throw CaptureError(
          .permission, "-Z \(requested): only root can become another user",
          remedy: "leave -Z away, or run it with sudo")
      }
      if facts.effectiveUser == 0 {
        if facts.mappedUsers == 1 {
          self = .nothing(.namespaceOfOneUser)
        } else if user.user == 0 {
          self = .nothing(.rootWanted)
        } else if !facts.isMapped(user.user) {
          throw CaptureError(
            .permission, "-Z \(requested): user \(user.user) does not exist in this user namespace",
            remedy: "leave -Z away")
        } else {
          self = .become(user)
        }
        return
      }
    }
    guard facts.effectiveUser == 0 else {
      self = facts.capabilities == 0 ? .nothing(.ordinaryUser) : .dropCapabilities
      return
    }
    if facts.mappedUsers == 1 {
      self = .nothing(.namespaceOfOneUser)
      return
    }
    // 4294967295 is no user: setresuid(2) takes it for "leave as it is".
    guard let number = facts.sudoUser.flatMap({ UInt32($0) }), number != 0, number != .max else {
      self = .nothing(.noOtherUser)
      return
    }
    guard facts.isMapped(number) else {
      self = .nothing(.notMapped(number))
      return
    }
    let known = userNumbered(number)
    let stated = facts.sudoGroup.flatMap { UInt32($0) } ?? 0
    let group = stated != 0 && stated != .max ? stated : known?.group ?? 0
    guard group != 0 else {
      self = .nothing(.noOtherUser)
      return
    }
    self = .become(PrivilegeUser(user: number, group: group, name: known?.name ?? ""))
  }

  /// One sentence without a full stop, for `netlab doctor`.
  public var summary: String {
    switch self {
    case .become(let user):
      "root is dropped for \(user.label) once the interfaces are open"
    case .dropCapabilities: "the capabilities are dropped once the interfaces are open"
    case .nothing(.ordinaryUser): "an ordinary user, nothing to drop"
    case .nothing(.namespaceOfOneUser):
      "root of a user namespace with one user, which is you: nothing to drop"
    case .nothing(.notMapped(let user)):
      "root of a user namespace without user \(user): root is kept"
    case .nothing(.noOtherUser):
      "root, and no SUDO_UID says for whom: root is kept; -Z USER drops it"
    case .nothing(.rootWanted): "root is kept, as -Z says"
    }
  }
}

extension PrivilegeUser {
  /// `alice (user 1000, group 1000)`.
  var label: String {
    (name.isEmpty ? "" : name + " ") + "(user \(user), group \(group))"
  }
}

/// A variable of the environment.
func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// The text of a small file such as those in /proc, up to 64 KiB; nil when it cannot be read.
func smallFile(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var octets: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 4096)
  while octets.count < 65_536 {
    let count = read(descriptor, &block, block.count)
    if count < 0 { return nil }
    if count == 0 { break }
    octets += block[..<count]
  }
  return String(decoding: octets, as: UTF8.self)
}

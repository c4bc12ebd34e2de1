import Glibc

/// Whose keys they are: the user who runs netlab, be it through sudo.
public struct KeyOwner: Sendable, Equatable {
  /// The user whose files count as one's own.
  public var user: UInt32
  /// That user's group, for files made on the user's behalf.
  public var group: UInt32
  /// Whose rights the process has; 0 is root, whose files are trusted too.
  public var effectiveUser: UInt32
  /// The folder of the user's settings; nil when nobody knows.
  public var settings: String?
  /// The folder of the user's data, as settings.
  public var data: String?

  /// Decides. Pure: the same facts, the same owner.
  ///
  /// - Parameters:
  ///   - environment: Looks a variable up: SUDO_UID, SUDO_GID, XDG_CONFIG_HOME, XDG_DATA_HOME, HOME.
  ///     The first two count for root only: anyone else could set them. The others are not the
  ///     invoking user's own under sudo, and are left aside then.
  ///   - home: The home of a user in passwd(5).
  public init(
    effectiveUser: UInt32, effectiveGroup: UInt32, environment: (String) -> String?,
    home: (UInt32) -> String?
  ) {
    self.effectiveUser = effectiveUser
    var isInvoked = false
    user = effectiveUser
    group = effectiveGroup
    if effectiveUser == 0, let invoking = environment("SUDO_UID").flatMap({ UInt32($0) }),
      invoking != 0, invoking != .max
    {
      isInvoked = true
      user = invoking
      group = environment("SUDO_GID").flatMap { UInt32($0) } ?? effectiveGroup
    }
    // XDG Base Directory Specification: paths "must be absolute"; others are to be ignored.
    func folder(_ variable: String) -> String? {
      isInvoked ? nil : environment(variable).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let own = folder("HOME") ?? home(user)
    settings = folder("XDG_CONFIG_HOME") ?? own.map { $0 + "/.config" }
    data = folder("XDG_DATA_HOME") ?? own.map { $0 + "/.local/share" }
  }

  /// Whoever runs this process.
  public static var current: KeyOwner {
    KeyOwner(
      effectiveUser: geteuid(), effectiveGroup: getegid(),
      environment: { name in getenv(name).map { String(cString: $0) } },
      home: { user in
        guard let entry = getpwuid(user), let home = entry.pointee.pw_dir else { return nil }
        return String(cString: home)
      })
  }

  /// Where the key is when nobody says: `netlab/fernet.key` in the folder of settings.
  public var keyPath: String? { settings.map { $0 + "/netlab/fernet.key" } }
}

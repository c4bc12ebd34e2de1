import ArgumentParser
import Console
import Cryptography

/// `netlab key generate|show|import`: the key that the two ends of an exchange share.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "The Fernet key that this host shares with others.",
    discussion: """
      send, receive, serve and the dissector find the same key: ~/.config/netlab/fernet.key \
      (in $XDG_CONFIG_HOME if that is set), of the invoking user also under sudo. The first \
      command that needs it makes it.

      Examples:
        netlab key show | ssh other netlab key import
        netlab key generate --key-file class.key
      """,
    subcommands: [Generate.self, Show.self, Import.self])

  /// Which file it is about.
  struct Place: ParsableArguments {
    @Option(
      name: .customLong("key-file"), parsing: .unconditional,
      help: ArgumentHelp(
        "The file that the key is in. (default: ~/.config/netlab/fernet.key)", valueName: "file"))
    var keyFile: String?
  }

  /// What becomes of a key that is there already.
  struct Replacement: ParsableArguments {
    @Flag(
      name: .customLong("replace"),
      help: "Take the place of another key, which is kept beside it as FILE.old.")
    var isWanted = false

    /// Writes the key, and says what was done.
    ///
    /// - Parameter deed: In the past tense.
    func put(_ key: FernetKey, at place: Place, _ deed: String) throws {
      let owner = KeyOwner.current
      let path = try SharedKey.path(place.keyFile, of: owner)
      var old: String?
      do throws(KeyFileError) {
        if isWanted {
          old = try KeyFile.replace(path, key: key, owner: owner)
        } else {
          try KeyFile.create(path, key: key, owner: owner)
        }
      } catch {
        throw SharedKey.failure(error, place.keyFile)
      }
      var output = StandardOutput()
      output.buffer.append("\(deed): \(path)\n")
      if let old {
        output.buffer.append(
          "  the one before is kept: \(old)\n"
            + "  what was made with that one, saved messages too, is read with "
            + "--key-file \(KeyFile.quoted(old))\n")
      }
      try output.flush()
    }
  }

  /// `netlab key generate`: a new key, never over another.
  struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a new key, and say how the other host gets it.")

    @OptionGroup var place: Place
    @OptionGroup var replacement: Replacement

    func run() throws {
      try replacement.put(try SharedKey.make(), at: place, "made a new key")
      let options = place.keyFile.map { " --key-file " + KeyFile.quoted($0) } ?? ""
      var output = StandardOutput()
      output.buffer.append(
        "  the other host gets it by: netlab key show\(options) | ssh OTHER netlab key import\n")
      try output.flush()
    }
  }

  /// `netlab key show`: the one command that prints a key, because that is its job.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the key, for the other host and nobody else.")

    @OptionGroup var place: Place

    @Flag(name: .customLong("path"), help: "Print only where the key is, or would be.")
    var isPathOnly = false

    func run() throws {
      var output = StandardOutput()
      if isPathOnly {
        output.buffer.append(try SharedKey.path(place.keyFile) + "\n")
      } else {
        let text = try SharedKey.load(place.keyFile).exportedText()
        output.buffer.append(text.span.bytes)
        output.buffer.append("\n")
      }
      try output.flush()
    }
  }

  /// `netlab key import`: a key from another host, from standard input.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Take a key from standard input.",
      discussion: """
        A key is never an argument: other users of the machine could read it there, and the \
        shell's history keeps it.

        Examples:
          netlab key show | ssh other netlab key import
          netlab key import < class.key
        """)

    @OptionGroup var place: Place
    @OptionGroup var replacement: Replacement

    // To say what is wrong with a key in the arguments without repeating it.
    @Argument(parsing: .allUnrecognized, help: .hidden)
    var words: [String] = []

    mutating func validate() throws {
      guard words.isEmpty else {
        throw ValidationError(
          "'netlab key import' takes no arguments but --key-file FILE and --replace; the key "
            + "comes from standard input: \(SharedKey.transport)")
      }
    }

    func run() throws {
      let key = try KeyEntry.read()
      let owner = KeyOwner.current
      let path = try SharedKey.path(place.keyFile, of: owner)
      if KeyFile.exists(path) {
        let present: FernetKey
        do throws(KeyFileError) {
          present = try KeyFile.read(path, owner: owner)
        } catch {
          // A file that holds no key, or is open to others, may be replaced like any other.
          guard replacement.isWanted else { throw Failure(error) }
          return try replacement.put(key, at: place, "took the key")
        }
        if present.isSame(as: key) {
          var output = StandardOutput()
          output.buffer.append("the key is there already: \(path)\n")
          return try output.flush()
        }
        guard replacement.isWanted else {
          throw Failure(
            .usage, "another key is in \(path), and a key is never overwritten",
            remedy: "--replace puts the new one there and keeps the other one beside it")
        }
      }
      try replacement.put(key, at: place, "took the key")
    }
  }
}

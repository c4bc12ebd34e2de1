import ArgumentParser
import Capture
import ChatServer
import Console
import Cryptography
import SocketServer

extension ServePlaces {
  /// - Throws: `ValidationError` with what is wrong.
  func check() throws {
    for bind in binds where ServerAddress(bind) == nil {
      throw ValidationError(
        "--bind wants an address and a port, such as 0.0.0.0:5000 or [::1]:5000, not '\(bind)'")
    }
    for origin in origins where !Self.isOrigin(origin) {
      throw ValidationError(
        "--allow-origin wants a scheme and a host, such as https://chat.example:8443, "
          + "not '\(origin)'")
    }
    if connectionsPerAddress < 1 {
      throw ValidationError("--connections-per-address wants at least 1")
    }
  }

  var addresses: [ServerAddress] {
    binds.isEmpty ? [ServerAddress("0.0.0.0", port: 5000)] : binds.compactMap { ServerAddress($0) }
  }

  /// RFC 6454 section 6.2: scheme, host and perhaps port, no path.
  private static func isOrigin(_ text: String) -> Bool {
    for scheme in ["http://", "https://"] where text.hasPrefix(scheme) {
      let host = text.dropFirst(scheme.count)
      return !host.isEmpty && !host.contains("/") && !host.contains(" ")
    }
    return false
  }
}

extension ServeProtocolOptions {
  /// - Throws: `ValidationError` with what is wrong.
  func check() throws {
    guard path.hasPrefix("/"), !path.contains("?"), !path.contains("#") else {
      throw ValidationError("--path begins with a slash, such as /socket.io/, not '\(path)'")
    }
    guard (1...1 << 30) ~= maxPayload else {
      throw ValidationError("--max-payload wants 1 to \(1 << 30) octets")
    }
    for (name, span) in [
      ("ping-interval", pingInterval), ("ping-timeout", pingTimeout),
      ("connect-timeout", connectTimeout),
    ] where span.milliseconds < 1 {
      throw ValidationError("--\(name) wants at least 1ms")
    }
  }

  func configuration(compressing usually: Bool) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.pingInterval = .milliseconds(pingInterval.milliseconds)
    configuration.pingTimeout = .milliseconds(pingTimeout.milliseconds)
    configuration.connectTimeout = .milliseconds(connectTimeout.milliseconds)
    configuration.maxPayload = maxPayload
    configuration.path = path.hasSuffix("/") ? path : path + "/"
    configuration.compresses = compress ?? usually
    return configuration
  }
}

extension ServeChatOptions {
  /// - Throws: `ValidationError` with what is wrong.
  func check() throws {
    if ephemeral, data != nil {
      throw ValidationError("--ephemeral saves nothing: leave out --data, or --ephemeral")
    }
  }

  /// Opens what is to be kept; makes it at the first start.
  func configuration(socketPath: String) throws -> ChatConfiguration {
    var configuration = ChatConfiguration()
    configuration.socketPath = socketPath
    configuration.keepTime = keep.milliseconds
    guard !ephemeral else { return configuration }
    guard let folder = data.map({ DataFolder($0) }) ?? DataFolder(of: .current) else {
      throw Failure(
        .file, "nobody knows where your data folder is: neither HOME nor passwd names one",
        remedy: "name a folder: --data DIR, or save nothing: --ephemeral")
    }
    configuration.keeping = try keeping(in: folder)
    do throws(KeyFileError) {
      configuration.sessionSecret = try SessionSecret.load(in: folder)
    } catch {
      throw Failure(error)
    }
    return configuration
  }

  /// Opens the history with the key, or with one that this key took the place of: replacing the key
  /// for an exchange must not cost anybody their messages.
  private func keeping(in folder: DataFolder) throws -> ChatConfiguration.Keeping {
    let key = try SharedKey.load(keyFile)
    let now = ChatClock.system.wallTime()
    let failure: ChatFileError
    do throws(ChatFileError) {
      return .file(try HistoryFile(in: folder, key: key, now: now), key: key)
    } catch {
      failure = error
    }
    guard failure.kind == .otherKey, keyFile == nil else { throw Failure(failure) }
    for (path, older) in SharedKey.replaced() {
      guard let file = try? HistoryFile(in: folder, key: older, now: now) else { continue }
      write(
        standardError: "netlab: saved messages are sealed with the key that was replaced: \(path)\n"
      )
      return .file(file, key: older)
    }
    throw Failure(failure)
  }

  /// What crafted messages are read with: the shared key, if they can be received.
  func craftedKey(_ configuration: ChatConfiguration) throws -> CraftedPath.Key {
    let capabilities = Capabilities.current
    guard capabilities.hasNetRaw else {
      return .missing("that takes the right to capture: \(capabilities.remedy())")
    }
    // With --ephemeral nothing is left behind, and so no key is made.
    if ephemeral, keyFile == nil {
      guard let path = KeyOwner.current.keyPath, KeyFile.exists(path) else {
        return .missing("there is no key; netlab key generate makes one")
      }
      do throws(KeyFileError) {
        return .found(try KeyFile.read(path))
      } catch {
        return .missing("\(error.message): \(error.remedy)")
      }
    }
    return .found(try SharedKey.load(keyFile))
  }
}

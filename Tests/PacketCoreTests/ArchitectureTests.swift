import Foundation
import Testing

/// The targets may import only what lies below them, and none drags Foundation into the start.
@Suite struct ArchitectureTests {
  /// Target and everything it may import.
  private static let allowed: [String: Set<String>] = [
    "PacketCore": ["COctets", "Synchronization"],
    "Cryptography": ["COpenSSL", "Glibc", "Synchronization"],
    "Protocols": ["PacketCore", "Cryptography", "CZlib", "COctets"],
    "DisplayFilter": ["PacketCore", "Glibc"],
    "Capture": ["PacketCore", "CPcap", "CZlib", "CLinux", "Glibc"],
    "Projection": ["PacketCore", "DisplayFilter", "Glibc"],
    "Statistics": ["PacketCore", "Protocols", "Projection", "Glibc"],
    "Traces": ["PacketCore", "Protocols", "Cryptography"],
    "Exchange": ["PacketCore", "Protocols", "Cryptography", "Capture", "Glibc"],
    "SocketServer": [
      "PacketCore", "Cryptography", "Protocols", "NIOCore", "NIOPosix", "NIOHTTP1", "Logging",
      "Glibc",
    ],
    "ChatServer": [
      "SocketServer", "Cryptography", "Protocols", "NIOCore", "NIOHTTP1", "Logging", "GRDB",
      "Mustache", "Glibc",
    ],
    "ChatClient": ["PacketCore", "Cryptography", "Protocols", "NIOCore", "NIOPosix", "Glibc"],
    "Console": ["PacketCore", "Cryptography", "Capture", "ArgumentParser", "Glibc"],
    "netlab": [
      "Console", "PacketCore", "Cryptography", "Protocols", "DisplayFilter", "Capture",
      "Projection", "Statistics", "Traces", "Exchange", "ChatClient", "ArgumentParser",
      "Synchronization", "Glibc",
    ],
    "netlab-serve": [
      "Console", "PacketCore", "Cryptography", "Protocols", "Capture", "Exchange", "SocketServer",
      "ChatServer", "ArgumentParser", "Logging", "Synchronization", "Glibc",
    ],
  ]

  private static let sources = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources")

  @Test(arguments: allowed.keys.sorted()) func importsOnlyWhatLiesBelow(_ target: String) throws {
    let folder = Self.sources.appendingPathComponent(target)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }
    #expect(!files.isEmpty)
    for file in files {
      let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      for line in text.split(separator: "\n") {
        guard let range = line.range(of: #"^(@\w+ )?import (\w+ )?"#, options: .regularExpression)
        else { continue }
        let module = line[range.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        #expect(
          Self.allowed[target]?.contains(String(module)) == true, "\(target)/\(file): \(line)")
      }
    }
  }

  @Test func everySwiftTargetIsHeld() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
      .filter { folder in
        let files = try FileManager.default.contentsOfDirectory(
          atPath: Self.sources.appendingPathComponent(folder).path)
        return files.contains { $0.hasSuffix(".swift") }
      }
    #expect(Set(folders) == Set(Self.allowed.keys))
  }
}

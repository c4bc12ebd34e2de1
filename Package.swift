// swift-tools-version:6.2
import PackageDescription

// CI turns warnings into errors; a user's newer compiler with newer warnings still builds.
let strict: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
  name: "netlab",
  products: [
    .executable(name: "netlab", targets: ["netlab"]),
    .executable(name: "netlab-serve", targets: ["netlab-serve"]),
    .library(name: "PacketCore", targets: ["PacketCore"]),
    .library(name: "Cryptography", targets: ["Cryptography"]),
    .library(name: "Protocols", targets: ["Protocols"]),
    .library(name: "DisplayFilter", targets: ["DisplayFilter"]),
    .library(name: "Capture", targets: ["Capture"]),
    .library(name: "Projection", targets: ["Projection"]),
    .library(name: "Exchange", targets: ["Exchange"]),
    .library(name: "SocketServer", targets: ["SocketServer"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
  ],
  targets: [
    // Imports only go down: netlab -> Console, DisplayFilter, Capture, Protocols -> PacketCore.
    .target(
      name: "PacketCore", dependencies: ["COctets"],
      // Spans are returned and stored in this target alone (ByteReader); clients need no flag.
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "Protocols", dependencies: ["PacketCore", "Cryptography", "CZlib", "COctets"],
      swiftSettings: strict),
    .target(name: "Cryptography", dependencies: ["COpenSSL"], swiftSettings: strict),
    .target(name: "DisplayFilter", dependencies: ["PacketCore"], swiftSettings: strict),
    .target(
      name: "Capture", dependencies: ["PacketCore", "CPcap", "CZlib", "CLinux"],
      swiftSettings: strict),
    .target(
      name: "Projection", dependencies: ["PacketCore", "DisplayFilter"],
      swiftSettings: strict),
    .target(
      name: "Statistics", dependencies: ["PacketCore", "Protocols", "Projection"],
      swiftSettings: strict),
    .target(
      name: "Traces", dependencies: ["PacketCore", "Protocols", "Cryptography"],
      swiftSettings: strict),
    // Crafted messages: sent until they are acknowledged, by pure machines over a port.
    .target(
      name: "Exchange", dependencies: ["PacketCore", "Protocols", "Cryptography", "Capture"],
      swiftSettings: strict),
    // The server library: HTTP, WebSocket, Engine.IO and Socket.IO; it knows of no chat.
    .target(
      name: "SocketServer",
      dependencies: [
        "Protocols", "PacketCore", "Cryptography",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    // The chat: pages, rooms, history.
    .target(
      name: "ChatServer",
      dependencies: [
        "SocketServer", "Protocols", "Cryptography",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      swiftSettings: strict),
    // The other end: a Socket.IO client that reconnects, and the chat through it.
    .target(
      name: "ChatClient",
      dependencies: [
        "Protocols", "PacketCore", "Cryptography",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    // What the command lines of both programs share: exit codes, failures, standard output, the key.
    .target(
      name: "Console",
      dependencies: [
        "PacketCore", "Cryptography", "Capture",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // It starts as often as a file is looked at: no database, no templates, no Foundation in it.
    .executableTarget(
      name: "netlab",
      dependencies: [
        "Console", "PacketCore", "Cryptography", "Protocols", "DisplayFilter", "Capture",
        "Projection", "Statistics", "Traces", "Exchange", "ChatClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // What `netlab serve` becomes.
    .executableTarget(
      name: "netlab-serve",
      dependencies: [
        "Console", "PacketCore", "Cryptography", "Protocols", "Capture", "Exchange", "SocketServer",
        "ChatServer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),

    .target(name: "CLinux"),
    .target(name: "COctets"),
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    .testTarget(name: "PacketCoreTests", dependencies: ["PacketCore"], swiftSettings: strict),
    .testTarget(
      name: "CryptographyTests", dependencies: ["Cryptography"], swiftSettings: strict),
    .testTarget(
      name: "ProtocolsTests", dependencies: ["Protocols", "PacketCore", "Capture", "Cryptography"],
      swiftSettings: strict),
    .testTarget(
      name: "StatisticsTests",
      dependencies: ["Statistics", "Protocols", "PacketCore", "Capture"],
      swiftSettings: strict),
    .testTarget(
      name: "TracesTests",
      dependencies: ["Traces", "Protocols", "PacketCore", "Capture", "Cryptography"],
      swiftSettings: strict),
    .testTarget(
      name: "ExchangeTests",
      dependencies: [
        "Exchange", "Protocols", "PacketCore", "Capture", "Cryptography", "DisplayFilter",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "DisplayFilterTests",
      dependencies: ["DisplayFilter", "Protocols", "PacketCore", "Capture"],
      swiftSettings: strict),
    .testTarget(
      name: "CaptureTests", dependencies: ["Capture", "PacketCore"], swiftSettings: strict),
    .testTarget(
      name: "SocketServerTests",
      dependencies: [
        "SocketServer", "Protocols",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ChatServerTests",
      dependencies: [
        "ChatServer", "SocketServer", "Protocols", "Cryptography",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ChatClientTests",
      dependencies: [
        "ChatClient", "Protocols",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "netlabTests", dependencies: ["netlab", "netlab-serve", "Console"],
      exclude: ["Browser", "Clients"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

// swift-tools-version:6.2
import PackageDescription

// Fuzz entry points, apart from the product so that its users never build them: `make fuzz`.
let fuzzed: [SwiftSetting] = [.unsafeFlags(["-parse-as-library"])]

let package = Package(
  name: "Fuzz",
  dependencies: [
    .package(name: "netlab", path: "../.."),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
  ],
  targets: [
    .executableTarget(
      name: "FuzzPackets",
      dependencies: [
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
        .product(name: "Projection", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzFiles",
      dependencies: [
        .product(name: "Capture", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzFilter",
      dependencies: [
        .product(name: "DisplayFilter", package: "netlab"),
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzWebSocket",
      dependencies: [
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzHTTP",
      dependencies: [
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzEngineIO",
      dependencies: [
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
        .product(name: "Projection", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzSocketIO",
      dependencies: [
        .product(name: "Protocols", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ],
      swiftSettings: fuzzed),
    .executableTarget(
      name: "FuzzServer",
      dependencies: [
        .product(name: "SocketServer", package: "netlab"),
        .product(name: "Protocols", package: "netlab"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: fuzzed),
  ],
  swiftLanguageModes: [.v6]
)

// swift-tools-version:6.2
import PackageDescription

// CI turns warnings into errors; a user's newer compiler with newer warnings still builds.
let strict: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let package = Package(
  name: "netlab",
  products: [
    .executable(name: "netlab", targets: ["netlab"]),
    .library(name: "PacketCore", targets: ["PacketCore"]),
    .library(name: "Cryptography", targets: ["Cryptography"]),
    .library(name: "Protocols", targets: ["Protocols"]),
    .library(name: "DisplayFilter", targets: ["DisplayFilter"]),
    .library(name: "Capture", targets: ["Capture"]),
    .library(name: "Projection", targets: ["Projection"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // Imports only go down: netlab -> DisplayFilter, Capture, Protocols -> PacketCore.
    .target(
      name: "PacketCore",
      // Spans are returned and stored in this target alone (ByteReader); clients need no flag.
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    .target(
      name: "Protocols", dependencies: ["PacketCore", "Cryptography", "CZlib"],
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
    .executableTarget(
      name: "netlab",
      dependencies: [
        "PacketCore", "Cryptography", "Protocols", "DisplayFilter", "Capture", "Projection",
        "Statistics", "Traces",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(name: "CLinux"),
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
      name: "DisplayFilterTests",
      dependencies: ["DisplayFilter", "Protocols", "PacketCore", "Capture"],
      swiftSettings: strict),
    .testTarget(
      name: "CaptureTests", dependencies: ["Capture", "PacketCore"], swiftSettings: strict),
    .testTarget(name: "netlabTests", dependencies: ["netlab"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

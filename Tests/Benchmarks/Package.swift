// swift-tools-version:6.2
import PackageDescription

// What is measured inside a process, apart from the product so that its users never build it:
// `make bench`.
let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "netlab", path: "../..")],
  targets: [
    .executableTarget(
      name: "FernetSpeed",
      dependencies: [.product(name: "Cryptography", package: "netlab")]),
    .executableTarget(
      name: "ChecksumSpeed",
      dependencies: [.product(name: "PacketCore", package: "netlab")]),
    .executableTarget(
      name: "ReceiveSpeed",
      dependencies: [
        .product(name: "Exchange", package: "netlab"),
        .product(name: "Protocols", package: "netlab"),
      ]),
    .executableTarget(
      name: "SendSpeed",
      dependencies: [
        .product(name: "Exchange", package: "netlab"),
        .product(name: "Capture", package: "netlab"),
        .product(name: "PacketCore", package: "netlab"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

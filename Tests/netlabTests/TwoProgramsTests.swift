import Console
import Foundation
import Testing

/// `netlab` and `netlab-serve`, which is what `netlab serve` becomes.
@Suite struct TwoProgramsTests {
  private static let server = Project.netlab.deletingLastPathComponent()
    .appendingPathComponent("netlab-serve")

  /// A start costs what the libraries cost that come with it.
  @Test func whatReadsFilesIsFreeOfTheServersLibraries() throws {
    let ldd = try #require(Project.find("ldd"))
    let heavy = [
      "libFoundation.so", "lib_FoundationICU", "libFoundationInternationalization", "libsqlite3",
    ]
    let own = try run([Project.netlab.path], program: ldd)
    #expect(own.output.contains("libpcap"), "\(own)")
    for name in heavy { #expect(!own.output.contains(name), "\(name)") }
    // The question finds them where they are.
    let server = try run([Self.server.path], program: ldd)
    for name in heavy { #expect(server.output.contains(name), "\(name)") }
  }

  @Test func bothSayTheSameOfServing() throws {
    let explained = try run(["help", "serve"])
    #expect(explained.status == 0)
    #expect(explained.output.contains("USAGE: netlab serve"))
    let asked = try run(["--help"], program: Self.server)
    #expect(asked.output == explained.output)
    let version = try run(["--version"], program: Self.server)
    #expect(try version.output == run(["--version"]).output)
  }

  @Test func aMissingServerIsSaidSo() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      at: Project.netlab, to: folder.url.appendingPathComponent("netlab"))
    let result = try run(
      ["serve", "--ephemeral"], program: folder.url.appendingPathComponent("netlab"))
    #expect(result.status == Console.ExitStatus.file.rawValue)
    #expect(
      result.errors == """
        netlab: the server cannot be started: \(folder.path("netlab-serve")): No such file or directory
          it is a program of its own and belongs beside netlab: make build makes both, make install \
        installs both

        """)
    let doctor = try run(["doctor"], program: folder.url.appendingPathComponent("netlab"))
    #expect(doctor.output.contains("missing  server"), "\(doctor.output)")
    #expect(try run(["doctor"]).output.contains("ok       server"))
  }
}

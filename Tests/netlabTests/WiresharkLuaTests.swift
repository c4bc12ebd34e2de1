import Foundation
import Testing

/// `Captures/netlab.lua` in tshark says of crafted messages what netlab says without the key.
@Suite(.enabled(if: Project.find("tshark") != nil, "tshark is not installed"))
struct WiresharkLuaTests {
  private static let fields = [
    "frame.number", "netlab.kind", "netlab.seq", "netlab.try", "netlab.first", "netlab.answers",
    "netlab.answers.seq", "netlab.len",
  ].flatMap { ["-e", $0] }

  @Test func kindsAndTriesAreNetlabs() throws {
    let tshark = try #require(Project.find("tshark"))
    let capture = ["-r", "crafted-exchange.pcapng"]
    let form = ["-T", "fields"] + Self.fields
    let script = Project.captures.appendingPathComponent("netlab.lua").path
    let theirs = try run(
      ["-n", "-X", "lua_script:\(script)"] + capture + form, program: tshark)
    let ours = try run(["read"] + capture + form, environment: ["XDG_CONFIG_HOME": "/nonexistent"])
    #expect(theirs.status == 0 && !theirs.errors.contains("Lua"), "\(theirs.errors)")
    let (left, right) = (theirs.output.split(separator: "\n"), ours.output.split(separator: "\n"))
    #expect(left.count == right.count && left.count > 60)
    for (one, other) in zip(left, right) { #expect(one == other) }
    #expect(left.contains { $0.split(separator: "\t").dropFirst().first == "2" }, "no RESEND")
  }
}

import Foundation
import Testing

/// The chat's pages in Chromium, against the server that was built: `Browser/*.py` drives the
/// browser. One at a time: each has several browsers' worth of work.
@Suite(.serialized)
struct BrowserTests {
  static let checks = [
    "home_page_errors", "without_javascript", "two_browsers", "leave_and_return", "scrolling",
    "long_history",
    "restart_after_sigterm", "restart_after_sigkill", "offline_and_back", "not_sent",
    "acknowledgment_and_broadcast_in_either_order", "lost_acknowledgment",
    "polling_where_websocket_is_blocked", "silent_server", "room_that_is_gone",
    "names_and_messages", "home_page_fields", "content_security_policy",
    "session_of_somebody_else",
    "phone_width", "keyboard_alone", "screen_reader", "contrast", "copy_over_plain_http",
  ]

  static let program = Project.root.appendingPathComponent("Tests/netlabTests/Browser/run.py")

  /// Runs the program with the packages that `make test` installs.
  private func drive(_ arguments: [String]) throws -> ProgramResult {
    let python = Project.root.appendingPathComponent(".venv/bin/python")
    try #require(
      FileManager.default.isExecutableFile(atPath: python.path),
      "playwright is not installed: make test-packages")
    return try run(
      [Self.program.path] + arguments, program: python,
      environment: ["NETLAB": Project.netlab.path, "PYTHONDONTWRITEBYTECODE": "1"])
  }

  @Test(arguments: checks)
  func holds(_ check: String) throws {
    let result = try drive([check])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output == "\(check): ok\n")
  }

  @Test func noneIsForgotten() throws {
    let listed = try drive(["--list"]).output.split(separator: "\n").map(String.init)
    #expect(listed.sorted() == Self.checks.sorted())
  }
}

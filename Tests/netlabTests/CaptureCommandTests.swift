import Foundation
import Testing

/// `netlab capture` as its user runs it, in a network namespace that the test makes: on its
/// loopback, with datagrams that a shell sends.
@Suite(.enabled(if: Surroundings.canUnshare, "the kernel lets no network namespace be made"))
struct CaptureCommandTests {
  /// What a script in the namespace said.
  private struct Outcome {
    var result: ProgramResult
    let folder: TemporaryFolder
    func text(_ name: String) -> String {
      (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
    }
  }

  /// Functions of the scripts: `start` begins a capture and waits until it listens, `flood` sends
  /// datagrams until a condition holds or it has sent far too many.
  private static let prelude = """
    set -u
    ip link set lo up
    start() {
      "$NETLAB" capture -i lo "$@" >"$DIR/out" 2>"$DIR/err" &
      pid=$!
      until grep -q Capturing "$DIR/err"; do
        kill -0 $pid 2>/dev/null || { wait $pid; echo "ended $?"; exit 9; }
      done
    }
    flood() {
      n=0
      until eval "$1"; do
        echo hello >/dev/udp/127.0.0.1/9
        n=$((n + 1))
        [ $n -lt 200000 ] || { echo "gave up"; break; }
      done
    }

    """

  private func script(
    _ text: String, user: [String] = Surroundings.unshare, environment: [String: String] = [:]
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let variables = ["NETLAB": Project.netlab.path, "DIR": folder.url.path]
      .merging(environment) { $1 }
    let result = try run(
      user + ["timeout", "--kill-after=5", "60", "bash", "-c", Self.prelude + text],
      program: URL(fileURLWithPath: "/usr/bin/env"), environment: variables)
    return Outcome(result: result, folder: folder)
  }

  @Test func ctrlCEndsItWithTheCounts() throws {
    let outcome = try script(
      """
      start --host 127.0.0.1 --port 9
      flood 'grep -q UDP "$DIR/out"'
      kill -INT $pid
      wait $pid
      echo "status $?"
      """)
    #expect(outcome.result.output == "status 0\n", "\(outcome.result) \(outcome.text("err"))")
    let errors = outcome.text("err")
    #expect(errors.hasPrefix("Capturing on 'lo'\n"))
    #expect(errors.contains("captured\n") && errors.contains("dropped by kernel\n"))
    // libpcap counts each packet twice on a loopback: that number would be a lie.
    #expect(!errors.contains("received by filter"))
    let lines = outcome.text("out").split(separator: "\n")
    let captured = Int(errors.split(separator: "\n")[1].prefix { $0.isNumber })
    #expect(captured == lines.count)
    #expect(lines.allSatisfy { $0.contains(" 127.0.0.1 → 127.0.0.1 ") || $0.contains("ICMP") })
  }

  @Test func messagesAreShownLive() throws {
    let outcome = try script(
      """
      "$NETLAB" messages -i lo --host 127.0.0.1 >"$DIR/out" 2>"$DIR/err" &
      pid=$!
      until grep -q Capturing "$DIR/err"; do
        kill -0 $pid 2>/dev/null || { wait $pid; echo "ended $?"; exit 9; }
      done
      python3 -c '
      import socket
      server = socket.create_server(("127.0.0.1", 0))
      client = socket.create_connection(server.getsockname())
      peer, _ = server.accept()
      client.sendall(b"GET /hello HTTP/1.1\\r\\nHost: here\\r\\n\\r\\n")
      peer.recv(1000)
      peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
      client.recv(1000)
      client.close()
      peer.close()
      '
      until grep -q Verdict "$DIR/out"; do
        kill -0 $pid 2>/dev/null || break
      done
      kill -INT $pid
      wait $pid
      echo "status $?"
      """)
    #expect(outcome.result.output == "status 0\n", "\(outcome.result) \(outcome.text("err"))")
    let rows = outcome.text("out").split(separator: "\n").map(String.init)
    try #require(rows.count == 3, "\(rows)")
    #expect(rows[0].hasSuffix("HTTP 35 GET /hello HTTP/1.1 "))
    #expect(rows[1].contains("HTTP/1.1 200 OK"))
    #expect(rows[2].contains("complete, 1 message from the client, 1 from the server"))
  }

  @Test func writesWhilePrintingAndStopsAtACount() throws {
    let outcome = try script(
      """
      start -w "$DIR/x.pcapng" -P -c5
      flood '! kill -0 $pid 2>/dev/null'
      wait $pid
      echo "status $?"
      "$NETLAB" read "$DIR/x.pcapng" -T fields -e frame.number -e frame.interface_name >"$DIR/read"
      """)
    #expect(outcome.result.output == "status 0\n", "\(outcome.result) \(outcome.text("err"))")
    #expect(outcome.text("err").contains("5 packets captured\n"))
    #expect(outcome.text("out").split(separator: "\n").count == 5)
    #expect(outcome.text("read") == "1\tlo\n2\tlo\n3\tlo\n4\tlo\n5\tlo\n")
  }

  @Test func aRingKeepsItsLastFiles() throws {
    let outcome = try script(
      """
      start -w "$DIR/ring.pcap" -F pcap -b packets:2 -b files:2 -a packets:7
      flood '! kill -0 $pid 2>/dev/null'
      wait $pid
      echo "status $?"
      for f in "$DIR"/ring_*.pcap; do "$NETLAB" read "$f" | wc -l; done
      """)
    #expect(outcome.result.output == "status 0\n2\n1\n", "\(outcome.result) \(outcome.text("err"))")
  }

  @Test func aKilledCaptureLeavesAReadableFile() throws {
    let outcome = try script(
      """
      start -w "$DIR/x.pcapng"
      flood '[ $(stat -c %s "$DIR/x.pcapng") -gt 2000 ]'
      kill -KILL $pid
      wait $pid 2>/dev/null
      "$NETLAB" read "$DIR/x.pcapng" -q
      echo "status $?"
      """)
    #expect(outcome.result.output == "status 0\n", "\(outcome.result)")
  }

  @Test(.enabled(if: Surroundings.isRoot, "only root has a privilege to drop"))
  func rootIsDroppedToTheInvokingUser() throws {
    let outcome = try script(
      """
      mkdir "$DIR/own"
      chown 65534:65534 "$DIR/own"
      chmod 755 "$DIR"
      start -w "$DIR/own/x.pcapng" -b packets:3
      awk '/^Uid/ { print $2, $3, $4 }' /proc/$pid/status
      awk '/^CapEff|^CapPrm/ { print $2 }' /proc/$pid/status
      flood '[ $(ls "$DIR/own" | wc -l) -gt 1 ]'
      kill -INT $pid
      wait $pid
      echo "status $?"
      stat -c %u:%g "$DIR"/own/* | sort -u
      """, user: ["unshare", "-n"], environment: ["SUDO_UID": "65534", "SUDO_GID": "65534"])
    #expect(
      outcome.result.output == """
        65534 65534 65534
        0000000000000000
        0000000000000000
        status 0
        65534:65534

        """, "\(outcome.result) \(outcome.text("err"))")
  }

  @Test(.enabled(if: Surroundings.isRoot, "only root can become a user without the right"))
  func withoutTheRightTheRemedyIsSaid() throws {
    // The program may stand where another user cannot go: a copy can be reached.
    let outcome = try script(
      """
      chmod 755 "$DIR"
      cp "$NETLAB" "$DIR/netlab"
      setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        "$DIR/netlab" capture -i lo -c 1
      echo "status $?"
      """, user: ["unshare", "-n"])
    #expect(outcome.result.output == "status 5\n", "\(outcome.result)")
    #expect(outcome.result.errors.contains("sudo"), "\(outcome.result.errors)")
  }
}

/// What the machine lets tests do.
enum Surroundings {
  static let isRoot = geteuid() == 0
  /// A network namespace of one's own, as root or in a user namespace.
  static let unshare = isRoot ? ["unshare", "-n"] : ["unshare", "-r", "-n"]
  static let canUnshare: Bool = {
    guard Project.find("unshare") != nil, Project.find("ip") != nil else { return false }
    let result = try? run(
      unshare + ["ip", "link", "set", "lo", "up"], program: URL(fileURLWithPath: "/usr/bin/env"))
    return result?.status == 0
  }()
}

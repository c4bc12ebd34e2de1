import Foundation
import Testing

/// Crafted messages into the chat: `netlab send` aimed at a port where `netlab serve` listens, on
/// two hosts with a cable between them.
@Suite(.enabled(if: Surroundings.canUnshare, "the kernel lets no network namespace be made"))
struct CraftedChatTests {
  /// `serve ARGUMENTS`: on the other host, in the background, once it listens. `client NAME
  /// ARGUMENTS`: one of the programs in Clients, on the other host too.
  private func run(_ script: String) throws -> TwoHosts.Outcome {
    let python = try PythonClient.interpreter().path
    let clients = URL(fileURLWithPath: PythonClient.path("common")).deletingLastPathComponent().path
    return try TwoHosts.run(
      """
      serve() {
        $there env XDG_DATA_HOME="$DIR/data" "$NETLAB" serve --log-level info "$@" \
          >"$DIR/received" 2>"$DIR/errors" &
        receiver=$!
        until grep -q Ctrl-C "$DIR/received"; do
          kill -0 $receiver 2>/dev/null || { wait $receiver; echo "ended $?"; exit 9; }
        done
      }
      client() { $there '\(python)' -B '\(clients)'/"$1".py "${@:2}"; }

      """ + script)
  }

  /// 200 messages while 50 clients sit in the room: each is heard once by everybody, no RST on the
  /// wire, and nobody is disturbed.
  @Test func crowdsHearEachMessageOnce() throws {
    let outcome = try run(
      """
      serve --bind 0.0.0.0:5000
      watch 'tcp port 5000'
      client witness http://127.0.0.1:5000 50 200 >"$DIR/witness" 2>"$DIR/witness.errors" &
      witness=$!
      until [ -s "$DIR/witness" ]; do kill -0 $witness || break; done
      room=$(head -1 "$DIR/witness")
      for n in $(seq 200); do
        options=
        [ $((n % 2)) = 0 ] && options="--room $room"
        send --msg "message $n" --sender ada --dst 10.9.0.33:5000 $options
      done | sort | uniq -c | tr -s ' '
      wait $witness
      echo "witness $?"
      unwatch
      tail -1 "$DIR/witness"
      echo "RST $(count 'tcp.flags.reset == 1')"
      echo "ACK $(count 'netlab.kind == "ack"')"
      finish
      """)
    #expect(
      outcome.result.output
        == " 200 sender 0\nwitness 0\nok 200\nRST 0\nACK 200\nreceiver 0\n",
      "\(outcome.all) \(outcome.text("witness.errors"))")
    #expect(outcome.text("received").contains("netlab send --msg hi --dst"))
    #expect(!outcome.text("errors").contains("message 1"), "a text in the log")
  }

  @Test func whatTheChatDoesNotTakeIsRefused() throws {
    let outcome = try run(
      """
      serve --bind 0.0.0.0:5000
      send --msg early --dst 10.9.0.33:5000
      room=$(client rooms http://127.0.0.1:5000)
      send --msg hi --sender ada --dst 10.9.0.33:5000
      send --msg hi --sender ada --room QQQQQQ --dst 10.9.0.33:5000
      send --msg hi --sender ada --room '?' --dst 10.9.0.33:5000
      send --msg "$(head -c 5000 /dev/zero | tr '\\0' x)" --sender ada --dst 10.9.0.33:5000
      send --msg ' ' --sender ada --dst 10.9.0.33:5000
      client rooms http://127.0.0.1:5000 >/dev/null
      send --msg hi --sender ada --dst 10.9.0.33:5000
      send --msg ho --sender ada --room $room --dst 10.9.0.33:5000
      client history http://127.0.0.1:5000 $room
      "$NETLAB" key generate --key-file "$DIR/other.key" >/dev/null
      send --msg hi --key-file "$DIR/other.key" --dst 10.9.0.33:5000
      finish
      """)
    let lines = outcome.result.output.split(separator: "\n").map(String.init)
    #expect(
      lines.filter { $0.contains("er ") && !$0.hasPrefix("1") && !$0.hasPrefix("2") }
        == [21, 0, 21, 21, 21, 21, 21, 0, 21].map { "sender \($0)" } + ["receiver 0"],
      "\(outcome.all)")
    // Each in the room once, and nothing else.
    let texts = lines.filter { $0.hasSuffix(" hi") || $0.hasSuffix(" ho") }
    #expect(texts.count == 2, "\(outcome.all)")
    let refused = outcome.text("refused")
    for word in [
      "no-room no room≠", "no-room QQQQQQ≠", "no-room ?≠six letters", "too-long", "bad-message",
      "no-room several rooms≠--room CODE", "another key?",
    ] {
      #expect(refused.contains(word), "\(word): \(outcome.all)")
    }
  }

  /// The kernel goes on to answer what is no crafted message, and connections carry segments that
  /// begin like one.
  @Test func theRestOfThePortIsTheKernels() throws {
    let python = try PythonClient.interpreter().path
    let outcome = try run(
      """
      serve --bind 0.0.0.0:5000
      watch 'tcp port 5000'
      # A segment of no connection, by a raw socket: RST. The same with a token's first letters: none.
      stray() {
        '\(python)' - "$1" "$2" <<'END'
      import socket, struct, sys
      payload, port = sys.argv[1].encode(), int(sys.argv[2])
      here, there = socket.inet_aton("10.9.0.1"), socket.inet_aton("10.9.0.33")
      def head(total):
          return struct.pack("!HHIIBBHHH", port, 5000, 1000, 0, 0x50, 0x18, 65535, total, 0)
      data = here + there + struct.pack("!BBH", 0, 6, 20 + len(payload)) + head(0) + payload
      data += b"\\0" * (len(data) % 2)
      total = sum(struct.unpack(f"!{len(data) // 2}H", data))
      while total >> 16: total = (total & 0xffff) + (total >> 16)
      raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
      raw.sendto(head(~total & 0xffff) + payload, ("10.9.0.33", 0))
      END
      }
      stray hello 40001
      stray gAAAhello 40002
      # One connection: its first segment begins like a token, and the server says what it thinks. Another:
      # the head of a request, and behind it a body that begins so. Both stay open until the receiver has
      # seen their segments: it asks the kernel whose they are.
      '\(python)' - "$DIR/said" <<'END' &
      import signal, socket, sys
      first = socket.create_connection(("10.9.0.33", 5000), timeout=10)
      first.sendall(b"gAAA / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
      print(first.recv(100).split(b"\\r\\n")[0].decode(), flush=True)
      second = socket.create_connection(("10.9.0.33", 5000), timeout=10)
      second.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      second.sendall(b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 200\\r\\n"
          b"Content-Type: application/x-www-form-urlencoded\\r\\n\\r\\n")
      second.sendall(b"gAAA" * 50)
      print(second.recv(100)[:9].decode(), flush=True)
      open(sys.argv[1], "w").write("all")
      signal.pause()
      END
      peers=$!
      until [ -s "$DIR/said" ]; do kill -0 $peers || break; done
      send --msg hi --sender ada --dst 10.9.0.33:5000
      kill $peers
      unwatch
      echo "strays $(count 'tcp.flags.reset == 1 && tcp.dstport == 40001')"
      echo "tokens $(count 'tcp.flags.reset == 1 && tcp.dstport == 40002')"
      echo "damaged $(grep -c 'crafted message damaged' "$DIR/errors")"
      finish
      """)
    let lines = outcome.result.output.split(separator: "\n").map(String.init)
    try #require(lines.count == 7, "\(outcome.all)")
    #expect(lines[0].hasPrefix("HTTP/1.1 "), "\(outcome.all)")
    #expect(lines[1] == "HTTP/1.1 ", "\(outcome.all)")
    // The stray that looks like a token is asked for again, the connections' segments are not.
    #expect(
      Array(lines[2...])
        == ["sender 21", "strays 1", "tokens 0", "damaged 1", "receiver 0"], "\(outcome.all)")
  }

  @Test func replacedKeysStillOpenTheHistory() throws {
    let outcome = try run(
      """
      there=
      serve --bind 127.0.0.1:5000
      room=$(client rooms http://127.0.0.1:5000)
      send --msg before --sender ada --dst 127.0.0.1:5000
      finish
      "$NETLAB" key generate --replace >/dev/null
      serve --bind 127.0.0.1:5000
      send --msg after --sender ada --dst 127.0.0.1:5000
      client history http://127.0.0.1:5000 $room | cut -d' ' -f2-
      finish
      """)
    let lines = outcome.result.output.split(separator: "\n").map(String.init)
    #expect(lines.filter { $0 == "sender 0" }.count == 2, "\(outcome.all)")
    #expect(lines.contains { $0.hasSuffix("before") } && lines.contains { $0.hasSuffix("after") })
    #expect(outcome.text("errors").contains("fernet.key.old"), "\(outcome.all)")
  }

  /// What is received is received without root: it is dropped once the sockets are open.
  @Test(.enabled(if: geteuid() == 0, "nobody to become"))
  func rootIsDroppedMeanwhile() throws {
    let outcome = try run(
      """
      chmod 755 "$DIR"
      export SUDO_UID=65534 SUDO_GID=65534
      "$NETLAB" key generate --key-file "$DIR/theirs/fernet.key" >/dev/null
      serve --bind '[::]:5000' --key-file "$DIR/theirs/fernet.key" --data "$DIR/theirs/data"
      $there cat /proc/$receiver/status | grep -e '^Uid' -e '^CapPrm' | tr -s '\t' ' '
      client rooms http://127.0.0.1:5000 >/dev/null
      send --msg hi --sender ada --key-file "$DIR/theirs/fernet.key" --dst '[fd09::33]:5000'
      send --msg hi --sender ada --key-file "$DIR/theirs/fernet.key" --dst 10.9.0.33:5000
      finish
      """)
    #expect(
      outcome.result.output
        == """
        Uid: 65534 65534 65534 65534
        CapPrm: 0000000000000000
        sender 0
        sender 0
        receiver 0

        """, "\(outcome.all)")
  }

  /// Without the right to capture the chat is served all the same, and says what is missing.
  @Test(.enabled(if: geteuid() == 0 && Project.find("setpriv") != nil, "nobody to become"))
  func withoutTheRightItServesOn() throws {
    let outcome = try run(
      """
      there="$there setpriv --bounding-set -all --inh-caps -all --no-new-privs"
      serve --bind 0.0.0.0:5000
      there="nsenter -t $other -n"
      client rooms http://127.0.0.1:5000 >/dev/null && echo served
      finish
      """)
    #expect(outcome.result.output == "served\nreceiver 0\n", "\(outcome.all)")
    let notes = outcome.text("received").split(separator: "\n").filter {
      $0.contains("netlab send")
    }
    #expect(notes.count == 1 && notes[0].hasPrefix("No crafted messages"), "\(outcome.all)")
  }

  /// Nothing is left of a server that keeps nothing, so it makes no key; with one it receives.
  @Test func ephemeralTakesAKeyThatIsThere() throws {
    let outcome = try run(
      """
      there=
      serve --bind 127.0.0.1:5000 --ephemeral
      grep 'netlab send' "$DIR/received"
      finish
      "$NETLAB" key generate >/dev/null
      serve --bind 127.0.0.1:5000 --ephemeral
      client rooms http://127.0.0.1:5000 >/dev/null
      send --msg hi --sender ada --dst 127.0.0.1:5000
      finish
      """)
    #expect(
      outcome.result.output
        == "No crafted messages (netlab send): there is no key; netlab key generate makes one\n"
        + "receiver 0\nsender 0\nreceiver 0\n", "\(outcome.all)")
  }
}

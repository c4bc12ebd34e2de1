import Foundation
import Testing

/// `netlab send` and `netlab receive` as their users run them, on two hosts with a cable between
/// them.
@Suite(.enabled(if: Surroundings.canUnshare, "the kernel lets no network namespace be made"))
struct ExchangeCommandTests {
  @Test func aMessageArrives() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000
      send --msg hi --sender ada --dst 10.9.0.33:5000
      send --msg 'over IPv6' --sender ada --dst '[fd09::33]:5000'
      send --msg -hello --room ABCDEF --sender ada --dst 10.9.0.33:5000
      printf 'a\\nb' | send --msg - --sender ada --dst 10.9.0.33:5000
      finish
      """)
    #expect(
      outcome.result.output == String(repeating: "sender 0\n", count: 4) + "receiver 0\n",
      "\(outcome.all)")
    let sent = outcome.text("sent").split(separator: "\n")
    #expect(sent.count == 4 && sent.allSatisfy { $0.hasPrefix("delivered after 1 try in ") })
    let received = outcome.text("received").split(separator: "\n").map(String.init)
    try #require(received.count == 5, "\(outcome.all)")
    #expect(received[0] == "Receiving crafted messages on any, port 5000. Ctrl-C ends it.")
    #expect(received[1].hasSuffix("  10.9.0.1:12345  ada: hi"))
    #expect(received[2].hasSuffix("  [fd09::1]:12345  ada: over IPv6"))
    #expect(received[3].hasSuffix("  10.9.0.1:12345  [ABCDEF] ada: -hello"))
    #expect(received[4].hasSuffix(#"  10.9.0.1:12345  ada: a\nb"#))
  }

  @Test func theLoopbackNeedsNoOption() throws {
    let outcome = try TwoHosts.run(
      """
      there=
      receive --port 5000
      send --msg hi --dst 127.0.0.1:5000
      send --msg hi --dst '[::1]:5000'
      send --msg hi --dst 10.9.0.1:5000
      send --msg hi --dst localhost:5000
      finish
      """)
    #expect(
      outcome.result.output == String(repeating: "sender 0\n", count: 4) + "receiver 0\n",
      "\(outcome.all)")
    #expect(outcome.text("received").split(separator: "\n").count == 5, "\(outcome.all)")
  }

  @Test func theRetriesAreSeen() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000
      send --msg hi --sender ada --dst 10.9.0.33:5000 --fault corrupt:tcp.checksum@1,2 \
        -w "$DIR/sent.pcapng"
      send --msg ho --sender ada --dst 10.9.0.33:5000 --fault corrupt:payload.swap16@1
      send --msg ha --sender ada --dst 10.9.0.33:5000 --fault loss@1 --fault duplicate@2
      finish
      "$NETLAB" read "$DIR/sent.pcapng" -Y 'fault.kind == "corrupt"' -T fields -e netlab.try \
        -e tcp.checksum.status -e fault.id
      "$NETLAB" read "$DIR/sent.pcapng" -T fields -e netlab.kind
      """)
    #expect(
      outcome.result.output
        == String(repeating: "sender 0\n", count: 3) + "receiver 0\n"
        + "1\t0\t1\n2\t0\t1\n0\n2\n0\n2\n0\n1\n", "\(outcome.all)")
    let sent = outcome.text("sent").split(separator: "\n").map(String.init)
      .filter { !$0.hasPrefix("faults with seed") }
    try #require(sent.count == 10, "\(outcome.all)")
    #expect(sent[0].contains(#/^try 1 at 0\.000: RESEND bad-tcp-checksum 0x\w{4}≠0x\w{4} after /#))
    #expect(sent[0].contains(#/\{corrupt tcp\.checksum 0x\w{4} → 0x\w{4}\}$/#))
    #expect(sent[1].hasPrefix("try 2 at 0.1"))
    #expect(sent[2].contains(#/^try 3 at 0\.2\d\d: ACK after /#))
    #expect(sent[3].hasPrefix("delivered after 3 tries in "))
    #expect(sent[4].hasPrefix("try 1 at 0.000: RESEND bad-hmac after "))
    let received = outcome.text("received").split(separator: "\n").map(String.init)
    try #require(received.count == 8, "\(outcome.all)")
    #expect(received[1].contains("  damaged: bad-tcp-checksum 0x"))
    #expect(received[1].hasSuffix(", answered RESEND"))
    #expect(received[2].hasSuffix(", answered RESEND (try 2)"))
    #expect(received[3].hasSuffix("  ada: hi (try 3)"))
    #expect(received[4].hasSuffix("  damaged: bad-hmac, answered RESEND"))
    #expect(received[5].hasSuffix("  ada: ho (try 2)"))
    #expect(received[6].contains("  ada: ha"))
    #expect(received[7].contains("  again, answered ACK"))
  }

  @Test func eachEndHasItsExitCode() throws {
    let outcome = try TwoHosts.run(
      """
      send --msg hi --dst 10.9.0.33:5000
      receive --port 5000
      send --msg hi --dst 10.9.0.33:5000 --fault corrupt:tcp.checksum
      send --msg hi --dst 10.9.0.33:5000 --fault loss
      XDG_CONFIG_HOME="$DIR/other" send --msg hi --dst 10.9.0.33:5000
      send --msg hi --dst 10.9.0.33:5000 --fault corrupt:payload.bit=9 --retries 0
      finish
      ip link set here down
      send --msg hi --dst 10.9.0.33:5000
      """)
    #expect(
      outcome.result.output == """
        sender 20
        sender 22
        sender 20
        sender 21
        sender 22
        receiver 0
        sender 2

        """, "\(outcome.all)")
    let refused = outcome.text("refused").split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("netlab: ") && !$0.contains("made a new key") }
    try #require(refused.count == 6, "\(outcome.all)")
    #expect(
      refused[0]
        == "netlab: No answer after 4 tries; the destination's kernel answered RST: nobody "
        + "receives on that port")
    #expect(refused[1] == "netlab: Checksum mismatch. Please resend the packet.")
    #expect(refused[2] == "netlab: No answer after 4 tries")
    #expect(refused[3] == "netlab: the answer cannot be verified: another key?")
    #expect(refused[4] == "netlab: Checksum mismatch. Please resend the packet.")
    #expect(outcome.text("refused").contains("netlab key show | ssh other netlab key import"))
  }

  @Test func aMegabyteArrivesWhole() throws {
    let outcome = try TwoHosts.run(
      """
      head -c 786432 /dev/urandom | base64 -w 0 >"$DIR/long"
      receive --port 5000 -q -c 3 -T jsonl
      send --msg-file "$DIR/long" --dst 10.9.0.33:5000
      send --msg-file "$DIR/long" --dst 10.9.0.33:5000 --window 16 --rto --rto-min 50ms \
        --fault loss:2% --seed 4
      send --msg-file "$DIR/long" --dst 10.9.0.33:5000 --window 16 --recovery go-back-n
      wait $receiver
      echo "receiver $?"
      python3 -c '
      import json, sys
      text = open(sys.argv[1]).read()
      rows = [json.loads(line) for line in open(sys.argv[2])]
      whole = [row["text"] for row in rows if row.get("verdict") == "delivered"]
      print(len(whole), all(one == text for one in whole))
      ' "$DIR/long" "$DIR/received"
      """)
    #expect(
      outcome.result.output
        == "sender 0\nsender 0\nsender 0\nreceiver 0\n3 True\n", "\(outcome.result)")
  }

  @Test func theLinkLayerSendsAWrongHeaderSum() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000
      send --msg hi --sender ada --dst 10.9.0.33:5000 --l2 --fault corrupt:ip.checksum@1
      send --msg hi --sender ada --dst 10.9.0.33:5000 --l2 --src-mac 02:00:00:00:00:07
      send --msg hi --sender ada --dst 10.9.0.33:5000 --fault corrupt:ip.checksum@1
      finish
      """)
    #expect(
      outcome.result.output == "sender 0\nsender 0\nsender 0\nreceiver 0\n", "\(outcome.all)")
    #expect(outcome.text("sent").contains("RESEND bad-ip-checksum 0x"), "\(outcome.all)")
    #expect(outcome.text("refused").contains("--l2"), "\(outcome.all)")
  }

  @Test func whatIsPrintedIsInTheSchema() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000 -T jsonl
      send --msg hi --dst 10.9.0.33:5000 -T jsonl --fault corrupt:tcp.checksum@1 --seed 1
      XDG_CONFIG_HOME="$DIR/other" send --msg hi --dst 10.9.0.33:5000 -T jsonl
      $there python3 -c '
      import socket
      client = socket.socket()
      client.settimeout(0.2)
      client.connect_ex(("10.9.0.33", 5000))
      '
      finish
      """)
    #expect(outcome.result.output == "sender 0\nsender 21\nreceiver 0\n", "\(outcome.all)")
    let lines = (outcome.text("sent") + outcome.text("received")).split(separator: "\n")
      .map(String.init)
    #expect(lines.count > 10, "\(outcome.all)")
    #expect(try JSONSchemaTests().errors(lines) == [])
    #expect(outcome.text("received").contains(#""verdict":"connection-attempt""#))
  }

  @Test func ctrlCEndsBoth() throws {
    let outcome = try TwoHosts.run(
      """
      "$NETLAB" send --msg hi --dst 10.9.0.33:5000 --retries 100 >"$DIR/sent" 2>"$DIR/refused" &
      pid=$!
      until grep -q "try 1" "$DIR/sent"; do kill -0 $pid || break; done
      kill -INT $pid
      wait $pid
      echo "sender $?"
      receive --port 5000
      kill -TERM $receiver
      wait $receiver
      echo "receiver $?"
      """)
    #expect(outcome.result.output == "sender 20\nreceiver 0\n", "\(outcome.all)")
    #expect(outcome.text("refused").contains("stopped before an answer came: not confirmed"))
  }

  /// What the receiver could not print it does not call delivered.
  @Test func whatCannotBePrintedIsNotAcknowledged() throws {
    let outcome = try TwoHosts.run(
      """
      $there "$NETLAB" receive --port 5000 -T raw >/dev/full 2>"$DIR/errors" &
      receiver=$!
      until there ss -Hltn | grep -q :5000; do kill -0 $receiver || exit 9; done
      send --msg hi --dst 10.9.0.33:5000 --retries 1
      wait $receiver
      echo "receiver $?"
      """)
    #expect(outcome.result.output == "sender 20\nreceiver 15\n", "\(outcome.all)")
    #expect(outcome.text("errors").contains("cannot write to standard output"), "\(outcome.all)")
  }

  @Test func aFloodIsRefusedAndOverAtOnce() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000
      send --msg hi --dst 10.9.0.33:5000 --flood 1000
      send --msg hi --dst 10.9.0.33:5000 --flood 1000 --l2 -T jsonl
      send --msg 'still here' --sender ada --dst 10.9.0.33:5000 --retries 100
      finish
      """)
    #expect(
      outcome.result.output == "sender 0\nsender 0\nsender 0\nreceiver 0\n", "\(outcome.all)")
    let sent = outcome.text("sent").split(separator: "\n").map(String.init)
    #expect(sent.first?.contains(#/^1000 packets of 3\d\d octets in /#) == true, "\(sent)")
    #expect(try JSONSchemaTests().errors(sent.filter { $0.hasPrefix("{") }) == [])
    let received = outcome.text("received").split(separator: "\n")
    // On a busy machine the receiver still answers the flood while the message is tried again.
    #expect(received.contains { $0.contains("  ada: still here") }, "\(received.suffix(5))")
    #expect(received.count { $0.contains("refused: wrong-sequence") } > 1900)
  }

  @Test func bitsAreShownAtBothEnds() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000 --bits
      send --msg hi --sender ada --dst 10.9.0.33:5000 --bits
      finish
      """)
    #expect(outcome.result.output == "sender 0\nreceiver 0\n", "\(outcome.all)")
    // The token begins with gAAAAA, which is 01100111 and five times 01000001.
    let first = "0000  01100111 01000001 01000001 01000001 01000001 01000001 "
    #expect(outcome.text("sent").hasPrefix(first), "\(outcome.all)")
    let bits = outcome.text("sent").split(separator: "\n").dropLast()
    // As long as the numbers in it are: 268 or 292 characters.
    #expect(bits.count == 37 || bits.count == 34)
    #expect(outcome.text("received").contains(bits.joined(separator: "\n")), "\(outcome.all)")
  }

  @Test func anInterfaceThatGoesAwayEndsIt() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000 -i there
      ip link del here
      wait $receiver
      echo "receiver $?"
      """)
    #expect(outcome.result.output == "receiver 2\n", "\(outcome.all)")
    #expect(
      outcome.text("errors").contains("netlab: the interface there went away"),
      "\(outcome.all)")
  }

  @Test func whatIsTooOldIsRefusedForGood() throws {
    let outcome = try TwoHosts.run(
      """
      receive --port 5000 --ttl 1s
      send --msg hi --dst 10.9.0.33:5000 --fault delay:2500ms@1 --retries 0 --interval 5s
      finish
      """)
    #expect(outcome.result.output == "sender 21\nreceiver 0\n", "\(outcome.all)")
    #expect(outcome.text("refused").contains("refused: expired "), "\(outcome.all)")
    #expect(outcome.text("received").contains("refused: expired "), "\(outcome.all)")
  }

  @Test(
    .enabled(
      if: Surroundings.isRoot && Project.find("setpriv") != nil,
      "only root can become somebody else"))
  func withoutTheRightTheRemedyIsSaid() throws {
    let outcome = try TwoHosts.run(
      """
      mkdir -p "$DIR/nobody" && chmod 777 "$DIR" "$DIR/nobody"
      for command in "send --msg hi --dst 10.9.0.33:5000" "receive --port 5000"; do
        XDG_CONFIG_HOME="$DIR/nobody" setpriv --reuid 65534 --regid 65534 --clear-groups \
          --inh-caps=-all --bounding-set=-all "$NETLAB" $command >>"$DIR/sent" 2>>"$DIR/refused"
        echo "status $?"
      done
      """)
    #expect(outcome.result.output == "status 5\nstatus 5\n", "\(outcome.all)")
    #expect(
      outcome.text("refused").components(separatedBy: "sudo setcap cap_net_raw").count == 3,
      "\(outcome.all)")
  }

  @Test func aBusyPortIsSaid() throws {
    let outcome = try TwoHosts.run(
      """
      python3 -c '
      import signal, socket
      held = [socket.create_server(("0.0.0.0", port)) for port in (12345, 5000)]
      print("held", flush=True)
      signal.pause()
      ' >"$DIR/holder" &
      holder=$!
      until grep -q held "$DIR/holder"; do kill -0 $holder || exit 9; done
      there=
      receive --port 5000
      send --msg hi --dst 10.9.0.1:5000
      finish
      kill -9 $holder
      """)
    #expect(outcome.result.output == "sender 0\nreceiver 0\n", "\(outcome.all)")
    #expect(
      outcome.text("errors").contains("netlab: port 5000 belongs to another program"),
      "\(outcome.all)")
    #expect(
      outcome.text("refused").contains(
        "netlab: port 12345 belongs to another program: sending from port 12346"),
      "\(outcome.all)")
  }
}

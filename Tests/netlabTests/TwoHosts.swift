import Foundation

/// Two hosts on a cable of their own: the script runs on one, `there` runs a command on the other.
/// All of it is gone with the script.
enum TwoHosts {
  /// NETLAB_FULL=1: the full counts, which take minutes.
  static let isFull = ProcessInfo.processInfo.environment["NETLAB_FULL"] == "1"
  /// Seconds that a script may take.
  private static let limit = isFull ? 900 : 100

  /// 10.9.0.1 and fd09::1 here, 10.9.0.33 and fd09::33 there.
  private static let prelude = """
    set -u
    ip link set lo up
    unshare -n sleep \(limit + 20) &
    other=$!
    trap 'kill -9 $other 2>/dev/null' EXIT
    until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do
      kill -0 $other || exit 9
    done
    # In front of a command: on the other host, as the same process.
    there="nsenter -t $other -n"
    there() { $there "$@"; }
    ip link add here type veth peer name there netns $other
    ip addr add 10.9.0.1/24 dev here
    ip addr add fd09::1/64 dev here nodad
    ip link set here up
    there ip link set lo up
    there ip addr add 10.9.0.33/24 dev there
    there ip addr add fd09::33/64 dev there nodad
    there ip link set there up
    # receive ARGUMENTS: on the other host, in the background, once it listens.
    receive() {
      $there "$NETLAB" receive "$@" >"$DIR/received" 2>"$DIR/errors" &
      receiver=$!
      until grep -q -e Receiving -e header "$DIR/received"; do
        kill -0 $receiver 2>/dev/null || { wait $receiver; echo "ended $?"; exit 9; }
      done
    }
    # Ends the receiver as a user does, and tells its exit code.
    finish() {
      kill -INT $receiver
      wait $receiver
      echo "receiver $?"
    }
    send() {
      "$NETLAB" send --interval 100ms "$@" >>"$DIR/sent" 2>>"$DIR/refused"
      echo "sender $?"
    }
    # watch FILTER: what passes on the cable, into wire.pcapng; unwatch ends it.
    watch() {
      "$NETLAB" capture -i here -f "$1" -w "$DIR/wire.pcapng" 2>"$DIR/watch" &
      watcher=$!
      until grep -q Capturing "$DIR/watch"; do kill -0 $watcher 2>/dev/null || exit 9; done
    }
    unwatch() { kill -INT $watcher; wait $watcher; }
    # count FILTER: how many packets passed.
    count() { "$NETLAB" read "$DIR/wire.pcapng" -Y "$1" -T fields -e frame.number | wc -l; }
    # Every firewall rule of both hosts; mark makes one, so that no rule is never no answer.
    mark() { nft add table inet marked && there nft add table inet marked; }
    rules() { nft list ruleset && there nft list ruleset || echo "no rules to be had"; }

    """

  /// What a script said.
  struct Outcome {
    var result: ProgramResult
    let folder: TemporaryFolder

    func text(_ name: String) -> String {
      (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
    }

    /// Everything, for the report of a failure.
    var all: String {
      "\(result) received: \(text("received")) errors: \(text("errors")) sent: \(text("sent")) "
        + "refused: \(text("refused"))"
    }
  }

  /// Runs a script on the first host. Both hosts have one key.
  static func run(_ script: String) throws -> Outcome {
    let folder = try TemporaryFolder()
    let result = try netlabTests.run(
      Surroundings.unshare + [
        "timeout", "--kill-after=5", "\(limit)", "bash", "-c", prelude + script,
      ],
      program: URL(fileURLWithPath: "/usr/bin/env"),
      environment: [
        "NETLAB": Project.netlab.path, "DIR": folder.url.path, "CAPTURES": Project.captures.path,
        "XDG_CONFIG_HOME": folder.path("settings"), "NO_COLOR": "1",
      ])
    return Outcome(result: result, folder: folder)
  }
}

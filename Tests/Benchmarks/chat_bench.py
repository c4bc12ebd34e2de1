#!/usr/bin/env python3
"""Chat servers under load, in turns, so that a machine's drift hits all of them.

    chat_bench.py --load LOAD --netlab NETLAB [-n ROUNDS] [room|echo|idle ...]

room   100 clients in one room: deliveries a CPU second of the server at saturation (8 senders with
       4 messages under way), and the latency at 20 messages a second (10 senders)
echo   WebSocket echo: messages a CPU second, one connection and 50
idle   what a connection that says nothing costs in memory, and netlab with 10 000

Each figure is the median of the rounds; the ratio is that of the same round, against the first.
"""
import argparse
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
JOIN = '42["join",{"room":"lobby"}]'
PYTHON = ["flask", "gevent", "uvicorn", "aiohttp"]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Server:
    def __init__(self, name, command, port):
        self.name, self.port = name, port
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.said,
                                        stderr=self.said)

    def __enter__(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                time.sleep(0.3)
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        self.said.seek(0)
        sys.exit(f"{self.name} does not listen: {self.said.read().decode(errors='replace')}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def load(self, *options):
        command = [arguments.load, "-P", self.process.pid, *options, "127.0.0.1", self.port]
        result = subprocess.run([str(one) for one in command], capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"{self.name}: {result.stdout}{result.stderr}")
        figures = json.loads(result.stdout)
        if figures["failed"]:
            print(f"{self.name}: {figures['failed']} connections failed {result.stderr[:200]}")
        return figures


def start(name, app="bench"):
    port = free_port()
    if name.startswith("netlab"):
        # All the clients stand at one address.
        command = [arguments.netlab, "serve", "--app", app, "--bind", f"127.0.0.1:{port}",
                   "--connections-per-address", "20000", *arguments.option]
    else:
        command = [sys.executable, HERE / "chat_servers.py", name, str(port)]
    return Server(name, command, port)


def table(results, columns):
    """results: per server a list with each round's figures; columns: title, key, form."""
    first = next(iter(results))
    print("%-10s" % "server" + "".join("%16s" % title for title, _, _ in columns) + "   ratio")
    for name, rounds in results.items():
        row = "%-10s" % name
        for _, key, form in columns:
            row += "%16s" % (form % statistics.median(one[key] for one in rounds))
        key = columns[0][1]
        ratios = [one[key] / base[key] for one, base in zip(rounds, results[first]) if base[key]]
        print(row + "%8.2f" % (statistics.median(ratios) if ratios else 0), flush=True)


def in_turns(names, measure):
    results = {name: [] for name in names}
    for _ in range(arguments.rounds):
        for name in names:
            results[name].append(measure(name))
    return results


def room():
    def measure(name):
        with start(name) as server:
            common = ["-n", 100, "-d", arguments.seconds, "-j", JOIN]
            full = server.load(*common, "-s", 8, "-w", 4)
            paced = server.load(*common, "-s", 10, "-r", 20)
        return full | {"paced_p50": paced["p50_us"], "paced_p99": paced["p99_us"],
                       "paced_cpu": paced["server_cpu_s"] / arguments.seconds * 100}

    print("== 100 clients in a room (netlab: at least 20 times flask's deliveries a CPU second, 5 times"
          " the best other's; p99 at 20 messages/s at most half of flask's)")
    table(in_turns([*PYTHON, "netlab"], measure), [
        ("deliveries/CPUs", "deliveries_per_server_cpu_s", "%.0f"),
        ("deliveries/s", "delivered_per_s", "%.0f"), ("p99 us at 20/s", "paced_p99", "%.0f"),
        ("p50 us at 20/s", "paced_p50", "%.0f"), ("CPU % at 20/s", "paced_cpu", "%.1f"),
        ("RSS kB", "server_rss_kb", "%.0f")])


def echo():
    for clients, window in ((1, 1), (50, 4)):
        def measure(name):
            with start(name, "echo") as server:
                path = "/echo" if name == "netlab" else "/"
                return server.load("-m", "ws", "-p", path, "-n", clients, "-w", window,
                                   "-d", arguments.seconds)

        print(f"== WebSocket echo, {clients} connections (netlab: at least 4 times `websockets`)")
        table(in_turns(["echo", "netlab"], measure), [
            ("echoes/CPUs", "deliveries_per_server_cpu_s", "%.0f"),
            ("echoes/s", "delivered_per_s", "%.0f"), ("p99 us", "p99_us", "%.0f")])


def idle():
    def measure(name, connections=2000):
        with start(name) as server:
            return server.load("-n", connections, "-H", 1, "-R", 32, "-j", JOIN)

    columns = [("kB/connection", "kb_per_connection", "%.2f"), ("connections", "connections", "%.0f"),
               ("connects/s", "connects_per_s", "%.0f"),
               ("CPU ms/connect", "server_cpu_ms_per_connect", "%.3f")]
    print("== 2 000 idle connections (netlab: at most 12 kB each)")
    table(in_turns([*PYTHON, "netlab"], measure), columns)
    print("== 10 000 idle connections held")
    table({"netlab": [measure("netlab", 10_000)]}, columns)


def main():
    global arguments
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", required=True, help="the built chat_load.c")
    parser.add_argument("--netlab", required=True)
    parser.add_argument("--option", action="append", default=[], help="one more for netlab serve")
    parser.add_argument("-n", dest="rounds", type=int, default=3)
    parser.add_argument("-d", dest="seconds", type=float, default=4)
    parser.add_argument("what", nargs="*", default=["room", "echo", "idle"])
    arguments = parser.parse_args()
    for what in arguments.what:
        {"room": room, "echo": echo, "idle": idle}[what]()


if __name__ == "__main__":
    main()

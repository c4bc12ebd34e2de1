"""Records what real clients and servers say, on a cable of its own.

Client and server are threads of one program, each in a network namespace of its own, joined by a
veth pair: 10.0.0.21 and 10.0.0.33. Nothing is offloaded, so that every checksum is the real one and
every segment is at most an MTU long. Names, keys, masks and ports come from a seed and not from
chance; the times, and with them a few segment borders, differ from one recording to the next.

`Recording` writes the capture and, beside it, the truth: what the two programs themselves sent and
received, in their own words, for the tests to hold netlab's messages against.
"""
import array
import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time
from importlib import metadata

CLIENT, SERVER = "10.0.0.21", "10.0.0.33"
FOLDER = pathlib.Path(__file__).parent.parent
FIRST_PORT = 50001

_libc = ctypes.CDLL(None, use_errno=True)
_here = threading.local()
_namespaces = {}
_seed = ["netlab"]


def side():
    """`client` or `server`: whose thread this is, read off the namespace that it lives in."""
    return _namespaces.get(os.stat("/proc/thread-self/ns/net").st_ino)


def _random_bytes(count=32):
    """Stands for the system's random source: from a seed, one sequence a thread."""
    if not hasattr(_here, "random"):
        _here.random = random.Random(f"{_seed[0]} {side()} {threading.current_thread().name}")
    return _here.random.randbytes(32 if count is None else count)


os.urandom = random._urandom = _random_bytes


def _ethtool(interface, command, value):
    """SIOCETHTOOL, because not every host has the ethtool program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        data = array.array("B", struct.pack("II", command, value))
        request = struct.pack("16sP", interface.encode(), data.buffer_info()[0])
        fcntl.ioctl(plug, 0x8946, request)


def _enter(namespace):
    with open(f"/run/netns/{namespace}") as handle:
        if _libc.setns(handle.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}: run this as root")


_connect = socket.socket.connect


def _connect_from_known_port(self, address):
    """Clients get their ports in order, so that the truth can name a connection by its port."""
    if self.family == socket.AF_INET and side() == "client" and self.getsockname()[1] == 0:
        with _ports_lock:
            port = _ports[0]
            _ports[0] += 1
            _used[port] = address[1]
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.bind((CLIENT, port))
    return _connect(self, address)


_ports, _used, _ports_lock = [FIRST_PORT], {}, threading.Lock()
socket.socket.connect = _connect_from_known_port


def next_port():
    """The port that the next client will have."""
    return _ports[0]


def octets(data):
    """Octets as the truth shows them: their number, and all of them or their digest."""
    data = bytes(data)
    if len(data) <= 256:
        return {"octets": len(data), "hex": data.hex()}
    return {"octets": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def plain(value):
    """A value for JSON: octets inside it as `octets` shows them."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return octets(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


class Recording:
    """The cable, tcpdump on the server's end of it, and the truth."""

    def __init__(self, name, about, packages=(), filter="tcp"):
        self.name, self.about, self.filter = name, about, filter
        self.packages = {package: metadata.version(package) for package in packages}
        self.truth = {"capture": f"{name}.pcap", "about": about, "recorded_with": self.packages}
        self.connections, self.messages, self.failures = [], [], []
        self.threads = []
        self.lock = threading.Lock()

    def __enter__(self):
        _seed[0] = self.name
        _ports[0] = FIRST_PORT
        _used.clear()
        tag = os.getpid()
        self.spaces = {"client": f"netlab-c{tag}", "server": f"netlab-s{tag}"}

        def ip(*words):
            subprocess.run(["ip", *words], check=True)

        try:
            for name in self.spaces.values():
                ip("netns", "add", name)
            ip("-n", self.spaces["client"], "link", "add", "lan0", "address", "02:00:00:00:00:21",
               "type", "veth", "peer", "name", "lan0", "address", "02:00:00:00:00:33", "netns",
               self.spaces["server"])
            for who, other, mac, name in [(CLIENT, SERVER, "33", self.spaces["client"]),
                                          (SERVER, CLIENT, "21", self.spaces["server"])]:
                # No IPv6 and no ARP: the conversation alone is on the cable.
                subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw",
                                "net.ipv6.conf.all.disable_ipv6=1"], check=True)
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "address", "add", f"{who}/24", "dev", "lan0")
                ip("-n", name, "link", "set", "lan0", "up")
                ip("-n", name, "neighbor", "add", other, "lladdr", f"02:00:00:00:00:{mac}", "dev",
                   "lan0", "nud", "permanent")
            for who, name in self.spaces.items():
                _namespaces[os.stat(f"/run/netns/{name}").st_ino] = who
                self.run(who, self._no_offload)
            self.path = FOLDER / f"{self.name}.pcap"
            self.dump = subprocess.Popen(
                ["ip", "netns", "exec", self.spaces["server"], "tcpdump", "-Z", "root", "-q", "-s0",
                 "-U", "--immediate-mode", "-i", "lan0", "-w", self.path, self.filter],
                stderr=subprocess.PIPE, text=True)
            for line in self.dump.stderr:
                if "listening on" in line:
                    break
            else:
                raise OSError("tcpdump does not listen")
        except BaseException:
            self._remove()
            raise
        return self

    @staticmethod
    def _no_offload():
        # ETHTOOL_STXCSUM, STSO, SGSO, SGRO.
        for command in (0x17, 0x1F, 0x24, 0x2C):
            _ethtool("lan0", command, 0)

    def thread(self, who, work, *arguments):
        """Starts `work` on the side of `who`."""
        def body():
            _enter(self.spaces[who])
            try:
                work(*arguments)
            except BaseException as error:
                self.failures.append(error)
                raise

        thread = threading.Thread(
            target=body, name=f"{work.__name__}-{len(self.threads)}", daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def run(self, who, work, *arguments):
        """Runs `work` on the side of `who` to its end."""
        thread = self.thread(who, work, *arguments)
        thread.join(120)
        if thread.is_alive():
            raise TimeoutError(f"{work.__name__} does not end")
        if self.failures:
            raise self.failures[0]

    def connection(self, what, port=None, server_port=5000, **more):
        """Notes a connection; returns the client's port, which is its name in the messages."""
        port = next_port() if port is None else port
        self.connections.append({
            "connection": port, "client": f"{CLIENT}:{port}", "server": f"{SERVER}:{server_port}",
            "what": what, **plain(more)})
        return port

    def message(self, **fields):
        """Notes a message, in the order in which it was sent."""
        with self.lock:
            self.messages.append(plain(fields))

    def __exit__(self, kind, error, trace):
        time.sleep(0.5)
        self._remove()
        if kind is not None:
            return
        if self.failures:
            raise self.failures[0]
        told = {row["connection"] for row in self.connections}
        for port, server_port in _used.items():
            if port not in told:
                self.connections.append({"connection": port, "client": f"{CLIENT}:{port}",
                                         "server": f"{SERVER}:{server_port}"})
        self.connections.sort(key=lambda row: row["connection"])
        parts = [f' "{key}": {json.dumps(value, ensure_ascii=False)}'
                 for key, value in self.truth.items()]
        for key, rows in (("connections", self.connections), ("messages", self.messages)):
            lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
            parts.append(f' "{key}": [\n{lines}\n ]')
        (FOLDER / "truth" / f"{self.name}.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")
        print(f"{self.path.name}: {self.path.stat().st_size} octets, "
              f"{len(self.connections)} connections, {len(self.messages)} messages")

    def _remove(self):
        dump = getattr(self, "dump", None)
        if dump is not None:
            dump.send_signal(signal.SIGINT)
            dump.wait(10)
            self.path.chmod(0o644)
        for name in self.spaces.values():
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)

"""The chat server under test: the program that NETLAB names, on a port that was free."""

import os
import re
import signal
import subprocess
import tempfile
import threading


class Server:
    """`netlab serve` with a folder of its own, for as long as the `with` block lasts."""

    def __init__(self, *options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory(prefix="netlab-browser-")
        self.process = None
        self.port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        self.folder.cleanup()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Starts it, on the port it had before if it had one, and waits for its address."""
        # Keys and history are its own: nothing of the person who runs the tests is touched.
        environment = {
            name: value for name, value in os.environ.items()
            if name != "SUDO_UID" and not name.startswith("XDG_")}
        self.process = subprocess.Popen(
            [os.environ["NETLAB"], "serve", "--bind", f"127.0.0.1:{self.port}",
             "--data", self.folder.name, *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**environment, "HOME": self.folder.name})
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                # What it says from now on is read, too: a full pipe would stop it.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise AssertionError("the server did not start: " + "".join(said))

    def stop(self, kind=signal.SIGTERM):
        if self.process:
            self.process.send_signal(kind)
            self.process.wait(timeout=20)
            self.process = None

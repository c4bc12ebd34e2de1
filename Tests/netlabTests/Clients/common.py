"""What the clients of these tests have in common."""

import queue
import sys
import time

import socketio

PATIENCE = 15


class Client:
    """A python-socketio client that keeps what it hears."""

    def __init__(self, url, transports, auth=None, headers=None, namespaces=None, path="socket.io",
                 patience=PATIENCE):
        self.heard = queue.Queue()
        self.past = []
        self.io = socketio.Client(reconnection=False)
        for namespace in namespaces or ["/"]:
            self.io.on("*", self.hear, namespace=namespace)
            self.io.on("disconnect", self.gone, namespace=namespace)
        self.isGone = False
        self.io.connect(
            url, headers=headers or {}, auth=auth, transports=transports, namespaces=namespaces,
            socketio_path=path, wait_timeout=patience)

    def hear(self, event, *arguments):
        self.heard.put((event, *arguments))

    def gone(self, *reason):
        self.isGone = True
        self.heard.put(("gone",))

    def expect(self, event, test=lambda *arguments: True):
        """The arguments of the next such event; those of other events before it are left out."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                heard = self.heard.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {event}; heard: {self.past}")
            self.past.append(heard)
            if heard[0] == event and test(*heard[1:]):
                return heard[1:]

    def expect_text(self, sender, text):
        (message,) = self.expect(
            "message", lambda m: m.get("sender") == sender and m.get("message") == text)
        return message

    def say(self, text, key=None):
        """Sends a message and waits for its acknowledgment."""
        message = {"message": text}
        if key:
            message["key"] = key
        return self.io.call("message", message, timeout=PATIENCE)

    def leave(self):
        self.io.disconnect()


TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


def arguments():
    return sys.argv[1:]

"""Socket.IO sessions of python-socketio's client: over WebSocket alone, and over polling alone."""
import functools
import json
import threading
import time
import types

import socketio

import engineio_truth
from recording import SERVER, Recording
from socketio_server import Running, chat_server

URL = f"http://{SERVER}:5000"
PACKAGES = ["python-socketio", "python-engineio", "aiohttp", "requests", "websocket-client"]

# As a browser would: text as UTF-8, not as \u escapes.
UTF8 = types.SimpleNamespace(
    dumps=functools.partial(json.dumps, ensure_ascii=False), loads=json.loads)


class Client:
    """python-socketio's client, and a queue of one for what its handlers get."""

    def __init__(self, transport, json=None):
        self.transport = transport
        self.sio = socketio.Client(reconnection=False, json=json)
        self.came = threading.Condition()
        self.events = []
        self.sio.on("question", lambda data: (data["n"] + 1, {"deep": [1, [2, None], True]}))
        self.sio.on("fingerprint", lambda data: bytes(reversed(data)))
        for name in ("/", "/chat", "/admin"):
            self.sio.on("*", lambda event, *data, name=name: self.handle(event, name, *data),
                        namespace=name)
            for event in ("connect", "connect_error", "disconnect"):
                self.sio.on(event, functools.partial(self.handle, event, name), namespace=name)

    def handle(self, event, namespace, *data):
        with self.came:
            self.events.append((event, namespace, repr(data)))
            self.came.notify_all()

    def connect(self, namespaces, auth):
        self.sio.connect(URL, transports=[self.transport], namespaces=namespaces, auth=auth,
                         wait=False)

    def wait(self, event, namespace="/", about=""):
        """Until the event came, with `about` in its data; it is then forgotten."""
        def found():
            return next((one for one in self.events
                         if one[:2] == (event, namespace) and about in one[2]), None)

        with self.came:
            if not self.came.wait_for(found, 10):
                raise TimeoutError(f"no {event} in {namespace}: {self.events}")
            self.events.remove(found())


def talk_as_alice(alice):
    """One of everything, in plain ASCII."""
    alice.connect(["/", "/chat", "/admin"], {"name": "Alice"})
    # The client drops the event that comes before its namespace is connected.
    for event, namespace in [("connect", "/"), ("connect", "/chat"), ("connect_error", "/admin")]:
        alice.wait(event, namespace)
    sio = alice.sio
    sio.emit("message", {"message": "hi"})
    alice.wait("message", about="hi")
    assert sio.call("sum", (2, 3)) == (5, "ok")
    assert sio.call("nothing") is None
    assert sio.call("join", "ABCDEF", namespace="/chat") is True
    alice.wait("joined", "/chat")
    sio.call("picture", ({"name": "dot"}, b"\x00\x01\x02\x1e\xff" * 20, b"thumb"))
    sio.emit("ask me")
    alice.wait("answered")
    alice.wait("answered")
    sio.emit("file")
    alice.wait("file")
    sio.emit("page", 7000)
    alice.wait("page")
    # Several at once: one payload with record separators in it, where the transport is polling.
    for number in range(3):
        sio.emit("message", {"message": f"burst {number}"})
    for number in range(3):
        alice.wait("message", about=f"burst {number}")
    # The server pings.
    time.sleep(2.2)
    assert sio.call("leave", "ABCDEF", namespace="/chat") is True
    alice.wait("left", "/chat")
    sio.emit("kick", namespace="/chat")
    alice.wait("disconnect", "/chat")
    sio.emit("message", {"message": "still here"})
    alice.wait("message", about="still")
    time.sleep(0.05)
    sio.disconnect()
    time.sleep(0.3)


def talk(transport):
    talk_as_alice(Client(transport))

    # One who leaves a namespace, and is then sent away.
    bob = Client(transport, json=UTF8)
    bob.connect(["/", "/chat"], {"name": "Zoë"})
    for event, namespace in [("connect", "/"), ("connect", "/chat")]:
        bob.wait(event, namespace)
    bob.sio.emit("message", {"message": "Grüße 👋 \"quoted\" \\ and\na new line"})
    bob.wait("message", about="new line")
    bob.sio._send_packet(socketio.packet.Packet(socketio.packet.DISCONNECT, namespace="/chat"))
    del bob.sio.namespaces["/chat"]
    time.sleep(0.1)
    bob.sio.emit("bye")
    bob.wait("disconnect")
    time.sleep(0.3)


def record(name, transport, about):
    with Recording(name, about, PACKAGES) as recording:
        server = Running(recording, chat_server(ping_interval=1, ping_timeout=5).attach)
        recording.run("client", talk, transport)
        server.stop()
        engineio_truth.write(recording)


if __name__ == "__main__":
    record("socketio-websocket", "websocket",
           "Socket.IO over WebSocket from the start: two sessions with namespaces, acks both ways, "
           "binary events and acks, a refused namespace, pings, and disconnects by either side.")
    record("socketio-polling", "polling",
           "The same conversation over long polling alone: several packets in a payload, base64.")

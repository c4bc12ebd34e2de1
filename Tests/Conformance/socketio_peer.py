#!/usr/bin/env python3
"""python-socketio's client against `netlab serve --app echo`: connecting with and without a
payload, events, acknowledgments, attachments, namespaces, leaving, and coming back by itself.

    socketio_peer.py http://127.0.0.1:PORT polling|websocket|upgrade
"""
import time
import urllib.parse

import socketio

from engineio_peer import TRANSPORTS
from peers import Inbox, Wire, run

ARGUMENTS = [
    ("text",),
    (1, "2", {"3": [True]}),
    (None, False, 0.5, -7, 2**53 - 1),
    ("Grüße 👋 \"quoted\" \\ and\na new line \u2028",),
    ({"deep": {"er": [[[["est"]]]]}, "empty": [{}, [], ""]},),
    ("x" * 100_000,),
    (b"\x01\x02\x03",),
    ({"name": "dot", "parts": [b"\x00\x1e\xff" * 50, b""]}, "and", [b"thumb"]),
]


class Client:
    def __init__(self, url, way, namespaces=("/",), auth=None, **options):
        self.sio = socketio.Client(**options)
        self.came = {name: Inbox() for name in ("/", "/custom", "/random")}
        for name, inbox in self.came.items():
            for event in ("auth", "message-back"):
                self.sio.on(event, self.putting(inbox, event), namespace=name)
            for event in ("connect", "connect_error", "disconnect"):
                self.sio.on(event, self.putting(inbox, event, quiet=event == "disconnect"),
                            namespace=name)
        # `wait` would keep the caller until every namespace answered, with no word on refusals.
        self.sio.connect(url, transports=TRANSPORTS[way], namespaces=list(namespaces), auth=auth,
                         wait=False)

    @staticmethod
    def putting(inbox, event, quiet=False):
        """Newer clients give `disconnect` a reason, which is none of the server's words."""
        return lambda *data: inbox.put(event, *([] if quiet else data))

    def entered(self, namespace="/", auth=None):
        # The client hands each to a thread: which of two that come together is first is chance.
        came = [self.came[namespace].next(), self.came[namespace].next()]
        for what in ("connect",), ("auth", auth or {}):
            assert what in came, f"{came!r} came, {what!r} was expected"


def events(url, way):
    client = Client(url, way, auth={"token": "123"})
    client.entered(auth={"token": "123"})
    for arguments in ARGUMENTS:
        client.sio.emit("message", arguments)
        client.came["/"].expect("message-back", *arguments)
    for arguments in ARGUMENTS:
        answer = client.sio.call("message-with-ack", arguments, timeout=10)
        expected = arguments[0] if len(arguments) == 1 else arguments
        assert answer == expected, f"{answer!r} acknowledged {expected!r}"
    for number in range(200):
        client.sio.emit("message", number)
    for number in range(200):
        client.came["/"].expect("message-back", number)
    time.sleep(4)
    assert client.sio.call("message-with-ack", "pinged", timeout=10) == "pinged"
    assert client.sio.transport() == TRANSPORTS[way][-1], client.sio.transport()
    client.sio.disconnect()


def namespaces(url, way):
    client = Client(url, way, namespaces=["/", "/custom", "/random"], auth={"token": "abc"},
                    reconnection=False)
    client.entered("/", {"token": "abc"})
    client.entered("/custom", {"token": "abc"})
    client.came["/random"].expect("connect_error", {"message": "Invalid namespace"})
    client.sio.emit("message", ("to", b"custom"), namespace="/custom")
    client.came["/custom"].expect("message-back", "to", b"custom")
    assert client.sio.call("message-with-ack", 5, namespace="/custom", timeout=10) == 5
    # Leaving one namespace leaves the session and the other.
    client.sio._send_packet(socketio.packet.Packet(socketio.packet.DISCONNECT, namespace="/custom"))
    client.sio.emit("message", "main")
    client.came["/"].expect("message-back", "main")
    assert client.came["/custom"].queue.empty()
    client.sio.disconnect()


def cut(wire, client):
    """Until the client notices: between two GETs it does not, and connects anew unharmed."""
    for _ in range(20):
        wire.cut()
        try:
            came = client.came["/"].next(within=1)
        except TimeoutError:
            continue
        assert came == ("disconnect",), came
        return
    raise TimeoutError("the client does not notice that its wire was cut")


def comes_back(url, way):
    server = urllib.parse.urlsplit(url)
    wire = Wire(server.hostname, server.port)
    client = Client(f"http://127.0.0.1:{wire.port}", way, auth={"name": "Alice"},
                    reconnection_delay=0.1, reconnection_delay_max=0.2)
    client.entered(auth={"name": "Alice"})
    first = client.sio.get_sid()
    for round in range(2):
        cut(wire, client)
        client.entered(auth={"name": "Alice"})
        assert client.sio.get_sid() != first
        client.sio.emit("message", round)
        client.came["/"].expect("message-back", round)
    client.sio.disconnect()


def main(url, way):
    for part in (events, namespaces, comes_back):
        part(url, way)
        print(f"{way}: {part.__name__}")


if __name__ == "__main__":
    run(main)

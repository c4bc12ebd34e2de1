#!/usr/bin/env python3
"""python-engineio's client against the echo at /engine.io/ of `netlab serve --app echo`.

    engineio_peer.py http://127.0.0.1:PORT polling|websocket|upgrade
"""
import time

import engineio

from peers import Inbox, run

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}
TEXTS = ["hello", "", "Grüße 👋", 'quotes " and \\ and\nlines', "2", "4", "b", "x" * 70000]
BINARY = [b"\x00\x01\x02\x1e\xff", b"", bytes(range(256)) * 300]


def main(url, way):
    came = Inbox()
    client = engineio.Client()
    client.on("message", came.put)
    client.on("disconnect", lambda *reason: came.put("disconnect"))
    client.connect(url, transports=TRANSPORTS[way])
    assert client.transport() == TRANSPORTS[way][-1], client.transport()
    # The client gives its HTTP library text, which that library sends as Latin-1.
    for text in TEXTS if way == "websocket" else filter(str.isascii, TEXTS):
        client.send(text)
        came.expect(text)
    for octets in BINARY:
        client.send(octets)
        came.expect(octets)
    # Many at once: polling puts them into payloads of several packets.
    many = [f"number {number}" for number in range(100)]
    for text in many:
        client.send(text)
    for text in many:
        came.expect(text)
    # The server pings each 300 ms and gives up 3 s later: the session lives on pongs alone.
    time.sleep(4)
    client.send("still here")
    came.expect("still here")
    client.disconnect()
    client.wait()


if __name__ == "__main__":
    run(main)

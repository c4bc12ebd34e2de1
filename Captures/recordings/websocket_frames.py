"""WebSocket frames of every size and kind between two `websockets` connections, and their ends."""
import logging
import socket
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

import websocket_truth
from recording import SERVER, Recording, next_port
from websocket_raw import frame, open_raw, plug_in, read_to_end, request, reset

logging.getLogger("websockets.server").setLevel(logging.CRITICAL)

LENGTHS = [0, 1, 124, 125, 126, 127, 255, 256]


def octets_of(length):
    return bytes((at * 7 + length) & 255 for at in range(length))


def echo(ws):
    """Answers each message by its kind and size; what the path asks for comes first."""
    _, *words = ws.request.path.split("/")
    if words[0] == "close":
        ws.recv()
        ws.close(int(words[1]), words[2].replace("_", " "))
        return
    if words[0] == "fin":
        ws.recv()
        ws.send("the server goes without a word")
        websocket_truth.mute(ws)
        ws.socket.shutdown(socket.SHUT_WR)
        return
    if words[0] == "large":
        ws.send(octets_of(65536))
    try:
        for message in ws:
            if words[0] != "large":
                ws.send(message)
    except ConnectionClosed:
        pass


def corked(ws, *messages):
    """Several frames in one segment."""
    ws.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    for message in messages:
        ws.send(message)
    ws.ping(b"corked")
    ws.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    for message in messages:
        assert ws.recv() == message


def dripped(ws, text):
    """One frame over many segments: its head and first octets alone, one each."""
    with ws.protocol_mutex:
        ws.protocol.send_text(text.encode())
        data = b"".join(ws.protocol.data_to_send())
        for at in range(20):
            ws.socket.sendall(data[at:at + 1])
            time.sleep(0.002)
        ws.socket.sendall(data[20:])
    assert ws.recv() == text


def open_client(what, path="/", **named):
    Noted.connection(what)
    named.setdefault("compression", None)
    return connect(f"ws://{SERVER}:5000{path}", proxy=None, ping_interval=None, max_size=None,
                   **named)


def raw(what, path="/"):
    Noted.connection(what)
    return open_raw(path)


def talk():
    with open_client("text, binary and control frames of small sizes",
                     subprotocols=["chat.v1", "chat.v2"], origin="http://10.0.0.33:5000") as ws:
        assert ws.subprotocol == "chat.v1"
        for text in ("hello", "Grüße 👋", ""):
            ws.send(text)
            assert ws.recv() == text
        for length in LENGTHS:
            ws.send(octets_of(length))
            assert ws.recv() == octets_of(length)
        ws.ping(b"").wait(5)
        ws.ping(b"are you there?").wait(5)
        ws.ping(bytes(range(125))).wait(5)
        ws.pong(b"unasked")

        def parts():
            yield "first "
            ws.ping(b"in between").wait(5)
            yield "Grü"
            yield "ße 👋"

        ws.send(parts())
        assert ws.recv() == "first Grüße 👋"
        ws.send([b"\x00\x01", b"", b"\x02"])
        assert ws.recv() == b"\x00\x01\x02"
        corked(ws, "one", "two", b"three", "")
        dripped(ws, "drop by drop")
        dripped(ws, "x" * 130)
    with open_client("65535 octets one way, 65536 the other", "/large") as ws:
        assert ws.recv() == octets_of(65536)
        ws.send(octets_of(65535))
    for code, reason in ((1000, ""), (1001, "going away"), (3000, "registered"), (4000, "Grüße"),
                         (4999, "r" * 123)):
        ws = open_client(f"the client closes with {code}")
        ws.send("last words")
        ws.recv()
        ws.close(code, reason)
    for code, reason in ((1001, "shutting_down"), (1002, "protocol_error"), (1003, ""),
                         (1007, "not_consistent"), (1008, "policy"), (1009, "too_big"),
                         (1011, "internal_error"), (1013, "try_again_later")):
        with open_client(f"the server closes with {code}", f"/close/{code}/{reason}") as ws:
            ws.send("close, please")
            try:
                ws.recv()
            except ConnectionClosed:
                pass
    plug = raw("a Close without a code")
    plug.sendall(frame(8))
    read_to_end(plug)
    plug.close()
    plug = raw("reset by the client without a Close")
    plug.sendall(frame(1, b"and then RST"))
    time.sleep(0.05)
    reset(plug)
    plug = raw("FIN of the client without a Close")
    plug.sendall(frame(1, b"and then FIN"))
    time.sleep(0.05)
    plug.shutdown(socket.SHUT_WR)
    read_to_end(plug)
    plug.close()
    plug = raw("FIN inside a frame")
    plug.sendall(frame(1, b"this message never ends")[:20])
    Noted.message(connection=next_port() - 1, protocol="websocket", kind="cut", frames=[23],
                  octets=14, **{"from": "client"})
    plug.shutdown(socket.SHUT_WR)
    read_to_end(plug)
    plug.close()
    plug = raw("FIN inside a fragmented message")
    plug.sendall(frame(1, b"first part, ", fin=False) + frame(0, b"second part", fin=False))
    plug.shutdown(socket.SHUT_WR)
    read_to_end(plug)
    plug.close()
    with open_client("FIN of the server without a Close", "/fin") as ws:
        ws.send("go")
        try:
            while True:
                ws.recv(timeout=2)
        except (ConnectionClosed, TimeoutError):
            pass
    # A client must wait for the 101; what it sends too early is read nonetheless.
    Noted.connection("the client does not wait for the 101", early=True)
    plug = plug_in()
    plug.sendall(request() + frame(1, b"too early") + frame(8, b"\x03\xe8"))
    read_to_end(plug)
    plug.close()
    time.sleep(0.2)


def serving(ready):
    with serve(echo, SERVER, 5000, compression=None, max_size=None, ping_interval=None,
               select_subprotocol=lambda ws, offered: next(iter(offered), None),
               close_timeout=2) as server:
        ready.append(server)
        server.serve_forever()


if __name__ == "__main__":
    with Recording("websocket-frames", "WebSocket frames of every size and kind, fragments with "
                   "control frames between them, several frames a segment and one over many, and "
                   "every way to end.", ["websockets"]) as Noted:
        ready = []
        Noted.thread("server", serving, ready)
        while not ready:
            time.sleep(0.01)
        Noted.run("client", talk)
        ready[0].shutdown()
        websocket_truth.write(Noted)

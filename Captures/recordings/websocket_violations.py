"""One broken rule of RFC 6455 (or 7692) a connection. Where the client breaks it, a real
server answers; where the server breaks it, a real client does: what they made of it is in the
truth, too."""
import logging
import socket
import time

from websockets.sync.client import connect
from websockets.sync.server import serve

import websocket_truth
from recording import SERVER, Recording
from websocket_raw import (
    ACCEPT, KEY, frame, plug_in, read_head, read_to_end, request)

logging.getLogger("websockets").setLevel(logging.CRITICAL)

HELLO = frame(1, b"hello")
EURO = "€".encode()

# name, section, what the client sends after its handshake. HELLO goes before each, so that tools
# have something right to show before the mistake.
CLIENT = [
    ("unmasked client frame", "5.1", [frame(1, b"bare", mask=None)]),
    ("RSV1 without an extension", "5.2", [frame(1, b"rsv1", rsv=4)]),
    ("RSV2", "5.2", [frame(1, b"rsv2", rsv=2)]),
    ("RSV3", "5.2", [frame(2, b"rsv3", rsv=1)]),
    ("reserved opcode 3", "5.2", [frame(3, b"three")]),
    ("reserved opcode 7", "5.2", [frame(7, b"seven")]),
    ("reserved opcode 11", "5.2", [frame(0xB, b"eleven")]),
    ("reserved opcode 15", "5.2", [frame(0xF)]),
    ("fragmented Ping", "5.5", [frame(9, b"half", fin=False), frame(0, b"whole")]),
    ("fragmented Close", "5.5", [frame(8, b"\x03\xe8", fin=False)]),
    ("Ping of 126 octets", "5.5", [frame(9, bytes(126))]),
    ("Close of 126 octets", "5.5", [frame(8, b"\x03\xe8" + b"r" * 124)]),
    ("Close with one octet", "5.5.1", [frame(8, b"\x03")]),
    *[(f"Close code {code}", "7.4", [frame(8, code.to_bytes(2, "big") + b"because")])
      for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)],
    ("Close reason that is not UTF-8", "5.5.1", [frame(8, b"\x03\xe8\xff\xfe")]),
    ("text that is not UTF-8", "8.1", [frame(1, b"ab\xc3\x28cd")]),
    ("text with a surrogate", "8.1", [frame(1, b"\xed\xa0\x80")]),
    ("text with an overlong form", "8.1", [frame(1, b"\xc0\xaf")]),
    ("text beyond U+10FFFF", "8.1", [frame(1, b"\xf4\x90\x80\x80")]),
    ("text that ends inside a character", "8.1", [frame(1, EURO[:2])]),
    ("fragmented text that is not UTF-8", "8.1",
     [frame(1, EURO[:1], fin=False), frame(0, b"x")]),
    ("continuation without a start", "5.4", [frame(0, b"of nothing")]),
    ("new message inside a fragmented one", "5.4",
     [frame(1, b"first, ", fin=False), frame(1, b"second")]),
    ("data after Close", "5.5.1", [frame(8, b"\x03\xe8") + frame(1, b"one more thing")]),
    ("length with its top bit set", "5.2",
     [frame(2, b"short", length=b"\x7f\x80\x00\x00\x00\x00\x00\x00\x05")]),
    ("16-bit length that 7 bits could hold", "5.2",
     [frame(1, b"padded", length=b"\x7e\x00\x06")]),
    ("64-bit length that 16 bits could hold", "5.2",
     [frame(1, b"padded more", length=b"\x7f" + (11).to_bytes(8, "big"))]),
    ("64-bit length of a Ping", "5.5",
     [frame(9, b"ping", length=b"\x7f" + (4).to_bytes(8, "big"))]),
]

# Nothing is wrong with these.
RIGHT = [
    ("a character split over two fragments",
     [frame(1, b"5 " + EURO[:1], fin=False), frame(0, EURO[1:])]),
    ("a character split over two fragments, a Ping between",
     [frame(1, EURO[:2], fin=False), frame(9, b"?"), frame(0, EURO[2:])]),
    ("mask of zeros", [frame(1, b"as it is", mask=bytes(4))]),
]

# The same by the server.
SERVER_FRAMES = [
    ("masked server frame", "5.1", [frame(1, b"masked")]),
    ("RSV1 without an extension", "5.2", [frame(1, b"rsv1", mask=None, rsv=4)]),
    ("reserved opcode 5", "5.2", [frame(5, b"five", mask=None)]),
    ("fragmented Pong", "5.5", [frame(10, b"half", mask=None, fin=False)]),
    ("Close code 1005", "7.4", [frame(8, b"\x03\xed", mask=None)]),
    ("text that is not UTF-8", "8.1", [frame(1, b"\xff", mask=None)]),
    ("data after Close", "5.5.1",
     [frame(8, b"\x03\xe8", mask=None) + frame(1, b"one more thing", mask=None)]),
    ("a RSV1 control frame with permessage-deflate", "RFC 7692 6.1",
     [frame(9, b"rsv1", mask=None, rsv=4)]),
    ("a RSV1 continuation with permessage-deflate", "RFC 7692 6.1",
     [frame(1, b"plain, ", mask=None, fin=False), frame(0, b"rsv1", mask=None, rsv=4)]),
    ("compressed octets that are not deflate", "RFC 7692 6.2",
     [frame(1, b"\x07\xff\xff\xff", mask=None, rsv=4)]),
]


def answer(status="101 Switching Protocols", upgrade="Upgrade: websocket",
           connection="Connection: Upgrade", accept=ACCEPT, extra=""):
    lines = [f"HTTP/1.1 {status}", upgrade, connection,
             accept and f"Sec-WebSocket-Accept: {accept}", extra]
    return "".join(line + "\r\n" for line in lines if line).encode() + b"\r\n"


# What a server answers to a right handshake. A client that believes everything goes on and sends,
# so that there is something to read; a real one is asked to, afterwards.
ANSWERS = [
    ("wrong Sec-WebSocket-Accept", "4.1", answer(accept="AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
    ("no Sec-WebSocket-Accept", "4.1", answer(accept=None)),
    ("101 without Upgrade", "4.1", answer(upgrade="")),
    ("101 with another Upgrade", "4.1", answer(upgrade="Upgrade: h2c")),
    ("101 without Connection", "4.1", answer(connection="")),
    ("extension that was not offered", "4.1",
     answer(extra="Sec-WebSocket-Extensions: permessage-deflate")),
    ("subprotocol that was not offered", "4.1", answer(extra="Sec-WebSocket-Protocol: chat.v9")),
]

# What a client asks; a real server refuses it.
REQUESTS = [
    ("no Sec-WebSocket-Version", "4.1", request(version=None)),
    ("Sec-WebSocket-Version 8", "4.1", request(version="8")),
    ("key of 5 octets", "4.1", request(key="c2hvcnQ=")),
    ("key that is not base64", "4.1", request(key="!!!!!!!!!!!!!!!!!!!!!!==")),
    ("no Connection: Upgrade", "4.1", request().replace(b"Connection: Upgrade\r\n", b"")),
    ("POST", "4.1", request().replace(b"GET ", b"POST ", 1)),
    ("HTTP/1.0", "4.1", request().replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
]


def close_quietly(plug):
    try:
        plug.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    read_to_end(plug)
    plug.close()


def by_client():
    rows = [(*row, False) for row in CLIENT] + [(name, None, data, True) for name, data in RIGHT]
    for name, section, data, right in rows:
        Noted.connection(name if right else f"client: {name}")
        plug = plug_in()
        plug.sendall(request())
        assert read_head(plug).startswith(b"HTTP/1.1 101")
        plug.sendall(HELLO)
        time.sleep(0.01)
        Noted.connections[-1].update({"breaks": None if right else name, "side": "client",
                                      "rule": section and f"RFC 6455 section {section}"})
        for part in data:
            plug.sendall(part)
            time.sleep(0.005)
        if right:
            plug.sendall(frame(8, b"\x03\xe8"))
        close_quietly(plug)
    for name, section, data in REQUESTS:
        Noted.connection(f"client's handshake: {name}", breaks=name, side="client",
                         rule=f"RFC 6455 section {section}")
        plug = plug_in()
        plug.sendall(data)
        head = read_head(plug)
        Noted.connections[-1]["status"] = int(head.split(b" ")[1]) if head else None
        close_quietly(plug)


def by_server():
    for name, section, data in SERVER_FRAMES:
        rule = section if section.startswith("RFC") else f"RFC 6455 section {section}"
        deflate = "RFC" in section
        Noted.connection(f"server: {name}", server_port=5001, breaks=name, side="server", rule=rule)
        Wrong.data = data
        Wrong.extra = "Sec-WebSocket-Extensions: permessage-deflate" if deflate else ""
        try:
            with connect(f"ws://{SERVER}:5001/", proxy=None, ping_interval=None, close_timeout=1,
                         compression="deflate" if deflate else None) as ws:
                while True:
                    ws.recv(timeout=1)
        except Exception as error:
            Noted.connections[-1]["client_says"] = str(error)
    for name, section, head in ANSWERS:
        Noted.connection(f"server's handshake: {name}", server_port=5001, breaks=name,
                         side="server", rule=f"RFC 6455 section {section}")
        Wrong.answer = head
        plug = plug_in(5001)
        plug.sendall(request())
        read_head(plug)
        plug.sendall(HELLO + frame(8, b"\x03\xe8"))
        close_quietly(plug)
    for name, section, head in ANSWERS[1:4:2] + ANSWERS[-2:]:
        Noted.connection(f"server's handshake to a real client: {name}", server_port=5001,
                         breaks=name, side="server", rule=f"RFC 6455 section {section}")
        Wrong.answer = head
        try:
            with connect(f"ws://{SERVER}:5001/", proxy=None, compression=None):
                pass
        except Exception as error:
            Noted.connections[-1]["client_says"] = f"{type(error).__name__}: {error}"
    Wrong.answer = None


class Wrong:
    """What the wrong server says next."""
    data, extra, answer = [], "", None


def wrong_server():
    listener = socket.create_server((SERVER, 5001))
    while True:
        plug, _ = listener.accept()
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plug.settimeout(2)
        head = read_head(plug).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n")
                   if line.lower().startswith("sec-websocket-key"))
        if Wrong.answer is not None:
            if key != KEY:
                # The accept is right, whatever else is not.
                plug.sendall(Wrong.answer.replace(ACCEPT.encode(), accept_of(key)))
            else:
                plug.sendall(Wrong.answer)
            plug.sendall(frame(1, b"hello", mask=None) + frame(8, b"\x03\xe8", mask=None))
        else:
            plug.sendall(answer(accept=accept_of(key).decode(), extra=Wrong.extra))
            plug.sendall(frame(1, b"hello", mask=None))
            for part in Wrong.data:
                plug.sendall(part)
                time.sleep(0.005)
        close_quietly(plug)


def accept_of(key):
    from websockets.utils import accept_key
    return accept_key(key).encode()


def echo(ws):
    for message in ws:
        pass


def right_server(ready):
    with serve(echo, SERVER, 5000, compression=None, ping_interval=None,
               close_timeout=1) as server:
        ready.append(server)
        server.serve_forever()


with Recording("websocket-violations", "One broken rule of RFC 6455 or RFC 7692 a connection, and "
               "what a real peer made of it.", ["websockets"]) as Noted:
    ready = []
    Noted.thread("server", right_server, ready)
    Noted.thread("server", wrong_server)
    while not ready:
        time.sleep(0.01)
    time.sleep(0.1)
    Noted.run("client", by_client)
    Noted.run("client", by_server)
    websocket_truth.write(Noted)

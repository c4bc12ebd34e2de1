"""permessage-deflate in each combination of its four parameters, one connection each, with messages
that repeat text from 700 octets back: within a window of 15 bits, beyond one of 9."""
import itertools
import random
import string
import time

from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory)
from websockets.sync.client import connect
from websockets.sync.server import serve

import websocket_truth
from recording import SERVER, Recording

# Text that deflate cannot shorten by itself, but that it finds again.
PHRASE = "".join(random.Random(7692).choices(string.ascii_letters + string.digits, k=500))
BITS = (None, 9, 15)


def message(number):
    return f"message {number}: {PHRASE} end of message {number}; {PHRASE[:200]}"


def echo(ws):
    for text in ws:
        ws.send(text)


def plain(ws, text):
    """A message that is not compressed, although the extension is there. RFC 7692 section 6."""
    saved, ws.protocol.extensions = ws.protocol.extensions, []
    ws.send(text)
    ws.protocol.extensions = saved


def talk(port, client_no, server_no, client_bits, server_bits, more):
    what = (f"client_no_context_takeover {'yes' if client_no else 'no'}, "
            f"server_no_context_takeover {'yes' if server_no else 'no'}, "
            f"client_max_window_bits {client_bits}, server_max_window_bits {server_bits}")
    number = Noted.connection(what, server_port=port, client_no_context_takeover=client_no,
                              server_no_context_takeover=server_no,
                              client_max_window_bits=client_bits,
                              server_max_window_bits=server_bits)
    offer = ClientPerMessageDeflateFactory(
        server_no_context_takeover=server_no, client_no_context_takeover=client_no,
        server_max_window_bits=server_bits,
        client_max_window_bits=True if client_bits else None)
    with connect(f"ws://{SERVER}:{port}/", proxy=None, extensions=[offer], compression=None,
                 ping_interval=None) as ws:
        row = next(row for row in Noted.connections if row["connection"] == number)
        row["answer"] = ws.response.headers["Sec-WebSocket-Extensions"]
        for at in range(2):
            ws.send(message(at))
            assert ws.recv() == message(at)
        if not more:
            return
        ws.send("")
        assert ws.recv() == ""
        ws.send(b"")
        assert ws.recv() == b""

        def parts():
            yield "in parts: "
            ws.ping(b"between compressed parts").wait(5)
            yield PHRASE
            yield ""
            yield " the end"

        ws.send(parts())
        assert ws.recv() == f"in parts: {PHRASE} the end"
        plain(ws, f"not compressed: {PHRASE[:40]}")
        ws.recv()
        plain(ws, "")
        ws.recv()
        ws.send(message(2))
        assert ws.recv() == message(2)
        ws.send(bytes(2000))
        assert ws.recv() == bytes(2000)


def serving(port, client_no, client_bits, ready):
    factory = ServerPerMessageDeflateFactory(
        client_no_context_takeover=client_no, client_max_window_bits=client_bits)
    with serve(echo, SERVER, port, compression=None, extensions=[factory],
               ping_interval=None, close_timeout=2) as server:
        ready.append(server)
        server.serve_forever()


with Recording("websocket-deflate", "permessage-deflate: every combination of context takeover and "
               "window bits of both sides; fragments, empty and uncompressed messages between.",
               ["websockets"]) as Noted:
    ports = {}
    for port, (client_no, client_bits) in enumerate(
            itertools.product((False, True), BITS), 5000):
        ports[client_no, client_bits] = port
        ready = []
        Noted.thread("server", serving, port, client_no, client_bits, ready)
        while not ready:
            time.sleep(0.01)
    for client_no, server_no, client_bits, server_bits in itertools.product(
            (False, True), (False, True), BITS, BITS):
        more = client_bits == server_bits
        Noted.run("client", talk, ports[client_no, client_bits], client_no, server_no, client_bits,
                  server_bits, more)
    websocket_truth.write(Noted)

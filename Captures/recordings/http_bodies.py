"""HTTP/1.1 as real programs speak it: every way to frame a body, compressed bodies, interim
answers, pipelining, heads cut by segments, and requests that are no HTTP.

aiohttp serves port 80, for requests, curl and plain sockets. What it does not do (trailers, raw
deflate, 103, an answer that ends with the connection) comes from a hand-written server on port
8000.
"""
import gzip
import hashlib
import http.client
import io
import logging
import shutil
import socket
import subprocess
import threading
import time
import types
import zlib

import requests
from aiohttp import web

from recording import SERVER, Recording, octets
from socketio_server import Running

TEXT = b"".join(b"%04d netlab reads what is really there\n" % number for number in range(60))
LARGE = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1200))
DATE = "Sun, 22 Nov 2026 21:26:53 GMT"


def routes(app):
    """aiohttp's part. Each handler notes the request as the server saw it."""
    async def plain(request):
        return web.Response(text="hello\n", headers={"ETag": '"one"'})

    async def unchanged(request):
        return web.Response(status=304, headers={"ETag": '"one"', "Content-Length": "6"})

    async def nothing(request):
        return web.Response(status=204)

    async def chunked(request):
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        if request.version >= (1, 1):
            answer.enable_chunked_encoding()
        await answer.prepare(request)
        # aiohttp would send what is written in answer to HEAD, too.
        for at in range(0, len(TEXT) if request.method == "GET" else 0, 700):
            await answer.write(TEXT[at:at + 700])
        await answer.write_eof()
        return answer

    def compressed(coding):
        async def handle(request):
            answer = web.Response(body=TEXT, content_type="text/plain")
            answer.enable_compression(coding)
            return answer
        return handle

    async def compressed_chunks(request):
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        answer.enable_chunked_encoding()
        answer.enable_compression(web.ContentCoding.gzip)
        await answer.prepare(request)
        for at in range(0, len(TEXT), 700):
            await answer.write(TEXT[at:at + 700])
        await answer.write_eof()
        return answer

    async def large(request):
        return web.Response(body=LARGE)

    async def upload(request):
        body = await request.read()
        return web.json_response({"received": len(body)})

    async def options(request):
        return web.Response(headers={"Allow": "GET, HEAD, OPTIONS"})

    @web.middleware
    async def note(request, handler):
        body = await request.read()
        Noted.message(connection=request.transport.get_extra_info("peername")[1],
                      protocol="http", kind="request", **{"from": "client"},
                      method=request.method, target=request.raw_path,
                      version="HTTP/%d.%d" % request.version, body=octets(body),
                      seen_by="server")
        return await handler(request)

    app.middlewares.append(note)
    app.add_routes([
        web.get("/plain", plain), web.get("/unchanged", unchanged),
        web.get("/nothing", nothing), web.get("/chunked", chunked),
        web.get("/gzip", compressed(web.ContentCoding.gzip)),
        web.get("/deflate", compressed(web.ContentCoding.deflate)),
        web.get("/gzip-chunked", compressed_chunks), web.get("/large", large),
        web.put("/upload", upload), web.post("/upload", upload),
        web.options("/plain", options), web.route("*", "/{rest:.*}", plain)])


# What the hand-written server answers on each path. The body is what a client makes of it.
def by_hand():
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflate.compress(TEXT) + deflate.flush()
    members = gzip.compress(TEXT[:1000], mtime=0) + gzip.compress(TEXT[1000:], mtime=0)

    def head(*lines, first=b"HTTP/1.1 200 OK"):
        return b"\r\n".join([first, *lines, b"", b""])

    def chunks(*parts, trailers=()):
        return b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + \
            b"".join(line + b"\r\n" for line in trailers) + b"\r\n"

    return {
        "/trailers": (head(b"Transfer-Encoding: chunked", b"Trailer: Digest, X-Lines"),
                      chunks(b"with ", b"trailers\n",
                             trailers=[b"Digest: sha-256=none", b"X-Lines: 1"]),
                      b"with trailers\n", "chunked"),
        "/extensions": (head(b"transfer-encoding:   Chunked  "),
                        b"005;name=value\r\nhello\r\n1 ; q=\"a;b\"\r\n\n\r\n000\r\n\r\n",
                        b"hello\n", "chunked"),
        "/deflate-raw": (head(b"Content-Encoding: deflate", b"Content-Length: %d" % len(raw)),
                         raw, TEXT, "length"),
        "/gzip-members": (head(b"Content-Encoding: gzip",
                               b"Content-Length: %d" % len(members)), members, TEXT, "length"),
        "/gzip-damaged": (head(b"Content-Encoding: gzip",
                               b"Content-Length: %d" % (len(members) // 4)),
                          members[:len(members) // 4], None, "length"),
        "/early-hints": (head(b"Link: </style.css>; rel=preload", first=b"HTTP/1.1 103 Early Hints")
                         + head(first=b"HTTP/1.1 102 Processing")
                         + head(b"Content-Length: 3"), b"ok\n", b"ok\n", "length"),
        "/both": (head(b"Content-Length: 3", b"Transfer-Encoding: chunked"),
                  chunks(b"chunked wins\n"), b"chunked wins\n", "chunked"),
        "/bare-newlines": (b"HTTP/1.1 200 OK\nContent-Length: 6\n\n", b"plain\n", b"plain\n",
                           "length"),
        "/folded": (head(b"X-Folded: one\r\n two", b"Content-Length: 7"), b"folded\n", b"folded\n",
                    "length"),
        "/no-reason": (head(b"Content-Length: 4", first=b"HTTP/1.1 200 "), b"bare", b"bare",
                       "length"),
        "/close": (head(b"Connection: close", b"Content-Type: text/plain"), TEXT, TEXT, "close"),
        "/old": (head(b"Content-Type: text/plain", first=b"HTTP/1.0 200 OK"), b"the old way\n",
                 b"the old way\n", "close"),
        "/short": (head(b"Content-Length: 100"), b"ends early\n", None, "length"),
    }


ANSWERS = by_hand()
CLOSING = {"/close", "/old", "/short"}


def hand_written():
    listener = socket.create_server((SERVER, 8000))
    Server.ready.set()

    def serve(plug, port):
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                more = plug.recv(4096)
                if not more:
                    plug.close()
                    return
                buffer += more
            request, _, buffer = buffer.partition(b"\r\n\r\n")
            method, target, version = request.split(b"\r\n")[0].decode().split(" ")
            Noted.message(connection=port, protocol="http", kind="request", method=method,
                          target=target, version=version, body=octets(b""), seen_by="server",
                          **{"from": "client"})
            if method == "CONNECT":
                # From here on it is a tunnel and no HTTP.
                plug.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                plug.sendall(b"SSH-2.0-netlab\r\n" + plug.recv(4096))
                plug.close()
                return
            head, body, _, _ = ANSWERS[target]
            if target == "/early-hints":
                for part in head.split(b"\r\n\r\n")[:-1]:
                    plug.sendall(part + b"\r\n\r\n")
                    time.sleep(0.01)
            else:
                plug.sendall(head)
            plug.sendall(body)
            if target in CLOSING:
                plug.close()
                return

    while True:
        plug, (_, port) = listener.accept()
        threading.Thread(target=serve, args=(plug, port), name=f"serve-{port}",
                         daemon=True).start()


# It would print a traceback for each malformed request.
logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


class Server:
    ready = threading.Event()


def answered(connection, status, body, framing, seen_by="client", **more):
    Noted.message(connection=connection, protocol="http", kind="response", status=status,
                  body=None if body is None else octets(body), framing=framing, seen_by=seen_by,
                  **more, **{"from": "server"})


def framing(response):
    if response.headers.get("Transfer-Encoding"):
        return "chunked"
    return "length" if "Content-Length" in response.headers else "none"


def with_requests():
    port = Noted.connection("requests over one kept connection", server_port=80)
    with requests.Session() as session:
        def ask(method, path, **named):
            answer = session.request(method, f"http://{SERVER}{path}", timeout=10, **named)
            answered(port, answer.status_code, answer.content, framing(answer),
                     encoding=answer.headers.get("Content-Encoding"))

        ask("GET", "/plain")
        ask("HEAD", "/plain")
        ask("GET", "/unchanged", headers={"If-None-Match": '"one"'})
        ask("GET", "/nothing")
        for path in ("/chunked", "/gzip", "/deflate", "/gzip-chunked", "/large"):
            ask("GET", path)
        ask("POST", "/upload", data={"name": "Alice", "room": "ABCDEF"})
        ask("POST", "/upload", data=(part for part in (b"sent ", b"in ", b"chunks")))
        ask("OPTIONS", "/plain")


def with_curl():
    """curl asks first with Expect: 100-continue, when the body is large."""
    body = TEXT * 30
    port = Noted.connection("curl: 100-continue, then a large body", port=50900, server_port=80)
    out = subprocess.run(
        ["curl", "-sS", "--local-port", "50900", "-T", "-", "-H", "Expect: 100-continue",
         "-H", f"Content-Length: {len(body)}", "-H", "Transfer-Encoding:",
         f"http://{SERVER}/upload"], input=body, capture_output=True, check=True).stdout
    answered(port, 100, b"", "none", interim=True, seen_by="server")
    answered(port, 200, out, "length")


def plug_to(port):
    plug = socket.create_connection((SERVER, port), timeout=5)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plug


def read_to_end(plug):
    data = b""
    try:
        while more := plug.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    plug.close()
    return data


def raw(what, *parts, asked=("GET",), server_port=80, pause=0.02, body=True, **more):
    """A plain socket that sends each part as a segment of its own; http.client reads answers."""
    port = Noted.connection(what, server_port=server_port, **more)
    plug = plug_to(server_port)
    for part in parts:
        plug.sendall(part)
        time.sleep(pause)
    stream = Kept(read_to_end(plug))
    for method in asked:
        # HTTPResponse closes its file with the last octet of a body: give it one that stays open.
        answer = http.client.HTTPResponse(
            types.SimpleNamespace(makefile=lambda mode: stream), method=method)
        answer.begin()
        coding = answer.headers.get("Content-Encoding")
        how = framing(answer)
        if how == "none":
            how = {"CONNECT": "tunnel", "HEAD": "none"}.get(method, "close")
        content = answer.read() if body and method != "CONNECT" else None
        answered(port, answer.status, gzip.decompress(content) if coding else content, how,
                 encoding=coding)


class Kept(io.BytesIO):
    def close(self):
        pass


def with_sockets():
    host = b"Host: 10.0.0.33\r\n"
    end = b"Connection: close\r\n\r\n"
    get = b"GET %s HTTP/1.1\r\n" + host
    raw("three requests in one segment",
        get % b"/plain" + b"\r\n" + b"HEAD /chunked HTTP/1.1\r\n" + host + b"\r\n"
        + get % b"/gzip-chunked" + b"Accept-Encoding: gzip\r\n" + end,
        asked=["GET", "HEAD", "GET"])
    request = get % b"/plain?cut=anywhere" + b"X-Long: " + b"x" * 40 + b"\r\n" + end
    raw("a head cut into many segments, between CR and LF too",
        *[request[at:at + 9] for at in range(0, len(request), 9)], pause=0.003)
    raw("a chunked request cut inside its chunk sizes",
        b"POST /upload HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n", end + b"1",
        b"0\r", b"\n0123456789", b"abcdef\r", b"\n3", b";x=y\r\nxyz\r\n0", b"\r\n", b"\r\n")
    raw("a malformed request line", b"GET /pl ain HTTP/one\r\n" + host + end, malformed=True)
    raw("a header line without a colon", b"GET / HTTP/1.1\r\n" + host + b"no colon here\r\n\r\n",
        malformed=True)
    raw("HTTP/1.0: the answer ends with the connection", b"GET /chunked HTTP/1.0\r\n\r\n")
    raw("OPTIONS *", b"OPTIONS * HTTP/1.1\r\n" + host + end)
    raw("empty lines before the request", b"\r\n\r\n" + get % b"/plain" + end)


def with_hand_written():
    head = b"GET %s HTTP/1.1\r\nHost: 10.0.0.33:8000\r\n\r\n"
    port = Noted.connection("the hand-written server: one kept connection", server_port=8000)
    plug = plug_to(8000)
    for path, (before, body, decoded, how) in ANSWERS.items():
        if path in CLOSING - {"/close"}:
            continue
        plug.sendall(head % path.encode())
        wanted, data = len(before) + len(body), b""
        while len(data) < wanted:
            data += plug.recv(65536)
        if path == "/early-hints":
            for status in (103, 102):
                answered(port, status, b"", "none", interim=True, seen_by="known")
        answered(port, 200, decoded, how, seen_by="known")
    plug.close()
    for path in sorted(CLOSING - {"/close"}):
        raw(f"the hand-written server: {path}", head % path.encode(), server_port=8000,
            body=path != "/short")
    raw("a tunnel", b"CONNECT 10.0.0.33:22 HTTP/1.1\r\nHost: 10.0.0.33:22\r\n\r\n",
        b"SSH-2.0-client\r\n", server_port=8000, asked=["CONNECT"])


with Recording("http-bodies", "HTTP/1.1: kept connections, every framing of a body, compression, "
               "interim answers, pipelining, heads cut anywhere, malformed requests, a tunnel.",
               ["aiohttp", "requests"]) as Noted:
    Noted.truth["recorded_with"]["curl"] = subprocess.run(
        [shutil.which("curl"), "--version"], capture_output=True, text=True,
        check=True).stdout.split()[1]
    server = Running(Noted, routes, port=80)
    Noted.thread("server", hand_written)
    Server.ready.wait(5)
    for work in (with_requests, with_curl, with_sockets, with_hand_written):
        Noted.run("client", work)
    server.stop()

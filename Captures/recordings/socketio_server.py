"""A python-socketio server on aiohttp with a handler for each kind of packet."""
import asyncio
import threading

import socketio
from aiohttp import web

from recording import SERVER


def chat_server(**options):
    sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", **options)

    @sio.event
    async def connect(sid, environ, auth):
        # Before the answer to CONNECT, as in the original chat.
        name = (auth or {}).get("name", "?")
        await sio.save_session(sid, {"name": name})
        await sio.emit("message", {"sender": "", "message": f"({name}) entered the chat"}, to=sid)

    @sio.event
    async def message(sid, data):
        name = (await sio.get_session(sid))["name"]
        await sio.emit("message", {"sender": name, "message": data["message"]}, to=sid)

    @sio.on("sum")
    async def add(sid, a, b):
        return a + b, "ok"

    @sio.event
    async def nothing(sid):
        return None

    @sio.event
    async def picture(sid, meta, data, thumb):
        return {"stored": len(data), "digest": bytes(range(8))}, [thumb, b""]

    @sio.on("ask me")
    async def ask_me(sid):
        answer = await sio.call("question", {"n": 1}, to=sid)
        await sio.emit("answered", answer, to=sid)
        fingerprint = await sio.call("fingerprint", b"\x00\xff\x1e\x80", to=sid)
        await sio.emit("answered", {"fingerprint": fingerprint}, to=sid)

    @sio.event
    async def file(sid):
        await sio.emit(
            "file", {"name": "a.bin", "file": {"head": b"\x89PNG", "parts": [b"\x1e" * 40, b""]}},
            to=sid)

    @sio.event
    async def page(sid, length):
        await sio.emit("page", "netlab " * (length // 7), to=sid)

    @sio.event
    async def bye(sid):
        await sio.disconnect(sid)

    @sio.on("connect", namespace="/chat")
    async def connect_chat(sid, environ, auth):
        pass

    @sio.on("join", namespace="/chat")
    async def join(sid, room):
        await sio.enter_room(sid, room, namespace="/chat")
        await sio.emit("joined", {"room": room, "sender": "Alice"}, room=room, namespace="/chat")
        return True

    @sio.on("leave", namespace="/chat")
    async def leave(sid, room):
        await sio.emit("left", {"room": room, "sender": "Alice"}, room=room, namespace="/chat")
        return True

    @sio.on("kick", namespace="/chat")
    async def kick(sid):
        await sio.disconnect(sid, namespace="/chat")

    @sio.on("connect", namespace="/admin")
    async def connect_admin(sid, environ, auth):
        raise socketio.exceptions.ConnectionRefusedError("Not authorized", {"code": 403})

    return sio


class Running:
    """An aiohttp server in a thread of the recording."""

    def __init__(self, recording, attach, port=5000):
        self.ready, self.attach, self.port = threading.Event(), attach, port
        self.thread = recording.thread("server", self.serve)
        if not self.ready.wait(10):
            raise TimeoutError("the server does not start")

    def serve(self):
        asyncio.run(self.main())

    async def main(self):
        app = web.Application()
        self.attach(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, SERVER, self.port).start()
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self.over.wait()
        await runner.cleanup()

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(10)

"""A chat server by python-socketio: what `netlab chat` is to talk to beside `netlab serve`.

Prints its port. Messages that begin with "cut" break the connection once before they are taken,
"take and cut" once after that, and "refuse" is refused.
"""

import asyncio
import sys
import time

import socketio
from aiohttp import web

options = dict(argument.split("=", 1) for argument in sys.argv[1:])
io = socketio.AsyncServer(
    async_mode="aiohttp", ping_interval=float(options.get("interval", 25)),
    ping_timeout=float(options.get("timeout", 20)))
rooms = {}
people = {}
cut = set()


async def put(room, sender, text, key=None):
    """Takes a message; the same key is the same message."""
    log, keys = rooms[room]
    if key in keys:
        return keys[key]
    entry = {"sender": sender, "message": text, "id": len(log) + 1, "time": int(time.time() * 1000)}
    log.append(entry)
    if key:
        keys[key] = entry
    await io.emit("message", entry, room=room)
    return entry


@io.event
async def connect(sid, environ, auth):
    auth = auth or {}
    room = auth.get("room")
    if room is None:
        room = "ROOM%d" % (len(rooms) + 1)
        rooms[room] = ([], {})
    if room not in rooms:
        raise socketio.exceptions.ConnectionRefusedError("Room code invalid, Room code not found")
    people[sid] = (auth["name"], room)
    # Behind the answer to CONNECT, which is sent when this returns.
    asyncio.get_running_loop().create_task(welcome(sid, auth["name"], room, auth.get("after", 0)))


async def welcome(sid, name, room, after):
    log = rooms[room][0]
    await io.emit("history", {
        "room": room, "name": name, "messages": [e for e in log if e["id"] > after],
        "last": len(log)}, to=sid)
    io.enter_room(sid, room)
    await put(room, "", "(%s) entered the chat" % name)
    await io.emit("members", {"members": [n for n, r in people.values() if r == room]}, room=room)


@io.event
async def disconnect(sid, *reason):
    if sid in people:
        name, room = people.pop(sid)
        await put(room, "", "(%s) left the chat" % name)


@io.event
async def message(sid, data):
    name, room = people[sid]
    text, key = data["message"], data["key"]
    if text == "refuse":
        return {"error": "not this one"}
    if text.startswith("cut") and key not in cut:
        cut.add(key)
        await io.disconnect(sid)
        return None
    entry = await put(room, name, text, key)
    if text.startswith("take and cut") and key not in cut:
        cut.add(key)
        await io.disconnect(sid)
        return None
    return {"id": entry["id"], "time": entry["time"]}


async def without_websocket(app, handler):
    """Something between that knows no WebSocket."""
    async def middle(request):
        if request.query.get("transport") == "websocket":
            return web.Response(status=400, text="no")
        return await handler(request)
    return middle


async def main():
    app = web.Application(middlewares=[without_websocket] if "polling" in options else [])
    io.attach(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    # Until the test lets go of it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())

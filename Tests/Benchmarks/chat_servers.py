#!/usr/bin/env python3
"""The servers that netlab's is measured against: chat_servers.py KIND PORT

flask     Flask-SocketIO with threads (simple-websocket on Werkzeug), as the original chat ran
gevent    Flask-SocketIO on gevent
uvicorn   python-socketio's AsyncServer, ASGI on uvicorn (uvloop, httptools, websockets)
aiohttp   python-socketio's AsyncServer on aiohttp
echo      an echo of the `websockets` package, without compression

Those of Socket.IO do what `netlab serve --app bench` does: "join" enters a room, "message" goes to
all in it, the sender included.
"""
import asyncio
import logging
import sys

HOST = "127.0.0.1"


def flask(port, mode="threading"):
    from flask import Flask
    from flask_socketio import SocketIO, emit, join_room

    app = Flask(__name__)
    sio = SocketIO(app, async_mode=mode, cors_allowed_origins="*")

    @sio.on("join")
    def join(data):
        join_room(data["room"])

    @sio.on("message")
    def message(data):
        emit("message", data, to=data["room"])

    # Werkzeug asks for this word where there is no terminal.
    options = {"allow_unsafe_werkzeug": True} if mode == "threading" else {}
    sio.run(app, host=HOST, port=port, **options)


def gevent(port):
    from gevent import monkey

    monkey.patch_all()
    flask(port, mode="gevent")


def async_server(mode):
    import socketio

    sio = socketio.AsyncServer(async_mode=mode, cors_allowed_origins="*")

    @sio.on("join")
    async def join(sid, data):
        await sio.enter_room(sid, data["room"])

    @sio.on("message")
    async def message(sid, data):
        await sio.emit("message", data, room=data["room"])

    return sio


def uvicorn(port):
    import socketio
    import uvicorn

    app = socketio.ASGIApp(async_server("asgi"))
    uvicorn.run(app, host=HOST, port=port, log_level="critical")


def aiohttp(port):
    from aiohttp import web

    app = web.Application()
    async_server("aiohttp").attach(app)
    web.run_app(app, host=HOST, port=port, print=None)


def echo(port):
    from websockets.asyncio.server import serve

    async def each(connection):
        async for message in connection:
            await connection.send(message)

    async def main():
        async with serve(each, HOST, port, compression=None):
            await asyncio.get_running_loop().create_future()

    asyncio.run(main())


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    kinds = {"flask": flask, "gevent": gevent, "uvicorn": uvicorn, "aiohttp": aiohttp, "echo": echo}
    kinds[sys.argv[1]](int(sys.argv[2]))

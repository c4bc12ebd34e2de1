#!/usr/bin/env python3
"""The asyncio clients, which speak WebSocket by aiohttp and so with permessage-deflate, many at once.

    asyncio_peer.py http://127.0.0.1:PORT
"""
import asyncio

import aiohttp
import socketio

from peers import run

CLIENTS = 40
MESSAGES = 25


async def chatter(url, number):
    sio = socketio.AsyncClient(reconnection=False)
    came = asyncio.Queue()
    sio.on("message-back", lambda *data: came.put_nowait(data))
    transports = [["polling"], ["websocket"], ["polling", "websocket"]][number % 3]
    await sio.connect(url, transports=transports)
    for message in range(MESSAGES):
        data = (number, message, "x" * (message * 100), bytes([number, message]))
        await sio.emit("message", data)
        assert await asyncio.wait_for(came.get(), 10) == data
    await sio.disconnect()


async def compressed(url):
    """A plain WebSocket with permessage-deflate; `compress` is what the server agreed to."""
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url + "/echo", compress=15) as ws:
            assert ws.compress, "the echo takes permessage-deflate"
            for length in (0, 1, 125, 126, 65535, 65536, 300_000):
                await ws.send_str("netlab " * (length // 7))
                assert await ws.receive_str(timeout=10) == "netlab " * (length // 7)
                await ws.send_bytes(bytes(range(256)) * (length // 256))
                assert await ws.receive_bytes(timeout=10) == bytes(range(256)) * (length // 256)


async def main(url):
    await asyncio.gather(*(chatter(url, number) for number in range(CLIENTS)))
    await compressed(url)


if __name__ == "__main__":
    run(lambda url: asyncio.run(main(url)))

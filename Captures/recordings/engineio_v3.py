"""Engine.IO v3 and Socket.IO of that time: python-engineio 3 and python-socketio 4, an environment
of their own. Polling with length-prefixed payloads, then an upgrade, then WebSocket from the start.
In v3 the client pings; a CONNECT of the namespace / is the server's word alone."""
import asyncio
import time

import requests
import socketio
from engineio.packet import MESSAGE, Packet
from engineio.payload import Payload

import engineio_truth
from recording import SERVER, Recording
from socketio_server import Running

PACKAGES = ["python-socketio", "python-engineio", "aiohttp", "requests", "websocket-client"]

# This python-socketio is older than Python 3.11, which no longer takes coroutines here.
_wait = asyncio.wait
asyncio.wait = lambda work, **named: _wait([asyncio.ensure_future(one) for one in work], **named)


def old_server():
    sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=1, ping_timeout=5)

    @sio.event
    async def connect(sid, environ):
        await sio.emit("message", {"sender": "", "message": "somebody entered the chat"}, to=sid)

    @sio.event
    async def message(sid, data):
        await sio.emit("message", {"sender": "?", "message": data["message"]}, to=sid)

    @sio.event
    async def picture(sid, data):
        return {"stored": data}

    @sio.on("connect", namespace="/chat")
    async def connect_chat(sid, environ):
        pass

    @sio.on("join", namespace="/chat")
    async def join(sid, room):
        await sio.emit("joined", {"room": room, "message": "Grüße 👋"}, to=sid, namespace="/chat")
        return True

    @sio.on("connect", namespace="/admin")
    async def connect_admin(sid, environ):
        raise socketio.exceptions.ConnectionRefusedError("Not authorized")

    return sio


def talk(transports):
    sio = socketio.Client(reconnection=False)
    seen = []
    sio.on("message", lambda data: seen.append(data["message"]))
    sio.on("joined", lambda data: seen.append(data["room"]), namespace="/chat")
    sio.on("connect_error", lambda data=None: seen.append("refused"), namespace="/admin")
    sio.connect(f"http://{SERVER}:5000", transports=transports, namespaces=["/chat", "/admin"])

    def wait(word):
        for _ in range(500):
            if word in seen:
                return
            time.sleep(0.01)
        raise TimeoutError(f"no {word}: {seen}")

    wait("refused")
    for number in range(2):
        sio.emit("message", {"message": f"Hällo {number} 👋"})
    wait("Hällo 1 👋")
    assert sio.call("join", "ABCDEF", namespace="/chat") is True
    wait("ABCDEF")
    answer = sio.call("picture", b"\x00\x01\x1e\xff" * 8)
    assert answer == {"stored": b"\x00\x01\x1e\xff" * 8}, answer
    # The client pings.
    time.sleep(1.3)
    sio.disconnect()
    time.sleep(0.3)


def talk_base64():
    """Payloads as text, which python-socketio's client does not ask for: `b64=1`."""
    http = requests.Session()
    query = {"transport": "polling", "EIO": "3", "b64": "1"}

    def poll():
        answer = http.get(f"http://{SERVER}:5000/socket.io/", params=query, timeout=10)
        return Payload(encoded_payload=answer.content).packets

    def post(*data):
        body = Payload([Packet(MESSAGE, one) for one in data]).encode(b64=True)
        http.post(f"http://{SERVER}:5000/socket.io/", params=query, data=body, timeout=10,
                  headers={"Content-Type": "text/plain;charset=UTF-8"})

    opened = poll()
    query["sid"] = opened[0].data["sid"]
    post('2["message",{"message":"text"}]', '51-7["picture",{"_placeholder":true,"num":0}]',
         b"\x00\x01\x1e\xff")
    seen = opened[1:]
    while not any(packet.binary for packet in seen):
        seen += poll()
    post("1")
    http.close()


with Recording("engineio-v3", "Engine.IO v3: polling with length-prefixed payloads, polling and "
               "upgrade, WebSocket from the start; the client pings.", PACKAGES) as recording:
    server = Running(recording, old_server().attach)
    for transports in (["polling"], ["polling", "websocket"], ["websocket"]):
        recording.run("client", talk, transports)
    recording.run("client", talk_base64)
    server.stop()
    engineio_truth.write(recording)

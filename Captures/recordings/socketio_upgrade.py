"""Polling first, then WebSocket: once with events before, during and after the upgrade, by a client
that takes its time (requests and websocket-client, with python-engineio's packets), and once by
python-socketio's own client, which upgrades at once."""
import threading
import time

import requests
import websocket
from engineio.packet import MESSAGE, PING, UPGRADE, Packet
from engineio.payload import Payload

import engineio_truth
from recording import SERVER, Recording
from socketio_server import Running, chat_server
from socketio_session import PACKAGES, Client

URL = f"http://{SERVER}:5000/socket.io/"


def message(text):
    return Packet(MESSAGE, text)


class Slow:
    """An Engine.IO client that upgrades when it is told to."""

    def __init__(self):
        # One connection for the long polls, one for the posts, as browsers do.
        self.polls, self.posts = requests.Session(), requests.Session()
        self.query = {"transport": "polling", "EIO": "4"}
        self.query["sid"] = self.poll()[0].data["sid"]

    def poll(self):
        answer = self.polls.get(URL, params=self.query, timeout=10)
        answer.raise_for_status()
        return Payload(encoded_payload=answer.text).packets

    def post(self, *packets):
        answer = self.posts.post(URL, params=self.query, data=Payload(packets).encode(),
                                 headers={"Content-Type": "text/plain;charset=UTF-8"}, timeout=10)
        assert answer.text == "OK", answer.text

    def upgrade(self, during):
        """The probe, `during` with a long poll still waiting, then the switch."""
        got = []
        polling = threading.Thread(target=lambda: got.extend(self.poll()), name="poll")
        polling.start()
        time.sleep(0.05)
        address = URL.replace("http", "ws") + f"?EIO=4&transport=websocket&sid={self.query['sid']}"
        self.ws = websocket.create_connection(address)
        during()
        self.send(Packet(PING, "probe"))
        assert self.receive().data == "probe"
        polling.join(10)
        self.send(Packet(UPGRADE))
        return got

    def send(self, packet):
        encoded = packet.encode()
        (self.ws.send_binary if packet.binary else self.ws.send)(encoded)

    def receive(self):
        return Packet(encoded_packet=self.ws.recv())


def talk():
    slow = Slow()
    slow.post(message('0{"name":"Alice"}'))
    slow.poll()
    slow.post(message('2["message",{"message":"before"}]'), message('21["sum",1,2]'))
    seen = []
    while len(seen) < 2:
        seen += slow.poll()
    slow.upgrade(lambda: slow.post(message('2["message",{"message":"during"}]')))
    # What the last poll did not take comes over the WebSocket.
    slow.send(message('2["message",{"message":"after"}]'))
    while "after" not in str(slow.receive().data):
        pass
    slow.send(message('51-2["picture",{"name":"dot"},{"_placeholder":true,"num":0},""]'))
    slow.send(message(b"\x00\x01\x02"))
    for _ in range(3):
        slow.receive()
    slow.send(message("1"))
    time.sleep(0.1)
    slow.ws.close()
    slow.polls.close()
    slow.posts.close()

    bob = Client(["polling", "websocket"])
    bob.sio.connect(f"http://{SERVER}:5000", namespaces=["/", "/chat"], auth={"name": "Bob"},
                    wait=False)
    bob.wait("connect")
    bob.wait("connect", "/chat")
    bob.sio.emit("message", {"message": "hello"})
    bob.wait("message", about="hello")
    assert bob.sio.call("join", "ABCDEF", namespace="/chat") is True
    time.sleep(0.05)
    bob.sio.disconnect()
    time.sleep(0.3)


with Recording("socketio-upgrade",
               "Socket.IO that begins with long polling and goes on over WebSocket: events before, "
               "during and after the upgrade; then a client that upgrades at once.",
               PACKAGES) as recording:
    server = Running(recording, chat_server(ping_interval=25, ping_timeout=5).attach)
    recording.run("client", talk)
    server.stop()
    engineio_truth.write(recording)

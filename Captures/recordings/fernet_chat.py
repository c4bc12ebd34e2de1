"""A chat whose messages are Fernet tokens: inside Socket.IO events, and bare in TCP segments, one
token a segment. Good ones and every kind of bad one. The keys in Captures/keys are published: they
are for tests only."""
import base64
import functools
import hmac
import socket
import struct
import threading
import time

import socketio
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import engineio_truth
from recording import FOLDER, SERVER, Recording
from socketio_server import Running

KEY = (FOLDER / "keys" / "fernet.key").read_text().strip()
OTHER = (FOLDER / "keys" / "fernet-other.key").read_text().strip()
TTL = 60


def seal(key, iv, moment, padded, version=0x80):
    """A token from its parts: https://github.com/fernet/spec. `padded` stands as it is."""
    secret = base64.urlsafe_b64decode(key)
    cipher = Cipher(algorithms.AES(secret[16:]), modes.CBC(iv)).encryptor()
    body = struct.pack("!BQ", version, moment) + iv + cipher.update(padded) + cipher.finalize()
    return base64.urlsafe_b64encode(body + hmac.digest(secret[:16], body, "sha256"))


def changed(token, at):
    """The token with one bit of its octets changed."""
    data = bytearray(base64.urlsafe_b64decode(token))
    data[at] ^= 1
    return base64.urlsafe_b64encode(bytes(data))


def loose(token):
    """The same octets with the bits set that the base64 ending leaves unused: RFC 4648 section
    3.5."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    end = token.index(b"=")
    last = alphabet[alphabet.index(token[end - 1]) | (15 if token.endswith(b"==") else 3)]
    other = token[:end - 1] + bytes([last]) + token[end:]
    assert other != token and base64.urlsafe_b64decode(other) == base64.urlsafe_b64decode(token)
    return other


def note(token, status, plain=None, where="tcp", key="fernet.key", canonical=True, **more):
    """Notes a token, and what Python's cryptography makes of it now."""
    def opens(ttl):
        try:
            return Fernet(KEY).decrypt(token, ttl=ttl).decode()
        except (InvalidToken, UnicodeDecodeError):
            return None

    said = {"cryptography": opens(None), "cryptography_with_ttl": opens(TTL)}
    if status == "ok":
        assert said["cryptography"] == plain, (status, said)
    elif status != "expired":
        assert said["cryptography"] is None, (status, said)
    try:
        data = base64.urlsafe_b64decode(token)
        parts = {"version": data[0], "time": int.from_bytes(data[1:9], "big"),
                 "iv": data[9:25].hex(), "ciphertext_octets": len(data) - 57}
    except ValueError:
        parts = {}
    Noted.message(protocol="fernet", where=where, status=status, key=key, plain=plain,
                  canonical=canonical, ttl=TTL, **said, **parts, **more, token=token.decode())


def good(text, where="tcp", **more):
    token = Fernet(KEY).encrypt(text.encode())
    note(token, "ok", text, where, **more)
    return token


def bad_tokens(where):
    """One of each kind. The time is that of the recording."""
    now = int(time.time())

    def made(text, moment=now, key=KEY):
        return Fernet(key).encrypt_at_time(text.encode(), moment)

    token = made("under another key", key=OTHER)
    note(token, "bad HMAC", None, where, key="fernet-other.key",
         plain_with_its_key="under another key")
    yield token
    for what, at in (("HMAC", -1), ("ciphertext", 30), ("IV", 12), ("time", 5)):
        token = changed(made(f"damaged {what}"), at)
        note(token, "bad HMAC", None, where, damaged=what)
        yield token
    token = made("an hour old", now - 3600)
    note(token, "expired", "an hour old", where)
    yield token
    token = made("an hour ahead", now + 3600)
    note(token, "expired", "an hour ahead", where, ahead=True)
    yield token
    for text in ("two bits", "a longer ending than one block"):
        token = loose(made(text))
        note(token, "ok", text, where, canonical=False)
        yield token
    iv = bytes(range(16))
    for what, token in (
            ("version 0x81", seal(KEY, iv, now, b"version 81\6\6\6\6\6\6", version=0x81)),
            ("padding", seal(KEY, iv, now, b"no padding here!")),
            ("no ciphertext", seal(KEY, iv, now, b"")),
            ("ciphertext of 15 octets",
             base64.urlsafe_b64encode(base64.urlsafe_b64decode(made("short"))[:-33] + bytes(32))),
            ("cut off", made("cut off in the middle")[:-24]),
            ("no base64 padding", made("stripped").rstrip(b"=")),
            ("a character that is no base64url", made("a stray character")[:40] + b"!"
             + made("a stray character")[41:])):
        note(token, "malformed", None, where, malformed=what)
        yield token


def chat():
    sio = socketio.AsyncServer(async_mode="aiohttp", ping_interval=2, ping_timeout=2)
    names = {}

    @sio.event
    async def connect(sid, environ, auth):
        names[sid] = auth["name"]

    @sio.event
    async def join(sid, room):
        if room != "ABCDEF":
            await sio.emit("error", {"message": "Room does not exist"}, to=sid)
            return False
        await sio.enter_room(sid, room)
        await sio.emit("joined", {"room": room, "sender": names[sid]}, room=room)
        return True

    @sio.event
    async def message(sid, data):
        await sio.emit("message", {"room": "ABCDEF", "sender": names[sid],
                                   "message": data["message"]}, room="ABCDEF")

    @sio.event
    async def leave(sid, room):
        await sio.emit("left", {"room": room, "sender": names[sid]}, room=room)
        await sio.leave_room(sid, room)
        return True

    return sio


class User:
    def __init__(self, name, transport):
        self.sio, self.name = socketio.Client(reconnection=False), name
        self.count = threading.Semaphore(0)
        self.sio.on("message", lambda data: self.count.release())
        self.sio.on("error", lambda data: self.count.release())
        self.sio.connect(f"http://{SERVER}:5000", transports=[transport], auth={"name": name})

    def say(self, token, *hearers):
        self.sio.emit("message", {"message": token.decode()})
        for hearer in hearers:
            if not hearer.count.acquire(timeout=5):
                raise TimeoutError(f"{hearer.name} does not hear")


def over_socketio():
    note_event = functools.partial(good, where="socketio")
    alice = User("Alice", "websocket")
    assert alice.sio.call("join", "nowhere") is False
    alice.count.acquire(timeout=5)
    assert alice.sio.call("join", "ABCDEF") is True
    bob = User("Bob", "polling")
    assert bob.sio.call("join", "ABCDEF") is True
    alice.say(note_event("hi Bob"), alice, bob)
    bob.say(note_event("Grüße 👋"), alice, bob)
    alice.say(note_event("x" * 400), alice, bob)
    for token in bad_tokens("socketio"):
        alice.say(token, alice, bob)
    alice.say(b"gAAAAA is how tokens begin", alice, bob)
    assert bob.sio.call("leave", "ABCDEF") is True
    bob.sio.disconnect()
    time.sleep(0.1)
    alice.sio.disconnect()
    time.sleep(0.3)


def bare_server():
    listener = socket.create_server((SERVER, 5005))
    while True:
        plug, _ = listener.accept()
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = 0
        while plug.recv(65536):
            number += 1
            if number <= 2:
                plug.sendall(good(f"ACK {number}"))
        plug.close()


def bare():
    plug = socket.create_connection((SERVER, 5005), timeout=5)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for text in ("hi Bob", "Grüße 👋"):
        plug.sendall(good(text))
        plug.recv(65536)
    tokens = [good("three in a row"), good("", empty=True), good("x" * 3000, segments=3)]
    for token in tokens + list(bad_tokens("tcp")):
        plug.sendall(token)
        time.sleep(0.005)
    plug.close()
    time.sleep(0.1)


if __name__ == "__main__":
    with Recording("fernet-chat", "A chat of Fernet tokens, in Socket.IO events and bare in TCP "
                   "segments: good, wrong key, damaged, old, a loose base64 ending, malformed.",
                   ["python-socketio", "python-engineio", "aiohttp", "requests",
                    "websocket-client", "cryptography"]) as Noted:
        server = Running(Noted, chat().attach)
        Noted.thread("server", bare_server)
        time.sleep(0.1)
        Noted.run("client", over_socketio)
        server.stop()
        Noted.run("client", bare)
        engineio_truth.write(Noted, one_at_a_time=False)

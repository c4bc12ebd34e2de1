"""The truth of an Engine.IO session: every packet that python-engineio encoded, held against what
the other side decoded, and the Socket.IO packets in them as python-socketio reads them."""
import threading
from collections import Counter

import engineio.packet
import engineio.payload
import socketio.packet

from recording import side

TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"]
KINDS = [name.lower() for name in socketio.packet.packet_names]

_sent, _received = [], []
_encode, _decode = engineio.packet.Packet.encode, engineio.packet.Packet.decode


def _noting_encode(self, *arguments, **named):
    encoded = _encode(self, *arguments, **named)
    _sent.append((side(), _transport(), self.packet_type, self.data, encoded))
    return encoded


def _noting_decode(self, encoded, *arguments, **named):
    result = _decode(self, encoded, *arguments, **named)
    _received.append((side(), _transport(), self.packet_type, self.data))
    return result


def _in_payload(method):
    """Packets that the method makes or takes travel by polling."""
    def noting(self, *arguments, **named):
        _here.payload = True
        try:
            return method(self, *arguments, **named)
        finally:
            _here.payload = False

    return noting


def _transport():
    return "polling" if getattr(_here, "payload", False) else "websocket"


_here = threading.local()
engineio.payload.Payload.encode = _in_payload(engineio.payload.Payload.encode)
engineio.payload.Payload.decode = _in_payload(engineio.payload.Payload.decode)
engineio.packet.Packet.encode = _noting_encode
engineio.packet.Packet.decode = _noting_decode


def _key(transport, kind, data):
    """A packet so that both sides' views of it are equal."""
    return (transport, kind, repr(data if data not in ("", None) else None))


class SocketIO:
    """Socket.IO packets of one direction, put together by python-socketio's own decoder."""

    def __init__(self):
        self.waiting = None

    def packet(self, data):
        """What the message completes, or nothing yet."""
        if isinstance(data, bytes):
            if self.waiting is None:
                return {"kind": "stray attachment"}
            self.waiting.attachments = getattr(self.waiting, "attachments", [])
            lengths = self.lengths
            lengths.append(len(data))
            if not self.waiting.add_attachment(data):
                return None
            packet, self.waiting = self.waiting, None
            return self.row(packet, lengths)
        packet = socketio.packet.Packet(encoded_packet=data)
        if packet.attachment_count > 0:
            self.waiting, self.lengths = packet, []
            return None
        return self.row(packet, [])

    @staticmethod
    def row(packet, lengths):
        row = {"kind": KINDS[packet.packet_type], "namespace": packet.namespace or "/"}
        if packet.id is not None:
            row["id"] = packet.id
        if packet.packet_type in (2, 5):
            row["event"], row["args"] = packet.data[0], packet.data[1:]
        elif packet.packet_type in (3, 6):
            row["args"] = packet.data
        elif packet.data is not None:
            row["data"] = packet.data
        if packet.packet_type in (5, 6):
            row["attachments"] = lengths
        return row


def write(recording, one_at_a_time=True):
    """Adds a message for each packet sent; fails when the other side did not see the same.

    Where sessions follow one another, each message has its session's id, too.
    """
    lost = Counter()
    for sender, receiver in (("client", "server"), ("server", "client")):
        told = Counter(_key(*packet) for who, *packet, _ in _sent if who == sender)
        heard = Counter(_key(*packet) for who, *packet in _received if who == receiver)
        for packet in heard - told:
            raise AssertionError(f"{receiver} received what {sender} did not send: {packet}")
        for key, count in (told - heard).items():
            lost[sender, key] = count
    # The last of equal ones is the one that did not arrive.
    unheard = set()
    for number in range(len(_sent) - 1, -1, -1):
        who, *packet, _ = _sent[number]
        if lost[who, _key(*packet)] > 0:
            lost[who, _key(*packet)] -= 1
            unheard.add(number)
    decoders = {"client": SocketIO(), "server": SocketIO()}
    sid = None
    for number, (who, transport, kind, data, encoded) in enumerate(_sent):
        row = {"n": number, "from": who, "transport": transport, "protocol": "engineio",
               "type": TYPES[kind]}
        if kind == 0:
            sid = data["sid"]
        if one_at_a_time:
            row["sid"] = sid
        if number in unheard:
            row["received"] = False
        if isinstance(data, (bytes, bytearray)):
            row["binary"] = bytes(data)
        else:
            row["text"] = encoded if isinstance(encoded, str) else encoded.decode()
        if kind == 4:
            text = data if isinstance(data, (bytes, bytearray)) else row["text"][1:]
            packet = decoders[who].packet(text)
            if packet is not None:
                row["socketio"] = packet
        recording.message(**row)
    _sent.clear()
    _received.clear()

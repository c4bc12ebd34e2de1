"""The truth of WebSocket connections: every frame that a `websockets` connection sent or received.

Where both ends are `websockets`, what one received must be what the other sent; where one end is a
plain socket, the other's word counts.
"""
import websockets.sync.connection
from websockets.frames import Opcode
from websockets.protocol import Protocol

from recording import octets, side

_ports, _noted = {}, []
_init, _send, _receive = (
    websockets.sync.connection.Connection.__init__, Protocol.send_frame, Protocol.recv_frame)


def _noting_init(self, socket, protocol, *arguments, **named):
    name = socket.getsockname() if side() == "client" else socket.getpeername()
    _ports[protocol] = name[1]
    _init(self, socket, protocol, *arguments, **named)


def mute(connection):
    """What the connection sends from now on does not get out."""
    _mute.add(connection.protocol)


_mute = set()


def _noting_send(self, frame):
    if self not in _mute:
        _noted.append(("sent", _ports[self], side(), frame, bool(self.extensions)))
    _send(self, frame)


def _noting_receive(self, frame):
    other = "server" if side() == "client" else "client"
    _noted.append(("received", _ports[self], other, frame, None))
    _receive(self, frame)


websockets.sync.connection.Connection.__init__ = _noting_init
Protocol.send_frame = _noting_send
Protocol.recv_frame = _noting_receive


def content(opcode, data):
    """What a message says: text, octets, or a close code and its reason; octets, too, where it
    should be UTF-8 and is not."""
    data = bytes(data)
    try:
        if opcode is Opcode.TEXT and len(data) <= 256:
            return {"text": data.decode()}
        if opcode is Opcode.CLOSE and len(data) != 1:
            code = int.from_bytes(data[:2], "big") if data else None
            return {"code": code, "reason": data[2:].decode()}
    except UnicodeDecodeError:
        pass
    return octets(data)


def write(recording):
    """Adds a message for each data message and each control frame, in the order of their ends."""
    def log(how, port, who):
        return [(frame.opcode, frame.fin, bytes(frame.data))
                for one, at, by, frame, _ in _noted if (one, at, by) == (how, port, who)]

    told = set()
    for port, who in {(port, who) for _, port, who, _, _ in _noted}:
        sent, received = log("sent", port, who), log("received", port, who)
        if sent:
            told.add((port, who))
            if received != sent[:len(received)]:
                raise AssertionError(f"{port}: received other frames than {who} sent")
    open_messages = {}
    for how, port, who, frame, extended in list(_noted):
        if how == "received" and (port, who) in told:
            continue
        row = {"connection": port, "from": who, "protocol": "websocket"}
        if frame.opcode >= Opcode.CLOSE:
            row.update(kind=frame.opcode.name.lower(), **content(frame.opcode, frame.data))
            recording.message(**row)
            continue
        parts = open_messages.setdefault((port, who), [])
        parts.append(frame)
        if frame.fin:
            del open_messages[port, who]
            if extended is not None:
                row["compressed"] = extended
            row.update(kind=parts[0].opcode.name.lower(),
                       frames=[len(part.data) for part in parts],
                       **content(parts[0].opcode, b"".join(bytes(part.data) for part in parts)))
            recording.message(**row)
    for (port, who), parts in open_messages.items():
        recording.message(connection=port, protocol="websocket", kind="unfinished",
                          frames=[len(part.data) for part in parts], **{"from": who})
    _ports.clear()
    _mute.clear()
    _noted.clear()

"""Packets as python-engineio and python-socketio (requirements.txt) write them, for the codecs' tests.

    python3 Captures/recordings/socketio_packets.py > Captures/truth/socketio-packets.txt

One line a packet, tab-separated: the kind, what was asked for as JSON (octets as {"hex": ...}), the
text as a JSON string, and the octets of each attachment in hexadecimal.
"""

import json

from engineio.packet import Packet as EngineIOPacket
from engineio.payload import Payload
from socketio.packet import Packet


def plain(value):
    """The value with octets in a form that JSON has."""
    if isinstance(value, bytes):
        return {'hex': value.hex()}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, dict):
        return {name: plain(element) for name, element in value.items()}
    return value


def line(kind, asked, text, attachments=()):
    if isinstance(text, bytes):
        text = text.decode('latin-1')
    print(kind, json.dumps(plain(asked)), json.dumps(text), *[part.hex() for part in attachments],
          sep='\t')


def eio(packet_type, data=None):
    line('eio', [packet_type, data], EngineIOPacket(packet_type, data).encode(b64=True))


def payload(*packets):
    body = Payload([EngineIOPacket(*packet) for packet in packets]).encode()
    line('payload', packets, body)


def sio(packet_type, data=None, namespace=None, id=None):
    encoded = Packet(packet_type, data=data, namespace=namespace, id=id).encode()
    encoded = encoded if isinstance(encoded, list) else [encoded]
    line('sio', [packet_type, data, namespace, id], encoded[0], encoded[1:])


OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = range(7)
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)

eio(OPEN, {'sid': 'abc', 'upgrades': ['websocket'], 'pingInterval': 25000, 'pingTimeout': 20000,
           'maxPayload': 1000000})
eio(CLOSE)
eio(PING)
eio(PING, 'probe')
eio(PONG, 'probe')
eio(MESSAGE, 'hello')
eio(MESSAGE, '')
eio(MESSAGE, b'\x00\x01\x02')
eio(MESSAGE, b'\xff' * 4)
eio(MESSAGE, b'\x01\x02\x03\x04\x05')
eio(UPGRADE)
eio(NOOP)
payload((MESSAGE, 'a'))
payload((MESSAGE, 'a'), (MESSAGE, 'b'), (PING, None))
payload((MESSAGE, 'text'), (MESSAGE, b'\x01\x02\x03\x04'), (MESSAGE, 'more'))
sio(CONNECT)
sio(CONNECT, {'sid': 'wZX3oN0bSVIhsaknAAAI'})
sio(CONNECT, namespace='/admin')
sio(CONNECT, {'token': '123'}, namespace='/admin')
sio(CONNECT_ERROR, {'message': 'Not authorized'})
sio(CONNECT_ERROR, 'Not authorized', namespace='/admin')
sio(DISCONNECT)
sio(DISCONNECT, namespace='/admin')
sio(EVENT, ['foo'])
sio(EVENT, ['bar'], namespace='/admin')
sio(EVENT, ['message', {'message': 'hi'}])
sio(EVENT, ['message', {'sender': '', 'message': '(Ahmad) entered the chat'}])
sio(EVENT, ['join', 'ABCDEF'], namespace='/chat', id=13)
sio(EVENT, ['many', 1, -2.5, 1e30, True, False, None, [], {}, [[1], {'a': [{}]}]])
sio(EVENT, ['text', 'quote " backslash \\ tab \t line \n null \x00 umlaut \u00e4 wave \U0001f44b'])
sio(EVENT, ['foo'], id=0)
sio(EVENT, ['foo'], id=123456789012)
sio(ACK, [], id=12)
sio(ACK, [True], namespace='/chat', id=13)
sio(EVENT, ['bin', b'\x01\x02\x03'])
sio(EVENT, ['baz', b'\x01\x02', b'\x03\x04'], namespace='/admin')
sio(EVENT, ['deep', {'a': [b'\x01', {'b': b''}]}], id=14)
sio(ACK, ['bar', b'\x01\x02\x03\x04'], id=15)

"""A WebSocket client that is only a socket, so that it can send whatever it likes."""
import socket
import struct
import time

from recording import SERVER

# The nonce of RFC 6455 section 1.3 and its answer.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x37\xfa\x21\x3d"


def frame(opcode, data=b"", mask=MASK, fin=True, rsv=0, length=None):
    """The octets of a frame, RFC 6455 section 5.2. `length`: the length field's octets as they are
    to stand, the first without the mask bit."""
    if length is None:
        if len(data) < 126:
            length = bytes([len(data)])
        elif len(data) < 65536:
            length = struct.pack("!BH", 126, len(data))
        else:
            length = struct.pack("!BQ", 127, len(data))
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if mask is None:
        return first + length + data
    masked = bytes(octet ^ mask[at % 4] for at, octet in enumerate(data))
    return first + bytes([length[0] | 0x80]) + length[1:] + mask + masked


def request(path="/", version="13", key=KEY, extra=""):
    lines = [f"GET {path} HTTP/1.1", f"Host: {SERVER}:5000", "Upgrade: websocket",
             "Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
    if version is not None:
        lines.append(f"Sec-WebSocket-Version: {version}")
    return ("\r\n".join(lines) + "\r\n" + extra + "\r\n").encode()


def plug_in(port=5000):
    plug = socket.create_connection((SERVER, port), timeout=3)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plug


def read_head(plug):
    """A head up to its empty line, an octet at a time so that nothing behind it is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = plug.recv(1)
        if not more:
            break
        head += more
    return head


def open_raw(path="/", extra=""):
    """A connection after its handshake."""
    plug = plug_in()
    plug.sendall(request(path, extra=extra))
    head = read_head(plug)
    assert head.startswith(b"HTTP/1.1 101"), head
    return plug


def read_to_end(plug):
    data = b""
    try:
        while more := plug.recv(65536):
            data += more
    except (ConnectionResetError, TimeoutError):
        pass
    return data


def reset(plug):
    """Ends the connection with RST."""
    time.sleep(0.05)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plug.close()

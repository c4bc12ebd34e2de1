"""Streams on the chat's port that are none of its protocols: a real TLS session, random octets,
zeros, and some that begin as one of the protocols would and are not. Nothing may be made up about
them."""
import datetime
import ipaddress
import os
import random
import socket
import ssl
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recording import SERVER, Recording

CHANCE = random.Random(5000)

# What each side sends; each item of a list is a segment. The first to be sent is the client's.
STREAMS = [
    ("random octets", [CHANCE.randbytes(length) for length in (1, 7, 300, 1400, 5000)],
     [CHANCE.randbytes(length) for length in (2, 1400, 64)]),
    ("zeros", [bytes(200)], [bytes(3000)]),
    ("ones", [b"\xff" * 200], [b"\xff" * 200]),
    # 0x81 0x05 and text: looks like an unmasked frame, and goes on otherwise.
    ("text frame at first sight", [b"\x81\x05hello" + CHANCE.randbytes(400)],
     [b"\x82\x7e" + CHANCE.randbytes(90)]),
    ("lines of another protocol", [b"NICK alice\r\n", b"JOIN #netlab\r\n"],
     [b":server 001 alice :Welcome\r\n", b"PING :42[\"message\"]\r\n"]),
    ("GET that is no HTTP", [b"GET out of here\n"], [b"HTTP is not what this is\n"]),
    ("begins like a token", [b"gAAAAAnd then something else entirely"], [b"gAAAA"]),
    ("only the server speaks", [], [b"220 mail.example ESMTP\r\n", b"421 too slow\r\n"]),
    ("nobody speaks", [], []),
]


def certificate(folder):
    """A certificate for this recording alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "netlab test")])
    day = datetime.datetime(2026, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(day).not_valid_after(day.replace(year=2036))
            .add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(SERVER))]), False)
            .sign(key, hashes.SHA256()))
    path = os.path.join(folder, "both.pem")
    with open(path, "wb") as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()) + made.public_bytes(serialization.Encoding.PEM))
    return path


def serve(listener, path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    plug, _ = listener.accept()
    with context.wrap_socket(plug, server_side=True) as tls:
        tls.recv(4096)
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        tls.recv(4096)
    for _, asked, told in STREAMS:
        plug, _ = listener.accept()
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wanted = sum(map(len, asked))
        while wanted > 0:
            wanted -= len(plug.recv(65536))
        for part in told:
            plug.sendall(part)
            time.sleep(0.005)
        plug.close()


def talk():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    Noted.connection("TLS", tls="1.3")
    with context.wrap_socket(socket.create_connection((SERVER, 5000), timeout=5)) as tls:
        assert tls.version() == "TLSv1.3"
        tls.sendall(b"GET / HTTP/1.1\r\nHost: netlab\r\n\r\n")
        tls.recv(4096)
    for name, asked, told in STREAMS:
        Noted.connection(name, sent_by_client=sum(map(len, asked)),
                         sent_by_server=sum(map(len, told)))
        plug = socket.create_connection((SERVER, 5000), timeout=5)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in asked:
            plug.sendall(part)
            time.sleep(0.005)
        while plug.recv(65536):
            pass
        plug.close()


with Recording("unknown-stream", "Streams on port 5000 that are neither HTTP nor WebSocket nor "
               "tokens: there are no messages.", ["cryptography"]) as Noted:
    with tempfile.TemporaryDirectory() as folder:
        path = certificate(folder)
        ready = []
        Noted.run("server", lambda: ready.append(socket.create_server((SERVER, 5000))))
        Noted.thread("server", serve, ready[0], path)
        Noted.run("client", talk)

"""HTTP bodies in codings that netlab does not undo (RFC 7932, RFC 8878), alone, on top of one that it
does, and in chunks with trailer fields; and answers that only name such a coding."""
import gzip

from scapy.all import IP, TCP, Ether, Raw

from capture import write

TEXT = b'{"message":"hello, hello, hello from a body that is compressed twice over"}'
# What brotli 1.1 and zstandard 0.23 make of it.
BROTLI = bytes.fromhex(
    "1b4a00001c076eacc54e70ff139469737ba5d3d7222064651de3807d1cbf69a3c5861db06d3bb643992df6ad238613043e"
    "f4d51dbbbf9a856c09")
ZSTANDARD = bytes.fromhex(
    "28b52ffd204b350200f4037b226d657373616765223a2268656c6c6f2c202066726f6d206120626f647920746861742069"
    "7320636f6d70726573736564207477696365206f766572227d0100c59530")

ends = {"client": ("10.0.0.21", 51000, "02:00:00:00:00:21"),
        "server": ("10.0.0.33", 8080, "02:00:00:00:00:33")}
numbers = {"client": 1000, "server": 9000}
frames = []


def send(side, octets=b"", flags="PA"):
    other = "server" if side == "client" else "client"
    (source, sport, mac), (target, dport, their_mac) = ends[side], ends[other]
    frames.append(
        Ether(src=mac, dst=their_mac)
        / IP(src=source, dst=target, id=len(frames) + 1, flags="DF")
        / TCP(sport=sport, dport=dport, flags=flags, seq=numbers[side],
              ack=0 if flags == "S" else numbers[other], window=64000)
        / (Raw(octets) if octets else b""))
    numbers[side] += len(octets) + ("S" in flags or "F" in flags)


def ask(path, method=b"GET"):
    send("client", method + b" " + path + b" HTTP/1.1\r\nHost: 10.0.0.33:8080\r\n\r\n")


def answer(body, *lines, first=b"HTTP/1.1 200 OK", length=True):
    head = [first, b"Content-Type: application/json", *lines]
    if length:
        head.append(b"Content-Length: %d" % len(body))
    send("server", b"\r\n".join(head) + b"\r\n\r\n" + body)


def chunks(body, *trailers):
    half = len(body) // 2
    return b"%x;part=1\r\n%s\r\n%X\r\n%s\r\n0\r\n" % (
        half, body[:half], len(body) - half, body[half:]
    ) + b"".join(line + b"\r\n" for line in trailers) + b"\r\n"


send("client", flags="S")
send("server", flags="SA")
send("client", flags="A")
ask(b"/br")
answer(BROTLI, b"Content-Encoding: br")
ask(b"/zstd")
answer(ZSTANDARD, b"Content-Encoding: zstd")
ask(b"/compress")
answer(b"\x1f\x9d\x90" + TEXT, b"Content-Encoding: x-compress")
ask(b"/own")
answer(TEXT[::-1], b"Content-Encoding: backwards")
# gzip over Brotli: the outer one is undone.
ask(b"/br-gzip")
answer(gzip.compress(BROTLI, mtime=0), b"Content-Encoding: br, gzip")
ask(b"/br-chunked")
answer(chunks(BROTLI, b"Digest: sha-256=none", b"X-Parts: 2"), b"Content-Encoding: BR",
       b"Transfer-Encoding: chunked", length=False)
# More codings than anyone applies.
ask(b"/nine")
answer(TEXT, b"Content-Encoding: " + b", ".join([b"gzip"] * 9))
# A coding that is named while there is no body to undo it of.
ask(b"/br", b"HEAD")
answer(b"", b"Content-Encoding: br", b"Content-Length: 58", length=False)
ask(b"/br")
answer(b"", b"Content-Encoding: br", first=b"HTTP/1.1 304 Not Modified", length=False)
# Nothing was done.
ask(b"/plain")
answer(TEXT, b"Content-Encoding: identity")
send("client", flags="FA")
send("server", flags="FA")
send("client", flags="A")
write("http-codings.pcap", frames)

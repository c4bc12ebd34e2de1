"""Crafted messages of `netlab send`, and what `netlab receive` answers: deliveries, each kind of damage,
refusals, parts, tries without an answer; and segments that are none of theirs."""
import base64
import hmac
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from scapy.all import IP, TCP, Ether, IPv6, Raw

from capture import FOLDER, START

KEYS = {name: open(os.path.join(FOLDER, "keys", name + ".key")).read().strip()
        for name in ("fernet", "fernet-other")}
ADA, BOB = "10.0.0.21", "10.0.0.33"
PORT = 5000

frames = []  # (microseconds since START, octets, octets on the wire)
clock = 0
vectors = 0


def token(plain, key="fernet", age=0):
    """A Fernet token of now, with the next of the fixed vectors."""
    global vectors
    vectors += 1
    iv = vectors.to_bytes(4, "big") * 4
    secret = base64.urlsafe_b64decode(KEYS[key])
    data = json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()
    data += bytes([16 - len(data) % 16]) * (16 - len(data) % 16)
    cipher = Cipher(algorithms.AES(secret[16:]), modes.CBC(iv)).encryptor()
    body = struct.pack("!BQ", 0x80, START + clock // 1_000_000 - age) + iv + cipher.update(data)
    return base64.urlsafe_b64encode(body + hmac.digest(secret[:16], body, "sha256"))


def put(packet, cut=None, wait=400):
    global clock
    octets = bytes(packet)
    frames.append((clock, octets[:cut], len(octets)))
    clock += wait


def swap16(text):
    """Two 16-bit words of the ciphertext change places: the TCP sum still fits, the HMAC does not."""
    words = [text[at:at + 2] for at in range(0, len(text), 2)]
    words[22], words[25] = words[25], words[22]
    return b"".join(words)


class Exchange:
    """One sender's run of messages, and its receiver."""
    def __init__(self, sport, six=False):
        self.sport, self.six = sport, six
        self.first = self.seq = 0x10000000 + sport * 0x1111
        self.ack = 0
        self.answers = 0xFFFFFF00 + sport % 7  # wraps around
        self.ids = 0

    def packet(self, back, seq, ack, flags, text, **fields):
        src, dst = (BOB, ADA) if back else (ADA, BOB)
        sport, dport = (PORT, self.sport) if back else (self.sport, PORT)
        ether = Ether(src="02:00:00:00:00:33" if back else "02:00:00:00:00:21",
                      dst="02:00:00:00:00:21" if back else "02:00:00:00:00:33")
        self.ids += 1
        ipsum = {"chksum": fields.pop("ipsum")} if "ipsum" in fields else {}
        if self.six:
            ip = IPv6(src=f"2001:db8::{src[-2:]}", dst=f"2001:db8::{dst[-2:]}", hlim=64)
        else:
            ip = IP(src=src, dst=dst, id=self.ids, flags="DF", ttl=64, **ipsum)
        return ether / ip / TCP(sport=sport, dport=dport, seq=seq & 0xFFFFFFFF,
                                ack=ack & 0xFFFFFFFF, flags=flags, window=65535,
                                **fields) / Raw(text)

    def message(self, text, key="fernet", age=0, part=1, parts=1, room=None, ident=None):
        """Makes the next message, or part of one, and returns it for `send`."""
        ident = ident or f"{self.sport:08x}{self.seq:08x}" + "5a" * 8
        plain = {"v": 1, "kind": "message", "id": ident, "sender": "ada"}
        if room:
            plain["room"] = room
        plain |= {"text": text, "part": part, "parts": parts, "isn": self.first, "seq": self.seq}
        made = (self.seq, token(plain, key, age), ident, part, self.ack)
        self.seq += len(made[1])
        return made

    def send(self, made, text=None, wait=400, cut=None, **fields):
        put(self.packet(False, made[0], made[4], "PA", text or made[1], **fields), cut, wait)

    def sums(self, made):
        """The IP and TCP checksums that the next try would have."""
        layers = Ether(bytes(self.packet(False, made[0], made[4], "PA", made[1])))
        self.ids -= 1
        return layers[IP].chksum, layers[TCP].chksum

    def answer(self, made, kind, parts=1, reason=None, found="", expected="", wait=2000):
        seq, text, ident, part, _ = made
        plain = {"v": 1, "kind": kind, "id": "0" * 32 if kind == "resend" else ident,
                 "sender": "bob", "text": "", "part": 0 if kind == "resend" else part,
                 "parts": parts if kind == "ack" else 0, "isn": 0, "seq": seq}
        if reason:
            plain["reason"] = reason
            if found or expected:
                plain |= {"found": found, "expected": expected}
        back = token(plain)
        put(self.packet(True, self.answers, seq + (0 if kind == "resend" else len(text)),
                        "FPA" if kind == "refused" else "PA", back), wait=wait)
        self.answers += len(back)
        self.ack = self.answers

    def damaged(self, made, wait=1_000_000):
        """A try whose TCP checksum is wrong, and the request to send it again."""
        _, right = self.sums(made)
        self.send(made, chksum=right ^ 0xDD48)
        self.answer(made, "resend", reason="bad-tcp-checksum", found=f"0x{right ^ 0xDD48:04x}",
                    expected=f"0x{right:04x}", wait=wait)


# Two messages, one behind the other, both delivered at once.
run = Exchange(12345)
for text in ("hi", "and again"):
    made = run.message(text)
    run.send(made)
    run.answer(made, "ack")

# The first two tries with a wrong TCP checksum, the third one right.
run = Exchange(12346)
made = run.message("the third time")
run.damaged(made)
run.damaged(made)
run.send(made)
run.answer(made, "ack")

# Two words of the payload have changed places: only the HMAC sees it.
run = Exchange(12347)
made = run.message("swapped")
run.send(made, swap16(made[1]))
run.answer(made, "resend", reason="bad-hmac", wait=1_000_000)
run.send(made)
run.answer(made, "ack")

# Older than 60 s; a room that does not exist, and a text that no terminal should act on.
run = Exchange(12348)
made = run.message("late", age=75)
run.send(made)
run.answer(made, "refused", reason="expired", found="75 s", expected="60 s")
run = Exchange(12349)
made = run.message("Grüße \x1b[31m\"rot\"\n", room="ABCDEF")
run.send(made)
run.answer(made, "refused", reason="no-room")

# Another key: damage to the receiver; the sender cannot verify the answer.
run = Exchange(12350)
made = run.message("for somebody else", key="fernet-other")
run.send(made)
run.answer(made, "resend", reason="bad-hmac")

# Three parts, one at a time; then three parts under way at once, the second one damaged.
run = Exchange(12351)
ident = "c0ffee" * 5 + "00"
for part in (1, 2, 3):
    made = run.message(f"part {part} of three. ", part=part, parts=3, ident=ident)
    run.send(made)
    run.answer(made, "ack", parts=part)
run = Exchange(12352)
ident = "decade" * 5 + "00"
made = [run.message("x" * 50 * part, part=part, parts=3, ident=ident) for part in (1, 2, 3)]
run.send(made[0])
_, right = run.sums(made[1])
run.send(made[1], chksum=0x1454)
run.send(made[2])
run.answer(made[0], "ack", parts=1)
run.answer(made[1], "resend", reason="bad-tcp-checksum", found="0x1454",
           expected=f"0x{right:04x}")
run.answer(made[2], "ack", parts=2)
run.send(made[1])
run.answer(made[1], "ack", parts=3)

# IPv6.
run = Exchange(12353, six=True)
made = run.message("over IPv6")
run.send(made)
run.answer(made, "ack")

# The acknowledgment was lost behind this point: the duplicate is acknowledged again.
run = Exchange(12354)
made = run.message("once is enough")
run.send(made)
run.answer(made, "ack", wait=1_000_000)
run.send(made)
run.answer(made, "ack")

# A wrong IP header checksum; a token that was cut.
run = Exchange(12355)
made = run.message("IP first")
right, _ = run.sums(made)
run.send(made, ipsum=0x1234)
run.answer(made, "resend", reason="bad-ip-checksum", found="0x1234", expected=f"0x{right:04x}",
           wait=1_000_000)
run.send(made, made[1][:-40])
run.answer(made, "resend", reason="bad-token", wait=1_000_000)
run.send(made)
run.answer(made, "ack")

# Nobody receives: four tries, and the kernel's RST to each.
run = Exchange(12356)
made = run.message("is anybody there?")
for _ in range(4):
    run.send(made)
    put(run.packet(True, 0, made[0] + len(made[1]), "RA", b""), wait=1_000_000)

# Foreign: no token in the same run; then one, so that the run goes on; a message of another version.
run = Exchange(12357)
put(run.packet(False, 7, 0, "PA", b"hello, this is no token"))
made = run.message("after a foreign segment")
run.send(made)
run.answer(made, "ack")
seq = run.seq
text = token({"v": 9, "kind": "message"})
put(run.packet(False, seq, run.ack, "PA", text))

# The capture cuts a message.
run = Exchange(12358)
run.send(run.message("cut by the capture"), cut=150)

# A connection of a kernel, with its handshake, that carries a token: not the exchange's.
run = Exchange(12359)
text = token({"this": "is a stream"})
put(run.packet(False, 1000, 0, "S", b""))
put(run.packet(True, 9000, 1001, "SA", b""))
put(run.packet(False, 1001, 9001, "A", b""))
put(run.packet(False, 1001, 9001, "PA", text))
put(run.packet(True, 9001, 1001 + len(text), "A", b""))

# An answer without its message: the capture began too late.
run = Exchange(12360)
made = run.message("not captured")
run.answer(made, "refused", reason="late")
made = run.message("captured")
run.send(made)
run.answer(made, "ack")


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


with open(os.path.join(FOLDER, "crafted-exchange.pcapng"), "wb") as out:
    out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    out.write(block(1, struct.pack("<HHI", 1, 0, 262144)))
    for micros, octets, wire in frames:
        micros += START * 1_000_000
        out.write(block(6, struct.pack("<IIIII", 0, micros >> 32, micros & 0xFFFFFFFF,
                                       len(octets), wire) + octets))
print(f"crafted-exchange.pcapng: {len(frames)} frames")

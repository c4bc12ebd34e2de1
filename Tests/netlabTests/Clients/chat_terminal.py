"""`netlab chat` on a pseudo terminal: the line being typed, and the terminal afterwards.

Arguments: the program, the server's URL, and how to leave.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

NETLAB, URL, HOW = sys.argv[1:4]
PATIENCE = 20
ERASE = b"\r\x1b[K"
COLUMNS = 70


def chat(*arguments, **more):
    return [NETLAB, "chat", "--url", URL, *arguments]


ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
before = termios.tcgetattr(theirs)
environment = dict(os.environ, TERM="xterm")
environment.pop("NO_COLOR", None)
# A shell with job control: who stops has to have somebody who continues it.
SHELL = 'set -m; "$@"; echo "stopped"; read go; fg >/dev/null; echo "status $?"'
shell = subprocess.Popen(
    ["sh", "-c", SHELL, "sh", *chat("--name", "Tess", "--timeout", "15s")], stdin=theirs,
    stdout=theirs, stderr=theirs, start_new_session=True, env=environment,
    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
seen = b""


def until(words):
    """What the terminal got up to these words."""
    global seen
    if isinstance(words, str):
        words = words.encode()
    end = time.monotonic() + PATIENCE
    while words not in seen:
        if not select.select([ours], [], [], max(end - time.monotonic(), 0))[0]:
            raise AssertionError(f"no {words!r} in {seen[-1000:]!r}")
        seen += os.read(ours, 65536)
    place = seen.index(words) + len(words)
    head, seen = seen[:place], seen[place:]
    return head


def type_in(text):
    os.write(ours, text if isinstance(text, bytes) else text.encode())


until("Room ")
room = until(". Others").split(b".")[0].decode()
until("Here: Tess")
raw = termios.tcgetattr(theirs)
assert not raw[3] & (termios.ICANON | termios.ECHO | termios.ISIG), "keys come at once"
assert raw[1] == before[1], "output is left alone"

# Characters of several octets go as a whole.
type_in("grüß Gott日本")
until("日本")
type_in("\x7f\x7f\x7f\x7f\x7f")
until(ERASE + "> grüß G".encode())

# What comes in does not meet the line, and cannot drive the terminal.
evil = "\x1b[2Jcleared\x07 \x9b31m \u202eback " + "x" * 100
subprocess.run(chat("--name", "Eve", "--room", room, "--send", evil), check=True,
               stdout=subprocess.DEVNULL, timeout=PATIENCE)
came = until("(Eve) left the chat")
assert b"\\x1b[2Jcleared\\x07" in came and b"\\u{009b}31m" in came and b"\\u{202e}" in came, came
assert b"\x1b[2J" not in came and b"\x07" not in came and "\u202e".encode() not in came, came
assert came.startswith(ERASE) or b"\r\n" + ERASE in came, came
line = came[came.index(b"Eve:"):]
# Folded behind the mark, so that no line of it begins at the left.
assert b"\r\n           x" in line, line
until(ERASE + "> grüß G".encode())

# Sent, shown as one's own once the room has it.
type_in("\r")
own = until("grüß G\r\n")
assert b"> Tess:" in own, own

type_in("/who\r")
until("Here: Tess")
type_in("/nothing\r")
until("no such command")
type_in("//slash\r")
until(" /slash")

# Stopped and continued, as shells do.
type_in("typed before")
until("typed before")
type_in(b"\x1a")
until("stopped")
assert termios.tcgetattr(theirs) == before, "given back while stopped"
type_in("go\n")
until(ERASE + b"> typed before")
assert termios.tcgetattr(theirs)[3] & termios.ICANON == 0
type_in(b"\x15")

if HOW == "ctrl-c":
    type_in(b"\x03")
elif HOW == "ctrl-d":
    type_in(b"\x04")
elif HOW == "leave":
    type_in("/leave\r")
else:
    with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as children:
        os.kill(int(children.read().split()[0]), getattr(signal, HOW))
until("left the room")
until("status 0")
shell.wait(PATIENCE)
assert termios.tcgetattr(theirs) == before, "given back"

# The room heard of it.
log = subprocess.run(chat("--name", "Eve", "--room", room), check=True, capture_output=True,
                     text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL).stdout
assert "< Tess: grüß G" in log and "Here: Eve" in log, log
print("ok")

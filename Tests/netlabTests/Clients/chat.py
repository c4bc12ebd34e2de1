"""Two programs chat: chat.py URL polling|websocket|upgrade"""

import socketio
from common import Client, TRANSPORTS, arguments

url, mode = arguments()
transports = TRANSPORTS[mode]

ahmad = Client(url, transports, auth={"name": "Ahmad"})
(history,) = ahmad.expect("history")
room = history["room"]
assert len(room) == 6 and room.isalpha() and room.isupper(), room
assert history == {"room": room, "name": "Ahmad", "messages": [], "last": 0, "more": False}, history
ahmad.expect_text("", "(Ahmad) entered the chat")
assert ahmad.expect("members") == ({"members": ["Ahmad"]},)
assert ahmad.io.transport() == ("polling" if mode == "polling" else "websocket")

alice = Client(url, transports, auth={"name": "Alice", "room": room})
alice.expect("history")
for client in (ahmad, alice):
    client.expect_text("", "(Alice) entered the chat")
    assert client.expect("members") == ({"members": ["Ahmad", "Alice"]},)

acknowledged = ahmad.say("hi", key="first")
for client in (ahmad, alice):
    message = client.expect_text("Ahmad", "hi")
    assert {k: message[k] for k in ("id", "time")} == acknowledged, (message, acknowledged)
assert ahmad.say("hi", key="first") == acknowledged
hostile = "<img src=x onerror=alert(1)> \u202e\u0000 ünï 👩‍👩‍👧"
second = alice.say(hostile)
assert second["id"] == acknowledged["id"] + 2, "a repeated key leaves a gap, nothing else"
for client in (ahmad, alice):
    client.expect_text("Alice", hostile)
assert "error" in ahmad.say("x" * 4001)
assert "error" in ahmad.say(" ")

# Who was away gets what was missed, and nothing twice.
alice.leave()
ahmad.expect_text("", "(Alice) left the chat")
third = ahmad.say("while you were out")
back = Client(url, transports, auth={"name": "Alice", "room": room, "after": acknowledged["id"]})
(history,) = back.expect("history")
assert [m["message"] for m in history["messages"]] == [hostile, "while you were out"], history
assert history["last"] == third["id"]

lost = Client(url, transports, auth={"name": "Eve", "room": "QQQQQQ"})
assert lost.expect("message") == ({"error": "Room not found"},)
try:
    # python-socketio 5.7 waits to the end although the refusal has come.
    Client(url, transports, auth={"name": ""}, patience=1)
    raise SystemExit("whoever says no name was let in")
except socketio.exceptions.ConnectionError:
    pass

for client in (ahmad, back, lost):
    client.leave()
print("ok")

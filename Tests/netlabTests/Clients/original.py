"""The original's client, as Captures/flask-socketio-session.pcap has it: original.py URL

A form, a cookie, a polling session that becomes a WebSocket, and no word of ids or
acknowledgments.
"""

import re

import requests
from common import Client, TRANSPORTS, arguments

(url,) = arguments()


def enter(form):
    """The form of the home page; what is answered to the cookie."""
    response = requests.post(url + "/", data=form, allow_redirects=False)
    assert response.status_code in (302, 303), response.status_code
    assert response.headers["Location"] == "/room"
    cookie = response.headers["Set-Cookie"].split(";")[0]
    page = requests.get(url + "/room", headers={"Cookie": cookie})
    assert page.status_code == 200
    return cookie, re.search(r'data-code="([A-Z]{6})"', page.text).group(1)


def come(cookie):
    return Client(url, TRANSPORTS["upgrade"], headers={"Cookie": cookie})


cookie, room = enter({"name": "Ahmad", "create": ""})
ahmad = come(cookie)
ahmad.expect_text("", "(Ahmad) entered the chat")
cookie, _ = enter({"name": "Alice", "code": room, "join": ""})
alice = come(cookie)
alice.expect_text("", "(Alice) entered the chat")
ahmad.expect_text("", "(Alice) entered the chat")
ahmad.io.emit("message", {"message": "hi"})
for client in (ahmad, alice):
    client.expect_text("Ahmad", "hi")
alice.io.emit("message", {"message": "hello Ahmad"})
for client in (ahmad, alice):
    client.expect_text("Alice", "hello Ahmad")
alice.leave()
ahmad.expect_text("", "(Alice) left the chat")
cookie, again = enter({"name": "Alice", "code": room, "join": ""})
assert again == room
alice = come(cookie)
(history,) = alice.expect("history")
assert [m["message"] for m in history["messages"]] == ["hi", "hello Ahmad"]
ahmad.expect_text("", "(Alice) entered the chat")
alice.io.emit("message", {"message": "I am back"})
ahmad.expect_text("Alice", "I am back")

# A page from elsewhere neither enters nor listens.
foreign = {"Origin": "http://elsewhere.example"}
assert requests.post(url + "/", data={"name": "Eve", "create": ""}, headers=foreign,
                     allow_redirects=False).status_code == 403
own = {"Origin": url}
assert requests.post(url + "/", data={"name": "Eve", "create": ""}, headers=own,
                     allow_redirects=False).status_code == 303
ahmad.leave()
alice.leave()
print("ok")

"""Many sit in a room while crafted messages come into it: witness.py URL CLIENTS MESSAGES

Prints the room's code, and in the end how often each client heard each message of ada's. Every
client says something in between, and none may be disturbed.
"""

import collections

from common import Client, arguments

url, count, messages = arguments()
count, messages = int(count), int(messages)
clients = [Client(url, ["websocket"], auth={"name": "n0"})]
room = clients[0].expect("history")[0]["room"]
clients += [
    Client(url, ["websocket"], auth={"name": f"n{number}", "room": room})
    for number in range(1, count)
]
clients[-1].expect("members", lambda event: len(event["members"]) == count)
print(room, flush=True)
# Text that looks like a token is text, by this way.
for client in clients:
    assert "id" in client.say("gAAAAA" + "A" * 1200)
heard = [collections.Counter() for _ in clients]
for number, client in enumerate(clients):
    while heard[number].total() < messages:
        (message,) = client.expect("message", lambda m: m.get("sender") == "ada")
        heard[number][message["message"]] += 1
for client in clients:
    assert not client.isGone
    assert "id" in client.say("still here")
for number, client in enumerate(clients):
    # What came twice has come by now: it would stand before one's own last word.
    client.expect_text(f"n{count - 1}", "still here")
    again = [e for e in client.past if e[0] == "message" and e[1].get("sender") == "ada"]
    assert len(again) == messages, (number, len(again))
    assert heard[number] == heard[0]
assert all(times == 1 for times in heard[0].values())
print("ok", len(heard[0]), flush=True)
for client in clients:
    client.leave()

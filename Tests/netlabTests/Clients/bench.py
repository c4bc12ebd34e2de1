"""What load generators do: bench.py URL polling|websocket|upgrade"""

from common import Client, TRANSPORTS, arguments

url, mode = arguments()
one, two, other = (Client(url, TRANSPORTS[mode]) for _ in range(3))
for client, room in ((one, "a"), (two, "a"), (other, "b")):
    assert client.io.call("join", {"room": room}, timeout=15) == {"room": room}
other.io.emit("message", {"seq": 0})
one.io.emit("message", {"seq": 1, "text": "ünï", "deep": [1.50, None]})
for client in (one, two):
    assert client.expect("message") == ({"seq": 1, "text": "ünï", "deep": [1.50, None]},)
assert other.expect("message") == ({"seq": 0},)
two.leave()
one.io.emit("message", {"seq": 2})
assert one.expect("message") == ({"seq": 2},)
one.leave()
other.leave()
print("ok")

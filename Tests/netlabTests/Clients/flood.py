"""Many send at once, until the server is gone: flood.py URL ROOM CLIENTS

Prints a line for each acknowledgment as it comes: the id and the text.
"""

import threading

from common import Client, arguments

url, room, count = arguments()
clients = [
    Client(url, ["websocket"], auth={"name": f"n{number}", "room": room})
    for number in range(int(count))
]
lock = threading.Lock()


def acknowledged(text):
    def told(answer):
        if "id" in answer:
            with lock:
                print(answer["id"], text, flush=True)
    return told


for turn in range(20):
    for number, client in enumerate(clients):
        text = f"{room} {number} {turn}"
        try:
            client.io.emit("message", {"message": text}, callback=acknowledged(text))
        except Exception:
            # The server is gone: that is what this is about.
            raise SystemExit(0)
for client in clients:
    client.expect("gone")

"""Prints what a room remembers, an id and a text each line: history.py URL ROOM"""

from common import Client, arguments

url, room = arguments()
client = Client(url, ["websocket"], auth={"name": "reader", "room": room})
(history,) = client.expect("history")
for message in history["messages"]:
    print(message["id"], message["message"])
client.leave()

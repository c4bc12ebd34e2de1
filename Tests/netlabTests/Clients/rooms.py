"""Makes a room and prints its code: rooms.py URL"""

from common import Client, arguments

(url,) = arguments()
client = Client(url, ["websocket"], auth={"name": "maker"})
print(client.expect("history")[0]["room"])
client.leave()

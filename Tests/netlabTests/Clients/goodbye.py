"""Stays until the server goes: goodbye.py URL. Prints `ready` once it is in."""

from common import Client, TRANSPORTS, arguments

(url,) = arguments()
clients = [Client(url, transports, auth={"name": name}) for name, transports in TRANSPORTS.items()]
for client in clients:
    client.expect("members")
print("ready", flush=True)
for client in clients:
    client.expect("gone")
print("gone", flush=True)

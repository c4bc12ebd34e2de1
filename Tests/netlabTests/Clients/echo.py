"""What conformance suites do: echo.py URL polling|websocket|upgrade"""

from common import Client, TRANSPORTS, arguments

url, mode = arguments()
for namespace in ("/", "/custom"):
    for auth, answer in ((None, {}), ({"token": "123"}, {"token": "123"})):
        client = Client(url, TRANSPORTS[mode], auth=auth, namespaces=[namespace])
        assert client.expect("auth") == (answer,), answer
        values = (1, "two", {"three": [False, None]}, b"\x00\xff", [b"five"])
        client.io.emit("message", values, namespace=namespace)
        assert client.expect("message-back") == values
        answered = client.io.call("message-with-ack", values, namespace=namespace, timeout=15)
        assert tuple(answered) == values, answered
        client.leave()
print("ok")

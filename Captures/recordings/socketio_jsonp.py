"""Socket.IO over long polling by JSONP, as pages did that could load nothing but scripts.

The server is python-engineio's, which speaks it. Of its clients only browsers do, so python-socketio's
is taught here: it asks with `j=0`, reads the call in the answer as a script's reader would, and sends
its packets as a form that has them in the field `d`.
"""
import json
import re
import urllib.parse

import engineio_truth
from recording import Recording
from socketio_server import Running, chat_server
from socketio_session import PACKAGES, Client, talk_as_alice

CALL = re.compile(r'___eio\[0\]\((".*")\);', re.DOTALL)


class Answer:
    """An answer whose body is what the call in it carries."""

    def __init__(self, answer):
        self.status_code, self.headers, self.content = answer.status_code, answer.headers, b""
        call = CALL.fullmatch(answer.content.decode())
        # The string may hold control characters, unlike JSON's.
        self.content = (json.loads(call[1], strict=False).encode() if call else answer.content)

    def json(self):
        return json.loads(self.content)


def by_scripts(alice):
    """Makes the client's requests those of a page with scripts and forms alone."""
    engine = alice.sio.eio
    send = engine._send_request

    def request(method, url, headers=None, body=None, timeout=None):
        if body is not None:
            body = "d=" + urllib.parse.quote(body, safe="")
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = send(method, url + "&j=0", headers=headers, body=body, timeout=timeout)
        return answer if isinstance(answer, str) else Answer(answer)

    engine._send_request = request
    return alice


if __name__ == "__main__":
    with Recording("socketio-jsonp",
                   "Socket.IO over long polling by JSONP: calls of a function one way, forms the "
                   "other; long answers are compressed.", PACKAGES) as recording:
        server = Running(recording, chat_server(ping_interval=1, ping_timeout=5).attach)
        recording.run("client", lambda: talk_as_alice(by_scripts(Client("polling"))))
        server.stop()
        engineio_truth.write(recording)

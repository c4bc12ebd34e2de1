"""What the scripts of peers share: queues of what came, and a wire that can be cut."""
import queue
import socket
import threading

import engineio

LONGEST = 10

# python-engineio reads no more than 16 packets of one payload unless told; the protocol knows no
# such limit.
engineio.payload.Payload.max_decode_packets = 1000


class Inbox:
    """What a client's handlers were given, in order."""

    def __init__(self):
        self.queue = queue.Queue()

    def put(self, *what):
        self.queue.put(what)

    def next(self):
        try:
            return self.queue.get(timeout=LONGEST)
        except queue.Empty:
            raise TimeoutError(f"nothing came in {LONGEST} seconds") from None

    def expect(self, *what):
        came = self.next()
        assert came == what, f"{came!r} came, {what!r} was expected"


class Wire:
    """A relay in front of the server, whose connections can all be cut at once."""

    def __init__(self, host, port):
        self.server = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.ends = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(self.server)
            with self.lock:
                self.ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.relay, args=(source, sink), daemon=True).start()

    @staticmethod
    def relay(source, sink):
        try:
            while octets := source.recv(65536):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self):
        with self.lock:
            for end in self.ends:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()
            self.ends = []

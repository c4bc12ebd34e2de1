"""What the scripts of peers share: queues of what came, a wire that can be cut, and an end."""
import faulthandler
import os
import queue
import socket
import sys
import threading
import traceback

import engineio

LONGEST = 10

# python-engineio reads no more than 16 packets of one payload unless told; the protocol knows no
# such limit.
engineio.payload.Payload.max_decode_packets = 1000


def run(main):
    """Runs a script to an end that comes: clients keep threads that would outlive a failure."""
    faulthandler.dump_traceback_later(90, exit=True)
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


class Inbox:
    """What a client's handlers were given, in order."""

    def __init__(self):
        self.queue = queue.Queue()

    def put(self, *what):
        self.queue.put(what)

    def next(self, within=LONGEST):
        try:
            return self.queue.get(timeout=within)
        except queue.Empty:
            raise TimeoutError(f"nothing came in {within} seconds") from None

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

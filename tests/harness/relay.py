"""A TCP relay that a test cuts: what a bad network between a server and its Spark does.

    with Relay("127.0.0.1:15002") as relay:
        connect to relay.address
        relay.cut_after(5_000_000)      # once so many further bytes came from the target, all connections are reset
        relay.cut(); relay.refuse(); relay.accept()

Bytes pass unchanged; a thread for each direction of each connection, ended with the relay.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

CHUNK = 64 * 1024


class Relay:
    def __init__(self, target):
        host, _, port = target.rpartition(":")
        self.target = (host, int(port))
        self.listener = None
        self.port = 0
        self.lock = threading.Lock()
        self.pairs = []
        self.accepted = 0
        self.cuts = 0
        self.from_target = 0
        self.budget = None
        self.bytes_a_second = None
        self.accept()
        self.address = f"127.0.0.1:{self.port}"

    def cut(self):
        """Resets every connection that is open now; new ones are taken."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
            self.budget = None
            self.cuts += bool(pairs)
        for pair in pairs:
            for side in pair:
                _reset(side)

    def cut_after(self, count):
        with self.lock:
            self.budget = count

    def throttle(self, bytes_a_second):
        self.bytes_a_second = bytes_a_second

    def refuse(self):
        """From now on nobody listens here: new connections are refused."""
        if self.listener is not None:
            # Closing alone does not wake a thread that waits in accept().
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def accept(self):
        """Listens, at the same address as before."""
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
            self.port = self.listener.getsockname()[1]
            threading.Thread(target=self._listen, args=(self.listener,), daemon=True).start()

    def _listen(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, 10)
                far.settimeout(None)
            except OSError:
                _reset(near)
                continue
            with self.lock:
                self.accepted += 1
                self.pairs.append((near, far))
            threading.Thread(target=self._copy, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, True), daemon=True).start()

    def _copy(self, source, sink, counts):
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if counts and self._spend(len(data)):
                    self.cut()
                    return
                sink.sendall(data)
                if counts and self.bytes_a_second:
                    time.sleep(len(data) / self.bytes_a_second)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _spend(self, count):
        """Whether the bytes that may still pass are used up."""
        with self.lock:
            self.from_target += count
            if self.budget is None:
                return False
            self.budget -= count
            return self.budget < 0

    def close(self):
        self.refuse()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _reset(side):
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()

"""The Unix socket on which the server talks to the interpreter: one thread, one connection, frames of JSON.

The thread knows frames, not what they mean: it hands each request to `receive` and sends what it is given. It never ends on
its own; whatever goes wrong with a connection ends that connection only. When no server was attached for too long, it ends
the process and everything that the process started.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import traceback

MAX_FRAME = 256 * 1024 * 1024
READ_SIZE = 1024 * 1024
LAST_WORDS_SECONDS = 2.0

_HEAD = struct.Struct(">I")


class FrameTooLarge(Exception):
    """A message does not fit into a frame."""


def encode(message):
    """A message as a frame. Half surrogates, which no JSON reader takes, become question marks."""
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(body) > MAX_FRAME:
        raise FrameTooLarge(f"an answer of {len(body)} bytes is over the {MAX_FRAME} bytes of a frame")
    return _HEAD.pack(len(body)) + body


class Connection:
    """One server at the other end: what came of a frame, and what is still to be sent."""

    def __init__(self, peer):
        self.peer = peer
        self.attached = False
        self.closing = False
        self._incoming = bytearray()
        self._outgoing = collections.deque()

    def read(self):
        """The requests that have come in whole; `None` at the end of the connection."""
        try:
            data = self.peer.recv(READ_SIZE)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        self._incoming += data
        return self._frames()

    def _frames(self):
        requests = []
        while len(self._incoming) >= _HEAD.size and not self.closing:
            (length,) = _HEAD.unpack_from(self._incoming)
            if length > MAX_FRAME:
                return None
            end = _HEAD.size + length
            if len(self._incoming) < end:
                break
            body = bytes(self._incoming[_HEAD.size : end])
            del self._incoming[:end]
            requests.append(self._request(body))
        return [request for request in requests if request is not None]

    def _request(self, body):
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            return self.refuse(None, "a request must be JSON")
        number = request.get("id") if isinstance(request, dict) else None
        if type(number) is not int or not isinstance(request.get("op"), str):
            return self.refuse(None, "a request must be an object with a number `id` and a text `op`")
        return request

    def refuse(self, number, reason):
        """Says what was wrong, after which the connection ends: nothing that follows can be trusted."""
        self.queue(encode({"id": number, "refused": reason}))
        self.closing = True

    def queue(self, frame):
        self._outgoing.append(memoryview(frame))

    @property
    def has_outgoing(self):
        return bool(self._outgoing)

    def write(self):
        """Sends what the socket takes; false when the other end is gone."""
        try:
            while self._outgoing:
                first = self._outgoing[0]
                sent = self.peer.send(first)
                if sent == len(first):
                    self._outgoing.popleft()
                else:
                    self._outgoing[0] = first[sent:]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True


class Channel(threading.Thread):
    """Listens, reads and writes. `receive(request)` runs on this thread and must not wait for anything.

    `attach(request)` answers the first request of a connection: the answer, and the frames to send after it, or no frames
    to refuse the connection.
    """

    def __init__(self, path, receive, attach, orphan_seconds):
        super().__init__(name="channel", daemon=True)
        self._receive = receive
        self._attach = attach
        self._orphan_seconds = orphan_seconds
        self._alone_since = time.monotonic()
        self._connection = None
        self._exit = None
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(path)
        self._woken, self._waker = socket.socketpair()
        for one in (self._listener, self._woken, self._waker):
            one.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain)
        os.register_at_fork(after_in_child=self._forget)

    def send(self, frame):
        """Sends a frame, from any thread, when a server is attached; otherwise forgets it."""
        with self._lock:
            if self._connection is not None and self._connection.attached:
                self._connection.queue(frame)
        self._wake()

    def exit(self, code):
        """Ends the process as soon as what is to be sent was sent."""
        with self._lock:
            self._exit = (code, time.monotonic() + LAST_WORDS_SECONDS)
        self._wake()

    def run(self):
        while True:
            try:
                self._turn()
            except Exception:  # nothing that a connection does may end this thread
                traceback.print_exc(file=sys.__stderr__)
                self._drop()

    def _turn(self):
        for key, events in self._selector.select(self._patience()):
            key.data(events)
        with self._lock:
            self._flush()
            if self._exit and (self._connection is None or not self._connection.has_outgoing):
                _leave(self._exit[0])
            if self._exit and time.monotonic() > self._exit[1]:
                _leave(self._exit[0])
        if self._orphaned():
            _end_with_children()

    def _patience(self):
        if self._exit:
            return 0.05
        if self._connection is not None and self._connection.attached:
            return None
        return max(0.01, self._alone_since + self._orphan_seconds - time.monotonic())

    def _orphaned(self):
        attached = self._connection is not None and self._connection.attached
        return not attached and time.monotonic() - self._alone_since >= self._orphan_seconds

    def _accept(self, _events):
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        peer.setblocking(False)
        self._drop()
        with self._lock:
            self._connection = Connection(peer)
            self._selector.register(peer, selectors.EVENT_READ, self._converse)

    def _converse(self, events):
        connection = self._connection
        if events & selectors.EVENT_WRITE:
            self._flush()
        if connection is None or connection is not self._connection or not events & selectors.EVENT_READ:
            return
        requests = connection.read()
        if requests is None:
            self._drop()
            return
        for request in requests:
            if connection.attached:
                self._receive(request)
            else:
                self._meet(connection, request)

    def _meet(self, connection, request):
        with self._lock:
            answer, frames = self._attach(request)
            if frames is None:
                connection.refuse(request["id"], answer)
                return
            connection.queue(encode(answer))
            for frame in frames:
                connection.queue(frame)
            connection.attached = True

    def _flush(self):
        with self._lock:
            connection = self._connection
            if connection is None:
                return
            if not connection.write() or (connection.closing and not connection.has_outgoing):
                self._drop()
                return
            write = selectors.EVENT_WRITE if connection.has_outgoing else 0
            read = 0 if connection.closing else selectors.EVENT_READ
            self._selector.modify(connection.peer, read | write, self._converse)

    def _drop(self):
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            if connection.attached:
                self._alone_since = time.monotonic()
            self._selector.unregister(connection.peer)
            connection.peer.close()

    def _wake(self):
        with contextlib.suppress(OSError):  # full: it wakes anyway
            self._waker.send(b"\0")

    def _drain(self, _events):
        with contextlib.suppress(OSError):
            self._woken.recv(4096)

    def _forget(self):
        """In a child that was forked: the connection is the parent's, and must end when the parent ends."""
        for one in (self._listener, self._woken, self._waker):
            one.close()
        if self._connection is not None:
            self._connection.peer.close()


def _listen(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(8)
    return listener


def _leave(code):
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _end_with_children():
    print("no server was connected for too long: ending", file=sys.__stderr__, flush=True)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

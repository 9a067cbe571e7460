"""Ctrl-C for exactly one request.

The handler of SIGINT raises `KeyboardInterrupt` only while the request that was asked to stop runs; at all other times the
signal does nothing. All decisions fall on the main thread, where the handler runs; other threads only say which request is
meant, and knock until that was heard.

There are moments when it must not be heard: gRPC, `threading` and `logging` take locks in Python code, and an exception just
then would leave a lock taken for ever, and with it the Spark session dead. There the handler waits for the next knock,
unless the code has stayed in one place since the last one: then it waits for something itself, and that may be interrupted.
"""

from __future__ import annotations

import os
import signal
import threading
import time

KNOCK_SECONDS = 0.005
KNOCKS_PER_GROUP = 40
STAYED_SECONDS = 0.015
LOCKING = ("threading", "logging")


class Interrupts:
    def __init__(self):
        self._main = threading.main_thread().ident
        self._wanted = None
        self._armed = None
        self._seen = None
        self.heard = False
        self.install()
        os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))

    def install(self):
        """Takes the signal again, in case that user code took it."""
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _signal, frame):
        if self._armed is not None and self._wanted == self._armed and self._may_raise(frame):
            self._raise()

    def _raise(self):
        self._wanted = None
        self.heard = True
        raise KeyboardInterrupt

    def _may_raise(self, frame):
        if not _takes_locks(frame):
            return True
        now = time.monotonic()
        if self._seen and self._seen[0] is frame and self._seen[1] == frame.f_lasti:
            return now - self._seen[2] >= STAYED_SECONDS
        self._seen = (frame, frame.f_lasti, now)
        return False

    def run(self, number, work):
        """`work()`, which an interrupt of this request ends with `KeyboardInterrupt`."""
        self.install()
        self.heard = False
        try:
            try:
                self._armed = number
                if self._wanted == number:
                    self._raise()
                return work()
            finally:
                self._armed = self._seen = None
        except KeyboardInterrupt:
            self._armed = self._seen = None  # it may have come just before the line above
            raise

    def interrupt(self, number):
        """Interrupts this request, from another thread. The request must be the current one of the main thread."""
        self._wanted = number
        threading.Thread(target=self._knock, args=(number,), name="interrupt", daemon=True).start()

    def forget(self, number):
        """The request has ended: an interrupt that was not heard by now is for nobody."""
        if self._wanted == number:
            self._wanted = None

    def _knock(self, number):
        knocks = 0
        while self._wanted == number:
            if knocks % KNOCKS_PER_GROUP == 0 and os.getpgrp() == os.getpid():
                os.killpg(os.getpgrp(), signal.SIGINT)  # as a terminal does: programs that the code waits for hear it too
            signal.pthread_kill(self._main, signal.SIGINT)
            knocks += 1
            time.sleep(KNOCK_SECONDS)


def _takes_locks(frame):
    if _package(frame) in LOCKING:
        return True
    while frame is not None:
        if _package(frame) == "grpc":
            return True
        frame = frame.f_back
    return False


def _package(frame):
    return str(frame.f_globals.get("__name__")).partition(".")[0]

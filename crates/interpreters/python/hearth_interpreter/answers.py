"""The answers that the server has not acknowledged, and which requests were seen.

An answer is kept as its frame until `ack`, because the server may be restarted while code runs. What all of them hold
together is bounded: when it grows too large, the oldest give way to an error that says so.
"""

from __future__ import annotations

import threading

from .channel import MAX_FRAME, FrameTooLarge, encode
from .outputs import failure

KEPT = ("execute", "job", "application")
MAX_KEPT = MAX_FRAME


def as_failure(op, ename, evalue):
    """An error in the shape that answers to this operation have."""
    if op == "job":
        return {"error": f"{ename}: {evalue}"}
    if op == "application":
        return {"exit": 130 if ename == "KeyboardInterrupt" else 1}
    return failure(ename, evalue)


class Answers:
    def __init__(self, max_kept=MAX_KEPT):
        self._max_kept = max_kept
        self._lock = threading.Lock()
        self._seen = set()
        self._frames = {}
        self._ops = {}
        self._size = 0

    def begin(self, number):
        """False when this request was seen before."""
        with self._lock:
            if number in self._seen:
                return False
            self._seen.add(number)
            return True

    def keep(self, number, op, ok):
        """Keeps an answer; its frame."""
        try:
            frame = encode({"id": number, "ok": ok})
        except FrameTooLarge as error:
            frame = encode({"id": number, "ok": as_failure(op, "OutputLimit", str(error))})
        with self._lock:
            self._frames[number] = frame
            self._ops[number] = op
            self._size += len(frame)
            self._shrink(number)
        return frame

    def _shrink(self, newest):
        for number in list(self._frames):
            if self._size <= self._max_kept:
                return
            if number != newest:
                reason = "the answer was given up, because too many wait for the server to take them"
                self._replace(number, encode({"id": number, "ok": as_failure(self._ops[number], "OutputLimit", reason)}))

    def _replace(self, number, frame):
        self._size += len(frame) - len(self._frames[number])
        self._frames[number] = frame

    def frame(self, number):
        with self._lock:
            return self._frames.get(number)

    def acknowledge(self, number):
        with self._lock:
            self._size -= len(self._frames.pop(number, b""))
            return self._ops.pop(number, None)

    def kept(self):
        with self._lock:
            return list(self._frames.values())

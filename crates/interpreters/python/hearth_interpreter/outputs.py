"""What code prints and what a cell answers, within limits.

`sys.stdout` and `sys.stderr` stay the same objects for the life of the process (logging handlers and the like hold on to
them). While a cell runs, what is written to them is collected; at all other times, and for everything that is written below
Python (subprocesses, C code), it goes to the process's real output, which is the session's log.
"""

from __future__ import annotations

import io
import os
import sys
import threading

DEFAULT_MAX_OUTPUT = 1024 * 1024
SETTING = "interpreter.max_output"


def success(data):
    return {"status": "ok", "data": data}


def failure(ename, evalue, traceback=()):
    return {"status": "error", "ename": ename, "evalue": evalue, "traceback": list(traceback)}


def cut(text, limit):
    """The text within so many bytes; a last line says that something is missing."""
    if len(text) <= limit // 4:
        return text
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return text
    return raw[:limit].decode("utf-8", "ignore") + f"\n… (output cut at {limit} bytes: {SETTING})"


class Sink(io.RawIOBase):
    """Where a stream of Python ends: a file descriptor, or the collection of the cell that runs."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._kept = None
        self._room = 0
        os.register_at_fork(after_in_child=self._after_fork)

    def writable(self):
        return True

    def fileno(self):
        return self._descriptor

    def close(self):
        """Nothing: `sys.stdout.close()` in one cell must not break the next."""

    def write(self, data):
        data = memoryview(data).cast("B")
        with self._lock:
            if self._kept is None:
                self._pass_on(data)
            elif self._room > 0:
                self._kept += data[: self._room]
                self._room -= len(data)
        return len(data)

    def collect(self, limit):
        with self._lock:
            self._kept = bytearray()
            self._room = limit + 1  # one more, so that a cut is seen

    def release(self):
        """Ends the collection; the bytes that were collected."""
        with self._lock:
            kept, self._kept = self._kept, None
        return kept or bytearray()

    def _pass_on(self, data):
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except OSError:
                return  # the log cannot be written; that must not fail the user's program

    def _after_fork(self):
        self._lock = threading.Lock()
        self._kept = None


class Outputs:
    """The two streams of the process, and the limit of one output."""

    def __init__(self):
        self.max_output = DEFAULT_MAX_OUTPUT
        self._out, self._err = Sink(1), Sink(2)
        sys.stdout = self._text(self._out)
        sys.stderr = self._text(self._err)
        sys.stdin = _NoInput()

    @staticmethod
    def _text(sink):
        return io.TextIOWrapper(sink, encoding="utf-8", errors="backslashreplace", newline="", write_through=True)

    def collect(self):
        self._out.collect(self.max_output)
        self._err.collect(self.max_output)

    def text(self):
        """What was printed since `collect`: all of the output, then all of the errors."""
        out, err = self._out.release(), self._err.release()
        return cut((out + err).decode("utf-8", "replace").rstrip(), self.max_output)

    def to_log(self):
        """Gives what was printed since `collect` to the session's log instead."""
        for sink in (self._out, self._err):
            printed = sink.release()
            if len(printed) > self.max_output:
                printed = cut(printed.decode("utf-8", "replace"), self.max_output).encode() + b"\n"
            if printed:
                sink.write(printed)


class _NoInput(io.TextIOWrapper):
    """Standard input that is always at its end, and that `exit()` cannot close."""

    def __init__(self):
        super().__init__(open(os.devnull, "rb"), encoding="utf-8")

    def close(self):
        pass

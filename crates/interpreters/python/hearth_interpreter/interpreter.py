"""What the interpreter does with each request: `PROTOCOL.md` says which there are.

`attach`, `cancel`, `ack`, `stop` and `complete` are answered on the channel's thread at once; all others wait for their turn
on the main thread.
"""

from __future__ import annotations

import collections
import contextlib
import faulthandler
import os
import platform
import sys
import threading
import types

from . import application, cells, completion, files, jobs
from .answers import KEPT, Answers, as_failure
from .channel import Channel, encode
from .interrupts import Interrupts
from .outputs import Outputs
from .spark import Spark

PROTOCOL = 1
SOCKET = "control.sock"
DEFAULT_ORPHAN_TIMEOUT = 600.0


class Refused(Exception):
    """The request itself is wrong."""


def field(request, name, kind, default=None):
    """A field of a request, of the type it must have. Without a default it must be there."""
    value = request.get(name, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refused(f"`{name}` is missing or of the wrong type")
    return value


def texts(request, name):
    values = field(request, name, list, [])
    if not all(isinstance(value, str) for value in values):
        raise Refused(f"`{name}` must be a list of texts")
    return values


class Interpreter:
    def __init__(self, orphan_seconds):
        self._pid = os.getpid()
        self._outputs = Outputs()
        self._interrupts = Interrupts()
        self._answers = Answers()
        self._spark = Spark()
        self._main = types.ModuleType("__main__")
        self._namespace = self._main.__dict__
        self._namespace["__builtins__"] = __builtins__
        self._context = jobs.JobContext(self._namespace)
        self._bound = False
        self._exit_after = {}
        self._turn = threading.Condition()
        self._waiting = collections.deque()
        self._current = None
        self._channel = Channel(SOCKET, self._receive, self._attach, orphan_seconds)

    def run(self):
        """Serves until the process is told to end."""
        self._channel.start()
        self._spark.warm()
        sys.modules["__main__"] = self._main
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # heard too late for what it was meant for
                self._answer(self._next())

    # The channel's thread

    def _attach(self, request):
        if request["op"] != "attach":
            return "the first request must be `attach`", None
        if request.get("protocol") != PROTOCOL:
            return f"protocol {request.get('protocol')!r} is not spoken here: {PROTOCOL} is", None
        current = self._current
        hello = {
            "language": "python",
            "version": platform.python_version(),
            "pid": os.getpid(),
            "bound": self._bound,
            "running": current["id"] if current else None,
        }
        return {"id": request["id"], "ok": hello}, self._answers.kept()

    def _receive(self, request):
        op = request["op"]
        try:
            if op in self.AT_ONCE:
                ok = self.AT_ONCE[op](self, request)
                if ok is not None:
                    self._send(request, {"ok": ok})
            elif op in self.IN_TURN:
                self._enqueue(request)
            else:
                raise Refused(f"`{op}` is no operation, or not at this point")
        except Refused as error:
            self._send(request, {"refused": str(error)})
        except Exception as error:  # an error of ours is no reason to leave the server waiting
            self._send(request, {"refused": f"{type(error).__name__}: {error}"})

    def _enqueue(self, request):
        number, op = request["id"], request["op"]
        if op in KEPT and not self._answers.begin(number):
            frame = self._answers.frame(number)
            if frame is not None:
                self._channel.send(frame)
            elif not self._is_pending(number):
                raise Refused(f"request {number} was answered, and the answer was acknowledged")
            return
        if op == "bind":
            # A second `bind` means that the first server is no more: what runs now must not wait for it.
            self._spark.move(field(request, "remote", str))
        with self._turn:
            self._waiting.append(request)
            self._turn.notify()

    def _is_pending(self, number):
        with self._turn:
            pending = [*self._waiting, *([self._current] if self._current else [])]
        return any(one["id"] == number for one in pending)

    def _cancel(self, request):
        target = field(request, "target", int)
        with self._turn:
            for waiting in self._waiting:
                if waiting["id"] == target:
                    self._waiting.remove(waiting)
                    self._deliver(waiting, *self._cancelled(waiting["op"]))
                    return {}
            if self._current and self._current["id"] == target:
                self._interrupts.interrupt(target)
        return {}

    def _acknowledge(self, request):
        target = field(request, "target", int)
        if self._answers.acknowledge(target) == "application":
            self._channel.exit(self._exit_after.pop(target, 0))

    def _stop(self, _request):
        self._channel.exit(0)
        return {}

    def _complete(self, request):
        code, cursor = field(request, "code", str), field(request, "cursor", int)
        return {"candidates": completion.candidates(code, cursor, self._namespace)}

    AT_ONCE = {"cancel": _cancel, "ack": _acknowledge, "stop": _stop, "complete": _complete}

    # The main thread

    def _next(self):
        with self._turn:
            while not self._waiting:
                self._turn.wait()
            self._current = self._waiting.popleft()
            return self._current

    def _answer(self, request):
        number, op = request["id"], request["op"]
        ok = refused = None
        try:
            ok = self._interrupts.run(number, lambda: self.IN_TURN[op](self, request))
        except KeyboardInterrupt:
            ok, refused = self._cancelled(op)
        except Refused as error:
            refused = str(error)
        except Exception as error:
            refused = f"{op} failed: {type(error).__name__}: {error}"
        if os.getpid() != self._pid:
            os._exit(0)  # a child that the code forked has come to the end of the code
        with self._turn:
            self._current = None
            self._interrupts.forget(number)
        self._deliver(request, ok, refused)

    @staticmethod
    def _cancelled(op):
        """What a cancelled request is answered with: an output, or a refusal where there is none."""
        return (as_failure(op, "KeyboardInterrupt", ""), None) if op in KEPT else (None, "cancelled")

    def _deliver(self, request, ok, refused):
        """Sends an answer, and keeps it where answers are kept."""
        number, op = request["id"], request["op"]
        if refused is not None:
            self._send(request, {"refused": refused})
            return
        if op == "application":
            self._exit_after[number] = ok["exit"]
        if op in KEPT:
            self._channel.send(self._answers.keep(number, op, ok))
        else:
            self._send(request, {"ok": ok})

    def _send(self, request, answer):
        self._channel.send(encode({"id": request["id"], **answer}))

    def _bind(self, request):
        remote, name = field(request, "remote", str), field(request, "name", str, "")
        conf = field(request, "conf", dict, {})
        given = [(kind, path) for kind in ("pyfile", "file", "archive", "jar") for path in texts(request, FIELDS[kind])]
        self._outputs.max_output = field(request, "max_output", int, self._outputs.max_output)
        self._spark.bind(remote, name, {key: str(value) for key, value in conf.items()})
        if not self._bound:
            for kind, path in given:
                files.add(kind, path)
            self._namespace.update(self._spark.names())
            self._bound = True
        return {}

    def _execute(self, request):
        code = field(request, "code", str)
        return self._on_spark(lambda: cells.run(code, self._namespace, self._outputs))

    def _job(self, request):
        job = field(request, "job", str)
        return self._on_spark(lambda: jobs.run(job, self._context))

    def _application(self, request):
        path, arguments = field(request, "file", str), texts(request, "args")
        return self._on_spark(lambda: {"exit": application.run(path, arguments)})

    def _on_spark(self, work):
        """Runs user code, and leaves nothing of it running at the server when it was interrupted."""
        self._spark.begin_cell()
        try:
            return work()
        finally:
            self._spark.end_cell(self._interrupts.heard)

    def _add(self, request):
        kind, path = field(request, "kind", str), field(request, "path", str)
        if kind not in FIELDS:
            raise Refused(f"`{kind}` is no kind of file")
        files.add(kind, path, field(request, "name", str, "") or None)
        return {}

    IN_TURN = {"bind": _bind, "execute": _execute, "job": _job, "application": _application, "add": _add}


FIELDS = {"pyfile": "py_files", "file": "files", "archive": "archives", "jar": "jars"}


def main():
    faulthandler.enable()
    os.environ.setdefault("MPLBACKEND", "Agg")
    orphan_seconds = float(os.environ.get("HEARTH_ORPHAN_TIMEOUT") or DEFAULT_ORPHAN_TIMEOUT)
    interpreter = Interpreter(orphan_seconds)
    os.chdir(files.home())
    sys.path[0] = files.home()
    sys.argv = [""]
    interpreter.run()

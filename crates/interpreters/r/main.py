"""The R interpreter: this process speaks the protocol, a child process of it runs R.

R cannot listen to a socket while it computes, and it holds the lock of the Python it embeds. So the channel, the
answers that are kept, the orphan timer and interrupts are here, with the modules of the Python interpreter; R
(`main.R`) answers one request after the other over a socket pair. R's standard output is a pipe to this process, which
is how the output of a request is bounded and told from what comes at other times.
"""

from __future__ import annotations

import collections
import ctypes
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from hearth_interpreter import files
from hearth_interpreter.answers import KEPT, Answers, as_failure
from hearth_interpreter.channel import Channel, encode
from hearth_interpreter.outputs import DEFAULT_MAX_OUTPUT, SETTING, cut, failure, success

HERE = pathlib.Path(__file__).resolve().parent
PROTOCOL = 1
KNOCK_SECONDS = 0.2
FIELDS = {"pyfile": "py_files", "file": "files", "archive": "archives", "jar": "jars"}
QUEUED = ("bind", "execute", "complete", "job", "application", "add")
INSTALL = "apt-get install --no-install-recommends r-base-core r-cran-reticulate libpython3.11"


class Ended(Exception):
    """The R process is gone."""


class Output:
    """What R and its children print: to the log, or collected while a request runs."""

    def __init__(self, descriptor):
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._kept = None
        self._room = 0
        self.log = 2  # until R is ready, what it prints says why it is not
        threading.Thread(target=self._pump, name="output", daemon=True).start()

    def collect(self, limit):
        with self._lock:
            self._read()
            self._kept, self._room = bytearray(), limit + 1  # one more, so that a cut is seen

    def release(self):
        """Ends the collection: what was printed up to now."""
        with self._lock:
            self._read()
            kept, self._kept = self._kept, None
        return (kept or bytearray()).decode("utf-8", "replace")

    def write(self, text):
        if text:
            with self._lock:
                self._pass_on(text.encode("utf-8", "replace"))

    def _pump(self):
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        while waiting.poll():
            with self._lock:
                if not self._read():
                    return

    def _read(self):
        """Takes what is there; false at the end."""
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            if self._kept is None:
                self._pass_on(data)
            elif self._room > 0:
                self._kept += data[: self._room]
                self._room -= len(data)

    def _pass_on(self, data):
        while data:
            try:
                data = data[os.write(self.log, data) :]
            except OSError:
                return  # the log cannot be written; that must not stop R


class RProcess:
    """R as a child: requests one at a time, and interrupts of the one that runs."""

    def __init__(self):
        program = shutil.which("R")
        if program is None:
            raise Ended(f"there is no R on the PATH; on Debian: {INSTALL}")
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        environment = dict(os.environ, HEARTH_R_CHANNEL=str(theirs.fileno()))
        environment["RETICULATE_PYTHON"] = environment.get("RETICULATE_PYTHON") or sys.executable
        if "utf" not in (environment.get("LC_ALL") or environment.get("LANG") or "").lower():
            environment["LC_ALL"] = "C.UTF-8"
        self._socket = ours
        self._process = subprocess.Popen(
            [program, "--no-echo", "--no-restore", "--vanilla", f"--file={HERE / 'main.R'}"],
            stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, env=environment,
            cwd=os.environ.get("HOME") or None, pass_fds=[theirs.fileno()])
        theirs.close()
        os.close(writing)
        self.output = Output(reading)
        self.version = self._receive()["version"]
        self.output.log = 1

    def ask(self, request):
        body = json.dumps(request).encode()
        try:
            self._socket.sendall(struct.pack(">I", len(body)) + body)
        except OSError as error:
            raise Ended(self._end()) from error
        return self._receive()

    def interrupt(self):
        """Ctrl-C: to R's own thread, and to the programs that R's code waits for."""
        pid = self._process.pid
        if self._process.poll() is None:
            tgkill = getattr(ctypes.CDLL(None), "tgkill", None)
            tgkill(pid, pid, signal.SIGINT) if tgkill else os.kill(pid, signal.SIGINT)
        for child in _descendants(pid):
            try:
                os.kill(child, signal.SIGINT)
            except OSError:
                pass

    def _receive(self):
        head = self._read(4)
        return json.loads(self._read(struct.unpack(">I", head)[0]))

    def _read(self, size):
        parts = []
        while size:
            try:
                part = self._socket.recv(min(size, 1 << 20))
            except OSError:
                part = b""
            if not part:
                raise Ended(self._end())
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _end(self):
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return f"R ended with signal {-code}" if code < 0 else f"R ended with exit code {code}"


def _descendants(pid):
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
                parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
            except (OSError, ValueError, IndexError):
                continue
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


class Interpreter:
    """Takes requests on the channel's thread and runs them, one after the other, on the main thread."""

    def __init__(self, r):
        self._r = r
        self._answers = Answers()
        self._queue = collections.deque()
        self._lock = threading.Condition(threading.RLock())
        self._cancelled = set()
        self._running = None
        self._bound = False
        self._max_output = DEFAULT_MAX_OUTPUT
        self._channel = Channel("control.sock", self._receive, self._attach,
                                float(os.environ.get("HEARTH_ORPHAN_TIMEOUT") or 600))

    def run(self):
        self._channel.start()
        while True:
            with self._lock:
                while not self._queue:
                    self._lock.wait()
                request = self._queue.popleft()
                self._running = request["id"]
            answer = self._answer(request)
            with self._lock:
                self._running = None
                self._cancelled.discard(request["id"])
                self._deliver(request, answer)

    # -- on the channel's thread

    def _attach(self, request):
        if request["op"] != "attach" or request.get("protocol") != PROTOCOL:
            return f"the first request must be `attach` with protocol {PROTOCOL}", None
        with self._lock:
            about = {"language": "r", "version": self._r.version, "pid": os.getpid(), "bound": self._bound,
                     "running": self._running}
            return {"id": request["id"], "ok": about}, self._answers.kept()

    def _receive(self, request):
        try:
            self._take(request)
        except Exception as error:  # an error of ours is no reason to leave the server waiting
            self._channel.send(encode({"id": request["id"], "refused": f"{type(error).__name__}: {error}"}))

    def _take(self, request):
        number, op = request["id"], request["op"]
        if op == "cancel":
            self._cancel(request.get("target"))
            self._channel.send(encode({"id": number, "ok": {}}))
        elif op == "ack":
            self._answers.acknowledge(request.get("target"))
        elif op == "stop":
            self._channel.send(encode({"id": number, "ok": {}}))
            self._channel.exit(0)
        elif op not in QUEUED:
            self._channel.send(encode({"id": number, "refused": f"unknown op {op}"}))
        elif op not in KEPT or self._answers.begin(number):
            with self._lock:
                self._queue.append(request)
                self._lock.notify_all()
        else:
            self._again(number)

    def _again(self, number):
        """A request that was seen before is not run again."""
        frame = self._answers.frame(number)
        if frame is not None:
            self._channel.send(frame)
            return
        with self._lock:
            pending = self._running == number or any(one["id"] == number for one in self._queue)
        if not pending:
            self._channel.send(encode({"id": number, "refused": f"request {number} was answered and acknowledged"}))

    def _cancel(self, target):
        with self._lock:
            waiting = next((one for one in self._queue if one["id"] == target), None)
            if waiting is not None:
                self._queue.remove(waiting)
                self._deliver(waiting, {"ok": _cancelled(waiting["op"])})
            elif target == self._running and target not in self._cancelled:
                self._cancelled.add(target)
                threading.Thread(target=self._knock, args=(target,), name="interrupt", daemon=True).start()

    def _knock(self, target):
        """Again and again, because code may swallow an interrupt."""
        while True:
            with self._lock:
                if self._running != target:
                    return
                self._r.interrupt()
            time.sleep(KNOCK_SECONDS)

    # -- on the main thread

    def _answer(self, request):
        op = request["op"]
        try:
            if op == "bind":
                return self._bind(request)
            if op == "execute":
                return {"ok": self._execute(request)}
            if op == "complete":
                return {"ok": self._r.ask(_only(request, "id", "op", "code", "cursor"))}
            if op == "add":
                files.add(request["kind"], request["path"], request.get("name"))
                return {"ok": {}}
        except (KeyError, OSError, TypeError, ValueError) as error:
            return {"refused": f"{type(error).__name__}: {error}"}
        return {"refused": f"R does not run {op}s"}

    def _bind(self, request):
        self._max_output = request.get("max_output") or DEFAULT_MAX_OUTPUT
        answer = self._r.ask(_only(request, "id", "op", "remote", "name", "conf"))
        if "refused" in answer:
            return {"refused": answer["refused"]}
        if not self._bound:
            for kind, field in FIELDS.items():
                for path in request.get(field) or []:
                    files.add(kind, path)
            self._bound = True
        return {"ok": {}}

    def _execute(self, request):
        self._r.output.collect(self._max_output)
        try:
            answer = self._r.ask(_only(request, "id", "op", "code"))
        except Ended:
            self._r.output.write(self._r.output.release())
            raise
        text = self._r.output.release()
        with self._lock:
            if request["id"] in self._cancelled:  # also where code made something else of the interrupt
                answer = _cancelled("execute")
        if answer.get("status") != "ok":
            self._r.output.write(cut(text, self._max_output))
            evalue = str(answer.get("evalue", answer.get("refused")))
            return failure(answer.get("ename", "Error"), cut(evalue, self._max_output))
        image = answer.get("image")
        if image is None:
            return success({"text/plain": cut(text.rstrip(), self._max_output)})
        if len(image) > self._max_output:
            return failure("OutputLimit", f"an image of {len(image)} bytes is over {self._max_output} bytes: {SETTING}")
        return success({"text/plain": cut(text.rstrip(), self._max_output), "image/png": image})

    def _deliver(self, request, answer):
        if request["op"] in KEPT and "ok" in answer:
            self._channel.send(self._answers.keep(request["id"], request["op"], answer["ok"]))
        else:
            self._channel.send(encode({"id": request["id"], **answer}))


def _cancelled(op):
    return as_failure(op, "Interrupted", "the statement was cancelled")


def _only(request, *names):
    return {name: request[name] for name in names if name in request}


def main():
    # A handler instead of SIG_IGN, which R and everything below would inherit.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        Interpreter(RProcess()).run()
    except Ended as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)


main()

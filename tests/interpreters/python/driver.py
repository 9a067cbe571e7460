"""A server of one interpreter: starts the Python program in a private folder and speaks frames with it.

No Hearth takes part; `PROTOCOL.md` of the interpreters says what is spoken.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[3] / "crates" / "interpreters" / "python" / "hearth_interpreter"
SECONDS = 20


class Ended(Exception):
    """The interpreter closed the connection."""


class Interpreter:
    """One process, and the connection to it."""

    def __init__(self, orphan_timeout=60, environment=None, command=(str(PROGRAM),)):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-py-"))
        self.home = self.folder / "home"
        self.home.mkdir()
        (self.folder / "tmp").mkdir()
        self._next = 0
        self.peer = None
        with open(self.folder / "stdout.log", "ab") as out, open(self.folder / "stderr.log", "ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-u", *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={
                    "PATH": os.environ["PATH"],
                    "LANG": "C",
                    "HOME": str(self.home),
                    "TMPDIR": str(self.folder / "tmp"),
                    "HEARTH_INTERPRETER_ID": str(uuid.uuid4()),
                    "HEARTH_ORPHAN_TIMEOUT": str(orphan_timeout),
                    **(environment or {}),
                },
            )
        self.hello = self.connect()

    def connect(self):
        """Connects (again) and attaches; what the interpreter says of itself."""
        self.dial()
        return self.ok("attach", protocol=1)

    def dial(self):
        deadline = time.monotonic() + SECONDS
        while True:
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(SECONDS)
            try:
                peer.connect(str(self.folder / "control.sock"))
            except OSError:
                peer.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(f"the interpreter did not start\n{self.log('stderr')}") from None
                time.sleep(0.005)
                continue
            self.peer = peer
            return

    def hang_up(self):
        self.peer.close()

    def send(self, op, **fields):
        """Sends a request; its id."""
        self._next = fields.pop("id", self._next + 1)
        self.raw(json.dumps({"id": self._next, "op": op, **fields}).encode())
        return self._next

    def raw(self, body, length=None):
        self.peer.sendall(struct.pack(">I", len(body) if length is None else length) + body)

    def receive(self):
        """The next answer, whatever it answers."""
        (length,) = struct.unpack(">I", self._exactly(4))
        return json.loads(self._exactly(length))

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                more = self.peer.recv(count - len(data))
            except ConnectionError:
                more = b""
            if not more:
                raise Ended
            data += more
        return bytes(data)

    def answer(self, number):
        """The answer to this request; others before it are passed over."""
        while True:
            message = self.receive()
            if message["id"] == number:
                return message

    def call(self, op, **fields):
        return self.answer(self.send(op, **fields))

    def ok(self, op, **fields):
        answer = self.call(op, **fields)
        assert "ok" in answer, answer
        return answer["ok"]

    def run(self, code):
        """The output of a cell, acknowledged as the server does."""
        number = self.send("execute", code=code)
        output = self.answer(number)["ok"]
        self.send("ack", target=number)
        return output

    def text(self, code):
        output = self.run(code)
        assert output["status"] == "ok", output
        return output["data"]["text/plain"]

    def error(self, code):
        output = self.run(code)
        assert output["status"] == "error", output
        return output["ename"], output["evalue"]

    def cancel_soon(self, number, after=0.15):
        """Cancels a request that runs; its answer, and how long that took."""
        time.sleep(after)
        started = time.monotonic()
        self.send("cancel", target=number)
        return self.answer(number)["ok"], time.monotonic() - started

    def bind(self, remote, **fields):
        empty = {"py_files": [], "files": [], "archives": [], "jars": []}
        return self.ok("bind", **{"remote": remote, "name": "test", "conf": {}, "max_output": 1_000_000, **empty, **fields})

    def log(self, which="stdout"):
        return (self.folder / f"{which}.log").read_text()

    def close(self):
        if self.peer is not None:
            self.peer.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

"""Drives the R interpreter over its socket, as the server does (crates/interpreters/PROTOCOL.md)."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

PROGRAMS = pathlib.Path(__file__).resolve().parents[3] / "crates" / "interpreters"
START_SECONDS = 60


class Refused(Exception):
    """The interpreter said that a request itself was wrong."""


class RInterpreter:
    """One interpreter process and the connection to it. `python` is the one that has PySpark."""

    def __init__(self, python=sys.executable, orphan_seconds=60, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearth-r-"))
        for name in ("home", "tmp"):
            (self.folder / name).mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "HEARTH_INTERPRETER_ID": str(uuid.uuid4()),
            "HEARTH_ORPHAN_TIMEOUT": str(orphan_seconds),
            "PYTHONPATH": str(PROGRAMS / "python"),
            **(environment or {}),
        }
        self.process = subprocess.Popen(
            [python, "-u", str(PROGRAMS / "r" / "main.py")], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=open(self.folder / "stdout.log", "ab"),
            stderr=open(self.folder / "stderr.log", "ab"), start_new_session=True)
        self.number = 0
        self.answers = {}
        self.socket = None
        self._connect()

    def _connect(self):
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(str(self.folder / "control.sock"))
                break
            except OSError:
                assert self.process.poll() is None, self.log("stderr")
                assert time.monotonic() < end, self.log("stderr")
                time.sleep(0.02)
        self.about = self.ask("attach", protocol=1)

    def reconnect(self):
        self.socket.close()
        self.answers = {}
        self._connect()

    def send(self, op, **fields):
        self.number += 1
        self.send_as(self.number, op, **fields)
        return self.number

    def send_as(self, number, op, **fields):
        body = json.dumps({"id": number, "op": op, **fields}).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def answer(self, number, seconds=60):
        end = time.monotonic() + seconds
        while number not in self.answers:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            head = self._read(4)
            message = json.loads(self._read(struct.unpack(">I", head)[0]))
            self.answers[message["id"]] = message
        message = self.answers.pop(number)
        if "refused" in message:
            raise Refused(message["refused"])
        return message["ok"]

    def ask(self, op, seconds=60, **fields):
        return self.answer(self.send(op, **fields), seconds)

    def bind(self, remote, max_output=1048576, name="test", **conf):
        return self.ask("bind", remote=remote, name=name, conf=conf, max_output=max_output, py_files=[], files=[],
                        archives=[], jars=[])

    def run(self, code, seconds=60):
        number = self.send("execute", code=code)
        output = self.answer(number, seconds)
        self.send("ack", target=number)
        return output

    def text(self, code, seconds=60):
        output = self.run(code, seconds)
        assert output["status"] == "ok", output
        return output["data"]["text/plain"]

    def error(self, code):
        output = self.run(code)
        assert output["status"] == "error", output
        return output["evalue"]

    def cancel(self, number, seconds=20):
        self.ask("cancel", target=number)
        return self.answer(number, seconds)

    def complete(self, code):
        return self.ask("complete", code=code, cursor=len(code))["candidates"]

    def log(self, name="stdout"):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise EOFError("the interpreter ended the connection: " + self.log("stderr")[-2000:])
            data += part
        return data

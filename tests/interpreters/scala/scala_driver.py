"""The interpreter for Scala as a child process, and the server's side of crates/interpreters/PROTOCOL.md.

Follows the recipe in crates/interpreters/scala/README.md: which jars, which flags, how it is compiled. Spark's jars
come from HEARTH_SPARK_HOME, a folder with `jars/` (the `pyspark` package of a whole wheel is one); what is compiled is
kept in HEARTH_SCALA_CACHE, or else in the folder for temporary files.
"""

import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "crates/interpreters/scala"
LAUNCH = json.loads((SOURCES / "launch.json").read_text())


# Taken out of the environment: a server under test calls unknown HEARTH_ variables a mistake.
SPARK_HOME = os.environ.pop("HEARTH_SPARK_HOME", None)
CACHE = Path(os.environ.pop("HEARTH_SCALA_CACHE", None) or tempfile.gettempdir())


def spark_home():
    if SPARK_HOME is None:
        raise RuntimeError("HEARTH_SPARK_HOME must name a folder with Spark's jars/, such as a pyspark package")
    return Path(SPARK_HOME)


def java():
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin/java") if home else "java"


def spark_jars():
    found = []
    for pattern in LAUNCH["jars"]:
        matching = sorted((spark_home() / "jars").glob(pattern))
        if not matching:
            raise RuntimeError(f"no jar matches {pattern}")
        found += [str(path) for path in matching if str(path) not in found]
    return found


def sources():
    return sorted(str(path) for path in (SOURCES / "src").rglob("*.scala"))


def fill(argv, **values):
    """The words of a recipe with its parameters filled in; a word that is only `{sources}` becomes many."""
    words = []
    for word in argv:
        if word == "{sources}":
            words += sources()
        elif word == "{flags}":
            words += fill(LAUNCH["flags"], **values)
        else:
            for name, value in values.items():
                word = word.replace("{" + name + "}", value)
            words.append(word)
    return words


def compiled():
    """The jar of the interpreter, compiled once per state of sources and jars."""
    jars = spark_jars()
    digest = hashlib.sha256("\n".join(jars).encode())
    for path in sources():
        digest.update(Path(path).read_bytes())
    folder = CACHE / f"hearth-scala-{digest.hexdigest()[:16]}"
    jar = folder / "interpreter.jar"
    if not jar.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / "new.jar"
        subprocess.run(
            fill(LAUNCH["compile"], java=java(), jars=":".join(jars), output=str(made)), check=True, cwd=folder
        )
        made.rename(jar)
    return jar


def trained():
    """The archive of loaded classes for `compiled()`. The run that checks it is part of the recipe."""
    jar = compiled()
    archive = jar.with_name("interpreter.jsa")
    if not archive.exists():
        made = jar.with_name("new.jsa")
        made.unlink(missing_ok=True)
        for recipe in ("train", "verify"):
            argv = fill(LAUNCH[recipe], java=java(), jars=class_path(jar), heap="1g", archive=str(made))
            subprocess.run(argv, check=True, cwd=jar.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        made.rename(archive)
    return archive


def class_path(jar):
    return ":".join([str(jar), *spark_jars()])


class Interpreter:
    def __init__(self, folder, orphan_timeout=60.0, archive=None):
        self.folder = Path(folder)
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        jar = compiled()
        argv = fill(
            LAUNCH["run"],
            java=java(),
            jars=class_path(jar),
            heap="1g",
            archive=str(archive or self.folder / "no.jsa"),
        )
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "HEARTH_INTERPRETER_ID": str(uuid.uuid4()),
            "HEARTH_ORPHAN_TIMEOUT": str(orphan_timeout),
        }
        self.process = subprocess.Popen(
            argv,
            cwd=self.folder / "home",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=open(self.folder / "stdout.log", "ab"),
            stderr=open(self.folder / "stderr.log", "ab"),
            start_new_session=True,
        )
        self.ids = 0
        self.connection = None

    def connect(self):
        """A new connection, attached. The answer to `attach` is kept in `attached`."""
        deadline = time.monotonic() + 60
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / "control.sock"))
                break
            except OSError:
                connection.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)
        self.connection = connection
        self.arrived = {}
        self.attached = self.ask("attach", protocol=1)["ok"]
        return self

    def send(self, op, **fields):
        self.ids += 1
        self.send_as(self.ids, op, **fields)
        return self.ids

    def send_as(self, number, op, **fields):
        body = json.dumps({"id": number, "op": op, **fields}).encode()
        self.connection.sendall(struct.pack(">I", len(body)) + body)

    def receive(self, timeout=60.0):
        self.connection.settimeout(timeout)
        (length,) = struct.unpack(">I", self._exactly(4))
        return json.loads(self._exactly(length))

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise EOFError("the interpreter closed the connection")
            data += part
        return data

    def answer(self, number, timeout=60.0):
        while number not in self.arrived:
            message = self.receive(timeout)
            self.arrived[message["id"]] = message
        return self.arrived.pop(number)

    def ask(self, op, timeout=60.0, **fields):
        return self.answer(self.send(op, **fields), timeout)

    def bind(self, remote, **fields):
        request = {"name": "test", "conf": {}, "max_output": 1 << 20, **fields}
        return self.ask("bind", remote=remote, **request)["ok"]

    def run(self, code, timeout=60.0):
        number = self.send("execute", code=code)
        output = self.answer(number, timeout)["ok"]
        self.send("ack", target=number)
        return output

    def text(self, code):
        output = self.run(code)
        assert output["status"] == "ok", output
        assert list(output["data"]) == ["text/plain"], output
        return output["data"]["text/plain"]

    def log(self):
        return (self.folder / "stdout.log").read_text()

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

"""Servers under test: Hearth, a real Apache Spark, or one that already runs.

Every test program takes `--server hearth|spark|HOST:PORT`, because a test that real Spark does not
pass is a wrong test; tests over HTTP take `http://HOST:PORT`. `start` returns a `Server`; leaving its
context stops the process it started (by pid, politely first) and removes the folders it made.

Environment:
  HEARTH_BIN       the binary; otherwise target/release/hearth or target/debug/hearth, the newer one
  HEARTH_DATA_DIR  a data folder to use and keep, instead of a temporary one
  SPARK_HOME       a Spark 4.2 with the Connect server; otherwise the one `scripts/venv spark` made
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = {"hearth": 60, "spark": 120}
STOP_SECONDS = 20


class Server:
    """One server: where it listens, what it was started with, and how to end it."""

    def __init__(self, kind, grpc, http=None, process=None, data_dir=None, log=None, scratch=None):
        self.kind = kind
        self.grpc = grpc
        self.http = http
        self.process = process
        self.data_dir = data_dir
        self.log = log
        self.scratch = scratch

    @property
    def url(self):
        return f"sc://{self.grpc}"

    @property
    def http_url(self):
        return f"http://{self.http}"

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def alive(self):
        return self.process is None or self.process.poll() is None

    def kill(self):
        """kill -9, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP_SECONDS)
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def log_tail(self, lines=40):
        if not self.log or not os.path.exists(self.log):
            return "(no log)"
        with open(self.log, errors="replace") as handle:
            return "".join(handle.readlines()[-lines:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def start(kind, **options):
    """A server of this kind; an address means one that runs already."""
    if kind == "hearth":
        return start_hearth(**options)
    if kind == "spark":
        return start_spark()
    if kind.startswith("http://"):
        return Server("url", None, http=kind.removeprefix("http://").rstrip("/"))
    return Server("url", kind.removeprefix("sc://").rstrip("/"))


def hearth_binary():
    given = os.environ.get("HEARTH_BIN")
    if given:
        return given
    built = [ROOT / "target" / profile / "hearth" for profile in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        raise SystemExit("no hearth binary: run `cargo build` or set HEARTH_BIN")
    return str(max(built, key=lambda path: path.stat().st_mtime))


def start_hearth(data_dir=None, config=None, env=None, arguments=(), grpc_port=0):
    """Hearth on any free port; `config` is the text of a settings file."""
    scratch = tempfile.mkdtemp(prefix="hearth-test-")
    data_dir = data_dir or os.environ.get("HEARTH_DATA_DIR") or os.path.join(scratch, "data")
    os.makedirs(data_dir, exist_ok=True)
    ready = os.path.join(scratch, "ready.json")
    log = os.path.join(scratch, "server.log")
    command = [hearth_binary(), "serve", "--grpc", f"127.0.0.1:{grpc_port}", "--http", "127.0.0.1:0",
               "--data-dir", data_dir, "--ready-file", ready, *arguments]
    if config is not None:
        path = os.path.join(scratch, "hearth.toml")
        Path(path).write_text(config)
        command += ["--config", path]
    process = _spawn(command, log, {**os.environ, **(env or {})})

    def ready_addresses():
        if os.path.exists(ready):
            text = Path(ready).read_text()
            return json.loads(text) if text.strip().endswith("}") else None
        return None

    server = Server("hearth", None, None, process, data_dir, log, scratch)
    addresses = _wait(server, ready_addresses, START_SECONDS["hearth"])
    server.grpc, server.http = addresses["grpc"], addresses["http"]
    return server


def spark_home():
    given = os.environ.get("SPARK_HOME")
    found = [given] if given else glob.glob(str(ROOT / ".venv/spark/lib/python*/site-packages/pyspark"))
    if not found or not os.path.exists(os.path.join(found[0], "bin", "spark-submit")):
        raise SystemExit("no Spark: run `scripts/venv spark` or set SPARK_HOME")
    return found[0]


def start_spark(conf=None):
    """A Spark Connect server of real Spark: two cores, loopback, English, UTC."""
    scratch = tempfile.mkdtemp(prefix="spark-test-")
    log = os.path.join(scratch, "server.log")
    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": os.environ.get("SPARK_TEST_MEMORY", "2g"),
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Duser.language=en -Duser.country=US",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": os.path.join(scratch, "warehouse"),
        "spark.local.dir": os.path.join(scratch, "local"),
        **(conf or {}),
    }
    home = spark_home()
    command = [os.path.join(home, "bin", "spark-submit"),
               "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
               "--master", "local[2]"]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    command.append("spark-internal")
    env = {**os.environ, "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    process = _spawn(command, log, env, cwd=scratch)
    server = Server("spark", f"127.0.0.1:{port}", None, process, scratch, log, scratch)
    _wait(server, lambda: _listens(port), START_SECONDS["spark"])
    return server


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def _spawn(command, log, env, cwd=None):
    with open(log, "wb") as handle:
        return subprocess.Popen(command, stdout=handle, stderr=subprocess.STDOUT, env=env, cwd=cwd)


def _wait(server, condition, seconds):
    """The first true answer of `condition`, or the server's end and its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        if not server.alive():
            break
        time.sleep(0.02)
    tail = server.log_tail()
    server.stop()
    raise SystemExit(f"{server.kind} did not start within {seconds} s\n{tail}")

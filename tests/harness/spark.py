"""A real Apache Spark with its Connect server, as an engine behind Hearth: one process, or a master with workers.

    with start_connect() as spark:                  # local[2] on 127.0.0.1
        spark.running_jobs()                        # what Spark itself says of its jobs
        spark.kill(); spark.start_again()           # the same port, nothing kept
    with Standalone(workers=2) as cluster, start_connect(master=cluster.master) as spark: ...

All of it runs from the environment `spark` of scripts/venv (or SPARK_HOME), speaks on 127.0.0.1 only, and
leaves nothing outside of its scratch folder.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

from . import servers
from .servers import ROOT, STOP_SECONDS, Server

CLASS = "org.apache.spark.sql.connect.service.SparkConnectServer"
JVM = "-Duser.timezone=UTC -Duser.language=en -Duser.country=US"


class Spark(Server):
    """A Connect server of real Spark; `ui` is the address of its REST API of jobs."""

    def __init__(self, port, ui_port, scratch, command, env):
        log = os.path.join(scratch, "server.log")
        super().__init__("spark", f"127.0.0.1:{port}", None, None, scratch, log, scratch)
        self.port, self.ui_port = port, ui_port
        self.command, self.env = command, env

    def begin(self):
        self.process = servers._spawn(self.command, self.log, self.env, cwd=self.scratch)
        return self

    def wait(self):
        servers._wait(self, lambda: servers._listens(self.port), servers.START_SECONDS["spark"])
        return self

    def start_again(self):
        """After its end: another Spark at the same address, which knows no session of before."""
        assert not self.alive()
        return self.begin().wait()

    def pause(self):
        """Stops it as a hung machine would: connections stay, nothing is answered."""
        os.kill(self.pid, 19)

    def resume(self):
        os.kill(self.pid, 18)

    def status(self, what):
        base = f"http://127.0.0.1:{self.ui_port}/api/v1/applications"
        application = _json(base)[0]["id"]
        return _json(f"{base}/{application}/{what}")

    def jobs(self, status=None):
        return self.status("jobs" + (f"?status={status}" if status else ""))

    def running_jobs(self):
        return self.jobs("running")

    def executors(self):
        return [one for one in self.status("executors") if one["id"] != "driver"]


def _json(url):
    with urllib.request.urlopen(url, timeout=30) as reply:
        return json.load(reply)


def python():
    """The Python that runs user code inside of Spark."""
    given = os.environ.get("HEARTH_SPARK_PYTHON")
    found = [given] if given else glob.glob(str(ROOT / ".venv/spark/bin/python"))
    return found[0] if found else "python3"


def environment():
    """No proxy, no Python of the tests, one home."""
    home = servers.spark_home()
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SPARK_CONNECT_MODE_ENABLED", "SPARK_REMOTE")}
    return {**kept, "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": python(), "PYSPARK_DRIVER_PYTHON": python()}


def start_connect(master="local[2]", memory="2g", conf=None, port=None, wait=True):
    """A Connect server of real Spark with its status pages."""
    scratch = tempfile.mkdtemp(prefix="spark-engine-")
    port, ui_port = port or servers.free_port(), servers.free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": port,
        "spark.ui.port": ui_port,
        "spark.port.maxRetries": "0",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": os.environ.get("SPARK_TEST_MEMORY", memory),
        "spark.driver.extraJavaOptions": JVM,
        "spark.executor.extraJavaOptions": JVM,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": os.path.join(scratch, "warehouse"),
        "spark.sql.streaming.checkpointLocation": os.path.join(scratch, "streams"),
        "spark.checkpoint.dir": os.path.join(scratch, "checkpoints"),
        "spark.local.dir": os.path.join(scratch, "local"),
        **(conf or {}),
    }
    command = [os.path.join(servers.spark_home(), "bin", "spark-submit"), "--class", CLASS, "--master", master]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    spark = Spark(port, ui_port, scratch, [*command, "spark-internal"], environment()).begin()
    return spark.wait() if wait else spark


class Standalone:
    """Spark's own cluster manager on this machine: a master, and workers of one core and 1 GiB each."""

    def __init__(self, workers=2, cores=1, memory="1g"):
        self.scratch = tempfile.mkdtemp(prefix="spark-cluster-")
        port, self.web_port = servers.free_port(), servers.free_port()
        self.master = f"spark://127.0.0.1:{port}"
        self.processes = []
        try:
            self._run("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", port, "--webui-port", self.web_port)
            self._until(lambda: servers._listens(port), "the master")
            for number in range(workers):
                self._run(f"worker-{number}", "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", servers.free_port(),
                          "--cores", cores, "--memory", memory, "--work-dir", os.path.join(self.scratch, f"work-{number}"), self.master)
            self._until(lambda: self.alive_workers() == workers, f"{workers} workers")
        except BaseException:
            self.stop()
            raise

    def _run(self, name, kind, *arguments):
        command = [os.path.join(servers.spark_home(), "bin", "spark-class"), kind, *map(str, arguments)]
        env = {**environment(), "SPARK_DAEMON_JAVA_OPTS": JVM, "SPARK_DAEMON_MEMORY": "512m", "SPARK_MASTER_HOST": "127.0.0.1"}
        self.processes.append(servers._spawn(command, os.path.join(self.scratch, f"{name}.log"), env, cwd=self.scratch))

    def _until(self, condition, what):
        deadline = time.monotonic() + servers.START_SECONDS["spark"]
        while not condition():
            assert time.monotonic() < deadline and all(one.poll() is None for one in self.processes), f"{what}: not there\n{self.logs()}"
            time.sleep(0.1)

    def alive_workers(self):
        with contextlib.suppress(OSError):
            return sum(one["state"] == "ALIVE" for one in _json(f"http://127.0.0.1:{self.web_port}/json/")["workers"])
        return 0

    def logs(self):
        texts = []
        for path in sorted(glob.glob(os.path.join(self.scratch, "*.log"))):
            with open(path, errors="replace") as handle:
                texts.append(f"-- {os.path.basename(path)}\n" + "".join(handle.readlines()[-15:]))
        return "\n".join(texts)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def engine_config(address, name="spark", default=True, extra="", more=""):
    """Settings of a Hearth that has this Spark as an engine; `extra` are lines of the engine, `more` of other tables."""
    first = f'default_engine = "{name}"\n' if default else ""
    return f'{first}\n[engines.{name}]\nkind = "cluster"\nurl = "sc://{address}"\n{extra}\n{more}\n'


def anonymous(text):
    """Text without the numbers that Spark counts up from query to query."""
    text = re.sub(r"#\d+L?", "#n", text)
    text = re.sub(r"plan_id=\d+", "plan_id=n", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID", text)

"""Apache Livy's REST API over raw HTTP, for tests that look at every byte.

`Livy` adds the few calls of the API to `Rest`; bodies and answers stay plain dictionaries.

    livy = Livy("127.0.0.1:8998")
    session = livy.open("pyspark")
    assert livy.text(session, "1 + 2") == "3"
"""

from __future__ import annotations

import base64
import contextlib
import glob
import os
import signal
import time
import uuid

from .rest import Rest
from .servers import ROOT

SESSIONS = "/sessions"
BATCHES = "/batches"
KINDS = {"spark": "spark", "scala": "spark", "pyspark": "pyspark", "python": "pyspark", "sparkr": "sparkr", "r": "sparkr", "sql": "sql", "shared": "shared"}
SESSION_STATES = {"not_started", "starting", "idle", "running", "busy", "shutting_down", "error", "dead", "killed", "success"}
FINISHED = {"error", "dead", "killed", "success"}
ENDED = {"available", "cancelled", "error"}
JOB_ENDED = {"CANCELLED", "FAILED", "SUCCEEDED"}

# The fields of Livy's answers, in Livy's order, with the types that a value may have.
TEXT, INT, LIST, MAP = (str, type(None)), (int,), (list,), (dict,)
SESSION_FIELDS = {
    "id": INT, "name": TEXT, "appId": TEXT, "owner": TEXT, "proxyUser": TEXT, "state": (str,), "kind": (str,), "appInfo": MAP, "log": LIST, "ttl": TEXT,
    "idleTimeout": TEXT, "driverMemory": TEXT, "driverCores": INT, "executorMemory": TEXT, "executorCores": INT, "conf": MAP, "archives": LIST,
    "files": LIST, "heartbeatTimeoutInSecond": INT, "jars": LIST, "numExecutors": INT, "pyFiles": LIST, "queue": TEXT}
BATCH_FIELDS = {"id": INT, "name": TEXT, "owner": TEXT, "proxyUser": TEXT, "state": (str,), "appId": TEXT, "appInfo": MAP, "log": LIST}
STATEMENT_FIELDS = {"id": INT, "code": (str,), "state": (str,), "output": (dict, type(None)), "progress": (int, float), "started": INT, "completed": INT}
JOB_FIELDS = {"id": INT, "state": (str,), "result": TEXT, "error": TEXT}

# Runs for minutes on any machine, stops at once when cancelled, and needs no memory.
SLOW_SQL = "select count(*) from range(300000000000) where id % 7 = 3 and hash(id) % 11 = 5"
# Starts of Scala on a busy machine take this long.
START_SECONDS = 150


def has_shape(value, fields):
    """Whether an object has exactly these fields, each with one of its types; raises with what is wrong."""
    assert set(value) == set(fields), f"fields differ by {set(value) ^ set(fields)}: {value}"
    for name, types in fields.items():
        assert isinstance(value[name], types) and not (isinstance(value[name], bool)), f"{name} is {value[name]!r}"
    return True


def wait_for(condition, seconds=30, what="it"):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Livy(Rest):
    # Sessions.

    def create(self, kind=None, headers=None, **fields):
        """POST; the answer as it came."""
        return self.post(SESSIONS, {**({} if kind is None else {"kind": kind}), **fields}, headers)

    def begin(self, kind=None, **fields):
        """The id of a session that is not waited for."""
        reply = self.create(kind, **fields)
        assert reply.status == 201, reply
        return reply.json["id"]

    def open(self, kind=None, seconds=START_SECONDS, **fields):
        """The id of a session that is idle."""
        session = self.begin(kind, **fields)
        self.wait_session(session, seconds=seconds)
        return session

    def session(self, session):
        reply = self.get(f"{SESSIONS}/{session}")
        assert reply.status == 200, reply
        return reply.json

    def wait_session(self, session, states=("idle",), seconds=60):
        """Polls until the session is in one of these states; the session."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.session(session)
            if found["state"] in states:
                return found
            assert found["state"] not in FINISHED, f"{found['state']}: {self.log_lines(session)}"
            assert time.monotonic() < deadline, f"still {found['state']} after {seconds} s, not {states}: {found}"
            time.sleep(0.02)

    def remove(self, session):
        return self.delete(f"{SESSIONS}/{session}")

    def log_lines(self, session, base=SESSIONS):
        reply = self.get(f"{base}/{session}/log?size=-1")
        return reply.json["log"] if reply.status == 200 else [str(reply)]

    # Statements.

    def post_statement(self, session, code, kind=None):
        """POST; the answer as it came."""
        return self.post(f"{SESSIONS}/{session}/statements", {"code": code, **({} if kind is None else {"kind": kind})})

    def submit(self, session, code, kind=None):
        """The id of a statement that is not waited for."""
        reply = self.post_statement(session, code, kind)
        assert reply.status == 201, reply
        return reply.json["id"]

    def statement(self, session, number):
        reply = self.get(f"{SESSIONS}/{session}/statements/{number}")
        assert reply.status == 200, reply
        return reply.json

    def wait(self, session, number, states=ENDED, seconds=60):
        """Polls until the statement is in one of these states; the statement."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.statement(session, number)
            if found["state"] in states:
                return found
            assert time.monotonic() < deadline, f"still {found} after {seconds} s"
            time.sleep(0.01)

    def run(self, session, code, kind=None, seconds=60):
        """The output of a statement, whatever it is."""
        done = self.wait(session, self.submit(session, code, kind), seconds=seconds)
        assert done["state"] == "available", done
        return done["output"]

    def data(self, session, code, kind=None, seconds=60):
        """The data of a statement that must succeed."""
        output = self.run(session, code, kind, seconds)
        assert output["status"] == "ok", output
        assert set(output) == {"status", "execution_count", "data"}, output
        return output["data"]

    def text(self, session, code, kind=None, seconds=60):
        data = self.data(session, code, kind, seconds)
        assert set(data) == {"text/plain"}, data
        return data["text/plain"]

    def rows(self, session, code, kind=None, seconds=60):
        """The rows of a SQL statement that must succeed."""
        data = self.data(session, code, kind, seconds)
        assert set(data) == {"application/json"}, data
        return data["application/json"]["data"]

    def failure(self, session, code, kind=None, seconds=60):
        """The output of a statement that must fail."""
        output = self.run(session, code, kind, seconds)
        assert output["status"] == "error", output
        assert set(output) == {"status", "execution_count", "ename", "evalue", "traceback"}, output
        assert isinstance(output["traceback"], list) and all(isinstance(line, str) for line in output["traceback"]), output
        return output

    def cancel(self, session, number):
        reply = self.post(f"{SESSIONS}/{session}/statements/{number}/cancel", {})
        assert reply.status == 200 and reply.json == {"msg": "canceled"}, reply

    def completion(self, session, code, kind, cursor=None):
        reply = self.post(f"{SESSIONS}/{session}/completion", {"code": code, "kind": kind, "cursor": len(code) if cursor is None else cursor})
        assert reply.status == 200 and set(reply.json) == {"candidates"}, reply
        return reply.json["candidates"]

    # Jobs and files.

    def job(self, session, function, job_type="pyspark", endpoint="submit-job"):
        """The id of a pickled function that was sent."""
        import cloudpickle

        reply = self.post(f"{SESSIONS}/{session}/{endpoint}",
                          {"job": base64.b64encode(cloudpickle.dumps(function)).decode(), "jobType": job_type})
        assert reply.status == 201 and has_shape(reply.json, JOB_FIELDS), reply
        return reply.json["id"]

    def job_status(self, session, number):
        reply = self.get(f"{SESSIONS}/{session}/jobs/{number}")
        assert reply.status == 200 and has_shape(reply.json, JOB_FIELDS), reply
        return reply.json

    def wait_job(self, session, number, states=JOB_ENDED, seconds=60):
        return wait_for(lambda: (found := self.job_status(session, number))["state"] in states and found, seconds, "the job")

    def job_result(self, session, function):
        """What a pickled function that must succeed returned."""
        import cloudpickle

        done = self.wait_job(session, self.job(session, function))
        assert done["state"] == "SUCCEEDED" and done["error"] is None, done
        return cloudpickle.loads(base64.b64decode(base64.b64decode(done["result"])))

    def upload(self, session, endpoint, name, content, part="file"):
        """One multipart part; the answer as it came."""
        border = uuid.uuid4().hex
        body = (f'--{border}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
                f"Content-Type: application/octet-stream\r\n\r\n").encode() + content + f"\r\n--{border}--\r\n".encode()
        return self.post(f"{SESSIONS}/{session}/{endpoint}", body, {"Content-Type": f"multipart/form-data; boundary={border}"})

    # Batches.

    def batch(self, file, headers=None, **fields):
        """The id of a batch."""
        reply = self.post(BATCHES, {"file": str(file), **fields}, headers)
        assert reply.status == 201, reply
        return reply.json["id"]

    def wait_batch(self, batch, states=FINISHED, seconds=90):
        def ended():
            reply = self.get(f"{BATCHES}/{batch}")
            assert reply.status == 200, reply
            return reply.json["state"] in states and reply.json

        return wait_for(ended, seconds, f"batch {batch}")

    def run_batch(self, file, **fields):
        """(state, log lines) of a batch that ended."""
        batch = self.batch(file, **fields)
        state = self.wait_batch(batch)["state"]
        return state, self.log_lines(batch, BATCHES)


def interpreter_arguments():
    """Settings for the server: what interpreters run with, from HEARTH_INTERPRETER_PYTHON and the environments of `scripts/venv`."""
    python = os.environ.get("HEARTH_INTERPRETER_PYTHON") or found("livy-python/bin/python") or found("client-4.2/bin/python")
    home = os.environ.get("HEARTH_INTERPRETER_SPARK_HOME") or found("spark/lib/python*/site-packages/pyspark")
    arguments = []
    if python:
        arguments += ["--set", f"interpreter.python={python}"]
    if home:
        arguments += ["--set", f"interpreter.spark_home={home}"]
    return arguments


def found(pattern):
    paths = glob.glob(str(ROOT / ".venv" / pattern))
    return paths[0] if paths else None


# What interpreters leave on the machine.


def interpreter_processes(marker=None):
    """{pid: id of the interpreter} of all processes that belong to one; `marker` narrows to a folder in their environment."""
    owners = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as handle:
                variables = dict(part.split(b"=", 1) for part in handle.read().split(b"\0") if b"=" in part)
        except OSError:
            continue
        identity = variables.get(b"HEARTH_INTERPRETER_ID")
        if identity and (marker is None or any(str(marker).encode() in value for value in variables.values())):
            owners[int(entry)] = identity.decode()
    return owners


def running(pid):
    """Whether a process lives; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as handle:
            return handle.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def end_interpreters(folder):
    """Ends what a stopped server left for its next run in this data folder."""
    for pid in interpreter_processes(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))

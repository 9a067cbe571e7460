#!/usr/bin/env python
"""Workers that are killed at random: is any request lost, or run again although its answer had begun?

One gateway, `--workers` processes of `hearth worker` with embedded engines, and requests from many clients at once, half
over gRPC and half over REST, each in a session of its own. Some workers are killed (SIGKILL) every few seconds and
replaced. Most requests make a table with a name of their own, so every execution leaves a trace in the folder of the
worker that ran it; the rest read rows that take several parts.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

import grpc
import measure
import pyarrow as pa
import pyspark.sql.connect.proto as pb
from google.rpc import status_pb2
from harness import servers
from harness.wire import Wire, error_info, sql, sql_command

LOST = ("INVALID_HANDLE.SESSION_CHANGED", "HEARTH_ENGINE_LOST")
LIMIT_SECONDS = 300
TABLE = re.compile(r"^made_(\d+)$")


class Workers:
    """The worker processes; each has a folder of its own that outlives it."""

    def __init__(self, server, options):
        self.server, self.options = server, options
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-workers-"))
        self.running, self.killed, self.started = [], 0, 0
        for _ in range(options.workers):
            self.start()

    def start(self):
        folder = self.folder / f"w{self.started}"
        self.started += 1
        folder.mkdir(mode=0o700)
        command = [servers.hearth_binary(), "worker", "--server", self.server.http_url, "--pool", "edge", "--data-dir", str(folder),
                   "--slots", str(self.options.slots), "--name", folder.name]
        with open(self.folder / f"{folder.name}.log", "wb") as log:
            self.running.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def kill_one(self):
        victim = self.running.pop(random.randrange(len(self.running)))
        victim.send_signal(signal.SIGKILL)
        victim.wait(20)
        self.killed += 1
        self.start()

    def stop(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    def executions(self):
        """When each table was written, by the number of its request, however far that got."""
        found = collections.defaultdict(list)
        for place, folders, _ in os.walk(self.folder):
            for name in folders:
                match = TABLE.match(name)
                if match:
                    path = Path(place) / name
                    # A table is written under another name first; its files are older than the rename.
                    times = [file.stat().st_mtime for file in path.rglob("*") if file.is_file()]
                    found[int(match[1])].append(max(times, default=path.stat().st_mtime))
        return found


class Outcome:
    """How one request ended, and when its answer began."""

    def __init__(self, kind, error=None, began=None):
        self.kind, self.error, self.began = kind, error, began


def plan_of(number, options):
    """Every fifth request reads rows; the others make a table."""
    if number % 5 == 4:
        return sql(f"select id, repeat('x', 1000) as pad from range({options.rows})"), options.rows
    return sql_command(f"create table made_{number} as select {number} as id, count(*) as n from range({options.work})"), None


def judge(rows, wanted, began):
    if wanted is not None and rows != list(range(wanted)):
        return Outcome("wrong", f"{len(rows)} rows of {wanted}", began)
    return Outcome("right", began=began)


def failed(text, condition, began):
    return Outcome("worker lost" if condition in LOST else "other error", f"{condition}: {text}", began)


def rows_of(response):
    if not response.HasField("arrow_batch"):
        return []
    return pa.ipc.open_stream(response.arrow_batch.data).read_all().column("id").to_pylist()


def over_grpc(server, number, options):
    plan, wanted = plan_of(number, options)
    rows, began = [], None
    with Wire(server, timeout=LIMIT_SECONDS) as wire:
        try:
            for response in wire.execute(plan, operation_id=str(uuid.uuid4()), reattachable=False):
                if response.WhichOneof("response_type") != "execution_progress":
                    began = began or time.time()
                    rows += rows_of(response) if wanted is not None else []
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                return Outcome("lost", "no answer")
            info = error_info(error)
            return failed(error.details(), info.metadata.get("errorClass") if info else None, began)
    return judge(rows, wanted, began or time.time())


def post(connection, path, body):
    """One call, with the polls that a 202 asks for."""
    connection.request("POST", path, body, {"Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    data = answer.read()
    while answer.status == 202:
        time.sleep(0.5)
        connection.request("GET", answer.headers["Location"])
        answer = connection.getresponse()
        data = answer.read()
    return answer.status, data


def envelope(data):
    """The response or the status in a ResponseEnvelope; PySpark has no class for it."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        length, at = varint(data, at)
        field, piece = tag >> 3, data[at:at + length]
        at += length
        if field == 1:
            return pb.ExecutePlanResponse.FromString(piece), None
        if field == 11:
            return None, status_pb2.Status.FromString(piece)
    return None, None


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def over_rest(server, number, options):
    plan, wanted = plan_of(number, options)
    host, port = server.http.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=LIMIT_SECONDS)
    session, user = str(uuid.uuid4()), pb.UserContext(user_id="tester")
    request = pb.ExecutePlanRequest(session_id=session, user_context=user, operation_id=str(uuid.uuid4()), plan=plan)
    try:
        status, data = post(connection, "/api/v2/spark-connect/execute-plan", request.SerializeToString())
        began = time.time()
        release = pb.ReleaseSessionRequest(session_id=session, user_context=user)
        post(connection, "/api/v2/spark-connect/release-session", release.SerializeToString())
    except TimeoutError:
        return Outcome("lost", "no answer")
    finally:
        connection.close()
    if status != 200:
        return failed(f"HTTP {status} {data[:300]}", json.loads(data).get("code"), None)
    response, error = envelope(data)
    if error is not None:
        condition = re.match(r"\[([A-Z_.]+)\]", error.message)
        return failed(error.message, condition and condition[1], None)
    return judge(rows_of(response) if wanted is not None else [], wanted, began)


def killing(workers, every, over):
    while not over.wait(random.uniform(0.5, 1.5) * every):
        workers.kill_one()


def run(server, workers, options):
    def one(number):
        call = over_grpc if number % 2 else over_rest
        try:
            return call(server, number, options)
        except Exception as error:  # Whatever happens to a request is part of the result.
            return Outcome("other error", repr(error))

    over = threading.Event()
    killer = threading.Thread(target=killing, args=(workers, options.kill_every, over))
    began = time.monotonic()
    killer.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(options.in_flight) as pool:
            outcomes = list(pool.map(one, range(options.requests)))
    finally:
        over.set()
        killer.join()
    return outcomes, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--slots", type=int, default=25)
    parser.add_argument("--kill-every", type=float, default=3.0, help="seconds between kills, on average")
    parser.add_argument("--lease", type=int, default=10, help="seconds")
    parser.add_argument("--rows", type=int, default=10_000, help="of 1 kB, of a request that reads")
    parser.add_argument("--work", type=int, default=2_000_000, help="rows that a request which makes a table counts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    config = f'default_engine = "edge"\n[engines.edge]\nkind = "worker"\nlease = "{options.lease}s"\nworker_timeout = "120s"\n'
    with servers.start_hearth(config=config) as server:
        workers = Workers(server, options)
        try:
            outcomes, seconds = run(server, workers, options)
            executions = workers.executions()
        finally:
            workers.stop()
        report(outcomes, executions, workers, seconds, options)
        shutil.rmtree(workers.folder, ignore_errors=True)


def report(outcomes, executions, workers, seconds, options):
    kinds = collections.Counter(outcome.kind for outcome in outcomes)
    late = [number for number, times in executions.items()
            if outcomes[number].began is not None and any(written > outcomes[number].began for written in times)]
    missing = [number for number, outcome in enumerate(outcomes)
               if outcome.kind == "right" and number % 5 != 4 and number not in executions]
    for outcome in outcomes:
        if outcome.kind not in ("right", "worker lost"):
            print(outcome.kind, outcome.error)
    row = {"requests": options.requests, "in flight": options.in_flight, "workers": options.workers, "killed": workers.killed,
           "answered right": kinds["right"], "told that the worker was lost": kinds["worker lost"], "lost": kinds["lost"],
           "wrong or another error": kinds["wrong"] + kinds["other error"], "answered but not run": len(missing),
           "given to another worker": sum(len(times) > 1 for times in executions.values()),
           "run after an answer had begun": len(late), "seconds": round(seconds, 1)}
    measure.record("worker", "Requests while workers are killed", [row], [
        f"killed by SIGKILL every {options.kill_every} s on average and replaced; a lease of {options.lease} s",
        f"half of the requests over gRPC, half over REST, each in a session of its own; every fifth reads {options.rows} rows of 1 kB, the others make a table of a name of their own",
        "given to another worker: nothing of an answer had come from the first one"])
    broken = kinds["lost"] + kinds["wrong"] + kinds["other error"] + len(late) + len(missing)
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    main()

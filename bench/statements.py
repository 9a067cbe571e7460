#!/usr/bin/env python
"""The Statement Execution API: `SELECT 1` alone and from 64 clients, a queue of 10,000, a large download beside nginx.

Needs `wrk` (64 clients) and `nginx` (download) on the machine; a part whose program is missing says so and is left out.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import measure
from harness import servers

STATEMENTS = "/api/2.0/sql/statements"
# Queries over Spark Connect, which take longer.
CONNECT_COUNT = 300
HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}


def ask(statement, **more):
    return json.dumps({"warehouse_id": "default", "statement": statement, **more})


class Client:
    """One kept-alive connection."""

    def __init__(self, server, user="bench"):
        self.headers = HEADERS | {"Authorization": f"Bearer {user}"}
        self.connection = http.client.HTTPConnection(server.http)
        self.connection.connect()

    def call(self, method, path, body=None):
        self.connection.request(method, path, body, self.headers)
        response = self.connection.getresponse()
        data = response.read()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:300]}")
        return data

    def json(self, method, path, body=None):
        return json.loads(self.call(method, path, body))


def one_client(server, count):
    client, times = Client(server), []
    for index in range(count + 100):
        began = time.perf_counter()
        client.call("POST", STATEMENTS, ask("SELECT 1"))
        if index >= 100:
            times.append(time.perf_counter() - began)
    return times


def spark_connect(server, count):
    """The same query over Spark Connect."""
    with measure.session(server) as session:
        times = []
        for index in range(count + 50):
            began = time.perf_counter()
            session.sql("select 1").collect()
            if index >= 50:
                times.append(time.perf_counter() - began)
    return times


def latency(server, options):
    rows = []

    def row(name, times):
        rows.append({"system": name, "p50 ms": measure.percentile(times, 0.5) * 1000, "p99 ms": measure.percentile(times, 0.99) * 1000})

    row("hearth, statements API", one_client(server, options.count))
    row("hearth, Spark Connect", spark_connect(server, CONNECT_COUNT))
    for peer in options.peers.split(","):
        if peer:
            with measure.start_peer(peer) as other:
                row(f"{peer}, Spark Connect", spark_connect(other, CONNECT_COUNT))
    for one in rows:
        one["p50 hearth API/this"] = rows[0]["p50 ms"] / one["p50 ms"]
    return rows


LUA = """
wrk.method = "POST"
wrk.body = %s
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench"
bad = 0
function response(status, headers, body)
  if status ~= 200 or not string.find(body, '"SUCCEEDED"', 1, true) then bad = bad + 1 end
end
"""


def many_clients(server, options):
    if not shutil.which("wrk"):
        print("wrk is not installed: the 64 clients are left out")
        return []
    client = Client(server)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(LUA % json.dumps(ask("SELECT 1")))
        command = ["wrk", "-t1", "-c64", f"-d{options.seconds}s", "--latency", "-s", str(script), f"http://{server.http}{STATEMENTS}"]
        before = measure.cpu_nanoseconds(server.pid)
        began = int(time.time() * 1000)
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cpu = measure.cpu_nanoseconds(server.pid) - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    known = recorded(client, began, requests)
    return [{"clients": 64, "statements per second": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
             "p50": re.search(r"^ +50% +(\S+)", text, re.M)[1], "p99": re.search(r"^ +99% +(\S+)", text, re.M)[1],
             "server CPU ms per statement": cpu / requests / 1e6, "refused": int(refused[1]) if refused else 0,
             "in the history": known}]


def recorded(client, since, wanted):
    """How many finished statements of the run the history tells of, by paging through it."""
    count, token = 0, ""
    while count < wanted + 64:
        path = f"/api/2.0/sql/history/queries?max_results=1000&filter_by.query_start_time_range.start_time_ms={since}"
        page = client.json("GET", path + (f"&page_token={token}" if token else ""))
        count += sum(one["status"] == "FINISHED" for one in page.get("res", []))
        token = page.get("next_page_token")
        if not token:
            break
    return count


def queue(options):
    """Statements of two principals on eight places; the second principal comes late, with few."""
    data = tempfile.mkdtemp(prefix="hearth-bench-")
    tokens = {name: new_token(data, name) for name in ("busy", "quiet")}
    env = {"HEARTH_OPERATION_MAX_QUEUED": str(options.queued + 1000), "HEARTH_OPERATION_MAX_RUNNING": "8", "HEARTH_AUTH_REQUIRE_TOKEN": "true"}
    try:
        with servers.start("hearth", data_dir=data, env=env) as server:
            return [queue_run(server, tokens, options.queued)]
    finally:
        shutil.rmtree(data, ignore_errors=True)


def new_token(data, name):
    command = [servers.hearth_binary(), "token", "create", "--user", name, "--data-dir", data]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]


def queue_run(server, tokens, count):
    statement = "select count(*) from range(3000000) where id % 7 = 3"
    busy, quiet = Client(server, tokens["busy"]), Client(server, tokens["quiet"])
    first = quiet.json("POST", STATEMENTS, ask("select 1"))["statement_id"]
    before = [poll_once(quiet, first) for _ in range(300)]
    ids = [busy.json("POST", STATEMENTS, ask(statement, wait_timeout="0s"))["statement_id"] for _ in range(count)]
    began = time.perf_counter()
    for _ in range(10):
        answer = quiet.json("POST", STATEMENTS, ask(statement, wait_timeout="50s"))
        if answer["status"]["state"] != "SUCCEEDED":
            raise RuntimeError(f"the quiet one's statement is {answer['status']}")
    late = (time.perf_counter() - began) / 10
    polls, states = [], {}
    for one in ids:
        while (state := busy.json("GET", f"{STATEMENTS}/{one}")["status"]["state"]) in ("PENDING", "RUNNING"):
            polls.append(poll_once(quiet, first))
            time.sleep(0.01)
        states[state] = states.get(state, 0) + 1
    return {"queued": count, "succeeded": states.get("SUCCEEDED", 0), "lost or failed": count - states.get("SUCCEEDED", 0),
            "quiet one's statement ms": late * 1000, "poll p50 ms, empty": measure.percentile(before, 0.5) * 1000,
            "poll p50 ms, full": measure.percentile(polls, 0.5) * 1000 if polls else None,
            "poll p99 ms, full": measure.percentile(polls, 0.99) * 1000 if polls else None}


def poll_once(client, statement):
    began = time.perf_counter()
    client.call("GET", f"{STATEMENTS}/{statement}")
    return time.perf_counter() - began


def download(server, options):
    """All chunks of one result, then the same bytes as files from nginx, by the same reader."""
    if not shutil.which("nginx"):
        print("nginx is not installed: the download is left out")
        return []
    client = Client(server)
    rows = int(options.gigabytes * 1e9 / 8)
    body = ask(f"select id from range({rows})", disposition="EXTERNAL_LINKS", format="ARROW_STREAM", wait_timeout="50s")
    answer = client.json("POST", STATEMENTS, body)
    path = f"{STATEMENTS}/{answer['statement_id']}"
    while answer["status"]["state"] in ("PENDING", "RUNNING"):
        time.sleep(0.2)
        answer = client.json("GET", path)
    count = answer["manifest"]["total_chunk_count"]
    links = [client.json("GET", f"{path}/result/chunks/{index}")["external_links"][0]["external_link"] for index in range(count)]
    before = measure.rss_mib(server.pid)
    measure.reset_peak(server.pid)
    with tempfile.TemporaryDirectory() as folder:
        ours = [fetch(links, None) for _ in range(options.rounds)]
        peak = measure.peak_rss_mib(server.pid)
        fetch(links, Path(folder))
        with nginx(folder) as port:
            files = [f"http://127.0.0.1:{port}/{index}" for index in range(count)]
            theirs = [fetch(files, None) for _ in range(options.rounds)]
    size = ours[0][0]
    rows = [{"system": "hearth", "MB/s": size / min(seconds for _, seconds in ours) / 1e6},
            {"system": "nginx, the same files", "MB/s": size / min(seconds for _, seconds in theirs) / 1e6}]
    for row in rows:
        row |= {"hearth/this": rows[0]["MB/s"] / row["MB/s"], "result MB": size / 1e6, "chunks": count,
                "memory growth MiB": peak - before if row is rows[0] else None}
    return rows


def fetch(links, folder):
    """Bytes and seconds of all links, one after the other over one connection."""
    host = links[0].split("/")[2]
    connection, buffer, total = http.client.HTTPConnection(host), bytearray(1 << 20), 0
    began = time.perf_counter()
    for index, link in enumerate(links):
        connection.request("GET", link.split(host, 1)[1])
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{link}: {response.status}")
        sink = open(folder / str(index), "wb") if folder else contextlib.nullcontext()
        with sink:
            while read := response.readinto(buffer):
                total += read
                if folder:
                    sink.write(buffer[:read])
    return total, time.perf_counter() - began


@contextlib.contextmanager
def nginx(folder):
    port = servers.free_port()
    os.chmod(folder, 0o755)
    config = Path(folder) / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log stderr crit; worker_processes 1;\n"
        "events { worker_connections 64; }\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n")
    process = subprocess.Popen(["nginx", "-c", str(config), "-p", folder], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield port
    finally:
        process.terminate()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queued", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--peers", default="sail")
    parser.add_argument("--only", default="latency,clients,queue,download")
    options = parser.parse_args()
    parts = options.only.split(",")
    with servers.start("hearth") as server:
        if "latency" in parts:
            measure.record("statements-latency", "SELECT 1, one client", latency(server, options))
        if "clients" in parts and (rows := many_clients(server, options)):
            measure.record("statements-clients", "SELECT 1, 64 clients", rows, ["load by wrk on the same two cores"])
        if "download" in parts and (rows := download(server, options)):
            measure.record("statements-download", "A large result behind external links", rows, [
                "ARROW_STREAM without compression, one connection, chunks one after the other"])
    if "queue" in parts:
        measure.record("statements-queue", "A queue of statements", queue(options), [
            "8 places; one principal has the queue, the other comes behind it with single statements"])


if __name__ == "__main__":
    main()

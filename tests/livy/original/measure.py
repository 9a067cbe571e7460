#!/usr/bin/env python3
"""Times of a Livy server, the original or another one: measure.py http://HOST:PORT [--rounds 3] [--statements 50]

For each kind: session create to idle, the first statement (interpreters start lazily) and small statements after it. A statement is
posted, then read every 5 ms until it is done, so the numbers contain what a client cannot avoid.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import time
from urllib.parse import urlsplit

STATEMENTS = {"sql": "select 1 + 1", "pyspark": "1 + 1", "spark": "1 + 1"}
QUERIES = {"sql": "select count(*) from range(1000)", "pyspark": "spark.range(1000).count()", "spark": "spark.range(1000).count()"}


class Server:
    def __init__(self, base):
        url = urlsplit(base)
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=300)
        self.prefix = url.path.rstrip("/")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.connection.request(method, self.prefix + path, body=data, headers={"Content-Type": "application/json", "X-Requested-By": "livy"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text)

    def until(self, path, states, every):
        while True:
            answer = self.call("GET", path)
            if answer["state"] in states:
                return answer
            time.sleep(every)

    def statement(self, session, code):
        begun = time.perf_counter()
        posted = self.call("POST", f"/sessions/{session}/statements", {"code": code})
        done = self.until(f"/sessions/{session}/statements/{posted['id']}", ("available", "cancelled", "error"), 0.005)
        if done["output"]["status"] != "ok":
            raise SystemExit(f"{code}: {done['output']}")
        return (time.perf_counter() - begun) * 1000


def spread(values):
    ordered = sorted(values)
    return f"p50 {statistics.median(ordered):8.1f} ms   p95 {ordered[int(len(ordered) * 0.95) - 1]:8.1f} ms"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--statements", type=int, default=50)
    parser.add_argument("--kinds", default="sql,pyspark,spark")
    args = parser.parse_args()
    server = Server(args.base)
    print(server.call("GET", "/version").get("version"))
    for kind in args.kinds.split(","):
        idle, first, posts, queries, gone = [], [], [], [], []
        for round_ in range(args.rounds):
            begun = time.perf_counter()
            session = server.call("POST", "/sessions", {"kind": kind})["id"]
            state = server.until(f"/sessions/{session}", ("idle", "dead", "error", "killed"), 0.02)["state"]
            if state != "idle":
                raise SystemExit(f"{kind}: {state}")
            idle.append(time.perf_counter() - begun)
            first.append(server.statement(session, STATEMENTS[kind]))
            if round_ == 0:
                posts = [server.statement(session, STATEMENTS[kind]) for _ in range(args.statements)]
                queries = [server.statement(session, QUERIES[kind]) for _ in range(args.statements)]
            begun = time.perf_counter()
            server.call("DELETE", f"/sessions/{session}")
            gone.append(time.perf_counter() - begun)
        print(f"{kind:8} create to idle  {' '.join(f'{v:.2f}' for v in idle)} s; first statement {' '.join(f'{v:.0f}' for v in first)} ms; delete {' '.join(f'{v:.2f}' for v in gone)} s")
        print(f"{kind:8} {STATEMENTS[kind]:32} {spread(posts)}")
        print(f"{kind:8} {QUERIES[kind]:32} {spread(queries)}", flush=True)
    begun = time.perf_counter()
    for _ in range(200):
        server.call("GET", "/sessions")
    print(f"GET /sessions (empty list, one connection): {(time.perf_counter() - begun) * 5:.2f} ms")


if __name__ == "__main__":
    main()

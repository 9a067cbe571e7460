#!/usr/bin/env python
"""Mutated bodies and paths: the server must answer each of them, with no 5xx that Livy would not give, and live.

  fuzz.py --server hearth --mutations 10000      the full count, a few minutes
Half of the mutations change bytes of the path or the body, half change values of the decoded JSON.
"""

from __future__ import annotations

import argparse
import base64
import collections
import copy
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import servers  # noqa: E402
from harness.livy import Livy, interpreter_arguments  # noqa: E402

ODD = [None, True, 0, -1, 1, 2**31, 2**63, -(2**63), 1e300, 0.5, "", "0s", "5s", "-1", "1q", "x", "\x00", "é🔥", "null", "x" * 5000, [], {}, [[]], [None], {"": None},
       {"a": {"b": 1}}, "sql", "pyspark3", "99999999999999999999", "../..", "file:///etc/passwd", "/no/such/file"]
QUERY = ["?", "?from=1", "?from=-1", "?size=%00", "?size=99999999999", "?a[b]=1&&&=", "?doAs=" + "x" * 2000, "#x", "?order=desc", "?from=x&size=y"]
# Livy's own 500s: all of them are JSON texts.
KNOWN = ["Session is in state", "Code type should be specified"]


def corpus(livy, folder):
    """[(method, path, body, headers)] of real requests, about things that exist."""
    sql, python = livy.open("sql", name="fuzzed"), livy.open("pyspark")
    statement = livy.submit(sql, "select 1")
    app = Path(folder) / "app.py"
    app.write_text("print('hi')\n")
    job = {"job": base64.b64encode(b"x").decode(), "jobType": "pyspark"}
    session = {"kind": "sql", "proxyUser": None, "jars": [], "pyFiles": [], "files": [str(app)], "archives": [], "driverMemory": "1g", "driverCores": 1,
               "executorMemory": "1g", "executorCores": 1, "numExecutors": 1, "queue": "q", "conf": {"spark.sql.ansi.enabled": "true"},
               "heartbeatTimeoutInSecond": 0, "ttl": "1h", "idleTimeout": "1h"}
    border = "bOrDeR"
    upload = (f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="up.txt"\r\nContent-Type: text/plain\r\n\r\nsome text\r\n--{border}--\r\n').encode()
    multipart = {"Content-Type": f"multipart/form-data; boundary={border}"}
    at = f"/sessions/{sql}"
    found = [("POST", "/sessions", session, {})] * 3
    found += [("GET", "/sessions?from=0&size=5", None, {}), ("GET", at, None, {}), ("GET", "/livy/sessions/fuzzed", None, {}), ("GET", f"{at}/state", None, {}),
              ("GET", f"{at}/log?from=0&size=5", None, {}), ("POST", f"{at}/connect", {}, {}), ("GET", f"{at}/statements?from=0&size=5&order=desc", None, {}),
              ("POST", f"{at}/statements", {"code": "select 1 as a", "kind": "sql"}, {}), ("GET", f"{at}/statements/{statement}", None, {}),
              ("POST", f"{at}/statements/{statement}/cancel", {}, {}), ("POST", f"{at}/completion", {"code": "sel", "kind": "sql", "cursor": 3}, {}),
              ("POST", f"/sessions/{python}/statements", {"code": "x = [1, 2]\n%json x", "kind": "pyspark"}, {}),
              ("POST", f"/sessions/{python}/completion", {"code": "pri", "kind": "pyspark", "cursor": 3}, {}),
              ("POST", f"/sessions/{python}/submit-job", job, {}), ("POST", f"/sessions/{python}/run-job", job, {}), ("GET", f"/sessions/{python}/jobs/1", None, {}),
              ("POST", f"/sessions/{python}/jobs/1/cancel", {}, {}), ("POST", f"/sessions/{python}/upload-file", upload, multipart),
              ("POST", f"/sessions/{python}/upload-pyfile", upload, multipart), ("POST", f"/sessions/{python}/upload-jar", upload, multipart),
              ("POST", f"/sessions/{python}/add-file", {"uri": str(app)}, {}), ("POST", f"/sessions/{python}/add-pyfile", {"uri": f"file://{app}"}, {}),
              ("POST", f"/sessions/{python}/add-jar", {"uri": str(app)}, {}), ("DELETE", "/sessions/876543", None, {}), ("POST", "/sessions/876543/stop", None, {}),
              ("POST", "/sessions/876543/interrupt", None, {}), ("GET", "/batches?from=0&size=3", None, {}), ("GET", "/batches/876543/log", None, {}),
              ("DELETE", "/batches/876543", None, {}), ("POST", "/batches", {"file": "/no/such/app.py", "args": ["1"], "className": "a.B", "conf": {"a": "b"}}, {}),
              ("GET", "/version", None, {}), ("GET", "/", None, {}), ("GET", "/ui/", None, {})]
    return (sql, python), found


def mutate(request, rng):
    method, path, body, headers = request
    headers = {"Content-Type": "application/json", **headers}
    if rng.random() < 0.1:
        method = rng.choice(["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"])
    if body is None or rng.random() < 0.3:
        path = mutated_path(path, rng)
    if isinstance(body, (dict, list)) and rng.random() < 0.6:
        body = json.dumps(damaged(copy.deepcopy(body), rng)).encode()
    elif body is not None:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        body = damage_bytes(bytearray(body), rng)
    elif rng.random() < 0.3:
        body = json.dumps(rng.choice(ODD)).encode()
    if rng.random() < 0.1:
        name = rng.choice(["Content-Type", "Accept", "X-Requested-By", "X-HTTP-Method-Override", "Content-Encoding", "Origin"])
        headers[name] = rng.choice(["", "x" * 3000, "multipart/form-data", "application/vnd.livy.v7+json", "*/*", "\t", "a;b=c", "GET", "gzip", "null"])
    return method, path, body, headers


def mutated_path(path, rng):
    parts = path.split("/")
    kind = rng.randrange(6)
    if kind == 0:
        parts[rng.randrange(len(parts))] = quote(str(rng.choice(ODD))[:300], safe="")
    elif kind == 1:
        parts.insert(rng.randrange(1, len(parts) + 1), rng.choice(["", "..", "%2e%2e", "%00", "%FF", "x"]))
    elif kind == 2 and len(parts) > 2:
        del parts[rng.randrange(1, len(parts))]
    elif kind == 3:
        return path + rng.choice(QUERY)
    elif kind == 4:
        return path + "/" * rng.randrange(1, 5)
    else:
        return quote(damage_bytes(bytearray(path.encode()), rng), safe="/?&=:%.-")[:4000] or "/"
    return "/".join(parts) or "/"


def damage_bytes(data, rng):
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        place = rng.randrange(len(data) + 1)
        kind = rng.randrange(5)
        if kind == 0 and data:
            data[place % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[place:place + rng.randrange(1, 9)]
        elif kind == 2:
            data[place:place] = rng.randbytes(rng.randrange(1, 9))
        elif kind == 3:
            data[place:place] = data[place:place + rng.randrange(1, 60)] * rng.choice((1, 2, 50))
        elif data:
            data[place % len(data)] = rng.choice(b'{}[]",:\\0-e ')
    return bytes(data)


def damaged(value, rng):
    """The value with one thing in it changed, dropped or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        kind = rng.randrange(5)
        if kind == 0:
            del value[key]
        elif kind == 1:
            value[rng.choice(["extra", "", key.upper()])] = rng.choice(ODD)
        elif kind == 2 and isinstance(value[key], (dict, list)):
            value[key] = damaged(value[key], rng)
        elif kind == 3 and isinstance(value[key], str):
            value[key] = damage_bytes(bytearray(value[key].encode()), rng).decode("utf-8", "replace")
        else:
            value[key] = rng.choice(ODD)
        return value
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        value[place] = damaged(value[place], rng)
        return value * rng.choice((1, 1, 1, 100))
    return rng.choice(ODD)


def of_livy(reply, method, path, body):
    """Whether Livy itself answers this with a 500."""
    if reply.status != 500:
        return False
    if any(text in reply.body.decode("utf-8", "replace") for text in KNOWN):
        return True
    # A body that lacks a field which Livy's code needs.
    return method == "POST" and reply.headers.get("content-type", "").startswith("application/json") and isinstance(reply.json, str) and "Exception" in reply.json


def tidy(livy, kept):
    """Ends sessions and batches that mutations made."""
    for base in ("/sessions", "/batches"):
        for one in livy.get(f"{base}?size=1000").json["sessions"]:
            if base == "/batches" or one["id"] not in kept:
                livy.delete(f"{base}/{one['id']}")


def fuzz(server, count, seed):
    """Sends the mutations; returns a Counter of status codes. Raises at a 5xx that is not Livy's or when the server ends."""
    rng = random.Random(seed)
    livy = Livy(server.http, seconds=120)
    statuses = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        kept, requests = corpus(livy, folder)
        for number in range(count):
            method, path, body, headers = mutate(rng.choice(requests), rng)
            told = f"mutation {number} of seed {seed}: {method} {path} {headers} {body!r}"
            try:
                reply = livy.request(method, path, body, headers)
            except (OSError, ValueError) as error:
                raise AssertionError(f"no answer to {told}: {error!r}\n{server.log_tail()}") from error
            statuses[reply.status] += 1
            assert server.alive(), f"the server died at {told}\n{server.log_tail()}"
            assert reply.status < 500 or of_livy(reply, method, path, body), f"{reply} to {told}"
            if number % 100 == 99:
                tidy(livy, kept)
                if any(livy.get(f"/sessions/{session}/state").status != 200 for session in kept):
                    tidy(livy, ())
                    kept, requests = corpus(livy, folder)
        tidy(livy, ())
        session = livy.open("sql")
        assert livy.rows(session, "select 1") == [[1]]
        livy.remove(session)
    livy.close()
    return statuses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.add_argument("--mutations", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with servers.start(options.server, **({"arguments": interpreter_arguments()} if options.server == "hearth" else {})) as server:
        began = time.monotonic()
        statuses = fuzz(server, options.mutations, options.seed)
        print("  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
        print(f"fuzz: {sum(statuses.values())} mutated requests in {time.monotonic() - began:.0f} s, no 5xx but Livy's own, the server answers")


if __name__ == "__main__":
    main()

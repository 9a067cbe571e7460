#!/usr/bin/env python
"""Mutated bodies and paths: the server must answer each of them, never with a 5xx, and live.

  fuzz.py --server hearth --mutations 10000      the full count, a few minutes
Half of the mutations change bytes of the path or the body, half change values of the decoded JSON.
"""

from __future__ import annotations

import argparse
import collections
import copy
import json
import random
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import servers  # noqa: E402
from harness.statements import (  # noqa: E402
    API, HISTORY, OPEN_SESSION, SESSIONS, STATEMENTS, WAREHOUSE, WAREHOUSES, Statements)

ODD = [None, True, 0, -1, 1, 2**31, 2**63, -(2**63), 1e300, 0.5, "", "0s", "5s", "x", "\x00", "é🔥", "null", "-1", "x" * 5000, [], {}, [[]],
       [None], {"": None}, {"name": "p", "value": "1"}, [{"ordinal": 1}], "INLINE", "EXTERNAL_LINKS", "ARROW_STREAM", "CSV", "a.b`c", "../..", "99999999999999999999"]
QUERY = ["?", "?row_offset=1", "?row_offset=-1", "?page_token=%00", "?max_results=99999999999", "?a[b]=1&&&=", "?warehouse_id=" + "x" * 2000, "#x"]


def corpus(rest):
    """[(method, path, body)] of real requests, about things that exist."""
    statement = rest.run("select id from range(10)")["statement_id"]
    linked = rest.run("select id from range(10)", disposition="EXTERNAL_LINKS", format="CSV")
    link = linked["result"]["external_links"][0]["external_link"].split("/", 3)[3]
    session = rest.post(SESSIONS, {"warehouse_id": WAREHOUSE}).json["session_id"]
    path = f"{STATEMENTS}/{statement}"
    sql = ["select 1 as a", "select :p, ? from range(3)", "show catalogs", "select * from values (1, 'a') as t(k, v) where k < 2 limit 1",
           "create temporary view fz as select 1", "SHOW TABLES IN CATALOG `c` SCHEMA LIKE 'x' LIKE '*'", "set a = b", "describe select 1"]
    bodies = [rest.body(text, wait_timeout="5s", parameters=[{"name": "p", "type": "INT", "value": "1"}, {"ordinal": 1, "value": "x"}]) for text in sql]
    bodies += [rest.body("select 1", catalog=None, schema="default", row_limit=5, byte_limit=1000, query_tags=[{"key": "a", "value": "b"}],
                         disposition=disposition, format=kind, on_wait_timeout="CANCEL", wait_timeout="5s", result_compression="LZ4_FRAME")
               for disposition, kind in (("INLINE", "JSON_ARRAY"), ("EXTERNAL_LINKS", "CSV"), ("INLINE_OR_EXTERNAL_LINKS", "ARROW_STREAM"))]
    bodies.append(rest.body("select 1", session_id=session, idempotency_key="fuzz"))
    found = [("POST", STATEMENTS, body) for body in bodies] * 2
    found += [("GET", path, None), ("GET", f"{path}/result/chunks/0?row_offset=0", None), ("POST", f"{path}/cancel", {"statement_id": statement}),
              ("DELETE", f"{STATEMENTS}/{uuid.uuid4()}", {"statement_id": "x"}), ("GET", "/" + link, None),
              ("POST", SESSIONS, {"warehouse_id": WAREHOUSE, "session_confs": {"ansi_mode": "true"}, "catalog": None, "schema": "default"}),
              ("DELETE", f"{SESSIONS}/{uuid.uuid4()}?warehouse_id={WAREHOUSE}", None),
              ("GET", f"{WAREHOUSES}?page_size=5&page_token=x", None), ("GET", f"{WAREHOUSES}/{WAREHOUSE}", None),
              ("POST", WAREHOUSES, {"name": "fuzz", "cluster_size": "Small", "auto_stop_mins": 5, "tags": {"custom_tags": []}}),
              ("POST", f"{WAREHOUSES}/{WAREHOUSE}/edit", {"auto_stop_mins": 0}), ("GET", f"{API}/endpoints", None),
              ("GET", f"{HISTORY}?filter_by.statuses=FAILED&filter_by.query_start_time_range.start_time_ms=1&max_results=5&include_metrics=true", None),
              ("GET", "/api/2.0/preview/scim/v2/Me", None), ("POST", "/telemetry-ext", {"items": [], "protoLogs": ["{}"]}),
              ("POST", "/sql/1.0/warehouses/default", OPEN_SESSION),
              ("GET", "/api/2.0/connector-service/feature-flags/PYTHON/4.9.0", None), ("GET", "/.well-known/databricks-config", None)]
    return found


def mutate(request, rng):
    method, path, body = request
    headers = {"Content-Type": "application/json"}
    if rng.random() < 0.1:
        method = rng.choice(["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"])
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
        headers[rng.choice(["Content-Type", "Accept", "Idempotency-Key", "x-databricks-metadata-operation-type", "X-Request-Id"])] = rng.choice(
            ["", "x" * 3000, "application/x-thrift", "*/*", "\t", "a;b=c", "-1"])
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


def fuzz(server, count, seed):
    """Sends the mutations; returns a Counter of status codes. Raises at a 5xx or when the server ends."""
    rng = random.Random(seed)
    rest = Statements(server.http, token="any", seconds=60)
    requests, statuses = corpus(rest), collections.Counter()
    for number in range(count):
        method, path, body, headers = mutate(rng.choice(requests), rng)
        told = f"mutation {number} of seed {seed}: {method} {path} {headers} {body!r}"
        try:
            reply = rest.request(method, path, body, headers)
        except (OSError, ValueError) as error:
            raise AssertionError(f"no answer to {told}: {error!r}\n{server.log_tail()}") from error
        statuses[reply.status] += 1
        assert server.alive(), f"the server died at {told}\n{server.log_tail()}"
        assert reply.status < 500, f"{reply} to {told}"
        if reply.status >= 400 and path.startswith("/api/2.0/sql/") and reply.body and method != "OPTIONS":
            assert b'"error_code":' in reply.body and isinstance(reply.json["message"], str), f"{reply} to {told}"
        if method == "POST" and reply.status == 200 and path.startswith(WAREHOUSES) and reply.body.startswith(b'{"id"'):
            rest.delete(f"{WAREHOUSES}/{reply.json['id']}")
    assert rest.rows("select 1") == [["1"]]
    rest.close()
    return statuses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.add_argument("--mutations", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with servers.start(options.server) as server:
        began = time.monotonic()
        statuses = fuzz(server, options.mutations, options.seed)
        print("  ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
        print(f"fuzz: {sum(statuses.values())} mutated requests in {time.monotonic() - began:.0f} s, no 5xx, the server answers")


if __name__ == "__main__":
    main()

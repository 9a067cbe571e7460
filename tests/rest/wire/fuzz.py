#!/usr/bin/env python
"""Mutated requests against every endpoint: the server must answer each, with no 5xx, and live.

  fuzz.py --server hearth --mutations 10000      the full count, a few minutes
Damaged are bytes and fields of real messages, JSON bodies, compressed bodies, headers, methods, paths, and lengths that
lie about the body. The messages are those of the gRPC program (tests/clients/wire/fuzz.py), and a worker's answers.
"""

from __future__ import annotations

import argparse
import base64
import collections
import contextlib
import gzip
import http.client
import importlib.util
import json
import random
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import servers  # noqa: E402
from harness.connect_rest import BARE, BASE, DATA, OCTETS, RESULTS, Answer, ConnectRest, Envelope, Part, Task, payload  # noqa: E402
from harness.wire import Wire  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyspark.sql.connect.proto as pb  # noqa: E402
import zstandard  # noqa: E402
from hands import Hands  # noqa: E402
from google.protobuf import json_format  # noqa: E402

# In place of the id of a request that a worker has.
REQUEST = "00000000-0000-0000-0000-00000000f022"
NAMES = ["nowhere/one", "x", "", "default/x#control", "a/b/c#d#e", "x" * 300]

spec = importlib.util.spec_from_file_location("connect_fuzz", Path(__file__).resolve().parents[2] / "clients/wire/fuzz.py")
messages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(messages)

ENDPOINT_OF = {"ExecutePlan": "execute-plan", "AnalyzePlan": "analyze-plan", "Config": "config", "AddArtifacts": "add-artifacts",
               "ArtifactStatus": "artifact-status", "Interrupt": "interrupt", "ReattachExecute": "reattach-execute",
               "ReleaseExecute": "release-execute", "ReleaseSession": "release-session", "FetchErrorDetails": "fetch-error-details",
               "CloneSession": "clone-session", "GetStatus": "get-status"}
# A worker that says nothing for so long is lost, and its requests with it.
CONFIG = 'rest.wait = "500ms"\n[engines.edge]\nkind = "worker"\nlease = "1s"\nworker_timeout = "2s"\n'
HEADERS = ["Content-Type", "Accept", "Content-Encoding", "Accept-Encoding", "X-Snowflake-External-Session-ID", "X-Snowflake-Authorization-Token-Type",
           "Authorization", "Transfer-Encoding", "Expect", "User-Agent", "X-HTTP-Method-Override", "Range", "If-None-Match"]
VALUES = ["", "x" * 3000, "application/json", "*/*", "gzip", "zstd", "br, gzip;q=0", "identity", "null", "a;b=c", "100-continue", "bytes=0-1", "\t",
          'Snowflake Token="', "Bearer x", "application/octet-stream; x=\"", "deflate, gzip, zstd", "text/event-stream", "q=1", "ÿ"]
QUERIES = ["?", "?stream=true", "?stream=%00", "?format=json", "?wait=0", "?wait=-1", "?requestId=x", "?a[b]=1&&&=", "?" + "x" * 3000, "#x"]
JSON = ["", "{", "null", "[]", "{}", "1", '"x"', '{"sessionId": 5}', '{"session_id": "x", "plan": {"root": {"sql": {"query": 1}}}}', '{"plan": {"nope": {}}}',
        "[" * 5000, '{"a":' * 3000, '"' + "A" * 9000 + '"', '{"sessionId": "\\ud800"}', "1e999", '{"plan": {"root": {"range": {"start": "9e99"}}}}']


def corpus(rest):
    """[(endpoint, message)] of real requests."""
    found = [(ENDPOINT_OF[rpc], message) for rpc, several in messages.corpus(rest.wire).items() for message in several]
    tasks = [Task(request_id=str(uuid.uuid4()), dataframe_type=2, payload=payload(message)) for _, message in found[:3]]
    batch = pb.ExecutePlanResponse(session_id=rest.session_id, operation_id=str(uuid.uuid4()), arrow_batch={"row_count": 1, "data": b"x" * 20})
    bodies = [Part(sequence=n, responses=[batch] * n, last=n == 2) for n in range(3)]
    bodies += [Envelope(execute_plan_response=batch), Envelope(config_response={}), Envelope(status={"code": 13, "message": "m"}), Envelope()]
    answers = [Answer(request_id=REQUEST, dataframe_type=2, code=n % 4, payload=payload(body)) for n, body in enumerate(bodies)]
    return found + [("push-response", message) for message in tasks + answers] + [("pull-request", name) for name in NAMES]


def mutate(chosen, leased, rng):
    """(method, path, headers, body) of one damaged request; `leased` are the ids of requests that a worker has."""
    endpoint, message = chosen
    if endpoint == "pull-request":
        text = messages.damage_bytes(bytearray(json.dumps(message).encode()), rng)
        # Whoever guesses a name that is one would wait for work.
        return "POST", BASE + endpoint, {"Content-Type": "application/json"}, text if b"edge" not in text else b"{"
    method, path, headers = "POST", BASE + endpoint, {"Content-Type": OCTETS, "Accept": "application/json"}
    body = messages.mutate(message, rng)
    if leased and rng.random() < 0.8:
        body = body.replace(REQUEST.encode(), rng.choice(leased).encode())
    if endpoint == "push-response":
        headers["Content-Type"] = "application/json"
        text = base64.b64encode(body).decode()
        body = json.dumps(text if rng.random() < 0.7 else messages.damage_bytes(bytearray(text.encode()), rng).decode("latin-1")).encode()
    elif rng.random() < 0.2:
        headers["Content-Type"] = "application/json"
        body = rng.choice(JSON).encode() if rng.random() < 0.4 else messages.damage_bytes(bytearray(json_format.MessageToJson(message).encode()), rng)
    elif rng.random() < 0.15:
        headers["Content-Encoding"], body = encoded(body, rng)
    if rng.random() < 0.15:
        headers[rng.choice(HEADERS)] = rng.choice(VALUES)
    if rng.random() < 0.1:
        path = mutated_path(path, rng)
    if rng.random() < 0.05:
        method = rng.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
    if rng.random() < 0.03:
        method, path, body = rng.choice([("GET", RESULTS + rng.choice(["x", "%00", "..", "a" * 3000, str(uuid.uuid4())]), None), ("POST", BASE + "push-response", b'""'),
                                         ("DELETE", RESULTS + str(uuid.uuid4()), None), ("POST", BASE + "execute-plan", rng.randbytes(rng.randrange(200)))])
    return method, path, headers, body


def encoded(body, rng):
    """A compressed body: whole, damaged, named wrongly, or far larger than it looks."""
    kind, name = rng.randrange(4), rng.choice(["gzip", "zstd"])
    if kind == 0:
        body = body * 2000 + b"\x00" * rng.choice((0, 1 << 20, 1 << 25))
    data = gzip.compress(body, 1) if name == "gzip" else zstandard.ZstdCompressor().compress(body)
    if kind == 1:
        data = messages.damage_bytes(bytearray(data), rng)
    elif kind == 2:
        name = rng.choice(["gzip", "zstd", "br", "deflate", "gzip, zstd"])
    return name, data


def mutated_path(path, rng):
    kind = rng.randrange(4)
    if kind == 0:
        return path + rng.choice(QUERIES)
    if kind == 1:
        return path + rng.choice(["/", "/x", "//", "/..", "/%2e%2e/config", "%00"])
    if kind == 2:
        return path.replace("/", rng.choice(["//", "/./", "/%2F"]), rng.randrange(1, 4))
    return quote(messages.damage_bytes(bytearray(path.encode()), rng), safe="/?&=:%.-")[:4000] or "/"


def lie(address, chosen, rng):
    """One request whose lengths are wrong, over a socket; the status of the answer, or how the connection ended."""
    body = chosen[1].encode() if isinstance(chosen[1], str) else chosen[1].SerializeToString()
    length = rng.choice([str(len(body) + 5), str(max(0, len(body) - 5)), "-1", "x", "99999999999999999999", "", "1, 2", str(1 << 40)])
    head = [f"POST {BASE}{chosen[0]} HTTP/1.1", f"Host: {address}", f"Content-Type: {OCTETS}", 'Authorization: Snowflake Token="any"']
    lines = {"length": [f"Content-Length: {length}"], "chunked": ["Transfer-Encoding: chunked"], "both": [f"Content-Length: {length}", "Transfer-Encoding: chunked"],
             "none": [], "twice": [f"Content-Length: {len(body)}", f"Content-Length: {length}"]}[rng.choice(["length", "chunked", "both", "none", "twice"])]
    data = "\r\n".join(head + lines + ["", ""]).encode() + rng.choice([body, b"5\r\n" + body, b"ffffffffffffffff\r\nx", b"-1\r\n", b"0\r\n\r\n", b""])
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(data[:rng.choice([len(data), len(data), len(data) // 2])])
        try:
            # What is still missing will not come.
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
        except ConnectionError:
            return "reset"
        except TimeoutError:
            raise AssertionError(f"no answer and no end within 20 s to {data[:400]!r}") from None
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else "closed"


def fuzz(server, count, seed):
    """Sends the mutations; a Counter of statuses by endpoint. Raises at a 5xx, at no answer, or when the server ends."""
    rng = random.Random(seed)
    outcome = collections.defaultdict(collections.Counter)
    with ConnectRest(server, seconds=120) as rest, Busy(server) as busy:
        requests = collections.defaultdict(list)
        for endpoint, message in corpus(rest):
            requests[endpoint].append((endpoint, message))
        endpoints = sorted(requests) + ["execute-plan", "analyze-plan", "push-response"] * 2
        for number in range(count):
            chosen = rng.choice(requests[rng.choice(endpoints)])
            if rng.random() < 0.03:
                status, told = lie(rest.address, chosen, rng), f"a lie about {chosen[0]}"
                outcome["lengths that lie"][status] += 1
            else:
                method, path, headers, body = mutate(chosen, list(busy.leased), rng)
                told = f"mutation {number} of seed {seed}: {method} {path} {headers} {(body or b'')[:2000]!r}"
                status = send(rest, method, path, headers, body, told, server)
                outcome[chosen[0]][status] += 1
            assert server.alive(), f"the server died at {told}\n{server.log_tail()}"
            assert not isinstance(status, int) or status < 500, f"{status} to {told}"
            if number % 500 == 499:
                check_alive(server)
    check_alive(server)
    if server.log:
        log = Path(server.log).read_text(errors="replace")
        assert "panicked at" not in log, log[log.index("panicked at") - 200:][:4000]
    return outcome


class Busy:
    """Clients of the engine `edge` that ask all the time, and a worker that only takes: what it has is in `leased`."""

    def __init__(self, server):
        self.leased = collections.deque(maxlen=8)
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=work, args=(server,), daemon=True) for work in (self.ask, self.ask, self.ask, self.take)]

    def ask(self, server):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while not self.ended.is_set():
                with ConnectRest(server) as rest:
                    rest.post("config", rest.fill(pb.ConfigRequest(operation={"set": {"pairs": [{"key": "hearth.engine", "value": "edge"}]}})))
                    for _ in range(20):
                        rest.post("execute-plan", rest.plan("select 1"))

    def take(self, server):
        worker = Hands(server, "fuzz")
        try:
            while not self.ended.is_set():
                task, _ = worker.pull("ExecutePlanRequest")
                self.leased.append(task.request_id)
        except (OSError, http.client.HTTPException, AssertionError):
            # The server ends while this waits for work.
            if not self.ended.is_set():
                raise

    def __enter__(self):
        [thread.start() for thread in self.threads]
        return self

    def __exit__(self, *_):
        self.ended.set()


def send(rest, method, path, headers, body, told, server):
    headers.setdefault("Authorization", rest.authorization)
    headers = {name: value.encode("latin-1") for name, value in headers.items()}
    try:
        reply = rest.request(method, path, body, headers)
    except (OSError, ValueError) as error:
        raise AssertionError(f"no answer to {told}: {error!r}\n{server.log_tail()}") from error
    except Exception as error:
        raise AssertionError(f"a broken answer to {told}: {error!r}\n{server.log_tail()}") from error
    # What breaks HTTP itself is refused before anybody looks at the path, without a body.
    if reply.status >= 400 and method != "HEAD" and path.startswith("/api/v2/") and (reply.body or reply.headers.get("connection") != "close"):
        try:
            shape = set(reply.json)
        except ValueError:
            shape = None
        assert shape in ({"message", "code", "error_code", "request_id"}, {"error_code", "message"}), f"{reply} {reply.headers} to {told}"
    if reply.status == 202:
        rest.fetch(reply.headers["location"], "DELETE")
    return reply.status


def check_alive(server):
    with ConnectRest(server) as rest:
        assert rest.rows("select 1 as a") == [{"a": 1}]
    if server.grpc:
        with Wire(server) as wire:
            assert len(list(wire.execute(messages.sql("select 1")))) > 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="hearth", help="hearth or http://HOST:PORT")
    parser.add_argument("--mutations", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with servers.start(options.server, **({"config": CONFIG} if options.server == "hearth" else {})) as server:
        began = time.monotonic()
        outcome = fuzz(server, options.mutations, options.seed)
        for endpoint, statuses in sorted(outcome.items()):
            print(f"{endpoint:20} {sum(statuses.values()):6}  " + "  ".join(f"{status}: {n}" for status, n in sorted(statuses.items(), key=str)))
        print(f"fuzz: {sum(sum(s.values()) for s in outcome.values())} mutated requests in {time.monotonic() - began:.0f} s, no 5xx, the server answers")


assert set(ENDPOINT_OF.values()) == {*DATA, *BARE}

if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Spark Connect over REST against gRPC on the embedded engine: `SELECT 1` with the same messages, in one run.

Both are one call with one raw message: ExecutePlan over grpcio, and a POST over a kept-alive connection. The operation is
released after each, outside of what is measured.
"""

import argparse
import http.client
import time
import uuid

import measure
from harness import servers
from harness.connect_rest import BASE, OCTETS, Envelope
from harness.wire import Wire, sql

HEADERS = {"Content-Type": OCTETS, "Accept": "application/json", "Authorization": 'Snowflake Token="bench"'}
METHOD = "/spark.connect.SparkConnectService/ExecutePlan"


class OverGrpc:
    def __init__(self, wire, server):
        self.call = wire.channel.unary_stream(METHOD, request_serializer=bytes, response_deserializer=bytes)

    def run(self, data):
        return list(self.call(data))


class OverRest:
    def __init__(self, wire, server, path="execute-plan"):
        self.path = BASE + path
        self.connection = http.client.HTTPConnection(server.http)
        self.connection.connect()

    def run(self, data):
        self.connection.request("POST", self.path, data, HEADERS)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {body[:300]}")
        return body


class Streamed(OverRest):
    def __init__(self, wire, server):
        super().__init__(wire, server, "execute-plan?stream=true")


WAYS = {"gRPC, ExecutePlan": OverGrpc, "REST, execute-plan": OverRest, "REST, execute-plan as a stream": Streamed}


def one_round(wire, way, count):
    times = []
    for _ in range(count):
        request = wire.execute_request(sql("SELECT 1"), operation_id=str(uuid.uuid4()))
        data = request.SerializeToString()
        began = time.perf_counter()
        way.run(data)
        times.append(time.perf_counter() - began)
        wire.release(request.operation_id)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with servers.start("hearth") as server, Wire(server) as wire:
        ways = {name: way(wire, server) for name, way in WAYS.items()}
        check(wire, ways["REST, execute-plan"])
        times, cpu = {name: [] for name in ways}, {name: [] for name in ways}
        for way in ways.values():
            one_round(wire, way, 100)
        for _ in range(options.rounds):
            for name, way in ways.items():
                measure.settled(server.pid)
                before = measure.cpu_nanoseconds(server.pid)
                times[name] += one_round(wire, way, options.count)
                cpu[name].append((measure.cpu_nanoseconds(server.pid) - before) / options.count / 1e6)
    rows = [{"system": name, "p50 ms": measure.percentile(times[name], 0.5) * 1000, "p99 ms": measure.percentile(times[name], 0.99) * 1000,
             "server CPU ms per query": min(cpu[name])} for name in ways]
    for row in rows:
        row["p50 this/gRPC"] = row["p50 ms"] / rows[0]["p50 ms"]
    measure.record("rest", "SELECT 1 over REST and gRPC", rows, [
        f"{options.rounds} rounds of {options.count} queries each, rounds interleaved; CPU is the best round's and includes the release",
        "the same message: a query in SQL that can be reattached, with an operation id; grpcio and http.client are the clients"])


def check(wire, way):
    """The measured call answers."""
    data = wire.execute_request(sql("SELECT 1"), operation_id=str(uuid.uuid4())).SerializeToString()
    answer = Envelope.FromString(way.run(data)).execute_plan_response
    if answer.arrow_batch.row_count != 1:
        raise RuntimeError(f"no row: {answer}")


if __name__ == "__main__":
    main()

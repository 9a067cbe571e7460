#!/usr/bin/env python
"""Hearth before a real Spark against the same Spark asked directly: `SELECT 1`, a result of 1 GB, memory.

Needs `.venv/spark` (scripts/venv spark) and Java 17. Both ways are measured in turns in one run. The large result is
read as PySpark's client reads it, responses from the wire with its releases and reattaches, without making pandas or
Arrow tables of it, so that the client is not what is measured.
"""

import argparse
import contextlib
import shutil
import time

import measure
import pyspark.sql.connect.proto as pb
from harness import servers
from harness.spark import engine_config, start_connect
from pyspark.sql.connect.client.reattach import ExecutePlanResponseReattachableIterator

BYTES_A_ROW = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="queries of each way")
    parser.add_argument("--warm-up", type=int, default=100)
    parser.add_argument("--rows", type=int, default=125_000_000, help="of 8 bytes")
    parser.add_argument("--rounds", type=int, default=3, help="large results of each way")
    parser.add_argument("--memory", default="4g", help="of the Spark's driver")
    parser.add_argument("--parts", default="latency,throughput")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        spark = stack.enter_context(start_connect(memory=options.memory))
        hearth = stack.enter_context(servers.start_hearth(config=engine_config(spark.grpc)))
        sessions = {"direct": stack.enter_context(measure.session(spark)), "hearth": stack.enter_context(measure.session(hearth))}
        if "latency" in options.parts:
            measure.record("cluster-latency", "SELECT 1 on a real Spark", latency(hearth, sessions, options), [
                f"{options.count} queries of each way, one after the other in turns, after {options.warm_up}; `spark.sql(\"SELECT 1\").collect()` of stock "
                "PySpark: two executions and their releases", "goal: hearth/direct at most 1.10"])
        if "throughput" in options.parts:
            measure.record("cluster-throughput", f"{options.rows * BYTES_A_ROW / 1e9:.2f} GB from a real Spark", throughput(hearth, spark, sessions, options), [
                f"`range` of {options.rows:,} rows in 8 partitions, {options.rounds} times each way in turns; the median of the rounds",
                "goal: hearth/direct at least 0.9"])
    shutil.rmtree(hearth.scratch, ignore_errors=True)


def latency(hearth, sessions, options):
    times = {name: [] for name in sessions}
    for session in sessions.values():
        for _ in range(options.warm_up):
            session.sql("SELECT 1").collect()
    before = measure.cpu_nanoseconds(hearth.pid)
    for number in range(options.count):
        # Who goes first changes, so that neither always follows the other.
        order = list(sessions.items()) if number % 2 else list(sessions.items())[::-1]
        for name, session in order:
            began = time.perf_counter()
            session.sql("SELECT 1").collect()
            times[name].append(time.perf_counter() - began)
    cpu = (measure.cpu_nanoseconds(hearth.pid) - before) / options.count / 1e6
    rows = [{"way": name, "p50 ms": measure.percentile(some, 0.5) * 1000, "p90 ms": measure.percentile(some, 0.9) * 1000,
             "p99 ms": measure.percentile(some, 0.99) * 1000, "mean ms": sum(some) / len(some) * 1000,
             "Hearth's CPU ms per query": cpu if name == "hearth" else None} for name, some in times.items()]
    for row in rows:
        row["p50 this/direct"] = row["p50 ms"] / rows[0]["p50 ms"]
    return rows


def throughput(hearth, spark, sessions, options):
    read(sessions["direct"], 1_000_000)
    read(sessions["hearth"], 1_000_000)
    measure.settled(hearth.pid)
    idle = measure.rss_mib(hearth.pid)
    measure.reset_peak(hearth.pid)
    before = measure.cpu_nanoseconds(hearth.pid)
    seconds = {name: [] for name in sessions}
    for number in range(options.rounds):
        order = list(sessions.items()) if number % 2 else list(sessions.items())[::-1]
        for name, session in order:
            began = time.perf_counter()
            rows, size = read(session, options.rows)
            seconds[name].append(time.perf_counter() - began)
            assert rows == options.rows and size >= rows * BYTES_A_ROW, (rows, size)
    cpu = (measure.cpu_nanoseconds(hearth.pid) - before) / options.rounds / 1e9
    megabytes = options.rows * BYTES_A_ROW / 1e6
    found = []
    for name, some in seconds.items():
        median = measure.percentile(some, 0.5)
        through = name == "hearth"
        found.append({"way": name, "seconds": median, "fastest": min(some), "MB/s": megabytes / median,
                      "Hearth's CPU seconds": cpu if through else None, "Hearth idle MiB": idle if through else None,
                      "Hearth peak MiB": measure.peak_rss_mib(hearth.pid) if through else None})
    for row in found:
        row["MB/s this/direct"] = row["MB/s"] / found[0]["MB/s"]
    return found


def read(session, count):
    """(rows, bytes of Arrow) of a range, every response looked at."""
    client = session.client
    request = client._execute_plan_request_with_metadata()
    range_of = pb.Range(start=0, end=count, step=1, num_partitions=8)
    request.plan.root.range.CopyFrom(range_of)
    rows = size = 0
    responses = ExecutePlanResponseReattachableIterator(request, client._stub, client._retrying, client._builder.metadata())
    try:
        for response in responses:
            if response.HasField("arrow_batch"):
                rows += response.arrow_batch.row_count
                size += len(response.arrow_batch.data)
    finally:
        responses.close()
    return rows, size


if __name__ == "__main__":
    main()

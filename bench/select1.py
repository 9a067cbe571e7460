#!/usr/bin/env python
"""`spark.sql("select 1").collect()`: latency at the client, CPU time at the server, per query."""

import argparse
import contextlib
import time

import measure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="sail")
    options = parser.parse_args()
    systems = ["hearth"] + [peer for peer in options.peers.split(",") if peer]
    times = {name: [] for name in systems}
    cpu = {name: [] for name in systems}
    with contextlib.ExitStack() as stack:
        started = {name: stack.enter_context(measure.start_peer(name)) for name in systems}
        sessions = {name: stack.enter_context(measure.session(server)) for name, server in started.items()}
        for name, session in sessions.items():
            for _ in range(50):
                session.sql("select 1").collect()
        for _ in range(options.rounds):
            for name, session in sessions.items():
                measure.settled(started[name].pid)
                before = measure.cpu_nanoseconds(started[name].pid)
                for _ in range(options.count):
                    began = time.perf_counter()
                    session.sql("select 1").collect()
                    times[name].append(time.perf_counter() - began)
                cpu[name].append((measure.cpu_nanoseconds(started[name].pid) - before) / options.count / 1e6)
    rows = [{"system": name, "p50 ms": measure.percentile(times[name], 0.5) * 1000, "p99 ms": measure.percentile(times[name], 0.99) * 1000,
             "server CPU ms per query": min(cpu[name])} for name in systems]
    for row in rows:
        row["p50 hearth/this"] = rows[0]["p50 ms"] / row["p50 ms"]
        row["CPU hearth/this"] = rows[0]["server CPU ms per query"] / max(row["server CPU ms per query"], 1e-6)
    measure.record("select1", "select 1", rows, [
        f"{options.rounds} rounds of {options.count} queries each, rounds interleaved; CPU is the best round's, summed over live threads",
        "one collect() is two to three calls: the SQL command, the execution, the release"])


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""Parsing and analysing: wide, long and deep statements, and the TPC-DS texts, each by the time of its schema.

The schema of a query needs its parsing and its analysis and nothing of its execution. The time of `select 1` is taken off: that
is the way to the server and back. CPU time of the server beside it, since that is what counts on a machine that does other things.
"""

import argparse
import time

import measure
from tpc import queries


def wide(count):
    return "select " + ", ".join(f"id + {number} as c{number}" for number in range(count)) + " from range(1)"


def joins(count):
    return "select a0.id from range(1) a0" + "".join(f" join range(1) a{number} on a{number}.id = a{number - 1}.id" for number in range(1, count))


def ctes(count):
    names = ["c0 as (select id from range(1))"] + [f"c{number} as (select id + 1 as id from c{number - 1} where id > {number})" for number in range(1, count)]
    return "with " + ", ".join(names) + f" select * from c{count - 1}"


def flat_ctes(count):
    return "with " + ", ".join(f"c{number} as (select {number} as x)" for number in range(count)) + " select * from " + ", ".join(f"c{number}" for number in range(0, count, 50))


def nested(depth):
    return "select * from (" * depth + "select id, id + 1 as b from range(1)" + ")" * depth


def terms(count):
    return "select " + " + ".join(f"id * {number}" for number in range(count)) + " as x from range(1)"


def filters(count):
    return "select id from range(1) where " + " or ".join(f"id = {number}" for number in range(count))


def cases(count):
    return "select case " + " ".join(f"when id = {number} then 'v{number}'" for number in range(count)) + " else 'x' end from range(1)"


STATEMENTS = [
    ("1,000 columns", wide(1000)), ("100 joins", joins(100)), ("500 CTEs, each on the one before", ctes(500)), ("500 CTEs side by side", flat_ctes(500)),
    ("100 subqueries inside each other", nested(100)), ("900 terms of a sum", terms(900)), ("5,000 filters", filters(5000)), ("1,000 branches of CASE", cases(1000)),
]


def once(session, pid, text):
    """Seconds at the client and of the server's CPU, or the error's name."""
    before, began = measure.cpu_nanoseconds(pid), time.perf_counter()
    try:
        session.sql(text).schema
    except Exception as error:  # the row says which
        return None, None, type(error).__name__ + ": " + str(error)[:60]
    return time.perf_counter() - began, (measure.cpu_nanoseconds(pid) - before) / 1e9, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    server = measure.start_peer("hearth", env={"HEARTH_SAMPLES_TPCDS_SCALE": "0.01"})
    try:
        with measure.session(server) as session:
            for _ in range(50):
                once(session, server.pid, "select 1")
            trips = [once(session, server.pid, "select 1") for _ in range(50)]
            trip, trip_cpu = (min(trip[index] for trip in trips) for index in (0, 1))
            rows = []
            for name, text in STATEMENTS:
                runs = [once(session, server.pid, text) for _ in range(options.rounds)]
                if runs[0][2]:
                    rows.append({"statement": name, "KiB": len(text) / 1024, "ms": None, "server CPU ms": None, "error": runs[0][2]})
                    continue
                best, cpu = min(run[0] for run in runs) - trip, min(run[1] for run in runs) - trip_cpu
                rows.append({"statement": name, "KiB": len(text) / 1024, "ms": best * 1000, "server CPU ms": cpu * 1000, "error": ""})
            rows.append(tpcds(session, server.pid, (trip, trip_cpu)))
    finally:
        server.stop()
    measure.record("analyze", "Parsing and analysis", rows, [
        f"best of {options.rounds}; the time of `select 1` ({trip * 1000:.2f} ms) is taken off",
        "goals: below 200 ms each, and below 2,000 ms for all of TPC-DS"])


def tpcds(session, pid, trip):
    session.sql("use samples.tpcds").collect()
    texts = list(queries.load("tpcds").values())
    totals, failed = [], ""
    for _ in range(2):
        runs = [once(session, pid, text) for text in texts]
        failed = next((run[2] for run in runs if run[2]), "")
        done = [run for run in runs if not run[2]]
        totals.append((sum(run[0] - trip[0] for run in done), sum(run[1] - trip[1] for run in done), max(run[0] for run in done)))
    best = min(totals)
    return {"statement": f"TPC-DS, {len(texts)} texts (slowest {best[2] * 1000:.0f} ms)", "KiB": sum(map(len, texts)) / 1024,
            "ms": best[0] * 1000, "server CPU ms": min(total[1] for total in totals) * 1000, "error": failed}


if __name__ == "__main__":
    main()

#!/usr/bin/env python
"""TPC-H or TPC-DS on the same Parquet files: Hearth and Sail through PySpark, for TPC-H DataFusion in process too.

Rounds are interleaved (each system runs each query in turn), and the best of --rounds counts. The total
is over the queries that every system answered.
"""

import argparse
import contextlib
import re
import time

import measure
from harness.connect import ask_sql
from tpc import queries


def datafusion_runner(folder):
    import datafusion

    context = datafusion.SessionContext()
    for table in queries.TABLES["tpch"]:
        context.register_parquet(table, str(folder / f"{table}.parquet"))

    def run(text):
        # Spark's `year`, which DataFusion writes in the standard's way.
        text = re.sub(r"\byear\s*\((\w+)\)", r"extract(year from \1)", text)
        return sum(batch.num_rows for batch in context.sql(text).collect())

    return run


def connect_runner(session, suite, folder):
    for table in queries.TABLES[suite]:
        session.read.parquet(str(folder / f"{table}.parquet")).createOrReplaceTempView(table)
    return lambda text: ask_sql(session, text).table.num_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", choices=sorted(queries.TABLES), default="tpch")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="default: datafusion,sail for TPC-H, sail for TPC-DS")
    options = parser.parse_args()
    folder = measure.tpch_files(options.scale) if options.suite == "tpch" else measure.tpcds_files(options.scale)
    texts = {name: text.strip().rstrip(";") for name, text in queries.load(options.suite).items()}
    peers = options.peers if options.peers is not None else "datafusion,sail" if options.suite == "tpch" else "sail"
    systems = ["hearth"] + [peer for peer in peers.split(",") if peer]
    started, runners = {}, {}
    with contextlib.ExitStack() as stack:
        for name in systems:
            if name == "datafusion":
                runners[name] = datafusion_runner(folder)
            else:
                started[name] = stack.enter_context(measure.start_peer(name))
                runners[name] = connect_runner(stack.enter_context(measure.session(started[name])), options.suite, folder)
        best, failed = measure_all(texts, systems, runners, options.rounds)
        peaks = {name: measure.peak_rss_mib(server.pid) for name, server in started.items()}
    report(best, failed, systems, peaks, options)


def measure_all(texts, systems, runners, rounds):
    best, failed = {}, []
    for turn in range(rounds):
        for query, text in texts.items():
            for system in systems[turn % len(systems):] + systems[:turn % len(systems)]:
                began = time.perf_counter()
                try:
                    runners[system](text)
                except Exception as error:
                    if turn == 0:
                        failed.append(f"{system} {query}: {str(error).splitlines()[0][:120]}")
                    continue
                seconds = time.perf_counter() - began
                best[query, system] = min(seconds, best.get((query, system), seconds))
    return best, failed


def report(best, failed, systems, peaks, options):
    names = sorted({query for query, _ in best}, key=queries.number)
    common = [query for query in names if all((query, system) in best for system in systems)]
    rows = [{"query": q, **{s: best.get((q, s)) for s in systems},
             **{f"hearth/{s}": ratio(best.get((q, "hearth")), best.get((q, s))) for s in systems[1:]}} for q in names]
    totals = {s: sum(best[q, s] for q in common) for s in systems}
    rows.append({"query": f"total of {len(common)}", **totals, **{f"hearth/{s}": ratio(totals["hearth"], totals[s]) for s in systems[1:]}})
    notes = [f"scale factor {options.scale:g}, best of {options.rounds} interleaved rounds, seconds; ratios below 1 are in Hearth's favour",
             "the servers are asked over loopback, and their results are decoded by PyArrow; DataFusion runs in the Python process",
             "peak memory (MiB): " + ", ".join(f"{k} {v:.0f}" for k, v in peaks.items()), *failed]
    title = {"tpch": "TPC-H", "tpcds": "TPC-DS"}[options.suite]
    measure.record(f"{options.suite}-{options.scale:g}", f"{title} scale {options.scale:g} through PySpark", rows, notes)


def ratio(one, other):
    return one / other if one and other else None


if __name__ == "__main__":
    main()

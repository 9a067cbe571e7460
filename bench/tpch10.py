#!/usr/bin/env python
"""TPC-H scale 10 under a small memory pool: each query finishes, or fails with the limit's name."""

import argparse
import time

import measure
from harness.connect import ask_sql, error_text
from tpc import queries


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=10)
    parser.add_argument("--pool", default="4g", help="the engine's memory pool")
    parser.add_argument("--setting", default="HEARTH_ENGINE_MEMORY", help="the environment variable that sets it")
    options = parser.parse_args()
    folder = measure.tpch_files(options.scale)
    rows = []
    peer = measure.start_peer("hearth", env={options.setting: options.pool})
    with peer as server, measure.session(server) as session:
        for table in queries.TABLES["tpch"]:
            session.read.parquet(str(folder / f"{table}.parquet")).createOrReplaceTempView(table)
        for name, text in queries.load("tpch").items():
            began = time.perf_counter()
            try:
                outcome = f"{ask_sql(session, text.strip().rstrip(';')).table.num_rows} rows"
            except Exception as error:
                outcome = error_text(error)[:160]
            rows.append({"query": name, "seconds": time.perf_counter() - began, "outcome": outcome, "server MiB": measure.rss_mib(server.pid)})
            assert server.alive(), f"the server died in {name}\n{server.log_tail()}"
        peak = measure.peak_rss_mib(server.pid)
    finished = sum(1 for row in rows if row["outcome"].endswith(" rows"))
    measure.record("tpch10", f"TPC-H scale {options.scale:g} under a pool of {options.pool}", rows,
                   [f"{finished} of {len(rows)} finished; peak memory of the server {peak:.0f} MiB"])


if __name__ == "__main__":
    main()

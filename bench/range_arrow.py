#!/usr/bin/env python
"""Ten million rows of `range` through toArrow(): throughput at the client, memory of the server."""

import argparse
import time

import measure


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="sail")
    options = parser.parse_args()
    rows = []
    for name in ["hearth"] + [peer for peer in options.peers.split(",") if peer]:
        with measure.start_peer(name) as server, measure.session(server) as session:
            session.range(1000).toArrow()
            idle = measure.rss_mib(server.pid)
            best = min(once(session, options.rows) for _ in range(options.rounds))
            mib = options.rows * 8 / 1e6
            rows.append({"system": name, "seconds": best, "MB/s": mib / best, "server memory before MiB": idle,
                         "server peak MiB": measure.peak_rss_mib(server.pid)})
    for row in rows:
        row["hearth/this"] = rows[0]["MB/s"] / row["MB/s"]
    measure.record("range_arrow", f"{options.rows:,} rows of range to the client", rows, [
        f"best of {options.rounds}; 8 bytes a row"])


def once(session, count):
    began = time.perf_counter()
    table = session.range(count).toArrow()
    seconds = time.perf_counter() - began
    assert table.num_rows == count
    return seconds


if __name__ == "__main__":
    main()

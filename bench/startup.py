#!/usr/bin/env python
"""Process start to the first answered query, and memory of an idle server."""

import argparse
import subprocess
import sys
import time

import measure


def client():
    """The asking process. Its own imports are not the server's time: it waits for the address with everything loaded."""
    from harness.wire import Wire, consume, sql

    print("ready", flush=True)
    with Wire(sys.stdin.readline().strip()) as wire:
        consume(wire.execute(sql("select 1")))
        print(time.time(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="sail")
    parser.add_argument("--client", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        return client()
    rows = []
    for name in ["hearth"] + [peer for peer in options.peers.split(",") if peer]:
        seconds, idle = zip(*(once(name) for _ in range(options.rounds)))
        rows.append({"system": name, "start to first answer s": min(seconds), "idle memory MiB": sorted(idle)[len(idle) // 2]})
    for row in rows:
        row["time hearth/this"] = rows[0]["start to first answer s"] / row["start to first answer s"]
        row["memory hearth/this"] = rows[0]["idle memory MiB"] / row["idle memory MiB"]
    measure.record("startup", "Start and idle memory", rows, [f"best of {options.rounds} starts with an empty data folder; memory is the median, 3 s after the first answer"])


def once(name):
    client = subprocess.Popen([sys.executable, __file__, "--client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline().strip() == "ready"
    began = time.time()
    with measure.start_peer(name) as server:
        client.stdin.write(server.grpc + "\n")
        client.stdin.flush()
        answered = float(client.stdout.readline())
        client.wait(10)
        time.sleep(3)
        return answered - began, measure.rss_mib(server.pid)


if __name__ == "__main__":
    main()
